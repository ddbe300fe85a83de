"""What a request's status says now, and the line that it stands in."""

from datetime import datetime

from bot.domain.requests import Request, State
from bot.services.delivery.cards import StatusCard, status_card
from bot.services.requests.queue import QueueSnapshot
from bot.services.unit_of_work import UnitOfWork

FAILED_THERE = frozenset({State.FAILED, State.UNCERTAIN})
"""The ends after which a member's next request may have to wait."""


def status_card_for(uow: UnitOfWork, request: Request, queue: QueueSnapshot, now: datetime) -> StatusCard:
    """What a request's status message should say now."""
    held = queue.backoffs.get(request.id)
    if request.state in FAILED_THERE:
        held = uow.members.find(request.guild_id, request.user_id).backoff_end(now)
    durations = uow.durations.get(request.spec.model)
    return status_card(request, queue=queue, durations=durations, now=now, held_until=held)
