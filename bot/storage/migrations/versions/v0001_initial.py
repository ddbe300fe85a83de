"""The first schema: requests and their events, the ledger, members' places, the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

STATES = (
    "state IN ('awaiting', 'waiting', 'submitting', 'making', 'ready', 'delivered', 'undeliverable', "
    "'failed', 'expired', 'uncertain', 'cancelled', 'declined')"
)
LEASE = "(lease_owner IS NULL) = (lease_until IS NULL)"


def upgrade() -> None:
    """Make all tables, the triggers of the journal, and the system's two accounts."""
    _make_requests()
    _make_ledger()
    _make_members()
    _make_notices()
    _make_facts()
    _make_journal_immutable()
    _open_system_accounts()


def downgrade() -> None:
    """Remove all of it."""
    _drop_triggers()
    for table in ("memos", "timings", "notices", "members", "transfers", "accounts", "events", "requests"):
        op.drop_table(table)


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _index_where_set(table: str, column: str, condition: str | None = None) -> None:
    where = sa.text(f"{condition or column} IS NOT NULL")
    name = op.f(f"ix_{table}_{column}")
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def _make_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("guild_id", _snowflake(), nullable=False),
        sa.Column("user_id", _snowflake(), nullable=False),
        *_request_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.CheckConstraint(STATES, name=op.f("ck_requests_state")),
        sa.CheckConstraint("cost > 0", name=op.f("ck_requests_cost")),
        sa.CheckConstraint(LEASE, name=op.f("ck_requests_lease")),
    )
    op.create_index(op.f("ix_requests_state_placed_at"), "requests", ["state", "placed_at"])
    op.create_index(op.f("ix_requests_guild_id_user_id_state"), "requests", ["guild_id", "user_id", "state"])
    _index_where_set("requests", "next_at")
    _index_where_set("requests", "lease_until")
    for column, wiped in (("token_until", "token"), ("ended_at", "prompt")):
        _index_where_set("requests", column, wiped)
    op.create_table(
        "events",
        sa.Column("request_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("move", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("request_id", "seq", name=op.f("pk_events")),
        sa.CheckConstraint(STATES, name=op.f("ck_events_state")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_events_request_id")),
    )


def _request_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("playlist_id", sa.String(36), nullable=False),
        sa.Column("model", sa.String(50), nullable=False),
        sa.Column("prompt", sa.Text()),
        sa.Column("style_weight", sa.Float()),
        sa.Column("audio_weight", sa.Float()),
        sa.Column("weirdness", sa.Float()),
        sa.Column("persona_id", sa.String(100)),
        sa.Column("artist_clip_id", sa.String(36)),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.Column("next_at", _moment()),
        sa.Column("placed_at", _moment(), nullable=False),
        sa.Column("accepted_at", _moment()),
        sa.Column("ended_at", _moment()),
        sa.Column("task_id", sa.Text()),
        sa.Column("watch", sa.JSON()),
        sa.Column("clips", sa.JSON()),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("failure_kind", sa.String(32)),
        sa.Column("failure_detail", sa.Text()),
        sa.Column("application_id", _snowflake(), nullable=False),
        sa.Column("channel_id", _snowflake(), nullable=False),
        sa.Column("message_id", _snowflake()),
        sa.Column("token", sa.Text()),
        sa.Column("token_until", _moment(), nullable=False),
        sa.Column("attachment_limit", sa.BigInteger(), nullable=False),
        sa.Column("may_post", sa.Boolean(), nullable=False),
        sa.Column("result_channel_id", _snowflake()),
        sa.Column("result_message_id", _snowflake()),
    )


def _make_ledger() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("guild_id", _snowflake()),
        sa.Column("user_id", _snowflake()),
        sa.Column("window_key", sa.String(16)),
        sa.Column("window_starts_at", _moment()),
        sa.Column("window_ends_at", _moment()),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), nullable=False),
        sa.Column("adjustments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.CheckConstraint("kind IN ('system', 'member', 'budget')", name=op.f("ck_accounts_kind")),
        sa.CheckConstraint(
            "credits_posted >= 0 AND debits_posted >= 0 AND debits_pending >= 0",
            name=op.f("ck_accounts_counters"),
        ),
        sa.CheckConstraint(
            "credits_posted - debits_posted - debits_pending >= 0", name=op.f("ck_accounts_available")
        ),
    )
    op.create_index(op.f("ix_accounts_guild_id_user_id"), "accounts", ["guild_id", "user_id"])
    _make_transfers()
    for column in ("debit", "credit", "request_id"):
        op.create_index(op.f(f"ix_transfers_{column}"), "transfers", [column])


