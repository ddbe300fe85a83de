"""A channel of their own for results: there, too, nothing is posted twice and nothing is lost."""

from datetime import UTC, datetime

import pytest

from bot.domain.errors import MessengerError, NoAccessError
from bot.domain.requests import State
from bot.services.delivery.routes import DeliveryAttempt, DeliveryRoute
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget
from tests.harness.services import ADA, CHANNEL, GUILD, ServicesHarness
from tests.unit.services.test_result_recovery import (
    CLOSED,
    GONE,
    died_posting,
    goes_on,
    had_no_reply,
    status_of,
)

RADIO = CHANNEL + 51


@pytest.fixture
async def home(home: ServicesHarness) -> ServicesHarness:
    await home.services.guild_settings.set_results_channel(home.by(), RADIO)
    return home


async def test_a_result_in_the_results_channel_is_found(home: ServicesHarness) -> None:
    request_id = await died_posting(home)
    await goes_on(home)
    assert [post.target for post in home.messenger.results] == [ChannelTarget(RADIO)]
    assert (await home.request(request_id)).result_channel_id == RADIO
    card = await status_of(home)
    assert card.result_url is not None
    assert f"/channels/{GUILD}/{RADIO}/" in card.result_url


async def test_where_the_results_channel_cannot_be_read_it_may_stand_there(home: ServicesHarness) -> None:
    request_id = await died_posting(home)
    await goes_on(home, CLOSED)
    assert len(home.messenger.results) == 1
    request = await home.request(request_id)
    assert (request.state, request.result_channel_id) == (State.UNDELIVERABLE, RADIO)
    assert (await status_of(home)).delivery_uncertain


async def test_while_discord_knows_the_nonce_the_results_channel_is_tried_again(
    home: ServicesHarness,
) -> None:
    request_id = await had_no_reply(home)
    await goes_on(home, CLOSED, after_s=5)
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).result_channel_id == RADIO


async def test_what_went_with_the_results_channel_is_posted_where_it_was_asked_for(
    home: ServicesHarness,
) -> None:
    request_id = await died_posting(home)
    await goes_on(home, GONE, GONE)
    assert home.messenger.results[-1].target == ChannelTarget(CHANNEL)
    assert (await home.request(request_id)).result_channel_id == CHANNEL


@pytest.mark.parametrize(
    ("refusals", "target"),
    [
        ((CLOSED, CLOSED), FollowUpTarget),
        ((CLOSED, GONE, NoAccessError("unknown webhook")), DirectMessageTarget),
    ],
)
async def test_closed_channels_are_gone_around(
    home: ServicesHarness, refusals: tuple[MessengerError, ...], target: type[object]
) -> None:
    await home.ready()
    home.messenger.failures += refusals
    await home.tell()
    (post,) = home.messenger.results
    assert isinstance(post.target, target)
    assert not isinstance(post.target, DirectMessageTarget) or post.target.user_id == ADA


async def test_an_intent_outlives_its_courier_with_its_channel(home: ServicesHarness) -> None:
    request = await home.request(await home.ready())
    intent = DeliveryAttempt(DeliveryRoute.RESULTS, datetime(2026, 11, 18, tzinfo=UTC))
    assert DeliveryAttempt.parse(str(intent)).target(request) == ChannelTarget(RADIO)


async def test_an_end_without_a_song_is_told_where_the_song_was_asked_for(home: ServicesHarness) -> None:
    card = await home.place()
    await home.songs.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    home.clock.advance(4)
    home.messenger.failures.append(CLOSED)
    await home.tell()
    (post,) = home.messenger.endings
    assert post.target == ChannelTarget(CHANNEL)
