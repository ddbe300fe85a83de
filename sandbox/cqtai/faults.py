"""Faults of the provider as values: a phase, an effect, and where and how often it applies.

provider.faults.add(Fault(Phase.SUBMIT, TASK_LIMIT, times=2))
provider.faults.add(Fault(Phase.TASK, Fail("timeout"), times=None, playlist_id=...))
provider.faults.add(Fault(Phase.DOCUMENT, ReplyVariant.RESULT_EMPTY, times=3, done_only=True))
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.cqtai.effects import Drop, Effect, Envelope, MediaFault, NumberedId, Page, Refuse, Slow
from sandbox.cqtai.reply_variants import ReplyVariant, StatusAs
from sandbox.cqtai.timeline import Fail, Stall


class Phase(StrEnum):
    """The step of a song's life at which a fault strikes."""

    SUBMIT = "submit"
    """The reply to the POST."""
    TASK = "task"
    """What becomes of a task, settled when it is accepted."""
    QUERY = "query"
    """The reply to the GET."""
    DOCUMENT = "document"
    """What a good reply to the GET says."""
    AUDIO = "audio"
    COVER = "cover"


_EFFECTS: dict[Phase, tuple[type[Effect], ...]] = {
    Phase.SUBMIT: (Refuse, Page, Envelope, Slow, Drop),
    Phase.TASK: (Fail, Stall, NumberedId),
    Phase.QUERY: (Refuse, Page, Envelope, Slow, Drop),
    Phase.DOCUMENT: (ReplyVariant, StatusAs),
    Phase.AUDIO: (MediaFault,),
    Phase.COVER: (MediaFault,),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, where it applies and how often.

    Raises:
        ValueError: the effect is impossible in that phase.
    """

    phase: Phase
    effect: Effect
    times: int | None = 1
    """How often it strikes; None: always."""
    skip: int = 0
    """How many fitting occasions pass before it starts."""
    rate: float = 1.0
    """The share of the fitting occasions that it strikes."""
    per_task: bool = False
    """Whether `times` and `skip` are counted for each task by itself."""
    playlist_id: str | None = None
    task_id: str | None = None
    clip_index: int | None = None
    """For audio and covers: only this clip of the two."""
    done_only: bool = False
    """For queries and documents: only once the task is done."""
    accepted: bool = False
    """For submissions: the task is accepted, and charged, before the reply goes wrong."""

    def __post_init__(self) -> None:
        if not isinstance(self.effect, _EFFECTS[self.phase]):
            raise ValueError(f"{self.effect!r} can't happen at {self.phase}")


@dataclass(frozen=True, slots=True)
class Occasion:
    """A moment at which a fault can strike."""

    playlist_id: str = ""
    task_id: str = ""
    clip_index: int | None = None
    is_done: bool = False


@dataclass(slots=True)
class _Placed:
    fault: Fault
    met: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)

    def strikes(self, occasion: Occasion, *, rng: random.Random) -> bool:
        fault = self.fault
        if not _fits(fault, occasion):
            return False
        tally = occasion.task_id if fault.per_task else ""
        self.met[tally] += 1
        if self.met[tally] <= fault.skip:
            return False
        if fault.times is not None and self.struck[tally] >= fault.times:
            return False
        if rng.random() >= fault.rate:
            return False
        self.struck[tally] += 1
        return True


class ActiveFaults:
    """The faults in force, and how often each has struck."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._placed: list[_Placed] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter([placed.fault for placed in self._placed])

    def add(self, *faults: Fault) -> None:
        """Put these faults in force, after those already there."""
        self._placed.extend(_Placed(fault) for fault in faults)

    def remove(self, fault: Fault) -> None:
        """Lift this fault wherever it is in force."""
        self._placed = [placed for placed in self._placed if placed.fault != fault]

    def clear(self) -> None:
        """Lift all faults."""
        self._placed.clear()

    def struck(self, fault: Fault) -> int:
        """Return how often this fault has struck so far."""
        return sum(placed.struck.total() for placed in self._placed if placed.fault == fault)

    def first(
        self, phase: Phase, occasion: Occasion, *, of: tuple[type[Effect], ...] | None = None
    ) -> Fault | None:
        """Return the first fault of the phase, and of these kinds of effect, that strikes now.

        Those behind it keep their turn.
        """
        kinds = of or _EFFECTS[phase]
        for placed in self._placed:
            fits = placed.fault.phase is phase and isinstance(placed.fault.effect, kinds)
            if fits and placed.strikes(occasion, rng=self._rng):
                return placed.fault
        return None

    def all(self, phase: Phase, occasion: Occasion) -> list[Fault]:
        """Return every fault of the phase that strikes now."""
        of_phase = [placed for placed in self._placed if placed.fault.phase is phase]
        return [placed.fault for placed in of_phase if placed.strikes(occasion, rng=self._rng)]


def _fits(fault: Fault, occasion: Occasion) -> bool:
    wanted = fault.playlist_id
    return (
        (wanted is None or wanted.lower() == occasion.playlist_id)
        and (fault.task_id is None or fault.task_id == occasion.task_id)
        and (fault.clip_index is None or fault.clip_index == occasion.clip_index)
        and (occasion.is_done or not fault.done_only)
    )
