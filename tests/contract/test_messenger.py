from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

import discord
import pytest

from bot.chat.messenger import DiscordMessenger, Timeouts
from bot.domain.errors import (
    AnsweredElsewhereError,
    ConflictError,
    InvalidMessageError,
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
    MessageRef,
    Messenger,
    Target,
)
from bot.services.runtime.timings import LeaseTimings
from sandbox.discord import Fault, FaultKind, LocalDiscord
from tests.contract.moderator_messages import ModeratorMessagesContract
from tests.unit.chat.bots import new_client
from tests.unit.chat.factories import clip, result, status
from tests.unit.chat.messenger_harness import (
    DiscordMessengerHarness,
    FakeMessengerHarness,
    Seen,
    begun,
    logged_in,
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


class AnnouncerContract:
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

    async def test_an_ending_is_posted_once_and_beside_a_result(self, harness: MessengerHarness) -> None:
        target = ChannelTarget(harness.address.channel_id)
        ending = status(State.FAILED, user_id=harness.member_id)
        first = await harness.messenger.post_ending(target, ending)
        assert await harness.messenger.post_ending(target, ending) == first
        await harness.messenger.post_result(target, result(user_id=harness.member_id), ())
        assert len(harness.posts()) == 2


class TestFakeAnnouncer(AnnouncerContract, ModeratorMessagesContract):
    @pytest.fixture
    def harness(self) -> MessengerHarness:
        return FakeMessengerHarness()


class TestDiscordAnnouncer(AnnouncerContract, ModeratorMessagesContract):
    @pytest.fixture
    async def harness(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordMessengerHarness]:
        monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
        async with LocalDiscord() as local, logged_in(local) as client:
            yield DiscordMessengerHarness(local, client, await begun(local, client))
            assert local.unimplemented == []

    async def test_a_channel_without_messages_to_read_says_nothing(
        self, harness: DiscordMessengerHarness
    ) -> None:
        harness.delete_status()
        with pytest.raises(NoAccessError):
            await harness.messenger.find_result(ChannelTarget(harness.address.channel_id), result())

    async def test_a_result_without_links_cannot_be_known_again(
        self, harness: DiscordMessengerHarness
    ) -> None:
        with pytest.raises(NoAccessError):
            await harness.messenger.find_result(
                ChannelTarget(harness.address.channel_id), result(clip(clip_id="not an id"))
            )

    async def test_nobody_looks_behind_the_request_itself(self, harness: DiscordMessengerHarness) -> None:
        target, later = ChannelTarget(harness.address.channel_id), result(request_id=2**62)
        await harness.messenger.post_result(target, later, ())
        assert await harness.messenger.find_result(target, later) is None

    async def test_only_the_requester_is_notified(self, harness: DiscordMessengerHarness) -> None:
        everyone = f"@everyone <@{harness.local.member('Ben').id}>"
        card = result(clip(1, title=everyone), user_id=harness.member_id)
        await harness.messenger.post_result(ChannelTarget(harness.address.channel_id), card, FILES[:1])
        [message] = harness.messages
        assert message.pinged == {harness.member_id}
        assert not message.now.mention_everyone

    async def test_an_edit_notifies_nobody_and_keeps_the_buttons_alone(
        self, harness: DiscordMessengerHarness
    ) -> None:
        await harness.messenger.edit_status(
            harness.address, status(State.WAITING), token=harness.address.token
        )
        assert [len(state.components) for state in harness.status.states] == [0, 1]
        await harness.messenger.edit_status(
            harness.address, status(State.MAKING), token=harness.address.token
        )
        assert [len(state.components) for state in harness.status.states] == [0, 1, 0]
        assert harness.status.pinged == frozenset()

    async def test_a_file_that_discord_finds_too_large_is_the_messages_fault(
        self, harness: DiscordMessengerHarness
    ) -> None:
        large = Media(b"x" * (11 * 1024 * 1024), "mp3")
        with pytest.raises(InvalidMessageError):
            await harness.messenger.post_result(
                ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id), (large, None)
            )

    @pytest.mark.parametrize(
        "kind", [FaultKind.RESET, FaultKind.HANG, FaultKind.STATUS, FaultKind.RATE_LIMITED_AT_EDGE]
    )
    @pytest.mark.parametrize("by_token", [True, False])
    async def test_trouble_on_the_way_is_tried_later(
        self, harness: DiscordMessengerHarness, kind: FaultKind, by_token: bool
    ) -> None:
        hasty = DiscordMessenger(harness.client, timeouts=Timeouts(edit_s=0.2))
        harness.local.faults.add(Fault(kind=kind, times=None, after_s=5))
        with pytest.raises(RetryableError):
            await hasty.edit_status(
                harness.address, status(State.MAKING), token=harness.address.token if by_token else None
            )

    async def test_an_answer_of_an_earlier_version_is_ones_own(
        self, harness: DiscordMessengerHarness
    ) -> None:
        token, card = harness.invocation.interaction.token, status(State.WAITING)
        await harness.messenger.edit_status(harness.address, card, token=token)
        await harness.messenger.find_answer(harness.address, replace(card, placement="a1"), token=token)

    async def test_a_result_without_files_is_a_message_too(self, harness: DiscordMessengerHarness) -> None:
        targets: list[Target] = [ChannelTarget(harness.address.channel_id), FollowUpTarget(harness.address)]
        for target in targets:
            await harness.messenger.post_result(target, result(user_id=harness.member_id), (None, None))
        assert [len(message.shown_embeds) for message in harness.messages] == [2, 2]
        assert harness.messages[0].content == harness.messages[1].content

    async def test_only_the_bots_own_messages_are_its_posts(self, harness: DiscordMessengerHarness) -> None:
        target, card = ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id)
        posted = await harness.messenger.post_result(target, card, FILES)
        (own,) = harness.messages
        copy = await harness.member.say("songs", "Look what I have heard")
        copy.states.append(own.now)
        other_bot = await harness.member.say("songs", "I repeat what others say")
        other_bot.author = replace(other_bot.author, is_bot=True)
        other_bot.states.append(own.now)
        for webhook_id in (harness.member.id, 1):
            bridged = await harness.member.say("songs", "I bring messages from elsewhere")
            bridged.webhook_id = webhook_id
            bridged.states.append(own.now)
        assert await harness.messenger.find_result(target, card) == posted
        harness.local.disruptions.delete_message(own)
        assert await harness.messenger.find_result(target, card) is None

    async def test_a_follow_up_that_took_effect_is_not_repeated(
        self, harness: DiscordMessengerHarness
    ) -> None:
        target, card = FollowUpTarget(harness.address), result(user_id=harness.member_id)
        harness.local.faults.add(Fault(kind=FaultKind.STATUS_AFTER, on="POST /webhooks/*"))
        with pytest.raises(RetryableError) as uncertain:
            await harness.messenger.post_result(target, card, FILES)
        assert not uncertain.value.not_taken
        (post,) = harness.posts()
        assert await harness.messenger.find_result(target, card) == MessageRef(
            post.channel_id, post.message_id
        )

    async def test_a_turn_that_does_not_come_is_tried_later(self, harness: DiscordMessengerHarness) -> None:
        hasty = DiscordMessenger(harness.client, timeouts=Timeouts(turn_s=0.1, post_s=0.1, edit_s=5))
        target, card = ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id)
        harness.local.faults.add(Fault(kind=FaultKind.HANG, on="POST /channels/*", after_s=0.6))
        with pytest.raises(RetryableError) as slow:
            await hasty.post_result(target, card, FILES)
        with pytest.raises(RetryableError) as waited:
            await hasty.find_result(target, card)
        assert (slow.value.not_taken, waited.value.not_taken) == (False, True)
        patient = Timeouts(turn_s=5)
        hasty._timeouts = patient
        assert await hasty.find_result(target, card) is not None
        assert len(harness.posts()) == 1

    def test_a_wait_for_a_turn_and_its_call_fit_into_a_lease(self) -> None:
        timeouts = Timeouts()
        assert 2 * (timeouts.turn_s + timeouts.edit_s) < LeaseTimings().message_s
        assert timeouts.turn_s + timeouts.post_s < LeaseTimings().message_s

    async def test_nothing_is_sent_by_a_client_that_is_not_logged_in(
        self, harness: DiscordMessengerHarness
    ) -> None:
        offline = DiscordMessenger(new_client())
        targets = (
            ChannelTarget(harness.address.channel_id),
            FollowUpTarget(harness.address),
            DirectMessageTarget(harness.member_id),
        )
        for target in targets:
            with pytest.raises(RetryableError) as refused:
                await offline.post_result(target, result(user_id=harness.member_id), FILES)
            assert refused.value.not_taken
        for token in (harness.address.token, None):
            with pytest.raises(RetryableError):
                await offline.edit_status(harness.address, status(State.MAKING), token=token)
