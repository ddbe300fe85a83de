"""The `/settings show` message: a server's settings as an embed."""

from collections.abc import Iterator

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import FIELD_LIMIT, counted, in_credits, quoted, reason_text
from bot.chat.text.quotas import limits_of
from bot.domain.guild_settings import GuildSettings
from bot.domain.models import model_name
from bot.services.moderation.guild_settings import EffectiveSettings

ROLE_FIELDS = 4
"""Fields for roles, some 28 in each: the other settings still fit into the embed."""


def settings_message(rules: EffectiveSettings, *, gone: frozenset[int] = frozenset()) -> discord.Embed:
    """Build the list of a server's settings; roles that do not fit are counted.

    Channels in `gone` are shown as deleted, because Discord cannot render a mention of them.
    """
    settings, policy = rules.settings, rules.policy
    embed = discord.Embed(title="Songs in this server", colour=colours.MODERATION)
    if settings.paused is not None:
        embed.description = f"**Paused.** {reason_text(settings.paused)}"
    embed.add_field(name="Requests in", value=_place(settings.requests_channel_id, "every channel", gone))
    embed.add_field(
        name="Results in", value=_place(settings.results_channel_id, "the channel of the request", gone)
    )
    embed.add_field(name="Prompts", value="hidden in the channel" if settings.prompts_hidden else "shown")
    embed.add_field(
        name="Approval in", value=_place(settings.approval_channel_id, "no approval needed", gone)
    )
    embed.add_field(name="Decisions in", value=_place(settings.log_channel_id, "no channel", gone))
    embed.add_field(name="Showcase", value=_showcase(settings, gone))
    embed.add_field(name="Default model", value=f"`{quoted(model_name(rules.model), limit=50)}`")
    default = settings.default_playlist
    embed.add_field(
        name="Default playlist",
        value=quoted(default, limit=FIELD_LIMIT) if default else "a random saved one",
    )
    embed.add_field(name="Limits", value=limits_of(policy))
    embed.add_field(name="Everyone", value=f"{in_credits(policy.allowance)} every {policy.period}")
    budget = settings.budget
    embed.add_field(
        name="Budget", value=f"{in_credits(budget.credits)} every {budget.period}" if budget else "none"
    )
    if (cap := rules.cap) is not None:
        limit = f"{in_credits(cap.credits)} every {cap.period}, {cap.left:,} left"
        embed.add_field(name="Bot owner's limit", value=limit)
    if settings.roles:
        ranked = sorted(settings.roles.items(), key=lambda role: (-role[1], role[0]))
        for number, value in enumerate(_pages([f"<@&{role}> {credits_:,}" for role, credits_ in ranked])):
            embed.add_field(name="Roles, continued" if number else "Roles", value=value, inline=False)
    return embed


def _showcase(settings: GuildSettings, gone: frozenset[int]) -> str:
    place = _place(settings.showcase_channel_id, "none", gone)
    is_used = settings.showcase_channel_id not in gone | {None}
    return f"{place}, from {counted(settings.showcase_loves, 'love')} on" if is_used else place


def _place(channel_id: int | None, otherwise: str, gone: frozenset[int]) -> str:
    if channel_id in gone:
        return "a deleted channel: choose another"
    return f"<#{channel_id}>" if channel_id else otherwise


def _pages(lines: list[str]) -> Iterator[str]:
    """Yield the lines in pieces that fit into fields; the last one counts those that do not fit."""
    for number in range(ROLE_FIELDS):
        taken = list(_fitting(lines))
        lines = lines[len(taken) :]
        if lines and number == ROLE_FIELDS - 1:
            taken.append(f"and {len(lines):,} more")
        yield "\n".join(taken)
        if not lines:
            return


def _fitting(lines: list[str]) -> Iterator[str]:
    """Yield as many lines as fit into a field together with the count of the others."""
    left = FIELD_LIMIT - len("and 1,000 more")
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return
        yield line
