"""The persistence ports of servers and their members."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.guild_settings import GuildSettings, MemberRecord
from bot.domain.scheduling import Pause
from bot.domain.welcomes import Welcome


class Members(Protocol):
    """The members: how many pending requests each has, and what moderators set for them."""

    def add_active_request(
        self, guild_id: int, user_id: int, *, limit: int, cooldown_s: int, now: datetime
    ) -> MemberRecord:
        """Count one more pending request of the member; return the member's record.

        A scheduled erasure of the member is cancelled.

        Raises:
            BlockedError: a moderator has blocked the member.
            ActiveLimitError: `limit` requests are pending.
            CooldownError: the last one was placed less than `cooldown_s` seconds ago.
            BackoffError: the member is held back because the last requests failed.
        """
        ...

    def remove_active_request(self, guild_id: int, user_id: int, *, forgive: bool = False) -> None:
        """Count one pending request less; with `forgive`, reset the member's failures."""
        ...

    def find(self, guild_id: int, user_id: int) -> MemberRecord:
        """Return the member's record; an empty one for an unknown member."""
        ...

    def get_for_update(self, guild_id: int, user_id: int) -> MemberRecord:
        """Return the member's record, locked until the unit ends; create it for a new member."""
        ...

    def update(self, guild_id: int, user_id: int, member: MemberRecord) -> None:
        """Store the record of a member who has one."""
        ...

    def record_turn(self, guild_id: int, user_id: int, *, now: datetime) -> None:
        """Put the member and the server behind the others in the queue: a request of theirs was submitted."""
        ...

    def has_backoffs(self, now: datetime) -> bool:
        """Return True if any member's requests are held back now."""
        ...


class Guilds(Protocol):
    """The servers: their settings, and whether the bot is in them."""

    def settings(self, guild_id: int) -> GuildSettings:
        """Return the server's settings; those of a new server are all None."""
        ...

    def get_for_share(self, guild_id: int) -> GuildSettings:
        """Return the server's settings, which cannot change until the unit ends; units can share them."""
        ...

    def get_for_update(self, guild_id: int) -> GuildSettings:
        """Return the server's settings, locked for this unit until it ends."""
        ...

    def update(self, guild_id: int, settings: GuildSettings) -> None:
        """Store the settings, which this unit has locked."""
        ...

    def known(self) -> Mapping[int, datetime | None]:
        """Return each server with stored data, and when the bot left it; None if it is there."""
        ...

    def is_known(self, guild_id: int) -> bool:
        """Return True if it is one of the servers with stored data."""
        ...

    def last_turns(self) -> Mapping[int, datetime]:
        """Return when a song of each server was last submitted."""
        ...

    def lock_membership(self) -> None:
        """Lock the record of the bot's servers until this unit of work ends."""
        ...

    def welcome(self, guild_id: int) -> Welcome | None:
        """Return what is stored about the server's last welcome; None if there was none."""
        ...

    def put_welcome(self, welcome: Welcome) -> None:
        """Store a server's welcome in place of an earlier one."""
        ...

    def mark_left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        """Mark that the bot left these servers; a server that is marked already keeps its time."""
        ...

    def mark_joined(self, guild_ids: Collection[int]) -> None:
        """Mark that the bot is in these servers."""
        ...

    def paused(self, now: datetime) -> Mapping[int, Pause]:
        """Return the servers that are paused now."""
        ...

    def end_pauses(self, now: datetime) -> Collection[int]:
        """Clear the pauses that have ended by themselves; return their servers."""
        ...
