"""All errors that the program knows by name. They carry facts; `bot.chat.text` turns them into sentences.

InspireError
|- RefusalError              the member can fix it; nothing was sent, nothing is held
|  |- PlaylistError  ClipError  PersonaError  WeightError  ModelError  PromptError
|  |- CreditsError  BudgetError  CapError  ActiveLimitError  CooldownError  BackoffError  StoppingError
|  |- OutsideServerError  NotServedError  BlockedError  PausedError  ChannelError  ChannelGoneError
|  |- RequestNotFoundError  NotYoursError  TooLateError
|  `- those of moderator_errors.py, personal_data.py, playlists.py, queue_errors.py and songs.py
|- ProviderError             split by what the caller does next
|  |- NotAcceptedError       certainly not accepted: requeue, retry later (429, 503, a proxy, no connection)
|  |- RejectedError          certainly refused: the request ends (400, 451, 500 and other definite answers)
|  |  `- AccountError        401, 402: it also concerns the operator
|  |- OutcomeUnknownError    a paid call without a known outcome: never repeat it
|  |- NoAnswerError          a query without an answer: it may be repeated
|  `- UnknownTaskError       the provider does not know the task
|- MessengerError            Discord, split by what the dispatcher does next
|  |- MessageGoneError       the message does not exist (any more)
|  |- NoAccessError          the channel is gone or closed to the bot, or the member takes no DMs
|  |- TokenExpiredError      the interaction's token no longer works
|  |- RetryableError         nothing is wrong with the message: send it again
|  `- InvalidMessageError    Discord refuses the message as it is
|     `- MalformedError      Discord calls the message malformed: a bug
|- MediaError                a clip's file cannot be downloaded, or is not audio
`- StoreError                the database cannot be used
   |- TookTooLongError        it was stopped at its time limit; nothing was changed
   |- MisconfiguredError     nor ever with these settings: a retry does not help
   |- ConflictError          another writer changed the row first; nothing was changed
   |  |- CapsNotOpenError    a cap has to be opened first
   |  `- InsufficientFundsError   an account has too few credits by now
   |- CommitUnknownError     the outcome of the commit is unknown
   `- ShardTakenError        another process serves the same Discord servers
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.caps import Cap


class InspireError(Exception):
    """Base class of all failures that the program knows by name."""


class RefusalError(InspireError):
    """A refusal that the member can fix: nothing was sent and no credits are held."""


class LinkKind(StrEnum):
    """The kind of a text that should name a playlist, a clip or a persona."""

    EMPTY = "empty"
    CUT_OFF = "cut_off"
    PLAYLIST_LINK = "playlist_link"
    SONG_LINK = "song_link"
    PERSONA_LINK = "persona_link"
    SEVERAL = "several"
    """More than one link or id of the wanted kind."""
    SHORT_LINK = "short_link"
    OTHER_PAGE = "other_page"
    OTHER_SITE = "other_site"
    FREE_TEXT = "free_text"


@dataclass(eq=False)
class PlaylistError(RefusalError):
    """A text that names no playlist; `saved` are the names that could be meant in the server."""

    kind: LinkKind
    saved: tuple[str, ...] = ()


@dataclass(eq=False)
class ClipError(RefusalError):
    """A text that names no clip."""

    kind: LinkKind


@dataclass(eq=False)
class PersonaError(RefusalError):
    """A text that names no persona."""

    kind: LinkKind


@dataclass(eq=False)
class WeightError(RefusalError):
    """A weight that is not a number from 0 to 1."""

    option: str
    value: float


@dataclass(eq=False)
class ModelError(RefusalError):
    """A model that the operator does not allow."""

    model: str
    allowed: tuple[str, ...]


@dataclass(eq=False)
class PromptError(RefusalError):
    """A prompt that is longer than the model accepts; lengths are in characters."""

    length: int
    limit: int
    model: str


@dataclass(eq=False)
class CreditsError(RefusalError):
    """Too few credits of the member for a song."""

    available: int
    needed: int
    resets_at: datetime | None
    """When there are enough again; None if a whole allowance is not enough either."""


@dataclass(eq=False)
class BudgetError(RefusalError):
    """Too few credits in the server's budget for a song."""

    available: int
    needed: int
    resets_at: datetime


@dataclass(eq=False)
class CapError(RefusalError):
    """Too few credits for a song under the owner's cap on the server, or on all servers together."""

    cap: Cap
    needed: int


@dataclass(eq=False)
class BlockedError(RefusalError):
    """A member whom a moderator has blocked; `reason` is in the moderator's words."""

    reason: str


@dataclass(eq=False)
class PausedError(RefusalError):
    """A server whose moderators have paused songs; `reason` is in their words."""

    reason: str
    until: datetime | None = None
    """When the pause ends by itself."""


@dataclass(eq=False)
class ChannelGoneError(RefusalError):
    """A request channel that no longer exists."""

    is_moderator: bool
    """Whether the member can choose another one."""


@dataclass(eq=False)
class ChannelError(RefusalError):
    """A command in a channel other than the server's request channel, which is `channel_id`."""

    channel_id: int


@dataclass(eq=False)
class ActiveLimitError(RefusalError):
    """Too many active requests of one member for the server's limit."""

    limit: int


@dataclass(eq=False)
class CooldownError(RefusalError):
    """A request too soon after the member's previous one."""

    until: datetime


@dataclass(eq=False)
class BackoffError(RefusalError):
    """A request during the backoff that follows the member's failed ones."""

    until: datetime


