"""HTTP faults that can be switched on: errors, resets, slow answers and rate limits."""

import json
import random
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """The kind of a fault."""

    STATUS = "status"
    """An empty 5xx instead of the effect."""
    STATUS_AFTER = "status after"
    """A 5xx although the request took effect."""
    RESET = "reset"
    """The connection is reset and nothing happened."""
    RESET_AFTER = "reset after"
    """The connection is reset although the request took effect."""
    HANG = "hang"
    """The request takes effect at once, its answer comes late."""
    SLOW = "slow"
    """The request is a long time in coming, as a slow upload is: its effect and its answer are late."""
    RATE_LIMITED = "rate limited"
    """429 with JSON and `Via`, as Discord's API answers."""
    RATE_LIMITED_GLOBALLY = "rate limited globally"
    """The same for everything that the bot's token does: the client has to pause all its calls."""
    RATE_LIMITED_AT_EDGE = "rate limited at edge"
    """429 in HTML and without `Via`, as the network in front of the API answers."""
    STRANGE = "strange"
    """A 200 with `words` as its JSON body and no effect, as somebody else answers at Discord's address."""
    REFUSED = "refused"
    """A refusal of Discord's own: `status` with `code` and `words`, and no effect."""
    UNKNOWN_MESSAGE = "unknown message"
    """404/10008, as happens at random just after a deferral."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: where it strikes, how often, and its figures."""

    kind: FaultKind
    on: str = "*"
    """A pattern over `METHOD /route/template`, for example `PATCH /webhooks/*`."""
    times: int | None = 1
    """How often it strikes; None has no end."""
    rate: float = 1.0
    """The share of matching requests that it strikes."""
    status: int = 500
    code: int = 0
    """Discord's number for a refusal (reference, "JSON Error Codes")."""
    words: str = "Refused"
    containing: str = ""
    """Strikes only requests whose JSON body contains this text, as AutoMod and Discord's filters do."""
    after_s: float = 0.0
    """How late a hanging answer or a slow request is, or how long a refused client is told to wait."""


@dataclass(slots=True)
class _Switched:
    fault: Fault
    left: int | None


class Faults:
    """All faults that are switched on, and how often each struck."""

    def __init__(self, *, seed: int) -> None:
        self._random = random.Random(seed)
        self._on: list[_Switched] = []
        self.struck: list[tuple[str, Fault]] = []

    def add(self, fault: Fault) -> None:
        """Switch the fault on, beside those that are on already."""
        self._on.append(_Switched(fault, fault.times))

    def clear(self) -> None:
        """Switch all faults off."""
        self._on.clear()

    def strike(self, endpoint: str, *, body: object = None) -> Fault | None:
        """Return the fault that strikes a request on `METHOD /route/template`, and count it as used."""
        for switched in self._on:
            fault = switched.fault
            if (
                switched.left == 0
                or not fnmatchcase(endpoint, fault.on)
                or not _contains(body, fault.containing)
                or self._random.random() >= fault.rate
            ):
                continue
            switched.left = None if switched.left is None else switched.left - 1
            self.struck.append((endpoint, fault))
            return fault
        return None


def _contains(body: object, words: str) -> bool:
    return not words or words in json.dumps(body, ensure_ascii=False)
