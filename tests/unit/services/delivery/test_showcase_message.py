"""The showcase: a song is forwarded once, with its buttons beside it, and taken away when it is removed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import (
    ConflictError,
    InvalidMessageError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
)
from bot.domain.requests import Request
from bot.services.audit_log import Actor
from bot.services.delivery.showcase_message import ATTEMPTS, ShowcasePosts
from bot.services.repositories.outbox import MessageKind
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, MODERATOR, ServicesHarness

SHOWCASE = CHANNEL + 60
PRESS = 10**18
SECOND = 1000 << 22
CLOSED = NoAccessError("50001")
LOST = RetryableError("the process is gone before it hears of it")
BUSY = RetryableError("429", not_taken=True)
EXPIRED_S = 180
"""Seconds after which no repeat is detected."""


async def press(
    harness: ServicesHarness,
    request_id: int,
    user_id: int = BEN,
    clip: int = 1,
    *,
    at: int = PRESS,
    public: int = CHANNEL,
) -> None:
    actor = Actor(interaction_id=at, guild_id=GUILD, actor_id=user_id)
    await harness.library.press_heart(request_id, clip, actor, public_channel_ids=(public,))


async def delivered(harness: ServicesHarness, *, loves: int = 2) -> Request:
    """A song that was posted, in a server with a showcase for songs of so many loves."""
    await harness.set_guild_settings(showcase_channel_id=SHOWCASE, showcase_loves=loves)
    request_id = await harness.place_and_finish(ADA)
    for _ in range(2):
        await harness.dispatch()
        harness.clock.advance(5)
    assert await harness.dispatch() == 0
    return await harness.request(request_id)


async def loved(harness: ServicesHarness) -> Request:
    """A song that two members love; it is not forwarded yet."""
    request = await delivered(harness)
    for user_id in (BEN, MODERATOR):
        await press(harness, request.id, user_id)
    return request


async def remove(harness: ServicesHarness, request: Request) -> None:
    by = Actor(interaction_id=5, guild_id=GUILD, actor_id=ADA)
    await harness.library.remove(request.id, by)


async def retried(harness: ServicesHarness, *, after_s: float = 30) -> None:
    harness.clock.advance(after_s)
    await harness.dispatch()


def shown(harness: ServicesHarness) -> list[str]:
    """Return the posts in the showcase that are not deleted, by their nonces."""
    posts = harness.messenger.references.items()
    return [nonce for nonce, post in posts if post.posted.message_id not in harness.messenger.deleted]


def both(request: Request) -> list[str]:
    return [f"show{request.id}", f"hearts{request.id}"]


async def test_a_song_of_a_channel_that_not_everybody_sees_is_not_forwarded(harness: ServicesHarness) -> None:
    request = await delivered(harness)
    for user_id in (BEN, MODERATOR):
        await press(harness, request.id, user_id, public=SHOWCASE)
    assert await harness.dispatch() == 0
    assert shown(harness) == []


async def test_a_song_is_forwarded_once_when_enough_members_love_it(harness: ServicesHarness) -> None:
    request = await delivered(harness)
    await press(harness, request.id, BEN)
    await press(harness, request.id, BEN, clip=2)
    assert await harness.dispatch() == 0, "one member loves both clips"
    await press(harness, request.id, MODERATOR)
    assert await harness.dispatch() == 1
    assert shown(harness) == both(request)
    forward, buttons = harness.messenger.references.values()
    assert forward.to.message_id == request.result_message_id
    assert (buttons.to, buttons.posted.channel_id) == (forward.posted, SHOWCASE)
    await press(harness, request.id, MODERATOR, at=PRESS + 3 * SECOND)
    await press(harness, request.id, MODERATOR, at=PRESS + 6 * SECOND)
    await press(harness, request.id, MODERATOR + 1)
    assert await harness.dispatch() == 0
    assert shown(harness) == both(request)


async def test_a_song_with_enough_loves_follows_with_its_next_one(
    harness: ServicesHarness,
) -> None:
    request = await delivered(harness, loves=9)
    for user_id in (BEN, MODERATOR, MODERATOR + 1):
        await press(harness, request.id, user_id)
    await harness.set_guild_settings(showcase_channel_id=SHOWCASE, showcase_loves=2)
    await press(harness, request.id, BEN, at=PRESS + 3 * SECOND)
    await press(harness, request.id, BEN, at=PRESS + 3 * SECOND)
    assert await harness.dispatch() == 0
    await press(harness, request.id, BEN, at=PRESS + 6 * SECOND)
    assert await harness.dispatch() == 1
    assert shown(harness) == both(request)


async def test_where_there_is_no_showcase_nothing_is_forwarded(harness: ServicesHarness) -> None:
    request = await loved(harness)
    await harness.set_guild_settings()
    await harness.dispatch()
    await press(harness, request.id, MODERATOR + 1)
    assert await harness.dispatch() == 0
    assert shown(harness) == []


async def test_a_song_that_was_posted_in_no_channel_of_the_server_is_not_forwarded(
    harness: ServicesHarness,
) -> None:
    await harness.set_guild_settings(showcase_channel_id=SHOWCASE, showcase_loves=1)
    harness.messenger.failures += [CLOSED] * 9
    request_id = await harness.place_and_finish()
    await harness.dispatch()
    harness.messenger.failures.clear()
    await press(harness, request_id)
    harness.clock.advance(60)
    await harness.dispatch()
    assert shown(harness) == []


async def stopped(harness: ServicesHarness, *failures: MessengerError | None, lost: bool = True) -> Request:
    """Forward a song until this happens to a post; `lost` if it is posted all the same."""
    request = await loved(harness)
    harness.messenger.lose_replies = lost
    harness.messenger.failures += failures
    await harness.dispatch()
    return request


@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize("failures", [(LOST,), (None, LOST), (BUSY,), (None, BUSY)])
@pytest.mark.parametrize("after_s", [30, EXPIRED_S])
async def test_a_post_whose_outcome_is_unknown_is_found_or_made(
    harness: ServicesHarness, failures: tuple[MessengerError | None, ...], lost: bool, after_s: int
) -> None:
    lost = lost and BUSY not in failures
    request = await stopped(harness, *failures, lost=lost)
    harness.messenger.knows_repeats = after_s < EXPIRED_S
    await retried(harness, after_s=after_s)
    assert shown(harness) == both(request)
    await press(harness, request.id, MODERATOR + 1)
    assert await harness.dispatch() == 0


async def test_a_post_of_which_nobody_can_tell_is_never_made_again(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request = await stopped(harness, LOST)
    harness.messenger.knows_repeats = False
    for _ in range(ATTEMPTS):
        harness.messenger.failures.append(CLOSED)
        await retried(harness, after_s=600)
    harness.messenger.failures.clear()
    await retried(harness, after_s=600)
    assert shown(harness) == [f"show{request.id}"]
    assert "posts in the showcase are given up" in caplog.text


@pytest.mark.parametrize("failure", [CLOSED, InvalidMessageError("unknown", is_too_large=False), BUSY])
async def test_a_channel_that_is_closed_is_tried_for_hours_and_the_operator_hears_of_it(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture, failure: MessengerError
) -> None:
    request = await stopped(harness, failure, lost=False)
    assert ("OPERATOR: the bot can't use a showcase channel" in caplog.text) == (failure is CLOSED)
    await retried(harness)
    assert shown(harness) == both(request)
    other = await delivered(harness, loves=1)
    await press(harness, other.id)
    for _ in range(ATTEMPTS + 1):
        harness.messenger.failures += [failure] * 9
        await retried(harness, after_s=600)
        harness.messenger.failures.clear()
    await retried(harness, after_s=600)
    assert shown(harness) == both(request)
    assert "OPERATOR: a song's posts in the showcase are given up" in caplog.text


@pytest.mark.parametrize("failures", [(MessageGoneError(),), (None, MessageGoneError())])
async def test_a_song_whose_post_is_gone_is_not_tried_again(
    harness: ServicesHarness, failures: tuple[MessengerError | None, ...]
) -> None:
    request = await stopped(harness, *failures)
    await retried(harness, after_s=600)
    assert shown(harness) == both(request)[: len(failures) - 1]


async def test_a_removed_song_leaves_the_showcase(harness: ServicesHarness) -> None:
    request = await loved(harness)
    await harness.dispatch()
    await remove(harness, request)
    harness.messenger.failures.append(BUSY)
    for _ in range(3):
        await retried(harness)
    assert shown(harness) == []
    assert len(harness.messenger.deleted) == 2


async def test_a_song_that_is_removed_first_is_not_forwarded(harness: ServicesHarness) -> None:
    request = await loved(harness)
    await remove(harness, request)
    await retried(harness)
    assert shown(harness) == []


@pytest.mark.parametrize("failures", [(LOST,), (None, LOST), (None, BUSY)])
async def test_what_was_posted_before_a_song_is_removed_is_found_and_deleted(
    harness: ServicesHarness, failures: tuple[MessengerError | None, ...]
) -> None:
    request = await stopped(harness, *failures, lost=BUSY not in failures)
    await remove(harness, request)
    await retried(harness)
    assert harness.messenger.references
    assert shown(harness) == []


async def test_posts_of_a_removed_song_that_cannot_be_deleted_stay(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request = await loved(harness)
    await harness.dispatch()
    await remove(harness, request)
    for _ in range(ATTEMPTS + 1):
        harness.messenger.failures += [CLOSED] * 9
        await retried(harness, after_s=600)
        harness.messenger.failures.clear()
    await retried(harness, after_s=600)
    assert shown(harness) == both(request)
    assert "posts in the showcase are given up" in caplog.text


async def test_a_dispatcher_that_has_lost_its_lease_posts_nothing(harness: ServicesHarness) -> None:
    request = await loved(harness)
    (message,) = await harness.dispatcher.claim(1)
    assert message.kind is MessageKind.SHOWCASE
    with pytest.raises(ConflictError):
        await harness.dispatcher._showcase.show(replace(message, version=message.version - 1))
    assert (message.source_id, shown(harness)) == (request.id, [])


def test_posts_are_stored_as_text(harness: ServicesHarness) -> None:
    for posts in (
        ShowcasePosts(1),
        ShowcasePosts(1, 2, 3),
        ShowcasePosts(1, 2, tried_at=harness.clock() + timedelta(microseconds=1)),
    ):
        assert ShowcasePosts.parse(str(posts)) == posts
