"""The contract of every messenger for moderators' messages; `test_messenger.py` runs it."""

from dataclasses import replace
from typing import Protocol

import pytest

from bot.domain.audit import Action, AuditEntry
from bot.domain.digests import Digest, WeekSum
from bot.domain.errors import NoAccessError
from bot.domain.quotas import Period, Policy
from bot.domain.requests import ReplyAddress, State
from bot.domain.shared_limits import NO_LIMITS
from bot.domain.welcomes import Welcome, WelcomeCard
from bot.services.cards import ApprovalCard
from bot.services.ports import ChannelTarget, Messenger
from tests.unit.chat.factories import NOW

APPROVAL = ApprovalCard(
    request_id=10**17 + 1,
    user_id=3,
    playlist_id="119573ff-8e48-4c1d-9a1b-0123456789ab",
    model="v55",
    prompt="like *rain*",
    cost=30,
    state=State.AWAITING,
    failure=None,
    approve_by=NOW,
    decided_by=None,
)
CHANGE = AuditEntry(
    id=77,
    guild_id=1,
    actor_id=2,
    action=Action.GRANT,
    subject_id=3,
    before={},
    after={"credits": 60},
    reason="won the quiz",
    at=NOW,
)


WELCOME = WelcomeCard(
    welcome=Welcome(guild_id=1, joined_at=NOW, missing=("embed_links",)),
    cost=30,
    policy=Policy(allowance=90, period=Period.WEEK, max_active=3, cooldown_s=0),
)

DIGEST = Digest(
    guild_id=10**18,
    week="2026-W47",
    starts_on=NOW.date(),
    ends_on=NOW.date(),
    total=WeekSum(0, 0, 0),
    before=WeekSum(0, 0, 0),
    failures={},
    asked_most=(),
    awaiting=0,
    limits=NO_LIMITS,
)


class MessengerHarness(Protocol):
    address: ReplyAddress
    member_id: int
    guild_id: int

    @property
    def messenger(self) -> Messenger: ...
    def decisions(self) -> list[int]: ...
    def approvals(self) -> list[tuple[int, int]]: ...
    def close_channel(self) -> None: ...
    def close_direct_messages(self) -> None: ...


class ModeratorMessagesContract:
    async def test_a_request_is_shown_to_moderators_once_and_then_what_became_of_it(
        self, harness: MessengerHarness
    ) -> None:
        first = await harness.messenger.post_approval(harness.address.channel_id, APPROVAL)
        assert await harness.messenger.post_approval(harness.address.channel_id, APPROVAL) == first
        declined = replace(APPROVAL, state=State.DECLINED, decided_by=2)
        await harness.messenger.edit_approval(first.channel_id, first.message_id, declined)
        assert harness.approvals() == [(first.message_id, 2)]

    async def test_what_moderators_decide_by_is_found_where_it_was_posted_and_not_before(
        self, harness: MessengerHarness
    ) -> None:
        channel_id, request_id = harness.address.channel_id, APPROVAL.request_id
        assert await harness.messenger.find_approval(channel_id, request_id) is None
        posted = await harness.messenger.post_approval(channel_id, APPROVAL)
        assert await harness.messenger.find_approval(channel_id, request_id) == posted
        assert await harness.messenger.find_approval(channel_id, request_id + 1) is None

    async def test_in_a_closed_channel_nobody_can_look_for_what_moderators_decide_by(
        self, harness: MessengerHarness
    ) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.find_approval(harness.address.channel_id, APPROVAL.request_id)

    async def test_a_closed_channel_shows_moderators_nothing(self, harness: MessengerHarness) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_approval(harness.address.channel_id, APPROVAL)

    async def test_a_closed_channel_takes_no_decision(self, harness: MessengerHarness) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_audit_entry(harness.address.channel_id, CHANGE)

    async def test_a_server_is_welcomed_once_and_that_is_found(self, harness: MessengerHarness) -> None:
        channel_id, target = harness.address.channel_id, ChannelTarget(harness.address.channel_id)
        assert await harness.messenger.find_welcome(channel_id, since=NOW) is None
        first = await harness.messenger.post_welcome(target, WELCOME)
        assert await harness.messenger.post_welcome(target, WELCOME) == first
        assert await harness.messenger.find_welcome(channel_id, since=NOW) == first

    async def test_news_are_told_once(self, harness: MessengerHarness) -> None:
        news = [replace(CHANGE, guild_id=harness.guild_id, subject_id=harness.member_id)]
        first = await harness.messenger.post_news(harness.member_id, news)
        assert await harness.messenger.post_news(harness.member_id, news) == first

    async def test_who_takes_no_direct_messages_is_not_told_news(self, harness: MessengerHarness) -> None:
        news = [replace(CHANGE, guild_id=harness.guild_id, subject_id=harness.member_id)]
        harness.close_direct_messages()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_news(harness.member_id, news)

    async def test_who_added_the_bot_to_a_server_without_it_is_not_known(
        self, harness: MessengerHarness
    ) -> None:
        with pytest.raises(NoAccessError):
            await harness.messenger.find_inviter(10**17 + 1)

    async def test_a_closed_channel_takes_no_welcome(self, harness: MessengerHarness) -> None:
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_welcome(ChannelTarget(harness.address.channel_id), WELCOME)

    async def test_a_week_has_one_digest_and_a_closed_channel_none(self, harness: MessengerHarness) -> None:
        channel_id, digest = harness.address.channel_id, DIGEST
        first = await harness.messenger.post_digest(channel_id, digest)
        assert await harness.messenger.post_digest(channel_id, digest) == first
        assert await harness.messenger.post_digest(channel_id, replace(digest, week="2026-W48")) != first
        harness.close_channel()
        with pytest.raises(NoAccessError):
            await harness.messenger.post_digest(channel_id, replace(digest, week="2026-W49"))

    async def test_a_decision_is_posted_once(self, harness: MessengerHarness) -> None:
        first = await harness.messenger.post_audit_entry(harness.address.channel_id, CHANGE)
        assert await harness.messenger.post_audit_entry(harness.address.channel_id, CHANGE) == first
        assert harness.decisions() == [first.message_id]
