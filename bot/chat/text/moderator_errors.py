"""Error messages about moderators' settings and actions, saved playlists and finished songs.

`errors.py` has those about requests, and looks up them all.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from bot.chat.text.failures import NAMES
from bot.chat.text.formatting import quoted
from bot.domain.errors import RefusalError
from bot.domain.moderator_errors import (
    AmountError,
    ApprovalChannelError,
    BotMemberError,
    ChannelAccessError,
    DecidedError,
    EveryoneRoleError,
    NotBlockedError,
    NotPausedError,
    OldFormError,
    ReasonError,
    ReportBusyError,
)
from bot.domain.playlists import (
    NAME_LIMIT,
    PlaylistNameError,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
)
from bot.domain.requests import State
from bot.domain.songs import (
    DetailsErasedError,
    NotFinishedError,
    RemovalForbiddenError,
    SongNotFoundError,
    SongRemovedError,
)

UNCHANGED = "Nothing was changed."
DECIDED: Mapping[str, str] = MappingProxyType(
    {
        State.WAITING: "it was approved, and is in line",
        State.SUBMITTING: "it was approved, and is being made",
        State.MAKING: "it was approved, and is being made",
        State.READY: "it was approved, and the song is finished",
        State.DELIVERED: "it was approved, and the song is finished",
        State.UNDELIVERABLE: "it was approved, and the song is finished",
        State.CANCELLED: "it was cancelled",
        State.DECLINED: "it was declined",
    }
)
"""What happened to a request on which a moderator can no longer decide."""
Words: TypeAlias = Callable[[Any], str]
"""Builds the message for one type of error."""


def _not_paused(error: NotPausedError) -> str:
    if error.everywhere:
        return "Submissions aren't paused. Nothing was changed."
    return "Songs aren't paused in this server. Nothing was changed."


def _amount(error: AmountError) -> str:
    return (
        f"`{error.option}` takes a whole number from {error.least:,} to {error.most:,}, and {error.value:g} "
        f"isn't one. {UNCHANGED}"
    )


def _reason(error: ReasonError) -> str:
    if not error.length:
        return f"The reason is empty: write a few words that the member may read. {UNCHANGED}"
    return f"The reason has {error.length:,} characters; at most {error.limit:,} are kept. {UNCHANGED}"


def _bot_member(_: BotMemberError) -> str:
    return f"That is a bot, and bots ask for no songs. Choose a member. {UNCHANGED}"


def _everyone_role(_: EveryoneRoleError) -> str:
    return f"That is the role that everybody has: use `/quota everyone` for it. {UNCHANGED}"


def _approval_channel(_: ApprovalChannelError) -> str:
    return f"Say in which `channel` moderators are to decide. {UNCHANGED}"


def _decided(error: DecidedError) -> str:
    became = DECIDED.get(error.state, "it is over, and its credits are back")
    return f"This request doesn't wait for a moderator any more: {became}. {UNCHANGED}"


def _channel_access(error: ChannelAccessError) -> str:
    names = ", ".join(name.replace("_", " ").title() for name in error.missing)
    return (
        f"The bot isn't allowed to post in <#{error.channel_id}>: give it {names} there, then try again. "
        f"{UNCHANGED}"
    )


def _old_form(_: OldFormError) -> str:
    return (
        "This form was open for too long, or the bot was restarted meanwhile. Open it again, and send it "
        f"once more. {UNCHANGED}"
    )


def _report_busy(_: ReportBusyError) -> str:
    return f"A report of this server is being made already. Wait for it, then try again. {UNCHANGED}"


def _not_blocked(_: NotBlockedError) -> str:
    return f"That member isn't blocked. {UNCHANGED}"


def _name(error: PlaylistNameError) -> str:
    return f"{NAMES[error.problem]} Nothing was changed."


def _saved(error: PlaylistSavedError) -> str:
    name = quoted(error.name, limit=2 * NAME_LIMIT)
    return f"This playlist is saved as “{name}” already. Nothing was changed."


def _full(error: PlaylistsFullError) -> str:
    return (
        f"This server has {error.limit} saved playlists, and more can't be kept. Take one off the list with "
        "`/playlists remove`, then try again. Nothing was changed."
    )


def _unknown_name(error: PlaylistUnknownError) -> str:
    name = quoted(error.name, limit=2 * NAME_LIMIT)
    return f"No playlist is saved as “{name}”: `/playlists list` shows all. Nothing was changed."


def _no_song(_: SongNotFoundError) -> str:
    return (
        "There is no such song in this server: choose one of the suggestions, or look at `/songs list`. "
        "Nothing was changed."
    )


def _removed(_: SongRemovedError) -> str:
    return "This song was removed. Ask for a new one with `/inspire`. Nothing was changed."


def _details_erased(_: DetailsErasedError) -> str:
    return (
        "What this song was made from is no longer kept, so the same can't be asked for again. Use "
        "`/inspire` with a playlist and a prompt. Nothing was changed."
    )


def _unfinished(_: NotFinishedError) -> str:
    return "This song isn't finished yet. Try again in a minute. Nothing was changed."


def _may_not_remove(_: RemovalForbiddenError) -> str:
    return (
        "Only whoever asked for this song, or a member with the permission **Manage Server**, can remove it. "
        "Nothing was changed."
    )


MODERATOR_SENTENCES: Mapping[type[RefusalError], Words] = MappingProxyType(
    {
        NotPausedError: _not_paused,
        AmountError: _amount,
        ReasonError: _reason,
        BotMemberError: _bot_member,
        EveryoneRoleError: _everyone_role,
        ApprovalChannelError: _approval_channel,
        DecidedError: _decided,
        ChannelAccessError: _channel_access,
        OldFormError: _old_form,
        ReportBusyError: _report_busy,
        NotBlockedError: _not_blocked,
        PlaylistNameError: _name,
        PlaylistSavedError: _saved,
        PlaylistsFullError: _full,
        PlaylistUnknownError: _unknown_name,
        SongNotFoundError: _no_song,
        SongRemovedError: _removed,
        DetailsErasedError: _details_erased,
        NotFinishedError: _unfinished,
        RemovalForbiddenError: _may_not_remove,
    }
)
"""Message builders by type of error."""
