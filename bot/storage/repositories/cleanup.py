"""The erasure of old data, a bounded number of rows in each transaction."""

from datetime import datetime, timedelta

from sqlalchemy import and_, case, delete, exists, func, or_, select, update
from typing_extensions import override

from bot.domain.personal_data import NOBODY_ID
from bot.services.repositories.outbox import MessageKind
from bot.services.repositories.personal_data import Cleanup
from bot.storage.repositories.erasure import disown_credits, erase_requests, redact_audit_entries
from bot.storage.repositories.guilds import SqlGuilds
from bot.storage.repositories.leasing import TIME_LIMITS, prolong_leases
from bot.storage.sql import SqlRepository
from bot.storage.tables import (
    HAS_WORDS,
    accounts,
    audit_log,
    guild_settings,
    guilds,
    members,
    outbox,
    playlists,
    requests,
)

_r, _m, _o = requests.c, members.c, outbox.c
_IS_RESTRICTED = or_(_m.blocked.is_not(None), and_(_m.allowance.is_not(None), _m.allowance == 0))
"""Selects members whom moderators keep from requesting songs: erasure must not lift that."""
_HAS_SETTINGS = exists().where(guild_settings.c.guild_id == _m.guild_id)
"""Selects members of servers with stored settings: the bot is there, or left it recently."""
RESTRICTION_RETENTION = timedelta(days=365)
"""How long restrictions on members are kept after the bot left: inviting it again must not lift them."""


class SqlCleanup(SqlRepository, Cleanup):
    """The erasure of old data in one transaction."""

    @override
    def has_future_times(self, *, now: datetime) -> bool:
        return any(limit.is_exceeded(self._conn, now) for limit in TIME_LIMITS)

    @override
    def reset_future_times(self, *, now: datetime) -> int:
        return sum(limit.enforce(self._conn, now) for limit in TIME_LIMITS)

    @override
    def prolong(self, *, before: datetime, until: datetime) -> int:
        return prolong_leases(self._conn, before=before, until=until)

    @override
    def erase_tokens(self, *, now: datetime, limit: int) -> int:
        expired = select(_r.id).where(_r.token.is_not(None), _r.token_until <= now).limit(limit)
        return self._conn.execute(update(requests).where(_r.id.in_(expired)).values(token=None)).rowcount

    @override
    def erase_prompts(self, *, before: datetime, now: datetime, limit: int) -> int:
        old = select(_r.id).where(HAS_WORDS, _r.ended_at <= before).limit(limit)
        # what was requested without a prompt can still be requested again
        erased_at = case((_r.prompt.is_not(None), now), else_=_r.prompt_erased_at)
        words = {"prompt": None, "lyrics": None, "prompt_erased_at": erased_at}
        return self._conn.execute(update(requests).where(_r.id.in_(old)).values(words)).rowcount

    @override
    def erase_members(self, *, now: datetime, limit: int) -> int:
        due = (
            select(_m.guild_id, _m.user_id)
            .where(_m.erase_at <= now, _m.active == 0, or_(~_IS_RESTRICTED, ~_HAS_SETTINGS))
            .order_by(_m.guild_id, _m.user_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = self._conn.execute(due).all()
        for guild_id, user_id in found:
            disown_credits(self._conn, guild_id, [user_id])
            # first, because a block is in force as long as there is a member
            self._conn.execute(delete(members).where(_m.guild_id == guild_id, _m.user_id == user_id))
            about = (audit_log.c.guild_id == guild_id) & (audit_log.c.subject_id == user_id)
            redact_audit_entries(self._conn, about, user_id)
        return len(found)

    @override
    def left_guilds(self, *, before: datetime, limit: int) -> list[int]:
        gone = select(guilds.c.guild_id).where(guilds.c.left_at <= before).order_by(guilds.c.left_at)
        return list(self._conn.execute(gone.limit(limit)).scalars())

    @override
    def erase_guild_requests(self, guild_id: int, *, limit: int) -> int:
        return erase_requests(self._conn, (_r.guild_id == guild_id) & (_r.user_id != NOBODY_ID), limit=limit)

    @override
    def erase_guild(self, guild_id: int, *, before: datetime, now: datetime) -> bool:
        conn = self._conn
        SqlGuilds(conn).get_for_update(guild_id)  # so that nobody places a request there until this unit ends
        own = guilds.c.guild_id == guild_id
        left_at = conn.execute(select(guilds.c.left_at).where(own).with_for_update()).scalar()
        named = select(_r.id).where(_r.guild_id == guild_id, _r.user_id != NOBODY_ID).limit(1)
        if left_at is None or left_at > before or conn.execute(named).first() is not None:
            return False
        disown_credits(conn, guild_id)
        self._erase_members_of(guild_id, left_at=left_at, now=now)
        decisions = select(audit_log.c.id).where(audit_log.c.guild_id == guild_id)
        conn.execute(delete(outbox).where(_o.kind == MessageKind.AUDIT, _o.source_id.in_(decisions)))
        conn.execute(delete(outbox).where(_o.kind == MessageKind.WELCOME, _o.source_id == guild_id))
        for table in (audit_log, playlists, guild_settings, guilds):
            conn.execute(delete(table).where(table.c.guild_id == guild_id))
        return True

    def _erase_members_of(self, guild_id: int, *, left_at: datetime, now: datetime) -> None:
        """Delete the members who need not be kept, and schedule the erasure of the others."""
        windows = select(func.max(accounts.c.window_ends_at)).where(accounts.c.guild_id == guild_id)
        over_at: datetime = self._conn.execute(windows).scalar() or now
        restricted_until = max(over_at, left_at + RESTRICTION_RETENTION)
        for which, until in ((~_IS_RESTRICTED, over_at), (_IS_RESTRICTED, restricted_until)):
            sooner = or_(_m.erase_at.is_(None), _m.erase_at < until)
            kept = update(members).where(_m.guild_id == guild_id, which, sooner)
            self._conn.execute(kept.values(erase_at=until))
        self._conn.execute(delete(members).where(_m.guild_id == guild_id, _m.erase_at <= now))
