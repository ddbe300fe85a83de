"""`/settings`: a server's settings, for its moderators."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.interactions.components import Choices, command, matching, moderator_autocomplete
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import MODERATORS, ForModerators
from bot.chat.interactions.transformers import (
    NONE,
    ApprovalRoleOption,
    LovesOption,
    PostingChannel,
    RequestChannel,
)
from bot.chat.messages.choices import model_choices
from bot.chat.panel import (
    APPROVAL,
    LIMITS,
    LOG,
    MODEL,
    NEWS,
    ONLY_SAVED,
    REQUESTS,
    RESULTS,
    ROLE_LIMITS,
    SHOWCASE,
    WORDS,
)
from bot.chat.panel.channels import HIDE, OFF, ON, SHOW, USUAL_LOVES
from bot.chat.panel.curation import WORDS_LIMIT
from bot.chat.panel.view import answer_command, open_panel
from bot.chat.text import descriptions
from bot.domain.guild_settings import ApprovalChange
from bot.services.moderation.guild_settings import MAX_ACTIVE, MAX_COOLDOWN_S, MAX_FREE, MAX_WAITING

Active: TypeAlias = app_commands.Range[int, 1, MAX_ACTIVE]
Waiting: TypeAlias = app_commands.Range[int, 1, MAX_WAITING]
Cooldown: TypeAlias = app_commands.Range[int, 0, MAX_COOLDOWN_S]
Words: TypeAlias = app_commands.Range[str, 1, WORDS_LIMIT]
Free: TypeAlias = app_commands.Range[int, 0, MAX_FREE]


@app_commands.default_permissions(MODERATORS)
class ServerSettings(
    ForModerators, commands.GroupCog, group_name="settings", group_description=descriptions.SETTINGS_GROUP
):
    """A server's settings, for its moderators; a command without options opens the panel at its setting."""

    def __init__(self, models: Sequence[str]) -> None:
        named = [*model_choices(models), (descriptions.NO_MODEL, NONE)]
        choices = [
            app_commands.Choice(name=app_commands.locale_str(name), value=code) for name, code in named
        ]
        app_commands.choices(model=choices)(self.model)

    @command()
    async def show(self, interaction: GuildInteraction) -> None:
        """See and change all settings of this server: setup and config, for admins and moderators."""
        await open_panel(interaction)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_CHANNEL)
    async def channel(
        self, interaction: GuildInteraction, channel: RequestChannel | None = None, *, none: bool = False
    ) -> None:
        """Take song requests in one channel or forum only; its threads and posts count."""
        await answer_command(interaction, REQUESTS, REQUESTS.change, none=none, channel=channel)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_RESULTS)
    async def results(
        self,
        interaction: GuildInteraction,
        channel: PostingChannel | None = None,
        prompts: Literal["show", "hide"] | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Post finished songs in a channel of their own; show or hide prompts."""
        hides = {SHOW: False, HIDE: True, None: None}[prompts]
        await answer_command(
            interaction, RESULTS, RESULTS.change, none=none, channel=channel, hides_prompts=hides
        )

    @command()
    @app_commands.describe(**descriptions.SETTINGS_MODEL)
    async def model(self, interaction: GuildInteraction, model: str | None = None) -> None:
        """Set the model of members who choose none."""
        is_none = model == NONE
        await answer_command(interaction, MODEL, MODEL.change, none=is_none, model=None if is_none else model)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_APPROVAL)
    async def approval(
        self,
        interaction: GuildInteraction,
        mode: Literal["on", "off"] | None = None,
        channel: PostingChannel | None = None,
        ping: discord.Role | None = None,
        deciders: discord.Role | None = None,
        exempt: discord.Role | None = None,
        free: Free | None = None,
        saved: Literal["skip", "approve"] | None = None,
        none: ApprovalRoleOption | None = None,
    ) -> None:
        """Let moderators approve requests before the song is made; choose which ones, and who decides."""
        rules = ApprovalChange(
            ping=_id(ping),
            deciders=_id(deciders),
            exempt=_id(exempt),
            free=free,
            skips_saved={"skip": True, "approve": False, None: None}[saved],
            none=none,
        )
        await answer_command(
            interaction,
            APPROVAL,
            APPROVAL.change,
            none=mode == OFF,
            is_on=True if mode == ON else None,
            channel=channel,
            rules=rules if rules != ApprovalChange() else None,
        )

    @command()
    @app_commands.describe(**descriptions.SETTINGS_PLAYLISTS)
    async def playlists(
        self, interaction: GuildInteraction, only_saved: Literal["on", "off"] | None = None
    ) -> None:
        """Take requests from saved playlists only."""
        chosen = {ON: True, OFF: False, None: None}[only_saved]
        await answer_command(interaction, ONLY_SAVED, ONLY_SAVED.change, none=False, only_saved=chosen)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_NEWS)
    async def news(self, interaction: GuildInteraction, at_once: Literal["on", "off"] | None = None) -> None:
        """Tell members of bonuses and the like by direct message, or at their next command."""
        chosen = {ON: True, OFF: False, None: None}[at_once]
        await answer_command(interaction, NEWS, NEWS.change, none=False, at_once=chosen)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_WORDS)
    async def words(
        self,
        interaction: GuildInteraction,
        add: Words | None = None,
        remove: Words | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Forbid words in prompts."""
        await answer_command(interaction, WORDS, WORDS.change, none=none, add=add, remove=remove)

    @words.autocomplete("remove")
    @moderator_autocomplete
    async def _words(self, interaction: GuildInteraction, current: str) -> Choices:
        settings = (await interaction.services.guild_settings.effective(interaction.guild_id)).settings
        return matching(((word, word) for word in settings.words), current)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_LOG)
    async def log(
        self,
        interaction: GuildInteraction,
        channel: PostingChannel | None = None,
        digest: Literal["on", "off"] | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Post moderators' decisions in a channel."""
        wanted = {ON: True, OFF: False, None: None}[digest]
        await answer_command(interaction, LOG, LOG.change, none=none, channel=channel, digest=wanted)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_SHOWCASE)
    async def showcase(
        self,
        interaction: GuildInteraction,
        channel: PostingChannel | None = None,
        loves: LovesOption | None = None,
    ) -> None:
        """Forward songs that many members love to a channel, each once."""
        await answer_command(
            interaction, SHOWCASE, SHOWCASE.change, none=loves == 0, channel=channel, loves=loves or None
        )

    @showcase.autocomplete("loves")
    @moderator_autocomplete
    async def _loves(self, _: GuildInteraction, current: str) -> Choices:
        return matching([(NONE, NONE), *((str(number), number) for number in USUAL_LOVES)], current)

    @command()
    @app_commands.describe(**descriptions.SETTINGS_LIMITS)
    async def limits(
        self,
        interaction: GuildInteraction,
        active: Active | None = None,
        cooldown: Cooldown | None = None,
        waiting: Waiting | None = None,
        role: discord.Role | None = None,
        *,
        none: bool = False,
    ) -> None:
        """Limit members' requests at a time and the pause between two, and how many can wait here."""
        setting = LIMITS if role is None else ROLE_LIMITS
        await answer_command(
            interaction,
            setting,
            setting.change,
            none=none,
            role_id=_id(role),
            active=active,
            cooldown_s=cooldown,
            waiting=waiting,
        )


def _id(role: discord.Role | None) -> int | None:
    return role.id if role else None
