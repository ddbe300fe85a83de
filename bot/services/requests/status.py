"""The status cards of requests."""

from datetime import datetime

from bot.domain.queue import QueueSnapshot
from bot.domain.requests import Request, State
from bot.services.cards import StatusCard, status_card
from bot.services.unit_of_work import UnitOfWork

FAILED_STATES = frozenset({State.FAILED, State.UNCERTAIN})
"""The states after which a member's next request may be held back."""


def status_card_for(uow: UnitOfWork, request: Request, queue: QueueSnapshot, now: datetime) -> StatusCard:
    """Return what a request's status message should say now."""
    held = queue.backoffs.get(request.id)
    if request.state in FAILED_STATES:
        held = uow.members.find(request.guild_id, request.user_id).backoff_end(now)
    durations = uow.durations.get(request.spec.model)
    return status_card(request, queue=queue, durations=durations, now=now, held_until=held)
