"""The tables. `migrations/` makes them; a test holds the two together."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    or_,
    text,
)

from bot.domain.audit import Action, AuditFacts
from bot.domain.guild_settings import GuildSettings
from bot.domain.ledger import AccountKind, TransferKind
from bot.domain.provider_tasks import Clip, TaskProgress
from bot.domain.quotas import Policy
from bot.domain.requests import State
from bot.services.repositories.outbox import MessageKind
from bot.storage.column_types import SNOWFLAKE, Json, UtcDateTime

REVISIONS = "alembic_version"
"""Alembic's table of the schema's revision."""
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, kinds: type[StrEnum]) -> CheckConstraint:
    values = ", ".join(f"'{kind}'" for kind in kinds)
    return CheckConstraint(f"{column} IN ({values})", name=column)


requests = Table(
    "requests",
    METADATA,
    Column("id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("guild_id", SNOWFLAKE, nullable=False),
    Column("user_id", SNOWFLAKE, nullable=False),
    Column("playlist_id", String(36), nullable=False),
    Column("model", String(50), nullable=False),
    Column("prompt", Text),
    Column("style_weight", Float),
    Column("audio_weight", Float),
    Column("weirdness", Float),
    Column("persona_id", String(100)),
    Column("artist_clip_id", String(36)),
    Column("cost", Integer, nullable=False),
    Column("policy", Json(Policy), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("lease_owner", String(100)),
    Column("lease_until", UtcDateTime),
    Column("next_at", UtcDateTime),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("task_id", Text),
    Column("progress", Json(TaskProgress)),
    Column("clips", Json(tuple[Clip, ...])),
    Column("partial", Boolean, nullable=False),
    Column("failure_kind", String(32)),
    Column("failure_detail", Text),
    Column("application_id", SNOWFLAKE, nullable=False),
    Column("channel_id", SNOWFLAKE, nullable=False),
    Column("message_id", SNOWFLAKE),
    Column("token", Text),
    Column("token_until", UtcDateTime, nullable=False),
    Column("attachment_limit", BigInteger, nullable=False),
    Column("may_post", Boolean, nullable=False),
    Column("result_channel_id", SNOWFLAKE),
    Column("result_message_id", SNOWFLAKE),
    Column("delivery_channel_id", SNOWFLAKE),
    Column("approval_channel_id", SNOWFLAKE),
    Column("approval_message_id", SNOWFLAKE),
    Column("removed_at", UtcDateTime),
    Column("prompt_erased_at", UtcDateTime),
    Column("lyrics", Json(tuple[str | None, ...])),  # of each clip; apart, so that lists of songs stay small
    Column("origin_id", SNOWFLAKE),  # no foreign key: the song that it is like may belong to an erased person
    Column("origin_clip", Integer),
    Column("moved_at", UtcDateTime),  # when a moderator last moved it to the front of its server
    Column("loves", Integer, nullable=False, server_default="0"),  # how many members love a clip of it
    _one_of("state", State),
    CheckConstraint("cost > 0", name="cost"),
    CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease"),
)
Index(None, requests.c.state, requests.c.placed_at)
# songs are listed newest first: in the order of their ids, which are Discord's
Index(None, requests.c.guild_id, requests.c.user_id, requests.c.id)
_SECRET = requests.c.token.is_not(None)
HAS_WORDS = or_(requests.c.prompt.is_not(None), requests.c.lyrics.is_not(None))
"""Selects requests whose prompt or lyrics are stored; the index on their end has the same condition."""
# so that what is still to be erased is found without reading all that was erased before
Index(None, requests.c.token_until, sqlite_where=_SECRET, postgresql_where=_SECRET)
Index(None, requests.c.ended_at, sqlite_where=HAS_WORDS, postgresql_where=HAS_WORDS)
IS_ACTIVE = text("state IN ('awaiting', 'waiting', 'submitting', 'making')")
IS_USED = text("state IN ('ready', 'delivered', 'undeliverable')")
IS_LISTED = text("state IN ('delivered', 'undeliverable') AND removed_at IS NULL")
IS_LOVED = text(f"{IS_LISTED} AND loves > 0")
IS_LOVED_AT_ALL = text(f"{IS_LISTED} AND loves <> 0")
"""Select requests by the index with the same condition: as text, since a bound value would hide which it is.

