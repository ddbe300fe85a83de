"""Which prompts were wiped before that was noted, so that nobody takes those requests for bare ones."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# Prompts go by the ends of their requests, oldest first. So whatever ended no earlier than a request of which
# it is known what became of its prompt was never wiped; of what ended before all of those, nobody knows.
_MARK = sa.text(
    """
    UPDATE requests SET prompt_wiped_at = :now
    WHERE prompt IS NULL AND prompt_wiped_at IS NULL AND ended_at < coalesce(
        (SELECT min(ended_at) FROM requests WHERE prompt IS NOT NULL OR prompt_wiped_at IS NOT NULL), :now
    )
    """
).bindparams(sa.bindparam("now", type_=sa.DateTime(timezone=True)))


def upgrade() -> None:
    """Mark the requests whose prompt may have been wiped: to refuse them is safer than another song."""
    op.execute(_MARK.bindparams(now=datetime.now(UTC)))


def downgrade() -> None:
    """Leave the marks, which the program before it understands."""
