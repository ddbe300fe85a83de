"""Logging: its setup, its formats, and the redaction of secrets."""

import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Literal, TypeAlias
from urllib.parse import quote, unquote

from pythonjsonlogger.json import JsonFormatter

FIELDS = ("request", "guild", "user", "state", "interaction", "reference")
"""The extra fields that a log record can have."""
HIDDEN = "[secret]"
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
MIN_SECRET_LENGTH = 4
"""Characters; a shorter secret is not redacted, because it could be part of ordinary words."""
CHATTY = ("aiohttp.access", "alembic", "filelock", "asyncio", "sqlalchemy")
"""Loggers of which only warnings are kept; SQLAlchemy's has each statement's values at INFO."""
TALKATIVE = ("discord",)
"""Loggers that have whole payloads, with prompts and tokens, below INFO."""
_UNKNOWN_SECRETS = (
    (re.compile(r"(/(?:webhooks|interactions)/[0-9]+/)[\w.%-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\[parameters: ).*?(\(Background on this error at: )", re.DOTALL), rf"\1{HIDDEN}] \2"),
)
"""Interaction tokens in Discord's URLs; the values of a statement in SQLAlchemy's errors."""


class RedactingFormatter(logging.Formatter):
    """A formatter that redacts secrets in another formatter's output, tracebacks included.

    It finds a secret in every form that a line can have: as it is, percent-encoded, decoded, and escaped as
    in JSON or Python strings.
    """

    def __init__(self, inner: logging.Formatter, secrets: Sequence[str]) -> None:
        super().__init__()
        self._inner = inner
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        self._secrets = sorted((s for s in spellings if len(s) >= MIN_SECRET_LENGTH), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """Format the record and redact its secrets."""
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        for pattern, replacement in _UNKNOWN_SECRETS:
            line = pattern.sub(replacement, line)
        return line


def _spellings(secret: str) -> Iterator[str]:
    for plain in (secret, unquote(secret)):
        for spelling in (plain, quote(plain), quote(plain, safe=""), repr(plain)[1:-1], *_in_json(plain)):
            yield spelling
            yield from _in_json(spelling)  # a quoted text inside a line of JSON is escaped twice


def _in_json(value: str) -> Iterator[str]:
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]


class TextFormatter(logging.Formatter):
    """A formatter for readers: the message, then the extra fields."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Format the message, then the extra fields as key=value."""
        facts = "".join(f" {name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        return _on_one_line(super().formatMessage(record) + facts)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - the name is logging's
        """Format the traceback, indented so that none of its lines looks like a log entry."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {_on_one_line(line)}" for line in lines)


def _on_one_line(text: str) -> str:
    """Escape line breaks and control characters, which could fake lines or control a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def configure_logging(*, level: str, style: Literal["text", "json"], secrets: Sequence[str]) -> None:
    """Log to standard error in the given style, with the secrets redacted."""
    inner: logging.Formatter = TextFormatter()
    if style == "json":
        inner = JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields={"levelname": "level"}
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(inner, secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for names, lowest in ((CHATTY, logging.WARNING), (TALKATIVE, logging.INFO)):
        for name in names:
            logging.getLogger(name).setLevel(max(lowest, root.level))
