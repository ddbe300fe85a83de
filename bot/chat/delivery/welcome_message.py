"""The welcome in a server that the bot has joined: what it does, what songs cost, and how it is set up."""

import discord

from bot.chat.messages import colours
from bot.chat.messages.buttons import button
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.text import labels
from bot.chat.text.formatting import counted, in_credits
from bot.domain.welcomes import WelcomeCard

SET_UP_ID = "panel-open"
"""The custom id of the button that opens the panel."""
HELLO = "Songs for this server"
HELLO_AGAIN = "Back again"
AS_BEFORE = "All settings, credits and songs of this server are as before."
WHAT = (
    "Type `/inspire` and choose a Suno playlist: in a few minutes you get a song in its spirit, in two "
    "versions to hear, download and share."
)
WHO_PAYS = "Credits are counted by the bot alone: its owner pays for the songs, and members pay nothing."
BY_BUTTON = f"Moderators: **{labels.SET_UP}** opens all settings. `/help` shows the rest."
BY_COMMAND = "Moderators: `/settings show` opens all settings in the server. `/help` shows the rest."


def welcome_message(card: WelcomeCard, *, in_server: bool) -> RenderedMessage:
    """Build the welcome; buttons work in servers only."""
    welcome = card.welcome
    lines = [AS_BEFORE if welcome.is_back else WHAT, _price(card), BY_BUTTON if in_server else BY_COMMAND]
    if welcome.missing:
        names = ", ".join(name.replace("_", " ").title() for name in welcome.missing)
        lines.append(f"**The bot lacks {names}.** Give it these permissions in Server Settings, Roles.")
    embed = discord.Embed(
        title=HELLO_AGAIN if welcome.is_back else HELLO,
        description="\n\n".join(lines),
        colour=colours.LIST,
    )
    view = discord.ui.View(timeout=None)
    if in_server:
        view.add_item(button(labels.SET_UP, SET_UP_ID, style=discord.ButtonStyle.primary))
    return RenderedMessage(embeds=[embed], view=view)


def _price(card: WelcomeCard) -> str:
    policy = card.policy
    songs = counted(policy.allowance // card.cost, "song") if card.cost else "songs"
    return (
        f"A song costs {in_credits(card.cost)}; everyone has {in_credits(policy.allowance)} every "
        f"{policy.period}, which is {songs}. {WHO_PAYS}"
    )
