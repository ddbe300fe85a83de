"""A channel of their own for results: there, too, nothing is posted twice and nothing is lost."""

from datetime import UTC, datetime

import pytest

from bot.domain.errors import MessengerError, NoAccessError
from bot.domain.requests import State
from bot.services.delivery.routes import DeliveryAttempt, DeliveryRoute
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget
from tests.harness.services import ADA, CHANNEL, GUILD, ServicesHarness
from tests.unit.services.delivery.test_result_recovery import (
    CLOSED,
    GONE,
    died_posting,
    goes_on,
    had_no_reply,
    status_of,
)

RADIO = CHANNEL + 51


@pytest.fixture
async def harness(harness: ServicesHarness) -> ServicesHarness:
    await harness.services.guild_settings.set_results(harness.actor(), channel_id=RADIO)
    return harness


async def test_a_result_in_the_results_channel_is_found(harness: ServicesHarness) -> None:
    request_id = await died_posting(harness)
    await goes_on(harness)
    assert [post.target for post in harness.messenger.results] == [ChannelTarget(RADIO)]
    assert (await harness.request(request_id)).result_channel_id == RADIO
    card = await status_of(harness)
    assert card.result_url is not None
    assert f"/channels/{GUILD}/{RADIO}/" in card.result_url


async def test_where_the_results_channel_cannot_be_read_it_may_stand_there(harness: ServicesHarness) -> None:
    request_id = await died_posting(harness)
    await goes_on(harness, CLOSED)
    assert len(harness.messenger.results) == 1
    request = await harness.request(request_id)
    assert (request.state, request.result_channel_id) == (State.UNDELIVERABLE, RADIO)
    assert (await status_of(harness)).delivery_uncertain


async def test_while_discord_knows_the_nonce_the_results_channel_is_tried_again(
    harness: ServicesHarness,
) -> None:
    request_id = await had_no_reply(harness)
    await goes_on(harness, CLOSED, after_s=5)
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).result_channel_id == RADIO


async def test_what_went_with_the_results_channel_is_posted_where_it_was_asked_for(
    harness: ServicesHarness,
) -> None:
    request_id = await died_posting(harness)
    await goes_on(harness, GONE, GONE)
    assert harness.messenger.results[-1].target == ChannelTarget(CHANNEL)
    assert (await harness.request(request_id)).result_channel_id == CHANNEL


@pytest.mark.parametrize(
    ("refusals", "target"),
    [
        ((CLOSED, CLOSED), FollowUpTarget),
        ((CLOSED, GONE, NoAccessError("unknown webhook")), DirectMessageTarget),
    ],
)
async def test_closed_channels_are_gone_around(
    harness: ServicesHarness, refusals: tuple[MessengerError, ...], target: type[object]
) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += refusals
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert isinstance(post.target, target)
    assert not isinstance(post.target, DirectMessageTarget) or post.target.user_id == ADA


async def test_an_intent_outlives_its_dispatcher_with_its_channel(harness: ServicesHarness) -> None:
    request = await harness.request(await harness.place_and_finish())
    attempt = DeliveryAttempt(DeliveryRoute.RESULTS, datetime(2026, 11, 18, tzinfo=UTC))
    assert DeliveryAttempt.parse(str(attempt)).target(request) == ChannelTarget(RADIO)


async def test_an_end_without_a_song_is_told_where_the_song_was_asked_for(harness: ServicesHarness) -> None:
    card = await harness.place()
    await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    harness.clock.advance(4)
    harness.messenger.failures.append(CLOSED)
    await harness.dispatch()
    (post,) = harness.messenger.endings
    assert post.target == ChannelTarget(CHANNEL)
