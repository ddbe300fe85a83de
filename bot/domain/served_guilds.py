"""The servers that the bot's owner serves; in all others, nothing can be done and nothing is spent."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ServedGuilds:
    """The owner's choice of servers: by the setting, and by decisions about single ones."""

    allowed: frozenset[int] = frozenset()
    """The ids of the servers that the setting lists; empty: all servers are served."""
    operator_guild_id: int | None = None
    """The operator's own server, which is always served: `/operator` has to work there."""
    decided: Mapping[int, bool] = field(default_factory=dict)
    """Whether a server is served, by id, where the owner has decided on it."""

    def includes(self, guild_id: int) -> bool:
        """Tell whether the server is served."""
        if guild_id == self.operator_guild_id:
            return True
        return self.decided.get(guild_id, not self.allowed or guild_id in self.allowed)


EVERYWHERE = ServedGuilds()
"""All servers are served."""
