import pytest

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import AccountError, RejectedError
from bot.domain.failures import (
    account_outage,
    classify_failed_task,
    classify_refusal,
    concerns_account,
    provider_words_for_member,
)
from bot.domain.requests import Failure, FailureKind


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
    failure = classify_refusal(error)
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
    assert classify_failed_task(reason).kind is kind


SPELLINGS = {
    FailureKind.OPERATOR: [
        "Insufficient balance",
        "insufficient account credits",
        "Not enough credits to run this task",
        "You exceeded your current quota",
        "quota exceeded",
        "credits have been used up",
        "Your balance is too low",
        "积分不足",
        "余额不足,请充值",
        "您的額度已用完",
        "账户已停用",
        "令牌已过期",
        "invalid api key",
        "API key has expired",
    ],
    FailureKind.PLAYLIST_UNKNOWN: [
        "playlist not found",
        "Playlist 119573ff does not exist",
        "invalid playlist id",
        "this playlist is private",
        "The playlist is empty",
        "could not load the playlist",
        "歌单不存在",
        "播放列表无效",
    ],
    FailureKind.MODERATED: [
        "moderation_failure; Song Description contained artist name: Queen",
        "prompt_unsafe",
        "Lyrics contain copyrighted material",
        "Your prompt violates our guidelines",
        "matches an existing work of art",
        "内容包含敏感词",
        "內容違規",
        "不能使用歌手名字",
    ],
    FailureKind.REFUSED: [
        "prompt is too long",
        "Prompt exceeds 3000 characters",
        "model v55 is not available for this account",
        "unsupported model",
        "persona not found",
        "提示词过长",
        "模型不存在",
    ],
    FailureKind.PROVIDER: [
        "timeout",
        "request timed out",
        "Too many concurrent tasks",
        "system busy, try again later",
        "系统繁忙,请稍后再试",
        "请求超时",
        "something that nobody has said before",
    ],
}


@pytest.mark.parametrize(("kind", "words"), [(kind, one) for kind, all_ in SPELLINGS.items() for one in all_])
def test_a_reason_is_read_in_many_spellings(kind: FailureKind, words: str) -> None:
    assert classify_failed_task(words).kind is kind
    assert concerns_account(words) == (kind is FailureKind.OPERATOR)


def test_a_busy_provider_is_not_the_requests_fault_whatever_the_code() -> None:
    assert classify_refusal(RejectedError(400, "system busy")).kind is FailureKind.PROVIDER


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure(FailureKind.REFUSED, "code 400: prompt is too long"), "prompt is too long"),
        (Failure(FailureKind.MODERATED, "内容包含敏感词"), "内容包含敏感词"),
        (Failure(FailureKind.MODERATED, "moderation_failure; No names, please"), "No names, please"),
        (Failure(FailureKind.MODERATED, "upstream bizCode=451, msg=prompt_unsafe"), ""),
        (Failure(FailureKind.REFUSED, "code 400: "), ""),
        (Failure(FailureKind.OPERATOR, "code 402: account 17 has no credits"), ""),
        (Failure(FailureKind.PROVIDER, "upstream host 10.0.0.1 failed"), ""),
    ],
)
def test_the_member_reads_the_providers_words_where_they_say_what_to_change(
    failure: Failure, words: str
) -> None:
    assert provider_words_for_member(failure) == words


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (AccountError(402, ""), ProviderOutage.EMPTY),
        (AccountError(400, "积分不足"), ProviderOutage.EMPTY),
        (AccountError(401, "bad key"), ProviderOutage.ACCOUNT),
        (AccountError(400, "api key expired"), ProviderOutage.ACCOUNT),
    ],
)
def test_an_empty_account_is_told_from_a_refused_one(error: AccountError, outage: ProviderOutage) -> None:
    assert account_outage(classify_refusal(error)) is outage
