"""Welcomes in servers that the bot joins: once each, wherever one can be posted."""

from collections import deque
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import NoAccessError, RetryableError
from bot.domain.welcomes import Welcome
from bot.services.delivery.routes import NONCE_LIFE
from bot.services.delivery.welcome_message import ATTEMPTS
from bot.services.ports import MessageRef
from bot.services.privacy.guild_membership import VisibleGuilds
from bot.services.served_guilds import store_decisions
from tests.harness.clock import START
from tests.harness.services import CHANNEL, GUILD, ServicesHarness

INVITER, NEW = 10**17 + 9, 10**17 + 77
HOUR = timedelta(hours=1)
HELLO = Welcome(
    guild_id=GUILD,
    joined_at=START,
    channel_ids=(CHANNEL, CHANNEL + 1),
    missing=("embed_links",),
)
CLOSED = NoAccessError("closed")
LATER = RetryableError("503", 1.0)


def places(harness: ServicesHarness) -> list[int]:
    return [posted.channel_id for _, posted in harness.messenger.welcomes]


async def test_a_server_is_welcomed_once_for_each_time_that_the_bot_joins(harness: ServicesHarness) -> None:
    servers = harness.services.guilds
    for _ in range(2):
        await servers.record_joined(HELLO)
        await harness.dispatch()
    assert places(harness) == [CHANNEL]
    (card, _), *_ = harness.messenger.welcomes
    assert (card.welcome.is_back, card.welcome.missing, card.cost) == (False, ("embed_links",), 30)
    await servers.record_left(GUILD)
    harness.messenger.knows_repeats = False
    await servers.record_joined(replace(HELLO, joined_at=START + HOUR))
    await harness.dispatch()
    assert [card.welcome.is_back for card, _ in harness.messenger.welcomes] == [False, True]


@pytest.mark.parametrize(
    ("refused", "expected"),
    [(1, [CHANNEL + 1]), (2, [-INVITER]), (3, [])],
)
async def test_the_next_place_is_tried_where_one_is_closed(
    harness: ServicesHarness, refused: int, expected: list[int]
) -> None:
    harness.messenger.inviters = {GUILD: INVITER}
    harness.messenger.failures = deque([CLOSED] * refused)
    await harness.services.guilds.record_joined(HELLO)
    assert (await harness.dispatch(), await harness.dispatch()) == (1, 0)
    assert places(harness) == expected


async def test_a_lost_answer_posts_it_no_second_time(harness: ServicesHarness) -> None:
    harness.messenger.failures, harness.messenger.lose_replies = deque([LATER]), True
    await harness.services.guilds.record_joined(HELLO)
    for seconds in (0, 60):
        harness.clock.advance(seconds)
        await harness.dispatch()
    assert places(harness) == [CHANNEL]


@pytest.mark.parametrize(
    ("loses", "found", "expected"),
    [(True, None, [CHANNEL]), (False, None, [CHANNEL]), (True, CLOSED, [CHANNEL]), (False, CLOSED, [])],
)
async def test_after_a_long_time_it_is_looked_for(
    harness: ServicesHarness, *, loses: bool, found: NoAccessError | None, expected: list[int]
) -> None:
    messenger = harness.messenger
    messenger.failures, messenger.lose_replies, messenger.knows_repeats = deque([LATER]), loses, False
    await harness.services.guilds.record_joined(HELLO)
    await harness.dispatch()
    messenger.failures = deque([found] if found else [])
    harness.clock.advance(NONCE_LIFE.total_seconds() + 60)
    await harness.dispatch()
    assert places(harness) == expected


async def test_a_direct_message_that_may_have_arrived_is_not_repeated(harness: ServicesHarness) -> None:
    harness.messenger.failures, harness.messenger.inviters = deque([LATER]), {GUILD: INVITER}
    await harness.services.guilds.record_joined(replace(HELLO, channel_ids=()))
    await harness.dispatch()
    harness.clock.advance(NONCE_LIFE.total_seconds() + 60)
    assert (await harness.dispatch(), places(harness)) == (1, [])


async def test_it_is_given_up_after_two_hours_or_where_nothing_can_be_posted(
    harness: ServicesHarness,
) -> None:
    await harness.services.guilds.record_joined(replace(HELLO, channel_ids=()))
    assert await harness.dispatch() == 1
    harness.messenger.failures = deque([LATER] * 100)
    await harness.services.guilds.record_joined(
        replace(HELLO, joined_at=START + HOUR, channel_ids=(CHANNEL,))
    )
    tries = 0
    for _ in range(2 * ATTEMPTS):
        harness.messenger.failures = deque([None, LATER] if tries else [LATER])
        tries += await harness.dispatch()
        harness.clock.advance(900)
    assert 0 < tries <= ATTEMPTS
    assert places(harness) in ([], [CHANNEL])


async def test_a_server_that_is_not_served_or_was_left_is_not_welcomed(harness: ServicesHarness) -> None:
    await harness.store.write(lambda uow: store_decisions(uow, {GUILD: False}))
    await harness.services.guilds.record_joined(HELLO)
    assert (await harness.dispatch(), places(harness)) == (1, [])


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_server_joined_while_the_bot_was_stopped_is_welcomed_unless_it_has_data(
    harness: ServicesHarness, *, is_known: bool
) -> None:
    def seen(*welcomes: Welcome) -> VisibleGuilds:
        ids = frozenset(one.guild_id for one in welcomes)
        return VisibleGuilds(guild_ids=ids, shard_ids=frozenset({0}), shard_count=1, joined_lately=welcomes)

    servers = harness.services.guilds
    if is_known:
        await harness.services.guild_settings.set_limits(harness.actor(), active=2)
    await servers.reconcile(seen(HELLO))
    assert await harness.dispatch() == (0 if is_known else 1)
    harness.messenger.welcomes.clear()
    joined = Welcome(guild_id=NEW, joined_at=START + HOUR, channel_ids=(CHANNEL,))
    for _ in range(2):
        await servers.reconcile(seen(HELLO, joined))
        await harness.dispatch()
    assert places(harness) == [CHANNEL]
    assert isinstance(harness.messenger.welcomes[0][1], MessageRef)


async def test_who_added_the_bot_too_long_ago_is_not_known(harness: ServicesHarness) -> None:
    harness.messenger.inviters = {GUILD: None}
    await harness.services.guilds.record_joined(replace(HELLO, channel_ids=()))
    assert (await harness.dispatch(), places(harness)) == (1, [])
