"""Classification of a failed request by the provider's code and words.

The words are English or Chinese, from the provider or from the service that it resells. One table lists the
unambiguous phrases; every other text is classified by its code.
"""

import re

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import AccountError, RejectedError
from bot.domain.requests import Failure, FailureKind

MODERATION_CODE = 451
SERVER_ERROR = 500
_CREDIT = r"(?:credits?|balance|quota|funds|points)"
_GONE = r"(?:insufficient|not enough|exhausted|depleted|used up|ran out|run out|exceeded|too low)"
_NOT_THERE = (
    r"(?:(?:not|n't) (?:be )?(?:found|exist|available|supported|allowed|accessible)|unavailable|unsupported"
    r"|invalid|unknown|deprecated|deleted|private|empty|不存在|找不到|未找到|不可用|不支持|不支援|无效|無效|为空|為空|失效)"
)
_NO_CREDITS = (
    rf"\b{_GONE}\s(?:\w+\s){{0,3}}{_CREDIT}\b|\b{_CREDIT}\s(?:\w+\s){{0,3}}{_GONE}|out of credits"
    r"|(?:积分|積分|余额|餘額|额度|額度|点数|點數)\s*(?:已?(?:不足|不够|不夠|用完|用尽|耗尽|耗盡))|欠费|欠費"
)
_REASONS = (
    (
        FailureKind.OPERATOR,
        _NO_CREDITS + r"|\b(?:invalid|expired|disabled) api.?key"
        r"|api.?key\s(?:\w+\s){0,3}(?:invalid|expired|disabled)"
        r"|(?:密钥|密鑰|令牌|账户|帳戶|账号|帳號)\S{0,4}(?:无效|無效|过期|過期|停用|禁用|冻结|凍結)",
    ),
    (
        FailureKind.PLAYLIST_UNKNOWN,
        rf"playlist.{{0,40}}{_NOT_THERE}|(?:no such|{_NOT_THERE}) playlist"
        r"|(?:can't|cannot|could not|couldn't|unable to|failed to) (?:find|load|access|read|fetch|get).{0,30}"
        r"playlist"
        rf"|(?:歌单|歌單|播放列表|播放清单|播放清單).{{0,20}}{_NOT_THERE}",
    ),
    (
        FailureKind.MODERATED,
        r"\b451\b|unsafe|moderat|nsfw|specific artists?|artist.{0,3}name|copyright|trademark|sensitive|profan"
        r"|inappropriate|prohibited|violat|(?:forbidden|banned|blocked) (?:word|content|lyric)"
        r"|content policy|(?:content|lyrics|prompt).{0,20}(?:flagged|blocked)|existing work"
        r"|敏感|违规|違規|审核|審核|违禁|違禁|版权|版權|侵权|侵權|艺术家|藝術家|歌手|艺人|藝人|不当|不當|不良|色情",
    ),
    (
        FailureKind.REFUSED,
        r"(?:prompt|lyrics|description|text).{0,40}(?:too long|too many|exceed|longer|maximum|max length)"
        rf"|(?:\bmodel|\bmv|\bversion|persona|clip).{{0,40}}{_NOT_THERE}"
        r"|(?:invalid|unknown|unsupported) (?:model|persona|clip)"
        r"|(?:提示词|提示詞|歌词|歌詞|描述|文本).{0,20}(?:过长|過長|超)"
        rf"|(?:模型|版本|人声|人聲).{{0,20}}{_NOT_THERE}",
    ),
    (
        FailureKind.PROVIDER,
        r"time.?out|timed out|too many|concurren|\bbusy\b|overload|try again|temporar|maintenance"
        r"|internal error|繁忙|超时|超時|并发|並發|稍后|稍後|排队|排隊|维护|維護|系统异常|系統異常",
    ),
)
_TABLE = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _REASONS)
_EMPTY = re.compile(rf"\b402\b|{_NO_CREDITS}", re.IGNORECASE)
_CODE = re.compile(r"code -?\d+: |(?:upstream\s+)?bizCode=\d+,\s*msg=", re.IGNORECASE)
_SENTENCE = re.compile(r"\S\s\S|[\u3400-\u9fff]")


def classify_refusal(error: RejectedError) -> Failure:
    """Classify a definite refusal by the provider."""
    detail = f"code {error.code}: {error.text}"
    if isinstance(error, AccountError):
        return Failure(FailureKind.OPERATOR, detail)
    if error.code == MODERATION_CODE:
        return Failure(FailureKind.MODERATED, detail)
    usual = FailureKind.PROVIDER if error.code >= SERVER_ERROR else FailureKind.REFUSED
    return Failure(_by_words(error.text) or usual, detail)


def classify_failed_task(reason: str) -> Failure:
    """Classify a failed task by the provider's words about it."""
    return Failure(_by_words(reason) or FailureKind.PROVIDER, reason)


def concerns_account(words: str) -> bool:
    """Tell whether the words are about the operator's account: an invalid key, or no credits left."""
    return _by_words(words) is FailureKind.OPERATOR


def account_outage(failure: Failure) -> ProviderOutage:
    """Return the outage that a failure of the operator's account shows: it is empty, or it is refused."""
    return ProviderOutage.EMPTY if _EMPTY.search(failure.detail) else ProviderOutage.ACCOUNT


def provider_words_for_member(failure: Failure) -> str:
    """Return the provider's own words if they can tell the member what to change, else an empty text."""
    if failure.kind not in {FailureKind.REFUSED, FailureKind.MODERATED}:
        return ""
    parts = _CODE.sub("", failure.detail).split("; ")
    return "; ".join(part.strip() for part in parts if _SENTENCE.search(part))


def _by_words(text: str) -> FailureKind | None:
    return next((kind for kind, words in _TABLE if words.search(text)), None)
