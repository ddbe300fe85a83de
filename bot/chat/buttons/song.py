"""The buttons of a song: love, repeat, its menu, more like it and remove."""

import asyncio
import logging
import re

import discord

from bot.chat.api_errors import API_ERRORS
from bot.chat.delivery.song_menu import removal_question, song_menu
from bot.chat.interactions.components import SafeButton, SafeModal
from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import (
    delete_source_message,
    edit_source_message,
    respond,
    run_or_defer,
)
from bot.chat.messages.buttons import again_button, heart_buttons, more_button, with_hearts
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.status_response import respond_with_status
from bot.chat.text import confirmations, labels
from bot.chat.text.errors import price_changed
from bot.chat.text.songs import STARS_REPLACED
from bot.domain.errors import PriceChangedError
from bot.domain.songs import Loves, RemovalForbiddenError, SongRemovedError
from bot.services.audit_log import REASON_LIMIT
from bot.services.cards import ResultCard
from bot.services.library.songs import RemovedSong

log = logging.getLogger(__name__)

CATCH_UPS = 3
"""How often a message is edited again because of loves in the meantime; a later press shows the rest."""
DELETE_S = 10.0
"""Timeout of deleting another message, in seconds."""
AVERAGE = re.compile(r"\n-# ★ [^\n]*\Z")
"""The last line of songs of earlier versions that had stars."""
ID = "(?P<request_id>[0-9]{1,20})"
PRICE = "(?::(?P<price>[0-9]{1,10}))?"
"""The price that the button shows; buttons of earlier versions show none."""
POST = "(?::(?P<message_id>[0-9]{1,20}))?"
"""The post whose menu was opened; the button of an earlier version is on the post itself."""


class AgainButton(SafeButton, template=f"again:{ID}{PRICE}"):
    """Button that repeats the song's request for the member who presses it, at their cost."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Place the request and answer with its status."""
        await _place(interaction, self.request_id, self.match["price"])


class MoreButton(SafeButton, template=f"more:{ID}:(?P<clip>[12]){PRICE}"):
    """Button that requests a song in the style of a clip for the member who presses it, at their cost."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Place the request in the clip's style and answer with its status."""
        await _place(interaction, self.request_id, self.match["price"], like_clip=int(self.match["clip"]))


class MenuButton(SafeButton, template=f"menu:{ID}"):
    """Button that shows what else can be done with a song."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Show the member the song's menu; of a removed song, delete the post that was left."""
        try:
            card = await _card(interaction, self.request_id)
        except SongRemovedError:
            await delete_source_message(interaction)
            raise
        menu = song_menu(
            card,
            interaction.source_message.id,
            is_own=card.user_id == interaction.user_id,
            is_moderator=interaction.is_moderator,
        )
        await respond(interaction, menu)


class LoveButton(SafeButton, template=f"love:{ID}:(?P<clip>[12])"):
    """Button that loves a clip; the next press takes it back."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Store the press, and show on the message's hearts how many love each clip.

        If two members press at once, the last edit may show the older count: so each reads it again.
        """
        library = interaction.services.songs
        pressing = library.press_heart(
            self.request_id,
            int(self.match["clip"]),
            interaction.actor,
            public_channel_ids=interaction.public_channel_ids(),
        )
        loves = await run_or_defer(interaction, pressing, updates=True)
        await _show_hearts(interaction, self.request_id, loves)
        for _ in range(CATCH_UPS):
            latest = await library.loves(self.request_id)
            if latest == loves:
                return
            loves = latest
            await _show_hearts(interaction, self.request_id, loves)


class RateButton(SafeButton, template=f"rate:{ID}:[1-5]"):
    """Button below songs of earlier versions, for a number of stars; a press puts hearts in their place."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Replace the stars and their average; the press itself loves nothing."""
        looking = interaction.services.songs.card(self.request_id, interaction.viewer())
        card = await run_or_defer(interaction, looking, updates=True)
        message = interaction.source_message
        hearts = heart_buttons(card.request_id, len(card.clips), card.loves)
        content = f"{AVERAGE.sub('', message.content)}\n{STARS_REPLACED}"
        await edit_source_message(interaction, content=content, view=with_hearts(message, hearts))


