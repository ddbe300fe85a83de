"""What a setting of the panel is: its words, its controls, and how it is changed."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, TypeAlias

from discord import ChannelType
from discord.app_commands import AppCommandChannel, AppCommandThread

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.permissions import is_gone
from bot.chat.interactions.transformers import TAKES_POSTS
from bot.chat.messages.settings import ShownSettings
from bot.chat.text.panel import CHOOSE_ROLE, back_to_default
from bot.domain.audit import Action, AuditFacts
from bot.domain.moderator_errors import ChoiceError
from bot.domain.server_settings import facts_of, with_default
from bot.services.audit_log import Actor

Chosen: TypeAlias = AppCommandChannel | AppCommandThread | str
"""A channel, or the text of a value, or the ids of roles with blanks between them."""
MAX_DIGITS = 20
ROLE = "role"
"""The part of a setting that only chooses which role the others are about."""
OTHER = "other://"
"""The value that opens a form for any other value; no forbidden word or saved playlist can be called so."""


class Page(StrEnum):
    """A page of the panel."""

    WHERE = "where"
    CREDITS = "credits"
    SONGS = "songs"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelControl:
    """A select of channels."""

    part: str
    """The part of the setting that it changes."""
    placeholder: str
    kinds: tuple[ChannelType, ...] = TAKES_POSTS
    chosen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleControl:
    """A select of one role, or of none up to `most`."""

    part: str
    placeholder: str
    chosen: Sequence[int] = ()
    least: int = 0
    most: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueControl:
    """A select of named values, at most 25; with `other`, also of what is typed."""

    part: str
    placeholder: str
    options: Sequence[tuple[str, str]]
    """Names and values."""
    chosen: str | None = None
    other: str | None = None
    """The name of the option that opens a form for another value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen in a control."""

    part: str
    chosen: Chosen
    role_id: int | None = None
    """The role that was chosen before, if the setting is about one."""

    @property
    def role_ids(self) -> tuple[int, ...]:
        """Return the ids of the roles that were chosen.

        Raises:
            RefusalError: they are none; a modified Discord client may choose anything.
        """
        return tuple(replace(self, chosen=role_id).number for role_id in str(self.chosen).split())

    @property
    def number(self) -> int:
        """Return the number that was chosen.

        Raises:
            RefusalError: it is none; a modified Discord client may choose anything.
        """
        words = str(self.chosen)
        if not (words.isascii() and words.isdigit() and len(words) <= MAX_DIGITS):
            raise ChoiceError
        return int(words)


def which_role(shown: ShownSettings) -> RoleControl:
    """Return the control that chooses the role which the other controls are about."""
    chosen = [] if shown.role_id is None else [shown.role_id]
    return RoleControl(part=ROLE, placeholder=CHOOSE_ROLE, chosen=chosen, least=1)


Control: TypeAlias = ChannelControl | RoleControl | ValueControl


class Setting(ABC):
    """One setting; a change goes through the service that its command uses, too."""

    action: ClassVar[Action]
    """The kind of its audit entries."""
    name: ClassVar[str]

    @property
    def key(self) -> str:
        """Return what it is found by: another text than the action where several settings have that one."""
        return self.action

    @abstractmethod
    def value(self, shown: ShownSettings) -> str:
        """Say what is in force."""
        ...

    @abstractmethod
    def controls(self, shown: ShownSettings) -> Sequence[Control]:
        """Return what changes it: at most three selects."""
        ...

    @abstractmethod
    async def choose(self, interaction: GuildInteraction, actor: Actor, choice: Choice) -> str:
        """Change one part of it; return what was done.

        Raises:
            RefusalError: it cannot be that; nothing was changed.
        """
        ...

    async def reset(self, interaction: GuildInteraction, actor: Actor, *, role_id: int | None = None) -> str:  # noqa: ARG002 - for settings of roles
        """Put it back to its default; return what was done."""
        await interaction.services.guild_settings.reset(actor, self.action)
        return back_to_default(self.name, self.value(await shown_settings(interaction)))

    async def state(self, interaction: GuildInteraction, *, role_id: int | None = None) -> str:  # noqa: ARG002 - for those that have one
        """Return what is said about it beside the panel, for example how much is left."""
        return ""

    def facts(self, shown: ShownSettings) -> AuditFacts:
        """Return its values as the audit log has them."""
        return facts_of(self.action, shown.settings, shown.in_force.usual)

    def is_default(self, shown: ShownSettings) -> bool:
        """Tell whether it has its default."""
        return with_default(self.action, shown.settings) == shown.settings

    def question(self, shown: ShownSettings, choice: Choice | None) -> str | None:  # noqa: ARG002 - for those that ask
        """Return what has to be confirmed before the choice is carried out; None: the default."""
        return None


async def shown_settings(interaction: GuildInteraction, role_id: int | None = None) -> ShownSettings:
    """Return the settings as they are now."""
    services, guild_id = interaction.services, interaction.guild_id
    in_force = await services.guild_settings.effective(guild_id)
    return ShownSettings(
        in_force=in_force,
        models=services.guild_settings.models,
        playlists=await services.playlists.names(guild_id),
        cost=services.quotas.cost,
        gone=frozenset([one for one in in_force.settings.channel_ids if await is_gone(interaction, one)]),
        role_id=role_id,
    )
