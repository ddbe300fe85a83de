"""HTTP routes: the handler's call, its reply, and the rate limits by which it is counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.discord.payloads import Payload, as_payload
from sandbox.discord.rules.messages import Sent, Upload


class Count(StrEnum):
    """The rate limits of a route."""

    NOTHING = "nothing"
    """Answers to interactions are not limited."""
    INTERACTION = "interaction"
    """Per interaction token, not in the bot's total."""
    INTERACTION_POST = "interaction post"
    """As before, and per channel."""
    CHANNEL = "channel"
    """Per channel, and in the bot's total."""
    OTHER = "other"
    """Per route, and in the bot's total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, decoded."""

    ids: Mapping[str, str]
    """The parts of the path that the template names."""
    query: Mapping[str, str]
    body: object
    files: Mapping[int, Upload]
    strict: bool = True
    """Whether fields that the sandbox does not know are refused."""

    def id(self, name: str) -> int:
        """Return a snowflake of the path, 0 if it is none."""
        value = self.ids.get(name, "")
        return int(value) if value.isdecimal() else 0

    @property
    def payload(self) -> Payload:
        """Return the body as a JSON object."""
        return as_payload(self.body)

    @property
    def sent(self) -> Sent:
        """Return the body and files as a message."""
        return Sent(payload=self.payload, files=self.files, strict=self.strict)

    def number(self, name: str, *, default: int) -> int:
        """Return a whole number of the query, or the default."""
        value = self.query.get(name, "")
        return int(value) if value.isdecimal() else default

    def asks(self, name: str) -> bool:
        """Tell whether a truth value of the query is set."""
        return self.query.get(name, "").lower() in ("1", "true")


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply of a handler: a JSON body, or none with 204."""

    payload: object = None
    status: int = 200


NO_CONTENT = Reply(None, 204)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route of the API."""

    method: str
    template: str
    handle: Callable[[Call], Reply]
    count: Count = Count.OTHER
    by_bot_token: bool = field(default=True)
    """Whether the request must carry the bot's token; else a token in the path speaks for it."""

    @property
    def name(self) -> str:
        """Return `METHOD /template`."""
        return f"{self.method} {self.template}"
