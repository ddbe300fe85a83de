"""The message that pings the requester when a request ends late without a song."""

from datetime import timedelta

import pytest

from bot.domain.errors import InvalidMessageError, NoAccessError, RetryableError
from bot.domain.requests import Failure, FailureKind, State
from bot.services.cards import StatusCard
from bot.services.delivery.routes import NONCE_LIFE
from bot.services.moderation.members import TargetMember
from bot.services.ports import ChannelTarget, DirectMessageTarget
from bot.services.runtime.timings import WorkTimings
from tests.harness.services import ADA, CHANNEL, GUILD, ServicesHarness

LATE_S = WorkTimings().ping_after_s
SUBJECT = TargetMember(user_id=ADA)


async def ends_after(harness: ServicesHarness, seconds: float) -> int:
    """Let a waiting request end by a moderator after so many seconds; return its id."""
    card = await harness.place()
    harness.clock.advance(seconds)
    await harness.services.queue.cancel(harness.actor(), card.request_id, reason="spam")
    return card.request_id


async def test_a_late_failure_pings_once_with_a_link_to_the_status(harness: ServicesHarness) -> None:
    request_id = await ends_after(harness, LATE_S)
    for _ in range(2):
        await harness.dispatch()
        harness.clock.advance(60)
    (ping,) = harness.messenger.endings
    assert isinstance(ping.card, StatusCard)
    assert (ping.target, ping.card.state) == (ChannelTarget(CHANNEL), State.CANCELLED)
    assert ping.card.status_url == (f"https://discord.com/channels/{GUILD}/{CHANNEL}/{request_id + 10**17}")
    assert harness.messenger.edits[-1].card.status_url is None


@pytest.mark.parametrize("lost", [True, False])
async def test_a_moderators_removal_pings_with_its_reason(harness: ServicesHarness, lost: bool) -> None:
    request_id = await harness.place_and_finish()
    await harness.dispatch()
    harness.clock.advance(LATE_S)
    await harness.dispatch()
    await harness.library.remove(request_id, harness.actor(), reason="too loud")
    harness.clock.advance(5)
    harness.messenger.failures += [NoAccessError("closed")] if lost else []
    await harness.dispatch()
    (ping,) = harness.messenger.endings
    assert isinstance(ping.card, StatusCard)
    assert (ping.card.removed, ping.card.failure) == (True, Failure(FailureKind.MODERATOR, "too loud"))
    assert (ping.card.status_url is None) is lost


async def test_an_early_failure_and_a_members_own_cancel_ping_nobody(harness: ServicesHarness) -> None:
    await ends_after(harness, LATE_S - 1)
    own = await harness.place()
    harness.clock.advance(LATE_S)
    await harness.requests.cancel(own.request_id, guild_id=GUILD, user_id=ADA)
    await harness.dispatch()
    assert harness.messenger.endings == []
    assert [edit.card.state for edit in harness.messenger.edits] == [State.CANCELLED] * 2


async def test_a_ping_of_unknown_outcome_is_repeated_only_while_discord_detects_it(
    harness: ServicesHarness,
) -> None:
    await ends_after(harness, LATE_S)
    harness.messenger.failures += [None, RetryableError("cut off")]
    await harness.dispatch()
    harness.clock.advance(NONCE_LIFE.total_seconds())
    await harness.dispatch()
    assert harness.messenger.endings == []
    assert len(harness.messenger.edits) == 2
    harness.clock.advance(300)
    assert await harness.dispatch() == 0


@pytest.mark.parametrize("lost", [True, False])
async def test_a_ping_that_discord_takes_later_is_posted_once(harness: ServicesHarness, lost: bool) -> None:
    await ends_after(harness, LATE_S)
    harness.messenger.lose_replies = lost
    harness.messenger.failures += [None, RetryableError("cut off", not_taken=not lost)]
    await harness.dispatch()
    harness.clock.advance(5)
    await harness.dispatch()
    assert len(harness.messenger.endings) == 1


async def test_a_ping_that_was_certainly_not_taken_is_posted_however_late(harness: ServicesHarness) -> None:
    await ends_after(harness, LATE_S)
    harness.messenger.failures += [None, RetryableError("busy", not_taken=True)]
    await harness.dispatch()
    harness.clock.advance(10 * NONCE_LIFE.total_seconds())
    await harness.dispatch()
    assert len(harness.messenger.endings) == 1


async def test_a_ping_takes_another_route_where_the_bot_cannot_post(harness: ServicesHarness) -> None:
    await ends_after(harness, timedelta(hours=1).total_seconds())
    harness.messenger.failures += [None, NoAccessError("closed")]
    await harness.dispatch()
    (ping,) = harness.messenger.endings
    assert ping.target == DirectMessageTarget(ADA)


async def test_a_ping_that_nobody_takes_is_given_up_since_the_status_tells(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    for failure in (NoAccessError("closed"), InvalidMessageError("refused")):
        await ends_after(harness, timedelta(hours=1).total_seconds())
        harness.messenger.failures += [None, *[failure] * 4]
        await harness.dispatch()
        harness.messenger.failures.clear()
        harness.clock.advance(300)
        assert await harness.dispatch() == 0
    assert harness.messenger.endings == []
    assert "OPERATOR:" not in caplog.text
