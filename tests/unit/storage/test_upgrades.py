"""Upgrades of databases of earlier versions: pending requests continue."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, RowMapping, select
from sqlalchemy.dialects.postgresql import insert

from bot.domain.audit import Action
from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.domain.leases import Lease
from bot.domain.requests import Request, State
from bot.domain.songs import Loves
from bot.domain.transitions import Transition
from bot.services.audit_log import Actor
from bot.services.delivery.routes import DeliveryAttempt, DeliveryRoute
from bot.services.library.playlists import PlaylistService
from bot.services.repositories.outbox import MessageKind
from bot.services.runtime.key_values import KeyValueStore
from bot.services.unit_of_work import UnitOfWork
from bot.storage.admin import SqliteAdmin, database_admin
from bot.storage.repositories.request_mapping import request_of
from bot.storage.schema import migrate
from bot.storage.store import audit_database, open_store
from bot.storage.tables import audit_log, requests
from bot.storage.unit_of_work import SqlUnitOfWork
from bot.version import VERSION
from tests.harness.databases import empty_at
from tests.unit.storage.databases import url_of
from tests.unit.storage.test_schema import HEAD

KEPT = Path(__file__).parents[2] / "kept"
REVISIONS = tuple(sorted(path.stem for path in KEPT.glob("*.sql")))
STATES = {
    State.DELIVERED: 1,
    State.FAILED: 2,
    State.MAKING: 2,
    State.UNCERTAIN: 1,
    State.WAITING: 1,
}
"""The requests of each kept database: its members had songs made, refused and lost, and wait for others."""
MORE_STATES = {
    "0007": {
        State.AWAITING: 1,
        State.CANCELLED: 1,
        State.EXPIRED: 1,
        State.READY: 1,
        State.UNDELIVERABLE: 1,
    }
}
MORE_STATES["0025"] = MORE_STATES["0007"]
"""And those that only a later version left; release 0.2.0 has brought that database to its own revision."""
RELEASED = {"0.2.0": "0025"}
"""The revision of each release."""
LEFT_AT = datetime(2026, 11, 19, 14, 5, 17, tzinfo=UTC)
"""When the last thing happened in the database of revision 0007."""
LATER = LEFT_AT + timedelta(hours=1)
HALF_POSTED, WAITING, UNAPPROVED, GRANT = 10**18 + 10, 10**18 + 11, 10**18 + 12, 10**18 + 13
NEVER_HAPPENED = {
    Transition.APPROVE,
    Transition.DECLINE,
    Transition.ATTACH,
    Transition.EXPIRE,
    Transition.CANCEL,
}
LEASE = Lease("w2", LATER + timedelta(minutes=3))

Rows = Sequence[Mapping[str, object]]


def kept(folder: Path, revision: str) -> Path:
    """The database file as that version left it."""
    path = folder / "kept.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((KEPT / f"{revision}.sql").read_text(encoding="utf-8"))
    return path


def rows_of(path: Path) -> list[tuple[str, Rows]]:
    """All that is in the file, table by table, owners first, without what is NULL."""
    return SqliteAdmin(path).read(rows_by)


def rows_by(connection: Connection) -> list[tuple[str, Rows]]:
    """All that the connection leads to, table by table, owners first, without what is NULL."""
    tables = MetaData()
    tables.reflect(connection)
    return [
        (table.name, [present(row) for row in connection.execute(select(table)).mappings()])
        for table in tables.sorted_tables
    ]


def present(row: RowMapping) -> Mapping[str, object]:
    """What the row has; SQLite keeps moments without their zone."""
    return {
        str(name): value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None
    }


async def is_up_to_date(url: str, revision: str) -> None:
    """Nothing is lost, the ledger is right, and what is pending can be claimed."""
    breaches, _ = audit_database(url)
    assert breaches == []
    async with open_store(url) as store:
        requests = await store.read(_requests)
        assert Counter(request.state for request in requests) == STATES | MORE_STATES.get(revision, {})
        assert {request.spec.prompt for request in requests} >= {"the last bus home", "in line"}
        assert [request.prompt_erased_at for request in requests] == [None] * len(requests)
        assert {clip.lyrics for request in requests for clip in request.clips} == {None}, "not kept"
        assert {request.origin for request in requests} == {None}
        (waiting,) = [request for request in requests if request.state is State.WAITING]
        record = await store.write(
            lambda work: work.members.get_for_update(waiting.guild_id, waiting.user_id)
        )
        assert (record.failures, record.backoff_until) == (0, None)
        assert await store.read(lambda work: work.requests.next_due_at()) is not None


def _requests(uow: UnitOfWork) -> list[Request]:
    assert isinstance(uow, SqlUnitOfWork)
    return [request_of(row) for row in uow.connection.execute(select(requests))]


def test_a_database_of_each_release_is_kept() -> None:
    assert set(RELEASED.values()) <= set(REVISIONS)
    assert VERSION in RELEASED


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_kept_file_is_brought_up_to_date(tmp_path: Path, revision: str) -> None:
    url = url_of(kept(tmp_path, revision))
    assert migrate(url) == (revision, HEAD)
    await is_up_to_date(url, revision)


def put_on_server(url: str, path: Path, revision: str) -> None:
    """The server's database has what the file has, as that version left it."""
    rows = rows_of(path)
    empty_at(url, revision)

    def fill(connection: Connection) -> None:
        tables = MetaData()
        tables.reflect(connection)
        for name, entries in rows:
            for entry in entries:
                connection.execute(insert(tables.tables[name]).values(entry).on_conflict_do_nothing())

    database_admin(url).write(fill)


