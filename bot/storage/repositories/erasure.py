"""How requests and decisions lose the persons that they name; what the books need of them stays."""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, select, update

from bot.domain.audit import Action, AuditFacts
from bot.domain.personal_data import NOBODY_ID
from bot.domain.requests import RETURNED, State
from bot.storage.tables import accounts, audit_log, events, outbox, ratings, requests

FINAL = sorted(RETURNED | {State.DELIVERED, State.UNDELIVERABLE})
"""Where nothing happens any more."""
CHUNK = 500
"""Ids in one statement."""

_c = requests.c
_UNTOLD = exists().where(outbox.c.request_id == _c.id, outbox.c.due_at.is_not(None))
IS_OVER = _c.state.in_(FINAL) & ~_UNTOLD
"""True of requests that have ended, which everybody has been told."""
_BARE = {
    "user_id": NOBODY_ID,
    "playlist_id": "",
    "prompt": None,
    "style_weight": None,
    "audio_weight": None,
    "weirdness": None,
    "persona_id": None,
    "artist_clip_id": None,
    "task_id": None,
    "progress": None,
    "clips": None,
    "failure_detail": "",
    "channel_id": 0,
    "message_id": None,
    "token": None,
    "result_channel_id": None,
    "result_message_id": None,
    "delivery_channel_id": None,
    "approval_channel_id": None,
    "approval_message_id": None,
}
"""What is left of a request besides its model, state, times, cost and the policy it was placed under."""


def erase_requests(conn: Connection, which: ColumnElement[bool], *, limit: int | None = None) -> int:
    """Requests that are over become nobody's; gives how many."""
    over = select(_c.id).where(which, IS_OVER).order_by(_c.id).limit(limit).with_for_update()
    ids = list(conn.execute(over).scalars())
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        conn.execute(delete(outbox).where(outbox.c.request_id.in_(some)))
        conn.execute(delete(ratings).where(ratings.c.request_id.in_(some)))
        conn.execute(update(events).where(events.c.request_id.in_(some)).values(detail=None))
        conn.execute(update(requests).where(_c.id.in_(some)).values(_BARE))
    return len(ids)


def disown_accounts(conn: Connection, which: ColumnElement[bool]) -> None:
    """The accounts go on under their pseudonyms, and are nobody's."""
    conn.execute(update(accounts).where(which, accounts.c.user_id.is_not(None)).values(user_id=None))


def redact_audit_entries(
    conn: Connection, which: ColumnElement[bool], user_id: int, *, blocked: Collection[tuple[int, int]]
) -> int:
    """Decisions no longer name the person; gives how many did.

    Those that block somebody who is `blocked`, in a server, keep whom they block, and why.
    """
    known = conn.execute(select(audit_log).where(which).order_by(audit_log.c.id).with_for_update()).all()
    blurred = 0
    for row in known:
        in_force = row.action == Action.BLOCK and (row.guild_id, row.subject_id) in blocked
        values = _without(row, user_id, in_force=in_force)
        if values:
            conn.execute(update(audit_log).where(audit_log.c.id == row.id).values(values))
            blurred += 1
    return blurred


def _without(row: Row[*tuple[object, ...]], user_id: int, *, in_force: bool) -> dict[str, object]:
    """What changes in a decision when the person is forgotten."""
    values: dict[str, object] = {}
    if row.actor_id == user_id:
        values["actor_id"] = NOBODY_ID
    if not in_force:
        is_about = row.subject_id == user_id
        facts = {"before": row.before, "after": row.after}
        values |= {"reason": None} | {
            name: _bare(said.items(), user_id, is_about=is_about) for name, said in facts.items()
        }
        if is_about:
            values["subject_id"] = None
    return values


def _bare(facts: Iterable[tuple[str, str | int | None]], user_id: int, *, is_about: bool) -> AuditFacts:
    """The facts without the person's id, and without words about the person."""
    return {
        name: fact
        for name, fact in facts
        if str(user_id) not in str(fact) and not (is_about and isinstance(fact, str))
    }
