import pytest

from bot.chat.delivery.status_message import TITLES, queue_position
from bot.chat.text import confirmations
from bot.chat.text.errors import NOT_OPERATOR, OWNER_UNKNOWN
from bot.chat.text.moderator_errors import SUBMISSIONS_NOT_PAUSED
from bot.chat.text.requests import PAUSED_BY_OPERATOR
from bot.domain.requests import State
from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.world import TeamMember
from sandbox.discord.people.person import Person, PickerError
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import fields, seen
from tests.integration.engines import on_both

pytestmark = on_both
ROLES = {
    "Dora": ("developer", True, True),
    "Alma": ("admin", True, True),
    "Rita": ("read_only", True, False),
    "Ines": ("developer", False, False),
    "Iris": ("admin", False, False),
}
"""The team's members: role, whether they have accepted the invitation, and whether they run the bot."""


@pytest.fixture(autouse=True)
def operators_server(local: BotHarness) -> None:
    changes = {"operator_guild_id": local.discord.guild.id, "max_active_per_member": 5}
    local.settings = local.settings.model_copy(update=changes)


@pytest.fixture
def owner(local: BotHarness) -> Person:
    """Odile owns the application, by what Discord says of it."""
    return local.discord.member("Odile")


async def told(asked: Invocation) -> str:
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return answer.content or seen(answer)


async def test_the_operator_stops_everything_and_lets_it_go_on(local: BotHarness, owner: Person) -> None:
    async with local.bot():
        await local.placed_result()
        assert "Song requests are paused in all servers." in await told(
            await owner.slash("songs", "operator pause")
        )
        status = await local.place()
        assert f"{queue_position(1)}. {PAUSED_BY_OPERATOR}" in seen(status)
    async with local.bot():
        asked = await owner.slash("songs", "operator status")
        assert "Song requests are paused." in await told(asked)
        assert asked.shown is not None
        shown = fields(asked.shown.embeds[0])
        assert shown["Song service"] == "Ready.\nTasks at once: **3**"
        assert "**1** in the queue" in shown["Requests"]
        assert shown["Processes running"] == "**1** that does everything"
        assert (shown["Used in 24 hours"], shown["Used in 7 days"]) == ("30 credits", "30 credits")
        assert shown["Price of a song"] == "30 credits"
        assert len(local.submissions) == 1
        said = await told(await owner.slash("songs", "operator resume"))
        assert said == confirmations.submissions_resumed(1)
        await local.shows(status, TITLES[State.DELIVERED])
        said = await told(await owner.slash("songs", "operator resume"))
        assert said.startswith(SUBMISSIONS_NOT_PAUSED)


@pytest.mark.parametrize("command", ["status", "pause", "resume"])
async def test_nobody_else_may_do_any_of_it(local: BotHarness, command: str) -> None:
    async with local.bot():
        with pytest.raises(PickerError, match="not offered"):
            await local.ada.slash("songs", f"operator {command}")
        for asked in (
            await local.ada.slash("songs", f"operator {command}", past_picker=True),
            await local.discord.member("Mo").slash("songs", f"operator {command}"),
        ):
            assert NOT_OPERATOR in await told(asked)
        await local.placed_result()


async def test_whose_the_bot_is_may_not_be_known_for_a_moment(local: BotHarness, owner: Person) -> None:
    async with local.bot():
        fault = Fault(kind=FaultKind.STATUS, on="GET /oauth2/applications/@me", status=503)
        local.discord.faults.add(fault)
        said = await told(await owner.slash("songs", "operator pause"))
        assert said.startswith(OWNER_UNKNOWN)
        await local.placed_result()
        assert "Song requests are paused in all servers." in await told(
            await owner.slash("songs", "operator pause")
        )


async def test_those_of_a_team_who_can_change_the_bot_run_it(
    local: BotHarness, owner: Person, subtests: pytest.Subtests
) -> None:
    world = local.discord.state.world
    add = local.discord.add
    for name, (role, accepted, _) in ROLES.items():
        user = add.user(name)
        add.member(local.discord.guild, user=user, roles=(local.discord.moderators,))
        world.team.append(TeamMember(user=user, role=role, has_accepted=accepted))
    async with local.bot():
        for name, may in [("Odile", True), *((name, may) for name, (*_, may) in ROLES.items())]:
            with subtests.test(name):
                said = await told(await local.discord.member(name).slash("songs", "operator resume"))
                assert (SUBMISSIONS_NOT_PAUSED in said) is may
                assert (NOT_OPERATOR in said) is not may


async def test_whoever_no_longer_owns_the_bot_is_found_out_after_minutes(
    local: BotHarness, owner: Person
) -> None:
    async with local.bot():
        assert "aren't paused" in await told(await owner.slash("songs", "operator resume"))
        local.discord.state.world.owner = local.discord.member("Mo").user
        assert "aren't paused" in await told(await owner.slash("songs", "operator resume"))
    local.hurry({"chat.owners_s": 0.0})
    local.discord.state.world.owner = owner.user
    async with local.bot():
        assert "aren't paused" in await told(await owner.slash("songs", "operator resume"))
        local.discord.state.world.owner = local.discord.member("Mo").user
        assert NOT_OPERATOR in await told(await owner.slash("songs", "operator resume"))
        mo = local.discord.member("Mo")
        assert "aren't paused" in await told(await mo.slash("songs", "operator resume"))


async def test_without_the_setting_there_is_no_such_command(local: BotHarness, owner: Person) -> None:
    async with local.bot(operator_guild_id=None):
        with pytest.raises(PickerError):
            await owner.slash("songs", "operator status")
