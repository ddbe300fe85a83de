"""`/quota` as moderators use it, and its effects on members."""

import re
from dataclasses import replace

import pytest

from bot.app import Application
from bot.chat.delivery.status_message import TITLES
from bot.chat.text import confirmations
from bot.chat.text.errors import NOT_MODERATOR
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import CHANGE_PERIOD
from bot.chat.text.moderator_errors import EVERYONES_ROLE, IS_A_BOT, NOT_BLOCKED, NOTHING_CHANGED
from bot.chat.text.quotas import cost_of_role
from bot.domain.quotas import Period
from bot.domain.requests import State
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from sandbox.discord import Fault, FaultKind
from sandbox.discord.model.message import Message
from sandbox.discord.model.users import User
from sandbox.discord.people.person import PickerError
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import labels, seen
from tests.integration.engines import on_both

pytestmark = on_both

COUNTS = "GET /guilds/*/roles/member-counts"
UNTOUCHED = f"{NOT_MODERATOR}{NOTHING_CHANGED}"


async def settle(app: Application, local: BotHarness, **settled: object) -> None:
    def unit(uow: UnitOfWork) -> None:
        settings = uow.guilds.get_for_update(local.discord.guild.id)
        uow.guilds.update(local.discord.guild.id, replace(settings, **settled))  # type: ignore[arg-type] # any

    await app.store.write(NamedUnit("tests.settle", unit))


async def told(
    local: BotHarness, line: str, /, who: str = "Mo", *, past: bool = False, **options: object
) -> Message:
    """Return the one answer, which is ephemeral."""
    asked = await local.discord.member(who).slash("songs", line, past_picker=past, **options)
    message = await asked.answer(timeout_s=LONG_S)
    assert message.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return message


async def test_what_a_moderator_settles_for_a_member_counts_at_once(local: BotHarness) -> None:
    async with local.bot():
        granted = await told(local, "quota grant", member=local.ada, credits=60, reason="won *the* quiz")
        assert "received 60 credits" in granted.content
        assert "They have 150 credits available now, and had 90 before." in granted.content
        assert await local.credits() == {"Available": 150, "On hold": 0, "Used": 0, "Bonus": 60} | {
            "Resets": (await local.credits())["Resets"]
        }
        excepted = await told(local, "quota member", member=local.ada, credits=10)
        assert (
            "10 credits every week, set for this member by a moderator. Before, it was 90 credits."
            in excepted.content
        )
        message = await told(local, "credits", "Ada")
        assert "set for you by a moderator" in seen(message)
        assert "bonus: won \\*the\\* quiz" in seen(message)
        assert "set for this member" in seen(await told(local, "quota member", member=local.ada))
        await told(local, "quota member", member=local.ada, none=True)
        await local.shows(await local.place(), TITLES[State.DELIVERED])
        assert (await local.credits())["Used"] == 30
        assert "available now" in (await told(local, "quota reset", member=local.ada)).content
        assert (await local.credits())["Used"] == 0
        log = seen(await told(local, "quota log", member=local.ada))
        for words in (
            "granted a bonus to",
            "Reason: won",
            "changed the allowance of",
            "10 → \N{EN DASH}",
            "used: 30 → 0",
        ):
            assert words in log


async def test_a_blocked_members_waiting_request_ends_and_says_why(local: BotHarness) -> None:
    local.song_takes(LONG_S)
    async with local.bot(max_running=1, max_active_per_member=2):
        await local.shows(await local.place("Ben"), TITLES[State.MAKING])
        waiting = await local.place()
        blocked = await told(local, "quota block", member=local.ada, reason="spam & noise")
        assert blocked.content == confirmations.blocked(local.ada.id, 1)
        await local.shows(waiting, "Cancelled", are_back(30))
        assert "spam" not in seen(waiting), "the channel reads it, too"
        refused = await (await local.order()).answer(timeout_s=LONG_S)
        assert refused.ephemeral
        assert "spam & noise" in refused.content
        assert "spam" in seen(await told(local, "quota show", member=local.ada))
        await told(local, "quota unblock", member=local.ada)
        assert NOT_BLOCKED in (await told(local, "quota unblock", member=local.ada)).content
        await local.place()


