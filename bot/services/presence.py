"""The processes of one bot, as far as they have to know of each other."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Presence(Protocol):
    """Which processes are alive, and which of Discord's shards each of them serves."""

    def beat(
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

    def leave(self, process: str) -> None:
        """The process is no longer there, and its shards are free."""
        ...
