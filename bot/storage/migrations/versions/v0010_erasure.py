"""Columns of the erasure under the names that the code has for them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Give the columns their new names."""
    op.execute("ALTER TABLE requests RENAME COLUMN prompt_wiped_at TO prompt_erased_at")
    _rename_in_members("forget_at", "erase_at")


def downgrade() -> None:
    """Give the columns their old names back."""
    _rename_in_members("erase_at", "forget_at")
    op.execute("ALTER TABLE requests RENAME COLUMN prompt_erased_at TO prompt_wiped_at")


def _rename_in_members(old: str, new: str) -> None:
    op.drop_index(op.f(f"ix_members_{old}"), "members")
    op.execute(f"ALTER TABLE members RENAME COLUMN {old} TO {new}")
    where, name = sa.text(f"{new} IS NOT NULL"), op.f(f"ix_members_{new}")
    op.create_index(name, "members", [new], sqlite_where=where, postgresql_where=where)
