import pytest

from bot.domain.errors import AccountError, RejectedError
from bot.domain.failures import of_broken_task, of_refusal
from bot.domain.requests import FailureKind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RejectedError(451, "content moderation"), FailureKind.MODERATED),
        (RejectedError(400, "bad parameter"), FailureKind.REFUSED),
        (RejectedError(400, "playlist not found"), FailureKind.PLAYLIST_UNKNOWN),
        (RejectedError(400, "We don't reference specific artists on Suno"), FailureKind.MODERATED),
        (RejectedError(500, "failed"), FailureKind.PROVIDER),
        (RejectedError(500, "upstream bizCode=451, msg=prompt_unsafe"), FailureKind.MODERATED),
        (AccountError(402, "insufficient credits"), FailureKind.OPERATOR),
        (AccountError(401, "bad key"), FailureKind.OPERATOR),
    ],
)
def test_a_refusal_is_read_from_code_and_words(error: RejectedError, kind: FailureKind) -> None:
    failure = of_refusal(error)
    assert failure.kind is kind
    assert failure.detail == f"code {error.code}: {error.text}"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("upstream bizCode=451, msg=prompt_unsafe", FailureKind.MODERATED),
        ("Playlist does not exist", FailureKind.PLAYLIST_UNKNOWN),
        ("timeout", FailureKind.PROVIDER),
    ],
)
def test_a_failed_task_is_read_from_its_words(reason: str, kind: FailureKind) -> None:
    assert of_broken_task(reason).kind is kind
