"""Snapshots of the queue for the provider, and the status cards of requests by them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.circuit_breaker import BLOCKING_OUTAGES, CircuitBreaker
from bot.domain.guild_settings import GuildSettings
from bot.domain.requests import Request, State
from bot.domain.scheduling import (
    NOWHERE,
    QueueEntry,
    QueuePosition,
    QueueSnapshot,
    backoff_end,
    estimated_finish_times,
    fair_order,
)
from bot.services.cards import StatusCard, status_card
from bot.services.requests.shown_options import shown_options
from bot.services.unit_of_work import Share, UnitOfWork, reads

MAX_ESTIMATED = 200
"""The most tasks at the provider whose ends are estimated one by one; of more, the ends are evenly spaced."""
FAILED_STATES = frozenset({State.FAILED, State.UNCERTAIN})
"""The states after which a member's next request may be held back."""


def backoffs(waiting: Sequence[QueueEntry], now: datetime) -> dict[int, datetime]:
    """Return until when requests are held back because their members' last ones failed, by request id."""
    return {entry.request_id: until for entry in waiting if (until := backoff_end(entry.backoff_until, now))}


def queued_requests(
    waiting: Sequence[QueueEntry], paused: Collection[int], backoffs: Collection[int]
) -> list[QueueEntry]:
    """Return the queued requests, oldest first: without those of paused servers and those held back."""
    # the others keep the positions that they have without these
    return [entry for entry in waiting if entry.guild_id not in paused and entry.request_id not in backoffs]


def running_in(
    uow: UnitOfWork, queued: Sequence[QueueEntry], running: Mapping[int, int]
) -> Mapping[int, Collection[int]]:
    """Return the servers in which members of the queue have requests running; read where it can matter."""
    guild_ids = running.keys() | {entry.guild_id for entry in queued}
    return uow.requests.running_in() if running and len(guild_ids) > 1 else NOWHERE


@reads(Share.WORKERS)
def queue_snapshot(
    uow: UnitOfWork, slots: int, now: datetime, *, longest: int | None = None
) -> QueueSnapshot:
    """Return the queue as it is now; without order and positions if more than `longest` requests wait."""
    breaker, paused = uow.breakers.get() or CircuitBreaker(slots), uow.guilds.paused(now)
    outage = breaker.outage if breaker.outage in BLOCKING_OUTAGES else None
    if longest is not None and uow.requests.count(State.WAITING) > longest:
        return QueueSnapshot(outage=outage, paused=paused, paused_by_operator=breaker.paused_by_operator)
    running = uow.requests.running()
    waiting = uow.requests.waiting()
    held = backoffs(waiting, now)
    queued = queued_requests(waiting, paused, held)
    order = fair_order(queued, running, running_in(uow, queued, running))
    usual_s = _usual_s(uow, {entry.model for entry in order})
    opens_at = _slot_times(uow, min(slots, breaker.capacity), sum(running.values()), order, usual_s, now)
    ends = estimated_finish_times([usual_s[entry.model] for entry in order], opens_at)
    positions = {
        entry.request_id: QueuePosition(position, ends_at)
        for position, (entry, ends_at) in enumerate(zip(order, ends, strict=True), 1)
    }
    return QueueSnapshot(
        order=tuple(order),
        positions=positions,
        outage=outage,
        paused=paused,
        paused_by_operator=breaker.paused_by_operator,
        backoffs=held,
    )


def _usual_s(uow: UnitOfWork, models: Collection[str]) -> dict[str, float]:
    return {model: uow.durations.get(model).median_s for model in models}


def _slot_times(
    uow: UnitOfWork,
    slots: int,
    running: int,
    order: list[QueueEntry],
    usual_s: Mapping[str, float],
    now: datetime,
) -> list[datetime]:
    """Return when the provider's slots become free, at most as many as requests are queued; soonest first."""
    useful = min(slots, len(order))
    free = max(0, min(useful, slots - running))
    taken = useful - free
    if not taken:
        return [now] * free
    # while more tasks run than there are slots, the first ends free no slot
    surplus = max(0, running - slots)
    if running > MAX_ESTIMATED:
        step_s = usual_s[order[0].model] / running
        ends = [now + timedelta(seconds=step_s * (surplus + n)) for n in range(1, taken + 1)]
    else:
        ends = _ends_of_running(uow, now)[surplus : surplus + taken]
    return [now] * free + ends or [now]  # on PostgreSQL the last task may have ended just now


def _ends_of_running(uow: UnitOfWork, now: datetime) -> list[datetime]:
    """Return the estimated end of each task at the provider, soonest first."""
    running = uow.requests.running_since()
    usual_s = _usual_s(uow, {model for model, _ in running})
    return sorted(max(now, (since or now) + timedelta(seconds=usual_s[model])) for model, since in running)


def status_card_for(
    uow: UnitOfWork,
    request: Request,
    queue: QueueSnapshot,
    now: datetime,
    settings: GuildSettings | None = None,
) -> StatusCard:
    """Return what a request's status message should say now; `settings` as for `shown_options`."""
    held = queue.backoffs.get(request.id, backoff_after_failure(uow, request, now))
    durations = uow.durations.get(request.spec.model)
    shown = shown_options(uow, request, settings)
    return status_card(request, queue=queue, durations=durations, now=now, held_until=held, shown=shown)


def backoff_after_failure(uow: UnitOfWork, request: Request, now: datetime) -> datetime | None:
    """Return until when the member of a failed request is held back; None for other requests."""
    if request.state not in FAILED_STATES:
        return None
    return uow.members.find(request.guild_id, request.user_id).backoff_end(now)