@dataclass(eq=False)
class SecondPressError(RefusalError):
    """A press of a button that spends, right after the member's last request."""


@dataclass(eq=False)
class PriceChangedError(RefusalError):
    """A press of a button that shows a price which is no longer right."""

    price: int
    """The price now, in credits."""


@dataclass(eq=False)
class StoppingError(RefusalError):
    """A command to a process that is shutting down."""


class AnsweredElsewhereError(InspireError):
    """An interaction that another process with the same bot token has answered."""


@dataclass(eq=False)
class OutsideServerError(RefusalError):
    """A command outside a server."""


@dataclass(eq=False)
class NotServedError(RefusalError):
    """A command in a server that the bot's owner does not serve."""


@dataclass(eq=False)
class RequestNotFoundError(RefusalError):
    """A request that does not exist in this server."""


@dataclass(eq=False)
class NotYoursError(RefusalError):
    """A request of another member."""


@dataclass(eq=False)
class TooLateError(RefusalError):
    """A request that can no longer be cancelled; `state` is its current state."""

    state: str


class ProviderError(InspireError):
    """Base class of the song provider's failures."""


@dataclass(eq=False)
class NotAcceptedError(ProviderError):
    """A task that was certainly not accepted; it may be submitted again after `retry_after_s` (seconds)."""

    cause: str
    retry_after_s: float | None = None
    busy: bool = False
    """Whether the provider said that too many tasks are running (429)."""
    at_edge: bool = False
    """Whether a proxy or firewall in front of the provider answered: a redirect, or an HTML page."""
    may_be_request: bool = False
    """Whether the proxy or firewall possibly refuses only this request, because of its words."""


@dataclass(eq=False)
class RejectedError(ProviderError):
    """A definite refusal by the provider, with the provider's own `code` and `text`."""

    code: int
    text: str


@dataclass(eq=False)
class AccountError(RejectedError):
    """A refused account: a wrong key (401) or no provider credits (402). No request can proceed."""


@dataclass(eq=False)
class OutcomeUnknownError(ProviderError):
    """A paid call with an unknown outcome: it is unknown whether the provider accepted it."""

    cause: str


@dataclass(eq=False)
class NoAnswerError(ProviderError):
    """A query without a usable answer; it may be repeated after `retry_after_s` (seconds)."""

    cause: str
    retry_after_s: float | None = None


@dataclass(eq=False)
class UnknownTaskError(ProviderError):
    """A task that the provider does not know (404)."""


LONG_PAUSE_S = 15.0
"""Seconds; a message that would have to wait this long is sent by another route instead."""


class MessengerError(InspireError):
    """Base class of the reasons for which Discord did not accept a message."""


@dataclass(eq=False)
class MessageGoneError(MessengerError):
    """A message that does not exist (any more)."""


@dataclass(eq=False)
class NoAccessError(MessengerError):
    """A channel that is gone or closed to the bot, or a member who takes no direct messages."""

    cause: str
    gone: bool = False
    """Whether the channel was deleted, with all its messages."""


@dataclass(eq=False)
class TokenExpiredError(MessengerError):
    """An interaction token that no longer works."""


@dataclass(eq=False)
class RetryableError(MessengerError):
    """A failure after which the same message may be sent again in `retry_after_s` seconds."""

    cause: str
    retry_after_s: float | None = None
    not_taken: bool = False
    """Whether Discord certainly did not accept the message; otherwise it may have."""

    @property
    def is_long(self) -> bool:
        """Return True if the message was certainly not accepted and the wait is at least `LONG_PAUSE_S`."""
        return self.not_taken and (self.retry_after_s or 0.0) >= LONG_PAUSE_S


@dataclass(eq=False)
class InvalidMessageError(MessengerError):
    """A message that Discord refuses as it is; a plainer one may pass, or the same one elsewhere."""

    cause: str
    is_too_large: bool = False
    """Whether it would pass with fewer or smaller files."""


@dataclass(eq=False)
class MalformedError(InvalidMessageError):
    """A message that Discord calls malformed: a bug in this program. A plainer one may pass."""


@dataclass(eq=False)
class MediaError(InspireError):
    """A clip's file that cannot be downloaded, or is not audio."""

    cause: str
    is_dead: bool = False
    """Whether the link leads to no audio at all, so that members should not get it."""
    is_passing: bool = False
    """Whether a retry in a few seconds may succeed."""


class StoreError(InspireError):
    """Base class of database failures; the text says why and what to do. Most kinds changed nothing."""


class TookTooLongError(StoreError):
    """An operation that was stopped at its time limit; nothing was changed."""


class MisconfiguredError(StoreError):
    """Settings with which the database cannot be used: the operator has to change them."""


class LockedError(StoreError):
    """Something in the database that another process keeps locked."""


class CommitUnknownError(StoreError):
    """A connection that was lost during a commit: its outcome is unknown."""


class ConflictError(StoreError):
    """A row that another writer changed first; nothing was changed."""


class CapsNotOpenError(ConflictError):
    """A cap whose account does not count everything yet: it has to be opened first; nothing was changed."""


class InsufficientFundsError(ConflictError):
    """An account with fewer credits than the hold needs; the unit of work has to be rolled back."""


class ShardTakenError(StoreError):
    """A shard that another live process serves."""

    def __init__(self, shard: int, process: str) -> None:
        super().__init__(
            f"Shard {shard} is served by another process ({process}): give each process shards of its own, "
            "or stop that one and wait a minute."
        )
        self.shard = shard
        self.process = process
