"""Requests for songs: their states, data and failures."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.provider_tasks import Clip, TaskProgress
from bot.domain.quotas import Policy
from bot.domain.song_options import SongSpec

MAX_ID = 2**63 - 1
"""The largest id that the database can hold; members can type any number."""


class State(StrEnum):
    """The state of a request."""

    AWAITING = "awaiting"
    """A moderator has to approve it first."""
    WAITING = "waiting"
    SUBMITTING = "submitting"
    MAKING = "making"
    READY = "ready"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    FAILED = "failed"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    """A moderator did not approve it."""


ACTIVE = frozenset({State.AWAITING, State.WAITING, State.SUBMITTING, State.MAKING})
"""The states in which credits are held."""
AT_PROVIDER = frozenset({State.SUBMITTING, State.MAKING})
"""The states that take one of the provider's slots."""
USED = frozenset({State.READY, State.DELIVERED, State.UNDELIVERABLE})
"""The states in which the credits are used."""
RETURNED = frozenset({State.FAILED, State.EXPIRED, State.UNCERTAIN, State.CANCELLED, State.DECLINED})
"""The states in which the credits were returned to the member."""


class FailureKind(StrEnum):
    """The reason for which there is no song, as the member reads it."""

    REFUSED = "refused"
    MODERATED = "moderated"
    PLAYLIST_UNKNOWN = "playlist_unknown"
    TURNED_AWAY = "turned_away"
    """A firewall in front of the provider refuses this request and lets others pass."""
    OPERATOR = "operator"
    PROVIDER = "provider"
    LOST_TASK = "lost_task"
    UNCERTAIN = "uncertain"
    SILENT = "silent"
    UNANSWERED = "unanswered"
    """The provider accepted the task, and then answered no poll for a day."""
    MODERATOR = "moderator"
    """A moderator cancelled, declined or removed it; `detail` is the reason, in the moderator's words."""
    BLOCKED = "blocked"
    """A moderator blocked the member; `detail` is the reason, in the moderator's words."""
    UNDECIDED = "undecided"
    """No moderator approved or declined it in time."""
    NOT_SERVED = "not_served"
    """The bot's owner stopped serving the server while it waited."""


BY_MODERATORS = frozenset({FailureKind.MODERATOR, FailureKind.BLOCKED})
"""Failures with a reason that a moderator wrote for the member."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason for which there is no song, with details.

    `detail` is the provider's words, for the operator's log and database, or the moderator's, for the member.
    """

    kind: FailureKind
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """The address of a request's status message, with the token to edit it."""

    application_id: int
    channel_id: int
    message_id: int | None = None
    """None until Discord has returned it; until then the token reaches the message."""
    token: str | None = None
    """The interaction's token, while it is valid."""
    token_until: datetime
    attachment_limit: int
    """Bytes per attached file."""
    may_post: bool = True
    """Whether the bot had the permission to post there when the request was placed."""

    def valid_token(self, now: datetime) -> str | None:
        """Return the token if it is still valid, else None."""
        return self.token if now < self.token_until else None

    def is_unconfirmed(self, now: datetime) -> bool:
        """Return True if it is unknown who answered the interaction, and the token can still show it."""
        return self.message_id is None and self.valid_token(now) is not None

    def __repr__(self) -> str:
        """Return the address without its token, which is a secret."""
        return f"ReplyAddress(channel_id={self.channel_id}, message_id={self.message_id})"


@dataclass(frozen=True, slots=True)
class Origin:
    """The clip of an earlier song that a request is in the style of."""

    request_id: int
    clip: int
    """Its number, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request that is about to be placed; `id` is the id of its Discord interaction."""

    id: int
    guild_id: int
    user_id: int
    spec: SongSpec
    cost: int
    policy: Policy
    address: ReplyAddress
    placed_at: datetime
    approve_by: datetime | None = None
    """Until when a moderator can approve it; None: no approval is needed."""
    delivery_channel_id: int | None = None
    """Where its result is posted first; None: where it was requested."""
    origin: Origin | None = None
    """The song of this server that it was requested from, if it is in the style of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A stored request; `version` changes with every write."""

    id: int
    guild_id: int
    user_id: int
    spec: SongSpec
    cost: int
    policy: Policy
    address: ReplyAddress
    placed_at: datetime
    state: State
    version: int
    task_id: str | None = None
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    """When the credits were settled."""
    progress: TaskProgress | None = None
    """The task's progress; set once the task is accepted."""
    clips: tuple[Clip, ...] = ()
    partial: bool = False
    failure: Failure | None = None
    result_channel_id: int | None = None
    result_message_id: int | None = None
    delivery_channel_id: int | None = None
    """Where its result is posted first; None: where it was requested."""
    approval_channel_id: int | None = None
    approval_message_id: int | None = None
    """The message with which moderators decide; None: Discord did not take it in that channel."""
    removed_at: datetime | None = None
    """When its result was removed."""
    prompt_erased_at: datetime | None = None
    """When its prompt was deleted, if it had one."""
    origin: Origin | None = None
    """The song of this server that it was requested from, if it is in the style of one."""

    @property
    def placement(self) -> str:
        """Return a text that distinguishes it from another process's request for the same interaction.

        It is made of the time: two processes do not place theirs in the same microsecond.
        """
        return f"{round(self.placed_at.timestamp() * 1_000_000):x}"

    @property
    def is_kept(self) -> bool:
        """Return True if its song was not posted, or perhaps not, and is kept in the library."""
        return self.state is State.UNDELIVERABLE and self.removed_at is None

    @property
    def lacks_details(self) -> bool:
        """Return True if its prompt or, after an erasure, all its options are no longer stored."""
        return self.prompt_erased_at is not None or not self.spec.playlist_id

    @property
    def is_undelivered(self) -> bool:
        """Return True if it waits for approval, but its message could not be posted in that channel."""
        return (
            self.state is State.AWAITING
            and self.approval_channel_id is not None
            and self.approval_message_id is None
        )
