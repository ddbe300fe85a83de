"""Curation: what each saved playlist came to, requests of a day, and two more of moderators' decisions."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

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
)
NEW = ("only_saved", "words")
COUNTERS = ("songs", "loves", "failures")
FINISHED = ("ready", "delivered", "undeliverable")
FAILED = ("failed", "expired")
UNDECIDED = "undecided"
"""The failure of a request that expired because no moderator decided, which says nothing of its playlist."""


def upgrade() -> None:
    """Add the columns, count what there is, and allow the new actions."""
    op.add_column("members", _counter("placed_today"))
    for name in COUNTERS:
        op.add_column("playlists", _counter(name))
    op.add_column("playlists", sa.Column("last_failure", sa.String(32)))
    op.add_column("playlists", sa.Column("failed_at", sa.DateTime(timezone=True)))
    _count()
    _allow((*ACTIONS, *NEW))


def downgrade() -> None:
    """Drop the columns, and delete the entries that the older version cannot read."""
    entries = sa.table("audit_log", sa.column("id"), sa.column("action"))
    is_new = entries.c.action.in_([op.inline_literal(action) for action in NEW])
    messages = sa.table("outbox", sa.column("source_id"), sa.column("kind"))
    is_audit = messages.c.kind == op.inline_literal("audit")
    op.execute(
        messages.delete().where(is_audit, messages.c.source_id.in_(sa.select(entries.c.id).where(is_new)))
    )
    op.execute(entries.delete().where(is_new))
    _allow(ACTIONS)
    for name in ("failed_at", "last_failure", *reversed(COUNTERS)):
        op.drop_column("playlists", name)
    op.drop_column("members", "placed_today")


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default="0", nullable=False)


def _count() -> None:
    """Count the songs, their loves and the failures of each saved playlist, from the requests there are."""
    playlists = sa.table("playlists", *map(sa.column, ("guild_id", "playlist_id", *COUNTERS)))
    requests = sa.table(
        "requests", *map(sa.column, ("id", "guild_id", "playlist_id", "state", "failure_kind"))
    )
    loves = sa.table("loves", *map(sa.column, ("request_id", "is_loved")))
    saved = sa.select(playlists.c.guild_id, playlists.c.playlist_id).distinct().subquery()
    joined = requests.join(
        saved,
        (saved.c.guild_id == requests.c.guild_id) & (saved.c.playlist_id == requests.c.playlist_id),
    )
    key = (requests.c.guild_id, requests.c.playlist_id)
    finished = requests.c.state.in_(FINISHED)
    failed = requests.c.state.in_(FAILED) & (sa.func.coalesce(requests.c.failure_kind, "") != UNDECIDED)
    loved = joined.join(loves, loves.c.request_id == requests.c.id)
    number = sa.func.count().label("number")
    counts = {
        "songs": sa.select(*key, number).select_from(joined).where(finished),
        "failures": sa.select(*key, number).select_from(joined).where(failed),
        "loves": sa.select(*key, number).select_from(loved).where(loves.c.is_loved),
    }
    for name, query in counts.items():
        found = query.group_by(*key).subquery()
        is_it = (playlists.c.guild_id == found.c.guild_id) & (playlists.c.playlist_id == found.c.playlist_id)
        op.execute(playlists.update().where(is_it).values({name: found.c.number}))


def _allow(actions: tuple[str, ...]) -> None:
    """Let entries have these actions; SQLite has to make the whole table again."""
    name, condition = "ck_audit_log_action", f"action IN ({', '.join(map(repr, actions))})"
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f(name), "audit_log", type_="check")
        op.create_check_constraint(op.f(name), "audit_log", condition)
        return
    connection = op.get_bind()
    made = sa.text(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'audit_log' AND sql IS NOT NULL ORDER BY type DESC"
    )
    create, *indexes = connection.execute(made).scalars()
    before, _, rest = create.partition(f"CONSTRAINT {name} CHECK (")
    after = rest[rest.index("))") + 1 :]
    op.rename_table("audit_log", "kept")
    op.execute(f"{before}CONSTRAINT {name} CHECK ({condition}{after}")
    names = [known["name"] for known in sa.inspect(connection).get_columns("kept")]
    old, new = (sa.table(one, *map(sa.column, names)) for one in ("kept", "audit_log"))
    op.execute(new.insert().from_select(names, sa.select(*old.c)))
    op.drop_table("kept")
    for index in indexes:
        op.execute(index)
