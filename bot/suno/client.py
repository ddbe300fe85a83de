"""The provider's two calls, submit and query, over HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from typing_extensions import override
from yarl import URL

from bot.domain.errors import (
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
)
from bot.domain.provider_tasks import TaskReport
from bot.domain.song_options import SongSpec
from bot.services.ports import Clock, SongProvider
from bot.suno.reply import Reply
from bot.suno.wire import QUERY_PATH, SUBMIT_PATH, read_query, read_submit, submit_body

REPLY_LIMIT = 8 * 1024 * 1024
"""Bytes; a reply with two clips has about 6,000. A longer one counts as none, so long lyrics have to fit."""
KEEP_ALIVE_S = 2.0
"""Seconds that an idle connection is kept: less than servers do, so that no paid call meets a closing one."""
SECRET_LENGTH = 8
"""Characters; a shorter key could be an ordinary word, and is not redacted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The provider's timeouts, in seconds."""

    connect_s: float = 10.0
    """To accept a connection; nothing is sent before."""
    submit_s: float = 60.0
    """To answer the paid call: long, because after a timeout its outcome is unknown."""
    query_s: float = 20.0
    """To answer a query."""


@dataclass(frozen=True, slots=True)
class _NoReply:
    """A call without a reply."""

    cause: str
    was_sent: bool


def provider_session() -> aiohttp.ClientSession:
    """Create a session for the provider's calls; the caller closes it."""
    connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S)
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


class CqtaiClient(SongProvider):
    """The client of CQTAI's Suno API, with one account's key.

    Raises:
        ValueError: the address or the key cannot be used.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        api_key: str,
        timeouts: Timeouts | None = None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        base = URL(base_url.rstrip("/"))
        if base.scheme not in {"http", "https"} or not base.host:
            raise ValueError("the provider's address is not an http or https URL")
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise ValueError("the provider's key is empty or has characters that no header may carry")
        self._session = session
        self._base = base
        self._key = api_key
        self._timeouts = timeouts or Timeouts()
        self._clock = clock

    @override
    async def submit(self, spec: SongSpec) -> str:
        answer = await self._call(
            "POST", SUBMIT_PATH, body=submit_body(spec), total_s=self._timeouts.submit_s
        )
        if isinstance(answer, Reply):
            return read_submit(answer)
        if not answer.was_sent:
            raise NotAcceptedError(answer.cause)
        raise OutcomeUnknownError(answer.cause)

    @override
    async def query(self, task_id: str) -> TaskReport:
        answer = await self._call("GET", QUERY_PATH, task_id=task_id, total_s=self._timeouts.query_s)
        if isinstance(answer, Reply):
            return read_query(answer)
        raise NoAnswerError(answer.cause)

    async def _call(
        self, method: str, path: str, *, total_s: float, body: bytes | None = None, task_id: str | None = None
    ) -> Reply | _NoReply:
        """Make one call and return the reply, or why there is none.

        It returns the failure because an exception would have aiohttp's as its context, which has the key.
        """
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            # aiohttp sends a POST once: after a lost connection it repeats only idempotent methods.
            async with self._session.request(
                method,
                self._base / path,
                params={"id": task_id} if task_id is not None else None,
                data=body,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=total_s, connect=self._timeouts.connect_s),
            ) as response:
                return await self._read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return _NoReply(_cause(error), was_sent=False)
        except (aiohttp.ClientError, OSError) as error:
            return _NoReply(_cause(error), was_sent=True)

    async def _read(self, response: aiohttp.ClientResponse) -> Reply | _NoReply:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > REPLY_LIMIT:
                return _NoReply(f"a reply of more than {REPLY_LIMIT} bytes", was_sent=True)
        return Reply(
            status=response.status,
            body=self._without_key(bytes(body)),
            headers=response.headers,
            received_at=self._clock(),
        )

    def _without_key(self, body: bytes) -> bytes:
        """Redact our key, which some servers repeat in an error."""
        return body.replace(self._key.encode(), b"[key]") if len(self._key) >= SECRET_LENGTH else body


def _cause(error: Exception) -> str:
    """Describe the error without the request's headers, which have the key."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return type(error).__name__
