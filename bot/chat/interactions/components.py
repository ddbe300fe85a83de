"""Commands, buttons, forms and autocompletes of a server, whose errors are answered."""

import asyncio
import functools
import itertools
import logging
import re
import secrets
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Concatenate, ParamSpec, Self, TypeAlias, TypeVar

import discord
from discord import app_commands
from discord.ext import commands
from discord.ui.select import BaseSelect

from bot.chat.interactions.context import AnyInteraction, GuildInteraction, accept
from bot.chat.interactions.news import tell_news
from bot.chat.interactions.respond import respond_with_error
from bot.domain.moderator_errors import ChoiceError, OldFormError

log = logging.getLogger(__name__)

FORM = "form:"
"""Prefix of all forms' ids."""
MAX_CHOICES = 25
"""How many suggestions Discord shows."""
TAKEN = "taken"
"""Key in `extras` that marks an interaction which a form of this process answers."""
P = ParamSpec("P")
CogT = TypeVar("CogT", bound=commands.Cog)
ClientT = TypeVar("ClientT", bound=discord.Client)
Button: TypeAlias = discord.ui.Button[discord.ui.View]
Select: TypeAlias = BaseSelect[discord.ui.View]
ItemT = TypeVar("ItemT", bound=discord.ui.Item[discord.ui.View])
Choices: TypeAlias = list[app_commands.Choice[str]]
Handler: TypeAlias = Callable[Concatenate[CogT, GuildInteraction, P], Coroutine[object, object, None]]
Suggest: TypeAlias = Callable[[CogT, GuildInteraction, str], Coroutine[object, object, Choices]]
Autocomplete: TypeAlias = Callable[[CogT, AnyInteraction, str], Coroutine[object, object, Choices]]


def command(
    name: str | None = None,
) -> Callable[[Handler[CogT, P]], app_commands.Command[CogT, P, None]]:
    """Make a cog's method a slash command, called like the method or by `name`."""

    def decorate(handler: Handler[CogT, P]) -> app_commands.Command[CogT, P, None]:
        async def callback(
            cog: CogT, interaction: AnyInteraction, /, *args: P.args, **kwargs: P.kwargs
        ) -> None:
            accepted = accept(interaction)
            await handler(cog, accepted, *args, **kwargs)
            if accepted.raw.response.is_done():
                await tell_news(accepted)

        functools.update_wrapper(callback, handler)  # discord.py reads options and descriptions from it
        return app_commands.command(name=name or discord.utils.MISSING)(callback)

    return decorate


def safe_autocomplete(suggest: Suggest[CogT]) -> Autocomplete[CogT]:
    """Wrap a cog's autocomplete: an error or a timeout gives an empty list and a log line."""

    @functools.wraps(suggest)
    async def choices(cog: CogT, interaction: AnyInteraction, current: str, /) -> Choices:
        try:
            accepted = accept(interaction)
            async with asyncio.timeout(accepted.timings.choices_s):
                return await suggest(cog, accepted, current)
        except TimeoutError:
            log.warning("Suggestions came too late", extra={"interaction": interaction.id})
            return []
        except Exception:  # an edge: it is logged, and the member gets a list without choices at once
            log.exception("An autocomplete failed", extra={"interaction": interaction.id})
            return []

    return choices


def moderator_autocomplete(suggest: Suggest[CogT]) -> Autocomplete[CogT]:
    """Wrap an autocomplete as `safe_autocomplete` does, and offer nothing to members who are not moderators.

    discord.py does not run a command's checks before its autocomplete.
    """

    @functools.wraps(suggest)
    async def choices(cog: CogT, interaction: GuildInteraction, current: str) -> Choices:
        return await suggest(cog, interaction, current) if interaction.is_moderator else []

    return safe_autocomplete(choices)


def matching(named: Iterable[tuple[str, object]], typed: str = "") -> Choices:
    """Return the first choices whose name contains what was typed, as many as Discord shows."""
    wanted = typed.strip().lower()
    found = (
        app_commands.Choice(name=name, value=str(value)) for name, value in named if wanted in name.lower()
    )
    return list(itertools.islice(found, MAX_CHOICES))


