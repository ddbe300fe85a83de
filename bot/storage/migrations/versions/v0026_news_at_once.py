"""News by direct message: another kind of message in the outbox, and the setting of it among the actions."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

KINDS = ("status", "result", "approval", "audit", "showcase", "welcome", "digest")
ACTIONS = (
    *("grant", "member_allowance", "reset", "block", "unblock", "role_allowance", "everyone_allowance"),
    *("budget", "pause", "resume", "requests_channel", "results_channel", "approval", "log_channel"),
    *("model", "limits", "cancel", "approve", "decline", "remove_song", "add_playlist", "remove_playlist"),
    *("default_playlist", "showcase", "only_saved", "words", "close", "open", "next"),
)
NEW = "news"


def upgrade() -> None:
    """Allow both."""
    _allow("outbox", "kind", (*KINDS, NEW))
    _allow("audit_log", "action", (*ACTIONS, NEW))


def downgrade() -> None:
    """Delete what the older version cannot read; members read their news at the next command."""
    entries = sa.table("audit_log", sa.column("id"), sa.column("action"))
    posts = sa.table("outbox", sa.column("source_id"), sa.column("kind"))
    is_new = entries.c.action == op.inline_literal(NEW)
    of_new = posts.c.source_id.in_(sa.select(entries.c.id).where(is_new))
    op.execute(posts.delete().where(posts.c.kind == op.inline_literal(NEW)))
    op.execute(posts.delete().where(posts.c.kind == op.inline_literal("audit"), of_new))
    op.execute(entries.delete().where(is_new))
    _allow("outbox", "kind", KINDS)
    _allow("audit_log", "action", ACTIONS)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    """Let the column have these values; SQLite has to make the whole table again."""
    name, condition = f"ck_{table}_{column}", f"{column} IN ({', '.join(map(repr, values))})"
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, condition)
        return
    connection = op.get_bind()
    made = f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}' AND sql IS NOT NULL ORDER BY type DESC"  # noqa: S608 - names of this file
    create, *indexes = connection.execute(sa.text(made)).scalars()
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
