"""The erasure of old data, a bounded number of rows in each transaction."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, delete, exists, or_, select, update
from typing_extensions import override

from bot.domain.personal_data import NOBODY_ID
from bot.domain.quotas import Period, Window, window_of
from bot.services.repositories.outbox import OF_AUDIT_ENTRY, MessageKind
from bot.services.repositories.personal_data import Cleanup
from bot.storage.repositories.erasure import disown_accounts, erase_requests, redact_audit_entries
from bot.storage.repositories.guilds import SqlGuilds
from bot.storage.repositories.leasing import TIME_LIMITS, prolong_leases
from bot.storage.repositories.usage import erase_usage, erase_usage_of_guild
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
    def reset_future_times(self, *, now: datetime, limit: int) -> int:
        done = 0
        for time_limit in TIME_LIMITS:
            done += time_limit.enforce(self._conn, now, limit=limit - done)
        return done

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
            .order_by(_m.erase_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        left = limit
        for guild_id, user_id in self._conn.execute(due).all():
            left -= self._erase_member(guild_id, user_id, left)
            if not left:
                break
        return limit - left

    def _erase_member(self, guild_id: int, user_id: int, limit: int) -> int:
        """Erase at most `limit` rows of a member whose erasure is due, the member's own last."""
        conn = self._conn
        mine = (accounts.c.guild_id == guild_id) & (accounts.c.user_id == user_id)
        done = disown_accounts(conn, mine, limit=limit)
        about = (audit_log.c.guild_id == guild_id) & (audit_log.c.subject_id == user_id)
        done += redact_audit_entries(conn, about, user_id, limit=limit - done, keeps_blocks=False)
        if done < limit:
            erase_usage(conn, guild_id, user_id)
            conn.execute(delete(members).where(_m.guild_id == guild_id, _m.user_id == user_id))
            done += 1
        return done

    @override
    def left_guilds(self, *, before: datetime, limit: int) -> list[int]:
        gone = select(guilds.c.guild_id).where(guilds.c.left_at <= before).order_by(guilds.c.left_at)
        return list(self._conn.execute(gone.limit(limit)).scalars())

    @override
    def erase_guild_requests(self, guild_id: int, *, limit: int) -> int:
        return erase_requests(self._conn, _of_somebody_in(guild_id), limit=limit)

    @override
    def erase_guild(self, guild_id: int, *, before: datetime, now: datetime, limit: int) -> int | None:
        conn = self._conn
        SqlGuilds(conn).get_for_update(guild_id)  # so that nobody places a request there until this unit ends
        own = guilds.c.guild_id == guild_id
        left_at = conn.execute(select(guilds.c.left_at).where(own).with_for_update()).scalar()
        named = select(_r.id).where(_of_somebody_in(guild_id)).limit(1)
        if left_at is None or left_at > before or conn.execute(named).first() is not None:
            return None
        owned = (accounts.c.guild_id == guild_id) & (accounts.c.user_id > NOBODY_ID)
        done = disown_accounts(conn, owned, limit=limit)
        done += erase_usage_of_guild(conn, guild_id, limit=limit - done)
        done += self._erase_decisions_of(guild_id, limit - done)
        if done < limit:
            done += self._erase_members_of(guild_id, left_at=left_at, now=now, limit=limit - done)
        if done < limit:  # what is left is little; the settings last, by which blocked members are kept
            of_server = _o.kind.in_((MessageKind.WELCOME, MessageKind.DIGEST))
            conn.execute(delete(outbox).where(of_server, _o.source_id == guild_id))
            for table in (playlists, guild_settings, guilds):
                conn.execute(delete(table).where(table.c.guild_id == guild_id))
        return done

    def _erase_decisions_of(self, guild_id: int, limit: int) -> int:
        decisions = select(audit_log.c.id).where(audit_log.c.guild_id == guild_id)
        ids = list(self._conn.execute(decisions.order_by(audit_log.c.id).limit(limit)).scalars())
        if ids:
            self._conn.execute(delete(outbox).where(_o.kind.in_(OF_AUDIT_ENTRY), _o.source_id.in_(ids)))
            self._conn.execute(delete(audit_log).where(audit_log.c.id.in_(ids)))
        return len(ids)

    def _erase_members_of(self, guild_id: int, *, left_at: datetime, now: datetime, limit: int) -> int:
        """Delete members who need not be kept, and schedule the erasure of others; return how many."""
        over_at = self._windows_end(guild_id, left_at, now)
        restricted_until = max(over_at, left_at + RESTRICTION_RETENTION)
        done = 0
        for which, until in ((~_IS_RESTRICTED, over_at), (_IS_RESTRICTED, restricted_until)):
            kept_until = case((_m.erase_at > until, _m.erase_at), else_=until)
            sooner = or_(_m.erase_at.is_(None), _m.erase_at < until, kept_until <= now)
            found = select(_m.user_id).where(_m.guild_id == guild_id, which, sooner).limit(limit - done)
            ids = list(self._conn.execute(found).scalars())
            done += len(ids)
            theirs = (_m.guild_id == guild_id) & _m.user_id.in_(ids)
            if until <= now:
                self._conn.execute(delete(members).where(theirs))
            else:
                self._conn.execute(update(members).where(theirs).values(erase_at=until))
        return done

    def _windows_end(self, guild_id: int, left_at: datetime, now: datetime) -> datetime:
        """Return when the last window ends in which the server has an account, all of which are disowned."""
        windows = {window_of(period, at) for period in Period for at in (left_at, now)}
        return max((window.ends_at for window in windows if self._has_account(guild_id, window)), default=now)

    def _has_account(self, guild_id: int, window: Window) -> bool:
        a = accounts.c
        of_window = (a.window_starts_at == window.starts_at) & (a.window_ends_at == window.ends_at)
        found = select(a.id).where(a.guild_id == guild_id, a.user_id.is_(None), of_window).limit(1)
        return self._conn.execute(found).first() is not None


def _of_somebody_in(guild_id: int) -> ColumnElement[bool]:
    """Return the condition for a server's requests that name a person."""
    # a range, not "is not nobody": else all that was erased is read each time
    return (_r.guild_id == guild_id) & (_r.user_id > NOBODY_ID)
