"""What a log line about a request carries besides its words."""

from bot.domain.requests import Request
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.repositories.outbox import OutboxMessage


def log_context(request: Request, transition: Transition | None = None) -> dict[str, object]:
    """The request, where and whose it is, and its state: the one that the move leads to, if one is named."""
    return {
        "request": request.id,
        "guild": request.guild_id,
        "user": request.user_id,
        "state": (TRANSITIONS[transition].target if transition else request.state).value,
    }


def message_log_context(message: OutboxMessage) -> dict[str, object]:
    """The request that the notice is about."""
    return {"request": message.request_id}
