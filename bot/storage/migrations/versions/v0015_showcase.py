"""Songs in the showcase: another kind of message in the outbox, and of moderators' decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

CHECKS = {"outbox": "kind", "audit_log": "action"}
KINDS = ("status", "result", "approval", "audit")
ACTIONS = (
    "grant",
    "member_allowance",
    "reset",
    "block",
    "unblock",
    "role_allowance",
    "everyone_allowance",
    "budget",
    "pause",
    "resume",
    "requests_channel",
    "results_channel",
    "approval",
    "log_channel",
    "model",
    "limits",
    "cancel",
    "approve",
    "decline",
    "remove_song",
    "add_playlist",
    "remove_playlist",
    "default_playlist",
)
NEW = "showcase"


def upgrade() -> None:
    """Allow the new kind and the new action."""
    _allow("outbox", (*KINDS, NEW))
    _allow("audit_log", (*ACTIONS, NEW))


def downgrade() -> None:
    """Delete what is about the showcase, which the older version cannot read."""
    op.execute(
        "DELETE FROM outbox WHERE kind = 'audit'"
        " AND source_id IN (SELECT id FROM audit_log WHERE action = 'showcase')"
    )
    for table, column in CHECKS.items():
        rows = sa.table(table, sa.column(column))
        op.execute(rows.delete().where(rows.c[column] == op.inline_literal(NEW)))
    _allow("outbox", KINDS)
    _allow("audit_log", ACTIONS)


def _allow(table: str, values: tuple[str, ...]) -> None:
    """Let the table's column have these values; SQLite has to make the whole table again."""
    column = CHECKS[table]
    name, condition = f"ck_{table}_{column}", f"{column} IN ({', '.join(map(repr, values))})"
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, condition)
        return
    connection = op.get_bind()
    made = sa.text(
        "SELECT sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL ORDER BY type DESC"
    )
    create, *indexes = connection.execute(made, {"table": table}).scalars()
    before, _, rest = create.partition(f"CONSTRAINT {name} CHECK (")
    after = rest[rest.index("))") + 1 :]
    op.rename_table(table, "kept")
    op.execute(f"{before}CONSTRAINT {name} CHECK ({condition}{after}")
    names = [known["name"] for known in sa.inspect(connection).get_columns("kept")]
    old, new = (sa.table(one, *(sa.column(known) for known in names)) for one in ("kept", table))
    op.execute(new.insert().from_select(names, sa.select(*old.c)))
    op.drop_table("kept")
    for index in indexes:
        op.execute(index)
