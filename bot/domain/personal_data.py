"""All data that is kept about one person, in all servers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.domain.errors import RefusalError
from bot.domain.guild_settings import MemberRecord
from bot.domain.ledger import Balance, Entry
from bot.domain.requests import Request, State

NOBODY_ID = 0
"""The user id that replaces an erased person's; no Discord user has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """One transition of a request."""

    transition: str
    state: State
    at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Love:
    """The person's love of a clip."""

    request_id: int
    guild_id: int
    clip: int
    """Number of the clip, from 1."""
    is_loved: bool
    """False if the person has taken it back."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlaylist:
    """A playlist that the person saved for a server."""

    guild_id: int
    name: str
    playlist_id: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The data that is kept about the person in one server."""

    guild_id: int
    member: MemberRecord
    active: int
    """The number of pending requests."""
    last_placed_at: datetime | None
    last_turn_at: datetime | None
    erase_at: datetime | None
    """When the data is deleted, if the person has requested it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """One of the person's accounts."""

    guild_id: int
    account_id: str
    window_key: str | None
    """None: its credits do not expire."""
    window_ends_at: datetime | None
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRecord:
    """All data that is kept about one person."""

    user_id: int
    memberships: tuple[Membership, ...] = ()
    requests: tuple[Request, ...] = ()
    """Oldest first."""
    events: Mapping[int, tuple[RequestEvent, ...]]
    """By request id, oldest first."""
    loves: tuple[Love, ...] = ()
    playlists: tuple[SavedPlaylist, ...] = ()
    audit_entries: tuple[AuditEntry, ...] = ()
    """Moderators' actions about the person, and by the person."""
    accounts: tuple[AccountRecord, ...] = ()
    entries: Mapping[int, tuple[Entry, ...]]
    """Credit statements by server id, newest entry first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureSummary:
    """The numbers of records that an erasure anonymized or deleted."""

    requests: int = 0
    loves: int = 0
    playlists: int = 0
    decisions: int = 0
    until: datetime | None = None
    """When the last remaining member record is deleted; None: none remains."""
    blocked: int = 0
    """The number of servers in which that waits until moderators lift a block."""

    @property
    def is_empty(self) -> bool:
        """Return True if nothing was kept about the person."""
        return self.until is None and not (self.requests or self.loves or self.playlists or self.decisions)


@dataclass(eq=False)
class PendingRequestsError(RefusalError):
    """An erasure while `count` requests of the person, in all servers, are pending."""

    count: int
