"""The servers' settings and members: slots are acquired by one conditional update."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from uuid import uuid4

from sqlalchemy import Row, bindparam, case, exists, func, or_, select, update
from typing_extensions import override

from bot.domain.errors import ActiveLimitError, BackoffError, BlockedError, CooldownError, StoreError
from bot.domain.guild_settings import GuildSettings, MemberRecord
from bot.domain.quotas import Period, window_of
from bot.domain.scheduling import MEMBER_BACKOFF, Pause, backoff_end
from bot.domain.welcomes import Welcome
from bot.services.ports import WorkQueue
from bot.services.repositories.guilds import Guilds, Members
from bot.storage.advisory_locks import AdvisoryLock, lock
from bot.storage.sql import SqlRepository, Upsert, upsert
from bot.storage.tables import guild_settings, guilds, members

_c = guild_settings.c
_FIND = select(_c.settings).where(_c.guild_id == bindparam("guild"))
_FIND_FOR_SHARE = _FIND.with_for_update(read=True)
_FIND_FOR_UPDATE = _FIND.with_for_update()
_UPDATE = update(guild_settings).where(_c.guild_id == bindparam("guild"))
_PAUSED = select(_c.guild_id, _c.settings).where(_c.paused)
# a member whose erasure is scheduled does not count: the bot may have left that server long ago
_WITH_DATA = select(_c.guild_id).union(select(members.c.guild_id).where(members.c.erase_at.is_(None)))
_LEFT = select(guilds.c.guild_id, guilds.c.left_at)
_IS_KNOWN = select(
    or_(
        exists().where(_c.guild_id == bindparam("guild")),
        exists().where(members.c.guild_id == bindparam("guild"), members.c.erase_at.is_(None)),
        exists().where(guilds.c.guild_id == bindparam("guild")),
    )
)
_LAST_TURNS = select(guilds.c.guild_id, guilds.c.last_turn_at).where(guilds.c.last_turn_at.is_not(None))
_WELCOME = select(guilds.c.welcome).where(guilds.c.guild_id == bindparam("guild"))
_MARK_JOINED = update(guilds).where(guilds.c.guild_id == bindparam("guild")).values(left_at=None)


class SqlGuilds(SqlRepository, Guilds):
    """The servers' settings in one transaction; those who place requests lock them in share mode."""

    @override
    def settings(self, guild_id: int) -> GuildSettings:
        found: GuildSettings | None = self._conn.execute(_FIND, {"guild": guild_id}).scalar()
        return found or GuildSettings()

    @override
    def get_for_share(self, guild_id: int) -> GuildSettings:
        found: GuildSettings | None = self._conn.execute(_FIND_FOR_SHARE, {"guild": guild_id}).scalar()
        if found is None:  # a missing row cannot be locked
            self._create_if_missing(guild_id)
            return self.get_for_share(guild_id)
        return found

    @override
    def get_for_update(self, guild_id: int) -> GuildSettings:
        self._create_if_missing(guild_id)
        settings: GuildSettings = self._conn.execute(_FIND_FOR_UPDATE, {"guild": guild_id}).scalar_one()
        return settings

    @override
    def update(self, guild_id: int, settings: GuildSettings) -> None:
        row = {"settings": settings, "paused": settings.paused is not None}
        self._conn.execute(_UPDATE, {"guild": guild_id, **row})
        self._notify(WorkQueue.SUBMISSIONS)  # the server may be paused no longer

    @override
    def paused(self, now: datetime) -> dict[int, Pause]:
        rows = self._conn.execute(_PAUSED)
        return {row.guild_id: pause for row in rows if (pause := row.settings.pause(now))}

    @override
    def end_pauses(self, now: datetime) -> list[int]:
        ended = [row.guild_id for row in self._conn.execute(_PAUSED) if not row.settings.pause(now)]
        for guild_id in sorted(ended):
            self.update(guild_id, self.get_for_update(guild_id).as_of(now))
        return ended

    @override
    def known(self) -> dict[int, datetime | None]:
        known: dict[int, datetime | None] = dict.fromkeys(self._conn.execute(_WITH_DATA).scalars())
        return known | {row.guild_id: row.left_at for row in self._conn.execute(_LEFT)}

    @override
    def is_known(self, guild_id: int) -> bool:
        return bool(self._conn.execute(_IS_KNOWN, {"guild": guild_id}).scalar_one())

    @override
    def last_turns(self) -> dict[int, datetime]:
        return {row.guild_id: row.last_turn_at for row in self._conn.execute(_LAST_TURNS)}

    @override
    def lock_membership(self) -> None:
        lock(self._conn, AdvisoryLock.GUILD_MEMBERSHIP)

    @override
    def mark_left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        if guild_ids:
            rows = [{"guild_id": guild_id, "left_at": at} for guild_id in sorted(guild_ids)]
            self._conn.execute(_mark_left(self._conn.dialect.name), rows)

    @override
    def mark_joined(self, guild_ids: Collection[int]) -> None:
        if guild_ids:
            self._conn.execute(_MARK_JOINED, [{"guild": guild_id} for guild_id in sorted(guild_ids)])

    @override
    def welcome(self, guild_id: int) -> Welcome | None:
        stored: str | None = self._conn.execute(_WELCOME, {"guild": guild_id}).scalar()
        return None if stored is None else Welcome.parse(stored)

    @override
    def put_welcome(self, welcome: Welcome) -> None:
        row = {"guild_id": welcome.guild_id, "welcome": str(welcome)}
        self._conn.execute(_put_welcome(self._conn.dialect.name), row)

    def _create_if_missing(self, guild_id: int) -> None:
        row = {"guild_id": guild_id, "settings": GuildSettings(), "paused": False}
        self._conn.execute(_insert(self._conn.dialect.name), row)


