"""How buttons look, and the custom ids by which `bot/chat/buttons` recognizes a press."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

import discord
from discord import ButtonStyle

from bot.chat.text import labels
from bot.chat.translation import gettext
from bot.domain.quotas import Period
from bot.domain.songs import Loves
from bot.services.moderation.approvals import PendingRequest

Button: TypeAlias = discord.ui.Button[discord.ui.View]
STARS = "rate:"
"""The beginning of the custom ids that the five stars of earlier versions have."""


class _Lasting:
    """An item that works after a restart: its use is matched by its custom id, without its view.

    discord.py would keep the view of each message in memory.
    """

    def is_dispatchable(self) -> bool:
        """Return False: its view waits for no press."""
        return False


class _LastingButton(_Lasting, Button):
    """A lasting button."""


class _LastingTexts(_Lasting, discord.ui.Select[discord.ui.View]):
    """A lasting select of texts."""


class _LastingChannels(_Lasting, discord.ui.ChannelSelect[discord.ui.View]):
    """A lasting select of channels."""


class _LastingRoles(_Lasting, discord.ui.RoleSelect[discord.ui.View]):
    """A lasting select of roles."""


def text_select(
    custom_id: str, options: Sequence[tuple[str, str]], *, chosen: str | None, placeholder: str
) -> discord.ui.Select[discord.ui.View]:
    """Build a select of named values that is recognized by its custom id."""
    named = [
        discord.SelectOption(label=name, value=value, default=value == chosen) for name, value in options
    ]
    return _LastingTexts(custom_id=custom_id, options=named, placeholder=placeholder)


def channel_select(
    custom_id: str, kinds: Sequence[discord.ChannelType], *, chosen: int | None, placeholder: str
) -> discord.ui.ChannelSelect[discord.ui.View]:
    """Build a select of channels that is recognized by its custom id."""
    default = _preselected(chosen, "channel")
    return _LastingChannels(
        custom_id=custom_id, channel_types=list(kinds), default_values=default, placeholder=placeholder
    )


def role_select(
    custom_id: str, bounds: tuple[int, int], *, chosen: Sequence[int], placeholder: str
) -> discord.ui.RoleSelect[discord.ui.View]:
    """Build a select of roles that is recognized by its custom id; `bounds` is how many can be chosen."""
    default = [role for role_id in chosen for role in _preselected(role_id, "role")]
    least, most = bounds
    return _LastingRoles(
        custom_id=custom_id,
        default_values=default,
        placeholder=placeholder,
        min_values=least,
        max_values=most,
    )


def _preselected(chosen: int | None, kind: Literal["channel", "role"]) -> list[discord.SelectDefaultValue]:
    """Return what is chosen at first; discord.py would send the id as a number, which Discord has as text."""
    if chosen is None:
        return []
    as_text = str(chosen)
    return [discord.SelectDefaultValue.from_dict({"id": as_text, "type": kind})]  # type: ignore[typeddict-item] # annotated as a number


def button(
    label: str, custom_id: str, *, style: ButtonStyle = ButtonStyle.secondary, disabled: bool = False
) -> Button:
    """Build a button that is recognized by its custom id."""
    return _LastingButton(label=label, custom_id=custom_id, style=style, disabled=disabled)


def cancel_button(request_id: int, placement: str = "") -> Button:
    """Build the button that cancels a request; its `placement` tells messages of two copies apart."""
    return button(labels.CANCEL, f"cancel:{request_id}:{placement}" if placement else f"cancel:{request_id}")


def again_button(request_id: int, cost: int) -> Button:
    """Build the button that repeats a song for so many credits."""
    return button(labels.priced(labels.AGAIN, cost), f"again:{request_id}:{cost}")


def try_again_button(request_id: int, cost: int) -> Button:
    """Build the button that repeats a failed request for so many credits."""
    return button(labels.priced(labels.TRY_AGAIN, cost), f"again:{request_id}:{cost}")


def more_button(request_id: int, clip: int, cost: int) -> Button:
    """Build the button that requests a song like a clip for so many credits."""
    return button(labels.priced(labels.more_like(clip), cost), f"more:{request_id}:{clip}:{cost}")


def why_button(request_id: int) -> Button:
    """Build the button that tells the member a moderator's reason."""
    return button(labels.WHY, f"why:{request_id}")


