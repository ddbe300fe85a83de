"""Why a request failed, read from the provider's code and words."""

import re

from bot.domain.errors import AccountError, RejectedError
from bot.domain.requests import Failure, FailureKind

_MODERATED = re.compile(r"\b451\b|unsafe|moderat|specific artists?|artist name|copyright", re.IGNORECASE)
_UNKNOWN_PLAYLIST = re.compile(
    r"playlist.{0,40}(not found|not exist|invalid|unknown)|no such playlist", re.IGNORECASE
)


def of_refusal(error: RejectedError) -> Failure:
    """The failure that a definite refusal by the provider means."""
    detail = f"code {error.code}: {error.text}"
    if isinstance(error, AccountError):
        return Failure(FailureKind.OPERATOR, detail)
    if error.code == 451:
        return Failure(FailureKind.MODERATED, detail)
    if error.code >= 500:
        return Failure(_by_words(error.text, FailureKind.PROVIDER), detail)
    return Failure(_by_words(error.text, FailureKind.REFUSED), detail)


def of_broken_task(reason: str) -> Failure:
    """The failure that a failed task means, from the provider's words about it."""
    return Failure(_by_words(reason, FailureKind.PROVIDER), reason)


def _by_words(text: str, otherwise: FailureKind) -> FailureKind:
    if _UNKNOWN_PLAYLIST.search(text):
        return FailureKind.PLAYLIST_UNKNOWN
    return FailureKind.MODERATED if _MODERATED.search(text) else otherwise
