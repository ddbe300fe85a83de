"""TODO."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.guild_settings import GuildSettings, MemberRecord


class Members(Protocol):
    """The members: how many requests each has under way, and what moderators settled for them."""

    def acquire_slot(
        self, guild_id: int, user_id: int, *, limit: int, cooldown_s: int, now: datetime
    ) -> MemberRecord:
        """Count one more request of the member, and give the member's standing.

        A member who was to be forgotten is back, and will not be.

        Raises:
            BlockedError: a moderator does not let the member ask for songs.
            ActiveLimitError: `limit` requests are under way.
            CooldownError: the last one was placed less than `cooldown_s` seconds ago.
            BackoffError: the last ones came to nothing.
        """
        ...

    def release_slot(self, guild_id: int, user_id: int, *, forgive: bool = False) -> None:
        """Count one request less; with `forgive`, forget those that came to nothing."""
        ...

    def find(self, guild_id: int, user_id: int) -> MemberRecord:
        """What is known of the member."""
        ...

    def get_for_update(self, guild_id: int, user_id: int) -> MemberRecord:
        """The member's standing, which nobody else changes until the unit ends; new members get one."""
        ...

    def update(self, guild_id: int, user_id: int, member: MemberRecord) -> None:
        """Keep the standing of a member who was met."""
        ...

    def record_turn(self, guild_id: int, user_id: int, *, now: datetime) -> None:
        """Put the member and the server behind the others of the line: a request of theirs was submitted."""
        ...

    def has_backoffs(self, now: datetime) -> bool:
        """Tell whether any member's requests are held back now."""
        ...


class Guilds(Protocol):
    """What each server's moderators have settled."""

    def settings(self, guild_id: int) -> GuildSettings:
        """The server's settings; those of a new server are all None."""
        ...

    def get_for_share(self, guild_id: int) -> GuildSettings:
        """The server's settings, which nobody changes until the unit ends; several units may share them."""
        ...

    def get_for_update(self, guild_id: int) -> GuildSettings:
        """The server's settings, which are this unit's alone until it ends."""
        ...

    def update(self, guild_id: int, settings: GuildSettings) -> None:
        """Keep the settings, which this unit has locked."""
        ...

    def known(self) -> Mapping[int, datetime | None]:
        """Each server of which something is kept, and when the bot left it if it has."""
        ...

    def lock_comings(self) -> None:
        """No other process notes in which servers the bot is until this unit of work ends."""
        ...

    def mark_left(self, guild_ids: Collection[int], *, at: datetime) -> None:
        """The bot is not in these servers any more; where that is known, it keeps its time."""
        ...

    def mark_joined(self, guild_ids: Collection[int]) -> None:
        """The bot is in these servers."""
        ...

    def paused(self) -> Mapping[int, str]:
        """The servers for which nothing is submitted now, with the moderators' reasons."""
        ...
