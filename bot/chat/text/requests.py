"""Sentences about requests that wait or run, which several messages show."""

from bot.chat.text.formatting import relative
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.scheduling import Pause

OUT_OF_CREDIT = "The bot is out of credit at the song service; its owner has been told."
PAUSES = {
    ProviderOutage.BUSY: "The song service is busy at the moment.",
    ProviderOutage.OUTAGE: "The song service can't be reached at the moment.",
    ProviderOutage.ACCOUNT: "The song service refuses the bot's account, which only the bot's owner can fix.",
    ProviderOutage.EMPTY: OUT_OF_CREDIT,
}
PAUSED = "The moderators have paused songs in this server."
CLOSED = "The moderators take no more requests in this server for now; what waits is still made."
PAUSED_BY_OPERATOR = "The bot's owner has paused songs for now."
PLACE_KEPT = "Your place is kept."


def paused_until(pause: Pause) -> str:
    """Say that the server's songs are paused, and until when if that is known."""
    return f"{PAUSED} They resume {relative(pause.until)}." if pause.until else PAUSED
