"""The bot is killed while it posts, and the channel is closed or deleted before its next start."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.requests import State
from sandbox.discord.model.permissions import Permission
from tests.harness.crash import SHORT_LEASE_S, CrashHarness, crash_harness
from tests.harness.failpoints import Failpoint, Side
from tests.harness.invariants import all_delivered, assert_invariants, results_of

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]

POSTED = Failpoint("messenger.post_result", Side.AFTER)
ABOUT_TO = Failpoint("delivery.record_attempt", Side.AFTER)
UNAWARE = Failpoint("delivery.record_attempt", Side.BEFORE)


def hide(crash: CrashHarness) -> None:
    crash.discord.disruptions.hide(crash.discord.channel("songs"))


def hide_history(crash: CrashHarness) -> None:
    crash.discord.disruptions.deny(crash.discord.channel("songs"), Permission.READ_MESSAGE_HISTORY)


def delete(crash: CrashHarness) -> None:
    crash.discord.disruptions.delete_channel(crash.discord.channel("songs"))


ENDS = [
    (UNAWARE, hide, State.DELIVERED, 1),
    (ABOUT_TO, hide, State.UNDELIVERABLE, 0),
    (POSTED, hide, State.UNDELIVERABLE, 1),
    (POSTED, hide_history, State.DELIVERED, 1),
    (POSTED, delete, State.DELIVERED, 1),
]
"""The failpoint, what happens to the channel, the request's final state, and the number of results."""
CASES = [pytest.param(*end, id=f"{end[0]}-{end[1].__name__}") for end in ENDS]


@pytest.mark.parametrize(("point", "close", "state", "results"), CASES)
async def test_a_song_is_not_posted_twice_though_nobody_can_look_where_it_was_posted(
    tmp_path: Path,
    database: str,
    point: Failpoint,
    close: Callable[[CrashHarness], None],
    state: State,
    results: int,
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await crash.bot.ended()
        close(crash)
        assert await crash.start()
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert await assert_invariants(crash) == {asked.id: state}
        assert len(results_of(crash, asked)) == results


async def test_a_follow_up_whose_dispatcher_died_is_not_repeated(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=1.0) as crash:
        twice = Failpoint("messenger.post_result", Side.AFTER)  # the first, in the channel, is refused
        await crash.start(dies_at=twice, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await crash.until(lambda: crash.provider.tasks)
        hide(crash)
        await crash.bot.ended()
        assert await crash.start()
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert await assert_invariants(crash) == {asked.id: State.UNDELIVERABLE}
        assert len(results_of(crash, asked)) == 1
