"""News by direct message: told once, there or at the next command."""

from collections import deque

import pytest

from bot.domain.errors import InvalidMessageError, MessengerError, NoAccessError, RetryableError
from bot.services.delivery.news_message import ATTEMPTS
from bot.services.delivery.routes import NONCE_LIFE
from bot.services.moderation.members import TargetMember
from tests.harness.services import ADA, GUILD, ServicesHarness

CLOSED = NoAccessError("403 50007")
LOST = RetryableError("the connection broke", 1.0)
NOT_TAKEN = RetryableError("429", 1.0, not_taken=True)


async def grant(harness: ServicesHarness, amount: int = 60, *, at_once: bool = True) -> int:
    await harness.services.guild_settings.set_news(harness.actor(), at_once=at_once)
    actor = harness.actor()
    await harness.services.members.grant(actor, TargetMember(user_id=ADA), amount=amount, reason="a prize")
    return actor.interaction_id


def told(harness: ServicesHarness) -> list[tuple[int, ...]]:
    assert all(user_id == ADA for user_id, _ in harness.messenger.news)
    return [ids for _, ids in harness.messenger.news]


async def at_command(harness: ServicesHarness) -> list[int]:
    return [entry.id for entry in await harness.services.news.take(GUILD, ADA)]


async def test_a_member_is_told_by_direct_message_and_not_at_a_command(harness: ServicesHarness) -> None:
    first, second = await grant(harness), await grant(harness, 30)
    assert await harness.dispatch() == 2
    assert (told(harness), await at_command(harness)) == ([(first, second)], [])
    third = await grant(harness)
    assert await harness.dispatch() == 1
    assert told(harness) == [(first, second), (third,)]


async def test_unless_the_server_says_so_a_member_is_told_at_a_command(harness: ServicesHarness) -> None:
    first = await grant(harness, at_once=False)
    assert await harness.dispatch() == 0
    second = await grant(harness)
    await harness.services.guild_settings.set_news(harness.actor(), at_once=False)
    assert await harness.dispatch() == 1
    assert (told(harness), await at_command(harness)) == ([], [first, second])


async def test_what_a_command_has_told_is_not_told_again(harness: ServicesHarness) -> None:
    first = await grant(harness)
    assert await at_command(harness) == [first]
    assert (await harness.dispatch(), told(harness)) == (1, [])


@pytest.mark.parametrize("refusal", [CLOSED, InvalidMessageError("400")])
@pytest.mark.parametrize("is_early", [True, False])
async def test_what_discord_refuses_is_told_at_the_next_command(
    harness: ServicesHarness, *, refusal: MessengerError, is_early: bool
) -> None:
    entry = await grant(harness)
    harness.messenger.failures = deque([refusal])
    harness.messenger.fails_before_claim = refusal if is_early else None
    assert await harness.dispatch() == 1
    harness.clock.advance(3600)
    assert await harness.dispatch() == 0
    assert (told(harness), await at_command(harness)) == ([], [entry])


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_lost_answer_makes_no_second_message(harness: ServicesHarness, *, arrives: bool) -> None:
    entry = await grant(harness)
    harness.messenger.failures, harness.messenger.lose_replies = deque([LOST]), arrives
    await harness.dispatch()
    assert await at_command(harness) == [], "it is about to be told"
    harness.clock.advance(60)
    assert (await harness.dispatch(), told(harness)) == (1, [(entry,)])


async def test_after_minutes_a_message_that_may_have_arrived_is_not_repeated(
    harness: ServicesHarness,
) -> None:
    await grant(harness)
    harness.messenger.failures = deque([LOST])
    await harness.dispatch()
    harness.clock.advance(NONCE_LIFE.total_seconds() + 60)
    assert (await harness.dispatch(), told(harness), await at_command(harness)) == (1, [], [])


async def test_a_message_that_was_not_taken_is_sent_later_and_given_up_after_hours(
    harness: ServicesHarness,
) -> None:
    entry = await grant(harness)
    harness.messenger.failures = deque([NOT_TAKEN])
    await harness.dispatch()
    harness.clock.advance(NONCE_LIFE.total_seconds() + 60)
    assert (await harness.dispatch(), told(harness)) == (1, [(entry,)])
    other, tries = await grant(harness), 0
    harness.messenger.failures = deque([NOT_TAKEN] * 2 * ATTEMPTS)
    for _ in range(2 * ATTEMPTS):
        tries += await harness.dispatch()
        harness.clock.advance(900)
    assert tries == ATTEMPTS
    assert (told(harness), await at_command(harness)) == ([(entry,)], [other])


async def test_what_a_command_tells_at_the_same_moment_is_not_told_twice(harness: ServicesHarness) -> None:
    first = await grant(harness)
    harness.messenger.on_news = lambda: harness.services.news.take(GUILD, ADA)
    await harness.dispatch()
    harness.messenger.on_news = None
    harness.clock.advance(3600)
    await harness.dispatch()
    assert (told(harness), await at_command(harness)) == ([], []), first


async def test_of_a_member_whose_data_was_deleted_nothing_is_told(harness: ServicesHarness) -> None:
    await grant(harness)
    await harness.services.privacy.erase(ADA)
    await harness.dispatch()
    assert told(harness) == []
