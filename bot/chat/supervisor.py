"""Supervisor of the connection to Discord, which connects again whatever refused or ended it.

Only a token or settings that Discord refuses end the process.
"""

import asyncio
import logging
from dataclasses import dataclass
from types import MappingProxyType

import aiohttp
import discord

from bot.chat.api_errors import API_ERRORS
from bot.chat.client import InspireClient
from bot.domain.errors import StoreError
from bot.domain.gateway_sessions import SessionLimit
from bot.domain.retry_policy import RetryPolicy
from bot.services.runtime.gateway_sessions import GatewaySessions

log = logging.getLogger(__name__)

STEADY_S = 300.0
"""Seconds after which a connection counts as stable: its end resets the count of failures."""
MAX_WAIT_S = 600.0
"""Seconds after which the number of remaining sessions is fetched again."""
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
"""What the operator has to change, by the gateway's close code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTimings:
    """Timeouts and retries of the connection."""

    connecting: RetryPolicy = RetryPolicy(first_s=1.0, max_s=120.0)
    syncing: RetryPolicy = RetryPolicy(first_s=5.0, max_s=900.0)
    login_s: float = 60.0
    """Timeout of a login in seconds, discord.py's own retries included."""
    first_sync_s: float = 10.0
    """Seconds for which it waits for the commands to be registered before it connects."""


class SetupError(Exception):
    """A setting that Discord will never accept; the text says what to change."""


class TooManySessionsError(OSError):
    """A shard has started so many sessions that it has to wait."""


