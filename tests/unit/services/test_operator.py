from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.caps import CapConfig
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import NotAcceptedError, StoreError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.quotas import Period
from bot.domain.requests import State
from bot.domain.scheduling import SNAPSHOT_TTL_S
from bot.domain.served_guilds import EVERYWHERE
from bot.domain.song_options import SongOptions
from bot.domain.welcomes import Welcome
from bot.services.audit_log import Actor
from bot.services.privacy.guild_membership import VisibleGuilds
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.served_guilds import ServedGuildsCache
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness, services_harness

DAY_S = 86_400


async def test_all_is_seen_over_all_servers(harness: ServicesHarness) -> None:
    first = await harness.place_and_submit()
    await harness.place(BEN)
    await harness.requests.place(
        SongOptions(playlist=PLAYLIST), replace(harness.context(), guild_id=GUILD + 1)
    )
    await harness.services.queue.pause(Actor(interaction_id=1, guild_id=GUILD, actor_id=9), "Exam week")
    task_id = (await harness.request(first)).task_id
    assert task_id
    harness.provider.finish(task_id)
    harness.clock.advance(60)
    await harness.poll()
    view = await harness.services.operator.status()
    assert view.pending == {
        State.AWAITING: 0,
        State.WAITING: 2,
        State.SUBMITTING: 0,
        State.MAKING: 0,
        State.READY: 1,
    }
    assert (view.paused, view.slots, view.cost, view.is_open) == (1, 2, 30, False)
    assert (view.used_in_day, view.used_in_week) == (30, 30)
    harness.clock.advance(DAY_S + 1)
    view = await harness.services.operator.status()
    assert (view.used_in_day, view.used_in_week) == (0, 30)


async def test_trouble_with_the_provider_is_seen(harness: ServicesHarness) -> None:
    await harness.place()
    harness.provider.submit_answers.append(NotAcceptedError("503", retry_after_s=17))
    await harness.submit()
    view = await harness.services.operator.status()
    assert (view.breaker.outage, view.is_open) == (ProviderOutage.OUTAGE, True)
    assert view.breaker.open_until
    assert (view.breaker.open_until - START).total_seconds() == 17


async def test_while_it_is_paused_nothing_is_submitted_and_all_keep_their_places(
    harness: ServicesHarness,
) -> None:
    first = await harness.place()
    assert await harness.services.operator.pause() == 1
    assert await harness.services.operator.pause() == 1
    second = await harness.place(BEN)
    assert (second.position, second.paused_by_operator, second.expected_at) == (2, True, None)
    assert await harness.submit() == 0
    assert await harness.submitter.next_due_at() is None
    harness.clock.advance(SNAPSHOT_TTL_S + 4)
    await harness.dispatch()
    told = {edit.card.request_id: edit.card.paused_by_operator for edit in harness.messenger.edits}
    assert told == {first.request_id: True}
    assert (await harness.services.queue.view(GUILD, ADA)).paused_by_operator
    assert await harness.services.operator.resume() == 2
    harness.clock.advance(SNAPSHOT_TTL_S + 4)
    await harness.dispatch()
    assert not harness.messenger.edits[-1].card.paused_by_operator
    assert await harness.submit() == 2


async def test_a_submission_that_ends_during_the_pause_does_not_end_it(harness: ServicesHarness) -> None:
    await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    await harness.services.operator.pause()
    await harness.submitter.handle(claimed)
    assert (await harness.request(claimed.id)).state is State.MAKING
    await harness.place(BEN)
    assert await harness.submit() == 0


async def test_what_is_not_paused_cannot_be_resumed(harness: ServicesHarness) -> None:
    with pytest.raises(NotPausedError) as caught:
        await harness.services.operator.resume()
    assert caught.value.everywhere


async def test_without_the_database_the_last_known_servers_are_served(harness: ServicesHarness) -> None:
    served = ServedGuildsCache(harness.faulty_store, EVERYWHERE)
    await harness.services.operator.deny(GUILD)
    await served.refresh()
    harness.faults.fail(error=StoreError("away"))
    await served.refresh()
    assert not served.includes(GUILD)


def seen(*numbers: int) -> VisibleGuilds:
    """The servers of a process with all shards."""
    return VisibleGuilds(frozenset(GUILD + number for number in numbers), frozenset({0}), 1)


async def test_all_servers_are_shown_the_most_expensive_first(tmp_path: Path) -> None:
    async with services_harness(tmp_path, caps=CapConfig(server=300), slots=1) as harness:
        operator, guilds = harness.services.operator, harness.services.guilds
        elsewhere = replace(harness.context(BEN), guild_id=GUILD + 1)
        await harness.place()
        await harness.requests.place(SongOptions(playlist=PLAYLIST), elsewhere)
        await harness.submit()
        harness.clock.advance(60)
        await harness.place(BEN)
        await operator.set_cap(GUILD + 2, 60)
        await operator.deny(GUILD + 3)
        shown = await operator.servers(0, seen(0, 1, 3, 4))
        assert (shown.together.songs, shown.together.credits) == (3, 90)
        servers = {one.guild_id - GUILD: one for one in shown.page.items}
        assert list(servers) == [0, 1, 2, 3, 4]
        assert [one.credits for one in servers.values()] == [60, 30, 0, 0, 0]
        assert [one.songs for one in servers.values()] == [2, 1, 0, 0, 0]
        assert [(one.cap, one.has_own_cap) for one in servers.values()][1:3] == [(300, False), (60, True)]
        assert [one.has_left for one in servers.values()] == [False, False, True, False, False]
        assert [one.is_served for one in servers.values()] == [True, True, True, False, True]
        assert servers[0].last_used_at == START + timedelta(seconds=60)
        assert servers[4].last_used_at is None
        await guilds.record_left(GUILD)
        harness.clock.advance(31 * DAY_S)
        later = await operator.servers(9, seen(1))
        assert [(one.guild_id - GUILD, one.credits) for one in later.page.items][:2] == [(0, 0), (1, 0)]
        assert later.page.items[0].has_left
        assert later.page.items[0].last_used_at == START


async def test_a_server_that_left_and_came_back_keeps_its_numbers_and_its_cap(tmp_path: Path) -> None:
    async with services_harness(tmp_path, caps=CapConfig(server=300)) as harness:
        operator, guilds = harness.services.operator, harness.services.guilds
        await harness.place_and_submit()
        await operator.set_cap(GUILD, 60)
        await guilds.record_left(GUILD)
        (gone,) = (await operator.servers(0, seen())).page.items
        erasing = CleanupHandler(harness.store, config=RetentionConfig(guild_days=0), clock=harness.clock)
        await erasing.handle(CleanupTask.DATA)
        await guilds.record_joined(Welcome(guild_id=GUILD, joined_at=harness.clock()))
        (back,) = (await operator.servers(0, seen(0))).page.items
        assert (gone.has_left, back.has_left) == (True, False)
        assert (back.songs, back.credits, back.cap, back.has_own_cap) == (1, 30, 60, True)


async def test_the_status_says_what_this_period_costs_and_comes_to(tmp_path: Path) -> None:
    async with services_harness(tmp_path, caps=CapConfig(total=300, period=Period.DAY)) as harness:
        await harness.place_and_submit()
        harness.clock.now = START.replace(hour=18)
        view = await harness.services.operator.status()
        assert (view.spending.songs, view.spending.credits) == (1, 30)
        assert (view.expected, view.total_cap) == (40, 300)
