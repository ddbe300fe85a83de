"""The upgrade that counts what each saved playlist came to."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, insert, select, text

from bot.domain.audit import Action
from bot.services.repositories.outbox import MessageKind
from bot.storage.admin import database_admin
from bot.storage.schema import migrate
from bot.storage.tables import audit_log, outbox, playlists
from tests.unit.storage.test_upgrades import (
    GRANT,
    LATER,
    decisions,
    is_up_to_date,
    kept_on_both,
)


async def test_what_saved_playlists_came_to_is_counted_and_forgotten_by_the_older_version(
    tmp_path: Path, postgres_url: str
) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        migrate(url, revision="0015")
        before = decisions(url)
        database_admin(url).write(save_playlists)
        migrate(url)
        counts = database_admin(url).read(counts_of_playlists)
        assert counts == {"beats": (3, 2, 2), "calm": (0, 0, 0)}
        await is_up_to_date(url, "0007")
        database_admin(url).write(forbid_a_word)
        migrate(url, revision="0015")
        assert decisions(url) == before
        migrate(url)
        assert database_admin(url).read(counts_of_playlists) == counts


def save_playlists(connection: Connection) -> None:
    """Save the playlist of all requests and one that was never used; love both clips of a song."""
    (song, guild, used), *_ = connection.execute(
        text("SELECT id, guild_id, playlist_id FROM requests WHERE state = 'delivered'")
    )
    for key, playlist in (("beats", used), ("calm", "0b8dbbf0-0000-4000-8000-000000000001")):
        row = {"guild": guild, "key": key, "playlist": playlist}
        connection.execute(
            text(
                "INSERT INTO playlists (guild_id, key, name, playlist_id, added_by, added_at)"
                " VALUES (:guild, :key, :key, :playlist, 1, '2026-11-19 14:00:00')"
            ),
            row,
        )
    for clip, is_loved in ((1, True), (2, True), (1, False)):
        love = {"song": song, "user": clip + 2 * is_loved, "clip": clip, "loved": is_loved}
        connection.execute(
            text(
                "INSERT INTO loves (request_id, user_id, clip, is_loved, press_id, at)"
                " VALUES (:song, :user, :clip, :loved, 1, '2026-11-19 14:00:00')"
            ),
            love,
        )


def counts_of_playlists(connection: Connection) -> Mapping[str, tuple[int, int, int]]:
    """The songs, loves and failures of each saved playlist."""
    c = playlists.c
    rows = connection.execute(select(c.key, c.songs, c.loves, c.failures))
    return {key: (songs, loved, failed) for key, songs, loved, failed in rows}


def forbid_a_word(connection: Connection) -> None:
    """Make a decision that the older version cannot read, and its message."""
    facts: dict[str, str | int | None] = {"word": "rude"}
    entry = {"id": GRANT + 200, "guild_id": 77, "actor_id": 78, "action": Action.WORDS, "at": LATER}
    connection.execute(insert(audit_log).values(entry | {"before": {}, "after": facts}))
    due = {"source_id": GRANT + 200, "kind": MessageKind.AUDIT, "due_at": LATER, "version": 1, "attempts": 0}
    connection.execute(insert(outbox).values(due))
