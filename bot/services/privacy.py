"""What members can do about what is kept of them: see it, and have it deleted."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.guild_settings import policy_for
from bot.domain.people import Forgotten, Membership, Record, UnderWayError
from bot.domain.quota import Policy, window_of
from bot.services.ports import Clock
from bot.services.retention import RetentionRules
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """All that was kept about a person at a moment."""

    record: Record
    at: datetime


class Privacy:
    """One person's data, in all servers at once."""

    def __init__(self, store: Store, *, rules: RetentionRules, policy: Policy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self.rules = rules
        """How long what is kept."""

    async def copy(self, user_id: int) -> Copy:
        """All that is kept about the person.

        Raises:
            StoreError: the database cannot be used.
        """
        return Copy(record=await self._store.read(_record, user_id), at=self._clock())

    async def preview(self, user_id: int) -> Forgotten:
        """What `forget` would do now; nothing is changed.

        Raises:
            UnderWayError: it would be refused.
        """
        return await self._store.read(_preview, user_id, self._policy, self._clock())

    async def forget(self, user_id: int) -> Forgotten:
        """What the person did is nobody's; the books still balance, and no allowance begins anew.

        Raises:
            UnderWayError: the person has requests under way; nothing was changed.
        """
        forgotten = await self._store.write(_forget, user_id, self._policy, self._clock())
        log.info("forgot a person: %d requests, %d ratings", forgotten.requests, forgotten.ratings)
        return forgotten


def _record(work: Work, user_id: int) -> Record:
    return work.people.record(user_id)


def _preview(work: Work, user_id: int, usual: Policy, now: datetime) -> Forgotten:
    _refuse_under_way(work, user_id)
    record = work.people.record(user_id)
    done = Forgotten(
        requests=len(record.requests),
        ratings=len(record.ratings),
        playlists=len(record.playlists),
        decisions=len(record.changes),
    )
    return _with_rest(work, done, record.memberships, usual, now)


@unit_of_work("privacy.erase")
def _forget(work: Work, user_id: int, usual: Policy, now: datetime) -> Forgotten:
    for membership in work.people.memberships(user_id):
        work.members.meet(membership.guild_id, user_id)  # nobody places a request for them meanwhile
    done = work.people.wipe(user_id)
    _refuse_under_way(work, user_id)
    memberships = tuple(work.people.memberships(user_id))
    done = _with_rest(work, done, memberships, usual, now)
    for membership in memberships:
        until = _forget_at(work, membership, usual, now)
        work.people.part(membership.guild_id, user_id, forget_at=until)
    return done


def _refuse_under_way(work: Work, user_id: int) -> None:
    """Nothing happens when all that the person asked for has ended.

    Raises:
        UnderWayError: it has not; the unit of work must not go on.
    """
    count = work.people.under_way(user_id)
    if count:
        raise UnderWayError(count)


def _with_rest(
    work: Work, done: Forgotten, memberships: tuple[Membership, ...], usual: Policy, now: datetime
) -> Forgotten:
    """With what remains for a while, and why."""
    return replace(
        done,
        until=max((_forget_at(work, one, usual, now) for one in memberships), default=None),
        blocked=sum(one.standing.restricts for one in memberships),
    )


def _forget_at(work: Work, membership: Membership, usual: Policy, now: datetime) -> datetime:
    """When every allowance that the member has touched is over: sooner, it would begin anew."""
    period = policy_for(usual, work.guilds.settings(membership.guild_id)).period
    ends = (
        window_of(period, now).ends_at,
        work.people.window_end(membership.guild_id, membership.standing.pseudonym),
        membership.forget_at,
    )
    return max(end for end in ends if end is not None)
