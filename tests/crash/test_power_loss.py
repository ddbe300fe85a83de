"""What a power cut can leave of a SQLite file: the main file, and the log up to some byte.

SQLite's log is a header of 32 bytes and frames of 24 bytes and a page; a frame that ends a transaction names
the size of the database, others have 0 there (sqlite.org/fileformat2.html, "The Write-Ahead Log").
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.requests import State
from bot.storage.store import audit_database
from tests.harness.crash import LONG_S, SHORT_LEASE_S, CrashHarness, crash_harness
from tests.harness.databases import check_revision
from tests.harness.failpoints import Failpoint, Side
from tests.harness.invariants import all_delivered, assert_invariants

HEADER, FRAME = 32, 24
CHECKPOINT = 1000
"""Frames after which SQLite checkpoints: the main file would then be ahead of a shorter log."""
SONGS = 3

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


class Remains:
    """The database file and its log, as a killed process left them."""

    def __init__(self, database: Path) -> None:
        self.main = database.read_bytes()
        self.log = log_of(database).read_bytes()
        self.frame = FRAME + struct.unpack_from(">I", self.log, 8)[0]

    @property
    def commits(self) -> list[int]:
        """Return the length of the log after each transaction, in bytes."""
        return [end for end in self.ends if struct.unpack_from(">I", self.log, end - self.frame + 4)[0]]

    @property
    def ends(self) -> list[int]:
        """Return the end of each complete frame."""
        count = (len(self.log) - HEADER) // self.frame
        return [HEADER + (number + 1) * self.frame for number in range(count)]

    def cut(self, length: int, *, torn: int = 0) -> Iterator[bytes]:
        """Return the log at that length, followed by this many bytes of the next frame."""
        yield self.log[:length]
        if torn:
            yield self.log[: length + torn]

    def lay_out(self, log: bytes, *, at: Path) -> str:
        """Return the URL of a database with this log, without the shared-memory index."""
        at.write_bytes(self.main)
        log_of(at).write_bytes(log)
        at.with_name(f"{at.name}-shm").unlink(missing_ok=True)
        return f"sqlite:///{at}"


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


async def make_songs(crash: CrashHarness) -> None:
    """Place some songs, one of which is cancelled while it waits; then kill the process."""
    await crash.start(lease_s=SHORT_LEASE_S)
    asked = [await crash.order(f"Member {number}") for number in range(SONGS)]
    for one in asked:
        await one.invocation.answer(timeout_s=LONG_S)
    await crash.discord.member("Member 2").slash("songs", "cancel", request=str(asked[-1].id))
    await all_delivered(crash, *(one.id for one in asked))
    await crash.bot.kill()


async def remains_of_songs(folder: Path) -> Remains:
    database = folder / "inspire.db"
    async with crash_harness(folder, database_url=f"sqlite:///{database}", MAX_RUNNING="1") as crash:
        await make_songs(crash)
    return Remains(database)


async def test_wherever_the_log_ends_the_books_are_right(tmp_path: Path) -> None:
    remains = await remains_of_songs(tmp_path)
    assert len(remains.commits) > 20
    assert len(remains.ends) < CHECKPOINT
    seen: set[tuple[int, ...]] = set()
    for number, length in enumerate([HEADER, *remains.ends]):
        for log in remains.cut(length, torn=remains.frame // 2):
            url = remains.lay_out(log, at=tmp_path / f"cut{number}.db")
            assert check_revision(url)
            breaches, totals = audit_database(url)
            assert breaches == []
            seen.add((totals.requests.get(State.DELIVERED, 0), totals.held, totals.used))
    assert {delivered for delivered, _, _ in seen} == {0, 1, 2}
    assert max(used for _, _, used in seen) == 60
    assert max(held for _, held, _ in seen) >= 60


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
async def test_the_bot_goes_on_from_what_a_power_cut_left(tmp_path: Path, share: float) -> None:
    remains = await remains_of_songs(tmp_path)
    length = remains.commits[int(len(remains.commits) * share)]
    *_, log = remains.cut(length, torn=remains.frame - 1)
    folder = tmp_path / "later"
    folder.mkdir()
    url = remains.lay_out(log, at=folder / "inspire.db")
    before = audit_database(url)[1]
    async with crash_harness(folder, database_url=url) as crash:
        assert await crash.start()
        fresh = await crash.order(prompt="after the power cut")
        await all_delivered(crash, fresh.id)
        await crash.until(lambda: not audit_database(url)[1].held)
        await crash.stop()
        assert await assert_invariants(crash) == {fresh.id: State.DELIVERED}
    after = audit_database(url)[1]
    assert sum(after.requests.values()) == sum(before.requests.values()) + 1
    assert after.used >= before.used + 30


@pytest.mark.parametrize(
    "step", ["submitter.claim", "submitter.record_result", "poller.finish", "delivery.record_outcome"]
)
async def test_a_write_that_was_torn_off_never_was(tmp_path: Path, step: str) -> None:
    database = tmp_path / "inspire.db"
    async with crash_harness(tmp_path, database_url=f"sqlite:///{database}") as crash:
        await crash.start(dies_at=Failpoint(step, Side.AFTER), lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await crash.bot.ended()
        remains = Remains(database)
        half_a_frame = remains.log[-remains.frame : -remains.frame // 2]
        remains.lay_out(remains.log[: remains.commits[-1]] + half_a_frame, at=database)
        assert await crash.start()
        await all_delivered(crash, asked.id)
        await crash.stop()
        expected = State.UNCERTAIN if step == "submitter.claim" else State.DELIVERED
        assert await assert_invariants(crash) == {asked.id: expected}
