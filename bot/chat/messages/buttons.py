"""How buttons look, and the custom ids by which `bot/chat/buttons` recognizes a press."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

import discord
from discord import ButtonStyle

from bot.chat.text import labels
from bot.domain.songs import STARS

Button: TypeAlias = discord.ui.Button[discord.ui.View]


class _LastingButton(Button):
    """A button that works after a restart: its press is matched by its custom id, without its view.

    discord.py would keep the view of each message in memory.
    """

    def is_dispatchable(self) -> bool:
        """Return False: its view waits for no press."""
        return False


def button(
    label: str, custom_id: str, *, style: ButtonStyle = ButtonStyle.secondary, disabled: bool = False
) -> Button:
    """Build a button that is recognized by its custom id."""
    return _LastingButton(label=label, custom_id=custom_id, style=style, disabled=disabled)


def cancel_button(request_id: int, placement: str = "") -> Button:
    """Build the button that cancels a request; its `placement` tells messages of two copies apart."""
    return button(labels.CANCEL, f"cancel:{request_id}:{placement}" if placement else f"cancel:{request_id}")


def again_button(request_id: int) -> Button:
    """Build the button that repeats a request."""
    return button(labels.AGAIN, f"again:{request_id}")


def song_buttons(request_id: int, clips: Iterable[int]) -> list[Button]:
    """Build a song's first row of buttons, of which those in its style are for these clips."""
    more = [button(labels.more_like(clip), f"more:{request_id}:{clip}") for clip in clips]
    remove = button(labels.REMOVE, f"remove:{request_id}", style=ButtonStyle.danger)
    return [again_button(request_id), *more, remove]


def rating_buttons(request_id: int) -> list[Button]:
    """Build the buttons that rate a song."""
    return [button(labels.rate(stars), f"rate:{request_id}:{stars}") for stars in STARS]


def approval_buttons(request_id: int) -> list[Button]:
    """Build the buttons with which moderators decide on a request."""
    return [
        button(labels.APPROVE, f"approve:{request_id}", style=ButtonStyle.success),
        button(labels.DECLINE, f"decline:{request_id}", style=ButtonStyle.danger),
    ]


class HelpTopic(StrEnum):
    """The topic of a button of `/help`."""

    CREDITS = "credits"
    QUEUE = "queue"
    SONGS = "songs"
    PLAYLISTS = "playlists"


def help_buttons() -> list[Button]:
    """Build the buttons of `/help`."""
    return [button(labels.HELP[topic], f"help:{topic}") for topic in HelpTopic]


def delete_data_button() -> Button:
    """Build the button with which members delete their own data."""
    return button(labels.DELETE_DATA, "privacy:delete", style=ButtonStyle.danger)
