import pytest

from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.invocations import Invocation
from sandbox.discord.people import Person, PickerError
from tests.e2e.engines import on_both
from tests.e2e.reading import fields, seen
from tests.e2e.stage import LONG_S, Stage

pytestmark = on_both


@pytest.fixture(autouse=True)
def operators_server(local: Stage) -> None:
    changes = {"operator_guild_id": local.discord.guild.id, "max_active_per_member": 5}
    local.settings = local.settings.model_copy(update=changes)


@pytest.fixture
def owner(local: Stage) -> Person:
    """Odile owns the application, by what Discord says of it."""
    return local.discord.member("Odile")


async def told(asked: Invocation) -> str:
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return answer.content or seen(answer)


async def test_the_operator_stops_everything_and_lets_it_go_on(local: Stage, owner: Person) -> None:
    async with local.bot():
        await local.placed_result()
        assert "Nothing more is submitted" in await told(await owner.slash("songs", "operator pause"))
        status = await local.place()
        assert "Number **1** in line. The bot's operator has paused songs for now." in seen(status)
    async with local.bot():
        asked = await owner.slash("songs", "operator status")
        assert "Submissions are paused." in await told(asked)
        assert asked.shown is not None
        shown = fields(asked.shown.embeds[0])
        assert shown["Song service"] == "Ready.\nTasks at once: **3**"
        assert "**1** in line" in shown["Requests"]
        assert shown["Processes alive"] == "1 all"
        assert (shown["Used in 24 hours"], shown["Used in 7 days"]) == ("30 credits", "30 credits")
        assert shown["Price of a song"] == "30 credits"
        assert len(local.submissions) == 1
        said = await told(await owner.slash("songs", "operator resume"))
        assert said == "Submissions go on. 1 request waits."
        await local.shows(status, "Your song is ready")
        said = await told(await owner.slash("songs", "operator resume"))
        assert said == "Submissions aren't paused. Nothing was changed."


@pytest.mark.parametrize("command", ["status", "pause", "resume"])
async def test_nobody_else_may_do_any_of_it(local: Stage, command: str) -> None:
    async with local.bot():
        with pytest.raises(PickerError, match="not offered"):
            await local.ada.slash("songs", f"operator {command}")
        refusal = "This is only for whoever runs this bot. Nothing was changed."
        for asked in (
            await local.ada.slash("songs", f"operator {command}", past_picker=True),
            await local.discord.member("Mo").slash("songs", f"operator {command}"),
        ):
            assert await told(asked) == refusal
        await local.placed_result()


async def test_whose_the_bot_is_may_not_be_known_for_a_moment(local: Stage, owner: Person) -> None:
    async with local.bot():
        fault = Fault(kind=FaultKind.RESET, on="GET /oauth2/applications/@me", times=None)
        local.discord.faults.add(fault)
        assert "Something went wrong on our side." in await told(await owner.slash("songs", "operator pause"))
        await local.placed_result()


async def test_without_the_setting_there_is_no_such_command(local: Stage, owner: Person) -> None:
    async with local.bot(operator_guild_id=None):
        with pytest.raises(PickerError):
            await owner.slash("songs", "operator status")
