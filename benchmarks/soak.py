"""An hour in which every kind of call fails now and then: is each song delivered once, or correctly ended?

Two processes of the bot, each with a shard of its own, share a PostgreSQL database. Members of two servers
request a song a second; songs are made in seconds. Of all calls to Discord and to the provider 3 % fail, in
every way that the local servers know. Five times a process is killed, and three times the gateway drops its
sessions. Afterwards nothing fails any more, unfinished requests are waited for, and all of them are compared
with the provider, Discord and the ledger. If something is wrong, the processes' logs are kept in
`build/soak`.

Memory is that of the process that is killed only once, early on: the median of the first and of the last
quarter of its life, its first minute left out. There is no baseline: the figures to reach are counts of zero.
"""

import asyncio
import contextlib
import itertools
import random
import shutil
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness.local_servers import settings_of
from benchmarks.harness.program import MIB, new_folder, resident_bytes
from benchmarks.harness.report import Report
from benchmarks.harness.servers import NONE_HERE, WANTED, server_database
from benchmarks.harness.soak_checks import Song, complaints, requests_of
from bot.storage.schema import migrate
from bot.storage.store import audit_database
from sandbox.bot_process import BotProcess
from sandbox.cqtai import PLAYLISTS, LocalProvider, Terms, faults
from sandbox.cqtai.effects import (
    BAD_GATEWAY,
    MALFORMED_JSON,
    SERVER_ERROR,
    TASK_LIMIT,
    UNAVAILABLE,
    Drop,
    Effect,
    MediaFault,
)
from sandbox.cqtai.faults import Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord import LocalDiscord
from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.people.person import Person

SOAK_S, QUICK_S = 3600.0, 20.0
SONG_S = 8.0
PER_S, QUICK_PER_S = 1.0, 2.0
CHANNELS, MEMBERS = 10, 20
"""The number per server: each channel has Discord's own rate limits."""
FAILING = 0.03
SETTLE_S = 600.0
"""Seconds; more than the longest lease and the longest backoff together."""
WARM_UP_S = 60.0
SAMPLE_S, POLL_INTERVAL_S = 2.0, 0.5
MAX_GROWTH = 0.05
SHARD_BIT = 1 << 22
"""The difference of server ids on neighbouring shards (Discord's reference, "Sharding")."""
KILLS = ((1 / 16, 0), (3 / 16, 1), (6 / 16, 1), (9 / 16, 1), (13 / 16, 1))
"""The times of the kills, as shares of the duration, and the process that is killed."""
RESETS = (4 / 16, 8 / 16, 12 / 16)
KEPT = Path("build", "soak")
SETTINGS = {
    "POLL_MIN_S": "1",
    "POLL_MAX_S": "3",
    "POLLS_PER_S": "100",
    "MAX_RUNNING": "40",
    "DEFAULT_ALLOWANCE": "1000000",
    "MAX_ACTIVE_PER_MEMBER": "1000",
    "LOG_FORMAT": "json",
}
WEBHOOK_FAULTS = (FaultKind.STATUS, FaultKind.RESET, FaultKind.RESET_AFTER, FaultKind.HANG)
BOT_FAULTS = (*WEBHOOK_FAULTS, FaultKind.STATUS_AFTER, FaultKind.RATE_LIMITED)
SUBMIT_EFFECTS = (SERVER_ERROR, TASK_LIMIT, UNAVAILABLE, BAD_GATEWAY, Drop())
QUERY_EFFECTS = (SERVER_ERROR, UNAVAILABLE, BAD_GATEWAY, MALFORMED_JSON, Drop())
AUDIO_EFFECTS = (MediaFault.SERVER_ERROR, MediaFault.FORBIDDEN, MediaFault.DROPPED)


@dataclass
class SoakRun:
    """Both local servers, both processes of the bot, and the requested songs."""

    discord: LocalDiscord
    provider: LocalProvider
    bots: list[BotProcess]
    url: str
    people: list[Person]
    songs: list[Song] = field(default_factory=list)
    samples: list[tuple[float, int]] = field(default_factory=list)
    """Times, and the first process's memory in bytes, since its last start."""
    resets: int = 0
    kills: int = 0


