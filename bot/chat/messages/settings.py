"""A server's settings as they are shown in its panel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import discord

from bot.chat.messages import colours
from bot.chat.text import panel
from bot.chat.text.formatting import FIELD_LIMIT, counted, moment, reason_text
from bot.domain.guild_settings import GuildSettings
from bot.domain.quotas import Policy
from bot.services.moderation.guild_settings import EffectiveSettings

CHOSEN = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}"
"""The mark of the setting that the controls change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSettings:
    """All that the panel shows."""

    in_force: EffectiveSettings
    models: Sequence[str]
    """The models that members can choose."""
    playlists: Sequence[str]
    """The names of the saved playlists."""
    cost: int
    """Credits of a song."""
    gone: frozenset[int] = frozenset()
    """Ids of deleted channels: Discord cannot render a mention of them."""
    role_id: int | None = None
    """The role that was chosen to change its allowance or limits."""

    @property
    def settings(self) -> GuildSettings:
        """Return the settings of the server."""
        return self.in_force.settings

    @property
    def policy(self) -> Policy:
        """Return the limits of a member without settings of their own."""
        return self.in_force.policy


def settings_message(
    shown: ShownSettings, lines: Sequence[tuple[str, str, bool]], *, page: str
) -> discord.Embed:
    """Build a page of settings from their names and values, and which one the controls change."""
    embed = discord.Embed(title=f"{panel.TITLE} · {page}", colour=colours.MODERATION)
    embed.description = "\n".join(_hold_ups(shown.settings))
    for name, value, is_chosen in lines:
        words = value[:1].upper() + value[1:]
        embed.add_field(name=f"{CHOSEN} {name}" if is_chosen else name, value=words, inline=False)
    return embed


def _hold_ups(settings: GuildSettings) -> Iterator[str]:
    if settings.paused is not None:
        until = f" until {moment(settings.paused_until)}" if settings.paused_until else ""
        yield f"**Paused{until}.** {reason_text(settings.paused)}"
    if settings.closed is not None:
        yield f"**No more requests are taken.** {reason_text(settings.closed)}"


def place(channel_id: int | None, otherwise: str, gone: frozenset[int]) -> str:
    """Say in which channel something happens, or `otherwise`."""
    if channel_id in gone:
        return panel.DELETED
    return f"in <#{channel_id}>" if channel_id else otherwise


def results_text(shown: ShownSettings) -> str:
    """Say where results are posted, and whether they show prompts."""
    where = place(shown.settings.results_channel_id, panel.AT_REQUEST, shown.gone)
    return f"{where}, {panel.WITHOUT_PROMPTS if shown.settings.prompts_hidden else panel.WITH_PROMPTS}"


def showcase_text(settings: GuildSettings, gone: frozenset[int]) -> str:
    """Say where loved songs are forwarded, and from how many loves on."""
    where = place(settings.showcase_channel_id, panel.NO_SHOWCASE, gone)
    is_used = settings.showcase_channel_id not in gone | {None}
    return f"{where}, from {counted(settings.showcase_loves, 'love')} on" if is_used else where


def roles_text(settings: GuildSettings) -> str:
    """List the roles with an allowance, the largest first; those that do not fit are counted."""
    ranked = sorted(settings.roles.items(), key=lambda role: (-role[1], role[0]))
    lines = [f"<@&{role}> {credits_:,}" for role, credits_ in ranked]
    return lines_that_fit(lines) or panel.NO_ROLES


def lines_that_fit(lines: Sequence[str]) -> str:
    """Join the lines that fit into a field; those that do not fit are counted."""
    taken = list(_fitting(lines))
    if len(taken) < len(lines):
        taken.append(f"and {len(lines) - len(taken):,} more")
    return "\n".join(taken)


def words_text(settings: GuildSettings, *, limit: int = FIELD_LIMIT) -> str:
    """List the forbidden words; those that do not fit are counted."""
    words = [f"`{word}`" for word in settings.words]
    taken = list(_fitting(words, limit))
    if len(taken) < len(words):
        taken.append(f"and {len(words) - len(taken):,} more")
    return " ".join(taken) or panel.NO_WORDS


def _fitting(lines: Sequence[str], limit: int = FIELD_LIMIT) -> Iterator[str]:
    """Yield as many lines as fit into a field together with the count of the others."""
    left = limit - len("and 1,000 more")
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return
        yield line
