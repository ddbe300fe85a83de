"""How the bot is, as one embed for its operator."""

import discord

from bot.chat.render import colours
from bot.chat.texts import in_credits, relative
from bot.domain.requests import State
from bot.services.gate import Trouble
from bot.services.operation import OperationView

TROUBLES = {
    Trouble.BUSY: "Busy: it runs as many tasks as it takes.",
    Trouble.OUTAGE: "Out of reach, or its answers are lost.",
    Trouble.ACCOUNT: "It refuses the account: look at the log for the code.",
}
STATES = {
    State.AWAITING: "for a moderator",
    State.WAITING: "in line",
    State.SUBMITTING: "being ordered",
    State.MAKING: "being made",
    State.READY: "being posted",
}


def operation_message(view: OperationView) -> discord.Embed:
    """The provider, the line, the processes and the credits, over all servers."""
    is_well = view.gate.trouble is None and not view.gate.halted
    embed = discord.Embed(title="How the bot is", colour=colours.READY if is_well else colours.PARTIAL)
    if view.gate.halted:
        embed.description = "**Submissions are paused.** `/operator resume` lets them go on."
    embed.add_field(name="Song service", value=_provider(view), inline=False)
    under_way = (f"**{count:,}** {STATES[state]}" for state, count in view.under_way.items())
    paused = f"\nPaused by their moderators: **{view.paused:,}** servers" if view.paused else ""
    embed.add_field(name="Requests", value=" · ".join(under_way) + paused, inline=False)
    roles = ", ".join(f"{count} {role}" for role, count in view.processes.items())
    embed.add_field(name="Processes alive", value=roles or "none")
    embed.add_field(name="Used in 24 hours", value=in_credits(view.used_in_day))
    embed.add_field(name="Used in 7 days", value=in_credits(view.used_in_week))
    embed.add_field(name="Price of a song", value=in_credits(view.cost))
    return embed


def _provider(view: OperationView) -> str:
    gate = view.gate
    trouble = TROUBLES[gate.trouble] if gate.trouble else "Ready."
    limit = min(gate.learned, view.places)
    places = f"Tasks at once: **{limit:,}**" + (f" of {view.places:,}" if limit < view.places else "")
    shut = f"Next try {relative(gate.shut_until)}." if view.is_shut and gate.shut_until else ""
    return "\n".join(text for text in (trouble, shut, places) if text)
