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
from bot.chat.translation import N_, gettext
from bot.domain.guild_settings import GuildSettings
from bot.services.credits.statements import CreditsOverview
from bot.services.requests.queue_service import QueueView

TITLE = N_("Songs in this server")
WHAT = N_(
    "This bot makes songs in the spirit of a Suno playlist. Type `/inspire`, and choose a saved playlist or "
    "paste the link of one. In a few minutes you get a song in two versions to hear, download and share."
)
NEEDS_APPROVAL = N_("A moderator approves each request before its song is made.")
FOR_MODERATORS = N_(
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
    embed = discord.Embed(title=gettext(TITLE), colour=colours.LIST)
    embed.description = "\n\n".join(
        part for part in (gettext(WHAT), "\n".join(_state(view)), _price(view)) if part
    )
    if view.is_moderator:
        embed.add_field(name=gettext("For moderators"), value=gettext(FOR_MODERATORS), inline=False)
    buttons = discord.ui.View(timeout=None)
    for button in help_buttons():
        buttons.add_item(button)
    return RenderedMessage(embeds=[embed], view=buttons)


def _price(view: HelpView) -> str:
    # Translators: {left} is a sentence's end, such as "60 credits: 2 more songs this week."
    return gettext(
        "A song costs {credits}, which come back if there is no song. You have {left}",
        credits=in_credits(view.credits.cost),
        left=songs_left(view.credits),
    )


def _state(view: HelpView) -> Iterator[str]:
    """Say what is particular about songs in the server now."""
    settings = view.settings
    if view.credits.statement.blocked is not None:
        blocked = gettext("A moderator has blocked your song requests.")
        yield f"{blocked} {reason_text(view.credits.statement.blocked)}"
    yield from hold_ups(view.queue)
    if settings.requests_channel_id is not None:
        channel = f"<#{settings.requests_channel_id}>"
        yield gettext("Songs are requested in {channel} only.", channel=channel)
    if settings.approval_channel_id is not None:
        yield gettext(NEEDS_APPROVAL)
