"""All that is done without being asked: five desks, each behind a loop of its own."""

import asyncio
from dataclasses import dataclass, field

from bot.domain.polling import Pace
from bot.domain.requests import Request
from bot.services.books import DueChange
from bot.services.clock_watch import ClockWatch
from bot.services.courier import Courier
from bot.services.delivery import Delivery
from bot.services.facts import facts_of, facts_of_notice
from bot.services.following import Follower
from bot.services.herald import Herald, facts_of_change
from bot.services.outbox import Notice
from bot.services.placing import SongRules
from bot.services.ports import Announcer, Chance, Clock, MediaSource, Meter, SongProvider
from bot.services.retention import Chore, Retention, RetentionRules
from bot.services.submitting import Submitter
from bot.services.timings import WorkTimings
from bot.services.work import Store
from bot.services.worker import Worker

SUBMISSIONS = 16
QUESTIONS = 32
MESSAGES = 16
DECISIONS = 4
CHORES = 1
"""How many of each are under way at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRules:
    """What the operator has settled about the work on requests."""

    pace: Pace
    give_up_s: float
    """Seconds without progress after which a request ends."""
    attach_audio: bool
    retention: RetentionRules = field(default_factory=RetentionRules)
    timings: WorkTimings = field(default_factory=WorkTimings)


class Workers:
    """The loops of one process; they look for work whenever the store's bell rings."""

    def __init__(
        self,
        store: Store,
        *,
        clock: ClockWatch,
        submitter: Submitter,
        follower: Follower,
        courier: Courier,
        herald: Herald,
        retention: Retention,
        timings: WorkTimings = WorkTimings(),  # noqa: B008 - frozen
    ) -> None:
        before, poll_interval_s = clock.look, timings.poll_interval_s
        self._stalled_s = timings.stalled_s
        self._submitting: Worker[Request] = Worker(
            submitter,
            clock=clock,
            concurrency=SUBMISSIONS,
            facts=facts_of,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._following: Worker[Request] = Worker(
            follower,
            clock=clock,
            concurrency=QUESTIONS,
            facts=facts_of,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._telling: Worker[Notice] = Worker(
            courier,
            clock=clock,
            concurrency=MESSAGES,
            facts=facts_of_notice,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._heralding: Worker[DueChange] = Worker(
            herald,
            clock=clock,
            concurrency=DECISIONS,
            facts=facts_of_change,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        self._wiping: Worker[Chore] = Worker(
            retention,
            clock=clock,
            concurrency=CHORES,
            poll_interval_s=poll_interval_s,
            before=before,
        )
        store.subscribe(self.wake)

    @property
    def loops(
        self,
    ) -> tuple[Worker[Request] | Worker[Notice] | Worker[DueChange] | Worker[Chore], ...]:
        """Each of the loops."""
        return (self._submitting, self._following, self._telling, self._heralding, self._wiping)

    def hanging(self) -> str | None:
        """Which loops have not looked for work for a minute, or None."""
        names = [worker.name for worker in self.loops if worker.hangs(self._stalled_s)]
        return f"{', '.join(names)}: no look for work for {self._stalled_s:g} s" if names else None

    def wake(self) -> None:
        """Make all of them look for something due now."""
        for worker in self.loops:
            worker.wake()

    def stop(self) -> None:
        """Take nothing new; `run` returns when what is in hand is done."""
        for worker in self.loops:
            worker.stop()

    async def run(self) -> None:
        """Work until stopped."""
        async with asyncio.TaskGroup() as group:
            for worker in self.loops:
                group.create_task(worker.run(), name=worker.name)


def workers_of(
    store: Store,
    provider: SongProvider,
    announcer: Announcer,
    media: MediaSource,
    *,
    owner: str,
    songs: SongRules,
    rules: WorkRules,
    chance: Chance,
    meter: Meter | None = None,
) -> Workers:
    """The workers of a process by these rules; `owner` is whose leases are in the database."""
    clock, pace, places, timings = ClockWatch(store), rules.pace, songs.places, rules.timings
    submitter = Submitter(
        store,
        provider,
        owner=owner,
        places=places,
        pace=pace,
        clock=clock,
        meter=meter,
        timings=timings,
    )
    follower = Follower(
        store,
        provider,
        owner=owner,
        pace=pace,
        give_up_s=rules.give_up_s,
        places=places,
        clock=clock,
        chance=chance,
        meter=meter,
        timings=timings,
    )
    leases = timings.leases
    delivery = Delivery(store, announcer, media, attach_audio=rules.attach_audio, clock=clock, leases=leases)
    return Workers(
        store,
        clock=clock,
        submitter=submitter,
        follower=follower,
        courier=_courier(store, announcer, delivery, owner=owner, songs=songs, clock=clock, timings=timings),
        herald=Herald(store, announcer, owner=owner, clock=clock, leases=leases),
        retention=Retention(store, rules=rules.retention, clock=clock),
        timings=timings,
    )


def _courier(
    store: Store,
    announcer: Announcer,
    delivery: Delivery,
    *,
    owner: str,
    songs: SongRules,
    clock: Clock,
    timings: WorkTimings,
) -> Courier:
    return Courier(
        store,
        announcer,
        delivery,
        owner=owner,
        places=songs.places,
        edit_spacing_s=songs.edit_spacing_s,
        clock=clock,
        timings=timings,
    )
