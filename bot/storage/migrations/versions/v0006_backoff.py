"""How many requests of a member came to nothing in a row, and until when the next ones are held back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the columns and the index."""
    op.add_column("members", sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("members", sa.Column("backoff_until", sa.DateTime(timezone=True)))
    where = sa.text("backoff_until IS NOT NULL")
    name = op.f("ix_members_backoff_until")
    op.create_index(name, "members", ["backoff_until"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Remove them."""
    op.drop_index(op.f("ix_members_backoff_until"), table_name="members")
    with op.batch_alter_table("members") as table:
        table.drop_column("backoff_until")
        table.drop_column("failures")
