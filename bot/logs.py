"""Logging: one line a change of state, facts in fields, and no secret ever."""

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
"""The facts that a log line may carry besides its words."""
HIDDEN = "[secret]"
ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
LEAST_SECRET = 4
"""Characters; hiding a shorter text would blot out ordinary words."""
CHATTY = ("aiohttp.access", "alembic", "filelock", "asyncio", "sqlalchemy")
"""Loggers of which only warnings are of interest; SQLAlchemy's tells each statement's values at INFO."""
TALKATIVE = ("discord",)
"""Loggers that tell whole payloads, prompts and tokens among them, below INFO."""
_UNKNOWN_SECRETS = (
    (re.compile(r"(/(?:webhooks|interactions)/[0-9]+/)[\w.%-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\[parameters: ).*?(\(Background on this error at: )", re.DOTALL), rf"\1{HIDDEN}] \2"),
)
"""An interaction's token in Discord's addresses; the values of a statement in SQLAlchemy's errors."""


class RedactingFormatter(logging.Formatter):
    """Wraps another formatter and takes the secrets out of what it gives, tracebacks included.

    A secret is found in every way of writing it that a line may have: as it is, percent-encoded, decoded,
    and as JSON or Python write it between quotes.
    """

    def __init__(self, inner: logging.Formatter, secrets: Sequence[str]) -> None:
        super().__init__()
        self._inner = inner
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        self._secrets = sorted((s for s in spellings if len(s) >= LEAST_SECRET), key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The finished line."""
        queue = self._inner.format(record)
        for secret in self._secrets:
            queue = queue.replace(secret, HIDDEN)
        for pattern, replacement in _UNKNOWN_SECRETS:
            queue = pattern.sub(replacement, queue)
        return queue


def _spellings(secret: str) -> Iterator[str]:
    for plain in (secret, unquote(secret)):
        for spelling in (plain, quote(plain), quote(plain, safe=""), repr(plain)[1:-1], *_in_json(plain)):
            yield spelling
            yield from _in_json(spelling)  # what was between quotes already, in a line of JSON


def _in_json(value: str) -> Iterator[str]:
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]


class TextFormatter(logging.Formatter):
    """A line for people, with the facts behind the words."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # the name is logging's
        """The words, then the facts as key=value."""
        facts = "".join(f" {name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name))
        return _on_one_line(super().formatMessage(record) + facts)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 # the name is logging's
        """The traceback, set in, so that none of its lines can be taken for one of the log's."""
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {_on_one_line(queue)}" for queue in lines)


def _on_one_line(text: str) -> str:
    """Return the text with what would break the line, or drive a terminal, as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def configure_logging(*, level: str, style: Literal["text", "json"], secrets: Sequence[str]) -> None:
    """Send all of this process's log to standard error, in the style, without the secrets."""
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
    for names, least in ((CHATTY, logging.WARNING), (TALKATIVE, logging.INFO)):
        for name in names:
            logging.getLogger(name).setLevel(max(least, root.level))
