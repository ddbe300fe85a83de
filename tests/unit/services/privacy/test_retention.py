import logging
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from bot.domain.errors import (
    BlockedError,
    CreditsError,
    InvalidMessageError,
    MessengerError,
    RetryableError,
    StoreError,
)
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.domain.welcomes import Welcome
from bot.services.audit_log import Actor
from bot.services.moderation.members import TargetMember
from bot.services.privacy.guild_membership import VisibleGuilds
from bot.services.privacy.retention import BATCH, EVERY, CleanupHandler, CleanupTask, RetentionConfig
from bot.services.runtime.timings import CLOCK_CHECK_S
from bot.services.unit_of_work import UnitOfWork
from bot.storage.tables import members
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.fakes.provider import LYRICS
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness

DAY = 86_400


def cleanup_handler(harness: ServicesHarness, **rules: int) -> CleanupHandler:
    return CleanupHandler(harness.faulty_store, config=RetentionConfig(**rules), clock=harness.clock)


async def rows(harness: ServicesHarness, query: str) -> list[object]:
    def unit(uow: UnitOfWork) -> list[object]:
        assert isinstance(uow, SqlUnitOfWork)
        return list(uow.connection.execute(text(query)).scalars())

    return await harness.store.read(unit)


async def song(harness: ServicesHarness, user_id: int = ADA) -> int:
    """Make a song that was posted, with a final status message."""
    card = await harness.place(user_id, SongOptions(playlist=PLAYLIST, prompt="a waltz"))
    await harness.submit()
    harness.clock.advance(31)
    for task_id in harness.provider.task_ids[-1:]:
        harness.provider.finish(task_id)
    await harness.poll()
    while await harness.dispatch():
        harness.clock.advance(5)
    return card.request_id


async def sweep(harness: ServicesHarness, **rules: int) -> None:
    await cleanup_handler(harness, **rules).handle(CleanupTask.DATA)


async def test_prompts_are_wiped_so_many_days_after_the_end(harness: ServicesHarness) -> None:
    await song(harness)
    prompts = "SELECT count(*) FROM requests WHERE prompt IS NOT NULL AND lyrics IS NOT NULL"
    harness.clock.advance(9 * DAY)
    await sweep(harness, prompt_days=10)
    assert await rows(harness, prompts) == [1]
    harness.clock.advance(DAY)
    await sweep(harness, prompt_days=10)
    assert await rows(harness, prompts.replace("AND", "OR")) == [0]


