"""The processes that are alive, and the shards that they serve."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "processes",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("alive_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_table(
        "shards",
        sa.Column("shard_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shard_count", sa.Integer(), nullable=False),
        sa.Column("process_id", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("shard_id", name=op.f("pk_shards")),
        sa.CheckConstraint("shard_id >= 0 AND shard_id < shard_count", name=op.f("ck_shards_shard_id")),
        sa.ForeignKeyConstraint(
            ["process_id"], ["processes.id"], name=op.f("fk_shards_process_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_shards_process_id"), "shards", ["process_id"])


def downgrade() -> None:
    """Remove both."""
    op.drop_table("shards")
    op.drop_table("processes")
