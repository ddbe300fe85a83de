"""What moderators decide by: posted once, found again, and its member knows where nobody can see it."""

import pytest

from bot.domain.errors import (
    ConflictError,
    InvalidMessageError,
    MessengerError,
    NoAccessError,
    RetryableError,
)
from bot.domain.requests import State
from bot.services.delivery.message_forms import MessageForm
from bot.services.moderation.guild_settings import GuildSettingsService
from bot.services.repositories.outbox import MessageKind
from tests.harness.services import ADA, CHANNEL, GUILD, RULES, ServicesHarness
from tests.unit.services.contended import ContendedStore

MODS = CHANNEL + 50
CLOSED = NoAccessError("50001")
LOST = RetryableError("the process is gone before it hears of it")


async def awaiting(home: ServicesHarness) -> int:
    """A request that has to be approved; no moderator was told of it yet."""
    await home.services.guild_settings.require_approval(home.by(), MODS)
    return (await home.place()).request_id


async def died_asking(home: ServicesHarness, *, posted: bool = True) -> int:
    """A courier died over its post; by now, Discord has forgotten the nonce."""
    request_id = await awaiting(home)
    (notice,) = await home.courier.claim(1)
    assert notice.kind is MessageKind.APPROVAL
    home.messenger.lose_replies = posted
    home.messenger.failures.append(LOST)
    with pytest.raises(RetryableError):
        await home.courier._approvals.show(notice)
    home.messenger.knows_repeats = False
    home.clock.advance(180)
    return request_id


async def message_of(home: ServicesHarness, request_id: int) -> tuple[int | None, int | None]:
    request = await home.request(request_id)
    return request.approval_channel_id, request.approval_message_id


async def test_a_post_whose_courier_died_is_found(home: ServicesHarness) -> None:
    request_id = await died_asking(home)
    await home.tell()
    posted, _ = home.messenger.approvals[request_id]
    assert await message_of(home, request_id) == (MODS, posted.message_id)
    assert home.messenger.doubled == 0


async def test_a_post_that_did_not_come_to_be_is_made(home: ServicesHarness) -> None:
    request_id = await died_asking(home, posted=False)
    await home.tell()
    posted, (card,) = home.messenger.approvals[request_id]
    assert await message_of(home, request_id) == (MODS, posted.message_id)
    assert card.state is State.AWAITING


async def test_moderators_see_it_twice_rather_than_never(home: ServicesHarness) -> None:
    request_id = await died_asking(home)
    home.messenger.failures += [CLOSED]
    await home.tell()
    posted, _ = home.messenger.approvals[request_id]
    assert home.messenger.doubled == 1
    assert await message_of(home, request_id) == (MODS, posted.message_id)


async def test_what_was_cancelled_before_anybody_knew_of_the_post_loses_its_buttons(
    home: ServicesHarness,
) -> None:
    request_id = await died_asking(home)
    await home.songs.cancel(request_id, guild_id=GUILD, user_id=ADA)
    await home.tell()
    assert home.messenger.approvals[request_id][1][-1].state is State.CANCELLED
    assert home.messenger.doubled == 0


@pytest.mark.parametrize("refused", [RetryableError("429", not_taken=True), RetryableError("reset")])
async def test_what_discord_does_not_take_now_is_posted_a_little_later(
    home: ServicesHarness, refused: RetryableError
) -> None:
    request_id = await awaiting(home)
    home.messenger.failures.append(refused)
    await home.tell()
    assert not home.messenger.approvals
    home.clock.advance(2)
    await home.tell()
    assert request_id in home.messenger.approvals


async def test_what_moderators_read_already_is_not_said_again(home: ServicesHarness) -> None:
    request_id = await awaiting(home)
    await home.tell()
    home.clock.advance(4)
    await home.store.write(
        lambda work: work.outbox.mark_due(request_id, MessageKind.APPROVAL, due_at=home.clock())
    )
    assert await home.tell() == 1
    assert len(home.messenger.approvals[request_id][1]) == 1


async def test_a_courier_that_lost_its_notice_posts_nothing(home: ServicesHarness) -> None:
    request_id = await awaiting(home)
    (notice,) = await home.courier.claim(1)
    home.clock.advance(181)
    await home.tell()
    home.messenger.knows_repeats = False
    with pytest.raises(ConflictError):
        await home.courier._approvals._post(
            notice, await home.request(request_id), home.messenger.approvals[request_id][1][0], MODS
        )
    assert home.messenger.doubled == 0


async def says_unseen(home: ServicesHarness) -> bool:
    home.clock.advance(4)
    await home.tell()
    return home.messenger.edits[-1].card.unseen


async def test_a_closed_channel_is_told_to_the_member_and_once_to_the_operator(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await awaiting(home)
    home.messenger.failures.append(CLOSED)
    await home.tell()
    assert await message_of(home, request_id) == (MODS, None)
    home.messenger.failures.append(CLOSED)
    assert await says_unseen(home)
    for _ in range(3):
        home.clock.advance(300)
        home.messenger.failures.append(CLOSED)
        await home.tell()
    assert not home.messenger.approvals
    assert caplog.text.count("OPERATOR: a request can't be shown to the moderators") == 1
    home.clock.advance(300)
    await home.tell()
    assert request_id in home.messenger.approvals
    assert not await says_unseen(home)


async def test_what_discord_refuses_to_show_is_told_to_the_member(home: ServicesHarness) -> None:
    request_id = await awaiting(home)
    home.messenger.failures += [InvalidMessageError("400")] * 4
    await home.tell()
    assert await says_unseen(home)
    assert await message_of(home, request_id) == (MODS, None)
    home.clock.advance(300)
    await home.tell()  # another day its words are taken
    assert request_id in home.messenger.approvals
    assert not await says_unseen(home)


async def test_a_refused_prompt_is_left_out_of_what_moderators_see(home: ServicesHarness) -> None:
    request_id = await awaiting(home)
    home.messenger.failures.append(InvalidMessageError("200000"))
    await home.tell()
    assert home.messenger.forms == [MessageForm.BARE]
    assert request_id in home.messenger.approvals
    assert not (await home.request(request_id)).is_undelivered


@pytest.mark.parametrize("errors", [[CLOSED], [InvalidMessageError("400")] * 2])
async def test_an_unseen_request_goes_into_line_when_approval_ends(
    home: ServicesHarness, errors: list[MessengerError]
) -> None:
    request_id = await awaiting(home)
    home.messenger.failures += errors
    await home.tell()
    assert await home.services.guild_settings.end_approval(home.by()) == 1
    home.clock.advance(4)
    await home.tell()
    assert (await home.request(request_id)).state is State.WAITING
    assert not home.messenger.edits[-1].card.unseen
    assert not home.messenger.approvals


async def test_the_end_of_approval_meets_another_move_and_is_tried_again(home: ServicesHarness) -> None:
    request_id = await awaiting(home)
    contended = ContendedStore(home.store, 2)
    rules = GuildSettingsService(
        contended, policy=RULES.policy, models=RULES.models, default_model="v55", clock=home.clock
    )
    assert await rules.end_approval(home.by()) == 1
    assert (await home.request(request_id)).state is State.WAITING
