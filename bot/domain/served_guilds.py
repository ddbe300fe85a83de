"""The servers that the bot's owner serves; in all others, nothing can be done and nothing is spent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServedGuilds:
    """The owner's choice of servers."""

    allowed: frozenset[int] = frozenset()
    """The ids of the servers; empty: all servers are served."""

    def includes(self, guild_id: int) -> bool:
        """Tell whether the server is served."""
        return not self.allowed or guild_id in self.allowed


EVERYWHERE = ServedGuilds()
"""All servers are served."""
