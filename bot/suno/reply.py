"""An HTTP reply of the provider, and its envelope with a code, a message and data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.domain.text import clean_text
from bot.suno.fields import read_json, text

SUCCESS = 200
RETRY_AFTER_MAX_S = 300.0
"""Seconds; a longer wait is cut to this."""
TEXT_LENGTH = 500
"""Characters of the provider's message that are kept."""

_BESIDE_THE_CODE = frozenset({"msg", "message", "data"})
_SUCCESS_WORDS = frozenset({"success", "ok"})
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A complete HTTP reply."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """With case-insensitive names."""
    received_at: datetime

    @property
    def retry_after_s(self) -> float | None:
        """Return the seconds that the provider asks to wait, from 0 to `RETRY_AFTER_MAX_S`."""
        value = self.headers.get("Retry-After", "").strip()
        if _SECONDS.fullmatch(value):
            return min(float(value), RETRY_AFTER_MAX_S)
        until = _http_date(value)
        if until is None:
            return None
        # The reply's own clock counts if it has one: ours may be wrong.
        now = _http_date(self.headers.get("Date", "")) or self.received_at
        return min(max((until - now).total_seconds(), 0.0), RETRY_AFTER_MAX_S)

    @property
    def description(self) -> str:
        """Describe the reply without its content: status, content type and length."""
        kind = clean_text(self.headers.get("Content-Type", "")).partition(";")[0][:60] or "no content type"
        return f"HTTP {self.status}, {kind}, {len(self.body)} bytes"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of every reply of the provider: code, message and data."""

    code: int
    """200 for every form of success; the HTTP status if the body has no code."""
    text: str = ""
    """The provider's message, shortened; empty if there is none."""
    content: object = None
    is_readable: bool = False
    """Whether the body is a JSON object with a usable code or none."""
    states_code: bool = False
    """Whether the code comes from the body, where it takes precedence over the HTTP status."""
    is_own: bool = False
    """Whether it has the provider's format; a gateway's JSON has no code, or none of the fields beside it."""

    @property
    def succeeded(self) -> bool:
        """Return True if the provider itself reports success."""
        return self.is_readable and self.code == SUCCESS


def open_envelope(reply: Reply) -> Envelope:
    """Parse the reply's envelope, as far as it is readable."""
    status = SUCCESS if reply.status // 100 == 2 else reply.status
    try:
        # One malformed character must not make the whole reply unreadable.
        document = read_json(reply.body.decode("utf-8-sig", "replace"))
    except ValueError:
        return Envelope(status)
    if not isinstance(document, dict):
        return Envelope(status)
    words = shortened(text(document.get("msg")) or text(document.get("message")))
    stated = document.get("code")
    code = normalized_code(stated)
    if code is None:
        return Envelope(status, words, document.get("data"), is_readable=stated is None)
    is_own = not _BESIDE_THE_CODE.isdisjoint(document)
    return Envelope(code, words, document.get("data"), is_readable=True, states_code=True, is_own=is_own)


def normalized_code(stated: object) -> int | None:
    """Normalize the code in a reply to one number; return None if it is unusable."""
    if isinstance(stated, bool):
        return None
    if isinstance(stated, float) and stated.is_integer():
        stated = int(stated)
    if isinstance(stated, str):
        stated = stated.strip().lower()
        if stated in _SUCCESS_WORDS:
            return SUCCESS
        stated = int(stated) if _NUMBER.fullmatch(stated) else None
    if not isinstance(stated, int):
        return None
    return SUCCESS if stated == 0 or stated // 100 == 2 else stated


def shortened(words: str | None) -> str:
    """Return the words on one line, cut to `TEXT_LENGTH`."""
    return " ".join((words or "").split())[:TEXT_LENGTH]


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
