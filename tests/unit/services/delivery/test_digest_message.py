"""Weekly digests: one a week in each server that wants them, also after a long time without the bot."""

from collections import deque
from datetime import timedelta

import pytest

from bot.chat.delivery.digest_message import QUIET, digest_message
from bot.domain.digests import MORNING, SPREAD_S, Digest, WeekSum, next_digest
from bot.domain.errors import InvalidMessageError, NoAccessError, RetryableError
from bot.domain.guild_settings import Budget
from bot.domain.moderator_errors import LogChannelError
from bot.domain.quotas import Period, window_of
from bot.domain.requests import RETURNED, FailureKind, State
from bot.domain.shared_limits import BudgetState, SharedLimits
from bot.domain.welcomes import Welcome
from bot.services.delivery.digest_message import ATTEMPTS
from bot.services.delivery.routes import NONCE_LIFE
from bot.services.privacy.guild_membership import GuildMembership
from bot.services.repositories.outbox import MessageKind
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, ServicesHarness
from tests.unit.chat.factories import cap_of, check_sendable, fields

WEEK = timedelta(weeks=1)
LOST = RetryableError("503", 1.0)
NOT_SENT = RetryableError("503", 1.0, not_taken=True)


async def wanted(harness: ServicesHarness) -> None:
    await harness.services.guild_settings.set_log(harness.actor(), channel_id=CHANNEL, digest=True)
    await harness.dispatch()


async def to_monday(harness: ServicesHarness, *, weeks: int = 0) -> None:
    """Advance to the moment at which the server's next digest is due, and some weeks more."""
    now = harness.clock()
    harness.clock.advance((next_digest(GUILD, now) - now + weeks * WEEK).total_seconds())


def weeks(harness: ServicesHarness) -> list[str]:
    return [digest.week for digest, _ in harness.messenger.digests]


async def test_a_week_has_one_digest_and_one_was_enough_for_many_without_the_bot(
    harness: ServicesHarness,
) -> None:
    await wanted(harness)
    first = window_of(Period.WEEK, harness.clock()).key
    assert weeks(harness) == []
    now = harness.clock()
    assert not await harness.store.read(lambda uow: uow.cleanup.has_future_times(now=now))
    await to_monday(harness)
    for _ in range(3):
        await harness.dispatch()
    assert weeks(harness) == [first]
    await harness.store.write(lambda uow: uow.outbox.mark_due(GUILD, MessageKind.DIGEST, due_at=now))
    assert (await harness.dispatch(), weeks(harness)) == (1, [first])
    await to_monday(harness, weeks=5)
    last = window_of(Period.WEEK, harness.clock() - WEEK).key
    for _ in range(3):
        await harness.dispatch()
    assert weeks(harness) == [first, last]


async def test_a_digest_that_is_off_is_not_posted_and_on_again_it_is(harness: ServicesHarness) -> None:
    rules = harness.services.guild_settings
    with pytest.raises(LogChannelError):
        await rules.set_log(harness.actor(), digest=True)
    await wanted(harness)
    await rules.set_log(harness.actor(), digest=False)
    await to_monday(harness)
    await harness.dispatch()
    assert weeks(harness) == []
    await rules.set_log(harness.actor(), digest=True)
    await rules.set_log(harness.actor(), digest=False)
    await rules.set_log(harness.actor(), digest=True)
    await to_monday(harness)
    await harness.dispatch()
    assert len(weeks(harness)) == 1


async def test_a_server_that_the_bot_returns_to_keeps_its_digest(harness: ServicesHarness) -> None:
    await wanted(harness)
    welcome = Welcome(guild_id=GUILD, joined_at=harness.clock(), channel_ids=(CHANNEL,))
    await GuildMembership(harness.store, clock=harness.clock).record_joined(welcome)
    await harness.dispatch()
    await to_monday(harness)
    await harness.dispatch()
    assert len(weeks(harness)) == 1


