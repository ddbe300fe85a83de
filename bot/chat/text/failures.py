"""Sentences about requests that ended without a song; another one says what happened to the credits."""

from types import MappingProxyType

from bot.chat.text import labels
from bot.chat.text.requests import OUT_OF_CREDIT
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.failures import account_outage
from bot.domain.requests import Failure, FailureKind

FAILURES = MappingProxyType(
    {
        FailureKind.REFUSED: (
            "The song service refused this request. Check the playlist and the options, then try again."
        ),
        FailureKind.MODERATED: (
            "The song service's moderation rejected this request. Try another prompt or playlist."
        ),
        FailureKind.PLAYLIST_UNKNOWN: (
            "The song service can't find this playlist. Make sure that it is public or shared by link, and "
            "not empty; then try again."
        ),
        FailureKind.TURNED_AWAY: (
            "A firewall in front of the song service blocked this request each time, but let others pass. "
            "Change the prompt, or leave it out, then try again."
        ),
        FailureKind.OPERATOR: (
            "The song service isn't taking requests from this bot. You can't fix that: ask the bot's owner "
            "to check its account there."
        ),
        FailureKind.PROVIDER: (
            "The song service failed while it was making the song. Try again in a few minutes."
        ),
        FailureKind.LOST_TASK: "The song service has lost this song. Try again with `/inspire`.",
        FailureKind.UNCERTAIN: (
            "The connection broke while the request was being sent, so the bot can't tell whether the song "
            f"service received it. It isn't sent again by itself: press **{labels.TRY_AGAIN}**, or use "
            "`/inspire`, if you still want the song."
        ),
        FailureKind.SILENT: (
            "The song service made no progress for too long, so the bot gave up on this request. Try again "
            "in a few minutes."
        ),
        FailureKind.UNANSWERED: (
            "The song service stopped answering for too long, so the bot gave up on this request. Try again "
            "when other songs are being finished."
        ),
        FailureKind.MODERATOR: "A moderator of this server rejected this request.",
        FailureKind.BLOCKED: "A moderator of this server has blocked your song requests.",
        FailureKind.UNDECIDED: (
            "No moderator approved this request in time. Ask a moderator before you try again."
        ),
        FailureKind.NOT_SERVED: "The bot's owner no longer allows this server to use the bot.",
    }
)
"""Why a request ended, and what to do next."""

SHORT_FAILURES = MappingProxyType(
    {
        FailureKind.REFUSED: "the song service refused it",
        FailureKind.MODERATED: "the song service's moderation rejected it",
        FailureKind.PLAYLIST_UNKNOWN: "the song service couldn't find the playlist",
        FailureKind.TURNED_AWAY: "a firewall blocked it",
        FailureKind.OPERATOR: "the song service took no requests from this bot",
        FailureKind.PROVIDER: "the song service failed",
        FailureKind.LOST_TASK: "the song service lost it",
        FailureKind.UNCERTAIN: "the connection broke",
        FailureKind.SILENT: "the song service made no progress",
        FailureKind.UNANSWERED: "the song service stopped answering",
        FailureKind.MODERATOR: "a moderator rejected it",
        FailureKind.BLOCKED: "the member was blocked",
        FailureKind.UNDECIDED: "no moderator decided in time",
        FailureKind.NOT_SERVED: "the server was no longer served",
    }
)
"""Why a request ended, in a few words for a list."""


def failure_text(kind: FailureKind, failure: Failure | None) -> str:
    """Say why a request ended, and what to do next."""
    if kind is FailureKind.OPERATOR and failure and account_outage(failure) is ProviderOutage.EMPTY:
        return f"{OUT_OF_CREDIT} Try again later."
    return FAILURES[kind]
