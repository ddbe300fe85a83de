"""The names under which the progress of tasks and the circuit breaker are kept as JSON."""

import json
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_requests = sa.table(
    "requests", sa.column("id", sa.BigInteger), sa.column("watch", sa.JSON(none_as_null=True))
)
_memos = sa.table("memos", sa.column("key", sa.String), sa.column("value", sa.Text))
_BREAKER = "gate"
_IN_PROGRESS = {"mark": "fingerprint"}
_IN_BREAKER = {
    "learned": "capacity",
    "trouble": "outage",
    "shut_until": "open_until",
    "halted": "paused_by_operator",
}


def _rename(in_progress: Mapping[str, str], in_breaker: Mapping[str, str]) -> None:
    if op.get_context().as_sql:  # a script without a connection can't look into the values
        return
    connection = op.get_bind()
    rows = sa.select(_requests.c.id, _requests.c.watch).where(_requests.c.watch.is_not(None))
    for request_id, watch in connection.execute(rows).all():
        values = {in_progress.get(name, name): value for name, value in watch.items()}
        connection.execute(sa.update(_requests).where(_requests.c.id == request_id).values(watch=values))
    of_breaker = _memos.c.key == _BREAKER
    known = connection.execute(sa.select(_memos.c.value).where(of_breaker)).scalar()
    if known is not None:
        values = {in_breaker.get(name, name): value for name, value in json.loads(known).items()}
        connection.execute(sa.update(_memos).where(of_breaker).values(value=json.dumps(values)))


def upgrade() -> None:
    """Rename the fields that have a new name."""
    _rename(_IN_PROGRESS, _IN_BREAKER)


def downgrade() -> None:
    """Give the fields their old names back."""
    _rename(
        {new: old for old, new in _IN_PROGRESS.items()},
        {new: old for old, new in _IN_BREAKER.items()},
    )
