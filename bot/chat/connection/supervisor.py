"""The connection to Discord, kept by a supervisor: whatever refuses or ends it, it is tried again.

Only a token that Discord refuses and settings that it cannot serve end the process.
"""

import asyncio
import logging
from dataclasses import dataclass
from types import MappingProxyType

import aiohttp
import discord

from bot.chat.api_errors import TROUBLE
from bot.chat.connection.client import InspireClient
from bot.domain.errors import StoreError
from bot.domain.gateway_sessions import Backoff, SessionLimit
from bot.services.runtime.gateway_sessions import GatewaySessions

log = logging.getLogger(__name__)

STEADY_S = 300.0
"""Seconds after which a connection has worked, and its end is no failure in a row."""
LONGEST_WAIT_S = 600.0
"""Seconds after which the number of sessions that are left is asked for again."""
LOGIN_REFUSED = "DISCORD_TOKEN is not taken: make a new one in the developer portal (Bot > Reset Token)."
SHARDS_REFUSED = (
    "Discord does not take --shards and --shard-count: leave both out, or have --shard-count as high as"
    " Discord recommends."
)
CLOSE_CODES = MappingProxyType(
    {
        4004: LOGIN_REFUSED,
        4010: SHARDS_REFUSED,
        4011: SHARDS_REFUSED,
        4012: "Discord no longer speaks with this version of the bot: update it.",
        4013: "Discord does not take the bot's intents: update the bot.",
        4014: "Discord does not let the bot have its intents: see Bot > Privileged Gateway Intents in the"
        " developer portal.",
    }
)
"""What a setting has to do with the end of a connection, by the gateway's close code."""


CONNECTING = Backoff(first_s=1.0, longest_s=120.0)
SYNCING = Backoff(first_s=5.0, longest_s=900.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTimings:
    """How long the connection waits, and when it tries again."""

    connecting: Backoff = CONNECTING
    syncing: Backoff = SYNCING
    login_s: float = 60.0
    """Seconds that a login may take, discord.py's own repeats included."""
    first_sync_s: float = 10.0
    """Seconds for which it waits for the commands to be registered, before the first member comes."""


class SetupError(Exception):
    """Discord will never take the bot as it is set up; the words say what to mend."""


class TooManySessionsError(OSError):
    """A shard has begun so many sessions that it has to wait."""


class ConnectionSupervisor:
    """Keeps the client logged in, its commands told, and its shards connected, until cancelled."""

    def __init__(
        self,
        client: InspireClient,
        *,
        token: str,
        sessions: GatewaySessions,
        takes_commands: bool,
        timings: ConnectionTimings = ConnectionTimings(),
    ) -> None:
        self._client = client
        self._token = token
        self._sessions = sessions
        self._takes_commands = takes_commands
        self._timings = timings
        self._fixed_shards = client.shard_count
        self._begun: set[int] = set()
        self._connected: set[int] = set()
        """The shards that have begun a session since the last login."""
        self._trouble: str | None = "not connected to Discord: not logged in yet"
        self._sync_trouble: str | None = None
        client.may_identify = self._may_identify

    @property
    def missing(self) -> str | None:
        """What keeps members from being served, or None."""
        return self._trouble or self._sync_trouble

    async def run(self) -> None:
        """Keep the connection until the client is closed by the stop.

        Raises:
            SetupError: Discord refuses the token, or what the settings ask for.
        """
        failures = 0
        while not self._is_over():
            await self._login()
            await self._pause(failures)
            began = asyncio.get_running_loop().time()
            try:
                await self._stay_connected()
                error: Exception | None = None
            except Exception as failure:  # noqa: BLE001 - an edge: whatever ended it, it begins anew
                error = failure
            if self._is_over():
                return
            steady = asyncio.get_running_loop().time() - began > STEADY_S
            failures = 1 if steady else failures + 1
            self._explain(error)
            await self._client.reopen()

    def _is_over(self) -> bool:
        return self._client.draining

    async def _login(self) -> None:
        """Log in, as often as it takes; what is left of an earlier login serves until the next try."""
        failures = 0
        while True:
            try:
                async with asyncio.timeout(self._timings.login_s):
                    await self._client.login(self._token)
            except Exception as error:  # noqa: BLE001 - an edge: anything may answer in Discord's place
                failures += 1
                self._explain(error)
                await self._pause(failures, error)
                await self._client.reopen()
            else:
                log.info("logged in to Discord as %s", self._client.user)
                return

    def _explain(self, error: Exception | None) -> None:
        """Say what is missing.

        Raises:
            SetupError: no further try can mend it.
        """
        _raise_setup_error(error)
        _log_bug(error)
        self._trouble = f"not connected to Discord: {words_of(error)}"

    async def _pause(self, failures: int, error: Exception | None = None) -> None:
        """Wait until the next try, if there were failures."""
        if failures:
            delay_s = self._timings.connecting.delay_s(failures, retry_after_s=_asked_pause_s(error))
            log.warning("%s; trying again in %.0f s", self._trouble, delay_s)
            await asyncio.sleep(delay_s)

    async def _stay_connected(self) -> None:
        """Tell the commands, and keep the shards connected while that works."""
        if not self._takes_commands:
            self._trouble = None
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            attempted = asyncio.Event()
            syncing = group.create_task(self._sync(attempted))
            shard_count = await self._leave_to_connect()
            first_sync_s = self._timings.first_sync_s
            try:
                async with asyncio.timeout(first_sync_s):
                    await attempted.wait()
            except TimeoutError:
                log.warning("Discord has not said within %.0f s which commands it has", first_sync_s)
            self._client.shard_count = shard_count
            self._connected.clear()
            self._trouble = None
            await self._client.connect()
            syncing.cancel()

    async def _sync(self, attempted: asyncio.Event) -> None:
        """Tell Discord the commands, as often as it takes."""
        failures = 0
        while True:
            try:
                await self._client.sync_commands()
            except Exception as error:  # noqa: BLE001 - an edge: members can be served without it
                failures += 1
                _log_bug(error)
                delay_s = self._timings.syncing.delay_s(failures, retry_after_s=_asked_pause_s(error))
                self._sync_trouble = f"Discord was not told the commands: {words_of(error)}"
                log.warning("%s; trying again in %.0f s", self._sync_trouble, delay_s)
                attempted.set()
                await asyncio.sleep(delay_s)
            else:
                self._sync_trouble = None
                attempted.set()
                return

    async def _leave_to_connect(self) -> int:
        """Wait until all shards may begin a session; return how many shards there are."""
        failures = 0
        while True:
            try:
                shard_count, wait_s = await self._wait_for_sessions()
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                failures += 1
                self._explain(error)
                await self._pause(failures, error)
            else:
                if wait_s <= 0:
                    return shard_count
                await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))

    async def _wait_for_sessions(self) -> tuple[int, float]:
        """Return how many shards there are, and the seconds until this process's may begin sessions."""
        advised, _, told = await self._client.http.get_bot_gateway()
        limit = SessionLimit(
            total=told["total"], remaining=told["remaining"], reset_after_s=told["reset_after"] / 1000
        )
        shard_count = self._fixed_shards or advised
        shard_ids = self._client.shard_ids or range(shard_count)
        if (wait_s := limit.wait_s(len(shard_ids))) > 0:
            self._trouble = f"not connected to Discord: {limit.remaining} of {limit.total} sessions are left"
            log.error(
                "OPERATOR: few connections to Discord are left: %d of %d for the next %.0f s; Discord"
                " resets the token of a bot that uses them up. Songs go on; it connects when there are more",
                limit.remaining,
                limit.total,
                wait_s,
            )
            return shard_count, wait_s
        wait_s, begun = await self._sessions.pause(shard_ids)
        if wait_s > 0:
            self._trouble = f"not connected to Discord: connected {begun} times within an hour"
            log.error(
                "OPERATOR: the bot has connected to Discord %d times within an hour: it waits %.0f s, since"
                " Discord resets the token after %d times in a day. Find out what ends it",
                begun,
                wait_s,
                limit.total,
            )
        return shard_count, wait_s

    async def _may_identify(self, shard_id: int) -> None:
        """Remember that the shard begins a session; after its first one it has to have leave again.

        Raises:
            TooManySessionsError: it has to wait.
        """
        if shard_id in self._connected:
            pause_s, begun = await self._sessions.pause((shard_id,))
            if pause_s > 0:
                raise TooManySessionsError(f"{begun} sessions within an hour: not before {pause_s:.0f} s")
        self._connected.add(shard_id)
        self._begun.add(shard_id)
        await self._sessions.begin(shard_id)

    async def reset_sessions(self) -> None:
        """Forget the sessions that were begun: the process ends in good order."""
        if self._begun:
            await self._sessions.reset(sorted(self._begun))


