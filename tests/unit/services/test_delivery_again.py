"""A result whose courier died, or had no reply: it is never posted twice, and its member always gets it."""

import asyncio

import pytest

from bot.domain.errors import (
    AnnounceError,
    NoAccessError,
    StaleError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.requests import State
from bot.services.cards import ResultCard, StatusCard
from bot.services.courier import Courier
from bot.services.delivery import Delivery
from bot.services.message_forms import MessageForm
from bot.services.outbox import NoticeKind
from bot.services.ports import AsFollowUp, Claim, InChannel, Media, Posted, Target, ToMember, unclaimed
from tests.fakes.announcer import FakeAnnouncer
from tests.fakes.provider import two_clips
from tests.unit.services.house import ADA, CHANNEL, House

CLOSED, GONE = NoAccessError("missing access"), NoAccessError("unknown channel", gone=True)
LOST = TryLaterError("the process is gone before it hears of it")


async def died_posting(home: House, *refusals: AnnounceError, posted: bool = True) -> int:
    """A courier died over its post, after so many targets had refused it; Discord has its nonce still."""
    request_id = await home.ready()
    (notice,) = await home.courier.claim(1)
    home.announcer.lose_replies = posted
    home.announcer.failures += [*refusals, LOST]
    with pytest.raises(TryLaterError):
        await home.courier._delivery.deliver(notice)
    return request_id


async def had_no_reply(home: House, *refusals: AnnounceError) -> int:
    """A courier posted, after so many targets had refused it, and never heard of it."""
    request_id = await home.ready()
    home.announcer.lose_replies = True
    home.announcer.failures += [*refusals, LOST]
    await home.tell()
    assert (await home.request(request_id)).state is State.READY
    return request_id


async def goes_on(home: House, *refusals: AnnounceError, after_s: float = 180) -> None:
    """Another courier takes it when the lease has ended; after minutes Discord has forgotten the nonce."""
    home.clock.turn(after_s)
    if after_s >= 180:
        home.announcer._by_nonce.clear()
    home.announcer.failures += refusals
    await home.tell()
    assert not home.announcer.failures


async def status_of(home: House) -> StatusCard:
    home.clock.turn(10)
    await home.tell()
    return home.announcer.edits[-1].card


async def test_a_result_in_the_channel_is_found(home: House) -> None:
    request_id = await died_posting(home)
    await goes_on(home)
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_result_that_is_not_in_the_channel_is_posted(home: House) -> None:
    request_id = await died_posting(home, posted=False)
    await goes_on(home)
    assert [post.target for post in home.announcer.results] == [InChannel(CHANNEL)]
    assert (await home.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("posted", [True, False])
@pytest.mark.parametrize("trouble", [CLOSED, UnsendableError("400")])
async def test_where_nobody_can_look_it_is_kept_and_its_member_told_so(
    home: House, caplog: pytest.LogCaptureFixture, trouble: AnnounceError, posted: bool
) -> None:
    request_id = await died_posting(home, posted=posted)
    await goes_on(home, trouble)
    assert len(home.announcer.results) == posted
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert "nobody can tell whether the song was posted" in caplog.text
    card = await status_of(home)
    assert card.maybe_posted
    assert card.clip_ids == tuple(clip.id for clip in two_clips("task-1"))
    assert (await home.credits()).used == 30


async def test_while_discord_knows_the_nonce_a_repeat_finds_the_first_post(home: House) -> None:
    request_id = await had_no_reply(home)
    await goes_on(home, CLOSED, after_s=5)  # the history is closed, the channel takes posts
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("trouble", [CLOSED, UnsendableError("400")])
async def test_a_repeat_that_is_refused_says_nothing_of_the_first_post(
    home: House, trouble: AnnounceError
) -> None:
    request_id = await had_no_reply(home)
    again = [trouble] * 4 if isinstance(trouble, UnsendableError) else [trouble]
    await goes_on(home, CLOSED, *again, after_s=5)
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.UNDELIVERABLE


async def test_what_was_posted_in_a_channel_that_is_no_more_is_sent_to_the_member(home: House) -> None:
    request_id = await died_posting(home)
    home.clock.turn(870)
    await goes_on(home, GONE, GONE)
    assert home.announcer.results[-1].target == ToMember(ADA)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_channel_may_be_deleted_between_the_look_and_the_repeat(home: House) -> None:
    request_id = await had_no_reply(home)
    home.announcer._by_nonce.clear()
    await goes_on(home, CLOSED, GONE, GONE, GONE, after_s=5)
    assert home.announcer.results[-1].target == ToMember(ADA)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_follow_up_is_found_in_its_channel(home: House) -> None:
    request_id = await died_posting(home, CLOSED)
    await goes_on(home)
    (post,) = home.announcer.results
    assert isinstance(post.target, AsFollowUp)
    assert (await home.request(request_id)).result_message_id == post.posted.message_id


async def test_a_follow_up_that_nobody_can_look_for_is_not_repeated(home: House) -> None:
    request_id = await had_no_reply(home, CLOSED)
    await goes_on(home, CLOSED, after_s=5)
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert (await status_of(home)).maybe_posted


async def test_a_direct_message_is_found(home: House) -> None:
    request_id = await died_posting(home, CLOSED, TokenDeadError())
    await goes_on(home)
    (post,) = home.announcer.results
    assert post.target == ToMember(ADA)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_direct_message_that_nobody_can_look_for_is_not_in_the_channel(home: House) -> None:
    request_id = await died_posting(home, CLOSED, TokenDeadError())
    await goes_on(home, CLOSED)
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert not (await status_of(home)).maybe_posted


async def test_a_post_that_was_surely_not_taken_begins_anew(home: House) -> None:
    request_id = await home.ready()
    home.announcer.failures += [CLOSED, TryLaterError("429", not_taken=True)]
    await home.tell()
    assert not home.announcer.results
    await goes_on(home, CLOSED, after_s=5)
    (post,) = home.announcer.results
    assert isinstance(post.target, AsFollowUp)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_courier_that_lost_its_lease_posts_nothing(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.ready()
    (mine,) = await home.courier.claim(1)
    home.clock.turn(180)
    (theirs, _status) = sorted(await home.courier.claim(2), key=lambda notice: notice.kind)
    with pytest.raises(StaleError):
        await home.courier._delivery.deliver(mine)
    await home.courier.handle(mine)
    assert not home.announcer.results
    assert "left to whoever has it now" in caplog.text
    await home.courier.handle(theirs)
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


class Queueing(FakeAnnouncer):
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
    ) -> Posted:
        self.waiting.set()
        await self.turn.wait()
        return await super().post_result(target, card, files, form=form, claim=claim)


async def posted_after(home: House, queued_s: float) -> tuple[int, int]:
    """Two couriers on one database; the first one's turn comes so late. Gives who posted how often."""
    await home.ready()
    (notice,) = await home.courier.claim(1)
    queue = Queueing()
    first = Courier(
        home.store,
        queue,
        Delivery(home.store, queue, home.media, attach_audio=True, clock=home.clock),
        owner="w0",
        places=1,
        edit_spacing_s=4,
        clock=home.clock,
    )
    posting = asyncio.create_task(first.handle(notice))
    await queue.waiting.wait()
    home.clock.turn(queued_s)
    await home.tell()
    queue.turn.set()
    await posting
    return len(queue.results), len(home.announcer.results)


async def test_a_post_whose_turn_comes_after_its_lease_is_left_to_who_took_it(home: House) -> None:
    assert await posted_after(home, 181) == (0, 1)


async def test_a_post_whose_turn_comes_within_its_lease_is_made(home: House) -> None:
    assert await posted_after(home, 170) == (1, 0)


async def test_a_lease_is_counted_from_the_turn(home: House) -> None:
    await home.ready()
    (notice,) = await home.courier.claim(1)
    home.clock.turn(170)
    home.announcer.failures.append(LOST)
    with pytest.raises(TryLaterError):
        await home.courier._delivery.deliver(notice)
    home.clock.turn(170)
    assert NoticeKind.RESULT not in [one.kind for one in await home.courier.claim(9)]
    home.clock.turn(10)
    assert NoticeKind.RESULT in [one.kind for one in await home.courier.claim(9)]
