"""Calls with an interaction's token, without retries that could post a message twice."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp
import discord
from discord.http import Route, json_or_text
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bot.chat.api_errors import NotConnectedError
from bot.chat.timings import CHAT_TIMINGS

ALREADY_ACKNOWLEDGED = 40060
CALLBACK = "/callback"
"""End of the route of an interaction's first answer."""
CALLBACK_PAUSES_S = (0.05, 0.2, 0.5)
"""Seconds before each retry of a first answer; all fit into the 3 s that Discord waits."""
PAUSES_S = (1.0, 3.0, 5.0, 7.0)
"""Seconds before each retry of another call; discord.py's own values."""
ATTEMPTS = 1 + len(PAUSES_S)
CALLBACK_S = 3.0
"""Seconds for which Discord waits for a first answer; it does not wait for a longer rate limit."""
TOKEN_S = 900.0
"""Seconds that an interaction's token lives."""
TOO_MANY = 429
FAILED = 500
KEPT = 1_000
"""How many interactions with an interrupted first answer are remembered; the oldest are dropped."""
CUT_OFF = (aiohttp.ClientError, json.JSONDecodeError, OSError)
"""Errors after which nobody knows whether the attempt took effect."""


class SafeWebhookAdapter(AsyncWebhookAdapter):
    """discord.py's webhook calls with safe retries, and a lock that a cancelled call releases.

    discord.py retries every call that gets a 5xx, which can post a follow-up twice: webhooks have no nonce.
    Here only idempotent calls are retried: edits, deletions, and the first answer to an interaction, of which
    Discord refuses a second one with 40060.
    """

    def __init__(self, *, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self._pauses_s = pauses_s
        self._locks: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self._cut_off: OrderedDict[str | int | None, None] = OrderedDict()
        """The interactions whose first answer was interrupted: nobody knows whether Discord has it."""

    async def request(
        self,
        route: Route,
        session: aiohttp.ClientSession,
        *,
        payload: dict[str, Any] | None = None,
        multipart: list[dict[str, Any]] | None = None,
        proxy: str | None = None,
        proxy_auth: aiohttp.BasicAuth | None = None,
        files: Sequence[discord.File] | None = None,
        reason: str | None = None,
        auth_token: str | None = None,
        params: dict[str, Any] | None = None,
    ) -> object:
        """Make the call, one at a time per token; if the rate limit is used up, the next one waits.

        Raises:
            discord.HTTPException, aiohttp.ClientError, OSError
            discord.RateLimited: the rate limit ends after the call's deadline.
        """
        if reason is not None or auth_token is not None:
            # discord.py passes these for webhooks of one's own; to ignore them would call without them
            raise NotImplementedError("the bot owns no webhooks")
        call = _Call(session, route, files=files or (), payload=payload, multipart=multipart)
        call.pauses_s = self._pauses_s
        call.options = {"params": params, "proxy": proxy, "proxy_auth": proxy_auth}
        lock = self._locks.setdefault((route.webhook_id, route.webhook_token), asyncio.Lock())
        await lock.acquire()
        call.was_cut_off = call.is_callback and route.webhook_id in self._cut_off
        try:
            return await call.answer()
        except asyncio.CancelledError:
            call.was_cut_off = True
            raise
        finally:
            if call.is_callback and call.was_cut_off:
                self._remember(route.webhook_id)
            _release(lock, after_s=call.rest_s)

    def was_cut_off(self, interaction_id: int) -> bool:
        """Tell whether a first answer was interrupted: the one in Discord may be that of another copy."""
        return interaction_id in self._cut_off

    def _remember(self, interaction_id: str | int | None) -> None:
        self._cut_off[interaction_id] = None
        if len(self._cut_off) > KEPT:
            self._cut_off.popitem(last=False)


def _release(lock: asyncio.Lock, *, after_s: float) -> None:
    if after_s:
        asyncio.get_running_loop().call_later(after_s, lock.release)
    else:
        lock.release()


class _Call:
    """One call and its attempts."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        route: Route,
        *,
        files: Sequence[discord.File],
        payload: Mapping[str, object] | None,
        multipart: Sequence[Mapping[str, Any]] | None,
    ) -> None:
        self._session = session
        self._route = route
        self._files = files
        self._payload = payload
        self._multipart = multipart
        self.is_callback = route.path.endswith(CALLBACK)
        self.pauses_s: Sequence[float] = PAUSES_S
        self.options: dict[str, Any] = {}
        """Further arguments for aiohttp."""
        self.was_cut_off = False
        """True if an attempt of this call, or of an earlier one, may have taken effect."""
        self.rest_s = 0.0
        """Seconds until the token's rate limit allows another call."""
        within_s = min(_within_s.get(), CALLBACK_S if self.is_callback else TOKEN_S)
        self._deadline_s = asyncio.get_running_loop().time() + within_s

    async def answer(self) -> object:
        """Make the call with retries, and return the parsed answer."""
        pauses = iter(self._pauses())
        error: Exception
        for attempt in range(ATTEMPTS):
            try:
                return await self._attempt(attempt)
            except _TooManyError as refused:
                self._require_time_for(refused.pause_s)
                error, pause_s = refused.error, refused.pause_s if attempt + 1 < ATTEMPTS else None
            except discord.HTTPException as refused:
                if self.was_cut_off and self.is_callback and refused.code == ALREADY_ACKNOWLEDGED:
                    return {"interaction": {"id": str(self._route.webhook_id)}}  # an earlier attempt did it
                error, pause_s = refused, None
                if refused.status >= FAILED:
                    self.was_cut_off, pause_s = True, next(pauses, None)
            except NotConnectedError:
                raise
            except CUT_OFF as broken:
                self.was_cut_off, error, pause_s = True, broken, next(pauses, None)
            if pause_s is None:
                raise error
            await asyncio.sleep(pause_s)
        raise RuntimeError("unreachable: the last attempt has no pause")

    def _require_time_for(self, pause_s: float) -> None:
        """Raise if the call's deadline is within `pause_s` seconds.

        Raises:
            discord.RateLimited: it is.
        """
        if asyncio.get_running_loop().time() + pause_s >= self._deadline_s:
            # results and endings then go another way, and a status is edited by the bot's token
            raise discord.RateLimited(pause_s)

    def _pauses(self) -> Sequence[float]:
        """Return the seconds before each retry of an attempt that may have taken effect."""
        if self.is_callback:
            return CALLBACK_PAUSES_S
        return () if self._route.method == "POST" else self.pauses_s

    async def _attempt(self, attempt: int) -> object:
        if self._session is discord.utils.MISSING or self._session.closed:
            raise NotConnectedError
        async with self._session.request(
            self._route.method,
            self._route.url,
            timeout=self._timeout(),
            **self._body(attempt),
            **self.options,
        ) as response:
            data = await json_or_text(response)
        if response.headers.get("X-Ratelimit-Remaining") == "0" and response.status != TOO_MANY:
            self.rest_s = max(0.0, float(response.headers.get("X-Ratelimit-Reset-After", 0)))
        if response.status >= 300:
            raise _refusal(response, data)
        if isinstance(data, str) and data:
            raise aiohttp.ClientPayloadError("an answer that is not Discord's")
        return data

    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=CHAT_TIMINGS.upload_s if self._files else CHAT_TIMINGS.attempt_s)

    def _body(self, attempt: int) -> dict[str, Any]:
        """Build the body of one attempt; files that were sent before are rewound."""
        for file in self._files:
            file.reset(seek=attempt)
        if self._multipart:
            form = aiohttp.FormData(quote_fields=False)
            for part in self._multipart:
                form.add_field(**part)
            return {"data": form}
        if self._payload is None:
            return {}
        return {"data": json.dumps(self._payload), "headers": {"Content-Type": "application/json"}}


