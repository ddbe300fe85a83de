import discord
import pytest
import yarl
from discord import app_commands
from discord.ext import commands

from bot.chat.client import InspireClient, Shards
from bot.chat.connection.endpoints import point_at
from bot.chat.delivery.status_message import status_message
from bot.chat.interactions.context import accept
from bot.chat.text.errors import NOT_YOURS
from bot.domain.errors import NotYoursError
from bot.domain.requests import State
from sandbox.discord import LocalDiscord
from tests.unit.chat.bots import Notebook, new_client, running, some_services, songs_of
from tests.unit.chat.factories import REQUEST, status


class Greeter(commands.Cog):
    def __init__(self, _: InspireClient) -> None:
        pass

    @app_commands.command(description="Shows a status")
    async def show(self, interaction: discord.Interaction[InspireClient]) -> None:
        await interaction.response.send_message(**status_message(status(State.WAITING)).fields())


class Renamed(commands.Cog):
    def __init__(self, _: InspireClient) -> None:
        pass

    @app_commands.command(description="Shows a status, described otherwise")
    async def show(self, interaction: discord.Interaction[InspireClient]) -> None:
        raise AssertionError("unreachable")


async def test_commands_are_told_once_and_again_when_they_change(local: LocalDiscord) -> None:
    remembered = Notebook()
    for cog, registrations in ((Greeter, 1), (Greeter, 1), (Renamed, 2)):
        async with running(local, new_client(cog, remembered=remembered)):
            assert local.registrations() == registrations


async def test_commands_can_be_told_by_force(local: LocalDiscord) -> None:
    async with running(local, new_client(Greeter)) as client:
        assert await client.sync_commands() is False
        assert await client.sync_commands(force=True) is True
        assert local.registrations() == 2


async def test_a_guild_may_have_commands_of_its_own(local: LocalDiscord) -> None:
    client = new_client(guild_cogs=[Greeter], guild_ids=[local.guild.id])
    async with running(local, client):
        assert local.registrations(local.guild) == 1
        assert [command.name for command in client.tree.get_commands()] == []
        assert (await (await local.member("Ada").slash("songs", "show")).answer()).embeds


async def test_commands_of_no_guild_are_nobodys(local: LocalDiscord) -> None:
    client = new_client(guild_cogs=[Greeter])
    async with running(local, client):
        assert client.tree.get_commands() == []


async def test_commands_are_for_servers_only(local: LocalDiscord) -> None:
    async with running(local, new_client(Greeter)):
        command = local.state.commands.find("show", guild_id=local.guild.id)
        assert command is not None
        assert (command["contexts"], command["integration_types"]) == ([0], [0])


async def test_the_cancel_button_gives_the_credits_back(local: LocalDiscord) -> None:
    async with running(local, new_client(Greeter)) as client:
        ada = local.member("Ada")
        shown = await (await ada.slash("songs", "show")).answer()
        pressed = await ada.press(shown, "Cancel")
        await pressed.acknowledged()
        assert not shown.components
        assert songs_of(client).asked == [(REQUEST, local.guild.id, ada.id)]


async def test_anothers_cancel_button_says_so(local: LocalDiscord) -> None:
    async with running(local, new_client(Greeter)) as client:
        songs_of(client).answer = NotYoursError()
        shown = await (await local.member("Ada").slash("songs", "show")).answer()
        answer = await (await local.member("Ben").press(shown, "Cancel")).answer()
        assert NOT_YOURS in answer.content
        assert answer.ephemeral


async def test_a_button_works_after_a_restart(local: LocalDiscord) -> None:
    ada = local.member("Ada")
    async with running(local, new_client(Greeter)):
        shown = await (await ada.slash("songs", "show")).answer()
    async with running(local, new_client(Greeter)):
        await (await ada.press(shown, "Cancel")).acknowledged()
        assert not shown.components


async def test_a_client_keeps_to_what_it_needs() -> None:
    client = new_client()
    assert client.intents == discord.Intents(guilds=True)
    assert client.allowed_mentions is not None
    mentions = client.allowed_mentions
    assert [mentions.everyone, mentions.users, mentions.roles, mentions.replied_user] == [False] * 4
    assert len(client.cached_messages) == 0


async def test_shards_are_those_that_are_named() -> None:
    client = InspireClient(
        services=some_services(),
        remembered=Notebook(),
        shards=Shards(shard_count=8, shard_ids=[2, 3]),
    )
    assert (client.shard_count, client.shard_ids) == (8, [2, 3])


def test_discord_may_be_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    socket = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(discord.http.Route, "BASE", "before")
    monkeypatch.setattr(socket, "DEFAULT_GATEWAY", yarl.URL("ws://before"))
    point_at(None, None)
    assert ("before", yarl.URL("ws://before")) == (discord.http.Route.BASE, socket.DEFAULT_GATEWAY)
    point_at("http://127.0.0.1:1/api/v10/", "ws://127.0.0.1:2")
    assert (
        "http://127.0.0.1:1/api/v10",
        yarl.URL("ws://127.0.0.1:2"),
    ) == (discord.http.Route.BASE, socket.DEFAULT_GATEWAY)


class Stranger(discord.Client):
    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.refused: list[TypeError] = []

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        with pytest.raises(TypeError) as refused:
            accept(interaction)
        self.refused.append(refused.value)


async def test_another_client_has_no_services(local: LocalDiscord) -> None:
    async with running(local, new_client(Greeter)):
        pass
    async with running(local, Stranger()) as stranger:
        await local.member("Ada").slash("songs", "show")
        await local.wait_for(lambda: stranger.refused)
        assert "Stranger is not the bot" in str(stranger.refused[0])