def _make_transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("id", sa.String(110), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("debit", sa.String(100), nullable=False),
        sa.Column("credit", sa.String(100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("pending_id", sa.String(110)),
        sa.Column("request_id", _snowflake()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.CheckConstraint("kind IN ('single', 'pending', 'post', 'void')", name=op.f("ck_transfers_kind")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_amount")),
        sa.CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)", name=op.f("ck_transfers_pending_id")
        ),
        sa.ForeignKeyConstraint(["debit"], ["accounts.id"], name=op.f("fk_transfers_debit")),
        sa.ForeignKeyConstraint(["credit"], ["accounts.id"], name=op.f("fk_transfers_credit")),
        sa.UniqueConstraint("pending_id", name=op.f("uq_transfers_pending_id")),
        sa.ForeignKeyConstraint(["pending_id"], ["transfers.id"], name=op.f("fk_transfers_pending_id")),
    )


def _make_members() -> None:
    op.create_table(
        "members",
        sa.Column("guild_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("user_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("last_placed_at", _moment()),
        sa.Column("pseudonym", sa.String(50), nullable=False),
        sa.Column("allowance", sa.BigInteger()),
        sa.Column("blocked", sa.Text()),
        sa.Column("reset_in", sa.String(16)),
        sa.Column("resets", sa.Integer(), nullable=False),
        sa.Column("forget_at", _moment()),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_members")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_members_pseudonym")),
        sa.CheckConstraint("active >= 0", name=op.f("ck_members_active")),
        sa.CheckConstraint("allowance >= 0", name=op.f("ck_members_allowance")),
    )
    op.create_index(op.f("ix_members_user_id"), "members", ["user_id"])
    _index_where_set("members", "forget_at")


def _make_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("request_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("due_at", _moment()),
        sa.Column("again_at", _moment()),
        sa.Column("not_before", _moment()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text()),
        sa.Column("intent", sa.Text()),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.PrimaryKeyConstraint("request_id", "kind", name=op.f("pk_notices")),
        sa.CheckConstraint("kind IN ('status', 'result', 'approval')", name=op.f("ck_notices_kind")),
        sa.CheckConstraint(LEASE, name=op.f("ck_notices_lease")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_notices_request_id")),
    )
    _index_where_set("notices", "due_at")
    _index_where_set("notices", "lease_until")


def _make_facts() -> None:
    op.create_table(
        "timings",
        sa.Column("model", sa.String(50), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mean", sa.Float(), nullable=False),
        sa.Column("squares", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_timings")),
    )
    op.create_table(
        "memos",
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_memos")),
    )


def _make_journal_immutable() -> None:
    if op.get_context().dialect.name == "sqlite":
        for change in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER transfers_no_{change} BEFORE {change.upper()} ON transfers "
                "BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_transfer_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a transfer is never changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER transfers_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_transfer_change()"
    )


def _drop_triggers() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER transfers_no_update")
        op.execute("DROP TRIGGER transfers_no_delete")
        return
    op.execute("DROP TRIGGER transfers_no_change ON transfers")
    op.execute("DROP FUNCTION refuse_transfer_change()")


def _open_system_accounts() -> None:
    for account in ("mint", "songs"):
        op.execute(
            sa.text(
                "INSERT INTO accounts VALUES (:id, 'system', NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0)"
            ).bindparams(id=account)
        )
