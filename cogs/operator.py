"""`/operator`: the bot's status, pausing of submissions, servers and their caps, for its operator."""

from collections.abc import Mapping

from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.lists import ServerPages
from bot.chat.guild_facts import guild_names
from bot.chat.interactions.components import Choices, command, matching, safe_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, Operators
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import CapOption, GuildId
from bot.chat.messages.operator import guild_choice, operation_message
from bot.chat.text import confirmations, descriptions
from bot.chat.text.caps import caps_shown, servers_shown
from bot.services.operator import CapsView, OperatorService


@app_commands.default_permissions(MODERATORS)
class Operator(commands.GroupCog, group_name="operator", group_description=descriptions.OPERATOR_GROUP):
    """Commands of the bot's operator."""

    def __init__(self, operation: OperatorService) -> None:
        self._operation = operation
        self._operators = Operators()
        self._as_operator = self._operators.only

    @command()
    async def status(self, interaction: GuildInteraction) -> None:
        """See the status of song service, requests, processes and credits, over all servers."""
        view = await run_or_defer(interaction, self._as_operator(interaction, self._operation.status))
        await respond(interaction, operation_message(view))

    @command()
    async def servers(self, interaction: GuildInteraction) -> None:
        """See what each server spends, the most expensive first."""
        await ServerPages.open(interaction)

    @command()
    @app_commands.describe(**descriptions.OPERATOR_GUILD)
    async def allow(self, interaction: GuildInteraction, server: GuildId) -> None:
        """Let a server use the bot, whatever ALLOWED_GUILD_IDS says."""

        async def allow() -> Mapping[int, str]:
            await self._operation.allow(server)
            return await guild_names(interaction.raw.client, (server,))

        names = await run_or_defer(interaction, self._as_operator(interaction, allow))
        await respond(interaction, confirmations.guild_allowed(server, names.get(server)))

    @command()
    @app_commands.describe(**descriptions.OPERATOR_GUILD)
    async def deny(self, interaction: GuildInteraction, server: GuildId) -> None:
        """Keep a server from using the bot, and cancel what waits there."""

        async def deny() -> tuple[int, Mapping[int, str]]:
            cancelled = await self._operation.deny(server)
            return cancelled, await guild_names(interaction.raw.client, (server,))

        cancelled, names = await run_or_defer(interaction, self._as_operator(interaction, deny))
        await respond(interaction, confirmations.guild_denied(server, names.get(server), cancelled))

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.OPERATOR_CAP)
    async def cap(
        self, interaction: GuildInteraction, server: GuildId | None = None, amount: CapOption | None = None
    ) -> None:
        """See or set what a server can spend in a period, whatever its moderators allow."""

        async def see_or_set() -> tuple[CapsView, Mapping[int, str]]:
            if amount is None:
                view = await self._operation.caps(server)
            else:
                view = await self._operation.set_cap(server, amount if isinstance(amount, int) else None)
            return view, await guild_names(interaction.raw.client, servers_shown(view))

        view, names = await run_or_defer(interaction, self._as_operator(interaction, see_or_set))
        await respond(interaction, caps_shown(view, names))

    @allow.autocomplete("server")
    @deny.autocomplete("server")
    @cap.autocomplete("server")
    @safe_autocomplete
    async def _names(self, interaction: GuildInteraction, current: str) -> Choices:
        if not await self._operators.includes(interaction):
            return []
        known = sorted(interaction.raw.client.guilds, key=lambda guild: guild.name.lower())
        return matching(((guild_choice(guild.name, guild.id), guild.id) for guild in known), current)

    @command()
    async def pause(self, interaction: GuildInteraction) -> None:
        """Pause song requests in all servers: new ones are still taken, and wait."""
        waiting = await run_or_defer(interaction, self._as_operator(interaction, self._operation.pause))
        await respond(interaction, confirmations.submissions_paused(waiting))

    @command()
    async def resume(self, interaction: GuildInteraction) -> None:
        """Resume song requests in all servers."""
        waiting = await run_or_defer(interaction, self._as_operator(interaction, self._operation.resume))
        await respond(interaction, confirmations.submissions_resumed(waiting))
