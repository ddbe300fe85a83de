"""The rule that keeps one song at no more than eight edits of its status message.

At most four edits show a new queue position, and the nearer the position, the more of them are left.
Then come the submission, a quarter or two, the first clip and the end. Everything else (a pause, an
outage) is always shown.
"""

from dataclasses import dataclass
from typing import Self

from bot.services.cards import StatusCard

MAX_POSITION_EDITS = 4
"""Edits after which no position is shown; the first may show any position, the last only position 1."""
MAX_PROGRESS_EDITS = 6
"""Edits after which no quarter of the usual time is shown."""
_BAR = "|"


@dataclass(frozen=True, slots=True)
class EditBudget:
    """The fingerprint of a status message, and how often it was edited."""

    fingerprint: str | None
    """The fingerprint of its card; None if it is unknown what it says."""
    edits: int = 0

    @classmethod
    def parse(cls, words: str | None) -> Self:
        """Parse what the outbox stores; before the first edit, that is the answer's fingerprint alone."""
        edits, bar, fingerprint = (words or "").partition(_BAR)
        return cls(fingerprint, int(edits)) if bar and edits.isdecimal() else cls(words)

    def __str__(self) -> str:
        """Return what the outbox stores."""
        return f"{self.edits}{_BAR}{self.fingerprint}"

    def edited(self, card: StatusCard) -> "EditBudget":
        """Return the budget after one more edit, which shows the card."""
        return EditBudget(card.fingerprint, self.edits + 1)

    def skips(self, card: StatusCard) -> bool:
        """Return True if the card shows nothing that is worth another edit."""
        if self.fingerprint is None or self.fingerprint == card.fingerprint:
            return self.fingerprint is not None
        position, _, rest = card.fingerprint.split(" ", 2)
        old_position, _, old_rest = self.fingerprint.split(" ", 2)
        if rest != old_rest:
            return False
        if position != old_position:
            # far positions leave edits for the near ones
            return position == "-" or self.edits >= max(1, MAX_POSITION_EDITS - int(position))
        return self.edits >= MAX_PROGRESS_EDITS
