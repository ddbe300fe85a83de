from pathlib import Path

import pytest

from bot.chat.delivery.welcome_message import HELLO
from sandbox.discord.model.message import Message
from tests.crash.deaths import died, points
from tests.harness.crash import CrashHarness, crash_harness
from tests.harness.message_readers import seen

LEASE_S = 0.5
RECORD, POST = "welcomes.record_attempt", "messenger.post_welcome"
LOOKED = "guild_membership.reconcile"
"""The step in which a new bot records in which servers it is."""
STEPS = {RECORD, POST}
"""The steps before and after which the bot is killed."""
POSTING = [*points(RECORD), *points(POST), *points("outbox.mark_sent")]
"""What is passed on the way to a welcome, in this order by bots of which each goes on where one died."""

pytestmark = pytest.mark.long


def welcomes(crash: CrashHarness) -> list[Message]:
    channels = crash.discord.guild.channels.values()
    return [message for channel in channels for message in channel.messages if HELLO in seen(message)]


async def test_a_server_is_welcomed_once_wherever_the_bot_dies(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.discord.disruptions.remove_bot(crash.discord.guild)
        await crash.start(lease_s=LEASE_S)
        await crash.until(lambda: f"{LOOKED}:after" in crash.bot.passed())
        await crash.stop()
        crash.discord.disruptions.invite_bot(crash.discord.guild)
        for point in POSTING:
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await died(crash, point)
        await crash.start(lease_s=LEASE_S)
        await crash.idle()
        await crash.stop()
        assert len(welcomes(crash)) == 1
