"""A bot that is killed while it tells members by direct message what moderators decided."""

from pathlib import Path

import pytest

from sandbox.discord.interactions.invocations import Invocation
from tests.crash.deaths import died, points
from tests.harness.crash import LONG_S, CrashHarness, crash_harness
from tests.harness.message_readers import seen

LEASE_S = 0.5
RECORD, POST = "news.record_attempt", "messenger.post_news"
STEPS = {RECORD, POST}
"""The steps before and after which the bot is killed."""
POSTING = [*points(RECORD), *points(POST), *points("outbox.mark_sent")]
"""What is passed on the way to a direct message, in this order: each bot goes on where one died."""

pytestmark = pytest.mark.long


async def moderated(crash: CrashHarness, line: str, **options: object) -> Invocation:
    asked = await crash.discord.member("Mo").slash("songs", line, past_picker=True, **options)
    await asked.answer(timeout_s=LONG_S)
    return asked


async def test_a_bonus_is_told_once_wherever_the_bot_dies(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        ada = crash.discord.member("Ada")
        await crash.start(lease_s=LEASE_S)
        await moderated(crash, "settings news", at_once="on")
        await crash.stop()
        await crash.start(dies_at=POSTING[0], lease_s=LEASE_S)
        await crash.discord.member("Mo").slash(
            "songs", "quota grant", past_picker=True, member=ada, credits=60, reason="won the quiz"
        )
        await died(crash, POSTING[0])
        for point in POSTING[1:]:
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await died(crash, point)
        await crash.start(lease_s=LEASE_S)
        await crash.idle()
        asked = await ada.slash("songs", "credits")
        await asked.answer(timeout_s=LONG_S)
        await crash.stop()
        assert ["won the quiz" in seen(message) for message in ada.direct_messages] == [True]
        assert asked.followups == []
