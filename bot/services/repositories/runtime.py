"""The persistence ports of the runtime: durations, circuit breaker, stored values and processes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.circuit_breaker import CircuitBreaker
from bot.domain.polling import DurationStats


class DurationStatsRepository(Protocol):
    """The durations of songs, by model."""

    def get(self, model: str) -> DurationStats:
        """Return a model's statistics so far."""
        ...

    def put(self, model: str, durations: DurationStats) -> None:
        """Store a model's statistics."""
        ...


class CircuitBreakers(Protocol):
    """The circuit breaker that all processes share."""

    def get(self) -> CircuitBreaker | None:
        """Return the circuit breaker; None if none was stored yet."""
        ...

    def put(self, breaker: CircuitBreaker) -> None:
        """Store the circuit breaker."""
        ...


class KeyValues(Protocol):
    """Single values that outlive the process."""

    def get(self, key: str) -> str | None:
        """Return the value of a key; None if there is none."""
        ...

    def put(self, key: str, value: str) -> None:
        """Store the value of a key."""
        ...

    def find(self, prefix: str) -> dict[str, str]:
        """Return the values of all keys that begin so."""
        ...

    def delete(self, key: str) -> None:
        """Delete the key, if it exists."""
        ...


class ProcessRegistry(Protocol):
    """The processes that are alive, and the Discord shards that each of them serves."""

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
        """Record the process, its role and its shards as alive until `until`.

        Raises:
            ShardTakenError: another live process serves one of these shards; nothing was changed.
        """
        ...

    def workers(self, now: datetime) -> int:
        """Return how many live processes run workers; at least 1, the caller."""
        ...

    def alive(self, now: datetime) -> Mapping[str, int]:
        """Return how many processes are alive, by role; roles without any are left out."""
        ...

    def deregister(self, process: str) -> None:
        """Remove the process and free its shards."""
        ...
