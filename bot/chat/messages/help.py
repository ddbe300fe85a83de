"""The `/help` message: what the bot does here, the price, what is left, and buttons to the rest."""

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from bot.chat.messages import colours
from bot.chat.messages.buttons import help_buttons
from bot.chat.messages.queue import hold_ups
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.text.formatting import in_credits, reason_text
from bot.chat.text.quotas import songs_left
from bot.domain.guild_settings import GuildSettings
from bot.services.credits.statements import CreditsOverview
from bot.services.requests.queue_service import QueueView

TITLE = "Songs in this server"
WHAT = (
    "This bot makes songs in the spirit of a Suno playlist. Type `/inspire`, and choose a saved playlist or "
    "paste the link of one. In a few minutes you get a song in two versions to hear, download and share."
)
NEEDS_APPROVAL = "A moderator approves each request before its song is made."
FOR_MODERATORS = (
    "**Set up**: `/settings show` opens a panel in which you change all settings.\n"
    "**Credits**: `/quota everyone` sets what each member can spend, `/quota grant` gives a bonus, and "
    "`/quota report` shows who used what.\n"
    "**Queue**: `/requests pause` stops all songs, and `/requests cancel` one request.\n"
    "**Playlists**: `/playlists add` saves one for everyone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpView:
    """What `/help` tells one member."""

    settings: GuildSettings
    queue: QueueView
    credits: CreditsOverview
    is_moderator: bool


def help_message(view: HelpView) -> RenderedMessage:
    """Build the help; what holds songs up in the server now is said first."""
    embed = discord.Embed(title=TITLE, colour=colours.LIST)
    embed.description = "\n\n".join(part for part in (WHAT, "\n".join(_state(view)), _price(view)) if part)
    if view.is_moderator:
        embed.add_field(name="For moderators", value=FOR_MODERATORS, inline=False)
    buttons = discord.ui.View(timeout=None)
    for button in help_buttons():
        buttons.add_item(button)
    return RenderedMessage(embeds=[embed], view=buttons)


def _price(view: HelpView) -> str:
    return (
        f"A song costs {in_credits(view.credits.cost)}, which come back if there is no song. You have "
        f"{songs_left(view.credits)}"
    )


def _state(view: HelpView) -> Iterator[str]:
    """Say what is particular about songs in the server now."""
    settings = view.settings
    if view.credits.statement.blocked is not None:
        yield f"A moderator has blocked your song requests. {reason_text(view.credits.statement.blocked)}"
    yield from hold_ups(view.queue)
    if settings.requests_channel_id is not None:
        yield f"Songs are requested in <#{settings.requests_channel_id}> only."
    if settings.approval_channel_id is not None:
        yield NEEDS_APPROVAL
