"""Where the bot is used without being there: servers with its commands alone, and direct messages."""

import asyncio

import pytest

from bot.app import App
from bot.services.work import Work
from sandbox.discord.people import Person
from tests.e2e.engines import on_both
from tests.e2e.stage import LONG_S, PLENTY, Stage

pytestmark = on_both
REFUSED = "This only works in servers."


async def left(app: App, guild_id: int) -> bool:
    """Whether the bot counts as gone from the server."""

    def unit(work: Work) -> bool:
        return work.guilds.known()[guild_id] is not None

    return await app.store.read(unit)


async def until_in_use(app: App, guild_id: int) -> None:
    """Wait until the note of the server's use is written, which no command waits for."""
    async with asyncio.timeout(LONG_S):
        while await left(app, guild_id):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def test_a_server_that_has_the_commands_alone_is_not_left_at_each_start(local: Stage) -> None:
    guild = local.discord.guild
    async with local.bot():
        await local.placed_result()
    guild.has_bot = False
    async with local.bot() as app:
        await local.credits()
        await until_in_use(app, guild.id)
    async with local.bot() as app:
        assert not await left(app, guild.id)


def elsewhere(person: Person, payload: dict[str, object]) -> dict[str, object]:
    """The interaction as it comes from direct messages."""
    names = ("guild_id", "guild", "guild_locale", "member")
    kept = {name: value for name, value in payload.items() if name not in names}
    return kept | {"user": {"id": str(person.id), "username": "ada", "discriminator": "0", "avatar": None}}


@pytest.mark.parametrize(
    "command",
    ["inspire", "credits", "cancel", "queue", "songs list", "privacy notice", "settings show", "quota log"],
)
async def test_a_command_outside_servers_is_refused_before_anything_else(local: Stage, command: str) -> None:
    options = {"inspire": {"playlist": "x"}, "cancel": {"request": "1"}}.get(command, {})
    local.discord.gateway.garbled["INTERACTION_CREATE"] = lambda payload: elsewhere(local.ada, payload)
    async with local.bot():
        answer = await (await local.ada.slash("songs", command, past_picker=True, **options)).answer(
            timeout_s=LONG_S
        )
        assert answer.content.startswith(REFUSED)
        assert answer.ephemeral
    assert local.submissions == []


async def test_buttons_and_suggestions_outside_servers_do_nothing(local: Stage) -> None:
    async with local.bot(default_allowance=PLENTY):
        await local.placed_result()
        local.song_takes(LONG_S)
        status = await local.place()
        (result,) = local.results()
        local.discord.gateway.garbled["INTERACTION_CREATE"] = lambda payload: elsewhere(local.ada, payload)
        for message, label in ((status, "Cancel"), (result, "Again"), (result, "Remove")):
            pressed = await local.ada.press(message, label)
            assert (await pressed.answer(timeout_s=LONG_S)).content.startswith(REFUSED)
        assert await local.ada.autocomplete("songs", "inspire", playlist="") == []
        local.discord.gateway.garbled.clear()
        assert (await local.credits())["On hold"] == 30
    assert len(local.results()) == 1
