"""The real client only: its key, its limits and its connection, on loopback."""

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.domain.errors import (
    AccountError,
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
)
from bot.domain.song_options import SongSpec
from bot.suno.client import REPLY_LIMIT, CqtaiClient, Timeouts, provider_session

KEY = "sk-3f1c8a5d9b"
SPEC = SongSpec(playlist_id="119573ff-8e48-4c0e-9d3a-6a1f0c2b7d55", model="v55")

Stream = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with one request, given its head."""


@asynccontextmanager
async def serving(answer: Stream) -> AsyncIterator[str]:
    """A bare TCP server, for what no web framework would send; gives its address."""

    connections: set[asyncio.Task[object]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                await answer(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            for task in connections:  # one may answer for ever, and the server waits for it
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


@asynccontextmanager
async def calling(base_url: str, *, timeouts: Timeouts | None = None) -> AsyncIterator[CqtaiClient]:
    async with provider_session() as session:
        yield CqtaiClient(session, base_url=base_url, api_key=KEY, timeouts=timeouts)


def http(body: bytes, *, status: str = "200 OK", more: bytes = b"") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n".encode() + more + b"\r\n" + body


def said(error: BaseException) -> str:
    """Return everything that could be logged about an error and its causes."""
    texts = [*traceback.format_exception(error)]
    behind: BaseException | None = error
    while behind is not None:
        texts += [str(behind), repr(behind), repr(vars(behind))]
        behind = behind.__cause__ or behind.__context__
    return "\n".join(texts)


async def failure(call: Awaitable[object]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize("base_url", ["", "api.cqtai.com", "ftp://api.cqtai.com", "http://"])
async def test_an_address_that_is_none_is_refused_at_once(base_url: str) -> None:
    async with provider_session() as session:
        with pytest.raises(ValueError, match="address"):
            CqtaiClient(session, base_url=base_url, api_key=KEY)


@pytest.mark.parametrize("key", ["", "two words", "line\r\nX-Other: 1", "schlüssel"])
async def test_a_key_that_no_header_may_carry_is_refused_and_not_repeated(key: str) -> None:
    async with provider_session() as session:
        with pytest.raises(ValueError, match="key") as caught:
            CqtaiClient(session, base_url="https://api.cqtai.com", api_key=key)
    assert not key or key not in said(caught.value)


async def test_the_paths_of_the_page_stand_below_the_address_and_both_calls_bear_the_key() -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(http(b'{"code": 200, "data": "t"}', more=b"Connection: close\r\n"))
        writer.close()

    async with serving(answer) as address, calling(f"{address}/proxy/") as client:
        await client.submit(SPEC)
        await failure(client.query("a b&c"))
    assert heads[0].startswith(b"POST /proxy/api/cqt/generator/suno HTTP/1.1\r\n")
    assert heads[1].startswith(b"GET /proxy/api/cqt/info/suno?id=a+b%26c HTTP/1.1\r\n")
    assert all(f"Authorization: Bearer {KEY}\r\n".encode() in head for head in heads)


async def test_a_paid_call_on_a_dying_connection_is_made_once() -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        if head.startswith(b"GET"):
            writer.write(http(b'{"code": 200, "data": {}}'))
        else:
            writer.close()

    async with serving(answer) as address, calling(address) as client:
        await client.query("t")
        error = await failure(client.submit(SPEC))
    assert isinstance(error, OutcomeUnknownError)
    assert [head.split()[0] for head in heads] == [b"GET", b"POST"]


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_no_redirect_is_followed(status: str) -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(http(b"", status=status, more=b"Location: /elsewhere\r\n"))

    async with serving(answer) as address, calling(address) as client:
        assert isinstance(await failure(client.query("t")), NoAnswerError)
        assert isinstance(await failure(client.submit(SPEC)), NotAcceptedError)
    assert len(heads) == 2


async def test_an_endless_reply_is_cut_off() -> None:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" " * 65_536)
            await writer.drain()

    async with serving(answer) as address, calling(address) as client:
        error = await failure(client.query("t"))
        assert isinstance(error, NoAnswerError)
        assert str(REPLY_LIMIT) in error.cause
        assert isinstance(await failure(client.submit(SPEC)), OutcomeUnknownError)


async def test_a_reply_that_does_not_come_in_time_leaves_the_outcome_unknown() -> None:
    answered: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"id=warm" not in head:
            await asyncio.Event().wait()
        answered.append(head)
        writer.write(http(b'{"code": 200, "data": {}}'))

    async with serving(answer) as address, provider_session() as session:
        patient = CqtaiClient(session, base_url=address, api_key=KEY)
        hasty = CqtaiClient(
            session, base_url=address, api_key=KEY, timeouts=Timeouts(submit_s=0.1, query_s=0.1)
        )
        await patient.query("warm")  # the time is then not spent on connecting
        question = await failure(hasty.query("t"))
        await patient.query("warm")
        order = await failure(hasty.submit(SPEC))
    assert isinstance(question, NoAnswerError)
    assert question.cause == "no answer in time"
    assert isinstance(order, OutcomeUnknownError)
    assert len(answered) == 2


class Names(AbstractResolver):
    """A name server that knows no name, or never answers."""

    def __init__(self, *, is_silent: bool) -> None:
        self.is_silent = is_silent

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self.is_silent:
            await asyncio.Event().wait()
        raise OSError("no such name")

    async def close(self) -> None:
        return


@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_connection_that_does_not_open_has_sent_nothing(is_silent: bool) -> None:
    connector = aiohttp.TCPConnector(resolver=Names(is_silent=is_silent))
    async with aiohttp.ClientSession(connector=connector) as session:
        client = CqtaiClient(
            session, base_url="http://provider.test", api_key=KEY, timeouts=Timeouts(connect_s=0.02)
        )
        assert isinstance(await failure(client.submit(SPEC)), NotAcceptedError)
        assert isinstance(await failure(client.query("t")), NoAnswerError)


async def test_a_failed_handshake_has_sent_nothing() -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b"no TLS here"))
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with calling(address) as client:
            assert isinstance(await failure(client.submit(SPEC)), NotAcceptedError)


@pytest.mark.parametrize(
    "reply",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
        http(f'{{"code": 401, "msg": "bad key {KEY}"}}'.encode(), status="401 Unauthorized"),
        http(f'{{"code": 500, "msg": "{KEY}"}}'.encode(), more=f"Content-Type: {KEY}\r\n".encode()),
        b"",
    ],
)
async def test_the_key_is_in_no_error_and_in_no_log(reply: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        writer.close()

    caplog.set_level(logging.DEBUG)
    async with serving(answer) as address, calling(address) as client:
        errors = [await failure(client.submit(SPEC)), await failure(client.query("t"))]
        assert KEY not in repr(client)
    assert all(KEY not in said(error) for error in errors)
    assert KEY not in caplog.text


async def test_a_refused_key_is_told_without_the_key() -> None:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(http(f'{{"code": 401, "msg": "invalid key {KEY}"}}'.encode()))

    async with serving(answer) as address, calling(address) as client:
        error = await failure(client.query("t"))
    assert isinstance(error, AccountError)
    assert error.text == "invalid key [key]"


async def test_no_cookie_is_sent_back() -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(http(b'{"code": 200, "data": {}}', more=b"Set-Cookie: id=1\r\n"))

    async with serving(answer) as address, calling(address) as client:
        await client.query("t")
        await client.query("t")
    assert [b"cookie" in head.lower() for head in heads] == [False, False]
