"""The service with which members export and erase their personal data."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat

from bot.domain.guild_settings import policy_for
from bot.domain.ledger import Balance, allowance_account
from bot.domain.personal_data import (
    NOBODY_ID,
    ErasureSummary,
    Membership,
    PendingRequestsError,
    PersonalRecord,
)
from bot.domain.quotas import Period, Policy, Window, window_of
from bot.services.ports import Clock
from bot.services.privacy.erasure import begin, erase_in_chunks
from bot.services.privacy.retention import RetentionConfig
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataExport:
    """Everything that was stored about a person at one time."""

    record: PersonalRecord
    at: datetime


class PrivacyService:
    """The export and erasure of one person's data in all servers."""

    def __init__(self, store: Store, *, config: RetentionConfig, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._erasing = asyncio.Lock()  # so that other writes never wait for the units of many erasures
        self.rules = config
        """The retention periods."""

    async def export(self, user_id: int) -> PersonalDataExport:
        """Return everything that is stored about the person.

        Raises:
            StoreError: the database cannot be used.
        """
        return PersonalDataExport(record=await self._store.read(_record, user_id), at=self._clock())

    async def preview(self, user_id: int) -> ErasureSummary:
        """Return what `erase` would do now, without changing anything.

        Raises:
            PendingRequestsError: it would be refused.
        """
        return await self._store.read(_preview, user_id, self._policy, self._clock())

    async def erase(self, user_id: int) -> ErasureSummary:
        """Anonymize the person's data; the ledger still balances, and no allowance is granted again.

        Once it has begun, it is finished, if need be after a restart.

        Raises:
            PendingRequestsError: the person has pending requests; nothing was changed.
        """
        now = self._clock()
        begun = await self._store.write(_erase, user_id, self._policy, now)
        async with self._erasing:
            done = await erase_in_chunks(self._store, user_id, now)
        summary = replace(done, until=begun.until, blocked=begun.blocked)
        log.info("erased a person's data: %d requests, %d loves", summary.requests, summary.loves)
        return summary


@reads(Share.REPORTS)
def _record(uow: UnitOfWork, user_id: int) -> PersonalRecord:
    return uow.personal_data.record(user_id)


@reads(Share.REPORTS)
def _preview(uow: UnitOfWork, user_id: int, usual: Policy, now: datetime) -> ErasureSummary:
    _check_nothing_pending(uow, user_id)
    memberships = tuple(uow.personal_data.memberships(user_id))
    return _with_rest(uow, uow.personal_data.count(user_id), memberships, usual, now)


@unit_of_work("privacy.erase")
def _erase(uow: UnitOfWork, user_id: int, usual: Policy, now: datetime) -> ErasureSummary:
    for membership in uow.personal_data.memberships(user_id):
        uow.members.get_for_update(membership.guild_id, user_id)  # locks out new requests of the person
    _check_nothing_pending(uow, user_id)
    memberships = tuple(uow.personal_data.memberships(user_id))
    summary = _with_rest(uow, ErasureSummary(), memberships, usual, now)
    begin(uow, user_id, now)
    for membership in memberships:
        until = _erasure_time(uow, membership, usual, now)
        uow.personal_data.schedule_erasure(membership.guild_id, user_id, erase_at=until)
    return summary


def _check_nothing_pending(uow: UnitOfWork, user_id: int) -> None:
    """Raise if any of the person's requests is pending.

    Raises:
        PendingRequestsError: a request is pending; roll the unit of work back.
    """
    count = uow.personal_data.pending_requests(user_id)
    if count:
        raise PendingRequestsError(count)


def _with_rest(
    uow: UnitOfWork, done: ErasureSummary, memberships: tuple[Membership, ...], usual: Policy, now: datetime
) -> ErasureSummary:
    """Return the summary with when the rest is erased, and how many records moderators' blocks keep."""
    return replace(
        done,
        until=max((_erasure_time(uow, one, usual, now) for one in memberships), default=None),
        blocked=sum(one.member.is_restricted for one in memberships),
    )


def _erasure_time(uow: UnitOfWork, membership: Membership, usual: Policy, now: datetime) -> datetime:
    """Return when all allowances of the member have ended; erased sooner, they would be granted again."""
    # Only the members' row leads to the pseudonym: without it, the next request would open a new account
    # with a new allowance.
    period = policy_for(usual, uow.guilds.settings(membership.guild_id)).period
    in_use = (window for window in map(window_of, Period, repeat(now)) if _has_used(uow, membership, window))
    ends = (window_of(period, now).ends_at, membership.erase_at, *(window.ends_at for window in in_use))
    return max(end for end in ends if end is not None)


def _has_used(uow: UnitOfWork, membership: Membership, window: Window) -> bool:
    """Tell whether the member was granted an allowance in this window, whatever the period is now."""
    member = membership.member
    accounts = (
        allowance_account(membership.guild_id, NOBODY_ID, member.pseudonym, window, generation).id
        for generation in range(member.resets + 1)
    )
    return any(uow.ledger.balance(account) != Balance() for account in accounts)
