"""The data about one person in all tables: its export and its erasure."""

from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from typing_extensions import override

from bot.domain.audit import Action
from bot.domain.ledger import AccountKind, Balance
from bot.domain.personal_data import (
    NOBODY_ID,
    AccountRecord,
    ErasureSummary,
    Love,
    Membership,
    PersonalRecord,
    RequestEvent,
    SavedPlaylist,
)
from bot.domain.requests import ACTIVE, State
from bot.services.repositories.personal_data import PersonalData
from bot.storage.repositories.audit_log import entry_of
from bot.storage.repositories.erasure import disown_accounts, erase_requests, redact_audit_entries
from bot.storage.repositories.guilds import member_record_of
from bot.storage.repositories.ledger import SqlLedger
from bot.storage.repositories.library import count_loves
from bot.storage.repositories.request_mapping import request_of
from bot.storage.repositories.usage import erase_usage
from bot.storage.sql import SqlRepository
from bot.storage.tables import (
    IS_ACTIVE,
    accounts,
    audit_log,
    events,
    loves,
    members,
    outbox,
    playlists,
    requests,
)

UNLIMITED = 2**31
"""A limit that nothing of one member reaches."""
LONGEST_WINDOW = timedelta(days=31)
"""The windows that began earlier have ended."""

_r, _a = requests.c, accounts.c
_IS_BACK = exists().where(_r.guild_id == _a.guild_id, _r.user_id == _a.user_id)
"""Selects accounts of members who have requested songs since their erasure began."""

_EVENTS = select(events).join(requests, requests.c.id == events.c.request_id)
_LOVES = select(loves, requests.c.guild_id).join(requests, requests.c.id == loves.c.request_id)


