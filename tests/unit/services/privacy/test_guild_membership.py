from datetime import datetime

import pytest

from bot.domain.errors import StoreError
from bot.domain.welcomes import Welcome
from bot.services.privacy.guild_membership import (
    ACTIVITY_INTERVAL,
    ACTIVITY_TTL,
    GuildMembership,
    VisibleGuilds,
)
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from tests.harness.clock import START
from tests.harness.services import GUILD, ServicesHarness

SHARD = (GUILD >> 22) % 4
"""Of four, that of the harness's server."""
UNKNOWN = GUILD + 5


def seen(*guild_ids: int, shard: int = SHARD) -> VisibleGuilds:
    return VisibleGuilds(guild_ids=frozenset(guild_ids), shard_ids=frozenset({shard}), shard_count=4)


async def left(harness: ServicesHarness) -> dict[int, datetime | None]:
    return dict(await harness.store.read(lambda work: work.guilds.known()))


async def test_a_server_that_was_left_unnoticed_is_found_by_those_who_serve_its_shard(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    servers = harness.services.guilds
    await servers.reconcile(seen(GUILD))
    await servers.reconcile(seen(shard=(SHARD + 1) % 4))
    assert await left(harness) == {GUILD: None}
    await servers.reconcile(seen())
    assert await left(harness) == {GUILD: START}
    harness.clock.advance(60)
    await servers.reconcile(seen())  # it keeps the time at which that was found
    assert await left(harness) == {GUILD: START}


async def test_a_server_is_back_when_it_is_seen_or_joined(harness: ServicesHarness) -> None:
    await harness.place()
    servers = harness.services.guilds
    await servers.record_left(GUILD)
    assert await left(harness) == {GUILD: START}
    await servers.reconcile(seen(GUILD, UNKNOWN))
    assert await left(harness) == {GUILD: None}
    await servers.record_left(GUILD)
    await servers.record_joined(Welcome(guild_id=GUILD, joined_at=START))
    assert await left(harness) == {GUILD: None}


async def test_a_server_of_which_nothing_is_kept_is_forgotten_like_any_other(
    harness: ServicesHarness,
) -> None:
    await harness.services.guilds.record_left(UNKNOWN)
    assert await left(harness) == {UNKNOWN: START}
    harness.clock.advance(31 * 86_400)
    await CleanupHandler(harness.store, config=RetentionConfig(), clock=harness.clock).handle(
        CleanupTask.DATA
    )
    assert await left(harness) == {}


async def test_a_server_in_use_is_not_left_though_the_gateway_does_not_tell_of_it(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    servers = harness.services.guilds
    await servers.reconcile(seen())
    assert await left(harness) == {GUILD: START}
    await servers.record_activity(GUILD)
    assert await left(harness) == {GUILD: None}
    await servers.reconcile(seen())
    assert await left(harness) == {GUILD: None}
    harness.clock.advance(ACTIVITY_TTL.total_seconds() - 1)
    await GuildMembership(harness.store, clock=harness.clock).reconcile(seen())
    assert await left(harness) == {GUILD: None}
    harness.clock.advance(1)
    await GuildMembership(harness.store, clock=harness.clock).reconcile(seen())
    assert await left(harness) == {GUILD: harness.clock()}


async def test_a_server_in_use_is_noted_once_an_hour(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    servers = harness.services.guilds
    await servers.record_activity(GUILD)
    harness.faults.fail(error=StoreError("away"))
    harness.clock.advance(ACTIVITY_INTERVAL.total_seconds() - 1)
    await servers.record_activity(GUILD)
    assert not caplog.records
    harness.clock.advance(1)
    await servers.record_activity(GUILD)
    assert "a server in use could not be recorded: away" in caplog.text


async def test_a_server_that_the_bot_was_removed_from_is_left_though_it_was_in_use(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    servers = harness.services.guilds
    await servers.record_activity(GUILD)
    await servers.record_left(GUILD)
    await servers.reconcile(seen())
    assert await left(harness) == {GUILD: START}


async def test_a_note_that_the_database_does_not_take_is_made_by_the_next_command(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    servers = harness.services.guilds
    await servers.record_left(GUILD)
    harness.faults.fail(error=StoreError("away"), times=1)
    await servers.record_activity(GUILD)
    assert await left(harness) == {GUILD: START}
    await servers.record_activity(GUILD)
    assert await left(harness) == {GUILD: None}