def change_button(request_id: int, cost: int) -> Button:
    """Build the button that opens the form to change a request of so many credits."""
    return button(labels.priced(labels.CHANGE, cost), f"change:{request_id}")


def song_buttons(request_id: int, cost: int) -> list[Button]:
    """Build the row of buttons below a song."""
    menu = button(labels.MENU, f"menu:{request_id}")
    return [again_button(request_id, cost), lyrics_button(request_id), menu]


def lyrics_button(request_id: int) -> Button:
    """Build the button that shows a song's lyrics."""
    return button(labels.LYRICS, f"lyrics:{request_id}")


def recipe_button(request_id: int) -> Button:
    """Build the button that shows how a song was made."""
    return button(labels.RECIPE, f"made:{request_id}")


def heart_buttons(request_id: int, clips: int, loves: Loves) -> list[Button]:
    """Build the buttons that love a song's first clips; it has `clips` of them."""
    numbered = enumerate(loves.clips[:clips], 1)
    return [button(labels.love(clip, count), f"love:{request_id}:{clip}") for clip, count in numbered]


def with_hearts(message: discord.Message, hearts: Sequence[Button]) -> discord.ui.View:
    """Build the message's buttons again, with these hearts in place of its own, or of its stars."""
    view, left = discord.ui.View(timeout=None), list(hearts)
    own = {heart.custom_id: heart for heart in hearts}
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    for number, row in enumerate(rows):
        for part in row.children:
            if not isinstance(part, discord.Button):
                continue
            shown = [own.get(part.custom_id, _LastingButton.from_component(part))]
            if part.custom_id is not None and part.custom_id.startswith(STARS):
                shown, left = list(left), []
            for one in shown:
                one.row = number
                view.add_item(one)
    return view


def approval_buttons(request_id: int) -> list[Button]:
    """Build the buttons with which moderators decide on a request."""
    return [
        button(labels.APPROVE, f"approve:{request_id}", style=ButtonStyle.success),
        button(labels.DECLINE, f"decline:{request_id}", style=ButtonStyle.danger),
    ]


def pending_list_button() -> Button:
    """Build the button that lists all requests that await approval."""
    return button(labels.PENDING, "pending")


def pending_buttons(pending: PendingRequest, number: int, page: int, *, has_all: bool) -> list[Button]:
    """Build the row of buttons that decides about the request of this number on a page of the list.

    With `has_all`, one more approves all requests of its member.
    """
    request = pending.request
    row = [
        button(
            f"{labels.APPROVE} {number}", f"pending-approve:{request.id}:{page}", style=ButtonStyle.success
        ),
        button(
            f"{labels.DECLINE} {number}", f"pending-decline:{request.id}:{page}", style=ButtonStyle.danger
        ),
    ]
    if has_all:
        row.append(button(labels.approve_all(pending.of_member), f"pending-all:{request.user_id}:{page}"))
    return row


class HelpTopic(StrEnum):
    """The topic of a button of `/help`."""

    CREDITS = "credits"
    QUEUE = "queue"
    SONGS = "songs"
    PLAYLISTS = "playlists"


def help_buttons() -> list[Button]:
    """Build the buttons of `/help`."""
    return [button(gettext(labels.HELP[topic]), f"help:{topic}") for topic in HelpTopic]


def period_button(amount: int, period: Period) -> Button:
    """Build the button that changes everyone's allowance together with its period."""
    return button(labels.CHANGE_PERIOD, f"everyone:{amount}:{period}", style=ButtonStyle.danger)


def delete_data_button() -> Button:
    """Build the button with which members delete their own data."""
    return button(labels.DELETE_DATA, "privacy:delete", style=ButtonStyle.danger)
