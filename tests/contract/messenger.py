"""The contract of every messenger; `test_messenger.py` runs it."""

from dataclasses import replace
from typing import Protocol

import pytest

from bot.domain.errors import (
    AnsweredElsewhereError,
    ConflictError,
    MessageGoneError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import ReplyAddress, State
from bot.services.ports import (
    ChannelTarget,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    Messenger,
    Target,
)
from tests.unit.chat.factories import clip, result, status
from tests.unit.chat.messenger_harness import (
    Seen,
)

FILES = (Media(b"first song", "mp3"), Media(b"the second song", "mp3"))
SIZES = [10, 15]


class MessengerHarness(Protocol):
    address: ReplyAddress
    member_id: int

    @property
    def messenger(self) -> Messenger: ...
    def shown(self) -> list[State]: ...
    def decisions(self) -> list[int]: ...
    def approvals(self) -> list[tuple[int, int]]: ...
    def posts(self) -> list[Seen]: ...
    def direct_messages(self) -> list[Seen]: ...
    def delete_status(self) -> None: ...
    def close_channel(self) -> None: ...
    def delete_channel(self) -> None: ...
    def close_direct_messages(self) -> None: ...
    def end_token(self) -> None: ...
    def refuse_once(self, retry_after_s: float) -> None: ...
    def lose_reply_once(self) -> None: ...


class MessengerContract:
    async def test_an_edit_by_token_is_shown(self, harness: MessengerHarness) -> None:
        await harness.messenger.edit_status(
            harness.address, status(State.MAKING), token=harness.address.token
        )
        await harness.messenger.edit_status(harness.address, status(State.READY), token=harness.address.token)
        assert harness.shown() == [State.MAKING, State.READY]

    async def test_an_edit_as_the_bot_is_shown(self, harness: MessengerHarness) -> None:
        edited = await harness.messenger.edit_status(harness.address, status(State.MAKING), token=None)
        assert harness.shown() == [State.MAKING]
        assert edited == harness.address.message_id

    async def test_the_token_reaches_a_message_whose_id_is_not_known(self, harness: MessengerHarness) -> None:
        unknown, card = replace(harness.address, message_id=None), status(State.MAKING)
        learned = await harness.messenger.edit_status(unknown, card, token=harness.address.token)
        assert harness.shown() == [State.MAKING]
        assert learned == harness.address.message_id

    async def test_the_answer_of_another_copy_is_told_from_ones_own(self, harness: MessengerHarness) -> None:
        unknown, token = replace(harness.address, message_id=None), harness.address.token
        assert token is not None
        own, others = (status(State.WAITING, placement=placement) for placement in ("a1", "b2"))
        await harness.messenger.edit_status(unknown, own, token=token)
        assert await harness.messenger.find_answer(unknown, own, token=token) == harness.address.message_id
        with pytest.raises(AnsweredElsewhereError):
            await harness.messenger.find_answer(unknown, others, token=token)
        harness.end_token()
        with pytest.raises(TokenExpiredError):
            await harness.messenger.find_answer(unknown, own, token=token)

    async def test_the_bot_cannot_reach_a_message_whose_id_is_not_known(
        self, harness: MessengerHarness
    ) -> None:
        with pytest.raises(MessageGoneError):
            await harness.messenger.edit_status(
                replace(harness.address, message_id=None), status(State.MAKING), token=None
            )

    @pytest.mark.parametrize("by_token", [True, False])
    async def test_a_deleted_status_is_gone(self, harness: MessengerHarness, by_token: bool) -> None:
        harness.delete_status()
        with pytest.raises(MessageGoneError):
            await harness.messenger.edit_status(
                harness.address, status(State.MAKING), token=harness.address.token if by_token else None
            )

    async def test_a_closed_channel_takes_nothing_from_the_bot(self, harness: MessengerHarness) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.edit_status(harness.address, status(State.MAKING), token=None)

    async def test_a_dead_token_is_told_from_a_lost_message(self, harness: MessengerHarness) -> None:
        harness.end_token()
        with pytest.raises(TokenExpiredError):
            await harness.messenger.edit_status(
                harness.address, status(State.MAKING), token=harness.address.token
            )
        await harness.messenger.edit_status(harness.address, status(State.MAKING), token=None)
        assert harness.shown() == [State.MAKING]

    async def test_a_refused_rate_says_when_to_come_back(self, harness: MessengerHarness) -> None:
        harness.refuse_once(40)
        with pytest.raises(RetryableError) as refused:
            await harness.messenger.edit_status(harness.address, status(State.MAKING), token=None)
        assert refused.value.retry_after_s == 40
        assert harness.shown() == []

    async def test_a_result_is_posted_with_its_files(self, harness: MessengerHarness) -> None:
        posted = await harness.messenger.post_result(
            ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id), FILES
        )
        assert harness.posts() == [Seen(posted.message_id, posted.channel_id, SIZES)]
        assert posted.channel_id == harness.address.channel_id

    async def test_a_repeat_finds_the_first_post(self, harness: MessengerHarness) -> None:
        target, card = ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id)
        first = await harness.messenger.post_result(target, card, FILES)
        assert await harness.messenger.post_result(target, card, FILES) == first
        assert len(harness.posts()) == 1

    async def test_a_lost_reply_does_not_post_twice(self, harness: MessengerHarness) -> None:
        target, card = ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id)
        harness.lose_reply_once()
        with pytest.raises(RetryableError):
            await harness.messenger.post_result(target, card, FILES)
        posted = await harness.messenger.post_result(target, card, FILES)
        assert harness.posts() == [Seen(posted.message_id, posted.channel_id, SIZES)]

    async def test_a_second_attempt_sends_the_files_whole(self, harness: MessengerHarness) -> None:
        target, card = ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id)
        harness.refuse_once(40)
        with pytest.raises(RetryableError):
            await harness.messenger.post_result(target, card, FILES)
        await harness.messenger.post_result(target, card, FILES)
        assert [post.sizes for post in harness.posts()] == [SIZES]

    async def test_another_request_is_another_post(self, harness: MessengerHarness) -> None:
        target = ChannelTarget(harness.address.channel_id)
        await harness.messenger.post_result(target, result(user_id=harness.member_id), ())
        await harness.messenger.post_result(target, result(user_id=harness.member_id, request_id=7), ())
        assert len(harness.posts()) == 2

    async def test_a_follow_up_cannot_be_told_from_its_repeat(self, harness: MessengerHarness) -> None:
        target, card = FollowUpTarget(harness.address), result(user_id=harness.member_id)
        first = await harness.messenger.post_result(target, card, FILES)
        second = await harness.messenger.post_result(target, card, FILES)
        assert [post.message_id for post in harness.posts()] == [first.message_id, second.message_id]
        assert [post.sizes for post in harness.posts()] == [SIZES, SIZES]

    async def test_a_follow_up_needs_the_token(self, harness: MessengerHarness) -> None:
        with pytest.raises(TokenExpiredError):
            await harness.messenger.post_result(
                FollowUpTarget(replace(harness.address, token=None)), result(user_id=harness.member_id), FILES
            )
        harness.end_token()
        with pytest.raises(TokenExpiredError):
            await harness.messenger.post_result(
                FollowUpTarget(harness.address), result(user_id=harness.member_id), FILES
            )

    async def test_a_result_goes_to_the_member_once(self, harness: MessengerHarness) -> None:
        target, card = DirectMessageTarget(harness.member_id), result(user_id=harness.member_id)
        posted = await harness.messenger.post_result(target, card, FILES)
        assert await harness.messenger.post_result(target, card, FILES) == posted
        assert harness.direct_messages() == [Seen(posted.message_id, posted.channel_id, SIZES)]

    async def test_a_member_may_take_no_direct_messages(self, harness: MessengerHarness) -> None:
        harness.close_direct_messages()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_result(
                DirectMessageTarget(harness.member_id), result(user_id=harness.member_id), FILES
            )

    async def test_a_closed_channel_takes_no_result(self, harness: MessengerHarness) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_result(
                ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id), FILES
            )

    async def test_a_result_is_found_where_it_was_posted_and_not_before(
        self, harness: MessengerHarness
    ) -> None:
        channel, member = ChannelTarget(harness.address.channel_id), DirectMessageTarget(harness.member_id)
        targets: list[Target] = [channel, FollowUpTarget(harness.address), member]
        for request_id, target in enumerate(targets, 1):
            numbered = [clip(1, clip_id=f"{request_id}-1"), clip(2, clip_id=f"{request_id}-2")]
            card = result(*numbered, user_id=harness.member_id, request_id=request_id)
            assert await harness.messenger.find_result(target, card) is None
            posted = await harness.messenger.post_result(target, card, FILES)
            assert await harness.messenger.find_result(target, card) == posted

    async def test_a_post_is_claimed_directly_before_and_not_made_when_the_claim_is_lost(
        self, harness: MessengerHarness
    ) -> None:
        claims: list[int] = []

        async def claim() -> None:
            claims.append(len(harness.posts()) + len(harness.direct_messages()))

        async def lose() -> None:
            raise ConflictError("in another hand")

        targets = (
            ChannelTarget(harness.address.channel_id),
            FollowUpTarget(harness.address),
            DirectMessageTarget(harness.member_id),
        )
        card, ending = result(user_id=harness.member_id), status(State.FAILED, user_id=harness.member_id)
        for target in targets:
            with pytest.raises(ConflictError):
                await harness.messenger.post_result(target, card, FILES, claim=lose)
            with pytest.raises(ConflictError):
                await harness.messenger.post_ending(target, ending, claim=lose)
        assert not harness.posts() + harness.direct_messages()
        for target in targets:
            await harness.messenger.post_result(target, card, FILES, claim=claim)
        assert claims == [0, 1, 2]

    async def test_in_a_closed_channel_nobody_can_look(self, harness: MessengerHarness) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError) as closed:
            await harness.messenger.find_result(ChannelTarget(harness.address.channel_id), result())
        assert not closed.value.gone

    async def test_in_a_deleted_channel_nothing_is_left(self, harness: MessengerHarness) -> None:
        harness.delete_channel()
        with pytest.raises(NoAccessError) as deleted:
            await harness.messenger.find_result(FollowUpTarget(harness.address), result())
        assert deleted.value.gone

    async def test_a_forward_and_its_buttons_are_posted_once_found_and_deleted(
        self, harness: MessengerHarness
    ) -> None:
        channel_id, card = harness.address.channel_id, result(user_id=harness.member_id)
        source = await harness.messenger.post_result(ChannelTarget(channel_id), card, FILES)
        assert await harness.messenger.find_reference(channel_id, source) is None
        forward = await harness.messenger.forward_result(channel_id, source, card.request_id)
        assert await harness.messenger.forward_result(channel_id, source, card.request_id) == forward
        assert await harness.messenger.find_reference(channel_id, source) == forward
        assert await harness.messenger.find_reference(channel_id, forward) is None
        buttons = await harness.messenger.post_showcase(forward, card)
        assert await harness.messenger.post_showcase(forward, card) == buttons
        assert await harness.messenger.find_reference(channel_id, forward) == buttons
        for post in (buttons, forward, forward):
            await harness.messenger.delete_post(post)
        with pytest.raises(MessageGoneError):
            await harness.messenger.post_showcase(forward, replace(card, request_id=8))

    async def test_a_deleted_result_is_not_forwarded(self, harness: MessengerHarness) -> None:
        channel_id, card = harness.address.channel_id, result(user_id=harness.member_id)
        source = await harness.messenger.post_result(ChannelTarget(channel_id), card, FILES)
        await harness.messenger.delete_post(source)
        with pytest.raises(MessageGoneError):
            await harness.messenger.forward_result(channel_id, source, card.request_id)

    async def test_a_closed_channel_takes_no_forward(self, harness: MessengerHarness) -> None:
        channel_id, card = harness.address.channel_id, result(user_id=harness.member_id)
        source = await harness.messenger.post_result(ChannelTarget(channel_id), card, FILES)
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.forward_result(channel_id, source, card.request_id)

    async def test_an_ending_is_posted_once_and_beside_a_result(self, harness: MessengerHarness) -> None:
        target = ChannelTarget(harness.address.channel_id)
        ending = status(State.FAILED, user_id=harness.member_id)
        first = await harness.messenger.post_ending(target, ending)
        assert await harness.messenger.post_ending(target, ending) == first
        await harness.messenger.post_result(target, result(user_id=harness.member_id), ())
        assert len(harness.posts()) == 2
