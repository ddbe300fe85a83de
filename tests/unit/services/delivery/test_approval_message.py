"""Approval messages: posted once, found again; if no moderator can see one, its member reads that."""

import pytest

from bot.domain.errors import (
    ConflictError,
    InvalidMessageError,
    MessengerError,
    NoAccessError,
    RetryableError,
)
from bot.domain.requests import State
from bot.services.moderation.guild_settings import GuildSettingsService
from bot.services.ports import MessageForm
from bot.services.repositories.outbox import MessageKind
from tests.harness.services import ADA, CHANNEL, GUILD, RULES, ServicesHarness
from tests.unit.services.conflicting_store import ConflictingStore

MODS = CHANNEL + 50
CLOSED = NoAccessError("50001")
LOST = RetryableError("the process is gone before it hears of it")


async def awaiting(harness: ServicesHarness) -> int:
    """Place a request that has to be approved; its message is not posted yet."""
    await harness.services.guild_settings.set_approval(harness.actor(), channel_id=MODS)
    return (await harness.place()).request_id


async def died_asking(harness: ServicesHarness, *, posted: bool = True) -> int:
    """Kill a dispatcher while it posts, and let the nonce expire."""
    request_id = await awaiting(harness)
    (message,) = await harness.dispatcher.claim(1)
    assert message.kind is MessageKind.APPROVAL
    harness.messenger.lose_replies = posted
    harness.messenger.failures.append(LOST)
    with pytest.raises(RetryableError):
        await harness.dispatcher._approvals.show(message)
    harness.messenger.knows_repeats = False
    harness.clock.advance(180)
    return request_id


async def message_of(harness: ServicesHarness, request_id: int) -> tuple[int | None, int | None]:
    request = await harness.request(request_id)
    return request.approval_channel_id, request.approval_message_id


async def test_a_post_whose_dispatcher_died_is_found(harness: ServicesHarness) -> None:
    request_id = await died_asking(harness)
    await harness.dispatch()
    posted, _ = harness.messenger.approvals[request_id]
    assert await message_of(harness, request_id) == (MODS, posted.message_id)
    assert harness.messenger.doubled == 0


async def test_a_post_that_did_not_come_to_be_is_made(harness: ServicesHarness) -> None:
    request_id = await died_asking(harness, posted=False)
    await harness.dispatch()
    posted, (card,) = harness.messenger.approvals[request_id]
    assert await message_of(harness, request_id) == (MODS, posted.message_id)
    assert card.state is State.AWAITING


async def test_moderators_see_it_twice_rather_than_never(harness: ServicesHarness) -> None:
    request_id = await died_asking(harness)
    harness.messenger.failures += [CLOSED]
    await harness.dispatch()
    posted, _ = harness.messenger.approvals[request_id]
    assert harness.messenger.doubled == 1
    assert await message_of(harness, request_id) == (MODS, posted.message_id)


async def test_what_was_cancelled_before_anybody_knew_of_the_post_loses_its_buttons(
    harness: ServicesHarness,
) -> None:
    request_id = await died_asking(harness)
    await harness.requests.cancel(request_id, guild_id=GUILD, user_id=ADA)
    await harness.dispatch()
    assert harness.messenger.approvals[request_id][1][-1].state is State.CANCELLED
    assert harness.messenger.doubled == 0


@pytest.mark.parametrize("refused", [RetryableError("429", not_taken=True), RetryableError("reset")])
async def test_what_discord_does_not_take_now_is_posted_a_little_later(
    harness: ServicesHarness, refused: RetryableError
) -> None:
    request_id = await awaiting(harness)
    harness.messenger.failures.append(refused)
    await harness.dispatch()
    assert not harness.messenger.approvals
    harness.clock.advance(2)
    await harness.dispatch()
    assert request_id in harness.messenger.approvals


async def test_what_moderators_read_already_is_not_said_again(harness: ServicesHarness) -> None:
    request_id = await awaiting(harness)
    await harness.dispatch()
    harness.clock.advance(4)
    await harness.store.write(
        lambda work: work.outbox.mark_due(request_id, MessageKind.APPROVAL, due_at=harness.clock())
    )
    assert await harness.dispatch() == 1
    assert len(harness.messenger.approvals[request_id][1]) == 1


async def test_a_dispatcher_that_lost_its_message_posts_nothing(harness: ServicesHarness) -> None:
    request_id = await awaiting(harness)
    (message,) = await harness.dispatcher.claim(1)
    harness.clock.advance(181)
    await harness.dispatch()
    harness.messenger.knows_repeats = False
    with pytest.raises(ConflictError):
        await harness.dispatcher._approvals._post(
            message, await harness.request(request_id), harness.messenger.approvals[request_id][1][0], MODS
        )
    assert harness.messenger.doubled == 0


async def says_unseen(harness: ServicesHarness) -> bool:
    harness.clock.advance(4)
    await harness.dispatch()
    return harness.messenger.edits[-1].card.unseen


async def test_a_closed_channel_is_told_to_the_member_and_once_to_the_operator(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await awaiting(harness)
    harness.messenger.failures.append(CLOSED)
    await harness.dispatch()
    assert await message_of(harness, request_id) == (MODS, None)
    harness.messenger.failures.append(CLOSED)
    assert await says_unseen(harness)
    for _ in range(3):
        harness.clock.advance(300)
        harness.messenger.failures.append(CLOSED)
        await harness.dispatch()
    assert not harness.messenger.approvals
    assert caplog.text.count("OPERATOR: a request can't be shown to the moderators") == 1
    harness.clock.advance(300)
    await harness.dispatch()
    assert request_id in harness.messenger.approvals
    assert not await says_unseen(harness)


async def test_what_discord_refuses_to_show_is_told_to_the_member(harness: ServicesHarness) -> None:
    request_id = await awaiting(harness)
    harness.messenger.failures += [InvalidMessageError("400")] * 4
    await harness.dispatch()
    assert await says_unseen(harness)
    assert await message_of(harness, request_id) == (MODS, None)
    harness.clock.advance(300)
    await harness.dispatch()  # another day its words are taken
    assert request_id in harness.messenger.approvals
    assert not await says_unseen(harness)


async def test_a_refused_prompt_is_left_out_of_what_moderators_see(harness: ServicesHarness) -> None:
    request_id = await awaiting(harness)
    harness.messenger.failures.append(InvalidMessageError("200000"))
    await harness.dispatch()
    assert harness.messenger.forms == [MessageForm.BARE]
    assert request_id in harness.messenger.approvals
    assert not (await harness.request(request_id)).is_undelivered


@pytest.mark.parametrize("errors", [[CLOSED], [InvalidMessageError("400")] * 2])
async def test_an_unseen_request_goes_into_line_when_approval_ends(
    harness: ServicesHarness, errors: list[MessengerError]
) -> None:
    request_id = await awaiting(harness)
    harness.messenger.failures += errors
    await harness.dispatch()
    assert await harness.services.guild_settings.end_approval(harness.actor()) == 1
    harness.clock.advance(4)
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.WAITING
    assert not harness.messenger.edits[-1].card.unseen
    assert not harness.messenger.approvals


async def test_the_end_of_approval_meets_another_move_and_is_tried_again(harness: ServicesHarness) -> None:
    request_id = await awaiting(harness)
    contended = ConflictingStore(harness.store, 2)
    rules = GuildSettingsService(contended, config=RULES, clock=harness.clock)
    assert await rules.end_approval(harness.actor()) == 1
    assert (await harness.request(request_id)).state is State.WAITING
