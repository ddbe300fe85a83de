"""The menu of a finished song, and its questions; only the member who opened it sees them."""

import discord
from discord import ButtonStyle

from bot.chat.messages.buttons import button, change_button, more_button, recipe_button
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.text import labels
from bot.chat.text.formatting import TITLE_LIMIT, in_credits, quoted
from bot.chat.text.songs import UNTITLED
from bot.domain.suno_links import UUID
from bot.services.cards import ResultCard

LIKED_CLIPS = 2
"""For how many clips the menu offers a song like it."""


def song_menu(card: ResultCard, message_id: int, *, is_own: bool, is_moderator: bool) -> RenderedMessage:
    """Build the menu of a song for the member who pressed the button of the message with this id."""
    view = discord.ui.View(timeout=None)
    view.add_item(change_button(card.request_id, card.cost))
    for number, one in enumerate(card.clips[:LIKED_CLIPS], 1):
        if UUID.fullmatch(one.clip.id):
            view.add_item(more_button(card.request_id, number, card.cost))
    view.add_item(recipe_button(card.request_id))
    if is_own or is_moderator:
        action = "remove" if is_own else "remove-for"
        view.add_item(
            button(labels.REMOVE, f"{action}:{card.request_id}:{message_id}", style=ButtonStyle.danger)
        )
    return RenderedMessage(content=f"**{_title(card)}**", view=view)


def removal_question(card: ResultCard, message_id: int, *, is_own: bool) -> RenderedMessage:
    """Build the question before a song is removed, with the button that removes it or asks for a reason."""
    used = f"Its {in_credits(card.cost)} stay used." if card.cost else ""
    view = discord.ui.View(timeout=None)
    action, label = ("remove-now", labels.REMOVE) if is_own else ("remove-for", labels.REMOVE_WITH_REASON)
    view.add_item(button(label, f"{action}:{card.request_id}:{message_id}", style=ButtonStyle.danger))
    return RenderedMessage(content=f"Remove **{_title(card)}** for everyone? {used}".rstrip(), view=view)


def _title(card: ResultCard) -> str:
    titles = (one.clip.title for one in card.clips)
    return quoted(next(filter(None, titles), None), limit=TITLE_LIMIT, otherwise=UNTITLED)
