"""When a request's prompt was wiped, so that nobody takes it for one that never had any."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the column."""
    op.add_column("requests", sa.Column("prompt_wiped_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Remove it."""
    op.drop_column("requests", "prompt_wiped_at")
