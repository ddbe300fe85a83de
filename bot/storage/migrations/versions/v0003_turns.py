"""When members and servers last had a turn, and an index that counts what runs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the columns, the table and the index."""
    op.create_table(
        "guilds",
        sa.Column(
            "guild_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("last_turn_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guilds")),
    )
    op.add_column("members", sa.Column("last_turn_at", sa.DateTime(timezone=True)))
    in_line = sa.text("state IN ('waiting', 'submitting', 'making')")
    op.create_index(
        "ix_requests_in_line",
        "requests",
        ["state", "guild_id", "user_id"],
        sqlite_where=in_line,
        postgresql_where=in_line,
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_requests_in_line", table_name="requests")
    with op.batch_alter_table("members") as table:
        table.drop_column("last_turn_at")
    op.drop_table("guilds")
