"""What a request's status says now, and the line that it stands in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.requests import Request, State
from bot.domain.turns import Place, ends_of, held_until, in_turn
from bot.services.cards import StatusCard, status_card
from bot.services.gate import BLOCKING, Gate
from bot.services.line import Line, Turn
from bot.services.work import Work

FAILED_THERE = frozenset({State.FAILED, State.UNCERTAIN})
"""The ends after which a member's next request may have to wait."""
MOST_LOOKED_AT = 200
"""Of so many tasks at the provider each is asked since when it runs; of more, their ends count as even."""


def describe(work: Work, request: Request, line: Line, now: datetime) -> StatusCard:
    """What a request's status message should say now."""
    held = line.held.get(request.id)
    if request.state in FAILED_THERE:
        held = work.members.standing(request.guild_id, request.user_id).held_until(now)
    durations = work.timings.of(request.spec.model)
    return status_card(request, line=line, durations=durations, now=now, held_until=held)


def held_back(waiting: Sequence[Place], now: datetime) -> dict[int, datetime]:
    """Give the requests of members whose last ones came to nothing, and until when they are held back."""
    return {place.request_id: until for place in waiting if (until := held_until(place.backoff_until, now))}


def standing(waiting: Sequence[Place], paused: Collection[int], held: Collection[int]) -> list[Place]:
    """Give those that stand in line, oldest first: not the paused servers', nor those that are held back."""
    return [place for place in waiting if place.guild_id not in paused and place.request_id not in held]


def line_of(work: Work, places: int, now: datetime, *, longest: int | None = None) -> Line:
    """The line in front of the provider now; without its order if more than `longest` wait."""
    gate, paused = work.gates.get() or Gate(places), work.guilds.paused()
    trouble = gate.trouble if gate.trouble in BLOCKING else None
    if longest is not None and work.requests.count(State.WAITING) > longest:
        return Line(pause=trouble, paused=paused, halted=gate.halted)
    running = work.requests.running()
    waiting = work.requests.waiting()
    held = held_back(waiting, now)
    order = in_turn(standing(waiting, paused, held), running)
    usual_s = _usual_s(work, {place.model for place in order})
    opens_at = _openings(work, min(places, gate.learned), sum(running.values()), order, usual_s, now)
    ends = ends_of([usual_s[place.model] for place in order], opens_at)
    turns = {
        place.request_id: Turn(position, ends_at)
        for position, (place, ends_at) in enumerate(zip(order, ends, strict=True), 1)
    }
    return Line(order=tuple(order), turns=turns, pause=trouble, paused=paused, halted=gate.halted, held=held)


def _usual_s(work: Work, models: Collection[str]) -> dict[str, float]:
    return {model: work.timings.of(model).median_s for model in models}


def _openings(
    work: Work,
    places: int,
    running: int,
    order: list[Place],
    usual_s: Mapping[str, float],
    now: datetime,
) -> list[datetime]:
    """When the provider's places come free, as many as the line can use; soonest first."""
    useful = min(places, len(order))
    free = max(0, min(useful, places - running))
    taken = useful - free
    if not taken:
        return [now] * free
    # while more run than there are places, the first to end make room for nobody
    surplus = max(0, running - places)
    if running > MOST_LOOKED_AT:
        step_s = usual_s[order[0].model] / running
        ends = [now + timedelta(seconds=step_s * (surplus + n)) for n in range(1, taken + 1)]
    else:
        ends = _ends_of_running(work, now)[surplus : surplus + taken]
    return [now] * free + ends or [now]  # on PostgreSQL the last of them may have ended just now


def _ends_of_running(work: Work, now: datetime) -> list[datetime]:
    """When each of the tasks at the provider will probably be finished, soonest first."""
    running = work.requests.running_since()
    usual_s = _usual_s(work, {model for model, _ in running})
    return sorted(max(now, (since or now) + timedelta(seconds=usual_s[model])) for model, since in running)
