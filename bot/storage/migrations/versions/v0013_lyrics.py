"""The lyrics of each song's clips, and the song that it was asked for in the style of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ENDED = "ix_requests_ended_at"
PROMPT = "prompt IS NOT NULL"
WORDS = "prompt IS NOT NULL OR lyrics IS NOT NULL"


def upgrade() -> None:
    """Add the columns; songs of earlier versions have NULL there, because nothing was kept of theirs."""
    op.add_column("requests", sa.Column("lyrics", sa.JSON()))
    op.add_column("requests", sa.Column("origin_id", _snowflake()))
    op.add_column("requests", sa.Column("origin_clip", sa.Integer()))
    _index_ended(WORDS)


def downgrade() -> None:
    """Drop the columns."""
    _index_ended(PROMPT)
    for column in ("origin_clip", "origin_id", "lyrics"):
        op.drop_column("requests", column)


def _index_ended(where: str) -> None:
    op.drop_index(op.f(ENDED), "requests")
    words = sa.text(where)
    op.create_index(op.f(ENDED), "requests", ["ended_at"], sqlite_where=words, postgresql_where=words)


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
