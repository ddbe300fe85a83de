"""Welcomes: another kind of message in the outbox, and what was last said in each server."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

KINDS = ("status", "result", "approval", "audit", "showcase")
NEW = "welcome"


def upgrade() -> None:
    """Allow the new kind, and add the column."""
    op.add_column("guilds", sa.Column("welcome", sa.Text()))
    _allow((*KINDS, NEW))


def downgrade() -> None:
    """Delete the welcomes, which the older version cannot read."""
    outbox = sa.table("outbox", sa.column("kind"))
    op.execute(outbox.delete().where(outbox.c.kind == op.inline_literal(NEW)))
    _allow(KINDS)
    op.drop_column("guilds", "welcome")


def _allow(kinds: tuple[str, ...]) -> None:
    """Let the outbox have these kinds; SQLite has to make the whole table again."""
    name, condition = "ck_outbox_kind", f"kind IN ({', '.join(map(repr, kinds))})"
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), "outbox", type_="check")
        op.create_check_constraint(op.f(name), "outbox", condition)
        return
    connection = op.get_bind()
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = 'outbox' AND sql IS NOT NULL ORDER BY type DESC"
    create, *indexes = connection.execute(sa.text(made)).scalars()
    before, _, rest = create.partition(f"CONSTRAINT {name} CHECK (")
    after = rest[rest.index("))") + 1 :]
    op.rename_table("outbox", "kept")
    op.execute(f"{before}CONSTRAINT {name} CHECK ({condition}{after}")
    names = [known["name"] for known in sa.inspect(connection).get_columns("kept")]
    old, new = (sa.table(one, *(sa.column(known) for known in names)) for one in ("kept", "outbox"))
    op.execute(new.insert().from_select(names, sa.select(*old.c)))
    op.drop_table("kept")
    for index in indexes:
        op.execute(index)
