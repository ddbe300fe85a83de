"""The service for members' credit statements and servers' reports."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from bot.domain.caps import NO_CAPS, Cap, CapConfig
from bot.domain.guild_settings import policy_for
from bot.domain.ledger import Entry, refilled
from bot.domain.quotas import Policy
from bot.domain.requests import Request
from bot.domain.shared_limits import BudgetState, SharedLimits
from bot.services.credits.holds import funding_accounts
from bot.services.credits.limits import shared_limits
from bot.services.credits.reports import Report, read_report
from bot.services.ports import Clock
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads

LINES = 10
"""How many of the last songs and other changes an overview shows."""
ENTRIES = 2 * LINES
"""How many of the last transfers are read for them: a song has two at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One member's credits."""

    available: int
    held: int
    """Held by pending requests, whichever window they were placed in."""
    used: int
    """In the current window."""
    bonus: int
    """Credits without a period, part of `available`."""
    resets_at: datetime
    policy: Policy
    """The limits in force for the member, and their source."""
    limits: SharedLimits
    """What the member shares with the others."""
    blocked: str | None
    """The moderator's reason for blocking the member; None if the member is not blocked."""
    backoff_end: datetime | None = None
    """When the member's next request can be submitted, if it is held back."""

    @property
    def spendable(self) -> int:
        """Return the credits that the member can spend under the limits that all share."""
        tightest = self.limits.tightest
        return self.available if tightest is None else min(self.available, tightest.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One song, or one other change of a member's credits."""

    entry: Entry
    """The last transfer of the song, or the change."""
    request: Request | None
    """The request for the song, if it is still stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsOverview:
    """What a member's credits are enough for, and where they went."""

    statement: Statement
    cost: int
    """Credits for one song."""
    active: int
    """The member's pending requests."""
    lines: tuple[StatementLine, ...] = ()
    """Newest first."""

    @property
    def songs_left(self) -> int:
        """Return how many more songs can be paid for now."""
        return self.statement.spendable // self.cost

    @property
    def limited_by(self) -> BudgetState | Cap | None:
        """Return the shared limit that keeps the member from more songs; None if none does."""
        is_limited = self.songs_left < self.statement.available // self.cost
        return self.statement.limits.tightest if is_limited else None

    @property
    def is_renewed(self) -> bool:
        """Return True if the next period brings enough for a song."""
        allowance = self.statement.policy.allowance
        return allowance > 0 and allowance + self.statement.bonus >= self.cost


class QuotaService:
    """Members' statements and servers' reports."""

    def __init__(self, store: Store, *, policy: Policy, cost: int, caps: CapConfig, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self.cost = cost
        """Credits of a song."""
        self._caps = caps
        self._clock = clock

    async def overview(self, guild_id: int, user_id: int, *, role_ids: Collection[int]) -> CreditsOverview:
        """Return the statement of a member with these roles, and the last songs.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(
            _overview, guild_id, user_id, role_ids, self._policy, self._caps, self.cost, self._clock()
        )

    async def statement(self, guild_id: int, user_id: int, *, role_ids: Collection[int]) -> Statement:
        """Return the statement of a member with these roles.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(
            statement_of, guild_id, user_id, role_ids, usual=self._policy, caps=self._caps, now=self._clock()
        )

    async def limits(self, guild_id: int) -> SharedLimits:
        """Return what all members of the server together can still spend.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_limits, guild_id, self._caps, self._clock())

    async def report(self, guild_id: int, days: int) -> Report:
        """Return what a server's members used in the last `days` days, 1 to 366, including today (UTC).

        The same number of days before is counted, to compare.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_report, guild_id, days, self._caps, self._clock())


def statement_of(
    uow: UnitOfWork,
    guild_id: int,
    user_id: int,
    role_ids: Collection[int],
    *,
    usual: Policy,
    caps: CapConfig = NO_CAPS,
    now: datetime,
) -> Statement:
    """Return a member's statement; an allowance that is not opened yet counts as granted."""
    settings, member = uow.guilds.settings(guild_id), uow.members.find(guild_id, user_id)
    policy = policy_for(usual, settings, member, role_ids)
    funding = funding_accounts(guild_id, user_id, member=member, policy=policy, now=now)
    allowance = refilled(uow.ledger.balance(funding.allowance.id), policy.allowance)
    bonus = uow.ledger.balance(funding.bonus.id).available
    return Statement(
        available=allowance.available + bonus,
        held=uow.ledger.held_by(guild_id, user_id),
        used=allowance.used,
        bonus=bonus,
        resets_at=funding.window.ends_at,
        policy=policy,
        limits=shared_limits(uow, guild_id, settings, caps, now),
        blocked=member.blocked,
        backoff_end=member.backoff_end(now),
    )


def _overview(
    uow: UnitOfWork,
    guild_id: int,
    user_id: int,
    role_ids: Collection[int],
    usual: Policy,
    caps: CapConfig,
    cost: int,
    now: datetime,
) -> CreditsOverview:
    return CreditsOverview(
        statement=statement_of(uow, guild_id, user_id, role_ids, usual=usual, caps=caps, now=now),
        cost=cost,
        active=len(uow.requests.active_of(guild_id, user_id)),
        lines=tuple(
            StatementLine(entry=entry, request=_request(uow, entry))
            for entry in islice(_last_of_each(uow.ledger.entries(guild_id, user_id, limit=ENTRIES)), LINES)
        ),
    )


def _request(uow: UnitOfWork, entry: Entry) -> Request | None:
    return None if entry.request_id is None else uow.requests.find(entry.request_id)


def _last_of_each(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the newest transfer of each request, and all that belong to none; `entries` are newest first."""
    seen = set()
    for entry in entries:
        if entry.request_id not in seen:
            yield entry
        if entry.request_id is not None:
            seen.add(entry.request_id)


@reads(Share.REPORTS)
def _report(uow: UnitOfWork, guild_id: int, days: int, caps: CapConfig, now: datetime) -> Report:
    report = read_report(uow, guild_id, days, now.astimezone(UTC).date())
    return replace(report, limits=_limits(uow, guild_id, caps, now))


def _limits(uow: UnitOfWork, guild_id: int, caps: CapConfig, now: datetime) -> SharedLimits:
    return shared_limits(uow, guild_id, uow.guilds.settings(guild_id), caps, now)