class SqlPersonalData(SqlRepository, PersonalData):
    """The personal data in one transaction."""

    @override
    def record(self, user_id: int) -> PersonalRecord:
        conn, memberships = self._conn, self.memberships(user_id)
        queries, guild_ids = SqlLedger(conn), self._guilds(user_id)
        mine = requests.c.user_id == user_id, requests.c.guild_id.in_(guild_ids)
        placed = select(requests).where(*mine).order_by(requests.c.placed_at, requests.c.id)
        return PersonalRecord(
            user_id=user_id,
            memberships=tuple(memberships),
            requests=tuple(request_of(row) for row in conn.execute(placed)),
            events=self._events(user_id, guild_ids),
            loves=self._loves(user_id),
            playlists=self._playlists(user_id),
            audit_entries=tuple(
                entry_of(row) for row in conn.execute(select(audit_log).where(_names(user_id)))
            ),
            accounts=self._accounts(user_id, guild_ids),
            entries={
                guild_id: tuple(queries.entries(guild_id, user_id, limit=UNLIMITED)) for guild_id in guild_ids
            },
        )

    @override
    def memberships(self, user_id: int) -> list[Membership]:
        rows = select(members).where(members.c.user_id == user_id).order_by(members.c.guild_id)
        return [
            Membership(
                guild_id=row.guild_id,
                member=member_record_of(row),
                active=row.active,
                last_placed_at=row.last_placed_at,
                last_turn_at=row.last_turn_at,
                erase_at=row.erase_at,
            )
            for row in self._conn.execute(rows)
        ]

    @override
    def count(self, user_id: int) -> ErasureSummary:
        mine = requests.c.user_id == user_id, requests.c.guild_id.in_(self._guilds(user_id))
        return ErasureSummary(
            requests=self._count(*mine),
            loves=self._count(loves.c.user_id == user_id),
            playlists=self._count(playlists.c.added_by == user_id),
            decisions=self._count(_names(user_id)),
        )

    @override
    def pending_requests(self, user_id: int) -> int:
        mine = requests.c.user_id == user_id, requests.c.guild_id.in_(self._guilds(user_id))
        active = select(requests.c.id).where(*mine, requests.c.state.in_(sorted(ACTIVE)), IS_ACTIVE)
        # by the due messages, which are few, and not by all that the person ever requested: PostgreSQL may
        # turn an EXISTS into a join that reads those once for each message
        owner = (
            select(requests.c.user_id)
            .where(requests.c.id == outbox.c.source_id, requests.c.guild_id.in_(self._guilds(user_id)))
            .scalar_subquery()
        )
        unsent = select(outbox.c.source_id).where(outbox.c.due_at.is_not(None), owner == user_id)
        return len({*self._conn.scalars(active), *self._conn.scalars(unsent)})

    def _count(self, *which: ColumnElement[bool]) -> int:
        """Return how many rows of a table match."""
        return int(self._conn.execute(select(func.count()).where(*which)).scalar_one())

    @override
    def anonymize(self, user_id: int, *, before: datetime, limit: int) -> tuple[ErasureSummary, bool]:
        erased = self._erase_requests(user_id, before, limit)
        left = limit - erased
        # after the requests: a request that names its member is paid from that member's accounts
        left -= self._disown(user_id, _a.window_starts_at <= before - LONGEST_WINDOW, limit=left)
        loved = self._erase_loves(user_id, left)
        left = max(0, left - loved)  # both clips of the last song are erased
        decisions = 0
        for which in (audit_log.c.actor_id == user_id, self._about(user_id)):
            decisions += redact_audit_entries(self._conn, which, user_id, limit=left - decisions)
        is_last = left > decisions
        saved = self._erase_playlists(user_id) if is_last else 0  # it reads all playlists: once is enough
        if is_last:  # the accounts of windows in use, and of the bonus
            # who requests a song at this moment is back, or not yet: placing locks the member first
            mine = select(members.c.guild_id).where(members.c.user_id == user_id)
            self._conn.execute(mine.order_by(members.c.guild_id).with_for_update())
            for in_use in (_a.window_starts_at.is_(None), _a.window_starts_at > before - LONGEST_WINDOW):
                self._disown(user_id, in_use & ~_IS_BACK, limit=UNLIMITED)
        return ErasureSummary(requests=erased, loves=loved, playlists=saved, decisions=decisions), is_last

    def _disown(self, user_id: int, which: ColumnElement[bool], *, limit: int) -> int:
        mine = _a.guild_id.in_(self._guilds(user_id)) & (_a.user_id == user_id)
        return disown_accounts(self._conn, mine & which, limit=limit)

    def _erase_playlists(self, user_id: int) -> int:
        saved = update(playlists).where(playlists.c.added_by == user_id)
        return self._conn.execute(saved.values(added_by=NOBODY_ID)).rowcount

    def _erase_requests(self, user_id: int, before: datetime, limit: int) -> int:
        erased = 0
        for guild_id in self._guilds(user_id):
            mine = (_r.guild_id == guild_id) & (_r.user_id == user_id) & (_r.placed_at <= before)
            erased += erase_requests(self._conn, mine, limit=limit - erased)
        return erased

    def _erase_loves(self, user_id: int, limit: int) -> int:
        loved = select(loves.c.request_id).where(loves.c.user_id == user_id).limit(limit)
        ids = list({*self._conn.scalars(loved)})
        own = (loves.c.user_id == user_id) & loves.c.request_id.in_(ids)
        deleted = self._conn.execute(delete(loves).where(own)).rowcount
        if ids:
            count_loves(self._conn, ids)
        return deleted

    def _about(self, user_id: int) -> ColumnElement[bool]:
        """Return the condition for the audit entries about the person that are not in force."""
        blocked = select(members.c.guild_id).where(
            members.c.user_id == user_id, members.c.blocked.is_not(None)
        )
        in_force = (audit_log.c.action == Action.BLOCK) & audit_log.c.guild_id.in_(blocked)
        return (audit_log.c.subject_id == user_id) & ~in_force

    @override
    def schedule_erasure(self, guild_id: int, user_id: int, *, erase_at: datetime) -> None:
        erase_usage(self._conn, guild_id, user_id)  # now: what the member uses from here on is counted apart
        member = (members.c.guild_id == guild_id) & (members.c.user_id == user_id)
        self._conn.execute(update(members).where(member).values(erase_at=erase_at))

    def _guilds(self, user_id: int) -> list[int]:
        """Return the servers in which the person has, or had, requests and credits."""
        return list(
            self._conn.execute(
                select(members.c.guild_id).where(members.c.user_id == user_id).order_by(members.c.guild_id)
            ).scalars()
        )

    def _events(self, user_id: int, guild_ids: list[int]) -> dict[int, tuple[RequestEvent, ...]]:
        found = self._conn.execute(
            _EVENTS.where(requests.c.user_id == user_id, requests.c.guild_id.in_(guild_ids)).order_by(
                events.c.request_id, events.c.seq
            )
        )
        return {
            request_id: tuple(
                RequestEvent(transition=row.transition, state=State(row.state), at=row.at, detail=row.detail)
                for row in rows
            )
            for request_id, rows in groupby(found, key=lambda row: int(row.request_id))
        }

    def _loves(self, user_id: int) -> tuple[Love, ...]:
        own = _LOVES.where(loves.c.user_id == user_id)
        found = self._conn.execute(own.order_by(loves.c.at, loves.c.request_id, loves.c.clip))
        return tuple(
            Love(
                request_id=row.request_id,
                guild_id=row.guild_id,
                clip=row.clip,
                is_loved=row.is_loved,
                at=row.at,
            )
            for row in found
        )

    def _playlists(self, user_id: int) -> tuple[SavedPlaylist, ...]:
        found = self._conn.execute(select(playlists).where(playlists.c.added_by == user_id))
        return tuple(
            SavedPlaylist(
                guild_id=row.guild_id, name=row.name, playlist_id=row.playlist_id, added_at=row.added_at
            )
            for row in found
        )

    def _accounts(self, user_id: int, guild_ids: list[int]) -> tuple[AccountRecord, ...]:
        mine = select(accounts).where(
            accounts.c.guild_id.in_(guild_ids),
            accounts.c.user_id == user_id,
            accounts.c.kind == AccountKind.MEMBER,
        )
        return tuple(
            AccountRecord(
                guild_id=row.guild_id,
                account_id=row.id,
                window_key=row.window_key,
                window_ends_at=row.window_ends_at,
                balance=Balance(row.credits_posted, row.debits_pending, row.debits_posted),
            )
            for row in self._conn.execute(mine.order_by(accounts.c.window_ends_at, accounts.c.id))
        )


def _names(user_id: int) -> ColumnElement[bool]:
    """Return the condition for audit entries by or about the person."""
    return or_(audit_log.c.actor_id == user_id, audit_log.c.subject_id == user_id)