def kept_on_both(folder: Path, server_url: str, revision: str = "0007") -> tuple[str, str]:
    """Return the URLs of a file and of a server's database as that version left them."""
    path = kept(folder, revision)
    put_on_server(server_url, path, revision)
    return url_of(path), server_url


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_kept_database_of_a_server_is_brought_up_to_date(
    tmp_path: Path, empty_postgres_url: str, revision: str
) -> None:
    put_on_server(empty_postgres_url, kept(tmp_path, revision), revision)
    assert migrate(empty_postgres_url) == (revision, HEAD)
    await is_up_to_date(empty_postgres_url, revision)


async def goes_on(url: str) -> None:
    """Check that what revision 0007 left pending is claimed as it was left."""
    async with open_store(url) as store:
        messages = await store.write(lambda uow: uow.outbox.claim_due(now=LATER, lease=LEASE, limit=16))
        assert {(one.source_id, one.kind) for one in messages} == {
            (HALF_POSTED, MessageKind.RESULT),
            (HALF_POSTED, MessageKind.STATUS),
            (WAITING, MessageKind.STATUS),
            (UNAPPROVED, MessageKind.STATUS),
            (UNAPPROVED, MessageKind.APPROVAL),
            (GRANT, MessageKind.AUDIT),
        }
        assert {one.guild_id for one in messages} == {10**17}
        (result,) = [one for one in messages if one.kind is MessageKind.RESULT]
        assert [one for one in messages if one.is_urgent] == [result]
        assert DeliveryAttempt.parse(result.attempt or "").route is DeliveryRoute.CHANNEL
        (waiting,) = [one for one in messages if one.source_id == WAITING]
        assert waiting.sent == "0 0 waiting 0 None None False False None"
        grant = await store.read(lambda uow: uow.audit_log.find(GRANT))
        assert grant is not None
        assert (grant.action, grant.reason) == (Action.GRANT, "a prize")
        running = await store.write(lambda uow: uow.requests.claim_due(now=LATER, lease=LEASE, limit=16))
        tasks = {one.task_id: one.progress for one in running if one.state is State.MAKING}
        assert [len(known.clips) for known in tasks.values() if known is not None] == [1, 0]


