"""The queue in front of the provider, as the database has it now."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.requests import State
from bot.domain.scheduling import QueueEntry, backoff_end, estimated_finish_times, fair_order
from bot.services.provider.circuit_breaker import BLOCKING_OUTAGES, CircuitBreaker
from bot.services.requests.queue import QueuePosition, QueueSnapshot
from bot.services.unit_of_work import UnitOfWork

MOST_LOOKED_AT = 200
"""Of so many tasks at the provider each is asked since when it runs; of more, their ends count as even."""


def backoffs(waiting: Sequence[QueueEntry], now: datetime) -> dict[int, datetime]:
    """Give the requests of members whose last ones came to nothing, and until when they are held back."""
    return {place.request_id: until for place in waiting if (until := backoff_end(place.backoff_until, now))}


def queued_requests(
    waiting: Sequence[QueueEntry], paused: Collection[int], backoffs: Collection[int]
) -> list[QueueEntry]:
    """Give those that stand in line, oldest first: not the paused servers', nor those that are held back."""
    # the others go on as if these were not there
    return [place for place in waiting if place.guild_id not in paused and place.request_id not in backoffs]


def queue_snapshot(
    uow: UnitOfWork, slots: int, now: datetime, *, longest: int | None = None
) -> QueueSnapshot:
    """The line in front of the provider now; without its order if more than `longest` wait."""
    breaker, paused = uow.breakers.get() or CircuitBreaker(slots), uow.guilds.paused()
    outage = breaker.outage if breaker.outage in BLOCKING_OUTAGES else None
    if longest is not None and uow.requests.count(State.WAITING) > longest:
        return QueueSnapshot(outage=outage, paused=paused, paused_by_operator=breaker.paused_by_operator)
    running = uow.requests.running()
    waiting = uow.requests.waiting()
    held = backoffs(waiting, now)
    order = fair_order(queued_requests(waiting, paused, held), running)
    usual_s = _usual_s(uow, {place.model for place in order})
    opens_at = _openings(uow, min(slots, breaker.capacity), sum(running.values()), order, usual_s, now)
    ends = estimated_finish_times([usual_s[place.model] for place in order], opens_at)
    turns = {
        place.request_id: QueuePosition(position, ends_at)
        for position, (place, ends_at) in enumerate(zip(order, ends, strict=True), 1)
    }
    return QueueSnapshot(
        order=tuple(order),
        positions=turns,
        outage=outage,
        paused=paused,
        paused_by_operator=breaker.paused_by_operator,
        backoffs=held,
    )


def _usual_s(uow: UnitOfWork, models: Collection[str]) -> dict[str, float]:
    return {model: uow.durations.get(model).median_s for model in models}


def _openings(
    uow: UnitOfWork,
    slots: int,
    running: int,
    order: list[QueueEntry],
    usual_s: Mapping[str, float],
    now: datetime,
) -> list[datetime]:
    """When the provider's places come free, as many as the line can use; soonest first."""
    useful = min(slots, len(order))
    free = max(0, min(useful, slots - running))
    taken = useful - free
    if not taken:
        return [now] * free
    # while more run than there are places, the first to end make room for nobody
    surplus = max(0, running - slots)
    if running > MOST_LOOKED_AT:
        step_s = usual_s[order[0].model] / running
        ends = [now + timedelta(seconds=step_s * (surplus + n)) for n in range(1, taken + 1)]
    else:
        ends = _ends_of_running(uow, now)[surplus : surplus + taken]
    return [now] * free + ends or [now]  # on PostgreSQL the last of them may have ended just now


def _ends_of_running(uow: UnitOfWork, now: datetime) -> list[datetime]:
    """When each of the tasks at the provider will probably be finished, soonest first."""
    running = uow.requests.running_since()
    usual_s = _usual_s(uow, {model for model, _ in running})
    return sorted(max(now, (since or now) + timedelta(seconds=usual_s[model])) for model, since in running)
