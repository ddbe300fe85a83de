"""All that is kept about one person, over all servers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import AuditEntry
from bot.domain.errors import RefusalError
from bot.domain.guild_settings import MemberRecord
from bot.domain.ledger import Balance, Entry
from bot.domain.requests import Request, State

NOBODY_ID = 0
"""Whose a request is, or a decision, when the person was forgotten; no user of Discord has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """One step of a request's life."""

    transition: str
    state: State
    at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """How the person liked a song."""

    request_id: int
    guild_id: int
    stars: int
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
    """What is kept of the person in one server."""

    guild_id: int
    member: MemberRecord
    active: int
    """Requests under way."""
    last_placed_at: datetime | None
    last_turn_at: datetime | None
    forget_at: datetime | None
    """When it is deleted, if the person asked for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """One of the person's accounts."""

    guild_id: int
    account_id: str
    window_key: str | None
    """None: its credits have no end."""
    window_ends_at: datetime | None
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRecord:
    """All that is kept about one person."""

    user_id: int
    memberships: tuple[Membership, ...] = ()
    requests: tuple[Request, ...] = ()
    """Oldest first."""
    events: Mapping[int, tuple[RequestEvent, ...]]
    """By request, in their order."""
    ratings: tuple[Rating, ...] = ()
    playlists: tuple[SavedPlaylist, ...] = ()
    audit_entries: tuple[AuditEntry, ...] = ()
    """Moderators' decisions about the person, and by the person."""
    accounts: tuple[AccountRecord, ...] = ()
    entries: Mapping[int, tuple[Entry, ...]]
    """What happened to the credits, by server, newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureSummary:
    """How much of what was kept about a person is no longer anybody's."""

    requests: int = 0
    ratings: int = 0
    playlists: int = 0
    decisions: int = 0
    until: datetime | None = None
    """When the last of what remains, the person's places in servers, is deleted; None: nothing remains."""
    blocked: int = 0
    """In how many servers that has to wait until moderators lift a block."""

    @property
    def is_empty(self) -> bool:
        """True when nothing was kept."""
        return self.until is None and not (self.requests or self.ratings or self.playlists or self.decisions)


@dataclass(eq=False)
class PendingRequestsError(RefusalError):
    """So many of the member's requests, in all servers, are not at their end."""

    count: int