@pytest.mark.parametrize(
    ("failure", "is_taken", "later_s", "posted"),
    [
        (NOT_SENT, False, 60, 1),
        (LOST, True, 60, 1),
        (LOST, True, NONCE_LIFE.total_seconds() + 60, 1),
        (LOST, False, NONCE_LIFE.total_seconds() + 60, 0),
        (NOT_SENT, False, NONCE_LIFE.total_seconds() + 60, 1),
        (NoAccessError("gone"), False, 60, 0),
        (InvalidMessageError("400"), False, 60, 0),
    ],
)
async def test_a_failure_posts_no_digest_twice(
    harness: ServicesHarness, failure: Exception, *, is_taken: bool, later_s: float, posted: int
) -> None:
    await wanted(harness)
    await to_monday(harness)
    messenger = harness.messenger
    messenger.failures, messenger.lose_replies = deque([failure]), is_taken  # type: ignore[list-item] # one of the port's
    await harness.dispatch()
    messenger.knows_repeats = later_s < NONCE_LIFE.total_seconds()
    harness.clock.advance(later_s)
    await harness.dispatch()
    assert len(weeks(harness)) == posted
    await to_monday(harness)
    await harness.dispatch()
    assert len(weeks(harness)) == posted + 1


async def test_a_digest_is_given_up_after_many_attempts(harness: ServicesHarness) -> None:
    await wanted(harness)
    await to_monday(harness)
    harness.messenger.failures = deque([NOT_SENT] * ATTEMPTS)
    for _ in range(ATTEMPTS + 2):
        await harness.dispatch()
        harness.clock.advance(1200)
    assert (weeks(harness), len(harness.messenger.failures)) == ([], 0)
    await to_monday(harness)
    await harness.dispatch()
    assert len(weeks(harness)) == 1


async def test_a_digest_says_what_the_week_came_to(harness: ServicesHarness) -> None:
    budget = Budget(credits=300, period=Period.WEEK, opened_in="")
    await harness.set_guild_settings(log_channel_id=CHANNEL, max_active=9, allowance=900, budget=budget)
    await harness.services.guild_settings.set_log(harness.actor(), digest=True)
    await harness.place_and_finish(ADA)
    await harness.place_and_finish(BEN)
    cancelled = await harness.place(ADA)
    await harness.requests.cancel(cancelled.request_id, guild_id=GUILD, user_id=ADA)
    await to_monday(harness)
    while await harness.dispatch():
        pass
    ((digest, _),) = harness.messenger.digests
    assert digest.total == WeekSum(requests=3, songs=2, credits=60)
    assert (digest.failures, digest.asked_most, digest.awaiting) == (
        {State.CANCELLED: 1},
        ((ADA, 2), (BEN, 1)),
        0,
    )
    message = digest_message(digest)
    check_sendable(embeds=list(message.embeds))
    (embed,) = message.embeds
    assert embed.description == (
        "**3 requests**: **2 songs** for **60 credits**.\nThe week before, there was none."
    )
    assert fields(embed) == {
        "Without a song": "1: cancelled",
        "Credits": "This server's budget: **60** of 300 credits used (20 %).",
        "Requested most": f"<@{ADA}> 2\n<@{BEN}> 1",
    }
    await to_monday(harness)
    await harness.dispatch()
    (quiet, _) = harness.messenger.digests[-1]
    assert digest_message(quiet).embeds[0].description == QUIET


def test_every_end_without_a_song_has_its_words(harness: ServicesHarness) -> None:
    digest = Digest(
        guild_id=1,
        week="",
        starts_on=harness.clock().date(),
        ends_on=harness.clock().date(),
        total=WeekSum(99, 0, 0),
        before=WeekSum(2, 1, 30),
        failures=dict.fromkeys([*FailureKind, *RETURNED], 1_000),
        asked_most=(),
        awaiting=4,
        limits=SharedLimits(
            budget=BudgetState(credits=0, left=0, spent=0, period=Period.WEEK, resets_at=harness.clock()),
            server_cap=cap_of(credits_=900, spent=30),
        ),
    )
    message = digest_message(digest)
    check_sendable(embeds=list(message.embeds))
    (embed,) = message.embeds
    assert "The week before: 2 requests, 1 song for 30 credits." in str(embed.description)
    shown = fields(embed)
    assert len(str(shown["Without a song"]).splitlines()) == len({*FailureKind, *RETURNED})
    assert shown["Wait for approval"] == "**4 requests**: `/requests pending` lists them."
    assert "The bot owner's limit for this server: **870** of 900 credits left." in str(shown["Credits"])


def test_digests_are_due_on_monday_morning_spread_over_an_hour(harness: ServicesHarness) -> None:
    now, due = harness.clock(), set()
    for number in range(0, 7200, 600):
        at = next_digest(number << 22, now)
        monday = window_of(Period.WEEK, at).starts_at
        assert now < at <= now + WEEK
        assert MORNING <= at - monday < MORNING + timedelta(seconds=SPREAD_S)
        assert next_digest(number << 22, at) == at + WEEK
        due.add(at)
    assert len(due) == 6
