"""Guards for the places where discord.py lets an error end in a log line, so that a member gets an answer."""

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
from bot.chat.interactions.error_responses import respond_with_error
from bot.chat.interactions.permissions import is_moderator
from bot.domain.moderator_errors import OldFormError

if TYPE_CHECKING:
    from bot.chat.connection.client import InspireClient

log = logging.getLogger(__name__)

FORM = "form:"
"""What the ids of all forms begin with."""
FORM_S = 3600.0
"""Seconds for which a form that was opened is waited for."""
CHOICES_S = 2.0
"""Seconds in which suggestions have to be there; Discord waits for 3."""
TAKEN = "taken"
"""Marks an interaction that a form of this process answers: of other forms discord.py knows nothing."""
Owner = TypeVar("Owner")
ClientT = TypeVar("ClientT", bound=discord.Client)
Button: TypeAlias = discord.ui.Button[discord.ui.View]
Choices: TypeAlias = list[app_commands.Choice[str]]


class SafeButton(discord.ui.DynamicItem[Button], template=r"(?!)"):
    """A button whose state is its id, and whose every press gets an answer.

    The template here matches nothing: a subclass names its own, and defines `from_match` and `pressed`.
    """

    @classmethod
    @abstractmethod
    def from_match(cls, match: re.Match[str]) -> "SafeButton":
        """The button that an id of the template describes."""
        ...

    @abstractmethod
    async def pressed(self, interaction: discord.Interaction[discord.Client]) -> None:
        """What a press does; it answers the interaction."""
        ...

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[ClientT],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[discord.ui.View],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> "SafeButton":
        """The button that was pressed."""
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
    """A form whose errors are answered; `FORM` marks its id, so that one nobody waits for is known."""

    def __init__(self) -> None:
        super().__init__(custom_id=f"{FORM}{secrets.token_hex(8)}", timeout=FORM_S)

    async def interaction_check(self, interaction: discord.Interaction[ClientT], /) -> bool:
        """Refuse what comes from no server, or while the process stops; what was sent before is in hand."""
        interaction.extras[TAKEN] = True
        if refusal := refusal_of(interaction):
            raise refusal
        return True

    async def on_error(
        self, interaction: discord.Interaction[ClientT], error: Exception, /, *_: object
    ) -> None:
        """Answer the error; Discord closes the form, so it is not waited for any more."""
        interaction.extras[TAKEN] = True  # discord.py may have failed to read what was filled in
        self.stop()
        await respond_with_error(interaction, error)


async def answer_old_form(interaction: discord.Interaction[ClientT]) -> None:
    """Tell who filled in a form that this process does not wait for to open it again.

    discord.py has begun the form's own answer before it dispatches the event that leads here.
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
    """Wrap a cog's autocomplete: an error or a slow database gives an empty list, and a log line."""

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
    """Wrap an autocomplete as `guarded_choices` does; who is no moderator is offered nothing.

    discord.py asks no check of a command before its suggestions.
    """

    @functools.wraps(callback)
    async def choices(
        owner: Owner, interaction: "discord.Interaction[InspireClient]", current: str, /
    ) -> Choices:
        return await callback(owner, interaction, current) if is_moderator(interaction) else []

    return safe_autocomplete(choices)
