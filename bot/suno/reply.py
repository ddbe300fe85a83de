"""An HTTP reply of the provider, and the code, words and content in its envelope."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from bot.domain.text import clean_text
from bot.suno.fields import read_json, text

SUCCESS = 200
RETRY_AFTER_MAX_S = 300.0
"""Seconds; a longer wait is not believed."""
TEXT_LENGTH = 500
"""Characters of the provider's words that are kept."""

_BESIDE_THE_CODE = frozenset({"msg", "message", "data"})
_SUCCESS_WORDS = frozenset({"success", "ok"})
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came over the wire, read to its end."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """With names that ignore case."""
    received_at: datetime

    @property
    def retry_after_s(self) -> float | None:
        """Seconds that the provider asks to wait, between 0 and the most that is believed."""
        value = self.headers.get("Retry-After", "").strip()
        if _SECONDS.fullmatch(value):
            return min(float(value), RETRY_AFTER_MAX_S)
        until = _http_date(value)
        if until is None:
            return None
        # Measured by the clock that named the date, where the reply has it: ours may be wrong.
        now = _http_date(self.headers.get("Date", "")) or self.received_at
        return min(max((until - now).total_seconds(), 0.0), RETRY_AFTER_MAX_S)

    @property
    def description(self) -> str:
        """What kind of reply it was, without what it says."""
        kind = clean_text(self.headers.get("Content-Type", "")).partition(";")[0][:60] or "no content type"
        return f"HTTP {self.status}, {kind}, {len(self.body)} bytes"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The three things that every answer of the provider has."""

    code: int
    """200 for every form of success; the HTTP status where the body names no code."""
    text: str = ""
    """The provider's words, shortened; empty when there are none."""
    content: object = None
    is_readable: bool = False
    """Whether the reply is the provider's JSON at all."""
    states_code: bool = False
    """Whether the code is the body's own, which wins over the HTTP status."""
    is_own: bool = False
    """Whether it has the provider's form; a gateway's JSON has no code, or only other names beside it."""

    @property
    def succeeded(self) -> bool:
        """True when the provider itself says so."""
        return self.is_readable and self.code == SUCCESS


def open_envelope(reply: Reply) -> Envelope:
    """What the reply says, as far as it can be read."""
    status = SUCCESS if reply.status // 100 == 2 else reply.status
    try:
        # One broken character must not cost the whole reply.
        document = read_json(reply.body.decode("utf-8-sig", "replace"))
    except ValueError:
        return Envelope(status)
    if not isinstance(document, dict):
        return Envelope(status)
    words = shortened(text(document.get("msg")) or text(document.get("message")))
    stated = document.get("code")
    code = reading_of(stated)
    if code is None:
        return Envelope(status, words, document.get("data"), is_readable=stated is None)
    is_own = not _BESIDE_THE_CODE.isdisjoint(document)
    return Envelope(code, words, document.get("data"), is_readable=True, states_code=True, is_own=is_own)


def reading_of(stated: object) -> int | None:
    """The code that a reply states, as one number; None when it can't be understood."""
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
    """The words on one line and of a bounded length."""
    return " ".join((words or "").split())[:TEXT_LENGTH]


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
