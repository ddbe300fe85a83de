import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.chat.text.labels import love
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from bot.storage.store import open_store
from sandbox.discord.model.message import Message
from tests.crash.deaths import died, points
from tests.harness.crash import LONG_S, Asked, CrashHarness, crash_harness
from tests.harness.failpoints import Failpoint, Side
from tests.harness.invariants import all_delivered, results_of

LEASE_S = 0.5
LOVE, RECORD = "library.press_heart", "showcase.record_posts"
FORWARD, BUTTONS, DELETE = "messenger.forward_result", "messenger.post_showcase", "messenger.delete_post"
STEPS = {LOVE, RECORD, FORWARD, BUTTONS, DELETE}
"""The steps before and after which the bot is killed."""
POSTING = [
    *points(RECORD),
    *points(FORWARD),
    *points(RECORD, nth=2),
    Failpoint(RECORD, Side.AFTER),
    *points(BUTTONS),
    *points("outbox.mark_sent"),
]
"""What is passed on the way into the showcase, in this order by bots of which each goes on where one died."""

pytestmark = pytest.mark.long


def showcase(crash: CrashHarness) -> list[Message]:
    messages = crash.discord.channel("general").messages
    return [message for message in messages if message.nonce is not None and not message.deleted]


async def a_song_to_love(crash: CrashHarness) -> tuple[Asked, Message]:
    """Make a song in a server with a showcase for all that two members love; the bot is stopped then."""
    await crash.start(lease_s=LEASE_S)
    general = crash.discord.channel("general")
    setting = await crash.discord.member("Mo").slash(
        "songs", "settings showcase", channel=general, loves="2", past_picker=True
    )
    await setting.answer(timeout_s=LONG_S)
    asked = await crash.order()
    await all_delivered(crash, asked.id)
    await crash.idle()
    await crash.stop()
    (result,) = results_of(crash, asked)
    return asked, result


async def remove(crash: CrashHarness, request_id: int) -> None:
    now = datetime.now(UTC)

    def unit(uow: UnitOfWork) -> None:
        assert uow.library.remove(request_id, failure=None, now=now)
        uow.outbox.mark_due(request_id, MessageKind.SHOWCASE, due_at=now)

    async with open_store(crash.database_url) as store:
        await store.write(NamedUnit("tests.remove", unit))


async def test_a_song_is_in_the_showcase_once_wherever_the_bot_dies(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        asked, result = await a_song_to_love(crash)
        ben = crash.discord.member("Ben")
        for point in points(LOVE):
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await ben.press(result, love(1, 0))
            await died(crash, point)
        await crash.start(dies_at=POSTING[0], lease_s=LEASE_S)
        await crash.discord.member("Mo").press(result, love(1, 0))
        await died(crash, POSTING[0])
        for point in POSTING[1:]:
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await died(crash, point)
        await crash.start(lease_s=LEASE_S)
        await crash.idle()
        await crash.stop()
        assert [str(post.nonce) for post in showcase(crash)] == [f"show{asked.id}", f"hearts{asked.id}"]
        await remove(crash, asked.id)
        for point in points(DELETE):
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await died(crash, point)
        await crash.start(lease_s=LEASE_S)
        await crash.idle()
        await crash.stop()
        assert showcase(crash) == []


async def test_two_who_cross_the_line_at_once_forward_a_song_once(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        asked, result = await a_song_to_love(crash)
        await crash.start(lease_s=LEASE_S)
        members = [crash.discord.member(who) for who in ("Ben", "Mo", "Member 0", "Member 1")]
        presses = await asyncio.gather(*(member.press(result, love(2, 0)) for member in members))
        for press in presses:
            await press.acknowledged(timeout_s=LONG_S)
        await crash.until(lambda: len(showcase(crash)) == 2)
        await crash.idle()
        await crash.stop()
        assert [str(post.nonce) for post in showcase(crash)] == [f"show{asked.id}", f"hearts{asked.id}"]
