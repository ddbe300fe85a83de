"""The part of a channel's history that a request asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.discord.model.message import Message
from sandbox.discord.rules.forms import Form, Problems

DEFAULT_LIMIT, MOST = 50, 100
EDGES = ("before", "after", "around")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """So many messages, the newest ones or those at one edge."""

    limit: int = DEFAULT_LIMIT
    edge: str = ""
    """`before`, `after` or `around`, empty for the newest messages."""
    at: int = 0
    """The message id that the edge is at."""

    def select(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Return the messages asked for, out of all of a channel's, oldest first."""
        match self.edge:
            case "after":
                return [one for one in messages if one.id > self.at][: self.limit]
            case "before":
                return [one for one in messages if one.id < self.at][-self.limit :]
            case "around":
                older = [one for one in messages if one.id < self.at][-(self.limit // 2) or len(messages) :]
                rest = [one for one in messages if one.id >= self.at]
                return [*older, *rest[: self.limit - len(older)]]
            case _:
                return messages[-self.limit :]


def history_query(query: Mapping[str, str]) -> HistoryQuery:
    """Read a request's query.

    Raises:
        ApiError: 50035, `limit` is not 1 to 100, or more than one edge is given.
    """
    problems = Problems()
    form = Form(dict(query), problems=problems)
    limit = form.integer("limit", least=1, most=MOST)
    edges = [name for name in EDGES if form.has(name)]
    if len(edges) > 1:
        message = "Only one of before, after and around can be given."
        form.refuse(edges[1], code="MUTUALLY_EXCLUSIVE", message=message)
    at = form.integer(edges[0], least=0, most=(1 << 63) - 1) if edges else None
    problems.refuse_if_any()
    return HistoryQuery(
        limit=DEFAULT_LIMIT if limit is None else limit, edge=edges[0] if edges else "", at=at or 0
    )
