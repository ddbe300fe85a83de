"""The `/operator status` message: the bot's state as an embed."""

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import counted, in_credits, relative
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import State
from bot.services.operator import OperatorStatus
from bot.version import VERSION

OUTAGES = {
    ProviderOutage.BUSY: "Busy: it runs as many tasks as it accepts.",
    ProviderOutage.OUTAGE: "Can't be reached, or its answers are lost.",
    ProviderOutage.ACCOUNT: "It refuses the account. The log has the code.",
    ProviderOutage.EMPTY: "The account there has no credits left: add some.",
}
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
    roles = ", ".join(f"{count} {role}" for role, count in view.processes.items())
    embed.add_field(name="Processes running", value=roles or "none")
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
