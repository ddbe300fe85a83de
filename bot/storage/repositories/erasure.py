"""The erasure of persons from requests and the audit log; what the ledger needs of them stays."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, select, update

from bot.domain.audit import Action, AuditFacts
from bot.domain.personal_data import NOBODY_ID
from bot.domain.requests import RETURNED, State
from bot.storage.tables import accounts, audit_log, events, loves, members, outbox, requests

FINAL = sorted(RETURNED | {State.DELIVERED, State.UNDELIVERABLE})
"""The states of requests that have ended."""

_c = requests.c
_HAS_DUE_MESSAGE = exists().where(outbox.c.source_id == _c.id, outbox.c.due_at.is_not(None))
IS_OVER = _c.state.in_(FINAL) & ~_HAS_DUE_MESSAGE
"""Selects requests that have ended and whose messages have all been sent."""
_ERASED = {
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
    "lyrics": None,
    "origin_id": None,
    "origin_clip": None,
    "loves": 0,
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
"""The values of an erased request; its model, state, times, cost and policy are kept."""


def erase_requests(conn: Connection, which: ColumnElement[bool], *, limit: int) -> int:
    """Erase the persons from requests of one server that are over; return the number of requests."""
    # in the order of the index: sorting all that are left would take longer in each unit than the erasure
    order = (_c.guild_id, _c.user_id, _c.id)
    over = select(_c.id).where(which, IS_OVER).order_by(*order).limit(limit).with_for_update()
    ids = list(conn.execute(over).scalars())
    if ids:
        conn.execute(delete(outbox).where(outbox.c.source_id.in_(ids)))
        conn.execute(delete(loves).where(loves.c.request_id.in_(ids)))
        conn.execute(update(events).where(events.c.request_id.in_(ids)).values(detail=None))
        conn.execute(update(requests).where(_c.id.in_(ids)).values(_ERASED))
    return len(ids)


def disown_accounts(conn: Connection, which: ColumnElement[bool], *, limit: int) -> int:
    """Remove the owners from owned accounts, which keep their pseudonyms; return the number of accounts."""
    owned = select(accounts.c.id).where(which).limit(limit)
    return conn.execute(update(accounts).where(accounts.c.id.in_(owned)).values(user_id=None)).rowcount


def redact_audit_entries(
    conn: Connection, which: ColumnElement[bool], user_id: int, *, limit: int, keeps_blocks: bool = True
) -> int:
    """Remove the person from audit entries; return the number of entries.

    With `keeps_blocks`, entries that block a member now keep the member and the reason.
    """
    rows = conn.execute(select(audit_log).where(which).limit(limit).with_for_update()).all()
    subjects = {row.subject_id for row in rows if keeps_blocks and row.action == Action.BLOCK}
    still = select(members.c.guild_id, members.c.user_id).where(
        members.c.user_id.in_(subjects), members.c.blocked.is_not(None)
    )
    blocked = {tuple(row) for row in conn.execute(still)} if subjects else set()
    for row in rows:
        in_force = row.action == Action.BLOCK and (row.guild_id, row.subject_id) in blocked
        values = _redaction_of(row, user_id, in_force=in_force)
        conn.execute(update(audit_log).where(audit_log.c.id == row.id).values(values))
    return len(rows)


def _redaction_of(row: Row[*tuple[object, ...]], user_id: int, *, in_force: bool) -> dict[str, object]:
    """Return the columns of an audit entry that the person's erasure changes."""
    values: dict[str, object] = {}
    if row.actor_id == user_id:
        values["actor_id"] = NOBODY_ID
    if not in_force:
        is_about = row.subject_id == user_id
        sides = {"before": row.before, "after": row.after}
        values |= {"reason": None} | {
            name: _redact_facts(side.items(), user_id, is_about=is_about) for name, side in sides.items()
        }
        if is_about:
            values["subject_id"] = None
    return values


def _redact_facts(
    facts: Iterable[tuple[str, str | int | None]], user_id: int, *, is_about: bool
) -> AuditFacts:
    """Return the facts without the person's id, and without texts about the person."""
    return {
        name: fact
        for name, fact in facts
        if str(user_id) not in str(fact) and not (is_about and isinstance(fact, str))
    }
