"""Members love clips instead of rating songs: four and five stars become loves of a song's first clips."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

LOVED = (
    "INSERT INTO loves (request_id, user_id, clip, is_loved, press_id, at)"
    " SELECT ratings.request_id, ratings.user_id, {clip}, {true}, 0, ratings.at"
    " FROM ratings JOIN requests ON requests.id = ratings.request_id"
    " WHERE ratings.stars >= 4 AND ratings.user_id <> requests.user_id"
    " AND requests.clips IS NOT NULL AND json_array_length(requests.clips) >= {clip}"
)
RATED = (
    "INSERT INTO ratings (request_id, user_id, stars, at)"
    " SELECT request_id, user_id, 5, max(at) FROM loves WHERE is_loved GROUP BY request_id, user_id"
)


def upgrade() -> None:
    """Make loves of the best ratings by others, one for each of the first two clips; forget the rest."""
    op.create_table(
        "loves",
        _id("request_id"),
        _id("user_id"),
        sa.Column("clip", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_loved", sa.Boolean(), nullable=False),
        _id("press_id"),
        _at(),
        sa.PrimaryKeyConstraint("request_id", "user_id", "clip", name=op.f("pk_loves")),
        sa.CheckConstraint("clip BETWEEN 1 AND 2", name=op.f("ck_loves_clip")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_loves_request_id")),
    )
    op.create_index(op.f("ix_loves_user_id"), "loves", ["user_id"])
    true = "1" if op.get_context().dialect.name == "sqlite" else "true"
    for clip in (1, 2):
        op.execute(LOVED.format(clip=clip, true=true))
    op.drop_table("ratings")


def downgrade() -> None:
    """Make five stars of each member's loves of a song."""
    op.create_table(
        "ratings",
        _id("request_id"),
        _id("user_id"),
        sa.Column("stars", sa.Integer(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("request_id", "user_id", name=op.f("pk_ratings")),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_ratings_request_id")),
    )
    op.create_index(op.f("ix_ratings_user_id"), "ratings", ["user_id"])
    op.execute(RATED)
    op.drop_table("loves")


def _id(name: str) -> sa.Column[int]:
    return sa.Column(
        name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
    )


def _at() -> sa.Column[datetime]:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False)
