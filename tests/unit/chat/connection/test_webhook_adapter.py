import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import nullcontext

import aiohttp
import discord
import pytest
from discord.http import Route

from bot.chat.connection.webhook_adapter import (
    ALREADY_ACKNOWLEDGED,
    CALLBACK_S,
    PAUSES_S,
    SafeWebhookAdapter,
    safe_webhooks,
)
from sandbox.discord import Fault, FaultKind, LocalDiscord
from sandbox.discord.interactions.invocations import Invocation
from tests.unit.chat.messenger_harness import begun, logged_in

POST, EDIT = "POST /webhooks/*", "PATCH /webhooks/*"
LONG_S = 10.0


class Stage:
    def __init__(self, local: LocalDiscord, client: discord.Client, invocation: Invocation) -> None:
        self.local = local
        self.invocation = invocation
        token = invocation.interaction.token
        self.webhook = discord.Webhook.partial(local.application_id, token, client=client)

    def fail(self, kind: FaultKind, *, on: str = POST, after_s: float = 0.0, times: int = 1) -> None:
        self.local.faults.add(Fault(kind=kind, on=on, after_s=after_s, times=times))

    def tries(self, method: str) -> int:
        return len([r for r in self.local.requests if r.method == method and "/webhooks/" in r.route])

    @property
    def said(self) -> list[str]:
        return [one.content for one in self.invocation.followups]


@pytest.fixture
async def bot(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    async with LocalDiscord() as local, logged_in(local) as client:
        yield Stage(local, client, await begun(local, client))


@pytest.fixture
async def local_only(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalDiscord]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    async with LocalDiscord() as local, logged_in(local) as client:
        await begun(local, client)
        yield local


def impatient() -> SafeWebhookAdapter:
    return SafeWebhookAdapter(pauses_s=[0.01 for _ in PAUSES_S])


def callback_of(asked: Invocation) -> Route:
    return Route(
        "POST",
        "/interactions/{webhook_id}/{webhook_token}/callback",
        webhook_id=asked.id,
        webhook_token=asked.interaction.token,
    )


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.STATUS_AFTER, FaultKind.RESET_AFTER])
async def test_a_follow_up_is_never_repeated(bot: Stage, kind: FaultKind) -> None:
    bot.fail(kind)
    with safe_webhooks(), pytest.raises((discord.HTTPException, aiohttp.ClientError, OSError)):
        await bot.webhook.send("once")
    assert bot.tries("POST") == 1
    assert len(bot.said) <= 1


@pytest.mark.parametrize(
    "kind", [FaultKind.STATUS, FaultKind.STATUS_AFTER, FaultKind.RESET, FaultKind.RESET_AFTER]
)
async def test_an_edit_is_repeated(bot: Stage, kind: FaultKind) -> None:
    bot.fail(kind, on=EDIT, times=2)
    with safe_webhooks(adapter=impatient()):
        sent = await bot.webhook.send("before", wait=True)
        await sent.edit(content="after")
    assert bot.tries("PATCH") == 3
    assert bot.said == ["after"]


async def test_a_call_that_fails_each_time_fails(bot: Stage) -> None:
    bot.fail(FaultKind.STATUS, on=EDIT, times=9)
    with safe_webhooks(adapter=impatient()):
        sent = await bot.webhook.send("before", wait=True)
        with pytest.raises(discord.DiscordServerError):
            await sent.edit(content="after")
    assert bot.tries("PATCH") == 5


async def test_a_rate_limit_is_waited_for_and_files_are_sent_whole(bot: Stage) -> None:
    bot.fail(FaultKind.RATE_LIMITED, after_s=0.05, times=2)
    with safe_webhooks():
        await bot.webhook.send("once", file=discord.File(io.BytesIO(b"a whole song"), "song.mp3"), wait=True)
    (followup,) = bot.invocation.followups
    assert [one.content for one in followup.attachments] == [b"a whole song"]


async def test_a_rate_limit_at_the_edge_is_an_error(bot: Stage) -> None:
    bot.fail(FaultKind.RATE_LIMITED_AT_EDGE)
    with safe_webhooks(), pytest.raises(discord.HTTPException) as refused:
        await bot.webhook.send("once")
    assert refused.value.status == 429


async def test_rate_limits_without_end_are_an_error(bot: Stage) -> None:
    bot.fail(FaultKind.RATE_LIMITED, after_s=0.01, times=9)
    with safe_webhooks(), pytest.raises(discord.HTTPException):
        await bot.webhook.send("once")
    assert bot.tries("POST") == 5


async def test_a_pause_after_which_a_call_is_of_no_use_is_not_waited_for(bot: Stage) -> None:
    bot.fail(FaultKind.RATE_LIMITED, after_s=901)
    with safe_webhooks(), pytest.raises(discord.RateLimited) as refused:
        await bot.webhook.send("once")
    assert refused.value.retry_after == 901
    bot.fail(FaultKind.RATE_LIMITED, after_s=5)
    with safe_webhooks(5.0), pytest.raises(discord.RateLimited):
        await bot.webhook.send("once")
    assert bot.tries("POST") == 2


