"""Log lines that need the operator's attention, gathered until they are posted."""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.logs import RedactingFormatter

PREFIX = "OPERATOR: "
STOPS_SONGS = (
    "the provider refuses the account",
    "the provider refuses the key",
    "a task failed because of the account",
    "the database does not answer",
    "nothing could be claimed",
    "another copy of the bot",
    "a cap is reached",
)
"""How the lines begin, after the prefix, that mention the bot's owner; `log-lines.md` marks them."""
MAX_LINES = 20
"""Different lines that are kept, and as many again that stop songs; more are only counted."""
MAX_REQUESTS = 5
"""Requests, and servers, that are named in one line."""
LEFT_OUT = "..."
"""Stands for a text that is not the program's own."""
_KNOWN = re.compile(r"code \d{1,6}\b|[0-9a-f-]{32,36}\Z")
"""What is shown of a text in a line: the provider's code, or the id of a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorLine:
    """A line, and how often it was logged."""

    text: str
    count: int = 1
    request_ids: tuple[int, ...] = ()
    guild_ids: tuple[int, ...] = ()

    @property
    def stops_songs(self) -> str | None:
        """Return the beginning that marks it as one that stops songs, or None."""
        return next((start for start in STOPS_SONGS if self.text.startswith(start, len(PREFIX))), None)

    def plus(self, other: "OperatorLine") -> "OperatorLine":
        """Return this line with the count, the requests and the servers of an equal one."""
        return replace(
            self,
            count=self.count + other.count,
            request_ids=tuple(dict.fromkeys(self.request_ids + other.request_ids))[:MAX_REQUESTS],
            guild_ids=tuple(dict.fromkeys(self.guild_ids + other.guild_ids))[:MAX_REQUESTS],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredLines:
    """The lines of one message."""

    lines: tuple[OperatorLine, ...] = ()
    left_out: int = 0
    """How many more there were."""


class OperatorLines(logging.Handler):
    """A log handler that gathers lines for the operator, from any thread, in bounded memory.

    A line has the program's own words, numbers and ids; any other text in it may be a member's, the
    provider's or a secret, and is left out.
    """

    def __init__(self, *, secrets: Sequence[str] = (), notify: Callable[[], None]) -> None:
        super().__init__()
        self.setFormatter(RedactingFormatter(_OwnWords(), secrets))
        self._notify = notify
        self._mutex = threading.Lock()
        self._lines: dict[str, OperatorLine] = {}
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep or count the line, and notify; nothing here waits."""
        if not isinstance(record.msg, str) or not record.msg.startswith(PREFIX):
            return
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - as logging's own handlers do: a line must not harm its caller
            self.handleError(record)
            return
        line = OperatorLine(text=text, request_ids=_ids(record, "request"), guild_ids=_ids(record, "guild"))
        self._keep(GatheredLines(lines=(line,)))
        self._notify()

    def take(self) -> GatheredLines:
        """Return the gathered lines, and keep them no longer."""
        with self._mutex:
            gathered = GatheredLines(lines=tuple(self._lines.values()), left_out=self._left_out)
            self._lines, self._left_out = {}, 0
        return gathered

    def put_back(self, gathered: GatheredLines) -> None:
        """Keep lines for a later message."""
        self._keep(gathered)

    def _keep(self, gathered: GatheredLines) -> None:
        with self._mutex:
            self._left_out += gathered.left_out
            for line in gathered.lines:
                known = self._lines.get(line.text)
                if known is not None:
                    self._lines[line.text] = known.plus(line)
                elif len(self._lines) < (2 * MAX_LINES if line.stops_songs else MAX_LINES):
                    self._lines[line.text] = line
                else:
                    self._left_out += line.count


class _OwnWords(logging.Formatter):
    """A formatter that leaves out every text in a record that the program did not write itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the fixed words with numbers and ids only, and without the traceback."""
        template, arguments = str(record.msg), record.args
        if isinstance(arguments, Mapping):
            return template % {name: _known(value) for name, value in arguments.items()}
        return template % tuple(map(_known, arguments)) if arguments else template


def _ids(record: logging.LogRecord, field: str) -> tuple[int, ...]:
    """Return the id that a field of the record has, if it has one."""
    value: object = getattr(record, field, None)
    return (value,) if isinstance(value, int) else ()


def _known(value: object) -> object:
    if isinstance(value, int | float):
        return value
    text = str(value)
    found = _KNOWN.match(text)
    if found is None:
        return LEFT_OUT
    return found[0] if found[0] == text else f"{found[0]} {LEFT_OUT}"
