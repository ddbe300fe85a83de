import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import discord
import pytest
from discord.http import Route

from bot.chat.connection.endpoints import point_at
from bot.chat.connection.http_client import SafeHTTPClient
from bot.chat.timings import CHAT_TIMINGS
from sandbox.discord import Fault, FaultKind, LocalDiscord

ME = "GET /users/@me"
LONG_S = 10.0
SILENT_S = CHAT_TIMINGS.silent_s


@asynccontextmanager
async def http_to(local: LocalDiscord, **limits_s: float) -> AsyncIterator[SafeHTTPClient]:
    point_at(local.api_url, None)
    timings = replace(CHAT_TIMINGS, **limits_s)
    http = SafeHTTPClient(asyncio.get_running_loop(), timings, max_ratelimit_timeout=30.0)
    try:
        await http.static_login(local.token)
        yield http
    finally:
        await http.close()


@pytest.fixture
async def local(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDiscord]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    async with LocalDiscord() as local:
        yield local


async def me(http: SafeHTTPClient) -> object:
    return await http.request(Route("GET", "/users/@me"))


async def cut_off(http: SafeHTTPClient, after_s: float = 0.1) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(me(http), after_s)


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED_GLOBALLY, FaultKind.RATE_LIMITED])
async def test_a_caller_that_leaves_in_a_rate_limit_holds_nobody_up(
    local: LocalDiscord, kind: FaultKind
) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=kind, on=ME, after_s=0.3))
        await cut_off(http)
        async with asyncio.timeout(LONG_S):
            assert await me(http)


async def test_many_callers_that_leave_hold_nobody_up(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=FaultKind.RATE_LIMITED_GLOBALLY, on=ME, after_s=0.3, times=3))
        hasty = (asyncio.wait_for(me(http), 0.02 * n) for n in range(1, 10))
        assert TimeoutError in map(type, await asyncio.gather(*hasty, return_exceptions=True))
        async with asyncio.timeout(LONG_S):
            assert await me(http)


async def test_a_pause_that_nobody_ends_is_ended_with_the_first_call_that_waits_too_long(
    local: LocalDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    given_up: list[bool] = []
    async with http_to(local, call_s=0.5) as http:
        http.on_given_up = lambda: given_up.append(True)
        http._global_over.clear()
        with pytest.raises(TimeoutError):
            await me(http)
        assert await me(http)
    assert given_up == [True]
    assert "a call to Discord did not come through in 0.5 s: GET /users/@me" in caplog.text


async def test_a_call_that_is_given_up_in_its_own_pause_ends_the_pause(local: LocalDiscord) -> None:
    async with http_to(local, call_s=0.5) as http:
        local.faults.add(Fault(kind=FaultKind.RATE_LIMITED_GLOBALLY, on=ME, after_s=5))
        with pytest.raises(TimeoutError):
            await me(http)
        assert await me(http)


async def test_an_answer_that_hangs_is_not_waited_for(local: LocalDiscord) -> None:
    async with http_to(local, attempt_s=0.5) as http:
        local.faults.add(Fault(kind=FaultKind.HANG, on=ME, after_s=60))
        with pytest.raises(TimeoutError):
            await me(http)
        assert http.in_flight == 0
        assert await me(http)


async def test_the_same_question_is_asked_once_at_a_time(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=FaultKind.RATE_LIMITED_GLOBALLY, on=ME, after_s=0.3))
        before = len(local.requests)
        for _ in range(5):
            await cut_off(http, 0.02)
        first, second = await asyncio.gather(me(http), me(http))
        assert first == second
        assert first is not second
        assert len(local.requests) - before == 2
        await me(http)
        assert len(local.requests) - before == 3


async def test_a_page_of_a_proxy_is_no_answer(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=FaultKind.STATUS, on=ME, status=200))
        with pytest.raises(aiohttp.ClientPayloadError):
            await me(http)


async def test_who_waits_when_the_client_closes_is_told_of_a_lost_connection(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=FaultKind.RATE_LIMITED_GLOBALLY, on=ME, after_s=5))
        waiting = asyncio.create_task(me(http))
        await local.wait_for(lambda: len(local.faults.struck) == 1, timeout_s=LONG_S)
        await http.close()
        with pytest.raises(aiohttp.ClientConnectionError):
            await waiting


async def test_silence_is_what_lasts_while_calls_wait(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        later_s = asyncio.get_running_loop().time() + SILENT_S + 1
        assert http.silence(now_s=later_s) is None
        http._global_over.clear()
        await cut_off(http)
        assert http.silence() is None
        assert http.silence(now_s=later_s) == "no call to Discord has come through for 61 s"
        http._global_over.set()
        assert await me(http)
        assert http.silence(now_s=later_s) is None


async def test_a_refusal_is_an_answer_and_a_lost_connection_is_none(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=FaultKind.RESET, on=ME, times=None))
        with pytest.raises((aiohttp.ClientError, OSError)):
            await me(http)
        soon_s = asyncio.get_running_loop().time() + SILENT_S - 1
        http._unanswered_since_s = soon_s - SILENT_S
        assert http.silence(now_s=soon_s) == "no call to Discord has come through for 60 s"
        assert http.silence(now_s=soon_s + SILENT_S) is None, "nobody tries any longer"
        with pytest.raises(discord.NotFound):
            await http.request(Route("GET", "/users/{user_id}", user_id=1))
        assert http.silence(now_s=soon_s) is None


async def test_a_call_after_a_long_rest_is_no_silence(local: LocalDiscord) -> None:
    async with http_to(local) as http:
        local.faults.add(Fault(kind=FaultKind.RESET, on=ME, times=None))
        with pytest.raises((aiohttp.ClientError, OSError)):
            await me(http)
        assert http._unanswered_since_s is not None
        http._unanswered_since_s -= 3600.0
        http._failed_s -= 3600.0
        local.faults.clear()
        http._global_over.clear()
        await cut_off(http)
        assert http.in_flight
        assert http.silence() is None
        http._global_over.set()