async def keeps_what_it_learned(url: str) -> None:
    """Check that the circuit breaker, the statistics and the other facts are as revision 0007 left them."""
    breaker = CircuitBreaker(
        9, outage=ProviderOutage.OUTAGE, failures=1, open_until=LEFT_AT + timedelta(seconds=1)
    )
    async with open_store(url) as store:
        assert await store.read(lambda uow: uow.breakers.get()) == breaker
        stats = await store.read(lambda uow: uow.durations.get("v55"))
        assert (stats.count, stats.sum_of_squares) == (3, 0.0)
        for key in ("guilds_in_use", "command_guilds"):
            assert str(10**17 + 9) in str(await KeyValueStore(store).get(key))
        assert await store.read(_transitions) == {"place", *Transition} - NEVER_HAPPENED


def _transitions(uow: UnitOfWork) -> set[str]:
    records = [uow.personal_data.record(user_id) for user_id in {one.user_id for one in _requests(uow)}]
    return {event.transition for one in records for events in one.events.values() for event in events}


async def test_what_was_pending_before_the_names_changed_goes_on(tmp_path: Path, postgres_url: str) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        await keeps_what_it_learned(url)
        await goes_on(url)


def test_the_old_names_come_back_with_all_rows(tmp_path: Path, postgres_url: str) -> None:
    path = kept(tmp_path, "0007")
    put_on_server(postgres_url, path, "0007")
    left = by_name(rows_of(path))
    assert by_name(database_admin(postgres_url).read(rows_by)) == left
    for url in (url_of(path), postgres_url):
        migrate(url)
        migrate(url, revision="0007")
    assert by_name(rows_of(path)) == left
    assert by_name(database_admin(postgres_url).read(rows_by)) == left


async def test_a_default_playlist_is_forgotten_by_the_older_version(
    tmp_path: Path, postgres_url: str
) -> None:
    for url in kept_on_both(tmp_path, postgres_url):
        migrate(url)
        before = decisions(url)
        async with open_store(url) as store:
            playlists = PlaylistService(store, clock=lambda: LATER)
            by = Actor(interaction_id=GRANT + 100, guild_id=77, actor_id=78)
            await playlists.add(by, "Beats", "0b8dbbf0-0000-4000-8000-000000000001")
            await playlists.set_default(replace(by, interaction_id=GRANT + 101), "beats")
        assert decisions(url) == before | {GRANT + 100, GRANT + 101}
        migrate(url, revision="0013")
        assert decisions(url) == before | {GRANT + 100}


def decisions(url: str) -> set[int]:
    """The ids of all decisions in the audit log."""
    return database_admin(url).read(
        lambda connection: {row.id for row in connection.execute(select(audit_log.c.id))}
    )


async def test_a_post_that_failed_or_was_in_hand_is_due_with_its_attempts(
    tmp_path: Path, postgres_url: str
) -> None:
    path = kept(tmp_path, "0007")
    with closing(sqlite3.connect(path)) as connection, connection:
        leased = "UPDATE changes SET attempts = 3, lease_owner = 'w1', lease_until = '2026-11-19 16:00:00'"
        assert connection.execute(f"{leased} WHERE due_at IS NOT NULL").rowcount == 1
    put_on_server(postgres_url, path, "0007")
    for url in (url_of(path), postgres_url):
        migrate(url)
        async with open_store(url) as store:
            messages = await store.write(lambda uow: uow.outbox.claim_due(now=LATER, lease=LEASE, limit=16))
        (post,) = [one for one in messages if one.kind is MessageKind.AUDIT]
        assert (post.source_id, post.attempts) == (GRANT, 3)
        migrate(url, revision="0007")
    changes = by_name(rows_of(path))["changes"]
    assert by_name(database_admin(postgres_url).read(rows_by))["changes"] == changes
    assert ["'attempts', '3'" in change for change in changes].count(True) == 1
    assert not any("lease_owner" in change for change in changes)


VOTERS = {10**18 + 21: 5, 10**18 + 22: 4, 10**18 + 23: 3}
"""Members who gave stars to each song of the database of revision 0007."""


