"""The form of the panel that sets several things up at once, for moderators of a new server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeAlias

import discord

from bot.chat.buttons.panel import redraw
from bot.chat.interactions.components import SafeButton, SafeModal
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import run_or_defer
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.messages.settings import ShownSettings
from bot.chat.panel import APPROVAL, BUDGET, REQUESTS, ROLES, WORDS
from bot.chat.panel.curation import WORDS_LIMIT
from bot.chat.panel.setting import MAX_DIGITS, Choice, Setting, shown_settings
from bot.chat.panel.view import SET_UP_FORM_ID, panel_message
from bot.chat.text import labels, panel
from bot.chat.text.errors import sentence
from bot.chat.text.formatting import CONTENT_LIMIT
from bot.domain.errors import RefusalError
from bot.domain.song_form import FormUnavailableError
from bot.services.audit_log import Actor

MAX_ROLES = 10
"""Roles that get the same allowance at once."""
Part: TypeAlias = tuple[Setting, Callable[[Actor], Awaitable[str]]]
"""A setting, and what changes it."""


class SetUpButton(SafeButton, template=SET_UP_FORM_ID):
    """Button of the panel that opens the form."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Open the form, with what is set now in it.

        Raises:
            FormUnavailableError: it could not be filled in time; a form has to be the first answer.
        """
        interaction.require_moderator()
        try:
            async with asyncio.timeout(interaction.timings.choices_s):
                shown = await shown_settings(interaction)
        except TimeoutError as error:
            raise FormUnavailableError from error
        await interaction.raw.response.send_modal(SetUpForm(interaction, shown))


class SetUpForm(SafeModal, title=labels.SET_UP_TITLE):
    """Form of what most servers settle first; a field that is left as it is changes nothing."""

    def __init__(self, interaction: GuildInteraction, shown: ShownSettings) -> None:
        super().__init__(interaction)
        self.shown = shown
        known = shown.settings.requests_channel_id
        self.channel = discord.ui.ChannelSelect[SetUpForm](
            channel_types=list(REQUESTS.kinds),
            min_values=0,
            required=False,
            default_values=[] if known is None or known in shown.gone else [discord.Object(known)],
        )
        self.roles = discord.ui.RoleSelect[SetUpForm](min_values=0, max_values=MAX_ROLES, required=False)
        self.amount = _typed(panel.SET_UP_AMOUNT_EXAMPLE)
        self.budget = _typed(panel.SET_UP_BUDGET_EXAMPLE, _budget(shown))
        self.words = _typed(panel.SET_UP_WORDS_EXAMPLE, limit=WORDS_LIMIT, style=discord.TextStyle.paragraph)
        for text, hint, field in (
            (panel.SET_UP_CHANNEL, panel.SET_UP_CHANNEL_HINT, self.channel),
            (panel.SET_UP_ROLES, panel.SET_UP_ROLES_HINT, self.roles),
            (panel.SET_UP_AMOUNT, panel.songs_cost(shown.cost), self.amount),
            (panel.SET_UP_BUDGET, panel.SET_UP_BUDGET_HINT, self.budget),
            (panel.SET_UP_WORDS, labels.WORDS_HINT, self.words),
        ):
            self.add_item(discord.ui.Label[SetUpForm](text=text, description=hint, component=field))

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Change what was filled in, and show the panel at what comes next: approval."""
        actor = interaction.require_moderator()
        done = carry_out(interaction, actor, list(self._parts(interaction)))
        await redraw(interaction, await run_or_defer(interaction, done, updates=True))

    def _parts(self, interaction: GuildInteraction) -> Iterator[Part]:
        """Yield the settings that the form changes."""
        channels, amount = self.channel.values, self.amount.value.strip()
        if channels and channels[0].id != self.shown.settings.requests_channel_id:
            yield REQUESTS, lambda actor: REQUESTS.change(interaction, actor, channels[0])
        if bool(amount) != bool(self.roles.values):
            yield ROLES, _roles_and_amount
        elif amount:
            yield from ((ROLES, _of_role(interaction, role.id, amount)) for role in self.roles.values)
        if (budget := self.budget.value.strip()) and budget != _budget(self.shown):
            yield BUDGET, _of_budget(interaction, budget)
        if words := self.words.value.strip():
            yield WORDS, lambda actor: WORDS.change(interaction, actor, add=words)


async def carry_out(interaction: GuildInteraction, actor: Actor, parts: Sequence[Part]) -> RenderedMessage:
    """Change the settings one by one, and return the panel with what came of each."""
    notes = []
    for number, (setting, change) in enumerate(parts):
        try:
            notes.append(await change(actor.of_part(number)))
        except RefusalError as error:
            notes.append(f"**{setting.name}**: {sentence(error)}")
    note = "\n".join(notes) or panel.NOTHING_FILLED_IN
    return panel_message(await shown_settings(interaction), APPROVAL, note=note[:CONTENT_LIMIT])


def _of_role(interaction: GuildInteraction, role_id: int, amount: str) -> Callable[[Actor], Awaitable[str]]:
    async def change(actor: Actor) -> str:
        return await ROLES.change(interaction, actor, role_id=role_id, amount=_number(amount))

    return change


def _of_budget(interaction: GuildInteraction, amount: str) -> Callable[[Actor], Awaitable[str]]:
    async def change(actor: Actor) -> str:
        return await BUDGET.change(interaction, actor, amount=_number(amount))

    return change


async def _roles_and_amount(_: Actor) -> str:
    return panel.SET_UP_ROLES_AND_AMOUNT


def _number(typed: str) -> int:
    """Return the number that was typed, perhaps with a comma for the thousands.

    Raises:
        ChoiceError: it is none.
    """
    return Choice(part="", chosen=typed.replace(",", "")).number


def _budget(shown: ShownSettings) -> str:
    budget = shown.settings.budget
    return str(budget.credits) if budget else ""


def _typed(
    example: str,
    value: str = "",
    *,
    limit: int = MAX_DIGITS,
    style: discord.TextStyle = discord.TextStyle.short,
) -> discord.ui.TextInput[SetUpForm]:
    return discord.ui.TextInput(
        style=style, placeholder=example, default=value or None, required=False, max_length=limit
    )
