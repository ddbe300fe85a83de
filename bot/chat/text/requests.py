"""Sentences about requests that wait or run, which several messages show."""

from typing import assert_never

from bot.chat.text.formatting import counted, reason_text, relative
from bot.chat.translation import N_, gettext
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import PausedError
from bot.domain.queue_errors import ClosedError, QueueFullError
from bot.domain.scheduling import Pause

OUT_OF_CREDIT = N_("The bot is out of credit at the song service; its owner has been told.")
PAUSES = {
    ProviderOutage.BUSY: N_("The song service is busy at the moment."),
    ProviderOutage.OUTAGE: N_("The song service can't be reached at the moment."),
    ProviderOutage.ACCOUNT: N_(
        "The song service refuses the bot's account, which only the bot's owner can fix."
    ),
    ProviderOutage.EMPTY: OUT_OF_CREDIT,
}
PAUSED = N_("The moderators have paused songs in this server.")
CLOSED = N_("The moderators take no more requests in this server for now; what waits is still made.")
TRY_WHEN_RESUMED = "Try again when songs are resumed."
PAUSED_BY_OPERATOR = N_("The bot's owner has paused songs for now.")
PLACE_KEPT = "Your place is kept."


def paused_until(pause: Pause) -> str:
    """Say that the server's songs are paused, and until when if that is known."""
    if pause.until is None:
        return gettext(PAUSED)
    return gettext(
        "The moderators have paused songs in this server. They resume {when}.", when=relative(pause.until)
    )


def held_up(error: PausedError | ClosedError | QueueFullError) -> str:
    """Say why a server takes no request now, and when to try again."""
    match error:
        case PausedError():
            when = (
                f"They resume {relative(error.until)}; try again then." if error.until else TRY_WHEN_RESUMED
            )
            return f"{PAUSED} {when}\n{reason_text(error.reason)}"
        case ClosedError():
            return (
                "This server takes no more song requests for now. Songs that are already waiting are still "
                f"made; try again later.\n{reason_text(error.reason)}"
            )
        case QueueFullError():
            return (
                f"This server has {counted(error.limit, 'waiting request')}, and no more fit. Try again when "
                "some of them are made; `/queue` shows them."
            )
        case _:
            assert_never(error)
