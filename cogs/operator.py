"""`/operator`: the bot's status, pausing of submissions, servers and their caps, for its operator."""

from collections.abc import Awaitable

from discord import app_commands
from discord.ext import commands

from bot.chat.buttons.lists import ServerPages
from bot.chat.interactions.components import Choices, command, matching, safe_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, Operators
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.interactions.transformers import CapOption, GuildId
from bot.chat.messages.operator import guild_choice, operation_message
from bot.chat.text import confirmations, descriptions
from bot.chat.text.caps import caps_shown
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
        allowing = self._as_operator(interaction, lambda: self._operation.allow(server))
        await run_or_defer(interaction, allowing)
        await respond(interaction, confirmations.guild_allowed(server))

    @command()
    @app_commands.describe(**descriptions.OPERATOR_GUILD)
    async def deny(self, interaction: GuildInteraction, server: GuildId) -> None:
        """Keep a server from using the bot, and cancel what waits there."""
        denying = self._as_operator(interaction, lambda: self._operation.deny(server))
        await respond(
            interaction, confirmations.guild_denied(server, await run_or_defer(interaction, denying))
        )

    @command()
    @app_commands.rename(amount="credits")
    @app_commands.describe(**descriptions.OPERATOR_CAP)
    async def cap(
        self, interaction: GuildInteraction, server: GuildId | None = None, amount: CapOption | None = None
    ) -> None:
        """See or set what a server can spend in a period, whatever its moderators allow."""

        def seeing() -> Awaitable[CapsView]:
            return self._operation.caps(server)

        def setting() -> Awaitable[CapsView]:
            return self._operation.set_cap(server, amount if isinstance(amount, int) else None)

        doing = self._as_operator(interaction, seeing if amount is None else setting)
        await respond(interaction, caps_shown(await run_or_defer(interaction, doing)))

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