async def test_a_short_pause_is_waited_for_and_a_later_one_too_long_is_not(bot: Stage) -> None:
    bot.fail(FaultKind.RATE_LIMITED, after_s=0.01, times=2)
    bot.fail(FaultKind.RATE_LIMITED, after_s=61)
    with safe_webhooks(60.0), pytest.raises(discord.RateLimited) as refused:
        await bot.webhook.send("once")
    assert refused.value.retry_after == 61
    assert bot.tries("POST") == 3


@pytest.mark.parametrize(("after_s", "answers"), [(0.05, 1), (CALLBACK_S, 0), (600.0, 0)])
async def test_a_first_answer_waits_for_no_limit_that_outlasts_its_time(
    local_only: LocalDiscord, after_s: float, answers: int
) -> None:
    asked = await local_only.member("Ada").slash("songs", "inspire")
    limit = Fault(kind=FaultKind.RATE_LIMITED, on="POST /interactions/*", after_s=after_s)
    local_only.faults.add(limit)
    async with aiohttp.ClientSession() as session:
        with nullcontext() if answers else pytest.raises(discord.RateLimited):
            await SafeWebhookAdapter().request(callback_of(asked), session, payload={"type": 5})
    assert asked.answers == answers


async def test_the_last_call_that_is_left_returns_at_once_and_the_next_one_waits(bot: Stage) -> None:
    clock = asyncio.get_running_loop().time
    with safe_webhooks():
        began = clock()
        for number in range(5):
            await bot.webhook.send(str(number))
        assert clock() - began < 1
        await bot.webhook.send("later")
    assert clock() - began > 1
    assert len(bot.said) == 6
    assert not [one for one in bot.local.requests if one.status == 429]


async def test_whoever_leaves_while_the_token_rests_holds_nobody_up(bot: Stage) -> None:
    with safe_webhooks():
        bot.fail(FaultKind.RATE_LIMITED, after_s=5)
        hasty = [asyncio.create_task(bot.webhook.send("x")) for _ in range(3)]
        await bot.local.wait_for(lambda: any(one.status == 429 for one in bot.local.requests))
        await asyncio.sleep(0.05)  # the first one's pause begins meanwhile; nothing depends on it
        for task in hasty:
            task.cancel()
        ended = await asyncio.gather(*hasty, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError] * 3
        async with asyncio.timeout(LONG_S):
            await bot.webhook.send("mine")
    assert bot.said == ["mine"]


async def test_a_refusal_is_raised_as_what_discord_py_has_for_it(bot: Stage) -> None:
    with safe_webhooks(), pytest.raises(discord.NotFound):
        await bot.webhook.fetch_message(1)
    bot.local.disruptions.end_token(bot.invocation)
    with safe_webhooks(), pytest.raises(discord.HTTPException) as dead:
        await bot.webhook.send("late")
    assert dead.value.code == 50027


async def test_a_page_of_a_proxy_is_no_answer(bot: Stage) -> None:
    bot.local.faults.add(Fault(kind=FaultKind.STATUS, on=POST, status=200))
    with safe_webhooks(), pytest.raises(aiohttp.ClientPayloadError):
        await bot.webhook.send("once")


async def test_what_was_cut_off_is_known_to_later_calls_of_the_same_process(local_only: LocalDiscord) -> None:
    asked = await local_only.member("Ada").slash("songs", "inspire")
    route = callback_of(asked)
    own = SafeWebhookAdapter()
    async with aiohttp.ClientSession() as session:
        local_only.faults.add(Fault(kind=FaultKind.STATUS_AFTER, on="POST /interactions/*", times=4))
        with pytest.raises(discord.DiscordServerError):
            await own.request(route, session, payload={"type": 5})
        assert asked.answers == 1
        assert await own.request(route, session, payload={"type": 4, "data": {"content": "own"}})
        with pytest.raises(discord.HTTPException) as refused:
            await SafeWebhookAdapter().request(route, session, payload={"type": 5})
        assert refused.value.code == ALREADY_ACKNOWLEDGED


async def test_a_first_answer_whose_caller_left_may_have_been_taken(local_only: LocalDiscord) -> None:
    asked = await local_only.member("Ada").slash("songs", "inspire")
    route = callback_of(asked)
    own = SafeWebhookAdapter()
    async with aiohttp.ClientSession() as session:
        local_only.faults.add(Fault(kind=FaultKind.HANG, on="POST /interactions/*", after_s=LONG_S))
        leaving = asyncio.create_task(own.request(route, session, payload={"type": 5}))
        await local_only.wait_for(lambda: asked.answers == 1)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert await own.request(route, session, payload={"type": 5})
