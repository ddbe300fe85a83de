import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

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
from bot.services.moderation.members import TargetMember
from bot.services.privacy import retention as module
from bot.services.privacy.guild_membership import VisibleGuilds
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.unit_of_work import UnitOfWork
from bot.storage.unit_of_work import SqlUnitOfWork
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness

DAY = 86_400


def desk(home: ServicesHarness, **rules: int) -> CleanupHandler:
    return CleanupHandler(home.store, config=RetentionConfig(**rules), clock=home.clock)


async def rows(home: ServicesHarness, query: str) -> list[object]:
    def unit(uow: UnitOfWork) -> list[object]:
        assert isinstance(uow, SqlUnitOfWork)
        return list(uow.connection.execute(text(query)).scalars())

    return await home.store.read(unit)


async def song(home: ServicesHarness, user_id: int = ADA) -> int:
    """A song that was posted, and told."""
    card = await home.place(user_id, SongOptions(playlist=PLAYLIST, prompt="a waltz"))
    await home.submit()
    home.clock.advance(31)
    for task_id in home.provider.task_ids[-1:]:
        home.provider.finish(task_id)
    await home.follow()
    while await home.tell():
        home.clock.advance(5)
    return card.request_id


@contextmanager
def away(home: ServicesHarness) -> Iterator[None]:
    """The database is away."""
    with pytest.MonkeyPatch.context() as patch:

        async def fail(*_: object, **__: object) -> None:
            raise StoreError("away")

        patch.setattr(home.store, "write", fail)
        yield


async def sweep(home: ServicesHarness, **rules: int) -> None:
    await desk(home, **rules).handle(CleanupTask.DATA)


async def test_prompts_are_wiped_so_many_days_after_the_end(home: ServicesHarness) -> None:
    await song(home)
    prompts = "SELECT count(*) FROM requests WHERE prompt IS NOT NULL"
    home.clock.advance(9 * DAY)
    await sweep(home, prompt_days=10)
    assert await rows(home, prompts) == [1]
    home.clock.advance(DAY)
    await sweep(home, prompt_days=10)
    assert await rows(home, prompts) == [0]


async def test_a_dead_token_is_wiped_also_of_a_request_that_does_not_end(home: ServicesHarness) -> None:
    await home.making()
    tokens = "SELECT count(*) FROM requests WHERE token IS NOT NULL"
    await desk(home).handle(CleanupTask.TOKENS)
    assert await rows(home, tokens) == [1]
    home.clock.advance(870)
    await desk(home).handle(CleanupTask.TOKENS)
    assert await rows(home, tokens) == [0]


async def test_chores_come_at_the_start_and_again_after_their_pauses(home: ServicesHarness) -> None:
    retention = desk(home)
    start = home.clock.now
    assert await retention.claim(9) == [CleanupTask.TOKENS, CleanupTask.DATA, CleanupTask.TIMES]
    assert await retention.claim(9) == []
    due_at = await retention.next_due_at()
    assert due_at == start + module.EVERY[CleanupTask.TIMES]
    home.clock.advance(3600)
    assert await retention.claim(1) == [CleanupTask.TOKENS]
    assert (await retention.next_due_at() or start) <= home.clock.now
    assert await retention.claim(1) == [CleanupTask.DATA]


@pytest.mark.parametrize("back_s", [3600, DAY])
async def test_a_clock_that_is_set_back_delays_no_chore(home: ServicesHarness, back_s: int) -> None:
    retention = desk(home)
    await retention.claim(9)
    home.clock.advance(-back_s)
    assert await retention.next_due_at() == home.clock.now + module.EVERY[CleanupTask.TIMES]
    home.clock.advance(5)
    assert await retention.claim(9) == [CleanupTask.TIMES]
    home.clock.advance(3600)
    assert CleanupTask.DATA in await retention.claim(9)