class _TooManyError(Exception):
    """A rate limit that ends after a pause; Discord did not process the call."""

    def __init__(self, error: discord.HTTPException, pause_s: float) -> None:
        super().__init__()
        self.error = error
        self.pause_s = pause_s


def _refusal(response: aiohttp.ClientResponse, data: dict[str, Any] | str) -> Exception:
    """Return the exception that discord.py raises for the response, or a rate limit to wait for."""
    if response.status == 403:
        return discord.Forbidden(response, data)
    if response.status == 404:
        return discord.NotFound(response, data)
    if response.status >= FAILED:
        return discord.DiscordServerError(response, data)
    error = discord.HTTPException(response, data)
    if response.status == TOO_MANY and isinstance(data, dict) and "Via" in response.headers:
        return _TooManyError(error, float(data["retry_after"]))
    return error


ADAPTER: Final = SafeWebhookAdapter()
_within_s: ContextVar[float] = ContextVar("within_s", default=TOKEN_S)


@contextmanager
def safe_webhooks(within_s: float = TOKEN_S, adapter: SafeWebhookAdapter = ADAPTER) -> Iterator[None]:
    """Use the safe adapter for discord.py's webhook calls in this task and in those that it starts.

    A call does not wait for a rate limit that ends more than `within_s` seconds after the call began.
    """
    token, limit = async_context.set(adapter), _within_s.set(within_s)
    try:
        yield
    finally:
        _within_s.reset(limit)
        async_context.reset(token)
