"""A request's life: its states, its moves, and what each move does to the credits."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.provider_tasks import Clip, TaskProgress
from bot.domain.quotas import Policy
from bot.domain.song_options import SongSpec


class State(StrEnum):
    """Where a request is."""

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
"""The states that take one of the provider's places."""
USED = frozenset({State.READY, State.DELIVERED, State.UNDELIVERABLE})
"""The states in which the credits are used."""
RETURNED = frozenset({State.FAILED, State.EXPIRED, State.UNCERTAIN, State.CANCELLED, State.DECLINED})
"""The states in which the credits are back with the member."""


class FailureKind(StrEnum):
    """Why there is no song, as far as the member is concerned."""

    REFUSED = "refused"
    MODERATED = "moderated"
    PLAYLIST_UNKNOWN = "playlist_unknown"
    TURNED_AWAY = "turned_away"
    """Somebody in front of the provider minds it, and lets others pass."""
    OPERATOR = "operator"
    PROVIDER = "provider"
    LOST_TASK = "lost_task"
    UNCERTAIN = "uncertain"
    SILENT = "silent"
    UNANSWERED = "unanswered"
    """The provider took the task and answered no question about it for a day."""
    MODERATOR = "moderator"
    """A moderator cancelled or declined it; `detail` is the reason, in the moderator's words."""
    BLOCKED = "blocked"
    """A moderator blocked the member; `detail` is the reason, in the moderator's words."""
    UNDECIDED = "undecided"
    """No moderator approved or declined it in time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no song.

    `detail` is the provider's words, for the operator's log and database, or the moderator's, for the member.
    """

    kind: FailureKind
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """Where a request's status message is, and how it may be reached."""

    application_id: int
    channel_id: int
    message_id: int | None = None
    """None until Discord has told it; the interaction's token still reaches the message."""
    token: str | None = None
    """The interaction's token, while it lives."""
    token_until: datetime
    attachment_limit: int
    """Bytes that one attached file may have there."""
    may_post: bool = True
    """False when the bot had no permission to post there when it was asked."""

    def valid_token(self, now: datetime) -> str | None:
        """The token, if it may still be used."""
        return self.token if now < self.token_until else None

    def is_unconfirmed(self, now: datetime) -> bool:
        """True while nobody knows whether the interaction's first answer is this bot's, and one can look."""
        return self.message_id is None and self.valid_token(now) is not None

    def __repr__(self) -> str:
        """The address without its token, which is a secret."""
        return f"Address(channel_id={self.channel_id}, message_id={self.message_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request that is about to be placed; its id is the id of the interaction that asked for it."""

    id: int
    guild_id: int
    user_id: int
    spec: SongSpec
    cost: int
    policy: Policy
    address: ReplyAddress
    placed_at: datetime
    approve_by: datetime | None = None
    """Until when a moderator may approve it; None where that is not needed."""
    delivery_channel_id: int | None = None
    """Where its result is posted first of all; None: where it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands; `version` changes with every write."""

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
    """What is known of the task; set from the moment that it is accepted."""
    clips: tuple[Clip, ...] = ()
    partial: bool = False
    failure: Failure | None = None
    result_channel_id: int | None = None
    result_message_id: int | None = None
    delivery_channel_id: int | None = None
    """Where its result is posted first of all; None: where it was asked for."""
    approval_channel_id: int | None = None
    approval_message_id: int | None = None
    """The message by which moderators decide on it; without it, that channel did not take one."""
    removed_at: datetime | None = None
    """When its result was taken away."""
    prompt_wiped_at: datetime | None = None
    """When its prompt was wiped, if it had one."""

    @property
    def placement(self) -> str:
        """What tells it from the request that another copy of the bot placed for the same interaction.

        Two copies do not place theirs in the same microsecond.
        """
        return f"{round(self.placed_at.timestamp() * 1_000_000):x}"

    @property
    def lacks_details(self) -> bool:
        """True when what it was asked for with is no longer kept; of a forgotten person, nothing is."""
        return self.prompt_wiped_at is not None or not self.spec.playlist_id

    @property
    def is_undelivered(self) -> bool:
        """True when it waits for moderators who can't see it: their channel does not take it."""
        return (
            self.state is State.AWAITING
            and self.approval_channel_id is not None
            and self.approval_message_id is None
        )
