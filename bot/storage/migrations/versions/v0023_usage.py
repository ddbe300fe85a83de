"""What songs used, by day: running totals of each server and each of its members."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

# Of a person who is being erased, all is nobody's: the rest of the requests soon will be, too.
USED = """
    SELECT r.guild_id, {kind} AS kind, {key} AS key, {day} AS day,
        count(DISTINCT t.request_id) AS songs, sum(t.amount) AS credits
    FROM transfers t
    JOIN accounts a ON a.id = t.debit AND a.kind = 'member'
    JOIN requests r ON r.id = t.request_id
    LEFT JOIN key_values erased ON erased.key = 'erasure:' || r.user_id
    WHERE t.kind = 'post'
    GROUP BY 1, 2, 3, 4
"""
FILL = """
    INSERT INTO daily_usage (guild_id, kind, key, day, songs, credits)
    SELECT guild_id, kind, key, day, sum(songs) OVER up_to, sum(credits) OVER up_to
    FROM ({used}) AS used
    WINDOW up_to AS (PARTITION BY guild_id, kind, key ORDER BY day)
"""
KEYS = {
    "server": "''",
    "member": "CAST(CASE WHEN erased.key IS NULL THEN r.user_id ELSE 0 END AS VARCHAR(20))",
}


def upgrade() -> None:
    """Make the table, and add up all songs so far: a second or two for some hundred thousand."""
    op.create_table(
        "daily_usage",
        sa.Column(
            "guild_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("key", sa.String(50), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("songs", sa.Integer(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "kind", "key", "day", name=op.f("pk_daily_usage")),
        sqlite_with_rowid=False,
    )
    is_sqlite = op.get_context().dialect.name == "sqlite"
    day = "date(t.at)" if is_sqlite else "to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
    for kind, key in KEYS.items():
        op.execute(FILL.format(used=USED.format(kind=f"'{kind}'", key=key, day=day)))


def downgrade() -> None:
    """Drop it."""
    op.drop_table("daily_usage")