def _log_bug(error: Exception | None) -> None:
    """Log where an error was raised that is neither Discord's, the network's nor the database's."""
    expected = (*TROUBLE, discord.DiscordException, StoreError, ExceptionGroup)
    if error is not None and not isinstance(error, expected):
        log.error("Unexpected error in the connection to Discord", exc_info=error)


def words_of(error: Exception | None) -> str:
    """Say in a few words what Discord answered, without addresses and payloads."""
    match error:
        case None:
            return "the connection ended"
        case ExceptionGroup():
            return words_of(error.exceptions[0])
        case discord.RateLimited():
            return f"too many requests, for {error.retry_after:.0f} s"
        case discord.HTTPException():
            return f"status {error.status}, code {error.code}"
        case discord.GatewayNotFound() if error.__cause__ is not None:
            return words_of(_as_error(error.__cause__))
        case discord.ConnectionClosed():
            return f"closed with {error.code}"
        case _:
            return type(error).__name__


def _as_error(cause: BaseException) -> Exception | None:
    return cause if isinstance(cause, Exception) else None


def _asked_pause_s(error: Exception | None) -> float | None:
    """Return the pause that Discord asked for, in seconds, if it did."""
    match error:
        case ExceptionGroup():
            return _asked_pause_s(error.exceptions[0])
        case discord.RateLimited():
            return error.retry_after
        case discord.HTTPException():
            try:
                return float(error.response.headers.get("Retry-After", ""))
            except ValueError:
                return None
        case discord.GatewayNotFound() if error.__cause__ is not None:
            return _asked_pause_s(_as_error(error.__cause__))
        case _:
            return None


def _raise_setup_error(error: Exception | None) -> None:
    """Raise the sentence for what no further try can mend.

    Raises:
        SetupError: the token or a setting is wrong.
    """
    match error:
        case ExceptionGroup():
            _raise_setup_error(error.exceptions[0])
        case discord.LoginFailure():
            raise SetupError(LOGIN_REFUSED) from error
        case discord.PrivilegedIntentsRequired():
            raise SetupError(CLOSE_CODES[4014]) from error
        case discord.ConnectionClosed() if error.code in CLOSE_CODES:
            raise SetupError(CLOSE_CODES[error.code]) from error
        case _:
            return
