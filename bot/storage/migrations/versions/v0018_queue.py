"""Requests that moderators moved to the front, and their decisions about the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

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
    "showcase",
    "only_saved",
    "words",
)
NEW = ("close", "open", "next")


def upgrade() -> None:
    """Allow the new actions, and add the column."""
    op.add_column("requests", sa.Column("moved_at", sa.DateTime(timezone=True)))
    _allow((*ACTIONS, *NEW))


def downgrade() -> None:
    """Delete the entries about them, which the older version cannot read."""
    entries = sa.table("audit_log", sa.column("id"), sa.column("action"))
    posts = sa.table("outbox", sa.column("source_id"), sa.column("kind"))
    new = entries.c.action.in_([op.inline_literal(action) for action in NEW])
    of_new = posts.c.source_id.in_(sa.select(entries.c.id).where(new))
    op.execute(posts.delete().where(posts.c.kind == op.inline_literal("audit"), of_new))
    op.execute(entries.delete().where(new))
    _allow(ACTIONS)
    op.drop_column("requests", "moved_at")


def _allow(actions: tuple[str, ...]) -> None:
    """Let the audit log have these actions; SQLite has to make the whole table again."""
    name, condition = "ck_audit_log_action", f"action IN ({', '.join(map(repr, actions))})"
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), "audit_log", type_="check")
        op.create_check_constraint(op.f(name), "audit_log", condition)
        return
    connection = op.get_bind()
    made = "SELECT sql FROM sqlite_master WHERE tbl_name = 'audit_log' AND sql IS NOT NULL ORDER BY type DESC"
    create, *indexes = connection.execute(sa.text(made)).scalars()
    before, _, rest = create.partition(f"CONSTRAINT {name} CHECK (")
    after = rest[rest.index("))") + 1 :]
    op.rename_table("audit_log", "kept")
    op.execute(f"{before}CONSTRAINT {name} CHECK ({condition}{after}")
    names = [known["name"] for known in sa.inspect(connection).get_columns("kept")]
    old, new = (sa.table(one, *(sa.column(known) for known in names)) for one in ("kept", "audit_log"))
    op.execute(new.insert().from_select(names, sa.select(*old.c)))
    op.drop_table("kept")
    for index in indexes:
        op.execute(index)
