"""Others' songs while one member sends 200 requests in 20 minutes that fail.

Measured: how long the songs of 60 members in three servers take from the request to the end, while one more
member requests every 6 s what is refused or lost: an unknown playlist, an artist's name, a code 500 with or
without a reason that blames the request, and a lost reply of a task that was accepted or not. The bot's
submitter and poller work over a SQLite file and ask a local provider by HTTP; the time is simulated, so
that 20 minutes take seconds, and the songs come at the same moments in all runs. Against: the same without
that member. Nothing is measured in Discord, where each of those requests is one answer.
"""

import asyncio
import contextlib
import random
import statistics
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.harness.program import breaches, new_folder, settings_for
from benchmarks.harness.recording import FIRST_ID, place, request_context
from benchmarks.harness.report import Report, quantile
from bot.config import Settings
from bot.domain.errors import RefusalError
from bot.domain.requests import Request, State
from bot.domain.song_options import SongOptions
from bot.service_configs import song_config, work_config
from bot.services.provider.poller import Poller
from bot.services.provider.submitter import ProviderLimits, Submitter
from bot.services.requests.service import RequestService
from bot.services.unit_of_work import Store, UnitOfWork
from bot.storage.schema import migrate
from bot.storage.store import open_store
from bot.suno.client import CqtaiClient, provider_session
from sandbox.cqtai import PLAYLISTS, LocalProvider, Terms
from sandbox.cqtai.effects import ARTIST_NAME, SERVER_ERROR, Drop, Refuse, ReplyEffect
from sandbox.cqtai.faults import Fault, Phase

START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
SPAN_S, QUICK_SPAN_S = 1200.0, 300.0
DRAIN_S = 1800.0
"""Seconds after the span in which the songs requested in it have to end."""
STEP_S = 0.5
EVERY_S = 6.0
"""Seconds between two of that member's requests: 200 in 20 minutes."""
SONG_S, SONG_EVERY_S = 101.0, 45.0
"""With these, three slots at the provider are in use three quarters of the time."""
SEEDS = range(5)
MEMBERS, GUILDS = 60, 3
ABUSER = 999
MAX_DELAY = 0.05
BAD: tuple[tuple[ReplyEffect, bool], ...] = (
    (Refuse(400, "playlist not found"), False),
    (ARTIST_NAME, False),
    (Refuse(500, "upstream bizCode=451, msg=prompt_unsafe"), False),
    (SERVER_ERROR, False),
    (Drop(), False),
    (Drop(), True),
)
"""The effects on that member's submissions, and whether the provider accepts the task all the same."""
KINDS: dict[str, tuple[int, ...]] = {
    "unknown playlists": (0,),
    "artist names": (1,),
    "code 500 with words": (2, 3),
    "lost replies": (4, 5),
    "all of these mixed": tuple(range(len(BAD))),
}


@dataclass(slots=True)
class Clock:
    """A clock that is advanced by hand."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Return the simulated time."""
        return self.now

    def seconds(self) -> float:
        """Return the simulated time in seconds since the epoch."""
        return self.now.timestamp()

    @property
    def passed_s(self) -> float:
        """Return the seconds since the start."""
        return (self.now - START).total_seconds()


@dataclass(slots=True)
class Simulation:
    """The bot's submitter and poller with a database and a local provider, and the placed requests."""

    clock: Clock
    store: Store
    songs: RequestService
    handlers: tuple[Submitter, Poller]
    rng: random.Random
    placed: list[int] = field(default_factory=list)
    """The ids of the others' requests."""
    asked_badly: int = 0
    turned_away: int = 0
    """Requests of the one member that were refused before they were placed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The results of the other members in one or more runs."""

    delays_s: tuple[float, ...]
    begun: int
    """Songs that the provider accepted within the span."""
    unfinished: int
    sent: int
    """Requests of the one member that went to the provider."""


async def run(*, quick: bool) -> Report:
    """Simulate the requests with and without that member."""
    span_s = QUICK_SPAN_S if quick else SPAN_S
    report = Report(
        f"refusals: others' songs beside {span_s / EVERY_S:.0f} bad requests in {span_s / 60:g} min",
        "the same without that member",
    )
    usual = await _together(report, (), span_s)
    shown = {"all of these mixed": KINDS["all of these mixed"]} if quick else KINDS
    for name, kinds in shown.items():
        _add_rows(report, name, await _together(report, kinds, span_s), usual)
    return report


async def _together(report: Report, kinds: tuple[int, ...], span_s: float) -> Figures:
    """Return the combined figures of several runs."""
    runs = [await _run(report, kinds, span_s, seed) for seed in SEEDS]
    return Figures(
        tuple(delay_s for one in runs for delay_s in one.delays_s),
        sum(one.begun for one in runs),
        sum(one.unfinished for one in runs),
        sum(one.sent for one in runs),
    )


async def _run(report: Report, kinds: tuple[int, ...], span_s: float, seed: int) -> Figures:
    with new_folder() as folder:
        async with _simulation(folder, random.Random(seed)) as simulation:
            orders = list(_orders(random.Random(seed), span_s))
            while simulation.clock.passed_s < span_s + DRAIN_S:
                await _place_due(simulation, orders, kinds, span_s)
                for handler in simulation.handlers:
                    for request in await handler.claim(16):
                        await handler.handle(request)
                simulation.clock.now += timedelta(seconds=STEP_S)
                if simulation.clock.passed_s > span_s and await _is_over(simulation):
                    break
            figures = await simulation.store.read(_figures, simulation, START + timedelta(seconds=span_s))
        report.wrong += await breaches(_settings(folder))
    return figures


