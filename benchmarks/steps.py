"""Files that run, units of work and reads of one song, from `/inspire` to its result.

Measured: the real bot on a SQLite file between a local Discord and a local provider, making its second
song, so that nothing is counted that happens only once. Against: the figures of the flow to reach. Units and
reads that also run while no song is made (heartbeats, metrics) are counted before, and taken off. The files
until the answer are those that ran for both songs until Discord had accepted it, so that a worker's look at
the same moment does not count.
"""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Concatenate, ParamSpec, TypeVar

import bot
from benchmarks.harness.local_servers import LocalServers, ServersConfig
from benchmarks.harness.program import breaches, new_folder, running, settings_for
from benchmarks.harness.report import Report
from bot.app import Drivers
from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork, name_of
from bot.storage.store import open_store
from bot.storage.timings import StorageTimings

SONG_S = 20.0
SETTLE_S = 6.0
"""Seconds for the last edit after the result: the edit with its link waits for the spacing."""
BACKGROUND = ("cleanup.", "heartbeat.")
"""Prefixes of the units of work that run whether or not a song is made."""
ANSWERED = "requests.set_status_message"
"""The first unit of work after the answer to `/inspire`."""
PLACING_FILES, SONG_FILES, WRITES, DUE_READS = 25, 55, 15, 15
ROOT = Path(bot.__file__).parents[1]
FOLDERS = tuple(f"{ROOT / name}/" for name in ("bot", "cogs"))
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True)
class Steps:
    """Counts of what ran since the last `clear`."""

    files: set[str] = field(default_factory=set)
    writes: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    due_reads: int = 0
    placing: set[str] = field(default_factory=set)
    """The files that had run when the answer to `/inspire` was recorded."""

    def clear(self) -> None:
        """Reset the counts."""
        self.files.clear()
        self.placing.clear()
        self.writes.clear()
        self.reads.clear()
        self.due_reads = 0


class CountingStore(Store):
    """A store that counts its units of work."""

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    @property
    def clock(self) -> Clock:
        """Return the clock of the store."""
        return self._store.clock

    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        """Subscribe to the store."""
        self._store.subscribe(queue, wake_up)

    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Count a write and run it."""
        self._steps.writes[unit.name] += 1
        if unit.name == ANSWERED:
            self._steps.placing |= self._steps.files
        return await self._store.write(unit, *args, **kwargs)

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Count a read, or a worker's check for due work, and run it."""
        name = name_of(unit)
        if "next_due_at" in name:
            self._steps.due_reads += 1
        else:
            self._steps.reads[name] += 1
        return await self._store.read(unit, *args, **kwargs)


@contextmanager
def files_recorded(files: set[str]) -> Iterator[None]:
    """Record every file of the product in which a function is called, in all threads that begin inside."""

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(FOLDERS):
            files.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@dataclass(frozen=True, slots=True)
class Flow:
    """What was counted."""

    song: Steps
    """The second song."""
    placing: set[str]
    """The files that ran until the answer, for both songs."""
    idle: Steps
    """The time of a song while none was made."""
    longer: float
    """How much longer the second song took than that time."""


async def run(*, quick: bool) -> Report:
    """Make two songs and count the steps of the second."""
    song_s = 5.0 if quick else SONG_S
    report = Report(f"steps: one song of {song_s:g} s on SQLite", "the flow to reach")
    _add_rows(report, await measure(song_s, report))
    return report


async def measure(song_s: float, report: Report) -> Flow:
    """Make two songs of this length; report what is wrong, and return the steps of the second."""
    steps = Steps()

    @asynccontextmanager
    async def counted(url: str, timings: StorageTimings) -> AsyncIterator[Store]:
        async with open_store(url, timings) as store:
            yield CountingStore(store, steps)

    with new_folder() as folder, files_recorded(steps.files):
        async with LocalServers(ServersConfig(members=1, song_s=song_s)) as servers:
            settings = settings_for(folder, servers.settings)
            async with running(settings, drivers=Drivers(open_store=counted)):
                first, _ = await _song(servers, steps, 1, song_s)
                steps.clear()
                await asyncio.sleep(song_s)
                idle = deepcopy(steps)
                song, took_s = await _song(servers, steps, 2, song_s)
        report.wrong += await breaches(settings)
    return Flow(song, first.placing & song.placing, idle, took_s / song_s)


async def _song(servers: LocalServers, steps: Steps, number: int, song_s: float) -> tuple[Steps, float]:
    """Make the song with this number; return its steps, and the seconds until its last edit."""
    steps.clear()
    begun_s = time.monotonic()
    await servers.order(1, per_s=1, members=1)
    await servers.until_results(number, within_s=60 + 4 * song_s)
    await asyncio.sleep(SETTLE_S)
    return deepcopy(steps), time.monotonic() - begun_s


def _add_rows(report: Report, flow: Flow) -> None:
    song, idle = flow.song, flow.idle
    placing, files = len(flow.placing), len(song.files)
    idle_due = round(idle.due_reads * flow.longer)
    writes = Counter({name: count for name, count in song.writes.items() if not name.startswith(BACKGROUND)})
    reads = Counter({name: count for name, count in song.reads.items() if name not in idle.reads})
    due = max(0, song.due_reads - idle_due)
    report.add("files until the answer", f"{placing}", f"{PLACING_FILES}", samples=1)
    report.add("files of a whole song", f"{files}", f"{SONG_FILES}", samples=1)
    for name, count in writes.most_common():
        report.add(f"  {name}", f"{count}", samples=1)
    report.add("units that write", f"{writes.total()}", f"{WRITES}", samples=1)
    report.add("units that read", f"{reads.total()}", samples=1)
    report.add("checks for due work", f"{due} ({song.due_reads} in all)", f"{DUE_READS}", samples=1)
    report.add_target(
        f"placing runs about {PLACING_FILES} files", f"{placing}", reached=placing <= PLACING_FILES
    )
    report.add_target(f"a song runs about {SONG_FILES} files", f"{files}", reached=files <= SONG_FILES)
    report.add_target(f"at most {WRITES} writes", f"{writes.total()}", reached=writes.total() <= WRITES)
    report.add_target(f"at most {DUE_READS} due-reads", f"{due}", reached=due <= DUE_READS)