@pytest.mark.parametrize("back_s", [3600, DAY])
async def test_a_clock_that_is_set_back_delays_no_song_and_is_told_once(
    home: ServicesHarness, back_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    retention = desk(home)
    await home.making()
    await home.tell()
    home.clock.advance(-back_s)
    home.provider.finish("task-1")
    assert (await home.follow(), await home.tell()) == (0, 0)
    for _ in range(3):
        await retention.handle(CleanupTask.TIMES)
    assert await home.follow() == 1
    while await home.tell():
        home.clock.advance(5)
        await retention.handle(CleanupTask.TIMES)
    assert home.messenger.edits[-1].card.state is State.DELIVERED
    told = [record for record in caplog.records if "the clock was set back" in record.getMessage()]
    assert len(told) == 1


async def test_a_clock_that_keeps_being_set_back_is_told_once(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    retention = desk(home)
    await home.making()
    for _ in range(3):
        home.clock.advance(-3600)
        await retention.handle(CleanupTask.TIMES)
        assert await home.follow() == 1
    assert caplog.text.count("the clock was set back") == 1


@pytest.mark.parametrize("error", [InvalidMessageError("400"), RetryableError("429", retry_after_s=7200)])
async def test_no_pause_that_discord_makes_the_bot_take_looks_like_a_clock_that_was_set_back(
    home: ServicesHarness, error: MessengerError, caplog: pytest.LogCaptureFixture
) -> None:
    retention = desk(home)
    await home.ready()
    home.messenger.failures += [error] * 1000
    for _ in range(12):
        await home.tell()
        await retention.handle(CleanupTask.TIMES)
        assert await home.tell() == 0
        home.clock.advance(1200)
    assert "the clock was set back" not in caplog.text


async def test_no_pause_of_a_decision_looks_like_a_clock_that_was_set_back(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await home.settle(log_channel_id=3)
    await home.services.members.reset(home.by(), TargetMember(user_id=BEN))
    home.messenger.failures.append(RetryableError("429", retry_after_s=7200))
    await home.herald()
    await desk(home).handle(CleanupTask.TIMES)
    assert await home.herald() == 0
    assert "the clock was set back" not in caplog.text


@pytest.mark.parametrize("on_s", [3600, DAY])
async def test_a_clock_that_is_set_forward_gives_no_song_up(home: ServicesHarness, on_s: int) -> None:
    request_id = await home.making()
    home.clock.advance(on_s)
    await home.follow()
    assert (await home.request(request_id)).state is State.MAKING
    home.clock.advance(-on_s)
    await desk(home).handle(CleanupTask.TIMES)
    await home.follow()
    home.provider.finish("task-1")
    home.clock.advance(31)
    await home.follow()
    while await home.tell():
        home.clock.advance(5)
        await desk(home).handle(CleanupTask.TIMES)
    assert home.messenger.edits[-1].card.state is State.DELIVERED
    assert (await home.credits()).used == 30


async def test_a_database_that_is_away_is_tried_again_soon(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    retention = desk(home)
    await retention.claim(9)
    with away(home):
        await retention.handle(CleanupTask.DATA)
    assert "data are left for later: away" in caplog.text
    home.clock.advance(module.EVERY[CleanupTask.TOKENS].total_seconds())
    assert CleanupTask.DATA in await retention.claim(9)


async def test_more_than_one_batch_is_done_in_one_round(
    home: ServicesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    for _ in range(3):
        await song(home)
    home.clock.advance(91 * DAY)
    await sweep(home)
    assert await rows(home, "SELECT prompt FROM requests") == [None] * 3


async def test_a_server_is_forgotten_a_month_after_the_bot_left_and_its_books_stay(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await song(home)
    await song(home, BEN)
    books = await rows(home, "SELECT id FROM transfers ORDER BY id")
    await home.services.guilds.record_left(GUILD)
    home.clock.advance(29 * DAY)
    await sweep(home)
    assert await rows(home, "SELECT user_id FROM requests ORDER BY 1") == [ADA, BEN]
    home.clock.advance(2 * DAY)
    with caplog.at_level(logging.INFO, "bot.services.privacy.retention"):
        await sweep(home)
    assert "2 requests of servers left and 1 such servers" in caplog.text
    assert str(GUILD) not in caplog.text
    assert await rows(home, "SELECT user_id FROM requests") == [0, 0]
    for table in ("members", "guilds", "guild_settings", "notices", "changes", "playlists", "ratings"):
        assert await rows(home, f"SELECT count(*) FROM {table}") == [0]
    assert await rows(home, "SELECT DISTINCT user_id FROM accounts") == [None]
    assert await rows(home, "SELECT id FROM transfers ORDER BY id") == books
    # a bot that is invited again begins anew
    await home.services.guilds.record_joined(GUILD)
    assert (await home.credits()).available == 90


async def test_a_server_to_which_the_bot_came_back_is_not_forgotten(home: ServicesHarness) -> None:
    await song(home)
    await home.services.guilds.record_left(GUILD)
    home.clock.advance(20 * DAY)
    await home.services.guilds.record_joined(GUILD)
    home.clock.advance(20 * DAY)
    await sweep(home)
    assert await rows(home, "SELECT user_id FROM requests") == [ADA]


async def test_what_is_under_way_in_a_server_that_was_left_is_waited_for(home: ServicesHarness) -> None:
    await home.place()
    await home.services.guilds.record_left(GUILD)
    home.clock.advance(31 * DAY)
    await sweep(home)
    assert await rows(home, "SELECT user_id FROM members") == [ADA]


async def come_back(home: ServicesHarness) -> None:
    """The bot is removed from the server, which is forgotten at once, and invited again."""
    await home.services.guilds.record_left(GUILD)
    await sweep(home, guild_days=0)
    assert await rows(home, "SELECT count(*) FROM guild_settings") == [0]
    await home.services.guilds.reconcile(VisibleGuilds(frozenset({GUILD}), frozenset({0}), 1))
    await home.services.guilds.record_joined(GUILD)


async def test_no_allowance_begins_anew_by_leaving_and_coming_back(home: ServicesHarness) -> None:
    await song(home)
    await come_back(home)
    assert (await home.credits()).available == 60
    assert (await home.credits(BEN)).available == 90
    await song(home)
    await come_back(home)
    assert (await home.credits()).available == 30
    await home.services.guilds.record_left(GUILD)
    await sweep(home, guild_days=0)
    assert await rows(home, "SELECT user_id FROM members") == [ADA]
    home.clock.advance(7 * DAY)
    await sweep(home, guild_days=0)
    assert await rows(home, "SELECT count(*) FROM members") == [0]
    assert await rows(home, "SELECT count(*) FROM guilds") == [0]
    assert await home.breaches() == []


async def test_a_block_outlasts_leaving_and_coming_back(home: ServicesHarness) -> None:
    await song(home)
    moderation = home.services.members
    await moderation.block(home.by(), TargetMember(user_id=ADA), reason="spam")
    await moderation.make_exception(home.by(), TargetMember(user_id=BEN), amount=0)
    await come_back(home)
    home.clock.advance(30 * DAY)
    await sweep(home, guild_days=0)
    with pytest.raises(BlockedError, match="spam"):
        await home.place()
    with pytest.raises(CreditsError):
        await home.place(BEN)
    await moderation.unblock(home.by(), TargetMember(user_id=ADA))
    await home.place()
    assert (await home.credits(BEN)).available == 0


async def test_a_block_is_forgotten_a_year_after_the_bot_left(home: ServicesHarness) -> None:
    await song(home)
    await home.services.members.block(home.by(), TargetMember(user_id=ADA), reason="spam")
    await home.services.guilds.record_left(GUILD)
    await sweep(home, guild_days=0)
    for days, count in ((364, 1), (2, 0)):
        home.clock.advance(days * DAY)
        await home.services.guilds.reconcile(VisibleGuilds(frozenset(), frozenset({0}), 1))
        await sweep(home, guild_days=0)
        assert await rows(home, "SELECT count(*) FROM members") == [count]


async def test_a_block_stays_for_as_long_as_the_bot_is_in_use(home: ServicesHarness) -> None:
    await song(home)
    await home.services.members.block(home.by(), TargetMember(user_id=ADA), reason="spam")
    await come_back(home)
    await home.place(BEN)
    home.clock.advance(400 * DAY)
    await sweep(home, guild_days=0)
    with pytest.raises(BlockedError):
        await home.place()
