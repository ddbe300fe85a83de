"""What members can do about what is kept of them: see it, and have it deleted."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.guild_settings import policy_for
from bot.domain.personal_data import ErasureSummary, Membership, PendingRequestsError, PersonalRecord
from bot.domain.quotas import Policy, window_of
from bot.services.ports import Clock
from bot.services.privacy.retention import RetentionConfig
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataExport:
    """All that was kept about a person at a moment."""

    record: PersonalRecord
    at: datetime


class PrivacyService:
    """One person's data, in all servers at once."""

    def __init__(self, store: Store, *, config: RetentionConfig, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self.rules = config
        """How long what is kept."""

    async def export(self, user_id: int) -> PersonalDataExport:
        """All that is kept about the person.

        Raises:
            StoreError: the database cannot be used.
        """
        return PersonalDataExport(record=await self._store.read(_record, user_id), at=self._clock())

    async def preview(self, user_id: int) -> ErasureSummary:
        """What `forget` would do now; nothing is changed.

        Raises:
            UnderWayError: it would be refused.
        """
        return await self._store.read(_preview, user_id, self._policy, self._clock())

    async def erase(self, user_id: int) -> ErasureSummary:
        """What the person did is nobody's; the books still balance, and no allowance begins anew.

        Raises:
            UnderWayError: the person has requests under way; nothing was changed.
        """
        forgotten = await self._store.write(_forget, user_id, self._policy, self._clock())
        log.info("forgot a person: %d requests, %d ratings", forgotten.requests, forgotten.ratings)
        return forgotten


def _record(uow: UnitOfWork, user_id: int) -> PersonalRecord:
    return uow.personal_data.record(user_id)


def _preview(uow: UnitOfWork, user_id: int, usual: Policy, now: datetime) -> ErasureSummary:
    _refuse_under_way(uow, user_id)
    record = uow.personal_data.record(user_id)
    done = ErasureSummary(
        requests=len(record.requests),
        ratings=len(record.ratings),
        playlists=len(record.playlists),
        decisions=len(record.audit_entries),
    )
    return _with_rest(uow, done, record.memberships, usual, now)


@unit_of_work("privacy.erase")
def _forget(uow: UnitOfWork, user_id: int, usual: Policy, now: datetime) -> ErasureSummary:
    for membership in uow.personal_data.memberships(user_id):
        uow.members.get_for_update(membership.guild_id, user_id)  # nobody places a request for them meanwhile
    done = uow.personal_data.anonymize(user_id)
    _refuse_under_way(uow, user_id)
    memberships = tuple(uow.personal_data.memberships(user_id))
    done = _with_rest(uow, done, memberships, usual, now)
    for membership in memberships:
        until = _forget_at(uow, membership, usual, now)
        uow.personal_data.schedule_erasure(membership.guild_id, user_id, forget_at=until)
    return done


def _refuse_under_way(uow: UnitOfWork, user_id: int) -> None:
    """Nothing happens when all that the person asked for has ended.

    Raises:
        UnderWayError: it has not; the unit of work must not go on.
    """
    count = uow.personal_data.pending_requests(user_id)
    if count:
        raise PendingRequestsError(count)


def _with_rest(
    uow: UnitOfWork, done: ErasureSummary, memberships: tuple[Membership, ...], usual: Policy, now: datetime
) -> ErasureSummary:
    """With what remains for a while, and why."""
    return replace(
        done,
        until=max((_forget_at(uow, one, usual, now) for one in memberships), default=None),
        blocked=sum(one.member.is_restricted for one in memberships),
    )


def _forget_at(uow: UnitOfWork, membership: Membership, usual: Policy, now: datetime) -> datetime:
    """When every allowance that the member has touched is over: sooner, it would begin anew."""
    # Only the members' row leads to the pseudonym: without it, the next request would open a new account
    # with a new allowance.
    period = policy_for(usual, uow.guilds.settings(membership.guild_id)).period
    ends = (
        window_of(period, now).ends_at,
        uow.personal_data.window_end(membership.guild_id, membership.member.pseudonym),
        membership.forget_at,
    )
    return max(end for end in ends if end is not None)
