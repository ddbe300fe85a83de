import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.domain.requests import State
from bot.storage.admin import database_admin
from sandbox.discord import Fault, FaultKind
from sandbox.discord.model.permissions import Permission
from tests.harness.crash import LONG_S, MEMBERS, SHORT_LEASE_S, Asked, CrashHarness, crash_harness
from tests.harness.failpoints import Failpoint, Side
from tests.harness.invariants import all_delivered, assert_invariants

SONGS = 30
RATE = 0.15
FAULTS = (
    (FaultKind.STATUS, 500),
    (FaultKind.STATUS, 503),
    (FaultKind.STATUS_AFTER, 500),
    (FaultKind.STATUS_AFTER, 503),
    (FaultKind.RESET, 0),
    (FaultKind.RESET_AFTER, 0),
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


def unknown_statuses(connection: Connection) -> int:
    """Return how many requests have a status message whose id is not stored."""
    counted = connection.exec_driver_sql("SELECT count(*) FROM requests WHERE message_id IS NULL")
    return int(counted.scalar_one())


async def under_way(crash: CrashHarness, count: int) -> list[Asked]:
    """Place this many songs; wait until the provider has their tasks and their message ids are stored."""
    asked = [await crash.order(f"Member {number % MEMBERS}") for number in range(count)]
    for one in asked:
        await one.invocation.answer(timeout_s=LONG_S)
    await crash.until(lambda: len(crash.provider.tasks) == count)
    async with asyncio.timeout(LONG_S):
        look = database_admin(crash.database_url).read
        while await asyncio.to_thread(look, unknown_statuses):  # noqa: ASYNC110 - it is another process's, which tells us nothing
            await asyncio.sleep(0.02)
    return asked


def stumble(crash: CrashHarness) -> None:
    """Let requests to Discord fail in every way, at this rate in all."""
    each = 1 - (1 - RATE) ** (1 / len(FAULTS))
    for kind, status in FAULTS:
        crash.discord.faults.add(Fault(kind=kind, status=status, times=None, rate=each))


async def test_thirty_songs_are_posted_once_though_discord_fails_all_the_time(
    tmp_path: Path, database: str
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=1.0, MAX_RUNNING=str(SONGS)) as crash:
        await crash.start()
        asked = await under_way(crash, SONGS)
        stumble(crash)
        await all_delivered(crash, *(one.id for one in asked))
        crash.discord.faults.clear()
        await crash.stop()
        assert list((await assert_invariants(crash)).values()) == [State.DELIVERED] * SONGS


def drop(crash: CrashHarness) -> None:
    crash.discord.gateway.drop()


def tear_off(crash: CrashHarness) -> None:
    crash.discord.gateway.drop(code=None)


def invalidate(crash: CrashHarness) -> None:
    crash.discord.gateway.invalidate()


@pytest.mark.parametrize("disturb", [drop, tear_off, invalidate])
async def test_songs_are_delivered_while_the_gateway_is_away(
    tmp_path: Path, database: str, disturb: Callable[[CrashHarness], None]
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=1.0) as crash:
        await crash.start()
        asked = await under_way(crash, 4)
        disturb(crash)
        await all_delivered(crash, *(one.id for one in asked))
        await crash.until(lambda: crash.discord.gateway.connected)
        await crash.stop()
        assert set((await assert_invariants(crash)).values()) == {State.DELIVERED}


def delete_statuses(crash: CrashHarness) -> None:
    for asked in crash.asked:
        assert asked.invocation.original is not None
        crash.discord.disruptions.delete_message(asked.invocation.original)


def hide_channel(crash: CrashHarness) -> None:
    crash.discord.disruptions.hide(crash.discord.channel("songs"))


def forbid_posts(crash: CrashHarness) -> None:
    crash.discord.disruptions.deny(crash.discord.channel("songs"), Permission.SEND_MESSAGES)


def delete_channel(crash: CrashHarness) -> None:
    crash.discord.disruptions.delete_channel(crash.discord.channel("songs"))


def members_leave(crash: CrashHarness) -> None:
    for asked in crash.asked:
        crash.discord.disruptions.remove_member(crash.discord.member(asked.who))


def remove_bot(crash: CrashHarness) -> None:
    crash.discord.disruptions.remove_bot(crash.discord.guild)


def end_tokens(crash: CrashHarness) -> None:
    for asked in crash.asked:
        crash.discord.disruptions.end_token(asked.invocation)


@pytest.mark.parametrize("killed", [False, True], ids=["going on", "killed meanwhile"])
@pytest.mark.parametrize(
    "spoil",
    [delete_statuses, hide_channel, forbid_posts, delete_channel, members_leave, remove_bot, end_tokens],
)
async def test_each_song_reaches_its_member_once_whatever_becomes_of_the_place(
    tmp_path: Path, database: str, spoil: Callable[[CrashHarness], None], killed: bool
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=1.0) as crash:
        await crash.start(lease_s=SHORT_LEASE_S)
        await under_way(crash, 4)
        spoil(crash)
        if killed:
            await crash.bot.kill()
            assert await crash.start()
        await all_delivered(crash, *(one.id for one in crash.asked))
        await crash.stop()
        assert set((await assert_invariants(crash)).values()) <= {State.DELIVERED, State.UNCERTAIN}


async def test_a_result_is_posted_once_though_the_bot_was_away_longer_than_a_nonce_lives(
    tmp_path: Path, database: str
) -> None:
    async with crash_harness(tmp_path, database_url=database, nonce_s=0.0) as crash:
        await crash.start(dies_at=Failpoint("messenger.post_result", Side.AFTER), lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await crash.bot.ended()
        assert await crash.start()
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert await assert_invariants(crash) == {asked.id: State.DELIVERED}


async def test_an_answer_that_was_cut_off_twice_is_still_the_status(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=3.0) as crash:
        await crash.start()
        crash.discord.faults.add(Fault(kind=FaultKind.RESET, on="POST /interactions/*", times=2))
        asked = await crash.order()
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert await assert_invariants(crash) == {asked.id: State.DELIVERED}
