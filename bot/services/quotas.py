"""What members may spend and have spent."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.ledger import Balance, Entry, allowance_account
from bot.domain.quota import Period, Policy, Window, window_of
from bot.services.ports import Clock
from bot.services.reports import Report, report_of
from bot.services.work import Store, Work

ENTRIES = 10
"""How many of the last transfers a statement shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The truth about one member's credits."""

    available: int
    held: int
    """Held by requests under way, from whichever window they were placed in."""
    used: int
    """In this window."""
    bonus: int
    """Credits without a period, part of `available`."""
    resets_at: datetime
    allowance: int
    period: Period
    entries: tuple[Entry, ...]
    """Newest first."""


class Quotas:
    """Members' credits."""

    def __init__(self, store: Store, *, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock

    async def statement(self, guild_id: int, user_id: int) -> Statement:
        """What a member has, holds and has used now.

        Raises:
            StoreError: the database cannot be used.
        """
        window = window_of(self._policy.period, self._clock())
        return await self._store.read(_statement, guild_id, user_id, self._policy, window)

    async def report(self, guild_id: int, days: int) -> Report:
        """What a server's members used in the last `days` days, 1 to 366; today (UTC) is one of them.

        Raises:
            StoreError: the database cannot be used.
        """
        now = self._clock()
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        uses = await self._store.read(_uses, guild_id, today - timedelta(days=days - 1))
        return report_of(uses, guild_id=guild_id, days=days, now=now)


def _statement(work: Work, guild_id: int, user_id: int, policy: Policy, window: Window) -> Statement:
    balance = work.ledger.balance(allowance_account(guild_id, user_id, window))
    if balance == Balance():  # nothing was ever spent in this window: its allowance is granted at first use
        balance = Balance(granted=policy.allowance)
    return Statement(
        available=balance.available,
        held=work.ledger.held_by(guild_id, user_id),
        used=balance.used,
        bonus=0,
        resets_at=window.ends_at,
        allowance=policy.allowance,
        period=policy.period,
        entries=tuple(work.ledger.entries(guild_id, user_id, limit=ENTRIES)),
    )


def _uses(work: Work, guild_id: int, since: datetime) -> list[tuple[datetime, int, int]]:
    return work.ledger.uses(guild_id, since=since)
