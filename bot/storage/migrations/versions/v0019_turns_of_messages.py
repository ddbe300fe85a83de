"""Whose turn it is in the outbox: each message's server, and whether it is a result or an ending."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

LANE = "ix_outbox_is_urgent_due_at"
ENDED = (
    "delivered",
    "undeliverable",
    "failed",
    "expired",
    "uncertain",
    "cancelled",
    "declined",
)


def upgrade() -> None:
    """Add the columns and the index, and fill them for the messages there are."""
    guild_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("outbox", sa.Column("guild_id", guild_id, server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("is_urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
    source = "WHERE id = outbox.source_id"
    op.execute(
        f"UPDATE outbox SET guild_id = COALESCE((SELECT guild_id FROM requests {source}),"  # noqa: S608 - constants
        f" (SELECT guild_id FROM audit_log {source}), 0)"
    )
    states = ", ".join(map(repr, ENDED))
    op.execute(
        f"UPDATE outbox SET is_urgent = TRUE WHERE kind = 'result' OR (kind = 'status' AND EXISTS"  # noqa: S608 - constants
        f" (SELECT 1 FROM requests {source} AND state IN ({states})))"
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index(op.f(LANE), "outbox", ["is_urgent", "due_at"], sqlite_where=due, postgresql_where=due)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f(LANE), "outbox")
    op.drop_column("outbox", "is_urgent")
    op.drop_column("outbox", "guild_id")