def rate_songs(path: Path) -> Sequence[tuple[int, int, int]]:
    """Let the voters and its requester rate each finished song; return its id, requester and clips."""
    with closing(sqlite3.connect(path)) as connection, connection:
        made = "clips IS NOT NULL ORDER BY id"
        first = f"(SELECT id FROM requests WHERE {made} LIMIT 1)"
        connection.execute(f"UPDATE requests SET clips = json_remove(clips, '$[1]') WHERE id = {first}")
        length = "json_array_length(clips)"
        songs = connection.execute(f"SELECT id, user_id, {length} FROM requests WHERE {made}").fetchall()
        votes = [(song, who, n) for song, own, _ in songs for who, n in (VOTERS | {own: 5}).items()]
        connection.executemany("INSERT INTO ratings VALUES (?, ?, ?, '2026-11-19 14:00:00')", votes)
    return songs


async def test_ratings_of_four_and_five_stars_by_others_become_loves_of_both_clips(
    tmp_path: Path, postgres_url: str
) -> None:
    path = kept(tmp_path, "0007")
    songs = rate_songs(path)
    assert {clips for _, _, clips in songs} == {1, 2}
    put_on_server(postgres_url, path, "0007")
    for url in (url_of(path), postgres_url):
        migrate(url)
        async with open_store(url) as store:
            for song, own, clips in songs:
                loves = await store.read(lambda uow: uow.library.loves(song))  # noqa: B023 - awaited here
                assert loves == Loves(2, (2, 2 * (clips - 1)))
                record = await store.read(lambda uow: uow.personal_data.record(own))  # noqa: B023 - the same
                assert record.loves == ()
        migrate(url, revision="0007")
    rated = by_name(rows_of(path))["ratings"]
    assert len(rated) == 2 * len(songs)
    assert by_name(database_admin(postgres_url).read(rows_by))["ratings"] == rated


def by_name(tables: list[tuple[str, Rows]]) -> dict[str, list[str]]:
    """The rows of each table in one order; JSON in the values of `memos` has one form."""
    return {
        name: sorted(str(sorted((key, as_json(value)) for key, value in row.items())) for row in rows)
        for name, rows in tables
    }


def as_json(value: object) -> str:
    """Write a value in one form, whatever blanks its JSON has."""
    if isinstance(value, str) and value.startswith("{"):
        return repr(json.loads(value))
    return repr(value)


def wipe(path: Path, *prompts: str) -> Path:
    """Erase these prompts as a version did that did not record it."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for prompt in prompts:
            connection.execute("UPDATE requests SET prompt = NULL WHERE prompt = ?", (prompt,))
    return path


async def marked(url: str) -> list[tuple[State, bool]]:
    """The requests without a prompt that have ended, oldest first, and whether theirs is taken for wiped."""
    async with open_store(url) as store:
        requests = await store.read(_requests)
    bare = [one for one in requests if one.spec.prompt is None and one.ended_at is not None]
    return [(one.state, one.lacks_details) for one in sorted(bare, key=lambda one: str(one.ended_at))]


DELIVERED, FAILED, UNCERTAIN = State.DELIVERED, State.FAILED, State.UNCERTAIN
WIPED = {
    "none": ((), [(FAILED, False), (UNCERTAIN, False)]),
    "the oldest": (("the last bus home",), [(DELIVERED, True), (FAILED, True), (UNCERTAIN, True)]),
    "a later one": (("like somebody",), [(FAILED, False), (UNCERTAIN, False), (FAILED, False)]),
    "all": (
        ("the last bus home", "like somebody", "still being made", "in line"),
        [(DELIVERED, True), (FAILED, True), (UNCERTAIN, True), (FAILED, True)],
    ),
}
"""Prompts that are gone, and what is taken for wiped: what ended before all of which it is known."""


@pytest.mark.parametrize(("prompts", "expected"), WIPED.values(), ids=WIPED)
async def test_requests_whose_prompt_may_have_been_wiped_are_marked(
    tmp_path: Path,
    postgres_url: str,
    prompts: tuple[str, ...],
    expected: list[tuple[State, bool]],
) -> None:
    path = wipe(kept(tmp_path, "0004"), *prompts)
    put_on_server(postgres_url, path, "0004")
    for url in (url_of(path), postgres_url):
        migrate(url)
        assert await marked(url) == expected
