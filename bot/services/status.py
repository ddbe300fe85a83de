"""What a request's status says now, and the line that it stands in."""

from datetime import datetime

from bot.domain.requests import Request, State
from bot.services.cards import Line, StatusCard, status_card
from bot.services.work import Work


def describe(work: Work, request: Request, line: Line, now: datetime) -> StatusCard:
    """What a request's status message should say now."""
    return status_card(request, line=line, durations=work.timings.of(request.spec.model), now=now)


def line_of(work: Work, places: int, *, longest: int | None = None) -> Line:
    """The line in front of the provider now; without its order if more than `longest` wait."""
    gate = work.gates.get()
    trouble = gate.trouble if gate else None
    if longest is not None and work.requests.count(State.WAITING) > longest:
        return Line.of((), work.requests.running(), places=places, trouble=trouble)
    return Line.of(work.requests.waiting(), work.requests.running(), places=places, trouble=trouble)
