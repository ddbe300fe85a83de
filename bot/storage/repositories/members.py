"""The members: their places, decided by one conditional update, and what moderators settled for them."""

from datetime import datetime, timedelta
from functools import cache
from uuid import uuid4

from sqlalchemy import Connection, Row, bindparam, exists, or_, select, update
from typing_extensions import override

from bot.domain.errors import ActiveLimitError, BackoffError, BlockedError, CooldownError, StoreError
from bot.domain.guild_settings import MemberRecord
from bot.domain.scheduling import LONGEST_BACKOFF_S, backoff_end
from bot.services.repositories.guilds import Members
from bot.storage.sql import Upsert, upsert
from bot.storage.tables import guilds, members

_c = members.c
_IS_MEMBER = (_c.guild_id == bindparam("guild")) & (_c.user_id == bindparam("user"))
_STANDING = (
    _c.pseudonym,
    _c.allowance,
    _c.blocked,
    _c.reset_in,
    _c.resets,
    _c.failures,
    _c.backoff_until,
)
# farther ahead than the longest is a wrong clock's: the same as in `held_until`
_IS_HELD = _c.backoff_until.between(bindparam("held_after"), bindparam("held_at_most"))
_IS_COOLING = _c.last_placed_at.between(bindparam("cool_after"), bindparam("cool_at_most"))
_TAKE = (
    update(members)
    .where(
        _IS_MEMBER,
        _c.blocked.is_(None),
        _c.active < bindparam("at_most"),
        or_(_c.last_placed_at.is_(None), ~_IS_COOLING),
        or_(_c.backoff_until.is_(None), ~_IS_HELD),
    )
    .values(active=_c.active + 1, last_placed_at=bindparam("now"), forget_at=None)
    .returning(*_STANDING)
)
_FREE = update(members).where(_IS_MEMBER, _c.active > 0).values(active=_c.active - 1)
_FREE_FORGIVEN = _FREE.values(failures=0, backoff_until=None)
_TURN = update(members).where(_IS_MEMBER).values(last_turn_at=bindparam("now"))
_FIND = select(*_STANDING, _c.active, _c.last_placed_at).where(_IS_MEMBER)
_LOCK = _FIND.with_for_update()
_SETTLE = update(members).where(_IS_MEMBER)
_ANYBODY_HELD = select(exists().where(_IS_HELD))


class SqlMembers(Members):
    """The members, as one transaction sees them."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @override
    def acquire_slot(
        self, guild_id: int, user_id: int, *, limit: int, cooldown_s: int, now: datetime
    ) -> MemberRecord:
        member = {"guild": guild_id, "user": user_id}
        cooldown = timedelta(seconds=cooldown_s)
        # farther ahead than the cool-down is a wrong clock's; with none, there is nothing between the two
        cool = {"cool_after": now - cooldown + timedelta(microseconds=1), "cool_at_most": now + cooldown}
        terms = member | {"at_most": limit, "now": now} | cool | _held(now)
        taken = self._conn.execute(_TAKE, terms).first()
        if taken is None:  # refused, or new here: perhaps met by another process at this very moment
            self._meet(guild_id, user_id)
            taken = self._conn.execute(_TAKE, terms).first()
        if taken is not None:
            return standing_of(taken)
        found = self._conn.execute(_FIND, member).one()
        if found.blocked is not None:
            raise BlockedError(found.blocked)
        until = backoff_end(found.backoff_until, now)
        if until is not None:
            raise BackoffError(until)
        if found.active >= limit:
            raise ActiveLimitError(limit)
        raise CooldownError(found.last_placed_at + cooldown)

    @override
    def release_slot(self, guild_id: int, user_id: int, *, forgive: bool = False) -> None:
        free = _FREE_FORGIVEN if forgive else _FREE
        if self._conn.execute(free, {"guild": guild_id, "user": user_id}).rowcount != 1:
            raise StoreError(f"Member {user_id} of server {guild_id} has no request under way to count off.")

    @override
    def find(self, guild_id: int, user_id: int) -> MemberRecord:
        row = self._conn.execute(_FIND, {"guild": guild_id, "user": user_id}).first()
        return MemberRecord() if row is None else standing_of(row)

    @override
    def get_for_update(self, guild_id: int, user_id: int) -> MemberRecord:
        self._meet(guild_id, user_id)
        return standing_of(self._conn.execute(_LOCK, {"guild": guild_id, "user": user_id}).one())

    @override
    def update(self, guild_id: int, user_id: int, member: MemberRecord) -> None:
        settled = {
            "allowance": member.allowance,
            "blocked": member.blocked,
            "reset_in": member.reset_in,
            "resets": member.resets,
            "failures": member.failures,
            "backoff_until": member.backoff_until,
        }
        self._conn.execute(_SETTLE, {"guild": guild_id, "user": user_id, **settled})

    @override
    def record_turn(self, guild_id: int, user_id: int, *, now: datetime) -> None:
        turn = {"guild": guild_id, "user": user_id, "now": now}
        self._conn.execute(_TURN, turn)
        self._conn.execute(_guild_turn(self._conn.dialect.name), {"guild_id": guild_id, "last_turn_at": now})

    @override
    def has_backoffs(self, now: datetime) -> bool:
        return bool(self._conn.execute(_ANYBODY_HELD, _held(now)).scalar_one())

    def _meet(self, guild_id: int, user_id: int) -> None:
        row = {
            "guild_id": guild_id,
            "user_id": user_id,
            "active": 0,
            "resets": 0,
            "failures": 0,
            # chance, not a function of the ids: the accounts outlive what is known of the person
            "pseudonym": uuid4().hex,
        }
        self._conn.execute(_new(self._conn.dialect.name), row)


def standing_of(row: Row[*tuple[object, ...]]) -> MemberRecord:
    """The standing in a row of its columns."""
    return MemberRecord(
        pseudonym=row.pseudonym,
        allowance=row.allowance,
        blocked=row.blocked,
        reset_in=row.reset_in,
        resets=row.resets,
        failures=row.failures,
        backoff_until=row.backoff_until,
    )


def _held(now: datetime) -> dict[str, object]:
    """Between which moments a backoff ends that is in force."""
    return {
        "held_after": now + timedelta(microseconds=1),
        "held_at_most": now + timedelta(seconds=LONGEST_BACKOFF_S),
    }


@cache
def _guild_turn(dialect: str) -> Upsert:
    statement = upsert(dialect, guilds)
    return statement.on_conflict_do_update(
        index_elements=["guild_id"], set_={"last_turn_at": statement.excluded["last_turn_at"]}
    )


@cache
def _new(dialect: str) -> Upsert:
    return upsert(dialect, members).on_conflict_do_nothing()
