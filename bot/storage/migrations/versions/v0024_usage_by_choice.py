"""What requests came to, by day: also those without a song, and by playlist, model and failure."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

ADDED = ("playlist", "model", "failure")
MEMBER = "CAST(CASE WHEN erased.key IS NULL THEN r.user_id ELSE 0 END AS VARCHAR(20))"
USED_KEYS = {"server": "''", "member": MEMBER, "playlist": "r.playlist_id", "model": "r.model"}
ENDED_KEYS = USED_KEYS | {"failure": "coalesce(r.failure_kind, r.state)"}
USED = """
    SELECT r.guild_id, '{kind}' AS kind, {key} AS key, {day} AS day, count(DISTINCT t.request_id) AS songs,
        sum(t.amount) AS credits, count(DISTINCT t.request_id) AS requests
    FROM transfers t
    JOIN accounts a ON a.id = t.debit AND a.kind = 'member'
    JOIN requests r ON r.id = t.request_id
    LEFT JOIN key_values erased ON erased.key = 'erasure:' || r.user_id
    WHERE t.kind = 'post'
    GROUP BY 1, 2, 3, 4
"""
ENDED = """
    SELECT r.guild_id, '{kind}' AS kind, {key} AS key, {day} AS day, 0 AS songs, 0 AS credits,
        count(*) AS requests
    FROM requests r LEFT JOIN key_values erased ON erased.key = 'erasure:' || r.user_id
    WHERE r.state IN ('failed', 'expired', 'uncertain', 'cancelled', 'declined') AND r.ended_at IS NOT NULL
    GROUP BY 1, 2, 3, 4
"""
FILL = """
    INSERT INTO daily_usage (guild_id, kind, key, day, songs, credits, requests)
    SELECT guild_id, kind, key, day, sum(songs) OVER up_to, sum(credits) OVER up_to, sum(requests) OVER up_to
    FROM (
        SELECT guild_id, kind, key, day, sum(songs) AS songs, sum(credits) AS credits,
            sum(requests) AS requests
        FROM ({ended}) AS ended GROUP BY guild_id, kind, key, day
    ) AS by_day
    WINDOW up_to AS (PARTITION BY guild_id, kind, key ORDER BY day)
"""


def upgrade() -> None:
    """Add the column, and count all requests so far: a few seconds for some hundred thousand."""
    op.add_column("daily_usage", sa.Column("requests", sa.Integer(), server_default="0", nullable=False))
    op.execute("DELETE FROM daily_usage")
    for kind, key in ENDED_KEYS.items():
        ended = [ENDED.format(kind=kind, key=key, day=_day("r.ended_at"))]
        if kind in USED_KEYS:
            ended.append(USED.format(kind=kind, key=key, day=_day("t.at")))
        op.execute(FILL.format(ended=" UNION ALL ".join(ended)))


def downgrade() -> None:
    """Drop what the older version does not count."""
    usage = sa.table("daily_usage", sa.column("kind"))
    op.execute(usage.delete().where(usage.c.kind.in_([op.inline_literal(kind) for kind in ADDED])))
    op.drop_column("daily_usage", "requests")


def _day(time: str) -> str:
    """Return the day of a time (UTC)."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    return f"date({time})" if is_sqlite else f"to_char({time} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