class SafeItem(discord.ui.DynamicItem[ItemT], template=r"(?!)"):
    """A used button or select, whose every use gets an answer; what it is about is in its custom id.

    The template here matches nothing: a subclass names its own, and defines `pressed`.
    """

    def __init__(self, item: ItemT, match: re.Match[str]) -> None:
        super().__init__(item)
        self.match = match

    @abstractmethod
    async def pressed(self, interaction: GuildInteraction) -> None:
        """Handle the use and answer the interaction."""
        ...

    async def callback(self, interaction: discord.Interaction[ClientT]) -> None:
        """Run `pressed` and answer whatever it raises."""
        try:
            await self.pressed(accept(interaction))
        except Exception as error:  # noqa: BLE001 - an edge: each interaction gets its answer
            await respond_with_error(interaction, error)


class SafeButton(SafeItem[Button], template=r"(?!)"):
    """A pressed button."""

    @property
    def request_id(self) -> int:
        """Return the id of the request that the button belongs to."""
        return int(self.match["request_id"])

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[ClientT],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
        /,
    ) -> Self:
        """Create the button that was pressed."""
        if not isinstance(item, discord.ui.Button):
            raise TypeError(f"{item.type} is not a button")
        return cls(item, match)


class SafeSelect(SafeItem[Select], template=r"(?!)"):
    """A select in which something was chosen."""

    @property
    def chosen(self) -> object:
        """Return what was chosen: a text, a channel, or the ids of roles with blanks between them.

        Raises:
            ChoiceError: nothing was chosen where that is no choice; a modified Discord client may do that.
        """
        if isinstance(self.item, discord.ui.RoleSelect):
            return " ".join(str(role.id) for role in self.item.values)
        chosen = self.item.values
        if not chosen:
            raise ChoiceError
        return chosen[0]

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[ClientT],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[discord.ui.View],
        match: re.Match[str],
        /,
    ) -> Self:
        """Create the select that was used."""
        if not isinstance(item, BaseSelect):
            raise TypeError(f"{item.type} is not a select")
        return cls(item, match)


class SafeModal(discord.ui.Modal):
    """A form whose errors are answered; its id begins with `FORM`, so that an old one is recognized."""

    def __init__(self, interaction: GuildInteraction) -> None:
        super().__init__(custom_id=f"{FORM}{secrets.token_hex(8)}", timeout=interaction.timings.form_s)

    @abstractmethod
    async def submitted(self, interaction: GuildInteraction) -> None:
        """Handle what was filled in, and answer the interaction."""
        ...

    async def interaction_check(self, interaction: discord.Interaction[ClientT], /) -> bool:
        """Accept the form, or refuse it outside a server or during shutdown.

        Raises:
            RefusalError: the form is not accepted.
        """
        interaction.extras[TAKEN] = True
        accept(interaction)
        return True

    async def on_submit(self, interaction: discord.Interaction[ClientT], /) -> None:
        """Handle what was filled in."""
        await self.submitted(accept(interaction))

    async def on_error(
        self, interaction: discord.Interaction[ClientT], error: Exception, /, *_: object
    ) -> None:
        """Answer the error and stop the form, which Discord has closed."""
        interaction.extras[TAKEN] = True  # discord.py may have failed to read what was filled in
        self.stop()
        await respond_with_error(interaction, error)


async def answer_old_form(interaction: discord.Interaction[ClientT]) -> None:
    """Ask a member to open a form again if no form of this process answers it.

    discord.py starts the form's own handler before it dispatches the event that leads here.
    """
    data: Mapping[str, object] = interaction.data or {}
    custom_id = str(data.get("custom_id", ""))
    is_form = interaction.type is discord.InteractionType.modal_submit and custom_id.startswith(FORM)
    if is_form and TAKEN not in interaction.extras:
        await respond_with_error(interaction, OldFormError())
