"""Buttons, forms and autocompletes whose errors are answered; discord.py would only log them."""

import asyncio
import functools
import logging
import re
import secrets
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import discord
from discord import app_commands

from bot.chat.interactions.draining import refusal_of
from bot.chat.interactions.permissions import is_moderator
from bot.chat.interactions.respond import respond_with_error
from bot.domain.moderator_errors import OldFormError

if TYPE_CHECKING:
    from bot.chat.client import InspireClient

log = logging.getLogger(__name__)

FORM = "form:"
"""Prefix of all forms' ids."""
FORM_S = 3600.0
"""Seconds for which an open form can be submitted."""
CHOICES_S = 2.0
"""Timeout of suggestions in seconds; Discord waits for 3."""
TAKEN = "taken"
"""Key in `extras` that marks an interaction which a form of this process answers."""
Owner = TypeVar("Owner")
ClientT = TypeVar("ClientT", bound=discord.Client)
Button: TypeAlias = discord.ui.Button[discord.ui.View]
Choices: TypeAlias = list[app_commands.Choice[str]]


class SafeButton(discord.ui.DynamicItem[Button], template=r"(?!)"):
    """A button whose state is in its id, and whose every press gets an answer.

    The template here matches nothing: a subclass names its own, and defines `from_match` and `pressed`.
    """

    @classmethod
    @abstractmethod
    def from_match(cls, match: re.Match[str]) -> "SafeButton":
        """Create the button from the match of its template with a custom id."""
        ...

    @abstractmethod
    async def pressed(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Handle a press and answer the interaction."""
        ...

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[ClientT],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[discord.ui.View],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> "SafeButton":
        """Create the button that was pressed."""
        return cls.from_match(match)

    async def callback(self, interaction: discord.Interaction[ClientT]) -> None:
        """Run `pressed` and answer whatever it raises."""
        try:
            if refusal := refusal_of(interaction):
                raise refusal
            await self.pressed(interaction)
        except Exception as error:  # noqa: BLE001 - an edge: each interaction gets its answer
            await respond_with_error(interaction, error)


class SafeModal(discord.ui.Modal):
    """A form whose errors are answered; its id begins with `FORM`, so that an old one is recognized."""

    def __init__(self) -> None:
        super().__init__(custom_id=f"{FORM}{secrets.token_hex(8)}", timeout=FORM_S)

    async def interaction_check(self, interaction: discord.Interaction[ClientT], /) -> bool:
        """Accept the form, or refuse it outside a server or during shutdown.

        Raises:
            RefusalError: the form is not accepted.
        """
        interaction.extras[TAKEN] = True
        if refusal := refusal_of(interaction):
            raise refusal
        return True

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


Autocomplete: TypeAlias = Callable[
    [Owner, "discord.Interaction[InspireClient]", str], Coroutine[object, object, Choices]
]


def safe_autocomplete(callback: "Autocomplete[Owner]") -> "Autocomplete[Owner]":
    """Wrap a cog's autocomplete: an error or a timeout gives an empty list and a log line."""

    @functools.wraps(callback)
    async def choices(
        owner: Owner, interaction: "discord.Interaction[InspireClient]", current: str, /
    ) -> Choices:
        try:
            async with asyncio.timeout(CHOICES_S):
                return await callback(owner, interaction, current)
        except TimeoutError:
            log.warning("Suggestions came too late", extra={"interaction": interaction.id})
            return []
        # an edge: a list without choices, rather than one that never comes
        except Exception:
            log.exception("An autocomplete failed", extra={"interaction": interaction.id})
            return []

    return choices


def moderator_autocomplete(callback: "Autocomplete[Owner]") -> "Autocomplete[Owner]":
    """Wrap an autocomplete as `safe_autocomplete` does, and offer nothing to members who are not moderators.

    discord.py does not run a command's checks before its autocomplete.
    """

    @functools.wraps(callback)
    async def choices(
        owner: Owner, interaction: "discord.Interaction[InspireClient]", current: str, /
    ) -> Choices:
        return await callback(owner, interaction, current) if is_moderator(interaction) else []

    return safe_autocomplete(choices)