async def run(*, quick: bool) -> Report:
    """Let everything fail at random, then check every song."""
    soak_s, per_s = (QUICK_S, QUICK_PER_S) if quick else (SOAK_S, PER_S)
    report = Report(
        f"soak: {soak_s:,.0f} s, two processes, 3 % of everything failing, five kills", "none: zeros count"
    )
    with new_folder() as folder, server_database() as url:
        if url is None:
            report.add(f"PostgreSQL ({WANTED})", NONE_HERE)
            return report
        async with _start(folder, url) as soak:
            _fail(soak)
            await _soak(soak, soak_s, per_s)
            soak.discord.faults.clear()
            soak.provider.faults.clear()
            await _settle(soak)
            codes = [await bot.stop() for bot in soak.bots]
            report.check(codes == [0, 0], f"the processes ended with {codes}")
            await _add_rows(report, soak)
            report.wrong += await asyncio.to_thread(lambda: audit_database(url)[0])
            if report.wrong:
                await asyncio.to_thread(_keep_logs, soak.bots)
    return report


@asynccontextmanager
async def _start(folder: Path, url: str) -> AsyncIterator[SoakRun]:
    await asyncio.to_thread(migrate, url)
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord(seed=1))
        terms = Terms(credits=10**9, audio_s=0.2, cover_px=32, spread=0.4)
        provider = LocalProvider(song_s=SONG_S, max_running=None, seed=1, terms=terms)
        await stack.enter_async_context(provider)
        settings = SETTINGS | settings_of(discord, provider) | {"DATABASE_URL": url}
        bots = []
        for shard in ("0", "1"):
            here = folder / shard
            here.mkdir()
            arguments = ("--shards", shard, "--shard-count", "2")
            bots.append(BotProcess(here, settings=settings, arguments=arguments))
        soak = SoakRun(discord, provider, bots, url, _people(discord))
        try:
            for bot in bots:
                await bot.start()
            await discord.wait_for(lambda: len(discord.gateway.connected) == len(bots), timeout_s=120)
            await discord.wait_for(discord.registrations, timeout_s=120)
            yield soak
        finally:
            for bot in bots:
                if bot.pid is not None:
                    await bot.kill()


def _people(discord: LocalDiscord) -> list[Person]:
    """Create the members of two servers, one on each shard, and return them alternating."""
    first = discord.guild
    second = discord.add.guild("Balladeers", owner=discord.state.world.owner, guild_id=first.id + SHARD_BIT)
    people: list[list[Person]] = []
    for guild in (first, second):
        for number in range(CHANNELS):
            discord.add.channel(guild, name=f"songs-{number}")
        users = [discord.add.user(f"Member {number} of {guild.name}") for number in range(MEMBERS)]
        for user in users:
            discord.add.member(guild, user=user)
        people.append([Person(discord.state, user=user, guild=guild) for user in users])
    return [one for pair in zip(*people, strict=True) for one in pair]


def _fail(soak: SoakRun) -> None:
    """Add all kinds of faults, each kind of call with the same rate."""
    for on, kinds in (("* /webhooks/*", WEBHOOK_FAULTS), ("* /interactions/*", WEBHOOK_FAULTS)):
        _add_faults(soak, on, kinds)
    _add_faults(soak, "* /channels/*", BOT_FAULTS)
    by_phase: tuple[tuple[Phase, tuple[Effect, ...]], ...] = (
        (Phase.SUBMIT, SUBMIT_EFFECTS),
        (Phase.QUERY, QUERY_EFFECTS),
        (Phase.AUDIO, AUDIO_EFFECTS),
    )
    for phase, effects in by_phase:
        for effect, rate in zip(effects, _rates(len(effects)), strict=True):
            soak.provider.faults.add(faults.Fault(phase, effect, times=None, rate=rate))
    lost = faults.Fault(Phase.SUBMIT, Drop(), times=None, rate=FAILING / 3, accepted=True)
    soak.provider.faults.add(lost, faults.Fault(Phase.TASK, Fail(), times=None, rate=FAILING))


def _add_faults(soak: SoakRun, on: str, kinds: Sequence[FaultKind]) -> None:
    for kind, rate in zip(kinds, _rates(len(kinds)), strict=True):
        soak.discord.faults.add(Fault(kind=kind, on=on, times=None, rate=rate, status=502, after_s=1.0))


