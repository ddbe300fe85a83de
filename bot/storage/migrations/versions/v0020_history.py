"""Indexes in the order in which commands read, and the number of each song's loves.

With them, no command sorts or counts a server's whole history.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

ACTIVE = "state IN ('awaiting', 'waiting', 'submitting', 'making')"
UNDER_WAY = "state IN ('waiting', 'submitting', 'making')"
USED = "state IN ('ready', 'delivered', 'undeliverable')"
LISTED = "state IN ('delivered', 'undeliverable') AND removed_at IS NULL"
LOVED = f"{LISTED} AND loves > 0"
LOVED_AT_ALL = f"{LISTED} AND loves <> 0"
Index = tuple[str, str, tuple[str, ...], str | None]
NEW: tuple[Index, ...] = (
    ("ix_requests_guild_id_user_id_id", "requests", ("guild_id", "user_id", "id"), None),
    ("ix_requests_state_guild_id_user_id", "requests", ("state", "guild_id", "user_id"), ACTIVE),
    (
        "ix_requests_guild_id_ended_at_user_id_cost",
        "requests",
        ("guild_id", "ended_at", "user_id", "cost"),
        USED,
    ),
    ("ix_requests_guild_id_id", "requests", ("guild_id", "id"), LISTED),
    ("ix_requests_guild_id_loves_id", "requests", ("guild_id", "loves", "id"), LOVED),
    ("ix_requests_guild_id_id_loves", "requests", ("guild_id", "id", "loves"), LOVED_AT_ALL),
    (
        "ix_accounts_guild_id_user_id_window_starts_at",
        "accounts",
        ("guild_id", "user_id", "window_starts_at"),
        None,
    ),
    ("ix_transfers_debit_at", "transfers", ("debit", "at"), None),
    ("ix_transfers_credit_at", "transfers", ("credit", "at"), None),
    ("ix_audit_log_guild_id_id", "audit_log", ("guild_id", "id"), None),
    ("ix_audit_log_subject_id_guild_id_id", "audit_log", ("subject_id", "guild_id", "id"), None),
    ("ix_audit_log_actor_id", "audit_log", ("actor_id",), None),
)
OLD: tuple[Index, ...] = (
    ("ix_requests_guild_id_user_id_state_id", "requests", ("guild_id", "user_id", "state", "id"), None),
    ("ix_requests_state_guild_id_user_id", "requests", ("state", "guild_id", "user_id"), UNDER_WAY),
    ("ix_accounts_guild_id_user_id", "accounts", ("guild_id", "user_id"), None),
    ("ix_transfers_debit", "transfers", ("debit",), None),
    ("ix_transfers_credit", "transfers", ("credit",), None),
    ("ix_audit_log_guild_id_subject_id", "audit_log", ("guild_id", "subject_id"), None),
)


def upgrade() -> None:
    """Count the loves that there are, and replace the indexes."""
    op.add_column("requests", sa.Column("loves", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE requests SET loves ="
        " (SELECT count(DISTINCT user_id) FROM loves WHERE request_id = requests.id AND is_loved)"
        " WHERE id IN (SELECT request_id FROM loves)"
    )
    _replace(OLD, NEW)


def downgrade() -> None:
    """Restore the indexes, and drop the count."""
    _replace(NEW, OLD)
    op.drop_column("requests", "loves")


def _replace(before: tuple[Index, ...], after: tuple[Index, ...]) -> None:
    for name, table, _, _ in before:
        op.drop_index(op.f(name), table)
    for name, table, columns, where in after:
        condition = None if where is None else sa.text(where)
        op.create_index(op.f(name), table, list(columns), sqlite_where=condition, postgresql_where=condition)