async def test_what_was_requested_without_a_prompt_loses_its_lyrics_only(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    assert [clip.lyrics for clip in (await harness.request(request_id)).clips] == [LYRICS] * 2
    harness.clock.advance(DAY)
    await sweep(harness, prompt_days=1)
    request = await harness.request(request_id)
    assert [clip.lyrics for clip in request.clips] == [None] * 2
    assert not request.lacks_details


async def test_a_removed_song_loses_its_lyrics_at_once(harness: ServicesHarness) -> None:
    request_id = await song(harness)
    by = Actor(interaction_id=5, guild_id=GUILD, actor_id=ADA)
    await harness.library.remove(request_id, by)
    assert [clip.lyrics for clip in (await harness.request(request_id)).clips] == [None] * 2


async def test_a_dead_token_is_wiped_also_of_a_request_that_does_not_end(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    tokens = "SELECT count(*) FROM requests WHERE token IS NOT NULL"
    await cleanup_handler(harness).handle(CleanupTask.TOKENS)
    assert await rows(harness, tokens) == [1]
    harness.clock.advance(870)
    await cleanup_handler(harness).handle(CleanupTask.TOKENS)
    assert await rows(harness, tokens) == [0]


async def test_chores_come_at_the_start_and_again_after_their_pauses(harness: ServicesHarness) -> None:
    retention = cleanup_handler(harness)
    start = harness.clock.now
    assert await retention.claim(9) == [CleanupTask.TOKENS, CleanupTask.DATA, CleanupTask.TIMES]
    assert await retention.claim(9) == []
    due_at = await retention.next_due_at()
    assert due_at == start + timedelta(seconds=CLOCK_CHECK_S)
    harness.clock.advance(3600)
    assert await retention.claim(1) == [CleanupTask.TOKENS]
    assert (await retention.next_due_at() or start) <= harness.clock.now
    assert await retention.claim(1) == [CleanupTask.DATA]


@pytest.mark.parametrize("back_s", [3600, DAY])
async def test_a_clock_that_is_set_back_delays_no_chore(harness: ServicesHarness, back_s: int) -> None:
    retention = cleanup_handler(harness)
    await retention.claim(9)
    harness.clock.advance(-back_s)
    assert await retention.next_due_at() == harness.clock.now + timedelta(seconds=CLOCK_CHECK_S)
    harness.clock.advance(5)
    assert await retention.claim(9) == [CleanupTask.TIMES]
    harness.clock.advance(3600)
    assert CleanupTask.DATA in await retention.claim(9)


@pytest.mark.parametrize("back_s", [3600, DAY])
async def test_a_clock_that_is_set_back_delays_no_song_and_is_told_once(
    harness: ServicesHarness, back_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    retention = cleanup_handler(harness)
    await harness.place_and_submit()
    await harness.dispatch()
    harness.clock.advance(-back_s)
    harness.provider.finish("task-1")
    assert (await harness.poll(), await harness.dispatch()) == (0, 0)
    for _ in range(3):
        await retention.handle(CleanupTask.TIMES)
    assert await harness.poll() == 1
    while await harness.dispatch():
        harness.clock.advance(5)
        await retention.handle(CleanupTask.TIMES)
    assert harness.messenger.edits[-1].card.state is State.DELIVERED
    told = [record for record in caplog.records if "the clock was set back" in record.getMessage()]
    assert len(told) == 1


async def test_a_clock_that_keeps_being_set_back_is_told_once(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    retention = cleanup_handler(harness)
    await harness.place_and_submit()
    for _ in range(3):
        harness.clock.advance(-3600)
        await retention.handle(CleanupTask.TIMES)
        assert await harness.poll() == 1
    assert caplog.text.count("the clock was set back") == 1


@pytest.mark.parametrize("error", [InvalidMessageError("400"), RetryableError("429", retry_after_s=7200)])
async def test_no_pause_that_discord_demands_looks_like_a_clock_that_was_set_back(
    harness: ServicesHarness, error: MessengerError, caplog: pytest.LogCaptureFixture
) -> None:
    retention = cleanup_handler(harness)
    await harness.place_and_finish()
    harness.messenger.failures += [error] * 1000
    for _ in range(12):
        await harness.dispatch()
        await retention.handle(CleanupTask.TIMES)
        assert await harness.dispatch() == 0
        harness.clock.advance(1200)
    assert "the clock was set back" not in caplog.text


async def test_no_pause_of_a_decision_looks_like_a_clock_that_was_set_back(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.set_guild_settings(log_channel_id=3)
    await harness.services.members.reset(harness.actor(), TargetMember(user_id=BEN))
    harness.messenger.failures.append(RetryableError("429", retry_after_s=7200))
    await harness.dispatch()
    await cleanup_handler(harness).handle(CleanupTask.TIMES)
    assert await harness.dispatch() == 0
    assert "the clock was set back" not in caplog.text


@pytest.mark.parametrize("on_s", [3600, DAY])
async def test_a_clock_that_is_set_forward_gives_no_song_up(harness: ServicesHarness, on_s: int) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(on_s)
    await harness.poll()
    assert (await harness.request(request_id)).state is State.MAKING
    harness.clock.advance(-on_s)
    await cleanup_handler(harness).handle(CleanupTask.TIMES)
    await harness.poll()
    harness.provider.finish("task-1")
    harness.clock.advance(31)
    await harness.poll()
    while await harness.dispatch():
        harness.clock.advance(5)
        await cleanup_handler(harness).handle(CleanupTask.TIMES)
    assert harness.messenger.edits[-1].card.state is State.DELIVERED
    assert (await harness.credits()).used == 30


async def test_a_database_that_is_away_is_tried_again_soon(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    retention = cleanup_handler(harness)
    await retention.claim(9)
    harness.faults.fail(error=StoreError("away"))
    await retention.handle(CleanupTask.DATA)
    assert "data postponed: away" in caplog.text
    harness.clock.advance(EVERY[CleanupTask.TOKENS].total_seconds())
    assert CleanupTask.DATA in await retention.claim(9)


async def test_requests_that_the_end_of_approval_left_are_queued(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    rules = harness.services.guild_settings
    await rules.set_approval(harness.actor(), channel_id=3)
    card = await harness.place()
    harness.faults.fail("approvals.queue", error=StoreError("killed"), times=1)
    with pytest.raises(StoreError):
        await rules.end_approval(harness.actor())
    assert (await harness.request(card.request_id)).state is State.AWAITING
    with caplog.at_level(logging.INFO, "bot.services.privacy.retention"):
        await sweep(harness)
    assert (await harness.request(card.request_id)).state is State.WAITING
    assert "queued 1 requests that need no approval any more" in caplog.text


async def test_more_than_one_batch_is_done_in_one_round(harness: ServicesHarness) -> None:
    def gone(uow: UnitOfWork) -> None:
        assert isinstance(uow, SqlUnitOfWork)
        row = {"guild_id": GUILD, "active": 0, "resets": 0, "erase_at": harness.clock.now}
        values = [row | {"user_id": n, "pseudonym": str(n)} for n in range(1, 2 * BATCH + 2)]
        uow.connection.execute(insert(members), values)

    await harness.store.write(gone)
    await sweep(harness)
    assert await rows(harness, "SELECT user_id FROM members") == []


async def test_a_server_is_forgotten_a_month_after_the_bot_left_and_its_books_stay(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await song(harness)
    await song(harness, BEN)
    ledger = await rows(harness, "SELECT id FROM transfers ORDER BY id")
    await harness.services.guilds.record_left(GUILD)
    harness.clock.advance(29 * DAY)
    await sweep(harness)
    assert await rows(harness, "SELECT user_id FROM requests ORDER BY 1") == [ADA, BEN]
    harness.clock.advance(2 * DAY)
    with caplog.at_level(logging.INFO, "bot.services.privacy.retention"):
        await sweep(harness)
    assert "2 requests of servers left and 1 such servers" in caplog.text
    assert str(GUILD) not in caplog.text
    assert await rows(harness, "SELECT user_id FROM requests") == [0, 0]
    for table in ("members", "guilds", "guild_settings", "outbox", "audit_log", "playlists", "loves"):
        assert await rows(harness, f"SELECT count(*) FROM {table}") == [0]
    assert await rows(harness, "SELECT DISTINCT user_id FROM accounts") == [None]
    assert await rows(harness, "SELECT id FROM transfers ORDER BY id") == ledger
    # a bot that is invited again starts without data
    await harness.services.guilds.record_joined(Welcome(guild_id=GUILD, joined_at=START))
    assert (await harness.credits()).available == 90


async def test_a_server_to_which_the_bot_came_back_is_not_forgotten(harness: ServicesHarness) -> None:
    await song(harness)
    await harness.services.guilds.record_left(GUILD)
    harness.clock.advance(20 * DAY)
    await harness.services.guilds.record_joined(Welcome(guild_id=GUILD, joined_at=START))
    harness.clock.advance(20 * DAY)
    await sweep(harness)
    assert await rows(harness, "SELECT user_id FROM requests") == [ADA]


async def test_what_is_under_way_in_a_server_that_was_left_is_waited_for(harness: ServicesHarness) -> None:
    await harness.place()
    await harness.services.guilds.record_left(GUILD)
    harness.clock.advance(31 * DAY)
    await sweep(harness)
    assert await rows(harness, "SELECT user_id FROM members") == [ADA]


async def come_back(harness: ServicesHarness) -> None:
    """Remove the bot from the server, erase its data at once, and invite the bot again."""
    await harness.services.guilds.record_left(GUILD)
    await sweep(harness, guild_days=0)
    assert await rows(harness, "SELECT count(*) FROM guild_settings") == [0]
    await harness.services.guilds.reconcile(VisibleGuilds(frozenset({GUILD}), frozenset({0}), 1))
    await harness.services.guilds.record_joined(Welcome(guild_id=GUILD, joined_at=START))


async def test_no_allowance_begins_anew_by_leaving_and_coming_back(harness: ServicesHarness) -> None:
    await song(harness)
    await come_back(harness)
    assert (await harness.credits()).available == 60
    assert (await harness.credits(BEN)).available == 90
    await song(harness)
    await come_back(harness)
    assert (await harness.credits()).available == 30
    await harness.services.guilds.record_left(GUILD)
    await sweep(harness, guild_days=0)
    assert await rows(harness, "SELECT user_id FROM members") == [ADA]
    harness.clock.advance(7 * DAY)
    await sweep(harness, guild_days=0)
    assert await rows(harness, "SELECT count(*) FROM members") == [0]
    assert await rows(harness, "SELECT count(*) FROM guilds") == [0]
    assert await harness.breaches() == []


async def test_a_block_outlasts_leaving_and_coming_back(harness: ServicesHarness) -> None:
    await song(harness)
    moderation = harness.services.members
    await moderation.block(harness.actor(), TargetMember(user_id=ADA), reason="spam")
    await moderation.make_exception(harness.actor(), TargetMember(user_id=BEN), amount=0)
    await come_back(harness)
    harness.clock.advance(30 * DAY)
    await sweep(harness, guild_days=0)
    with pytest.raises(BlockedError, match="spam"):
        await harness.place()
    with pytest.raises(CreditsError):
        await harness.place(BEN)
    await moderation.unblock(harness.actor(), TargetMember(user_id=ADA))
    await harness.place()
    assert (await harness.credits(BEN)).available == 0


async def test_a_block_is_forgotten_a_year_after_the_bot_left(harness: ServicesHarness) -> None:
    await song(harness)
    await harness.services.members.block(harness.actor(), TargetMember(user_id=ADA), reason="spam")
    await harness.services.guilds.record_left(GUILD)
    await sweep(harness, guild_days=0)
    for days, count in ((364, 1), (2, 0)):
        harness.clock.advance(days * DAY)
        await harness.services.guilds.reconcile(VisibleGuilds(frozenset(), frozenset({0}), 1))
        await sweep(harness, guild_days=0)
        assert await rows(harness, "SELECT count(*) FROM members") == [count]


async def test_a_block_stays_for_as_long_as_the_bot_is_in_use(harness: ServicesHarness) -> None:
    await song(harness)
    await harness.services.members.block(harness.actor(), TargetMember(user_id=ADA), reason="spam")
    await come_back(harness)
    await harness.place(BEN)
    harness.clock.advance(400 * DAY)
    await sweep(harness, guild_days=0)
    with pytest.raises(BlockedError):
        await harness.place()
