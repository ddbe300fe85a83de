"""What can go wrong, as facts: the sentences are made in one place at the edge.

InspireError
|- RefusalError              the member can mend it; nothing was sent, nothing is held
|  |- PlaylistError  ClipError  PersonaError  WeightError  ModelError  PromptError
|  |- CreditsError  BudgetError  ActiveLimitError  CooldownError  BackoffError  StoppingError
|  |- OutsideServerError
|  |- BlockedError  PausedError  ChannelError  ChannelGoneError
|  |- RequestNotFoundError  NotYoursError  TooLateError
|  `- those of moderator_errors.py, people.py, playlists.py and songbook.py
|- ProviderError             split by what the caller does next
|  |- NotAcceptedError       surely not taken: keep the place, try later (429, 503, a proxy, nobody there)
|  |- RejectedError          surely refused: this request ends (400, 451, 500 and other definite answers)
|  |  `- AccountError        401, 402: it also concerns the operator
|  |- OutcomeUnknownError    a paid call whose answer is not known: never repeat it
|  |- NoAnswerError          a question that may be asked again
|  `- UnknownTaskError       the provider does not know the task
|- AnnounceError             Discord, split by what the courier does next
|  |- MessageGoneError       the message does not exist (any more)
|  |- NoAccessError          the channel is gone or closed to the bot, or the person takes no messages
|  |- TokenDeadError         the interaction's token no longer works
|  |- TryLaterError          nothing is wrong with the message: send it again
|  `- UnsendableError        Discord refuses the message as it is
|     `- MalformedError      it says that the message is malformed: a bug
|- MediaError               a clip's file could not be had, or is not what it should be
`- StoreError                the database cannot be used
   |- MisconfiguredError    it never can with these settings: a repeat does not help
   |- StaleError            somebody else was first; nothing was changed
   |  `- ShortError         an account has too few credits by now
   |- ChangeUnknownError    nobody knows whether the change was kept
   `- ShardTakenError       another process serves the same Discord servers
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class InspireError(Exception):
    """Any failure that this program knows by name."""


class RefusalError(InspireError):
    """The member can mend it: nothing was sent and nothing is held."""


class LinkKind(StrEnum):
    """What a text that should name a playlist, a clip or a persona looks like."""

    EMPTY = "empty"
    CUT_OFF = "cut_off"
    PLAYLIST_LINK = "playlist_link"
    SONG_LINK = "song_link"
    PERSONA_LINK = "persona_link"
    SEVERAL = "several"
    """More than one of those that are wanted."""
    SHORT_LINK = "short_link"
    OTHER_PAGE = "other_page"
    OTHER_SITE = "other_site"
    FREE_TEXT = "free_text"


@dataclass(eq=False)
class PlaylistError(RefusalError):
    """The text names no playlist."""

    kind: LinkKind


@dataclass(eq=False)
class ClipError(RefusalError):
    """The text names no clip."""

    kind: LinkKind


@dataclass(eq=False)
class PersonaError(RefusalError):
    """The text names no persona."""

    kind: LinkKind


@dataclass(eq=False)
class WeightError(RefusalError):
    """A weight is not a number from 0 to 1."""

    option: str
    value: float


@dataclass(eq=False)
class ModelError(RefusalError):
    """The model is not one of those that the operator allows."""

    model: str
    allowed: tuple[str, ...]


@dataclass(eq=False)
class PromptError(RefusalError):
    """The prompt is longer than the model takes, in characters."""

    length: int
    limit: int
    model: str


@dataclass(eq=False)
class CreditsError(RefusalError):
    """The member has fewer credits than a song costs."""

    available: int
    needed: int
    resets_at: datetime


@dataclass(eq=False)
class BudgetError(RefusalError):
    """The server's budget has fewer credits left than a song costs."""

    available: int
    needed: int
    resets_at: datetime


@dataclass(eq=False)
class BlockedError(RefusalError):
    """A moderator does not let the member ask for songs; `reason` is in the moderator's words."""

    reason: str


@dataclass(eq=False)
class PausedError(RefusalError):
    """The moderators have paused the server's songs; `reason` is in their words."""

    reason: str


@dataclass(eq=False)
class ChannelGoneError(RefusalError):
    """Songs are to be asked for in a channel that no longer exists."""

    is_moderator: bool
    """True when the member can choose another."""


@dataclass(eq=False)
class ChannelError(RefusalError):
    """Songs may be asked for in another channel only."""

    channel_id: int


@dataclass(eq=False)
class ActiveLimitError(RefusalError):
    """The member already has as many requests under way as the server allows."""

    limit: int


@dataclass(eq=False)
class CooldownError(RefusalError):
    """The member placed a request too short a time ago."""

    until: datetime


@dataclass(eq=False)
class BackoffError(RefusalError):
    """The member's last requests came to nothing, so that the next one has to wait."""

    until: datetime


