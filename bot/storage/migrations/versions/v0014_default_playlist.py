"""The default playlist: moderators' decisions about it, and members' newest songs found without sorting."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

ACTIONS = (
    "'grant', 'member_allowance', 'reset', 'block', 'unblock', 'role_allowance', 'everyone_allowance', "
    "'budget', 'pause', 'resume', 'requests_channel', 'results_channel', 'approval', 'log_channel', 'model', "
    "'limits', 'cancel', 'approve', 'decline', 'remove_song', 'add_playlist', 'remove_playlist'"
)
OLD_INDEX, NEW_INDEX = "ix_requests_guild_id_user_id_state", "ix_requests_guild_id_user_id_state_id"


def upgrade() -> None:
    """Allow the action, and put the id into the index of a member's requests."""
    _allow(f"action IN ({ACTIONS}, 'default_playlist')")
    op.drop_index(op.f(OLD_INDEX), "requests")
    op.create_index(op.f(NEW_INDEX), "requests", ["guild_id", "user_id", "state", "id"])


def downgrade() -> None:
    """Delete the entries about it, which the older version cannot read."""
    op.drop_index(op.f(NEW_INDEX), "requests")
    op.create_index(op.f(OLD_INDEX), "requests", ["guild_id", "user_id", "state"])
    op.execute(
        "DELETE FROM outbox WHERE kind = 'audit'"
        " AND source_id IN (SELECT id FROM audit_log WHERE action = 'default_playlist')"
    )
    op.execute("DELETE FROM audit_log WHERE action = 'default_playlist'")
    _allow(f"action IN ({ACTIONS})")


def _allow(actions: str) -> None:
    """Replace the check of the actions; SQLite copies the table for that."""
    name = op.f("ck_audit_log_action")
    with op.batch_alter_table("audit_log", copy_from=_audit_log(), recreate="auto") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, sa.text(actions))


def _audit_log() -> sa.Table:
    return sa.Table(
        "audit_log",
        sa.MetaData(),
        sa.Column("id", _snowflake(), autoincrement=False, nullable=False),
        sa.Column("guild_id", _snowflake(), nullable=False),
        sa.Column("actor_id", _snowflake(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject_id", _snowflake()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.CheckConstraint(f"action IN ({ACTIONS})", name=op.f("ck_audit_log_action")),
        sa.Index("ix_audit_log_guild_id_subject_id", "guild_id", "subject_id"),
    )


def _snowflake() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
