"""TODO."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.polling import DurationStats
from bot.services.provider.circuit_breaker import CircuitBreaker


class DurationStatsRepository(Protocol):
    """How long songs took, per model."""

    def get(self, model: str) -> DurationStats:
        """What was seen of a model so far."""
        ...

    def put(self, model: str, durations: DurationStats) -> None:
        """Remember what was seen of a model."""
        ...


class CircuitBreakers(Protocol):
    """What all processes together know of the provider's readiness."""

    def get(self) -> CircuitBreaker | None:
        """What was learned last, if anything was."""
        ...

    def put(self, breaker: CircuitBreaker) -> None:
        """Remember what was learned."""
        ...


class KeyValues(Protocol):
    """Single facts to remember between two starts."""

    def get(self, key: str) -> str | None:
        """The fact, if there is one."""
        ...

    def put(self, key: str, value: str) -> None:
        """Remember the fact."""
        ...


class ProcessRegistry(Protocol):
    """Which processes are alive, and which of Discord's shards each of them serves."""

    def heartbeat(
        self,
        process: str,
        *,
        role: str,
        shards: tuple[int, ...],
        shard_count: int,
        now: datetime,
        until: datetime,
    ) -> None:
        """Be taken for alive until `until`, in a role of the command line, and for whoever serves the shards.

        Raises:
            ShardTakenError: a live process serves the servers of one of these shards; nothing was changed.
        """
        ...

    def workers(self, now: datetime) -> int:
        """How many live processes take requests to their end; at least 1, for whoever asks."""
        ...

    def alive(self, now: datetime) -> Mapping[str, int]:
        """How many processes are alive, by their role in the command line; roles without any are left out."""
        ...

    def deregister(self, process: str) -> None:
        """The process is no longer there, and its shards are free."""
        ...
