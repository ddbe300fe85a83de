"""The structured fields of log lines about requests."""

from bot.domain.requests import Request
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.repositories.outbox import OutboxMessage


def log_context(request: Request, transition: Transition | None = None) -> dict[str, object]:
    """Return the request's ids and its state: the target state of the transition, if one is given."""
    return {
        "request": request.id,
        "guild": request.guild_id,
        "user": request.user_id,
        "state": (TRANSITIONS[transition].target if transition else request.state).value,
    }


def message_log_context(message: OutboxMessage) -> dict[str, object]:
    """Return the id of the request that the message is about."""
    return {"request": message.request_id}
