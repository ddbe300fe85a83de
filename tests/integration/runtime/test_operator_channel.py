import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest

from bot.app import build_application
from bot.chat.client import RATELIMIT_TIMEOUT_S
from bot.chat.connection.endpoints import point_at
from bot.chat.delivery.operator_channel import MENTION_S, OperatorChannel
from bot.chat.text.formatting import CONTENT_LIMIT
from bot.services.runtime.heartbeat import ProcessConfig, ProcessRole
from bot.storage.schema import migrate
from sandbox.discord import Fault, FaultKind, Permission
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness, addresses_restored
from tests.harness.clock import FakeClock

log = logging.getLogger("bot.tests.operator")
POSTS = "POST /channels/{channel_id}/messages"
KEEPS = "OPERATOR: the song can be posted nowhere; it is kept"
STOPS = "OPERATOR: the provider refuses the key (code %s) when asked about a task; submissions stop"
FAILED = "takes no lines, which are only here"


class Pauses:
    """Pauses that end when the test says so."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self._over = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await self._over.acquire()

    def end(self) -> None:
        self._over.release()


@asynccontextmanager
async def posting(local: BotHarness, pauses: Pauses, clock: FakeClock) -> AsyncIterator[OperatorChannel]:
    settings = local.settings
    with addresses_restored():
        point_at(settings.discord_api_url, settings.discord_gateway_url)
        async with discord.Client(
            intents=discord.Intents(guilds=True), max_ratelimit_timeout=RATELIMIT_TIMEOUT_S
        ) as client:
            await client.login(settings.discord_token.get_secret_value())
            channel_id = local.discord.channel("songs").id
            channel = OperatorChannel(client, channel_id, clock=clock.seconds, sleep=pauses, flush_s=0.02)
            task = asyncio.create_task(channel.run())
            await asyncio.sleep(0)
            try:
                yield channel
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def posted(local: BotHarness, count: int) -> list[str]:
    return [message.content for message in await messages(local, count)]


async def messages(local: BotHarness, count: int) -> list[Message]:
    await local.result(count=count)
    found = local.results()
    assert len(found) == count
    return found


async def paused(local: BotHarness, pauses: Pauses, *seconds: float) -> None:
    await begun(local, pauses, len(seconds))
    assert pauses.taken == list(seconds)


async def begun(local: BotHarness, pauses: Pauses, count: int) -> None:
    await local.discord.wait_for(lambda: len(pauses.taken) >= count, timeout_s=LONG_S)


async def test_one_message_in_thirty_seconds_has_all_that_was_logged(
    local: BotHarness, pauses: Pauses, clock: FakeClock
) -> None:
    async with posting(local, pauses, clock):
        log.error(KEEPS, extra={"request": 7})
        assert await posted(local, 1) == [f"{KEEPS} (request 7)"]
        await paused(local, pauses, 30.0)
        for number in (8, 9):
            log.error(KEEPS, extra={"request": number})
        log.error("OPERATOR: no progress for %g s", 900.0)
        await posted(local, 1)
        pauses.end()
        assert (await posted(local, 2))[1] == (
            f"{KEEPS} **\N{MULTIPLICATION SIGN}2** (request 8, 9)\nOPERATOR: no progress for 900 s"
        )
        await paused(local, pauses, 30.0, 30.0)


async def test_lines_that_stop_songs_mention_the_owner_once_in_a_while(
    local: BotHarness, pauses: Pauses, clock: FakeClock
) -> None:
    owner = local.discord.member("Odile").user.id
    async with posting(local, pauses, clock):
        for count, passed_s in enumerate((0.0, MENTION_S - 1, 1.0), start=1):
            clock.advance(passed_s)
            log.error(STOPS, 401)
            await begun(local, pauses, count)
            pauses.end()
        assert [message.now.mentions for message in await messages(local, 3)] == [(owner,), (), (owner,)]


async def test_without_an_answer_about_the_owner_the_line_arrives_and_mentions_nobody(
    local: BotHarness, pauses: Pauses, clock: FakeClock
) -> None:
    async with posting(local, pauses, clock):
        local.discord.faults.add(
            Fault(kind=FaultKind.REFUSED, on="GET /oauth2/applications/@me", status=403, code=50001)
        )
        log.error(STOPS, 401)
        (message,) = await messages(local, 1)
        assert message.now.mentions == ()


async def test_hostile_words_mention_nobody(local: BotHarness, pauses: Pauses, clock: FakeClock) -> None:
    ada = local.ada.user.id
    async with posting(local, pauses, clock):
        log.error(f"OPERATOR: @everyone @here <@{ada}> <@&{local.discord.guild.id}> %s", f"<@{ada}>")
        (message,) = await messages(local, 1)
        assert (message.now.mentions, message.now.mention_roles, message.now.mention_everyone) == (
            (),
            (),
            False,
        )
        assert f"<@{ada}>" not in message.content


async def test_what_does_not_fit_into_a_message_is_counted(
    local: BotHarness, pauses: Pauses, clock: FakeClock
) -> None:
    async with posting(local, pauses, clock):
        for number in range(60):
            log.error(f"OPERATOR: {'a long line, ' * 50} %d", number)
        (words,) = await posted(local, 1)
        assert len(words) <= CONTENT_LIMIT
        *lines, last = words.split("\n")
        assert last == f"... and {60 - len(lines)} more: see the log"


async def test_a_channel_that_is_closed_is_logged_once_and_feeds_nothing(
    local: BotHarness, pauses: Pauses, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    songs = local.discord.channel("songs")
    local.discord.disruptions.deny(songs, Permission.SEND_MESSAGES)
    async with posting(local, pauses, clock):
        for failures in (1, 2):
            log.error(KEEPS)
            await begun(local, pauses, failures)
            pauses.end()
        assert caplog.text.count(KEEPS) == 2
        assert caplog.text.count(f"{FAILED}: missing permissions\n") == caplog.text.count(FAILED) == 1
        assert pauses.taken == [30.0, 60.0]
        local.discord.disruptions.allow(songs, Permission.SEND_MESSAGES)
        log.error("OPERATOR: open again")
        assert await posted(local, 1) == ["OPERATOR: open again"]


@pytest.mark.parametrize(
    ("fault", "pause_s"),
    [
        (Fault(kind=FaultKind.RATE_LIMITED, on=POSTS, after_s=99.0), 99.0),
        (Fault(kind=FaultKind.REFUSED, on=POSTS, status=403, code=20028), 30.0),
    ],
    ids=["rate limited", "too many messages"],
)
async def test_lines_that_discord_may_take_later_arrive_later(
    local: BotHarness,
    pauses: Pauses,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    pause_s: float,
) -> None:
    local.discord.faults.add(fault)
    async with posting(local, pauses, clock):
        log.error(KEEPS, extra={"request": 7})
        await paused(local, pauses, pause_s)
        assert local.results() == []
        log.error(KEEPS, extra={"request": 8})
        pauses.end()
        (words,) = await posted(local, 1)
        assert words == f"{KEEPS} **\N{MULTIPLICATION SIGN}2** (request 7, 8)"
        assert caplog.text.count(FAILED) == 1


async def test_the_bot_posts_its_lines_and_the_last_ones_before_it_stops(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(operator_channel_id=local.discord.channel("songs").id):
        log.error(STOPS, 401)
        await posted(local, 1)
        log.error(KEEPS)
    assert (await posted(local, 2))[1] == KEEPS
    assert FAILED not in caplog.text


async def test_a_process_without_commands_posts_its_own_lines(local: BotHarness) -> None:
    settings = local.settings.model_copy(update={"operator_channel_id": local.discord.channel("songs").id})
    migrate(local.database_url)
    with addresses_restored():
        async with build_application(settings, ProcessConfig(role=ProcessRole.WORKER)) as app:
            running = asyncio.create_task(app.run())
            await local.discord.wait_for(lambda: app.connection.missing is None, timeout_s=LONG_S)
            log.error(KEEPS)
            assert await posted(local, 1) == [KEEPS]
            app.shutdown.request()
            await running


async def test_a_channel_that_hangs_does_not_hold_up_the_stop(
    local: BotHarness, pauses: Pauses, clock: FakeClock
) -> None:
    local.discord.faults.add(Fault(kind=FaultKind.HANG, on=POSTS, after_s=LONG_S))
    async with posting(local, pauses, clock) as channel:
        log.error(KEEPS)
        await local.result()
        await channel.flush()
        assert pauses.taken == []