async def test_a_role_says_how_many_have_it_and_what_that_may_cost(local: BotHarness) -> None:
    vip = local.discord.add.role(local.discord.guild, name="VIP")
    local.hurry({"chat.role_count_s": 0.1})
    async with local.bot():
        answer = await told(local, "quota role", role=vip, credits=100)
        assert answer.content.endswith(cost_of_role(0, 100, Period.WEEK, cost=30))
        for member in (local.ada.member, local.discord.member("Ben").member):
            member.role_ids.append(vip.id)
        cost = "2 members have the role: at most 200 credits every week, or 6 songs."
        assert (await told(local, "quota role", role=vip, credits=100)).content.endswith(f" {cost}")
        assert (await told(local, "quota role", role=vip)).content == cost
        assert cost not in (await told(local, "quota role", role=vip, none=True)).content
        assert (await told(local, "quota role", role=vip)).content == "2 members have the role."


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.REFUSED, on=COUNTS, status=403, code=50013),
        Fault(kind=FaultKind.STATUS, on=COUNTS, times=None),
        Fault(kind=FaultKind.STRANGE, on=COUNTS, words="[]"),
        Fault(kind=FaultKind.HANG, on=COUNTS, after_s=LONG_S),
    ],
    ids=lambda fault: fault.kind,
)
async def test_a_role_is_changed_where_its_members_are_not_counted(local: BotHarness, fault: Fault) -> None:
    local.hurry({"chat.role_count_s": 0.1})
    async with local.bot():
        local.discord.faults.add(fault)
        answer = await told(local, "quota role", role=local.discord.moderators, credits=60)
        assert answer.content == confirmations.role_allowance_set(local.discord.moderators.id, 60)


async def test_allowances_of_everyone_and_of_roles_and_the_budget(local: BotHarness) -> None:
    vip, dj = (local.discord.add.role(local.discord.guild, name=name) for name in ("VIP", "DJ"))
    local.ada.member.role_ids += [vip.id, dj.id]
    async with local.bot():
        await told(local, "quota everyone", credits=0)
        asks = await told(local, "quota everyone", credits=0, period="month")
        assert "Change the period from a week to a month?" in asks.content
        assert (await local.credits())["Available"] == 0
        await local.discord.member("Mo").press(asks, CHANGE_PERIOD)
        await local.shows(asks, "Everyone has 0 credits every month now.")
        assert labels(asks) == []
        await told(local, "quota role", role=vip, credits=60)
        await told(local, "quota role", role=dj, credits=30)
        message = await told(local, "credits", "Ada")
        assert f"60 credits every month, from the role <@&{vip.id}>." in seen(message)
        refused = await (await local.order("Ben")).answer(timeout_s=LONG_S)
        assert "you have 0." in refused.content
        budget = await told(local, "quota budget", credits=40, period="day")
        assert "**40** of 40 credits left for everyone" in budget.content
        await local.shows(await local.place(), TITLES[State.DELIVERED])
        refused = await (await local.order()).answer(timeout_s=LONG_S)
        assert "this server's budget has" in refused.content
        assert confirmations.NO_BUDGET in (await told(local, "quota budget", none=True)).content
        await local.place()
        assert "no allowance of its own" in (await told(local, "quota role", role=vip, none=True)).content
        everyone_role = local.discord.guild.roles[local.discord.guild.id]
        assert EVERYONES_ROLE in (await told(local, "quota role", role=everyone_role, credits=1)).content


async def test_decisions_are_posted_to_the_log_channel(local: BotHarness) -> None:
    async with local.bot() as app:
        await settle(app, local, log_channel_id=local.discord.channel("general").id)
        await told(local, "quota grant", member=local.ada, credits=30, reason="x")
        posted = await local.result("general")
        assert re.search(r"<@\d+> granted a bonus to <@\d+>", seen(posted))
        assert posted.pinged == frozenset()


async def test_one_who_left_is_looked_up_by_id_and_a_bot_gets_nothing(local: BotHarness) -> None:
    gone = User(id=local.discord.state.snowflakes.next(), name="Gone")
    async with local.bot():
        shown = await told(local, "quota show", member=gone)
        assert f"<@{gone.id}>" in seen(shown)
        bot = local.discord.guild.members[local.discord.state.world.bot.id]
        assert IS_A_BOT in (await told(local, "quota grant", member=bot, credits=1, reason="x")).content


COMMANDS: dict[str, dict[str, object]] = {
    "quota grant": {"credits": 30, "reason": "x"},
    "quota member": {"credits": 30},
    "quota reset": {},
    "quota block": {"reason": "x"},
    "quota unblock": {},
    "quota show": {},
}
GENERAL: dict[str, dict[str, object]] = {
    "quota everyone": {"credits": 900},
    "quota role": {"credits": 900},
    "quota budget": {"credits": 900},
    "quota log": {},
}


async def test_a_member_may_do_none_of_it_also_past_the_picker(local: BotHarness) -> None:
    async with local.bot():
        with pytest.raises(PickerError, match="not offered"):
            await local.ada.slash("songs", "quota reset", member=local.ada)
        for command, options in COMMANDS.items():
            message = await told(local, command, "Ada", past=True, member=local.ada, **options)
            assert message.content == UNTOUCHED, command
        for command, others in GENERAL.items():
            role = {"role": local.discord.moderators} if command == "quota role" else {}
            assert (await told(local, command, "Ada", past=True, **role, **others)).content == UNTOUCHED
        assert (await local.credits())["Available"] == 90


async def test_numbers_past_the_picker_are_looked_at_again(local: BotHarness) -> None:
    async with local.bot():
        for credits_ in (-5, 2_000_000):
            message = await told(local, "quota everyone", past=True, credits=credits_)
            assert NOTHING_CHANGED in message.content or "doesn't fit" in message.content
        assert (await local.credits())["Available"] == 90
