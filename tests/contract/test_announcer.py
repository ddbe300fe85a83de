from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol

import discord
import pytest

from bot.chat.announcer import DiscordAnnouncer, Patience
from bot.domain.errors import (
    AnsweredElsewhereError,
    MessageGoneError,
    NoAccessError,
    StaleError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.requests import Address, State
from bot.services.ports import Announcer, AsFollowUp, InChannel, Media, Posted, Target, ToMember
from bot.services.timings import LeaseTimings
from sandbox.discord import Fault, FaultKind, LocalDiscord
from tests.contract.for_moderators import ForModerators
from tests.unit.chat.bots import new_client
from tests.unit.chat.samples import clip, result, status
from tests.unit.chat.stages import DiscordStage, FakeStage, Seen, begun, logged_in

FILES = (Media(b"first song", "mp3"), Media(b"the second song", "mp3"))
SIZES = [10, 15]


class Stage(Protocol):
    address: Address
    member_id: int

    @property
    def announcer(self) -> Announcer: ...
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
    async def test_an_edit_by_token_is_shown(self, stage: Stage) -> None:
        await stage.announcer.edit_status(stage.address, status(State.MAKING), token=stage.address.token)
        await stage.announcer.edit_status(stage.address, status(State.READY), token=stage.address.token)
        assert stage.shown() == [State.MAKING, State.READY]

    async def test_an_edit_as_the_bot_is_shown(self, stage: Stage) -> None:
        edited = await stage.announcer.edit_status(stage.address, status(State.MAKING), token=None)
        assert stage.shown() == [State.MAKING]
        assert edited == stage.address.message_id

    async def test_the_token_reaches_a_message_whose_id_is_not_known(self, stage: Stage) -> None:
        unknown, card = replace(stage.address, message_id=None), status(State.MAKING)
        learned = await stage.announcer.edit_status(unknown, card, token=stage.address.token)
        assert stage.shown() == [State.MAKING]
        assert learned == stage.address.message_id

    async def test_the_answer_of_another_copy_is_told_from_ones_own(self, stage: Stage) -> None:
        unknown, token = replace(stage.address, message_id=None), stage.address.token
        assert token is not None
        own, others = (status(State.WAITING, placement=placement) for placement in ("a1", "b2"))
        await stage.announcer.edit_status(unknown, own, token=token)
        assert await stage.announcer.find_answer(unknown, own, token=token) == stage.address.message_id
        with pytest.raises(AnsweredElsewhereError):
            await stage.announcer.find_answer(unknown, others, token=token)
        stage.end_token()
        with pytest.raises(TokenDeadError):
            await stage.announcer.find_answer(unknown, own, token=token)

    async def test_the_bot_cannot_reach_a_message_whose_id_is_not_known(self, stage: Stage) -> None:
        with pytest.raises(MessageGoneError):
            await stage.announcer.edit_status(
                replace(stage.address, message_id=None), status(State.MAKING), token=None
            )

    @pytest.mark.parametrize("by_token", [True, False])
    async def test_a_deleted_status_is_gone(self, stage: Stage, by_token: bool) -> None:
        stage.delete_status()
        with pytest.raises(MessageGoneError):
            await stage.announcer.edit_status(
                stage.address, status(State.MAKING), token=stage.address.token if by_token else None
            )

    async def test_a_closed_channel_takes_nothing_from_the_bot(self, stage: Stage) -> None:
        stage.close_channel()
        with pytest.raises(NoAccessError):
            await stage.announcer.edit_status(stage.address, status(State.MAKING), token=None)

    async def test_a_dead_token_is_told_from_a_lost_message(self, stage: Stage) -> None:
        stage.end_token()
        with pytest.raises(TokenDeadError):
            await stage.announcer.edit_status(stage.address, status(State.MAKING), token=stage.address.token)
        await stage.announcer.edit_status(stage.address, status(State.MAKING), token=None)
        assert stage.shown() == [State.MAKING]

    async def test_a_refused_rate_says_when_to_come_back(self, stage: Stage) -> None:
        stage.refuse_once(40)
        with pytest.raises(TryLaterError) as refused:
            await stage.announcer.edit_status(stage.address, status(State.MAKING), token=None)
        assert refused.value.retry_after_s == 40
        assert stage.shown() == []

    async def test_a_result_is_posted_with_its_files(self, stage: Stage) -> None:
        posted = await stage.announcer.post_result(
            InChannel(stage.address.channel_id), result(user_id=stage.member_id), FILES
        )
        assert stage.posts() == [Seen(posted.message_id, posted.channel_id, SIZES)]
        assert posted.channel_id == stage.address.channel_id

    async def test_a_repeat_finds_the_first_post(self, stage: Stage) -> None:
        target, card = InChannel(stage.address.channel_id), result(user_id=stage.member_id)
        first = await stage.announcer.post_result(target, card, FILES)
        assert await stage.announcer.post_result(target, card, FILES) == first
        assert len(stage.posts()) == 1

    async def test_a_lost_reply_does_not_post_twice(self, stage: Stage) -> None:
        target, card = InChannel(stage.address.channel_id), result(user_id=stage.member_id)
        stage.lose_reply_once()
        with pytest.raises(TryLaterError):
            await stage.announcer.post_result(target, card, FILES)
        posted = await stage.announcer.post_result(target, card, FILES)
        assert stage.posts() == [Seen(posted.message_id, posted.channel_id, SIZES)]

    async def test_a_second_attempt_sends_the_files_whole(self, stage: Stage) -> None:
        target, card = InChannel(stage.address.channel_id), result(user_id=stage.member_id)
        stage.refuse_once(40)
        with pytest.raises(TryLaterError):
            await stage.announcer.post_result(target, card, FILES)
        await stage.announcer.post_result(target, card, FILES)
        assert [post.sizes for post in stage.posts()] == [SIZES]

    async def test_another_request_is_another_post(self, stage: Stage) -> None:
        target = InChannel(stage.address.channel_id)
        await stage.announcer.post_result(target, result(user_id=stage.member_id), ())
        await stage.announcer.post_result(target, result(user_id=stage.member_id, request_id=7), ())
        assert len(stage.posts()) == 2

    async def test_a_follow_up_cannot_be_told_from_its_repeat(self, stage: Stage) -> None:
        target, card = AsFollowUp(stage.address), result(user_id=stage.member_id)
        first = await stage.announcer.post_result(target, card, FILES)
        second = await stage.announcer.post_result(target, card, FILES)
        assert [post.message_id for post in stage.posts()] == [first.message_id, second.message_id]
        assert [post.sizes for post in stage.posts()] == [SIZES, SIZES]

    async def test_a_follow_up_needs_the_token(self, stage: Stage) -> None:
        with pytest.raises(TokenDeadError):
            await stage.announcer.post_result(
                AsFollowUp(replace(stage.address, token=None)), result(user_id=stage.member_id), FILES
            )
        stage.end_token()
        with pytest.raises(TokenDeadError):
            await stage.announcer.post_result(
                AsFollowUp(stage.address), result(user_id=stage.member_id), FILES
            )

    async def test_a_result_goes_to_the_member_once(self, stage: Stage) -> None:
        target, card = ToMember(stage.member_id), result(user_id=stage.member_id)
        posted = await stage.announcer.post_result(target, card, FILES)
        assert await stage.announcer.post_result(target, card, FILES) == posted
        assert stage.direct_messages() == [Seen(posted.message_id, posted.channel_id, SIZES)]

    async def test_a_member_may_take_no_direct_messages(self, stage: Stage) -> None:
        stage.close_direct_messages()
        with pytest.raises(NoAccessError):
            await stage.announcer.post_result(
                ToMember(stage.member_id), result(user_id=stage.member_id), FILES
            )

    async def test_a_closed_channel_takes_no_result(self, stage: Stage) -> None:
        stage.close_channel()
        with pytest.raises(NoAccessError):
            await stage.announcer.post_result(
                InChannel(stage.address.channel_id), result(user_id=stage.member_id), FILES
            )

    async def test_a_result_is_found_where_it_was_posted_and_not_before(self, stage: Stage) -> None:
        channel, member = InChannel(stage.address.channel_id), ToMember(stage.member_id)
        targets: list[Target] = [channel, AsFollowUp(stage.address), member]
        for request_id, target in enumerate(targets, 1):
            numbered = [clip(1, clip_id=f"{request_id}-1"), clip(2, clip_id=f"{request_id}-2")]
            card = result(*numbered, user_id=stage.member_id, request_id=request_id)
            assert await stage.announcer.find_result(target, card) is None
            posted = await stage.announcer.post_result(target, card, FILES)
            assert await stage.announcer.find_result(target, card) == posted

    async def test_a_post_is_claimed_directly_before_and_not_made_when_the_claim_is_lost(
        self, stage: Stage
    ) -> None:
        claims: list[int] = []

        async def claim() -> None:
            claims.append(len(stage.posts()) + len(stage.direct_messages()))

        async def lose() -> None:
            raise StaleError("in another hand")

        targets = (InChannel(stage.address.channel_id), AsFollowUp(stage.address), ToMember(stage.member_id))
        card, ending = result(user_id=stage.member_id), status(State.FAILED, user_id=stage.member_id)
        for target in targets:
            with pytest.raises(StaleError):
                await stage.announcer.post_result(target, card, FILES, claim=lose)
            with pytest.raises(StaleError):
                await stage.announcer.post_ending(target, ending, claim=lose)
        assert not stage.posts() + stage.direct_messages()
        for target in targets:
            await stage.announcer.post_result(target, card, FILES, claim=claim)
        assert claims == [0, 1, 2]

    async def test_in_a_closed_channel_nobody_can_look(self, stage: Stage) -> None:
        stage.close_channel()
        with pytest.raises(NoAccessError) as closed:
            await stage.announcer.find_result(InChannel(stage.address.channel_id), result())
        assert not closed.value.gone

    async def test_in_a_deleted_channel_nothing_is_left(self, stage: Stage) -> None:
        stage.delete_channel()
        with pytest.raises(NoAccessError) as deleted:
            await stage.announcer.find_result(AsFollowUp(stage.address), result())
        assert deleted.value.gone

    async def test_an_ending_is_posted_once_and_beside_a_result(self, stage: Stage) -> None:
        target = InChannel(stage.address.channel_id)
        ending = status(State.FAILED, user_id=stage.member_id)
        first = await stage.announcer.post_ending(target, ending)
        assert await stage.announcer.post_ending(target, ending) == first
        await stage.announcer.post_result(target, result(user_id=stage.member_id), ())
        assert len(stage.posts()) == 2


class TestFakeAnnouncer(AnnouncerContract, ForModerators):
    @pytest.fixture
    def stage(self) -> Stage:
        return FakeStage()


class TestDiscordAnnouncer(AnnouncerContract, ForModerators):
    @pytest.fixture
    async def stage(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordStage]:
        monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
        async with LocalDiscord() as local, logged_in(local) as client:
            yield DiscordStage(local, client, await begun(local, client))
            assert local.unimplemented == []

    async def test_a_channel_without_messages_to_read_says_nothing(self, stage: DiscordStage) -> None:
        stage.delete_status()
        with pytest.raises(NoAccessError):
            await stage.announcer.find_result(InChannel(stage.address.channel_id), result())

    async def test_a_result_without_links_cannot_be_known_again(self, stage: DiscordStage) -> None:
        with pytest.raises(NoAccessError):
            await stage.announcer.find_result(
                InChannel(stage.address.channel_id), result(clip(clip_id="not an id"))
            )

    async def test_nobody_looks_behind_the_request_itself(self, stage: DiscordStage) -> None:
        target, later = InChannel(stage.address.channel_id), result(request_id=2**62)
        await stage.announcer.post_result(target, later, ())
        assert await stage.announcer.find_result(target, later) is None

    async def test_only_the_requester_is_notified(self, stage: DiscordStage) -> None:
        everyone = f"@everyone <@{stage.local.member('Ben').id}>"
        card = result(clip(1, title=everyone), user_id=stage.member_id)
        await stage.announcer.post_result(InChannel(stage.address.channel_id), card, FILES[:1])
        [message] = stage.messages
        assert message.pinged == {stage.member_id}
        assert not message.now.mention_everyone

    async def test_an_edit_notifies_nobody_and_keeps_the_buttons_alone(self, stage: DiscordStage) -> None:
        await stage.announcer.edit_status(stage.address, status(State.WAITING), token=stage.address.token)
        assert [len(state.components) for state in stage.status.states] == [0, 1]
        await stage.announcer.edit_status(stage.address, status(State.MAKING), token=stage.address.token)
        assert [len(state.components) for state in stage.status.states] == [0, 1, 0]
        assert stage.status.pinged == frozenset()

    async def test_a_file_that_discord_finds_too_large_is_the_messages_fault(
        self, stage: DiscordStage
    ) -> None:
        large = Media(b"x" * (11 * 1024 * 1024), "mp3")
        with pytest.raises(UnsendableError):
            await stage.announcer.post_result(
                InChannel(stage.address.channel_id), result(user_id=stage.member_id), (large, None)
            )

    @pytest.mark.parametrize(
        "kind", [FaultKind.RESET, FaultKind.HANG, FaultKind.STATUS, FaultKind.RATE_LIMITED_AT_EDGE]
    )
    @pytest.mark.parametrize("by_token", [True, False])
    async def test_trouble_on_the_way_is_tried_later(
        self, stage: DiscordStage, kind: FaultKind, by_token: bool
    ) -> None:
        hasty = DiscordAnnouncer(stage.client, patience=Patience(edit_s=0.2))
        stage.local.faults.add(Fault(kind=kind, times=None, after_s=5))
        with pytest.raises(TryLaterError):
            await hasty.edit_status(
                stage.address, status(State.MAKING), token=stage.address.token if by_token else None
            )

    async def test_an_answer_of_an_earlier_version_is_ones_own(self, stage: DiscordStage) -> None:
        token, card = stage.invocation.interaction.token, status(State.WAITING)
        await stage.announcer.edit_status(stage.address, card, token=token)
        await stage.announcer.find_answer(stage.address, replace(card, placement="a1"), token=token)

    async def test_a_result_without_files_is_a_message_too(self, stage: DiscordStage) -> None:
        targets: list[Target] = [InChannel(stage.address.channel_id), AsFollowUp(stage.address)]
        for target in targets:
            await stage.announcer.post_result(target, result(user_id=stage.member_id), (None, None))
        assert [len(message.shown_embeds) for message in stage.messages] == [2, 2]
        assert stage.messages[0].content == stage.messages[1].content

    async def test_only_the_bots_own_messages_are_its_posts(self, stage: DiscordStage) -> None:
        target, card = InChannel(stage.address.channel_id), result(user_id=stage.member_id)
        posted = await stage.announcer.post_result(target, card, FILES)
        (own,) = stage.messages
        copy = await stage.member.say("songs", "Look what I have heard")
        copy.states.append(own.now)
        other_bot = await stage.member.say("songs", "I repeat what others say")
        other_bot.author = replace(other_bot.author, is_bot=True)
        other_bot.states.append(own.now)
        for webhook_id in (stage.member.id, 1):
            bridged = await stage.member.say("songs", "I bring messages from elsewhere")
            bridged.webhook_id = webhook_id
            bridged.states.append(own.now)
        assert await stage.announcer.find_result(target, card) == posted
        stage.local.mishaps.delete_message(own)
        assert await stage.announcer.find_result(target, card) is None

    async def test_a_follow_up_that_took_effect_is_not_repeated(self, stage: DiscordStage) -> None:
        target, card = AsFollowUp(stage.address), result(user_id=stage.member_id)
        stage.local.faults.add(Fault(kind=FaultKind.STATUS_AFTER, on="POST /webhooks/*"))
        with pytest.raises(TryLaterError) as uncertain:
            await stage.announcer.post_result(target, card, FILES)
        assert not uncertain.value.not_taken
        (post,) = stage.posts()
        assert await stage.announcer.find_result(target, card) == Posted(post.channel_id, post.message_id)

    async def test_a_turn_that_does_not_come_is_tried_later(self, stage: DiscordStage) -> None:
        hasty = DiscordAnnouncer(stage.client, patience=Patience(turn_s=0.1, post_s=0.1, edit_s=5))
        target, card = InChannel(stage.address.channel_id), result(user_id=stage.member_id)
        stage.local.faults.add(Fault(kind=FaultKind.HANG, on="POST /channels/*", after_s=0.6))
        with pytest.raises(TryLaterError) as slow:
            await hasty.post_result(target, card, FILES)
        with pytest.raises(TryLaterError) as waited:
            await hasty.find_result(target, card)
        assert (slow.value.not_taken, waited.value.not_taken) == (False, True)
        patient = Patience(turn_s=5)
        hasty._patience = patient
        assert await hasty.find_result(target, card) is not None
        assert len(stage.posts()) == 1

    def test_a_wait_for_a_turn_and_its_call_fit_into_a_lease(self) -> None:
        patience = Patience()
        assert 2 * (patience.turn_s + patience.edit_s) < LeaseTimings().message_s
        assert patience.turn_s + patience.post_s < LeaseTimings().message_s

    async def test_nothing_is_sent_by_a_client_that_is_not_logged_in(self, stage: DiscordStage) -> None:
        offline = DiscordAnnouncer(new_client())
        targets = (InChannel(stage.address.channel_id), AsFollowUp(stage.address), ToMember(stage.member_id))
        for target in targets:
            with pytest.raises(TryLaterError) as refused:
                await offline.post_result(target, result(user_id=stage.member_id), FILES)
            assert refused.value.not_taken
        for token in (stage.address.token, None):
            with pytest.raises(TryLaterError):
                await offline.edit_status(stage.address, status(State.MAKING), token=token)
