"""Weekly digests: another kind of message in the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

KINDS = ("status", "result", "approval", "audit", "showcase", "welcome")
NEW = "digest"


def upgrade() -> None:
    """Allow the new kind."""
    _allow((*KINDS, NEW))


def downgrade() -> None:
    """Delete the digests that are due, which the older version cannot read."""
    outbox = sa.table("outbox", sa.column("kind"))
    op.execute(outbox.delete().where(outbox.c.kind == op.inline_literal(NEW)))
    _allow(KINDS)


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
