"""How many requests each member has under way, decided by one conditional update."""

from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import Connection, bindparam, or_, select, update

from bot.domain.errors import ActiveLimitError, CooldownError, StoreError
from bot.storage.tables import guilds, members
from bot.storage.upserts import Upsert, upsert

_EVER = datetime.max.replace(tzinfo=UTC)
_c = members.c
_IS_MEMBER = (_c.guild_id == bindparam("guild")) & (_c.user_id == bindparam("user"))
_TAKE = (
    update(members)
    .where(
        _IS_MEMBER,
        _c.active < bindparam("at_most"),
        or_(_c.last_placed_at.is_(None), _c.last_placed_at <= bindparam("placed_until")),
    )
    .values(active=_c.active + 1, last_placed_at=bindparam("now"))
)
_FREE = update(members).where(_IS_MEMBER, _c.active > 0).values(active=_c.active - 1)
_TURN = update(members).where(_IS_MEMBER).values(last_turn_at=bindparam("now"))
_FIND = select(_c.active, _c.last_placed_at).where(_IS_MEMBER)


class SqlMembers:
    """The members' places, as one transaction sees them."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def take_slot(self, guild_id: int, user_id: int, *, limit: int, cooldown_s: int, now: datetime) -> None:
        """Count one more request of the member.

        Raises:
            ActiveLimitError: `limit` requests are under way.
            CooldownError: the last one was placed less than `cooldown_s` seconds ago.
        """
        member = {"guild": guild_id, "user": user_id}
        cooldown = timedelta(seconds=cooldown_s)
        self._conn.execute(_meet(self._conn.dialect.name), member)
        placed_until = now - cooldown if cooldown_s else _EVER  # another machine's clock may be ahead
        terms = {"at_most": limit, "placed_until": placed_until, "now": now}
        if self._conn.execute(_TAKE, member | terms).rowcount == 1:
            return
        active, last_placed_at = self._conn.execute(_FIND, member).one()
        if active >= limit:
            raise ActiveLimitError(limit)
        raise CooldownError(last_placed_at + cooldown)

    def free_slot(self, guild_id: int, user_id: int) -> None:
        """Count one request less.

        Raises:
            StoreError: the member has none under way, which is a breach of the books.
        """
        if self._conn.execute(_FREE, {"guild": guild_id, "user": user_id}).rowcount != 1:
            raise StoreError(f"Member {user_id} of server {guild_id} has no request under way to count off.")

    def had_turn(self, guild_id: int, user_id: int, *, now: datetime) -> None:
        """The provider has taken a request of this member, who is now behind the others of the line."""
        turn = {"guild": guild_id, "user": user_id, "now": now}
        self._conn.execute(_TURN, turn)
        self._conn.execute(_guild_turn(self._conn.dialect.name), {"guild_id": guild_id, "last_turn_at": now})


@cache
def _guild_turn(dialect: str) -> Upsert:
    statement = upsert(dialect, guilds)
    return statement.on_conflict_do_update(
        index_elements=["guild_id"], set_={"last_turn_at": statement.excluded["last_turn_at"]}
    )


@cache
def _meet(dialect: str) -> Upsert:
    row = {"guild_id": bindparam("guild"), "user_id": bindparam("user"), "active": 0}
    return upsert(dialect, members).values(row).on_conflict_do_nothing()
