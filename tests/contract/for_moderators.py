"""What every announcer promises about moderators' messages; `test_announcer.py` runs it."""

from dataclasses import replace
from typing import Protocol

import pytest

from bot.domain.changes import Action, Change
from bot.domain.errors import NoAccessError
from bot.domain.requests import Address, State
from bot.services.cards import ApprovalCard
from bot.services.ports import Announcer
from tests.unit.chat.samples import NOW

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
CHANGE = Change(
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


class Stage(Protocol):
    address: Address

    @property
    def announcer(self) -> Announcer: ...
    def decisions(self) -> list[int]: ...
    def approvals(self) -> list[tuple[int, int]]: ...
    def close_channel(self) -> None: ...


class ForModerators:
    async def test_a_request_is_shown_to_moderators_once_and_then_what_became_of_it(
        self, stage: Stage
    ) -> None:
        first = await stage.announcer.post_approval(stage.address.channel_id, APPROVAL)
        assert await stage.announcer.post_approval(stage.address.channel_id, APPROVAL) == first
        declined = replace(APPROVAL, state=State.DECLINED, decided_by=2)
        await stage.announcer.edit_approval(first.channel_id, first.message_id, declined)
        assert stage.approvals() == [(first.message_id, 2)]

    async def test_what_moderators_decide_by_is_found_where_it_was_posted_and_not_before(
        self, stage: Stage
    ) -> None:
        channel_id, request_id = stage.address.channel_id, APPROVAL.request_id
        assert await stage.announcer.find_approval(channel_id, request_id) is None
        posted = await stage.announcer.post_approval(channel_id, APPROVAL)
        assert await stage.announcer.find_approval(channel_id, request_id) == posted
        assert await stage.announcer.find_approval(channel_id, request_id + 1) is None

    async def test_in_a_closed_channel_nobody_can_look_for_what_moderators_decide_by(
        self, stage: Stage
    ) -> None:
        stage.close_channel()
        with pytest.raises(NoAccessError):
            await stage.announcer.find_approval(stage.address.channel_id, APPROVAL.request_id)

    async def test_a_closed_channel_shows_moderators_nothing(self, stage: Stage) -> None:
        stage.close_channel()
        with pytest.raises(NoAccessError):
            await stage.announcer.post_approval(stage.address.channel_id, APPROVAL)

    async def test_a_closed_channel_takes_no_decision(self, stage: Stage) -> None:
        stage.close_channel()
        with pytest.raises(NoAccessError):
            await stage.announcer.post_change(stage.address.channel_id, CHANGE)

    async def test_a_decision_is_posted_once(self, stage: Stage) -> None:
        first = await stage.announcer.post_change(stage.address.channel_id, CHANGE)
        assert await stage.announcer.post_change(stage.address.channel_id, CHANGE) == first
        assert stage.decisions() == [first.message_id]
