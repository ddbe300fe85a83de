"""The messages of `/operator`: the bot's state, and what each server spends."""

import discord

from bot.chat.guild_facts import GuildFacts
from bot.chat.messages import colours
from bot.chat.text.formatting import counted, in_credits, moment, plain, quoted, relative
from bot.chat.text.quotas import IN_PERIOD
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import State
from bot.domain.spending import PeriodSpending, ServerSpending
from bot.services.operator import OperatorStatus
from bot.version import VERSION

SERVERS_TITLE = "Servers, the most expensive first"
NAME_SHOWN = 100
"""Characters of a server's name, escapes included."""
NAME_IN_CHOICE = 70
"""Characters of a server's name in an autocomplete choice, which has its id, too."""
OUTAGES = {
    ProviderOutage.BUSY: "Busy: it runs as many tasks as it accepts.",
    ProviderOutage.OUTAGE: "Can't be reached, or its answers are lost.",
    ProviderOutage.ACCOUNT: "It refuses the account. The log has the code.",
    ProviderOutage.EMPTY: "The account there has no credits left: add some.",
}
ROLES = {"all": "that does everything", "gateway": "for commands (gateway)", "worker": "for songs (worker)"}
"""What the processes of a role are there for."""
STATES = {
    State.AWAITING: "awaiting approval",
    State.WAITING: "in the queue",
    State.SUBMITTING: "being sent",
    State.MAKING: "being made",
    State.READY: "being posted",
}


def operation_message(view: OperatorStatus) -> discord.Embed:
    """Build the status of provider, requests, processes and credits, over all servers."""
    is_well = view.breaker.outage is None and not view.breaker.paused_by_operator
    embed = discord.Embed(title="Bot status", colour=colours.READY if is_well else colours.PARTIAL)
    if view.breaker.paused_by_operator:
        embed.description = "**Song requests are paused.** `/operator resume` resumes them."
    embed.add_field(name="Song service", value=_provider(view), inline=False)
    pending = (f"**{count:,}** {STATES[state]}" for state, count in view.pending.items())
    paused = f"\nPaused by moderators: **{counted(view.paused, 'server')}**" if view.paused else ""
    embed.add_field(name="Requests", value=" · ".join(pending) + paused, inline=False)
    roles = (f"**{count:,}** {ROLES.get(role, role)}" for role, count in view.processes.items())
    embed.add_field(name="Processes running", value=" · ".join(roles) or "none")
    embed.add_field(name=f"Spent {IN_PERIOD[view.spending.period]}", value=_spent(view), inline=False)
    embed.add_field(name="Used in 24 hours", value=in_credits(view.used_in_day))
    embed.add_field(name="Used in 7 days", value=in_credits(view.used_in_week))
    embed.add_field(name="Price of a song", value=in_credits(view.cost))
    embed.set_footer(text=f"Inspire {VERSION}")
    return embed


def _provider(view: OperatorStatus) -> str:
    breaker = view.breaker
    outage = OUTAGES[breaker.outage] if breaker.outage else "Ready."
    limit = min(breaker.capacity, view.slots)
    slots = f"Tasks at once: **{limit:,}**" + (f" of {view.slots:,}" if limit < view.slots else "")
    next_try = f"Next try {relative(breaker.open_until)}." if view.is_open and breaker.open_until else ""
    return "\n".join(text for text in (outage, next_try, slots) if text)


def _spent(view: OperatorStatus) -> str:
    spending = view.spending
    limit = "" if view.total_cap is None else f", of a cap of {view.total_cap:,}"
    ends = f"{spending.period} ends {relative(spending.window.ends_at)}."
    if view.expected is None:
        return f"{_together(spending)}{limit}. The {ends}"
    return f"{_together(spending)}{limit}. At this pace it will be **{view.expected:,}** when the {ends}"


def servers_together(spending: PeriodSpending) -> str:
    """Say what all servers together spend in the current period."""
    end = moment(spending.window.ends_at)
    return f"All servers {IN_PERIOD[spending.period]}, until {end}: {_together(spending)}"


def server_lines(server: ServerSpending, facts: GuildFacts | None) -> str:
    """Format a server in two lines: who it is, and what it spends."""
    name = quoted(facts.name, limit=NAME_SHOWN) if facts else ""
    who = [f"**{name}**"] if name else []
    if facts is not None and facts.members is not None:
        who.append(counted(facts.members, "member"))
    if server.has_left:
        who.append("**the bot is not in it**")
    if not server.is_served:
        who.append("**not served**")
    who.append(f"`{server.guild_id}`")
    songs = f" for {counted(server.songs, 'song')}" if server.songs else ""
    spent = [f"**{in_credits(server.credits)}**{songs}", _cap(server)]
    if server.last_used_at is not None:
        spent.append(f"last used {relative(server.last_used_at)}")
    return f"{' · '.join(who)}\n{' · '.join(spent)}\n"


def guild_choice(name: str, guild_id: int) -> str:
    """Format a server as an autocomplete choice, which can be found by name or id."""
    return f"{plain(name, limit=NAME_IN_CHOICE, otherwise='server')} ({guild_id})"


def _together(spending: PeriodSpending) -> str:
    return f"**{in_credits(spending.credits)}** for {counted(spending.songs, 'song')}"


def _cap(server: ServerSpending) -> str:
    if server.cap is None:
        return "no cap"
    return f"{'own cap' if server.has_own_cap else 'cap'} {server.cap:,}"
