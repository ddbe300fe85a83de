"""A result whose courier died, or had no reply: it is never posted twice, and its member always gets it."""

import asyncio

import pytest

from bot.domain.errors import (
    ConflictError,
    InvalidMessageError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import State
from bot.services.delivery.cards import ResultCard, StatusCard
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.delivery.message_forms import MessageForm
from bot.services.delivery.result_message import ResultDelivery
from bot.services.ports import (
    ChannelTarget,
    Claim,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MessageRef,
    Target,
    unclaimed,
)
from bot.services.repositories.outbox import MessageKind
from tests.fakes.messenger import FakeMessenger
from tests.fakes.provider import two_clips
from tests.harness.services import ADA, CHANNEL, ServicesHarness

CLOSED, GONE = NoAccessError("missing access"), NoAccessError("unknown channel", gone=True)
LOST = RetryableError("the process is gone before it hears of it")


async def died_posting(home: ServicesHarness, *refusals: MessengerError, posted: bool = True) -> int:
    """A courier died over its post, after so many targets had refused it; Discord has its nonce still."""
    request_id = await home.ready()
    (notice,) = await home.courier.claim(1)
    home.messenger.lose_replies = posted
    home.messenger.failures += [*refusals, LOST]
    with pytest.raises(RetryableError):
        await home.courier._delivery.deliver(notice)
    return request_id


async def had_no_reply(home: ServicesHarness, *refusals: MessengerError) -> int:
    """A courier posted, after so many targets had refused it, and never heard of it."""
    request_id = await home.ready()
    home.messenger.lose_replies = True
    home.messenger.failures += [*refusals, LOST]
    await home.tell()
    assert (await home.request(request_id)).state is State.READY
    return request_id


async def goes_on(home: ServicesHarness, *refusals: MessengerError, after_s: float = 180) -> None:
    """Another courier takes it when the lease has ended; after minutes Discord has forgotten the nonce."""
    home.clock.advance(after_s)
    if after_s >= 180:
        home.messenger._by_nonce.clear()
    home.messenger.failures += refusals
    await home.tell()
    assert not home.messenger.failures


async def status_of(home: ServicesHarness) -> StatusCard:
    home.clock.advance(10)
    await home.tell()
    return home.messenger.edits[-1].card


async def test_a_result_in_the_channel_is_found(home: ServicesHarness) -> None:
    request_id = await died_posting(home)
    await goes_on(home)
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_result_that_is_not_in_the_channel_is_posted(home: ServicesHarness) -> None:
    request_id = await died_posting(home, posted=False)
    await goes_on(home)
    assert [post.target for post in home.messenger.results] == [ChannelTarget(CHANNEL)]
    assert (await home.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("posted", [True, False])
@pytest.mark.parametrize("trouble", [CLOSED, InvalidMessageError("400")])
async def test_where_nobody_can_look_it_is_kept_and_its_member_told_so(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture, trouble: MessengerError, posted: bool
) -> None:
    request_id = await died_posting(home, posted=posted)
    await goes_on(home, trouble)
    assert len(home.messenger.results) == posted
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert "nobody can tell whether the song was posted" in caplog.text
    card = await status_of(home)
    assert card.delivery_uncertain
    assert card.clip_ids == tuple(clip.id for clip in two_clips("task-1"))
    assert (await home.credits()).used == 30


async def test_while_discord_knows_the_nonce_a_repeat_finds_the_first_post(home: ServicesHarness) -> None:
    request_id = await had_no_reply(home)
    await goes_on(home, CLOSED, after_s=5)  # the history is closed, the channel takes posts
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("trouble", [CLOSED, InvalidMessageError("400")])
async def test_a_repeat_that_is_refused_says_nothing_of_the_first_post(
    home: ServicesHarness, trouble: MessengerError
) -> None:
    request_id = await had_no_reply(home)
    again = [trouble] * 4 if isinstance(trouble, InvalidMessageError) else [trouble]
    await goes_on(home, CLOSED, *again, after_s=5)
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).state is State.UNDELIVERABLE


async def test_what_was_posted_in_a_channel_that_is_no_more_is_sent_to_the_member(
    home: ServicesHarness,
) -> None:
    request_id = await died_posting(home)
    home.clock.advance(870)
    await goes_on(home, GONE, GONE)
    assert home.messenger.results[-1].target == DirectMessageTarget(ADA)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_channel_may_be_deleted_between_the_look_and_the_repeat(home: ServicesHarness) -> None:
    request_id = await had_no_reply(home)
    home.messenger._by_nonce.clear()
    await goes_on(home, CLOSED, GONE, GONE, GONE, after_s=5)
    assert home.messenger.results[-1].target == DirectMessageTarget(ADA)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_follow_up_is_found_in_its_channel(home: ServicesHarness) -> None:
    request_id = await died_posting(home, CLOSED)
    await goes_on(home)
    (post,) = home.messenger.results
    assert isinstance(post.target, FollowUpTarget)
    assert (await home.request(request_id)).result_message_id == post.posted.message_id


async def test_a_follow_up_that_nobody_can_look_for_is_not_repeated(home: ServicesHarness) -> None:
    request_id = await had_no_reply(home, CLOSED)
    await goes_on(home, CLOSED, after_s=5)
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert (await status_of(home)).delivery_uncertain


async def test_a_direct_message_is_found(home: ServicesHarness) -> None:
    request_id = await died_posting(home, CLOSED, TokenExpiredError())
    await goes_on(home)
    (post,) = home.messenger.results
    assert post.target == DirectMessageTarget(ADA)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_direct_message_that_nobody_can_look_for_is_not_in_the_channel(home: ServicesHarness) -> None:
    request_id = await died_posting(home, CLOSED, TokenExpiredError())
    await goes_on(home, CLOSED)
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert not (await status_of(home)).delivery_uncertain


async def test_a_post_that_was_surely_not_taken_begins_anew(home: ServicesHarness) -> None:
    request_id = await home.ready()
    home.messenger.failures += [CLOSED, RetryableError("429", not_taken=True)]
    await home.tell()
    assert not home.messenger.results
    await goes_on(home, CLOSED, after_s=5)
    (post,) = home.messenger.results
    assert isinstance(post.target, FollowUpTarget)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_courier_that_lost_its_lease_posts_nothing(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.ready()
    (mine,) = await home.courier.claim(1)
    home.clock.advance(180)
    (theirs, _status) = sorted(await home.courier.claim(2), key=lambda notice: notice.kind)
    with pytest.raises(ConflictError):
        await home.courier._delivery.deliver(mine)
    await home.courier.handle(mine)
    assert not home.messenger.results
    assert "left to whoever has it now" in caplog.text
    await home.courier.handle(theirs)
    assert len(home.messenger.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


class Queueing(FakeMessenger):
    """A post waits until its turn has come."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.turn = asyncio.Event(), asyncio.Event()

    async def post_result(
        self,
        target: Target,
        card: ResultCard,
        files: tuple[Media | None, ...],
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        self.waiting.set()
        await self.turn.wait()
        return await super().post_result(target, card, files, form=form, claim=claim)


async def posted_after(home: ServicesHarness, queued_s: float) -> tuple[int, int]:
    """Two couriers on one database; the first one's turn comes so late. Gives who posted how often."""
    await home.ready()
    (notice,) = await home.courier.claim(1)
    queue = Queueing()
    first = OutboxDispatcher(
        home.store,
        queue,
        ResultDelivery(home.store, queue, home.media, attach_audio=True, clock=home.clock),
        owner="w0",
        slots=1,
        edit_spacing_s=4,
        clock=home.clock,
    )
    posting = asyncio.create_task(first.handle(notice))
    await queue.waiting.wait()
    home.clock.advance(queued_s)
    await home.tell()
    queue.turn.set()
    await posting
    return len(queue.results), len(home.messenger.results)


async def test_a_post_whose_turn_comes_after_its_lease_is_left_to_who_took_it(home: ServicesHarness) -> None:
    assert await posted_after(home, 181) == (0, 1)


async def test_a_post_whose_turn_comes_within_its_lease_is_made(home: ServicesHarness) -> None:
    assert await posted_after(home, 170) == (1, 0)


async def test_a_lease_is_counted_from_the_turn(home: ServicesHarness) -> None:
    await home.ready()
    (notice,) = await home.courier.claim(1)
    home.clock.advance(170)
    home.messenger.failures.append(LOST)
    with pytest.raises(RetryableError):
        await home.courier._delivery.deliver(notice)
    home.clock.advance(170)
    assert MessageKind.RESULT not in [one.kind for one in await home.courier.claim(9)]
    home.clock.advance(10)
    assert MessageKind.RESULT in [one.kind for one in await home.courier.claim(9)]