@cache
def _insert(dialect: str) -> Upsert:
    return upsert(dialect, guild_settings).on_conflict_do_nothing()


@cache
def _mark_left(dialect: str) -> Upsert:
    statement = upsert(dialect, guilds)
    return statement.on_conflict_do_update(
        index_elements=["guild_id"],
        set_={"left_at": func.coalesce(guilds.c.left_at, statement.excluded["left_at"])},
    )


@cache
def _put_welcome(dialect: str) -> Upsert:
    statement = upsert(dialect, guilds)
    return statement.on_conflict_do_update(
        index_elements=["guild_id"], set_={"welcome": statement.excluded["welcome"]}
    )


_m = members.c
_IS_MEMBER = (_m.guild_id == bindparam("guild")) & (_m.user_id == bindparam("user"))
_RECORD = (
    _m.pseudonym,
    _m.allowance,
    _m.blocked,
    _m.reset_in,
    _m.resets,
    _m.failures,
    _m.backoff_until,
    _m.placed_today,
)
# a backoff longer than the longest was written under a wrong clock: the same as in `backoff_end`
_IN_BACKOFF = _m.backoff_until.between(bindparam("held_after"), bindparam("held_at_most"))
_IN_COOLDOWN = _m.last_placed_at.between(bindparam("cool_after"), bindparam("cool_at_most"))
_PLACED_TODAY = _m.last_placed_at.between(bindparam("day_starts"), bindparam("day_ends"))
_ACQUIRE_SLOT = (
    update(members)
    .where(
        _IS_MEMBER,
        _m.blocked.is_(None),
        _m.active < bindparam("at_most"),
        or_(_m.last_placed_at.is_(None), ~_IN_COOLDOWN),
        or_(_m.backoff_until.is_(None), ~_IN_BACKOFF),
    )
    .values(
        active=_m.active + 1,
        last_placed_at=bindparam("now"),
        placed_today=case((_PLACED_TODAY, _m.placed_today + 1), else_=1),
        erase_at=None,
    )
    .returning(*_RECORD)
)
_RELEASE_SLOT = update(members).where(_IS_MEMBER, _m.active > 0).values(active=_m.active - 1)
_RELEASE_SLOT_FORGIVEN = _RELEASE_SLOT.values(failures=0, backoff_until=None)
_RECORD_TURN = update(members).where(_IS_MEMBER).values(last_turn_at=bindparam("now"))
_FIND_MEMBER = select(*_RECORD, _m.active, _m.last_placed_at).where(_IS_MEMBER)
_FIND_MEMBER_FOR_UPDATE = _FIND_MEMBER.with_for_update()
_UPDATE_MEMBER = update(members).where(_IS_MEMBER)
_HAS_BACKOFFS = select(exists().where(_IN_BACKOFF))


