"""Results whose dispatcher was killed or got no reply: never posted twice, never lost."""

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
from bot.services.cards import ResultCard, StatusCard
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.delivery.result_message import ResultDelivery
from bot.services.ports import (
    ChannelTarget,
    Claim,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MessageForm,
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


async def died_posting(harness: ServicesHarness, *refusals: MessengerError, posted: bool = True) -> int:
    """Kill a dispatcher while it posts, after this many refusals; the nonce is still valid."""
    request_id = await harness.place_and_finish()
    (message,) = await harness.dispatcher.claim(1)
    harness.messenger.lose_replies = posted
    harness.messenger.failures += [*refusals, LOST]
    with pytest.raises(RetryableError):
        await harness.dispatcher._delivery.deliver(message)
    return request_id


async def had_no_reply(harness: ServicesHarness, *refusals: MessengerError) -> int:
    """Let a dispatcher post, after this many refusals, and lose the reply."""
    request_id = await harness.place_and_finish()
    harness.messenger.lose_replies = True
    harness.messenger.failures += [*refusals, LOST]
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.READY
    return request_id


async def goes_on(harness: ServicesHarness, *refusals: MessengerError, after_s: float = 180) -> None:
    """Let another dispatcher claim it when the lease has ended; after minutes the nonce has expired."""
    harness.clock.advance(after_s)
    if after_s >= 180:
        harness.messenger._by_nonce.clear()
    harness.messenger.failures += refusals
    await harness.dispatch()
    assert not harness.messenger.failures


async def status_of(harness: ServicesHarness) -> StatusCard:
    harness.clock.advance(10)
    await harness.dispatch()
    return harness.messenger.edits[-1].card


async def test_a_result_in_the_channel_is_found(harness: ServicesHarness) -> None:
    request_id = await died_posting(harness)
    await goes_on(harness)
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_a_result_that_is_not_in_the_channel_is_posted(harness: ServicesHarness) -> None:
    request_id = await died_posting(harness, posted=False)
    await goes_on(harness)
    assert [post.target for post in harness.messenger.results] == [ChannelTarget(CHANNEL)]
    assert (await harness.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("posted", [True, False])
@pytest.mark.parametrize("failure", [CLOSED, InvalidMessageError("400")])
async def test_where_nobody_can_look_it_is_kept_and_its_member_told_so(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture, failure: MessengerError, posted: bool
) -> None:
    request_id = await died_posting(harness, posted=posted)
    await goes_on(harness, failure)
    assert len(harness.messenger.results) == posted
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE
    assert "nobody can tell whether the song was posted" in caplog.text
    card = await status_of(harness)
    assert card.delivery_uncertain
    assert card.clip_ids == tuple(clip.id for clip in two_clips("task-1"))
    assert (await harness.credits()).used == 30


async def test_while_discord_knows_the_nonce_a_repeat_finds_the_first_post(harness: ServicesHarness) -> None:
    request_id = await had_no_reply(harness)
    await goes_on(harness, CLOSED, after_s=5)  # the history is closed, the channel takes posts
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("failure", [CLOSED, InvalidMessageError("400")])
async def test_a_repeat_that_is_refused_says_nothing_of_the_first_post(
    harness: ServicesHarness, failure: MessengerError
) -> None:
    request_id = await had_no_reply(harness)
    again = [failure] * 4 if isinstance(failure, InvalidMessageError) else [failure]
    await goes_on(harness, CLOSED, *again, after_s=5)
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE


async def test_what_was_posted_in_a_channel_that_is_no_more_is_sent_to_the_member(
    harness: ServicesHarness,
) -> None:
    request_id = await died_posting(harness)
    harness.clock.advance(870)
    await goes_on(harness, GONE, GONE)
    assert harness.messenger.results[-1].target == DirectMessageTarget(ADA)
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_a_channel_may_be_deleted_between_the_look_and_the_repeat(harness: ServicesHarness) -> None:
    request_id = await had_no_reply(harness)
    harness.messenger._by_nonce.clear()
    await goes_on(harness, CLOSED, GONE, GONE, GONE, after_s=5)
    assert harness.messenger.results[-1].target == DirectMessageTarget(ADA)
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_a_follow_up_is_found_in_its_channel(harness: ServicesHarness) -> None:
    request_id = await died_posting(harness, CLOSED)
    await goes_on(harness)
    (post,) = harness.messenger.results
    assert isinstance(post.target, FollowUpTarget)
    assert (await harness.request(request_id)).result_message_id == post.posted.message_id


async def test_a_follow_up_that_nobody_can_look_for_is_not_repeated(harness: ServicesHarness) -> None:
    request_id = await had_no_reply(harness, CLOSED)
    await goes_on(harness, CLOSED, after_s=5)
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE
    assert (await status_of(harness)).delivery_uncertain


async def test_a_direct_message_is_found(harness: ServicesHarness) -> None:
    request_id = await died_posting(harness, CLOSED, TokenExpiredError())
    await goes_on(harness)
    (post,) = harness.messenger.results
    assert post.target == DirectMessageTarget(ADA)
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_a_direct_message_that_nobody_can_look_for_is_not_in_the_channel(
    harness: ServicesHarness,
) -> None:
    request_id = await died_posting(harness, CLOSED, TokenExpiredError())
    await goes_on(harness, CLOSED)
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE
    assert not (await status_of(harness)).delivery_uncertain


async def test_a_post_that_was_surely_not_taken_begins_anew(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [CLOSED, RetryableError("429", not_taken=True)]
    await harness.dispatch()
    assert not harness.messenger.results
    await goes_on(harness, CLOSED, after_s=5)
    (post,) = harness.messenger.results
    assert isinstance(post.target, FollowUpTarget)
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_a_dispatcher_that_lost_its_lease_posts_nothing(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_finish()
    (mine,) = await harness.dispatcher.claim(1)
    harness.clock.advance(180)
    (theirs, _status) = sorted(await harness.dispatcher.claim(2), key=lambda message: message.kind)
    with pytest.raises(ConflictError):
        await harness.dispatcher._delivery.deliver(mine)
    await harness.dispatcher.handle(mine)
    assert not harness.messenger.results
    assert "another worker has leased the message" in caplog.text
    await harness.dispatcher.handle(theirs)
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.DELIVERED


class Queueing(FakeMessenger):
    """Let a post wait for the channel's rate limit."""

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


async def posted_after(harness: ServicesHarness, queued_s: float) -> tuple[int, int]:
    """Run two dispatchers on one database, the first of which waits; return who posted how often."""
    await harness.place_and_finish()
    (message,) = await harness.dispatcher.claim(1)
    queue = Queueing()
    first = OutboxDispatcher(
        harness.store,
        queue,
        harness.media,
        ResultDelivery(harness.store, queue, harness.media, attach_audio=True, clock=harness.clock),
        owner="w0",
        config=harness.config,
        clock=harness.clock,
    )
    posting = asyncio.create_task(first.handle(message))
    await queue.waiting.wait()
    harness.clock.advance(queued_s)
    await harness.dispatch()
    queue.turn.set()
    await posting
    return len(queue.results), len(harness.messenger.results)


async def test_a_post_whose_turn_comes_after_its_lease_is_left_to_who_took_it(
    harness: ServicesHarness,
) -> None:
    assert await posted_after(harness, 181) == (0, 1)


async def test_a_post_whose_turn_comes_within_its_lease_is_made(harness: ServicesHarness) -> None:
    assert await posted_after(harness, 170) == (1, 0)


async def test_a_lease_is_counted_from_the_turn(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    (message,) = await harness.dispatcher.claim(1)
    harness.clock.advance(170)
    harness.messenger.failures.append(LOST)
    with pytest.raises(RetryableError):
        await harness.dispatcher._delivery.deliver(message)
    harness.clock.advance(170)
    assert MessageKind.RESULT not in [one.kind for one in await harness.dispatcher.claim(9)]
    harness.clock.advance(10)
    assert MessageKind.RESULT in [one.kind for one in await harness.dispatcher.claim(9)]
