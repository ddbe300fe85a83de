"""Options that are parsed where they arrive: ids, periods, members and channels."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

import discord
from discord import AppCommandOptionType, ChannelType, app_commands
from discord.app_commands import Choice

from bot.chat.interactions.context import AnyInteraction, role_ids_of
from bot.chat.interactions.permissions import ChannelOption
from bot.domain.errors import RequestNotFoundError
from bot.domain.guild_settings import ApprovalRole
from bot.domain.moderator_errors import GuildIdError
from bot.domain.playlists import NAME_LIMIT, parse_name
from bot.domain.quotas import Period
from bot.domain.requests import MAX_ID
from bot.domain.song_options import (
    PlaylistName,
    parse_clip,
    parse_persona,
    parse_playlist,
    parse_playlist_or_name,
    parse_weight,
)
from bot.domain.songs import SongNotFoundError, TopPeriod
from bot.domain.suno_links import TEXT_LIMIT
from bot.services.moderation.members import TargetMember

TAKES_POSTS = (
    ChannelType.text,
    ChannelType.news,
    ChannelType.voice,
    ChannelType.stage_voice,
    ChannelType.public_thread,
    ChannelType.private_thread,
    ChannelType.news_thread,
)
"""Channels that take messages: a forum has posts, which are threads."""
ID_LIMIT = 20
"""Digits of an id."""
MIN_SNOWFLAKE = 10**14
"""Less than any id of Discord's."""
TYPED_LIMIT = 100
"""Characters of what is typed in place of an autocomplete choice."""


NONE = "none"
"""What is typed in an option to end what it sets."""


class ChannelOf(app_commands.Transformer):
    """A channel of certain types."""

    type = AppCommandOptionType.channel

    def __init__(self, *kinds: ChannelType) -> None:
        self._kinds = kinds

    @property
    def channel_types(self) -> list[ChannelType]:
        """Return the types of channels that can be chosen."""
        return list(self._kinds)

    async def transform(self, _: AnyInteraction, value: ChannelOption, /) -> ChannelOption:
        """Return the channel if its type can be chosen.

        Raises:
            app_commands.TransformerError: it cannot; a modified Discord client may send anything.
        """
        if value.type not in self._kinds:
            raise app_commands.TransformerError(value, self.type, self)
        return value


class Target(app_commands.Transformer):
    """The member whom a decision is about, without roles if they have left the server."""

    type = AppCommandOptionType.user

    async def transform(self, _: AnyInteraction, value: discord.User | discord.Member, /) -> TargetMember:
        """Return the member."""
        return TargetMember(user_id=value.id, role_ids=role_ids_of(value), is_bot=value.bot)


class OneOf(app_commands.Transformer):
    """One of an enumeration's values, which Discord offers as choices."""

    choices: list[Choice[str | int | float]] | None = None

    def __init__(self, values: type[StrEnum]) -> None:
        self._values = values
        self.choices = [Choice(name=str(value), value=str(value)) for value in values]

    async def transform(self, _: AnyInteraction, value: str, /) -> StrEnum:
        """Return the value."""
        return self._values(value)


class Weight(app_commands.Transformer):
    """A weight from 0 to 1; an error about it names its option."""

    type = AppCommandOptionType.number
    min_value = 0.0
    max_value = 1.0

    def __init__(self, option: str) -> None:
        self._option = option

    async def transform(self, _: AnyInteraction, value: float, /) -> float:
        """Return the weight.

        Raises:
            WeightError: it is not between 0 and 1; a modified Discord client may send anything.
        """
        return parse_weight(self._option, value)


class Parsed(app_commands.Transformer):
    """Text of at least one and at most `limit` characters, parsed by a function of its own."""

    min_value = 1
    max_value = TYPED_LIMIT

    def __init__(self, parse: Callable[[str], object], *, limit: int = TYPED_LIMIT) -> None:
        self._parse = parse
        self.max_value = limit

    async def transform(self, _: AnyInteraction, value: str, /) -> object:
        """Return what the function makes of the text."""
        return self._parse(value)


def parse_request_id(text: str) -> int:
    """Parse a request's id from an autocomplete choice, or from what was typed instead.

    Raises:
        RequestNotFoundError: the text cannot be an id.
    """
    if not _is_id(text):
        raise RequestNotFoundError
    return int(text)


def parse_song_id(text: str) -> int:
    """Parse a song's id, which is that of its request.

    Raises:
        SongNotFoundError: the text cannot be an id.
    """
    if not _is_id(text):
        raise SongNotFoundError
    return int(text)


def parse_loves(text: str) -> int:
    """Parse a number of loves; 0 for `none`.

    Raises:
        ValueError: the text is neither.
    """
    return 0 if text.strip().lower() == NONE else int(text)


def parse_cap(text: str) -> int | str:
    """Parse a cap in credits, or `none`.

    Raises:
        ValueError: the text is neither.
    """
    text = text.strip().lower()
    return NONE if text == NONE else int(text.replace(",", ""))


def parse_guild_id(text: str) -> int:
    """Parse a server's id.

    Raises:
        GuildIdError: the text cannot be one.
    """
    text = text.strip()
    if not _is_id(text) or not MIN_SNOWFLAKE <= int(text) <= MAX_ID:
        raise GuildIdError
    return int(text)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= ID_LIMIT


PlaylistOption: TypeAlias = app_commands.Transform[str, Parsed(parse_playlist, limit=TEXT_LIMIT)]
PlaylistOrName: TypeAlias = app_commands.Transform[
    str | PlaylistName, Parsed(parse_playlist_or_name, limit=TEXT_LIMIT)
]
NewName: TypeAlias = app_commands.Transform[str, Parsed(parse_name, limit=NAME_LIMIT)]
ClipOption: TypeAlias = app_commands.Transform[str, Parsed(parse_clip, limit=TEXT_LIMIT)]
PersonaOption: TypeAlias = app_commands.Transform[str, Parsed(parse_persona, limit=TEXT_LIMIT)]
RequestId: TypeAlias = app_commands.Transform[int, Parsed(parse_request_id)]
LovesOption: TypeAlias = app_commands.Transform[int, Parsed(parse_loves)]
SongId: TypeAlias = app_commands.Transform[int, Parsed(parse_song_id)]
CapOption: TypeAlias = app_commands.Transform[int | str, Parsed(parse_cap)]
GuildId: TypeAlias = app_commands.Transform[int, Parsed(parse_guild_id)]
TargetOption: TypeAlias = app_commands.Transform[TargetMember, Target]
PeriodOption: TypeAlias = app_commands.Transform[Period, OneOf(Period)]
TopPeriodOption: TypeAlias = app_commands.Transform[TopPeriod, OneOf(TopPeriod)]
ApprovalRoleOption: TypeAlias = app_commands.Transform[ApprovalRole, OneOf(ApprovalRole)]
PostingChannel: TypeAlias = app_commands.Transform[ChannelOption, ChannelOf(*TAKES_POSTS)]
RequestChannel: TypeAlias = app_commands.Transform[ChannelOption, ChannelOf(*TAKES_POSTS, ChannelType.forum)]
