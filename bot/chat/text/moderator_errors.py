"""Error messages about moderators' settings and actions, saved playlists and finished songs.

`errors.py` has those about requests, and looks up them all.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from bot.chat.text.formatting import counted, quoted, role_mention
from bot.domain.errors import RefusalError
from bot.domain.moderator_errors import (
    AmountError,
    ApprovalChannelError,
    BotMemberError,
    BudgetMissingError,
    CapServerError,
    ChannelAccessError,
    ChoiceError,
    DecidedError,
    EveryoneRoleError,
    GuildIdError,
    LogChannelError,
    NoneAndValueError,
    NoneAwaitingError,
    NotBlockedError,
    NotClosedError,
    NotDeciderError,
    NotPausedError,
    NotQueuedError,
    OldFormError,
    OwnGuildError,
    PauseEndError,
    ReasonError,
    ReasonHiddenError,
    ReportBusyError,
    SettingChangedError,
    ShowcaseChannelError,
    TooManyRolesError,
    WaitingOfRoleError,
)
from bot.domain.playlists import (
    NAME_LIMIT,
    NameProblem,
    PlaylistNameError,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
)
from bot.domain.requests import State
from bot.domain.songs import (
    DetailsErasedError,
    NotFinishedError,
    OwnSongError,
    RemovalForbiddenError,
    SongNotFoundError,
    SongRemovedError,
)
from bot.domain.words import (
    WORD_LIMIT,
    WordProblem,
    WordProblemError,
    WordsFullError,
    WordUnknownError,
)

NOTHING_CHANGED = "\n-# Nothing was changed."
"""Small print below refused changes."""
NAMES = MappingProxyType(
    {
        NameProblem.EMPTY: "That name has nothing visible in it. Choose one with letters or digits.",
        NameProblem.TOO_LONG: f"That name is too long. Choose one of at most {NAME_LIMIT} characters.",
        NameProblem.LINK: "That name looks like a link, so it could never be chosen. Choose a word or two.",
    }
)
"""Message for an invalid name of a saved playlist, by the problem."""
IN_QUEUE = "it was approved and is in the queue"
BEING_MADE = "it was approved and is being made"
FINISHED = "it was approved, and the song is finished"
DECIDED: Mapping[str, str] = MappingProxyType(
    {
        State.WAITING: IN_QUEUE,
        State.SUBMITTING: BEING_MADE,
        State.MAKING: BEING_MADE,
        State.READY: FINISHED,
        State.DELIVERED: FINISHED,
        State.UNDELIVERABLE: FINISHED,
        State.CANCELLED: "it was cancelled",
        State.DECLINED: "it was declined",
    }
)
"""What happened to a request on which a moderator can no longer decide."""
NOT_QUEUED: Mapping[str, str] = MappingProxyType(
    {
        State.AWAITING: "a moderator has to approve it first",
        State.SUBMITTING: "it is already being made",
        State.MAKING: "it is already being made",
    }
)
"""Why a request cannot be moved in the queue."""
WAITING_OF_ROLE = "`waiting` is for the whole server. Leave out `role`, or use another command for it."
NOT_CLOSED = "This server already takes requests."
NOT_PAUSED = "Songs aren't paused in this server."
SUBMISSIONS_NOT_PAUSED = "Song requests aren't paused."
REASON_MISSING = "The reason is empty. Choose one, or write a few words for the member to read."
IS_A_BOT = "That is a bot, and bots can't request songs. Choose a member."
EVERYONES_ROLE = "Everyone has that role. Choose another; everyone's allowance is set by `/quota everyone`."
REASON_HIDDEN = (
    "Only the member who made this request and moderators can read the reason, as long as it is stored. Ask "
    "one of them."
)
NONE_AWAITING = (
    "No request of this member waits for approval any more. Use `/requests pending` to see what does."
)
CHANNEL_MISSING = "Choose the `channel` in which moderators approve requests."
LOG_MISSING = "Choose the `channel` for moderators' decisions; the digest is posted there, too."
SHOWCASE_MISSING = "Choose the `channel` to which loved songs are forwarded."
BUDGET_MISSING = "This server has no budget yet. Choose its `credits`, too."
NONE_AND_VALUE = "`none` clears what the other options set. Use it alone, or leave it out."
NOT_OFFERED = "That can't be chosen here. Choose one of those that are offered."
SETTING_CHANGED = (
    "Somebody else changed this setting meanwhile. Look at it, and choose again if you still want it."
)
FORM_EXPIRED = (
    "This form was open for too long, or the bot has restarted. Open it again, and send it once more."
)
REPORT_BUSY = "Another report of this server is being made. Try again when it is finished."
NOT_BLOCKED = "That member isn't blocked."
NO_SUCH_SONG = "There is no such song in this server. Choose a suggestion, or look at `/songs list`."
SONG_REMOVED = "This song was removed. Request a new one with `/inspire`."
DETAILS_ERASED = (
    "The playlist and the prompt of this song are no longer kept, so it can't be made again. Use `/inspire` "
    "instead."
)
SONG_UNFINISHED = "This song isn't finished yet. Try again in a minute."
OWN_SONG = "You can't love your own song. Ask others to listen to it."
REMOVAL_FORBIDDEN = (
    "Only the member who requested this song, and moderators (**Manage Server**), can remove it. Ask one of "
    "them."
)
Words: TypeAlias = Callable[[Any], str]
"""Builds the message for one type of error."""


def _unchanged(words: str) -> Words:
    """Return a builder for an error without facts, after which nothing was changed."""
    return lambda _: f"{words}{NOTHING_CHANGED}"


def _not_paused(error: NotPausedError) -> str:
    return f"{SUBMISSIONS_NOT_PAUSED if error.everywhere else NOT_PAUSED}{NOTHING_CHANGED}"


def _amount(error: AmountError) -> str:
    given = f"{error.value:,}" if error.value == int(error.value) else f"{error.value:g}"
    return (
        f"`{error.option}` can't be {given}. Type a whole number from {error.least:,} to "
        f"{error.most:,}.{NOTHING_CHANGED}"
    )


def _not_queued(error: NotQueuedError) -> str:
    why = NOT_QUEUED.get(error.state, "it has ended")
    return f"This request isn't waiting in the queue: {why}. Choose a suggestion.{NOTHING_CHANGED}"


def _pause_end(error: PauseEndError) -> str:
    return (
        f"“{quoted(error.text, limit=100)}” is no time in the coming year. Type how long, for example `2h`, "
        "`30 min` or `3 days`, or when in UTC, for example `18:00`, `tomorrow 9:00` or `2030-12-24 18:00`."
        f"{NOTHING_CHANGED}"
    )


def _reason(error: ReasonError) -> str:
    if not error.length:
        return f"{REASON_MISSING}{NOTHING_CHANGED}"
    return (
        f"The reason has {error.length:,} characters, and at most {error.limit:,} fit. Shorten it by "
        f"{error.length - error.limit:,}.{NOTHING_CHANGED}"
    )


NO_GUILD_ID = (
    "That is no server's id. Turn on Developer Mode in Discord, right-click the server, choose Copy Server "
    "ID, and paste it."
)
CAP_SERVER_MISSING = (
    "Choose the `server` that gets this cap. The caps of each server without its own, and of all servers "
    "together, are `SERVER_CREDIT_CAP` and `TOTAL_CREDIT_CAP` in the bot's settings."
)
OWN_GUILD = "This is your own server, in which `/operator` works: it can't be denied. Choose another."


def _decided(error: DecidedError) -> str:
    became = DECIDED.get(error.state, "it has ended, and its credits are back")
    return f"This request no longer waits for approval: {became}.{NOTHING_CHANGED}"


def _not_decider(error: NotDeciderError) -> str:
    return f"{moderators_only(error.role_id)}{NOTHING_CHANGED}"


WORDS = MappingProxyType(
    {
        WordProblem.TOO_SHORT: "A word needs two letters, and three if it has a `*`. Choose a longer one.",
        WordProblem.TOO_LONG: f"That word is too long. Choose one of at most {WORD_LIMIT} characters.",
        WordProblem.INNER_STAR: "A `*` works only at the start or the end of a word. Choose another place.",
    }
)
"""Message for a word that cannot be forbidden, by the problem."""


def _words_full(error: WordsFullError) -> str:
    return (
        f"At most {counted(error.limit, 'word')} can be forbidden. Remove some with `/settings words`, then "
        f"try again.{NOTHING_CHANGED}"
    )


def _word_unknown(error: WordUnknownError) -> str:
    word = quoted(error.word, limit=2 * WORD_LIMIT)
    return f"“{word}” isn't among the forbidden words. Use `/settings words` to see them.{NOTHING_CHANGED}"


def moderators_only(role_id: int | None = None) -> str:
    """Say who can do something: moderators, or members with this role, too."""
    role = f" or the role {role_mention(role_id)}" if role_id else ""
    return f"You need the **Manage Server** permission{role} for this. Ask a moderator."


def _too_many_roles(error: TooManyRolesError) -> str:
    return (
        f"At most {counted(error.limit, 'role')} can need no approval. Use `none:exempt` to clear them, then "
        f"choose again.{NOTHING_CHANGED}"
    )


def _channel_access(error: ChannelAccessError) -> str:
    names = ", ".join(name.replace("_", " ").title() for name in error.missing)
    return (
        f"The bot can't post in <#{error.channel_id}>. Give it {names} there, then try again."
        f"{NOTHING_CHANGED}"
    )


def _name(error: PlaylistNameError) -> str:
    return f"{NAMES[error.problem]}{NOTHING_CHANGED}"


def _saved(error: PlaylistSavedError) -> str:
    name = quoted(error.name, limit=2 * NAME_LIMIT)
    return (
        f"This playlist is already saved as “{name}”. To rename it, use `/playlists remove` first."
        f"{NOTHING_CHANGED}"
    )


def _full(error: PlaylistsFullError) -> str:
    return (
        f"This server has {counted(error.limit, 'saved playlist')}, the most that fit. Remove one with "
        f"`/playlists remove`, then try again.{NOTHING_CHANGED}"
    )


def _unknown_name(error: PlaylistUnknownError) -> str:
    name = quoted(error.name, limit=2 * NAME_LIMIT)
    return f"No playlist is saved as “{name}”. `/playlists list` shows them all.{NOTHING_CHANGED}"


MODERATOR_SENTENCES: Mapping[type[RefusalError], Words] = MappingProxyType(
    {
        NotPausedError: _not_paused,
        WaitingOfRoleError: _unchanged(WAITING_OF_ROLE),
        NotClosedError: _unchanged(NOT_CLOSED),
        NotQueuedError: _not_queued,
        PauseEndError: _pause_end,
        AmountError: _amount,
        ReasonError: _reason,
        BotMemberError: _unchanged(IS_A_BOT),
        EveryoneRoleError: _unchanged(EVERYONES_ROLE),
        GuildIdError: _unchanged(NO_GUILD_ID),
        OwnGuildError: _unchanged(OWN_GUILD),
        CapServerError: _unchanged(CAP_SERVER_MISSING),
        ApprovalChannelError: _unchanged(CHANNEL_MISSING),
        LogChannelError: _unchanged(LOG_MISSING),
        ShowcaseChannelError: _unchanged(SHOWCASE_MISSING),
        BudgetMissingError: _unchanged(BUDGET_MISSING),
        NoneAndValueError: _unchanged(NONE_AND_VALUE),
        ChoiceError: _unchanged(NOT_OFFERED),
        SettingChangedError: _unchanged(SETTING_CHANGED),
        DecidedError: _decided,
        NoneAwaitingError: _unchanged(NONE_AWAITING),
        NotDeciderError: _not_decider,
        ReasonHiddenError: _unchanged(REASON_HIDDEN),
        TooManyRolesError: _too_many_roles,
        WordProblemError: lambda error: f"{WORDS[error.problem]}{NOTHING_CHANGED}",
        WordsFullError: _words_full,
        WordUnknownError: _word_unknown,
        ChannelAccessError: _channel_access,
        OldFormError: _unchanged(FORM_EXPIRED),
        ReportBusyError: _unchanged(REPORT_BUSY),
        NotBlockedError: _unchanged(NOT_BLOCKED),
        PlaylistNameError: _name,
        PlaylistSavedError: _saved,
        PlaylistsFullError: _full,
        PlaylistUnknownError: _unknown_name,
        SongNotFoundError: _unchanged(NO_SUCH_SONG),
        SongRemovedError: _unchanged(SONG_REMOVED),
        DetailsErasedError: _unchanged(DETAILS_ERASED),
        NotFinishedError: _unchanged(SONG_UNFINISHED),
        OwnSongError: _unchanged(OWN_SONG),
        RemovalForbiddenError: _unchanged(REMOVAL_FORBIDDEN),
    }
)
"""Message builders by type of error."""