class SqlMembers(SqlRepository, Members):
    """The members in one transaction."""

    @override
    def add_active_request(
        self, guild_id: int, user_id: int, *, limit: int, cooldown_s: int, now: datetime
    ) -> MemberRecord:
        member = {"guild": guild_id, "user": user_id}
        cooldown = timedelta(seconds=cooldown_s)
        # a time farther ahead than the cooldown comes from a wrong clock; without a cooldown, nothing matches
        cool = {"cool_after": now - cooldown + timedelta(microseconds=1), "cool_at_most": now + cooldown}
        today = window_of(Period.DAY, now)
        day = {"day_starts": today.starts_at, "day_ends": today.ends_at - timedelta(microseconds=1)}
        terms = member | {"at_most": limit, "now": now} | cool | day | _backoff_terms(now)
        acquired = self._conn.execute(_ACQUIRE_SLOT, terms).first()
        if acquired is None:  # refused, or new here, perhaps created by another process right now
            self._create_if_missing(guild_id, user_id)
            acquired = self._conn.execute(_ACQUIRE_SLOT, terms).first()
        if acquired is not None:
            return member_record_of(acquired)
        found = self._conn.execute(_FIND_MEMBER, member).one()
        if found.blocked is not None:
            raise BlockedError(found.blocked)
        until = backoff_end(found.backoff_until, now)
        if until is not None:
            raise BackoffError(until)
        if found.active >= limit:
            raise ActiveLimitError(limit)
        raise CooldownError(found.last_placed_at + cooldown)

    @override
    def remove_active_request(self, guild_id: int, user_id: int, *, forgive: bool = False) -> None:
        release = _RELEASE_SLOT_FORGIVEN if forgive else _RELEASE_SLOT
        if self._conn.execute(release, {"guild": guild_id, "user": user_id}).rowcount != 1:
            raise StoreError(
                f"Member {user_id} of server {guild_id} has no active request whose slot could be released."
            )

    @override
    def find(self, guild_id: int, user_id: int) -> MemberRecord:
        row = self._conn.execute(_FIND_MEMBER, {"guild": guild_id, "user": user_id}).first()
        return MemberRecord() if row is None else member_record_of(row)

    @override
    def get_for_update(self, guild_id: int, user_id: int) -> MemberRecord:
        self._create_if_missing(guild_id, user_id)
        return member_record_of(
            self._conn.execute(_FIND_MEMBER_FOR_UPDATE, {"guild": guild_id, "user": user_id}).one()
        )

    @override
    def update(self, guild_id: int, user_id: int, member: MemberRecord) -> None:
        values = {
            "allowance": member.allowance,
            "blocked": member.blocked,
            "reset_in": member.reset_in,
            "resets": member.resets,
            "failures": member.failures,
            "backoff_until": member.backoff_until,
        }
        self._conn.execute(_UPDATE_MEMBER, {"guild": guild_id, "user": user_id, **values})

    @override
    def record_turn(self, guild_id: int, user_id: int, *, now: datetime) -> None:
        turn = {"guild": guild_id, "user": user_id, "now": now}
        self._conn.execute(_RECORD_TURN, turn)
        self._conn.execute(
            _record_guild_turn(self._conn.dialect.name), {"guild_id": guild_id, "last_turn_at": now}
        )

    @override
    def has_backoffs(self, now: datetime) -> bool:
        return bool(self._conn.execute(_HAS_BACKOFFS, _backoff_terms(now)).scalar_one())

    def _create_if_missing(self, guild_id: int, user_id: int) -> None:
        row = {
            "guild_id": guild_id,
            "user_id": user_id,
            "active": 0,
            "resets": 0,
            "failures": 0,
            # random, not derived from the ids: the accounts outlive the erasure of the person
            "pseudonym": uuid4().hex,
        }
        self._conn.execute(_insert_member(self._conn.dialect.name), row)


def member_record_of(row: Row[*tuple[object, ...]]) -> MemberRecord:
    """Build the member record from a row of its columns."""
    return MemberRecord(
        pseudonym=row.pseudonym,
        allowance=row.allowance,
        blocked=row.blocked,
        reset_in=row.reset_in,
        resets=row.resets,
        failures=row.failures,
        backoff_until=row.backoff_until,
        placed_today=row.placed_today,
    )


def _backoff_terms(now: datetime) -> dict[str, object]:
    """Return the bind values between which a backoff ends that is in force."""
    return {
        "held_after": now + timedelta(microseconds=1),
        "held_at_most": now + timedelta(seconds=MEMBER_BACKOFF.max_s),
    }


@cache
def _record_guild_turn(dialect: str) -> Upsert:
    statement = upsert(dialect, guilds)
    return statement.on_conflict_do_update(
        index_elements=["guild_id"], set_={"last_turn_at": statement.excluded["last_turn_at"]}
    )


@cache
def _insert_member(dialect: str) -> Upsert:
    return upsert(dialect, members).on_conflict_do_nothing()
