"""Welcomes: what the bot posts once in a server that it has joined."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from bot.domain.quotas import Policy

RECENT = timedelta(days=30)
"""How long after it joined a server the bot still welcomes it, in case it did not run meanwhile.

No longer: with a new database, it would welcome all servers in which it has been for years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """A server's welcome: where it can be posted, and what it has to say."""

    guild_id: int
    joined_at: datetime
    """When the bot joined the server; each time has one welcome."""
    channel_ids: tuple[int, ...] = ()
    """Channels in which the bot could post then, best first."""
    missing: tuple[str, ...] = ()
    """The permissions that the bot lacks."""
    is_back: bool = False
    """Whether the bot was in the server before, whose data is kept."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a stored welcome."""
        facts = json.loads(text)
        return cls(
            guild_id=facts["guild"],
            joined_at=datetime.fromisoformat(facts["joined_at"]),
            channel_ids=tuple(facts["channels"]),
            missing=tuple(facts["missing"]),
            is_back=facts["back"],
        )

    def __str__(self) -> str:
        """Return the welcome as it is stored."""
        return json.dumps(
            {
                "guild": self.guild_id,
                "joined_at": self.joined_at.isoformat(),
                "channels": self.channel_ids,
                "missing": self.missing,
                "back": self.is_back,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeCard:
    """The contents of a welcome."""

    welcome: Welcome
    cost: int
    """Credits of a song."""
    policy: Policy
    """The limits of a member without settings of their own."""
