"""The buttons and selects of the panel of settings, and its form for other values; for moderators only."""

from dataclasses import dataclass

import discord
from discord.app_commands import AppCommandChannel, AppCommandThread

from bot.chat.delivery.welcome_message import SET_UP_ID
from bot.chat.interactions.components import SafeButton, SafeModal, SafeSelect
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import edit_source_message, run_or_defer
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.panel import DEFAULT_PLAYLIST, SETTINGS, WORDS
from bot.chat.panel.curation import ADD, WORDS_LIMIT
from bot.chat.panel.setting import MAX_DIGITS, OTHER, ROLE, Choice, Page, Setting, shown_settings
from bot.chat.panel.view import BY_KEY, DEFAULT, asking_message, open_panel, panel_at, panel_message
from bot.chat.text import labels
from bot.chat.text.errors import sentence
from bot.domain.errors import RefusalError
from bot.domain.moderator_errors import ChoiceError
from bot.domain.playlists import NAME_LIMIT
from bot.services.audit_log import Actor

KEYS = "|".join(BY_KEY)
ABOUT = rf"(?P<version>[0-9a-f]{{8}}):(?P<role>[0-9]{{0,{MAX_DIGITS}}})"


class PanelOpen(SafeButton, template=SET_UP_ID):
    """Button of a welcome that opens the panel."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Answer with the panel, for the moderator alone."""
        await open_panel(interaction)


class PanelPage(SafeButton, template=rf"panel-page:(?P<page>{'|'.join(Page)})"):
    """Button that leads to a page of the panel."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Show the page at its first setting."""
        interaction.require_moderator()
        await _show(interaction, SETTINGS[Page(self.match["page"])][0])


class PanelSetting(SafeSelect, template=rf"panel-setting:(?:{'|'.join(Page)})"):
    """Select of the setting that the controls change."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Show the controls of the setting."""
        interaction.require_moderator()
        if self.chosen not in BY_KEY:
            raise ChoiceError
        await _show(interaction, BY_KEY[str(self.chosen)])


class PanelChoice(SafeSelect, template=rf"panel:(?P<key>{KEYS}):(?P<part>[a-z]+):{ABOUT}"):
    """Select that changes a part of a setting."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Change it, ask first, or open the form for another value."""
        interaction.require_moderator()
        setting, chosen = BY_KEY[self.match["key"]], self.chosen
        role_id = int(self.match["role"] or 0) or None
        if self.match["part"] == ROLE:
            role = Choice(part=ROLE, chosen=str(chosen))
            await _show(interaction, setting, role_id=role.number)
            return
        if chosen == OTHER:
            part = ADD if setting is WORDS else self.match["part"]
            opened = OtherForm(interaction, setting, part, self.match["version"], role_id)
            await interaction.raw.response.send_modal(opened)
            return
        if not isinstance(chosen, AppCommandChannel | AppCommandThread | str):
            raise ChoiceError
        choice = Choice(part=self.match["part"], chosen=chosen, role_id=role_id)
        await _carry_out(interaction, setting, choice, version=self.match["version"])


class PanelReset(SafeButton, template=rf"panel-reset:(?P<key>{KEYS}):{ABOUT}"):
    """Button that puts a setting back to its default."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Put it back, or ask first."""
        interaction.require_moderator()
        setting, role_id = BY_KEY[self.match["key"]], int(self.match["role"] or 0) or None
        await _carry_out(interaction, setting, None, version=self.match["version"], role_id=role_id)


class PanelConfirmation(
    SafeButton,
    template=rf"panel-sure:(?P<key>{KEYS}):(?P<part>[a-z]+):(?P<value>[a-z0-9]*):{ABOUT}",
):
    """Button that carries out what the panel asked about."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Carry it out."""
        interaction.require_moderator()
        setting, part = BY_KEY[self.match["key"]], self.match["part"]
        choice = None if part == DEFAULT else Choice(part=part, chosen=self.match["value"])
        await _carry_out(interaction, setting, choice, version=self.match["version"], is_sure=True)


@dataclass(frozen=True, slots=True)
class Question:
    """What a form asks for."""

    title: str
    label: str
    limit: int
    """Characters of the answer."""
    style: discord.TextStyle = discord.TextStyle.short


A_NUMBER = Question(labels.NUMBER_TITLE, labels.NUMBER_TITLE, MAX_DIGITS)
QUESTIONS: dict[Setting, Question] = {
    WORDS: Question(labels.WORDS_TITLE, labels.WORDS_HINT, WORDS_LIMIT, discord.TextStyle.paragraph),
    DEFAULT_PLAYLIST: Question(labels.PLAYLIST_TITLE, labels.PLAYLIST_HINT, NAME_LIMIT),
}
"""What is asked for where it is no number."""


class OtherForm(SafeModal, title=labels.NUMBER_TITLE):
    """Form for what is not among the options of a select."""

    def __init__(
        self, interaction: GuildInteraction, setting: Setting, part: str, version: str, role_id: int | None
    ) -> None:
        super().__init__(interaction)
        self.setting, self.part, self.version, self.role_id = setting, part, version, role_id
        asked = QUESTIONS.get(setting, A_NUMBER)
        self.title = asked.title
        self.typed = discord.ui.TextInput[OtherForm](
            label=asked.label, style=asked.style, min_length=1, max_length=asked.limit
        )
        self.add_item(self.typed)

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Set it in the panel from which the form was opened."""
        interaction.require_moderator()
        choice = Choice(part=self.part, chosen=self.typed.value.strip(), role_id=self.role_id)
        await _carry_out(interaction, self.setting, choice, version=self.version)


async def _carry_out(
    interaction: GuildInteraction,
    setting: Setting,
    choice: Choice | None,
    *,
    version: str,
    role_id: int | None = None,
    is_sure: bool = False,
) -> None:
    """Change a setting, or ask first, and show the panel with what came of it."""
    role_id = choice.role_id if choice else role_id
    redrawn = _outcome(interaction, setting, choice, version=version, role_id=role_id, is_sure=is_sure)
    await redraw(interaction, await run_or_defer(interaction, redrawn, updates=True))


async def _outcome(
    interaction: GuildInteraction,
    setting: Setting,
    choice: Choice | None,
    *,
    version: str,
    role_id: int | None,
    is_sure: bool,
) -> RenderedMessage:
    by = interaction.require_moderator()
    actor = Actor(interaction_id=by.interaction_id, guild_id=by.guild_id, actor_id=by.actor_id, seen=version)
    try:
        before = await shown_settings(interaction, role_id)
        question = None if is_sure else setting.question(before, choice)
        if question is not None:
            return asking_message(before, setting, choice, question)
        if choice is None:
            note = await setting.reset(interaction, actor, role_id=role_id)
        else:
            note = await setting.choose(interaction, actor, choice)
    except RefusalError as error:
        note = sentence(error) or ""
    return panel_message(await shown_settings(interaction, role_id), setting, note=note)


async def _show(interaction: GuildInteraction, setting: Setting, role_id: int | None = None) -> None:
    panel = panel_at(interaction, setting, role_id)
    await redraw(interaction, await run_or_defer(interaction, panel, updates=True))


async def redraw(interaction: GuildInteraction, message: RenderedMessage) -> None:
    """Show the panel in place of what its message shows."""
    await edit_source_message(
        interaction, content=message.content, embeds=list(message.embeds), view=message.view
    )
