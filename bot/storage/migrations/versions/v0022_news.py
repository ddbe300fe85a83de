"""Decisions of which their member has to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

UNREAD = "ix_audit_log_unread"


def upgrade() -> None:
    """Add the column; members are not told of what was decided before."""
    op.add_column(
        "audit_log", sa.Column("is_unread", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    unread = sa.text("is_unread")
    op.create_index(
        UNREAD, "audit_log", ["guild_id", "subject_id"], sqlite_where=unread, postgresql_where=unread
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(UNREAD, "audit_log")
    op.drop_column("audit_log", "is_unread")
