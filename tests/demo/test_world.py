import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from sandbox.bot_process import BotError
from sandbox.cqtai import PLAYLISTS, Terms
from sandbox.cqtai.timeline import TaskStatus
from sandbox.page.demo import TERMS
from sandbox.page.seed import seed, use_before
from sandbox.song_clock import SongClock
from sandbox.world import World

LONG_S = 40.0
LEASES_S = 60
"""Seconds; more than the leases of the killed process, which last up to 45 s."""
FAST = {"POLL_MIN_S": "0.1", "POLL_MAX_S": "0.3", "STATUS_EDIT_MIN_S": "0.2"}


def world(folder: Path, *, song_s: float = 1.0, **settings: str) -> World:
    return World(folder, song_s=song_s, terms=Terms(audio_s=1.0), settings=FAST | settings)


@pytest.mark.timeout(3 * LEASES_S)
async def test_a_killed_bot_finishes_its_song_after_a_restart_on_the_same_database(tmp_path: Path) -> None:
    async with world(tmp_path, POLL_MIN_S="1", POLL_MAX_S="1") as local:
        await local.start_bot()
        with local.songs_unfinished():
            asked = await local.discord.member("Ada").slash("songs", "inspire", playlist=PLAYLISTS[0].id)
            status = await asked.answer(timeout_s=LONG_S)
            await local.discord.wait_for(lambda: "Making" in str(status.embeds), timeout_s=LONG_S)
            await local.bot.kill()
            assert local.bot.pid is None
        await local.start_bot()
        messages = local.discord.channel("songs").messages
        await local.discord.wait_for(lambda: messages[1:], timeout_s=LEASES_S)
        assert [len(message.attachments) for message in messages[1:]] == [2]
        assert len(local.provider.tasks) == 1
        assert (await local.bot.audit())[0] == 0
        assert await local.bot.stop() == 0
    assert "stopped" in local.bot.log_tail(1)[0]


@pytest.mark.long
async def test_a_demo_begins_with_saved_playlists_and_a_song_to_hear(tmp_path: Path) -> None:
    async with world(tmp_path, song_s=LONG_S) as local:
        await seed(local.discord)
        await local.start_bot()
        pace = local.provider.pace
        await use_before(local)
        assert local.provider.pace == pace
        ada = local.discord.member("Ada")
        (song,) = [message for message in ada.sees("songs") if message.attachments]
        assert [file.content_type for file in song.attachments] == ["audio/mpeg"] * 2
        saved = await ada.autocomplete("songs", "inspire", timeout_s=LONG_S, playlist="")
        assert {one.name for one in PLAYLISTS[:3]} <= {choice.name for choice in saved}
    assert TERMS.odd_titles == 0.0


async def test_a_bot_that_cannot_start_is_told_from_one_that_is_slow(tmp_path: Path) -> None:
    async with world(tmp_path, DEFAULT_ALLOWANCE="plenty") as local:
        with pytest.raises(BotError, match="while it started, with exit code 2"):
            await local.start_bot()
        assert any("DEFAULT_ALLOWANCE" in line for line in local.bot.log_tail(5))


async def test_the_bot_is_gone_when_the_world_ends_under_it(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async with world(tmp_path) as local:
            await local.start_bot()
            _ = 1 / 0
    assert local.bot.pid is None


async def test_the_bot_sees_no_settings_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_RUNNING", "no number")
    async with world(tmp_path) as local:
        await local.start_bot()
        assert await local.bot.stop() == 0


async def test_teaching_that_is_broken_off_has_come_to_rest(tmp_path: Path) -> None:
    async with world(tmp_path) as local:
        teaching = asyncio.create_task(local.teach("v55"))
        async with asyncio.timeout(LONG_S):
            while not (tmp_path / "inspire.db").exists():  # noqa: ASYNC110 - a file comes with no event
                await asyncio.sleep(0)
        teaching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await teaching
        with contextlib.closing(sqlite3.connect(tmp_path / "inspire.db")) as database:
            assert database.execute("SELECT count(*) FROM requests").fetchone() == (0,)


async def test_a_bot_that_was_taught_expects_what_songs_take_here(tmp_path: Path) -> None:
    async with world(tmp_path, song_s=30.0) as local:
        await local.teach("v55")
        await local.start_bot()
        asked = await local.discord.member("Ada").slash("songs", "inspire", playlist=PLAYLISTS[0].id)
        status = await asked.answer(timeout_s=LONG_S)
        description = str(status.states[0].embeds[0]["description"])
        expected_at = int(description.partition("<t:")[2].partition(":")[0])
        assert 25 < expected_at - status.created_at.timestamp() < 36


async def test_no_song_is_finished_before_its_cue(tmp_path: Path) -> None:
    async with world(tmp_path, song_s=0.2) as local:
        await local.start_bot()
        with local.songs_unfinished():
            await local.discord.member("Ada").slash("songs", "inspire", playlist=PLAYLISTS[0].id)
            await local.provider.wait_for(lambda provider: bool(provider.tasks), timeout_s=LONG_S)
            with pytest.raises(TimeoutError):
                await local.provider.wait_for(lambda provider: not provider.running, timeout_s=1.0)
        await local.provider.wait_for(
            lambda provider: provider.tasks[0].status is TaskStatus.SUCCEEDED, timeout_s=LONG_S
        )


def test_the_song_clock_waits_at_its_limit_and_goes_on_from_there() -> None:
    times = iter([100.0, 104.0, 109.0, 110.0, 112.0])
    clock = SongClock(lambda: next(times))
    assert clock() == 100.0
    with clock.no_later_than(105.0):
        assert clock() == 104.0
        assert clock() == 105.0
    assert clock() == 107.0
