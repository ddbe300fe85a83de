"""Which news of a request is worth an edit of its status message, so that one song takes eight at most.

Four at most tell of its place in line, and the nearer it comes the more of them are left; then come the
order, a quarter or two, the first clip and the end. Whatever else happens (a pause, a provider that is away)
is always told.
"""

from dataclasses import dataclass
from typing import Self

from bot.services.delivery.cards import StatusCard

MAX_POSITION_EDITS = 4
"""Edits after which no place in line is told; the first may be for any place, the last only for number 1."""
MAX_PROGRESS_EDITS = 6
"""Edits after which no quarter of the usual time is told any more."""
_BAR = "|"


@dataclass(frozen=True, slots=True)
class EditBudget:
    """What a status message says, and how often it was edited for that."""

    fingerprint: str | None
    """The mark of its card; None when nobody knows what it says."""
    edits: int = 0

    @classmethod
    def parse(cls, words: str | None) -> Self:
        """What the outbox remembers; before the first edit that is the mark of the answer alone."""
        edits, bar, fingerprint = (words or "").partition(_BAR)
        return cls(fingerprint, int(edits)) if bar and edits.isdecimal() else cls(words)

    def __str__(self) -> str:
        """What the outbox is to remember."""
        return f"{self.edits}{_BAR}{self.fingerprint}"

    def edited(self, card: StatusCard) -> "EditBudget":
        """After one more edit, by which it says what the card says."""
        return EditBudget(card.fingerprint, self.edits + 1)

    def skips(self, card: StatusCard) -> bool:
        """True when the card has nothing to say that is worth another edit."""
        if self.fingerprint is None or self.fingerprint == card.fingerprint:
            return self.fingerprint is not None
        place, _, rest = card.fingerprint.split(" ", 2)
        old_place, _, old_rest = self.fingerprint.split(" ", 2)
        if rest != old_rest:
            return False
        if place != old_place:
            # far positions leave edits for the near ones
            return place == "-" or self.edits >= max(1, MAX_POSITION_EDITS - int(place))
        return self.edits >= MAX_PROGRESS_EDITS
