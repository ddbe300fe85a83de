"""The channel in which the bot's owner reads the log lines that need attention."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import discord

from bot.chat.api_errors import API_ERRORS
from bot.chat.delivery.operator_lines import GatheredLines, OperatorLine, OperatorLines
from bot.chat.delivery.sending import in_time
from bot.chat.interactions.permissions import owners
from bot.chat.text.formatting import CONTENT_LIMIT, mention, quoted, server_name
from bot.domain.errors import InvalidMessageError, NoAccessError, RetryableError
from bot.domain.retry_policy import RetryPolicy

log = logging.getLogger(__name__)

OPERATOR_PAUSES = RetryPolicy(first_s=30.0, max_s=900.0)
"""Between two messages; it grows while the channel fails."""
MENTION_S = 900.0
"""Seconds before the same kind of line mentions the owner again: an outage is logged while it lasts."""
SEND_S = 60.0
"""Seconds for one message, rate limits included."""
OWNERS_S = 10.0
"""Seconds for Discord to name the bot's owners."""
FLUSH_S = 2.0
"""Seconds that the shutdown waits for the last message."""
LINE_LIMIT = 400
"""Characters of one line."""
MAX_OWNERS = 10
"""Members of a team who are mentioned at most."""
NO_NAMES: Mapping[int, str] = MappingProxyType({})
_SERVER = re.compile(r"\bserver (\d{1,20})\b")
MORE = "... and {count} more: see the log"


class OperatorChannel:
    """A task that posts the log lines of this process that begin with `OPERATOR:`, gathered.

    The log has them in any case: if the channel fails, lines that Discord may take later are kept within
    bounds, and others are dropped. The failure is logged once, in a line that is not posted itself.
    """

    def __init__(
        self,
        client: discord.Client,
        channel_id: int,
        *,
        secrets: Sequence[str] = (),
        pauses: RetryPolicy = OPERATOR_PAUSES,
        flush_s: float = FLUSH_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._channel_id = channel_id
        self._pauses = pauses
        self._flush_s = flush_s
        self._clock = clock
        self._sleep = sleep
        self._loop = asyncio.get_running_loop()
        self._has_lines = asyncio.Event()
        self._lines = OperatorLines(secrets=secrets, notify=self._notify)
        self._sending = asyncio.Lock()
        self._failures = 0
        self._mentioned_at_s: dict[str, float] = {}

    async def run(self) -> None:
        """Post what is logged until cancelled: at once, then at most one message per pause."""
        root = logging.getLogger()
        root.addHandler(self._lines)
        try:
            while True:
                await self._has_lines.wait()
                await self._sleep(await self._send())
        finally:
            root.removeHandler(self._lines)

    async def flush(self) -> None:
        """Post what is gathered now, if that takes no longer than `flush_s`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._flush_s):
                await self._send()

    def _notify(self) -> None:
        with suppress(RuntimeError):  # a thread that outlives the event loop may still log
            self._loop.call_soon_threadsafe(self._has_lines.set)

    async def _send(self) -> float:
        """Post the gathered lines, if there are any; return the seconds until the next message."""
        async with self._sending:
            self._has_lines.clear()
            gathered = self._lines.take()
            if not gathered.lines:
                return 0.0
            try:
                await self._post(gathered)
            except Exception as error:  # noqa: BLE001 - an edge: the bot works without this channel
                return self._fail(gathered, error)
            self._failures = 0
            return self._pauses.delay_s(1)

    async def _post(self, gathered: GatheredLines) -> None:
        news = self._news(gathered.lines)
        owner_ids = await self._owner_ids() if news else ()
        async with in_time(SEND_S):
            await self._client.get_partial_messageable(self._channel_id).send(
                operator_message(gathered, owner_ids, self._names()),
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[discord.Object(one) for one in owner_ids]
                ),
            )
        if owner_ids:
            self._mentioned_at_s |= dict.fromkeys(news, self._clock())

    def _names(self) -> dict[int, str]:
        """Return the names of the servers that this process sees."""
        return {guild.id: guild.name for guild in self._client.guilds}

    def _fail(self, gathered: GatheredLines, error: Exception) -> float:
        """Keep lines that Discord may take later, and log the first failure in a row."""
        self._failures += 1
        if self._failures == 1:
            log.warning(
                "the channel of OPERATOR_CHANNEL_ID takes no lines, which are only here: %s", _cause(error)
            )
        retry_after_s = None
        if isinstance(error, RetryableError):
            retry_after_s = error.retry_after_s
            self._lines.put_back(gathered)
            self._has_lines.set()
        return self._pauses.delay_s(self._failures, retry_after_s=retry_after_s)

    def _news(self, lines: Iterable[OperatorLine]) -> set[str]:
        """Return the kinds of lines that stop songs and have mentioned nobody for a while."""
        since_s = self._clock() - MENTION_S
        kinds = {line.stops_songs for line in lines} - {None}
        return {kind for kind in kinds if kind and self._mentioned_at_s.get(kind, since_s) <= since_s}

    async def _owner_ids(self) -> tuple[int, ...]:
        """Ask Discord for the owners; without an answer nobody is mentioned until the next message."""
        try:
            async with asyncio.timeout(OWNERS_S):
                application = await self._client.application_info()
        except API_ERRORS as error:
            log.info("the bot's owner is not mentioned: Discord did not name them: %s", error)
            return ()
        return tuple(sorted(owners(application)))[:MAX_OWNERS]


def _cause(error: Exception) -> str:
    if isinstance(error, RetryableError | NoAccessError | InvalidMessageError):
        return error.cause
    return type(error).__name__


def operator_message(
    gathered: GatheredLines, owner_ids: Sequence[int], names: Mapping[int, str] = NO_NAMES
) -> str:
    """Return the message: mentions, then the lines, those that stop songs first, as many as fit.

    Servers that are in `names` are named beside their ids.
    """
    shown = [" ".join(map(mention, owner_ids))] if owner_ids else []
    left_out = gathered.left_out
    for line in sorted(gathered.lines, key=lambda line: not line.stops_songs):
        text = _shown(line, names)
        if len("\n".join((*shown, text))) > CONTENT_LIMIT - len(MORE) - 10:
            left_out += line.count
        else:
            shown.append(text)
    if left_out:
        shown.append(MORE.format(count=f"{left_out:,}"))
    return "\n".join(shown)


def _shown(line: OperatorLine, names: Mapping[int, str]) -> str:
    times = f" **\N{MULTIPLICATION SIGN}{line.count:,}**" if line.count > 1 else ""
    text = _SERVER.sub(
        lambda found: f"server {server_name(int(found[1]), names.get(int(found[1])))}",
        quoted(line.text, limit=LINE_LIMIT),
    )
    about = [f"request {', '.join(map(str, line.request_ids))}"] if line.request_ids else []
    if line.guild_ids:
        about.append(f"server {', '.join(server_name(one, names.get(one)) for one in line.guild_ids)}")
    beside = f" ({'; '.join(about)})" if about else ""
    return f"{text}{times}{beside}"
