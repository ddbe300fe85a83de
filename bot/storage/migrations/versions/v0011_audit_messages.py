"""Decisions that have to be posted to log channels become messages of the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ACTIONS = (
    "action IN ('grant', 'member_allowance', 'reset', 'block', 'unblock', 'role_allowance', "
    "'everyone_allowance', 'budget', 'pause', 'resume', 'requests_channel', 'results_channel', 'approval', "
    "'log_channel', 'model', 'limits', 'cancel', 'approve', 'decline', 'remove_song', 'add_playlist', "
    "'remove_playlist')"
)
KINDS = "kind IN ('status', 'result', 'approval')"
MORE_KINDS = "kind IN ('status', 'result', 'approval', 'audit')"
LEASE = "(lease_owner IS NULL) = (lease_until IS NULL)"
ENTRY = ("id", "guild_id", "actor_id", "action", "subject_id", "before", "after", "reason", "at")
MESSAGE = (
    "kind",
    "due_at",
    "again_at",
    "not_before",
    "version",
    "attempts",
    "sent",
    "delivery_attempt",
    "lease_owner",
    "lease_until",
)


def upgrade() -> None:
    """Let a message be about an audit entry, and make messages of the entries that are due."""
    _rename_source("request_id", "source_id", MORE_KINDS)
    op.execute(
        "INSERT INTO outbox (source_id, kind, due_at, version, attempts)"
        " SELECT id, 'audit', due_at, 1, attempts FROM audit_log WHERE due_at IS NOT NULL"
    )
    _remake_audit_log(sa.select(*_table("kept", *ENTRY).c), ENTRY)


def downgrade() -> None:
    """Make due entries of the messages about them."""
    posts = _table("outbox", "source_id", "kind", "due_at", "attempts")
    kept = _table("kept", *ENTRY)
    is_own = (posts.c.kind == op.inline_literal("audit")) & (posts.c.source_id == kept.c.id)
    attempts = sa.func.coalesce(posts.c.attempts, op.inline_literal(0))
    entries = sa.select(*kept.c, posts.c.due_at, attempts).select_from(kept.outerjoin(posts, is_own))
    _remake_audit_log(
        entries,
        (*ENTRY, "due_at", "attempts"),
        sa.Column("due_at", _moment()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.CheckConstraint(LEASE, name=op.f("ck_audit_log_lease")),
    )
    _index_times("audit_log")
    op.execute("DELETE FROM outbox WHERE kind = 'audit'")
    request = sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_outbox_request_id"))
    _rename_source("source_id", "request_id", KINDS, request)


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns))


def _rename_source(old: str, new: str, kinds: str, *more: sa.schema.SchemaItem) -> None:
    op.execute("CREATE TABLE kept AS SELECT * FROM outbox")
    op.drop_table("outbox")
    outbox = op.create_table(
        "outbox",
        sa.Column(new, _snowflake(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_at", _moment()),
        sa.Column("again_at", _moment()),
        sa.Column("not_before", _moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Text()),
        sa.Column("delivery_attempt", sa.Text()),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.PrimaryKeyConstraint(new, "kind", name=op.f("pk_outbox")),
        sa.CheckConstraint(kinds, name=op.f("ck_outbox_kind")),
        sa.CheckConstraint(LEASE, name=op.f("ck_outbox_lease")),
        *more,
    )
    kept = _table("kept", old, *MESSAGE)
    op.execute(outbox.insert().from_select((new, *MESSAGE), sa.select(*kept.c)))
    op.drop_table("kept")
    _index_times("outbox")


def _remake_audit_log(
    rows: sa.Select[*tuple[object, ...]], names: tuple[str, ...], *more: sa.schema.SchemaItem
) -> None:
    """Make the table again, with more columns or without them; `rows` are selected from `kept`."""
    op.execute("CREATE TABLE kept AS SELECT * FROM audit_log")
    op.drop_table("audit_log")
    audit_log = op.create_table(
        "audit_log",
        sa.Column("id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("guild_id", _snowflake(), nullable=False),
        sa.Column("actor_id", _snowflake(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject_id", _snowflake()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.CheckConstraint(ACTIONS, name=op.f("ck_audit_log_action")),
        *more,
    )
    op.execute(audit_log.insert().from_select(names, rows))
    op.drop_table("kept")
    op.create_index(op.f("ix_audit_log_guild_id_subject_id"), "audit_log", ["guild_id", "subject_id"])


def _index_times(table: str) -> None:
    for column in ("due_at", "lease_until"):
        where = sa.text(f"{column} IS NOT NULL")
        name = op.f(f"ix_{table}_{column}")
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
