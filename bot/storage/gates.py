"""What all processes together know of the provider's readiness: one fact among the memos."""

from pydantic import TypeAdapter

from bot.services.gate import Gate
from bot.storage.memos import SqlMemos

KEY = "gate"
_GATE = TypeAdapter(Gate)


class SqlGates:
    """The provider's readiness, as one transaction sees it."""

    def __init__(self, memos: SqlMemos) -> None:
        self._memos = memos

    def get(self) -> Gate | None:
        """What was learned last, if anything was."""
        known = self._memos.get(KEY)
        return None if known is None else _GATE.validate_json(known)

    def put(self, gate: Gate) -> None:
        """Remember what was learned."""
        self._memos.put(KEY, _GATE.dump_json(gate).decode())