class ConnectionSupervisor:
    """Supervisor that keeps the client logged in, its commands registered and its shards connected."""

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
        """The shards that have started a session since the last login."""
        self._problem: str | None = "not connected to Discord: not logged in yet"
        self._sync_problem: str | None = None
        client.may_identify = self._may_identify

    @property
    def missing(self) -> str | None:
        """Say why members cannot be served, or None if they can."""
        return self._problem or self._sync_problem

    async def run(self) -> None:
        """Keep the connection until shutdown.

        Raises:
            SetupError: Discord refuses the token or a setting.
        """
        failures = 0
        while not self._is_over():
            await self._login()
            await self._pause(failures)
            began = asyncio.get_running_loop().time()
            try:
                await self._stay_connected()
                error: Exception | None = None
            except Exception as failure:  # noqa: BLE001 - an edge: whatever ended it, it connects again
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
        """Log in, and retry until it succeeds.

        The session of an earlier login, if any, stays in use until the first failure.
        """
        failures = 0
        while True:
            try:
                async with asyncio.timeout(self._timings.login_s):
                    await self._client.login(self._token)
            except Exception as error:  # noqa: BLE001 - an edge: a proxy may answer in Discord's place
                failures += 1
                self._explain(error)
                await self._pause(failures, error)
                await self._client.reopen()
            else:
                log.info("logged in to Discord as %s", self._client.user)
                return

    def _explain(self, error: Exception | None) -> None:
        """Set the reason why the bot is not connected, and log an unexpected error.

        Raises:
            SetupError: retrying cannot help.
        """
        _raise_setup_error(error)
        _log_bug(error)
        self._problem = f"not connected to Discord: {words_of(error)}"

    async def _pause(self, failures: int, error: Exception | None = None) -> None:
        """Wait until the next attempt if there were failures."""
        if failures:
            delay_s = self._timings.connecting.delay_s(failures, retry_after_s=_retry_after_s(error))
            log.warning("%s; trying again in %.0f s", self._problem, delay_s)
            await asyncio.sleep(delay_s)

    async def _stay_connected(self) -> None:
        """Register the commands and connect the shards; return when the connection ends."""
        if not self._takes_commands:
            self._problem = None
            await asyncio.Event().wait()
        async with asyncio.TaskGroup() as group:
            attempted = asyncio.Event()
            syncing = group.create_task(self._sync(attempted))
            shard_count = await self._wait_until_allowed()
            first_sync_s = self._timings.first_sync_s
            try:
                async with asyncio.timeout(first_sync_s):
                    await attempted.wait()
            except TimeoutError:
                log.warning("The commands were not registered within %.0f s", first_sync_s)
            self._client.shard_count = shard_count
            self._connected.clear()
            self._problem = None
            await self._client.connect()
            syncing.cancel()

    async def _sync(self, attempted: asyncio.Event) -> None:
        """Register the commands, and retry until it succeeds; set `attempted` after the first attempt."""
        failures = 0
        while True:
            try:
                await self._client.sync_commands()
            except Exception as error:  # noqa: BLE001 - an edge: members can be served without it
                failures += 1
                _log_bug(error)
                delay_s = self._timings.syncing.delay_s(failures, retry_after_s=_retry_after_s(error))
                self._sync_problem = f"Discord was not told the commands: {words_of(error)}"
                log.warning("%s; trying again in %.0f s", self._sync_problem, delay_s)
                attempted.set()
                await asyncio.sleep(delay_s)
            else:
                self._sync_problem = None
                attempted.set()
                return

    async def _wait_until_allowed(self) -> int:
        """Wait until all shards may start a session; return the number of shards."""
        failures = 0
        while True:
            try:
                shard_count, wait_s = await self._check_sessions()
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                failures += 1
                self._explain(error)
                await self._pause(failures, error)
            else:
                if wait_s <= 0:
                    return shard_count
                await asyncio.sleep(min(wait_s, MAX_WAIT_S))

    async def _check_sessions(self) -> tuple[int, float]:
        """Return the number of shards, and the seconds until those of this process may start sessions."""
        recommended, _, start_limit = await self._client.http.get_bot_gateway()
        limit = SessionLimit(
            total=start_limit["total"],
            remaining=start_limit["remaining"],
            reset_after_s=start_limit["reset_after"] / 1000,
        )
        shard_count = self._fixed_shards or recommended
        shard_ids = self._client.shard_ids or range(shard_count)
        if (wait_s := limit.wait_s(len(shard_ids))) > 0:
            self._problem = f"not connected to Discord: {limit.remaining} of {limit.total} sessions are left"
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
            self._problem = f"not connected to Discord: connected {begun} times within an hour"
            log.error(
                "OPERATOR: the bot has connected to Discord %d times within an hour: it waits %.0f s, since"
                " Discord resets the token after %d times in a day. Find out what ends it",
                begun,
                wait_s,
                limit.total,
            )
        return shard_count, wait_s

    async def _may_identify(self, shard_id: int) -> None:
        """Record that the shard starts a session; after its first one, check that it may.

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
        """Delete the record of started sessions, because the process shuts down properly."""
        if self._begun:
            await self._sessions.reset(sorted(self._begun))


def _log_bug(error: Exception | None) -> None:
    """Log an error that comes neither from Discord nor the network nor the database, with its traceback."""
    expected = (*API_ERRORS, discord.DiscordException, StoreError, ExceptionGroup)
    if error is not None and not isinstance(error, expected):
        log.error("Unexpected error in the connection to Discord", exc_info=error)


def words_of(error: Exception | None) -> str:
    """Describe the error in a few words, without addresses and payloads."""
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


def _retry_after_s(error: Exception | None) -> float | None:
    """Return the pause in seconds that Discord asked for, or None."""
    match error:
        case ExceptionGroup():
            return _retry_after_s(error.exceptions[0])
        case discord.RateLimited():
            return error.retry_after
        case discord.HTTPException():
            try:
                return float(error.response.headers.get("Retry-After", ""))
            except ValueError:
                return None
        case discord.GatewayNotFound() if error.__cause__ is not None:
            return _retry_after_s(_as_error(error.__cause__))
        case _:
            return None


def _raise_setup_error(error: Exception | None) -> None:
    """Raise if retrying cannot help, with the text for the operator.

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