class RemoveButton(SafeButton, template=f"remove:{ID}{POST}"):
    """Button that asks whether to remove the song; for its requester and moderators."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Ask in place of the menu, or below a result from before songs had menus."""
        card = await _card(interaction, self.request_id)
        is_own = card.user_id == interaction.user_id
        if not (is_own or interaction.is_moderator):
            raise RemovalForbiddenError
        post_id = self.match["message_id"]
        question = removal_question(card, int(post_id or interaction.source_message.id), is_own=is_own)
        if post_id is None:
            await respond(interaction, question)
        else:
            await edit_source_message(interaction, content=question.content, view=question.view)


class RemoveNowButton(SafeButton, template=f"remove-now:{ID}{POST}"):
    """Button that removes the member's own song."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Remove the song and its posts, and say so in place of the question."""
        removing = interaction.services.songs.remove(self.request_id, interaction.actor)
        removed = await run_or_defer(interaction, removing, updates=True)
        words = await _delete_posts(interaction, removed, self.match["message_id"])
        await edit_source_message(interaction, content=words, view=discord.ui.View())


class RemoveForButton(SafeButton, template=f"remove-for:{ID}{POST}"):
    """Button that opens the form with which moderators remove another member's song."""

    async def pressed(self, interaction: GuildInteraction) -> None:
        """Ask for the reason; nothing is read from the database before, as the form has to be the answer."""
        interaction.require_moderator()
        form = RemovalForm(interaction, self.request_id, self.match["message_id"])
        await interaction.raw.response.send_modal(form)


class RemovalForm(SafeModal, title=labels.REMOVAL_TITLE):
    """Form that asks a moderator for the reason, which the song's requester reads."""

    reason: discord.ui.TextInput["RemovalForm"] = discord.ui.TextInput(
        label=labels.REASON,
        style=discord.TextStyle.paragraph,
        min_length=1,
        max_length=REASON_LIMIT,
    )

    def __init__(self, interaction: GuildInteraction, request_id: int, message_id: str | None) -> None:
        super().__init__(interaction)
        self.request_id = request_id
        self.message_id = message_id

    async def submitted(self, interaction: GuildInteraction) -> None:
        """Remove the song and its posts, and confirm it."""
        by = interaction.require_moderator()
        removing = interaction.services.songs.remove(self.request_id, by, reason=self.reason.value)
        removed = await run_or_defer(interaction, removing)
        await respond(interaction, await _delete_posts(interaction, removed, self.message_id))


async def _card(interaction: GuildInteraction, request_id: int) -> ResultCard:
    return await run_or_defer(interaction, interaction.services.songs.card(request_id, interaction.viewer()))


async def _show_hearts(interaction: GuildInteraction, request_id: int, loves: Loves) -> None:
    """Show on the hearts of the message whose button was pressed how many love each clip."""
    hearts = heart_buttons(request_id, len(loves.clips), loves)
    await edit_source_message(interaction, view=with_hearts(interaction.source_message, hearts))


async def _delete_posts(interaction: GuildInteraction, removed: RemovedSong, pressed_on: str | None) -> str:
    """Delete the song's first post and the one whose button was pressed; return what to tell the member."""
    posts = {(removed.channel_id, removed.message_id), (interaction.channel_id, int(pressed_on or 0))}
    deleted = [
        await _delete(interaction.raw.client, channel_id, message_id)
        for channel_id, message_id in posts
        if channel_id and message_id
    ]
    return confirmations.song_removed(removed.cost, is_post_left=not all(deleted))


async def _delete(client: discord.Client, channel_id: int, message_id: int) -> bool:
    """Delete a message of the bot's; log it and return False if that fails."""
    channel = client.get_partial_messageable(channel_id)
    try:
        async with asyncio.timeout(DELETE_S):
            await channel.get_partial_message(message_id).delete()
    except discord.NotFound:
        return True
    except API_ERRORS as error:
        log.warning("A result could not be deleted: %s", error, extra={"channel": channel_id})
        return False
    return True


async def _place(
    interaction: GuildInteraction, request_id: int, price: str | None, *, like_clip: int | None = None
) -> None:
    """Repeat the request, or with `like_clip` request a song like that clip, and answer with its status."""
    placing = interaction.services.requests.repeat(
        request_id,
        interaction.request_context(),
        like_clip=like_clip,
        price=None if price is None else int(price),
    )
    try:
        await respond_with_status(interaction, placing)
    except PriceChangedError as error:
        view = discord.ui.View(timeout=None)
        view.add_item(
            more_button(request_id, like_clip, error.price)
            if like_clip
            else again_button(request_id, error.price)
        )
        await respond(interaction, RenderedMessage(content=price_changed(error.price), view=view))
