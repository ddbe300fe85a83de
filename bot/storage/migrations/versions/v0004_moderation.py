"""What moderators settle and decide, saved playlists, ratings, approval and removal of songs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ACTIONS = (
    "action IN ('grant', 'member_allowance', 'reset', 'block', 'unblock', 'role_allowance', "
    "'everyone_allowance', 'budget', 'pause', 'resume', 'requests_channel', 'results_channel', 'approval', "
    "'log_channel', 'model', 'limits', 'cancel', 'approve', 'decline', 'remove_song', 'add_playlist', "
    "'remove_playlist')"
)
REQUEST_IDS = ("delivery_channel_id", "approval_channel_id", "approval_message_id")


def upgrade() -> None:
    """Make the columns and the tables."""
    for column in REQUEST_IDS:
        op.add_column("requests", sa.Column(column, _snowflake()))
    op.add_column("requests", sa.Column("removed_at", _moment()))
    op.add_column("guilds", sa.Column("left_at", _moment()))
    _make_guild_settings()
    _make_changes()
    _make_playlists()
    _make_ratings()


def downgrade() -> None:
    """Remove them."""
    for table in ("ratings", "playlists", "changes", "guild_settings"):
        op.drop_table(table)
    op.drop_column("guilds", "left_at")
    for column in ("removed_at", *reversed(REQUEST_IDS)):
        op.drop_column("requests", column)


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _make_guild_settings() -> None:
    op.create_table(
        "guild_settings",
        sa.Column("guild_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_guild_settings")),
    )
    paused = sa.text("paused")
    op.create_index(
        op.f("ix_guild_settings_paused"),
        "guild_settings",
        ["paused"],
        sqlite_where=paused,
        postgresql_where=paused,
    )


def _make_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("guild_id", _snowflake(), nullable=False),
        sa.Column("actor_id", _snowflake(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject_id", _snowflake()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("due_at", _moment()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", _moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sa.CheckConstraint(ACTIONS, name=op.f("ck_changes_action")),
        sa.CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name=op.f("ck_changes_lease")),
    )
    op.create_index(op.f("ix_changes_guild_id_subject_id"), "changes", ["guild_id", "subject_id"])
    for column in ("due_at", "lease_until"):
        where = sa.text(f"{column} IS NOT NULL")
        name = op.f(f"ix_changes_{column}")
        op.create_index(name, "changes", [column], sqlite_where=where, postgresql_where=where)


def _make_playlists() -> None:
    op.create_table(
        "playlists",
        sa.Column("guild_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("playlist_id", sa.String(36), nullable=False),
        sa.Column("added_by", _snowflake(), nullable=False),
        sa.Column("added_at", _moment(), nullable=False),
        sa.Column("used_at", _moment()),
        sa.PrimaryKeyConstraint("guild_id", "key", name=op.f("pk_playlists")),
    )


def _make_ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("request_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("user_id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "user_id", name=op.f("pk_ratings")),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars")),
        sa.ForeignKeyConstraint(["request_id"], ["requests.id"], name=op.f("fk_ratings_request_id")),
    )
    op.create_index(op.f("ix_ratings_user_id"), "ratings", ["user_id"])