@asynccontextmanager
async def _simulation(folder: Path, rng: random.Random) -> AsyncIterator[Simulation]:
    settings, clock = _settings(folder), Clock()
    url = settings.database_url.get_secret_value()
    songs, work = song_config(settings), work_config(settings)
    await asyncio.to_thread(migrate, url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(url, clock=clock))
        provider = await stack.enter_async_context(
            LocalProvider(
                song_s=SONG_S,
                max_running=songs.slots,
                seed=1,
                clock=clock.seconds,
                terms=Terms(credits=10**9),
            )
        )
        for number, (effect, accepted) in enumerate(BAD):
            wrong = Fault(Phase.SUBMIT, effect, times=None, playlist_id=_playlist(number), accepted=accepted)
            provider.faults.add(wrong)
        session = await stack.enter_async_context(provider_session())
        client = CqtaiClient(session, base_url=provider.base_url, api_key=provider.key)
        limits = ProviderLimits(songs.slots, work.poll_limits)
        submitter = Submitter(store, client, owner="bench", limits=limits, clock=clock)
        poller = Poller(
            store,
            client,
            owner="bench",
            limits=limits,
            give_up_s=work.give_up_s,
            clock=clock,
            random=lambda: 0.5,
        )
        yield Simulation(
            clock, store, RequestService(store, config=songs, clock=clock), (submitter, poller), rng
        )


def _settings(folder: Path) -> Settings:
    local = {"DISCORD_TOKEN": "none", "CQTAI_API_KEY": "none"}
    return settings_for(folder, local, default_allowance=1_000_000, max_active_per_member=3)


def _playlist(kind: int) -> str:
    """Return the playlist whose submissions fail in this way."""
    return f"119573ff-8e48-4c1d-9a1b-{kind:012}"


def _orders(rng: random.Random, span_s: float) -> Iterator[tuple[float, int]]:
    """Yield the time in seconds and the member of each request by the others."""
    at_s = rng.expovariate(1 / SONG_EVERY_S)
    while at_s < span_s:
        yield at_s, rng.randrange(MEMBERS)
        at_s += rng.expovariate(1 / SONG_EVERY_S)


async def _place_due(
    simulation: Simulation, orders: list[tuple[float, int]], kinds: tuple[int, ...], span_s: float
) -> None:
    """Place the requests that are due by now."""
    while orders and orders[0][0] <= simulation.clock.passed_s:
        _, member = orders.pop(0)
        number = len(simulation.placed) * 1000 + member
        guild = request_context(0).guild_id + member % GUILDS
        who = replace(request_context(number), guild_id=guild)
        simulation.placed.append(FIRST_ID + number)
        with contextlib.suppress(RefusalError):  # the member has too many pending requests
            await place(simulation.songs, SongOptions(playlist=PLAYLISTS[0].id), who)
    due = min(simulation.clock.passed_s, span_s) / EVERY_S
    while kinds and simulation.asked_badly < due:
        kind = simulation.rng.choice(kinds)
        who = request_context(simulation.asked_badly * 1000 + ABUSER)
        simulation.asked_badly += 1
        try:
            await place(simulation.songs, SongOptions(playlist=_playlist(kind)), who)
        except RefusalError:
            simulation.turned_away += 1


async def _is_over(simulation: Simulation) -> bool:
    active = (State.WAITING, State.SUBMITTING, State.MAKING)
    requests = await simulation.store.read(_requests, simulation.placed)
    return not any(request.state in active for request in requests)


def _requests(work: UnitOfWork, ids: list[int]) -> list[Request]:
    return [request for one in ids if (request := work.requests.find(one))]


def _figures(work: UnitOfWork, simulation: Simulation, end: datetime) -> Figures:
    requests = _requests(work, simulation.placed)
    ended = [one for one in requests if one.ended_at and one.clips]
    return Figures(
        tuple((one.ended_at - one.placed_at).total_seconds() for one in ended if one.ended_at),
        sum(one.accepted_at is not None and one.accepted_at <= end for one in requests),
        len(simulation.placed) - len(ended),
        simulation.asked_badly - simulation.turned_away,
    )


def _add_rows(report: Report, name: str, found: Figures, usual: Figures) -> None:
    count = len(found.delays_s)
    mean_s, usual_s = (statistics.fmean(one.delays_s or (0.0,)) for one in (found, usual))
    report.add(f"{name}: songs begun", f"{found.begun}", f"{usual.begun}", samples=count)
    report.add(f"{name}: songs not made", f"{found.unfinished}", f"{usual.unfinished}", samples=count)
    report.add(f"{name}: a song takes, mean", f"{mean_s:.1f} s", f"{usual_s:.1f} s", samples=count)
    median_s = [f"{quantile(one.delays_s, 0.5):.1f} s" for one in (found, usual) if one.delays_s]
    report.add(f"{name}: a song takes, median", *median_s, samples=count)
    report.add(f"{name}: bad requests sent", f"{found.sent}", samples=len(SEEDS))
    later = mean_s / usual_s - 1
    report.add_target(
        f"{name}: others delayed by less than {MAX_DELAY:.0%}",
        f"{later:+.1%}",
        reached=later < MAX_DELAY and not found.unfinished,
    )
