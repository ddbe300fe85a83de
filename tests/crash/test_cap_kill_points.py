from pathlib import Path

import pytest

from bot.domain.requests import State
from tests.crash.deaths import deaths, lives_on, points
from tests.harness.crash import Asked, CrashHarness, crash_harness

OPEN, TELL = "caps.open", "caps.mark_told"
STEPS = {OPEN, TELL}
"""The steps before and after which the bot is killed."""

pytestmark = pytest.mark.long


async def a_song(crash: CrashHarness) -> Asked:
    return await crash.order()


async def test_a_cap_counts_each_song_once_wherever_the_bot_dies(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database, SERVER_CREDIT_CAP="30") as crash:
        *unopened, placed, refused = await deaths(crash, *((a_song, point) for point in points(OPEN, TELL)))
        crash.bot.set_settings(SERVER_CREDIT_CAP="60")
        ends = await lives_on(crash)
        assert not ends.keys() & {death.asked.id for death in (*unopened, refused)}
        assert ends[placed.asked.id] is State.DELIVERED
