from collections.abc import AsyncIterator
from dataclasses import replace

import discord
import pytest

from bot.chat.delivery.channel_calls import Timeouts
from bot.chat.delivery.messenger import DiscordMessenger
from bot.domain.errors import (
    InvalidMessageError,
    NoAccessError,
    RetryableError,
)
from bot.domain.requests import State
from bot.services.ports import (
    ChannelTarget,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MessageRef,
    Target,
)
from bot.services.runtime.timings import LeaseTimings
from sandbox.discord import Fault, FaultKind, LocalDiscord
from tests.contract.messenger import FILES, MessengerContract, MessengerHarness
from tests.contract.moderator_messages import ModeratorMessagesContract
from tests.unit.chat.bots import new_client
from tests.unit.chat.factories import clip, result, status
from tests.unit.chat.messenger_harness import (
    DiscordMessengerHarness,
    FakeMessengerHarness,
    begun,
    logged_in,
)


class TestFakeMessenger(MessengerContract, ModeratorMessagesContract):
    @pytest.fixture
    def harness(self) -> MessengerHarness:
        return FakeMessengerHarness()


class TestDiscordMessenger(MessengerContract, ModeratorMessagesContract):
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
        await harness.member.forward(own, "songs")
        assert await harness.messenger.find_result(target, card) == posted
        harness.local.disruptions.delete_message(own)
        assert await harness.messenger.find_result(target, card) is None

    async def test_a_thread_from_a_result_does_not_hold_it(self, harness: DiscordMessengerHarness) -> None:
        card = result(user_id=harness.member_id)
        await harness.messenger.post_result(ChannelTarget(harness.address.channel_id), card, FILES)
        (own,) = harness.messages
        parent, owner = harness.local.channel("songs"), harness.member.user
        thread = harness.local.add.thread(parent, name="About it", owner=owner, message=own)
        await harness.member.forward(own, thread)
        inside = ChannelTarget(thread.id)
        assert await harness.messenger.find_result(inside, card) is None
        posted = await harness.messenger.post_result(inside, replace(card, request_id=7), FILES)
        assert await harness.messenger.find_result(inside, card) == posted
        assert posted.channel_id == thread.id

    async def test_a_members_own_copy_of_a_result_is_no_direct_message_of_the_bots(
        self, harness: DiscordMessengerHarness
    ) -> None:
        channel, member = ChannelTarget(harness.address.channel_id), DirectMessageTarget(harness.member_id)
        card = result(user_id=harness.member_id)
        await harness.messenger.post_result(channel, card, FILES)
        (own,) = harness.messages
        direct = harness.member.direct_channel
        copy = await harness.member.say(direct, "I keep what I like")
        copy.states.append(own.now)
        await harness.member.forward(own, direct)
        assert await harness.messenger.find_result(member, card) is None
        posted = await harness.messenger.post_result(member, card, FILES)
        assert await harness.messenger.find_result(member, card) == posted

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
        hasty = DiscordMessenger(harness.client, timeouts=Timeouts(queue_s=0.1, post_s=0.1, edit_s=5))
        target, card = ChannelTarget(harness.address.channel_id), result(user_id=harness.member_id)
        harness.local.faults.add(Fault(kind=FaultKind.HANG, on="POST /channels/*", after_s=0.6))
        with pytest.raises(RetryableError) as slow:
            await hasty.post_result(target, card, FILES)
        with pytest.raises(RetryableError) as waited:
            await hasty.find_result(target, card)
        assert (slow.value.not_taken, waited.value.not_taken) == (False, True)
        patient = Timeouts(queue_s=5)
        hasty._channels._timeouts = patient
        assert await hasty.find_result(target, card) is not None
        assert len(harness.posts()) == 1

    def test_a_wait_for_a_turn_and_its_call_fit_into_a_lease(self) -> None:
        timeouts = Timeouts()
        assert 2 * (timeouts.queue_s + timeouts.edit_s) < LeaseTimings().message_s
        assert timeouts.queue_s + timeouts.post_s < LeaseTimings().message_s

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
