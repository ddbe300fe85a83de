from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.audit import Action
from bot.domain.errors import ActiveLimitError, CooldownError
from bot.domain.guild_settings import RoleLimits
from bot.domain.moderator_errors import AmountError, EveryoneRoleError
from bot.domain.queue_errors import QueueFullError
from bot.domain.song_options import SongOptions
from bot.services.audit_log import Actor
from tests.harness.services import BEN, GUILD, PLAYLIST, ServicesHarness, services_harness

VIP, FAN = 71, 72
ELSEWHERE = GUILD + 50
ORDER = SongOptions(playlist=PLAYLIST)


async def place_as(harness: ServicesHarness, user_id: int, *role_ids: int) -> None:
    context = replace(harness.context(user_id), role_ids=role_ids)
    card = await harness.requests.place(ORDER, context)
    await harness.requests.record_answer(card.request_id, card.request_id + 10**17)


async def test_no_more_wait_in_a_server_than_may_also_for_approval(tmp_path: Path) -> None:
    async with services_harness(tmp_path, max_waiting=3) as harness:
        await harness.place()
        await harness.set_guild_settings(approval_channel_id=5)
        await harness.place()
        await harness.place(BEN)
        with pytest.raises(QueueFullError) as caught:
            await harness.place(BEN)
        assert caught.value.limit == 3
        assert (await harness.credits(BEN)).held == 30
        elsewhere = replace(harness.context(BEN), guild_id=ELSEWHERE)
        await harness.requests.place(ORDER, elsewhere)
        assert await harness.submit() == 1
        await harness.place(BEN)


async def test_a_server_lets_fewer_wait_and_never_more_than_the_operator(tmp_path: Path) -> None:
    async with services_harness(tmp_path, max_waiting=2) as harness:
        rules = harness.services.guild_settings
        with pytest.raises(AmountError) as caught:
            await rules.set_limits(harness.actor(), waiting=3)
        assert (caught.value.option, caught.value.most) == ("waiting", 2)
        await rules.set_limits(harness.actor(), waiting=1)
        await rules.set_limits(harness.actor(), active=2)
        assert (await rules.effective(GUILD)).max_waiting == 1
        await harness.place()
        with pytest.raises(QueueFullError):
            await harness.place(BEN)
        await rules.reset(harness.actor(), Action.LIMITS)
        await harness.place(BEN)
        await harness.set_guild_settings(max_waiting=50)
        with pytest.raises(QueueFullError) as refused:
            await harness.place(BEN)
        assert refused.value.limit == 2


async def test_of_a_members_roles_the_most_generous_counts_for_each_limit(harness: ServicesHarness) -> None:
    rules = harness.services.guild_settings
    await rules.set_limits(harness.actor(), active=1, cooldown_s=60)
    await rules.set_role_limits(harness.actor(), VIP, active=3)
    await rules.set_role_limits(harness.actor(), FAN, active=2, cooldown_s=0)
    await place_as(harness, BEN, VIP)
    with pytest.raises(CooldownError):
        await place_as(harness, BEN, VIP)
    await place_as(harness, BEN, FAN)
    with pytest.raises(ActiveLimitError) as caught:
        await place_as(harness, BEN, FAN)
    assert caught.value.limit == 2
    await place_as(harness, BEN, VIP, FAN)
    with pytest.raises(ActiveLimitError) as caught:
        await place_as(harness, BEN)
    assert caught.value.limit == 1


async def test_a_roles_limit_that_is_left_out_stays_and_none_ends_both(harness: ServicesHarness) -> None:
    rules, by = harness.services.guild_settings, harness.actor()
    assert await rules.set_role_limits(by, VIP, active=3) == RoleLimits(max_active=3)
    limits = RoleLimits(max_active=3, cooldown_s=30)
    assert await rules.set_role_limits(harness.actor(), VIP, cooldown_s=30) == limits
    assert await rules.set_role_limits(by, VIP, active=9) == limits, "the same command once more"
    await rules.set_role_limits(harness.actor(), FAN, cooldown_s=0)
    await rules.end_role_limits(harness.actor(), VIP)
    settings = (await rules.effective(GUILD)).settings
    assert settings.role_limits == {FAN: RoleLimits(cooldown_s=0)}
    entries = await harness.services.allowances.audit_log(GUILD)
    assert {entry.action for entry in entries} == {Action.LIMITS}
    assert (entries[0].subject_id, entries[0].before, entries[0].after) == (
        VIP,
        {"active": 3, "cooldown": 30},
        {"active": None, "cooldown": None},
    )
    with pytest.raises(EveryoneRoleError):
        await rules.set_role_limits(Actor(interaction_id=1, guild_id=GUILD, actor_id=BEN), GUILD, active=1)
    with pytest.raises(AmountError):
        await rules.set_role_limits(harness.actor(), VIP, active=0)
