"""The owner's caps: their accounts, and what is stored about each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

KINDS = ("system", "member", "budget")
CAPS = ("server_cap", "total_cap")
UNCHANGED = "BEGIN SELECT RAISE(ABORT, 'a transfer is never changed'); END"


def upgrade() -> None:
    """Allow the kinds of accounts, and make the table."""
    _allow(KINDS, (*KINDS, *CAPS))
    op.create_table(
        "credit_caps",
        sa.Column("guild_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("credits", sa.BigInteger()),
        sa.Column("period", sa.String(8)),
        sa.Column("opened_in", sa.String(16), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("spent_before", sa.BigInteger(), nullable=False),
        sa.Column("told_of", sa.String(40), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_credit_caps")),
        sa.CheckConstraint("credits >= 0", name=op.f("ck_credit_caps_credits")),
        sa.CheckConstraint("spent_before >= 0", name=op.f("ck_credit_caps_spent_before")),
        sa.CheckConstraint("(period IS NULL) = (opened_at IS NULL)", name=op.f("ck_credit_caps_opened")),
    )


def downgrade() -> None:
    """Delete the caps with their accounts and transfers, which the older version cannot read."""
    op.drop_table("credit_caps")
    is_sqlite = op.get_context().dialect.name == "sqlite"
    if is_sqlite:
        op.execute("DROP TRIGGER transfers_no_delete")
    else:
        op.execute("ALTER TABLE transfers DISABLE TRIGGER transfers_no_change")
    op.execute("DELETE FROM transfers WHERE debit LIKE 'cap:%' OR credit LIKE 'cap:%'")
    if is_sqlite:
        op.execute(f"CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers {UNCHANGED}")
    else:
        op.execute("ALTER TABLE transfers ENABLE TRIGGER transfers_no_change")
    op.execute("DELETE FROM accounts WHERE id LIKE 'cap:%'")
    _allow((*KINDS, *CAPS), KINDS)


def _allow(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """Replace the check of the accounts' kinds; SQLite copies the table for that."""
    name = op.f("ck_accounts_kind")
    with op.batch_alter_table("accounts", copy_from=_accounts(before), recreate="auto") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.text(f"kind IN {after}"))


def _accounts(kinds: tuple[str, ...]) -> sa.Table:
    return sa.Table(
        "accounts",
        sa.MetaData(),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("guild_id", _snowflake()),
        sa.Column("user_id", _snowflake()),
        sa.Column("window_key", sa.String(16)),
        sa.Column("window_starts_at", sa.DateTime(timezone=True)),
        sa.Column("window_ends_at", sa.DateTime(timezone=True)),
        sa.Column("credits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_posted", sa.BigInteger(), nullable=False),
        sa.Column("debits_pending", sa.BigInteger(), nullable=False),
        sa.Column("adjustments", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.CheckConstraint(f"kind IN {kinds}", name=op.f("ck_accounts_kind")),
        sa.CheckConstraint(
            "credits_posted >= 0 AND debits_posted >= 0 AND debits_pending >= 0",
            name=op.f("ck_accounts_counters"),
        ),
        sa.CheckConstraint(
            "credits_posted - debits_posted - debits_pending >= 0", name=op.f("ck_accounts_available")
        ),
        sa.Index("ix_accounts_guild_id_user_id", "guild_id", "user_id"),
    )


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