def _rates(kinds: int) -> Iterator[float]:
    """Return rates for equally frequent kinds: each applies to the calls that earlier ones spared."""
    each = FAILING / kinds
    return (each / (1 - each * number) for number in range(kinds))


async def _soak(soak: SoakRun, soak_s: float, per_s: float) -> None:
    begun_s = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for share, number in KILLS:
            group.create_task(_kill(soak, soak.bots[number], share * soak_s))
        for share in RESETS:
            group.create_task(_reset(soak, share * soak_s))
        sampling = group.create_task(_sample(soak))
        await _order(soak, begun_s, soak_s, per_s)
        sampling.cancel()


async def _order(soak: SoakRun, begun_s: float, soak_s: float, per_s: float) -> None:
    """Let members request songs, alternating and at this rate, each with a different prompt."""
    rng = random.Random(7)
    for number in itertools.count():
        at_s = number / per_s
        if at_s >= soak_s:
            return
        await asyncio.sleep(max(0.0, begun_s + at_s - time.monotonic()))
        who = soak.people[number % len(soak.people)]
        prompt, playlist = f"song number {number}", PLAYLISTS[number % len(PLAYLISTS)].id
        channel = f"songs-{rng.randrange(CHANNELS)}"
        invocation = await who.slash(channel, "inspire", past_picker=True, playlist=playlist, prompt=prompt)
        soak.songs.append(Song(invocation, who, prompt))


async def _kill(soak: SoakRun, bot: BotProcess, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await bot.kill()
    soak.kills += 1
    if bot is soak.bots[0]:
        soak.samples.clear()
    await bot.start()


async def _reset(soak: SoakRun, after_s: float) -> None:
    """Drop all gateway connections; the sessions can be resumed, except after the last reset."""
    await asyncio.sleep(after_s)
    gateway = soak.discord.gateway
    soak.resets += 1
    if soak.resets == len(RESETS):
        gateway.invalidate()
    else:
        gateway.drop(code=None if soak.resets == 1 else 4000)


async def _sample(soak: SoakRun) -> None:
    while True:
        await asyncio.sleep(SAMPLE_S)
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            soak.samples.append((time.monotonic(), resident_bytes(soak.bots[0].pid)))


async def _settle(soak: SoakRun) -> None:
    """Wait until every song is correct, at most `SETTLE_S`."""
    deadline_s = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline_s:
        requests = await requests_of(soak.url)
        if not list(complaints(soak.discord, soak.provider, soak.songs, requests)):
            return
        await asyncio.sleep(POLL_INTERVAL_S * 10)


async def _add_rows(report: Report, soak: SoakRun) -> None:
    requests = await requests_of(soak.url)
    found = list(complaints(soak.discord, soak.provider, soak.songs, requests))
    report.add("songs asked for", f"{len(soak.songs):,}", samples=len(soak.songs))
    report.add("songs accepted", f"{len(requests):,}", samples=len(soak.songs))
    for state, count in sorted(Counter(request.state for request in requests.values()).items()):
        report.add(f"of these {state}", f"{count:,}", samples=len(requests))
    report.add("calls to Discord that failed", f"{len(soak.discord.faults.struck):,}")
    report.add("kills, resets of the gateway", f"{soak.kills}, {soak.resets}")
    report.add_target("0 songs lost, posted twice or reported wrongly", f"{len(found)}", reached=not found)
    report.wrong += found
    _add_memory_rows(report, soak.samples)


def _keep_logs(bots: Sequence[BotProcess]) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for number, bot in enumerate(bots):
        shutil.copy(bot.log_file, KEPT / f"{number}.log")


def _add_memory_rows(report: Report, samples: Sequence[tuple[float, int]]) -> None:
    late = [size for at_s, size in samples if at_s >= samples[0][0] + WARM_UP_S]
    quarter = len(late) // 4
    if not quarter:
        report.add("memory, first and last quarter", "too short to say")
        return
    first, last = statistics.median(late[:quarter]), statistics.median(late[-quarter:])
    growth = last / first - 1
    report.add(
        "memory, first and last quarter", f"{first / MIB:.1f} and {last / MIB:.1f} MiB", samples=len(late)
    )
    report.add_target(f"memory within {MAX_GROWTH:.0%}", f"{growth:+.1%}", reached=abs(growth) <= MAX_GROWTH)