The last two select the same; the one that is written decides in which order the songs are read.
"""
Index(
    # so that counting the running requests reads this index only
    None,
    requests.c.state,
    requests.c.guild_id,
    requests.c.user_id,
    sqlite_where=IS_ACTIVE,
    postgresql_where=IS_ACTIVE,
)
for _columns, _condition in (
    (("guild_id", "ended_at", "user_id", "cost"), IS_USED),
    (("guild_id", "id"), IS_LISTED),
    (("guild_id", "loves", "id"), IS_LOVED),
    (("guild_id", "id", "loves"), IS_LOVED_AT_ALL),
):
    Index(
        None, *(requests.c[name] for name in _columns), sqlite_where=_condition, postgresql_where=_condition
    )

events = Table(
    "events",
    METADATA,
    Column("request_id", SNOWFLAKE, ForeignKey("requests.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("transition", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("detail", Text),
    _one_of("state", State),
)

accounts = Table(
    "accounts",
    METADATA,
    Column("id", String(100), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("guild_id", SNOWFLAKE),
    Column("user_id", SNOWFLAKE),
    Column("window_key", String(16)),
    Column("window_starts_at", UtcDateTime),
    Column("window_ends_at", UtcDateTime),
    Column("credits_posted", BigInteger, nullable=False),
    Column("debits_posted", BigInteger, nullable=False),
    Column("debits_pending", BigInteger, nullable=False),
    Column("adjustments", Integer, nullable=False),  # how often its allowance was granted or changed
    _one_of("kind", AccountKind),
    CheckConstraint("credits_posted >= 0 AND debits_posted >= 0 AND debits_pending >= 0", name="counters"),
    CheckConstraint("credits_posted - debits_posted - debits_pending >= 0", name="available"),
)
Index(None, accounts.c.guild_id, accounts.c.user_id, accounts.c.window_starts_at)

transfers = Table(
    "transfers",
    METADATA,
    Column("id", String(110), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("debit", String(100), ForeignKey("accounts.id"), nullable=False),
    Column("credit", String(100), ForeignKey("accounts.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("pending_id", String(110), ForeignKey("transfers.id"), unique=True),
    Column("request_id", SNOWFLAKE),  # no foreign key: the ledger outlives the requests
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    _one_of("kind", TransferKind),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name="pending_id"),
)
Index(None, transfers.c.debit, transfers.c.at)
Index(None, transfers.c.credit, transfers.c.at)
Index(None, transfers.c.request_id)

credit_caps = Table(
    "credit_caps",
    METADATA,
    Column("guild_id", SNOWFLAKE, primary_key=True, autoincrement=False),  # 0: all servers together
    Column("credits", BigInteger),  # the server's own cap
    Column("period", String(8)),  # of the accounts that count every request; null: one came without a cap
    Column("opened_in", String(16), nullable=False),
    Column("opened_at", UtcDateTime),
    Column("spent_before", BigInteger, nullable=False),
    Column("told_of", String(40), nullable=False),
    Column("told", Integer, nullable=False),
    CheckConstraint("credits >= 0", name="credits"),
    CheckConstraint("spent_before >= 0", name="spent_before"),
    CheckConstraint("(period IS NULL) = (opened_at IS NULL)", name="opened"),
)


daily_usage = Table(
    "daily_usage",
    METADATA,
    Column("guild_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("kind", String(8), primary_key=True),
    Column("key", String(50), primary_key=True),
    Column("day", String(10), primary_key=True),  # UTC, as in ISO 8601; days without requests have no row
    Column("songs", Integer, nullable=False),  # up to the end of the day, since the server's first song
    Column("credits", BigInteger, nullable=False),
    Column("requests", Integer, nullable=False, server_default="0"),  # all that ended, with a song or without
    sqlite_with_rowid=False,  # a row is little more than its key
)

members = Table(
    "members",
    METADATA,
    Column("guild_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("user_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("active", Integer, nullable=False),
    Column("last_placed_at", UtcDateTime),
    Column("pseudonym", String(50), nullable=False, unique=True),  # the name of the member's accounts
    Column("allowance", BigInteger),
    Column("blocked", Text),
    Column("reset_in", String(16)),
    Column("resets", Integer, nullable=False),
    Column("erase_at", UtcDateTime),  # when the rest of an erased member's data is due to be deleted
    Column("last_turn_at", UtcDateTime),
    Column("failures", Integer, nullable=False, server_default="0"),  # failed requests in a row
    Column("backoff_until", UtcDateTime),  # until when they hold the member's requests back
    Column("placed_today", Integer, nullable=False, server_default="0"),  # on the UTC day of last_placed_at
    CheckConstraint("active >= 0", name="active"),
    CheckConstraint("allowance >= 0", name="allowance"),
)
Index(None, members.c.user_id)

guilds = Table(
    "guilds",
    METADATA,
    Column("guild_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("last_turn_at", UtcDateTime),
    Column("left_at", UtcDateTime),  # when the bot left the server
    Column("welcome", Text),  # what was last said there on joining, as JSON
)

guild_settings = Table(
    "guild_settings",
    METADATA,
    Column("guild_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("settings", Json(GuildSettings), nullable=False),
    Column("paused", Boolean, nullable=False),
)
_PAUSED = guild_settings.c.paused
Index(None, _PAUSED, sqlite_where=_PAUSED, postgresql_where=_PAUSED)

audit_log = Table(
    "audit_log",
    METADATA,
    Column("id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("guild_id", SNOWFLAKE, nullable=False),
    Column("actor_id", SNOWFLAKE, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject_id", SNOWFLAKE),
    Column("before", Json(AuditFacts), nullable=False),
    Column("after", Json(AuditFacts), nullable=False),
    Column("reason", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("is_unread", Boolean, nullable=False, server_default=false()),  # its member has to be told of it
    _one_of("action", Action),
)
Index(None, audit_log.c.guild_id, audit_log.c.id)
Index(None, audit_log.c.subject_id, audit_log.c.guild_id, audit_log.c.id)
Index(None, audit_log.c.actor_id)
_UNREAD = audit_log.c.is_unread
Index(
    "ix_audit_log_unread",
    audit_log.c.guild_id,
    audit_log.c.subject_id,
    sqlite_where=_UNREAD,
    postgresql_where=_UNREAD,
)

playlists = Table(
    "playlists",
    METADATA,
    Column("guild_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("key", String(100), primary_key=True),  # the name, without regard to case
    Column("name", String(100), nullable=False),
    Column("playlist_id", String(36), nullable=False),
    Column("added_by", SNOWFLAKE, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    # what came of the requests since it was saved; counted here, because counting the requests takes longer
    # the more there are
    Column("songs", Integer, nullable=False, server_default="0"),
    Column("loves", Integer, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("last_failure", String(32)),
    Column("failed_at", UtcDateTime),
)

loves = Table(
    "loves",
    METADATA,
    Column("request_id", SNOWFLAKE, ForeignKey("requests.id"), primary_key=True, autoincrement=False),
    Column("user_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("clip", Integer, primary_key=True, autoincrement=False),
    Column("is_loved", Boolean, nullable=False),  # false once it was taken back
    Column("press_id", SNOWFLAKE, nullable=False),  # the interaction of the last press that counted
    Column("at", UtcDateTime, nullable=False),
    CheckConstraint("clip BETWEEN 1 AND 2", name="clip"),
)
Index(None, loves.c.user_id)

outbox = Table(
    "outbox",
    METADATA,
    # no foreign key: it is a request, an entry of the audit log ('audit', 'news') or a server
    Column("source_id", SNOWFLAKE, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("due_at", UtcDateTime),
    Column("again_at", UtcDateTime),  # when it came due again while a worker had leased it
    Column("not_before", UtcDateTime),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent", Text),
    Column("delivery_attempt", Text),  # a post whose outcome is unknown
    Column("lease_owner", String(100)),
    Column("lease_until", UtcDateTime),
    Column("guild_id", SNOWFLAKE, nullable=False, server_default="0"),  # servers take turns
    Column("is_urgent", Boolean, nullable=False, server_default=false()),  # a result, or an ending's status
    _one_of("kind", MessageKind),
    CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="lease"),
)

_DUE = outbox.c.due_at.is_not(None)
Index(None, outbox.c.is_urgent, outbox.c.due_at, sqlite_where=_DUE, postgresql_where=_DUE)

duration_stats = Table(
    "duration_stats",
    METADATA,
    Column("model", String(50), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("mean", Float, nullable=False),
    Column("sum_of_squares", Float, nullable=False),
)

key_values = Table(
    "key_values",
    METADATA,
    Column("key", String(100), primary_key=True),
    Column("value", Text, nullable=False),
)

processes = Table(
    "processes",
    METADATA,
    Column("id", String(100), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("alive_until", UtcDateTime, nullable=False),
)

shards = Table(
    "shards",
    METADATA,
    Column("shard_id", Integer, primary_key=True, autoincrement=False),
    Column("shard_count", Integer, nullable=False),
    Column("process_id", String(100), ForeignKey("processes.id", ondelete="CASCADE"), nullable=False),
    CheckConstraint("shard_id >= 0 AND shard_id < shard_count", name="shard_id"),
)
Index(None, shards.c.process_id)

_LEASES = [table.c.lease_until for table in (requests, outbox)]
_OF_MEMBERS = (members.c.erase_at, members.c.backoff_until)
for _moment in (requests.c.next_at, outbox.c.due_at, *_OF_MEMBERS, *_LEASES):
    # partial, so that the search for due rows costs the same however much history there is
    Index(None, _moment, sqlite_where=_moment.is_not(None), postgresql_where=_moment.is_not(None))
