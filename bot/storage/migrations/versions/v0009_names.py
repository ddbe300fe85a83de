"""Tables, columns, transitions and keys under the names that the code has for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

STATES = (
    "state IN ('awaiting', 'waiting', 'submitting', 'making', 'ready', 'delivered', 'undeliverable', "
    "'failed', 'expired', 'uncertain', 'cancelled', 'declined')"
)
ACTIONS = (
    "action IN ('grant', 'member_allowance', 'reset', 'block', 'unblock', 'role_allowance', "
    "'everyone_allowance', 'budget', 'pause', 'resume', 'requests_channel', 'results_channel', 'approval', "
    "'log_channel', 'model', 'limits', 'cancel', 'approve', 'decline', 'remove_song', 'add_playlist', "
    "'remove_playlist')"
)
KINDS = "kind IN ('status', 'result', 'approval')"
LEASE = "(lease_owner IS NULL) = (lease_until IS NULL)"
RUNNING = "state IN ('waiting', 'submitting', 'making')"
TRANSITIONS = {
    "lapse": "expire_approval",
    "withdraw": "cancel_unapproved",
    "take": "claim",
    "put_back": "requeue",
    "doubt": "mark_uncertain",
    "strand": "fail_delivery",
}
KEYS = {"gate": "circuit_breaker", "servers heard": "guilds_in_use", "command guilds": "command_guilds"}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A table with its old and its new name, and with those of its columns whose name changes."""

    old: str
    new: str
    columns: Mapping[str, str] = field(default_factory=dict)


AUDIT_LOG = Renamed("changes", "audit_log")
OUTBOX = Renamed("notices", "outbox", {"said": "sent", "intent": "delivery_attempt"})
KEY_VALUES = Renamed("memos", "key_values")
DURATION_STATS = Renamed("timings", "duration_stats", {"squares": "sum_of_squares"})


def upgrade() -> None:
    """Give everything its new name."""
    _copy(AUDIT_LOG, _audit_log("audit_log"))
    _copy(OUTBOX, _outbox("outbox", sent="sent", attempt="delivery_attempt"))
    _copy(KEY_VALUES, _key_values("key_values"))
    _copy(DURATION_STATS, _duration_stats("duration_stats", squares="sum_of_squares"))
    _make_indexes("audit_log", "outbox")
    op.execute("ALTER TABLE requests RENAME COLUMN watch TO progress")
    _index_running("ix_requests_state_guild_id_user_id", instead_of="ix_requests_in_line")
    _rename_events("move", "transition", width=32)
    _replace("events", "transition", TRANSITIONS)
    _replace("key_values", "key", KEYS)


def downgrade() -> None:
    """Give everything its old name back."""
    _replace("key_values", "key", _reversed(KEYS))
    _replace("events", "transition", _reversed(TRANSITIONS))
    _rename_events("transition", "move", width=16)
    _index_running("ix_requests_in_line", instead_of="ix_requests_state_guild_id_user_id")
    op.execute("ALTER TABLE requests RENAME COLUMN progress TO watch")
    _copy(_back(AUDIT_LOG), _audit_log("changes"))
    _copy(_back(OUTBOX), _outbox("notices", sent="said", attempt="intent"))
    _copy(_back(KEY_VALUES), _key_values("memos"))
    _copy(_back(DURATION_STATS), _duration_stats("timings", squares="squares"))
    _make_indexes("changes", "notices")


def _reversed(names: Mapping[str, str]) -> dict[str, str]:
    return {new: old for old, new in names.items()}


def _back(table: Renamed) -> Renamed:
    return Renamed(table.new, table.old, _reversed(table.columns))


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _copy(table: Renamed, parts: tuple[sa.schema.SchemaItem, ...]) -> None:
    """Make the table under its new name, move the rows there, and drop the old one.

    SQLite can rename a table, but none of its constraints.
    """
    new = op.create_table(table.new, *parts)
    names = [column.name for column in new.columns]
    old_names = _reversed(table.columns)
    old = sa.table(table.old, *(sa.column(old_names.get(name, name)) for name in names))
    op.execute(sa.insert(new).from_select(names, sa.select(*old.columns)))
    op.drop_table(table.old)


def _audit_log(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("guild_id", _snowflake(), nullable=False),
        sa.Column("actor_id", _snowflake(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject_id", _snowflake()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("due_at", _moment()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.CheckConstraint(ACTIONS, name=op.f(f"ck_{name}_action")),
        sa.CheckConstraint(LEASE, name=op.f(f"ck_{name}_lease")),
    )


def _outbox(name: str, *, sent: str, attempt: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("request_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_at", _moment()),
        sa.Column("again_at", _moment()),
        sa.Column("not_before", _moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(sent, sa.Text()),
        sa.Column(attempt, sa.Text()),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.PrimaryKeyConstraint("request_id", "kind", name=op.f(f"pk_{name}")),
        sa.CheckConstraint(KINDS, name=op.f(f"ck_{name}_kind")),
        sa.CheckConstraint(LEASE, name=op.f(f"ck_{name}_lease")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f(f"fk_{name}_request_id")),
    )


def _key_values(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f(f"pk_{name}")),
    )


def _duration_stats(name: str, *, squares: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("model", sa.String(50), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column(squares, sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f(f"pk_{name}")),
    )


def _make_indexes(audit_log: str, outbox: str) -> None:
    name = op.f(f"ix_{audit_log}_guild_id_subject_id")
    op.create_index(name, audit_log, ["guild_id", "subject_id"])
    for table in (audit_log, outbox):
        for column in ("due_at", "lease_until"):
            where, name = sa.text(f"{column} IS NOT NULL"), op.f(f"ix_{table}_{column}")
            op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def _index_running(name: str, *, instead_of: str) -> None:
    op.drop_index(op.f(instead_of), "requests")
    columns, where = ["state", "guild_id", "user_id"], sa.text(RUNNING)
    op.create_index(op.f(name), "requests", columns, sqlite_where=where, postgresql_where=where)


def _rename_events(old: str, new: str, *, width: int) -> None:
    """Rename the column and change its width; SQLite copies the table for that."""
    is_postgres = op.get_context().dialect.name == "postgresql"
    if is_postgres:  # from version 18 on, NOT NULL has a name, which is that of the column when it was set
        op.execute(f"ALTER TABLE events ALTER COLUMN {old} DROP NOT NULL")
    before, after = sa.String(48 - width), sa.String(width)
    with op.batch_alter_table("events", copy_from=_events(old, before)) as batch:
        batch.alter_column(
            old, new_column_name=new, existing_type=before, type_=after, existing_nullable=False
        )
    if is_postgres:
        op.execute(f"ALTER TABLE events ALTER COLUMN {new} SET NOT NULL")


def _events(transition: str, kind: sa.String) -> sa.Table:
    return sa.Table(
        "events",
        sa.MetaData(),
        sa.Column("request_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(transition, kind, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("request_id", "seq", name=op.f("pk_events")),
        sa.CheckConstraint(STATES, name=op.f("ck_events_state")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_events_request_id")),
    )


def _replace(table: str, column: str, values: Mapping[str, str]) -> None:
    names = sa.table(table, sa.column(column, sa.String))
    name = names.c[column]
    renamed = [(name == op.inline_literal(old), op.inline_literal(new)) for old, new in values.items()]
    known = [op.inline_literal(old) for old in values]
    op.execute(sa.update(names).where(name.in_(known)).values({column: sa.case(*renamed)}))
