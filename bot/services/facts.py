"""What a log line about a request carries besides its words."""

from bot.domain.requests import MOVES, Move, Request
from bot.services.outbox import Notice


def facts_of(request: Request, move: Move | None = None) -> dict[str, object]:
    """The request, where and whose it is, and its state: the one that the move leads to, if one is named."""
    return {
        "request": request.id,
        "guild": request.guild_id,
        "user": request.user_id,
        "state": (MOVES[move].target if move else request.state).value,
    }


def facts_of_notice(notice: Notice) -> dict[str, object]:
    """The request that the notice is about."""
    return {"request": notice.request_id}