@dataclass(eq=False)
class StoppingError(RefusalError):
    """The process is about to stop, and begins nothing new."""


class AnsweredElsewhereError(InspireError):
    """Another copy of the bot, with the same token, has answered the interaction."""


@dataclass(eq=False)
class OutsideServerError(RefusalError):
    """The bot works in servers only."""


@dataclass(eq=False)
class RequestNotFoundError(RefusalError):
    """There is no such request in this server."""


@dataclass(eq=False)
class NotYoursError(RefusalError):
    """The request belongs to somebody else."""


@dataclass(eq=False)
class TooLateError(RefusalError):
    """The request can no longer be cancelled; `state` is where it is now."""

    state: str


class ProviderError(InspireError):
    """The song provider did not do what was asked."""


@dataclass(eq=False)
class NotAcceptedError(ProviderError):
    """The task was surely not taken; it may be sent again after `retry_after_s` (seconds)."""

    cause: str
    retry_after_s: float | None = None
    busy: bool = False
    """True when the provider said that too many tasks are running (429)."""
    at_edge: bool = False
    """True when somebody in front of the provider answered: a redirect, or a page of a firewall."""
    may_be_request: bool = False
    """True when nobody can tell whether all requests are turned away there, or this one for its words."""


@dataclass(eq=False)
class RejectedError(ProviderError):
    """The provider refused this request for good; `code` is its own code, `text` its own words."""

    code: int
    text: str


@dataclass(eq=False)
class AccountError(RejectedError):
    """The key is wrong (401) or the provider's credits ran out (402): nobody's request can go on."""


@dataclass(eq=False)
class OutcomeUnknownError(ProviderError):
    """Nobody knows whether the paid call was accepted."""

    cause: str


@dataclass(eq=False)
class NoAnswerError(ProviderError):
    """A question without a usable answer; it may be asked again after `retry_after_s` (seconds)."""

    cause: str
    retry_after_s: float | None = None


@dataclass(eq=False)
class UnknownTaskError(ProviderError):
    """The provider does not know the task (404)."""


LONG_PAUSE_S = 15.0
"""From so many seconds on, a message is better sent another way than waited for."""


class MessengerError(InspireError):
    """Discord did not take a message."""


@dataclass(eq=False)
class MessageGoneError(MessengerError):
    """The message does not exist (any more)."""


@dataclass(eq=False)
class NoAccessError(MessengerError):
    """The channel is gone or closed to the bot, or the person takes no direct messages."""

    cause: str
    gone: bool = False
    """True when the channel does not exist any more, nor anything that stood in it."""


@dataclass(eq=False)
class TokenExpiredError(MessengerError):
    """The interaction's token no longer works."""


@dataclass(eq=False)
class RetryableError(MessengerError):
    """The same message may be sent again after `retry_after_s` (seconds)."""

    cause: str
    retry_after_s: float | None = None
    not_taken: bool = False
    """True when Discord surely has not taken it; else it may have."""

    @property
    def is_long(self) -> bool:
        """Return True when the message, which was surely not taken, had better go another way."""
        return self.not_taken and (self.retry_after_s or 0.0) >= LONG_PAUSE_S


@dataclass(eq=False)
class InvalidMessageError(MessengerError):
    """Discord refuses the message as it is; a plainer one may pass, or the same in another place."""

    cause: str
    is_too_large: bool = False
    """True when it would do without one of its files, or with smaller ones."""


@dataclass(eq=False)
class MalformedError(InvalidMessageError):
    """Discord calls the message malformed: a bug of this program's, and a plainer one may pass."""


@dataclass(eq=False)
class MediaError(InspireError):
    """A clip's file could not be had, or is not what it should be."""

    cause: str
    is_dead: bool = False
    """True when the link leads to no audio at all, so that nobody should be sent there."""
    is_passing: bool = False
    """True when the file may be there in a few seconds."""


class StoreError(InspireError):
    """The database cannot be used; the text says why and what to do. Nothing was changed, in most kinds."""


class MisconfiguredError(StoreError):
    """The settings are to blame: the database cannot be used until the operator changes them."""


class CommitUnknownError(StoreError):
    """The connection was lost while the change was being kept: nobody knows whether it was."""


class ConflictError(StoreError):
    """Somebody else moved the row first; nothing was changed."""


class InsufficientFundsError(ConflictError):
    """An account has fewer credits than were to be held; the unit of work must not go on."""


class ShardTakenError(StoreError):
    """Another live process serves the servers of a shard."""

    def __init__(self, shard: int, process: str) -> None:
        super().__init__(
            f"Shard {shard} is served by another process ({process}): give each process shards of its own, "
            "or stop that one and wait a minute."
        )
        self.shard = shard
        self.process = process
