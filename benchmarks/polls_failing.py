"""Songs lost or reported wrongly while 5 % of the polls fail.

Measured: the bot's workers over a SQLite file poll songs at a local provider, which answers one poll in
twenty with an error 500, a gateway's page (502), a reset, half a JSON text or an object of the wrong types. A
song counts as delivered when both its own clips were posted once. Against: a poller that gives up at the
first error, as public bots do, with as many songs, the same faults and the same number of polls per song.
Songs take seconds here: only the order of events counts, and a song takes as many polls as in reality.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from benchmarks.harness.program import breaches, new_folder, settings_for
from benchmarks.harness.recording import FIRST_ID, PLAYLIST, RecordingMessenger, place, request_context
from benchmarks.harness.report import Report
from bot.config import Settings
from bot.domain.errors import ProviderError
from bot.domain.polling import POLLS_PER_SONG
from bot.domain.provider_tasks import TaskStage
from bot.domain.song_options import SongOptions, SongSpec
from bot.service_configs import song_config, work_config
from bot.services.ports import SongProvider
from bot.services.requests.service import RequestService
from bot.services.requests.transitions import get_request
from bot.services.unit_of_work import Store
from bot.services.worker_pool import build_workers
from bot.storage.schema import migrate
from bot.storage.sqlite.store import utc_now
from bot.storage.store import open_store
from bot.suno.client import CqtaiClient, provider_session
from bot.suno.media import HttpMedia
from bot.suno.media_session import media_session
from sandbox.cqtai import LocalProvider, Terms
from sandbox.cqtai.effects import BAD_GATEWAY, MALFORMED_JSON, WRONG_TYPES, Drop, Refuse, ReplyEffect
from sandbox.cqtai.faults import Fault, Phase

SONGS, QUICK_SONGS = 1000, 100
FAILING = 0.05
SONG_S = 2.5
SPREAD = 0.4
AT_ONCE = 100
EFFECTS: tuple[ReplyEffect, ...] = (
    Refuse(500, "failed or timeout", http=True),
    BAD_GATEWAY,
    Drop(),
    MALFORMED_JSON,
    WRONG_TYPES,
)
POLL_S = SONG_S / POLLS_PER_SONG
WITHIN_S = 240.0
POLL_INTERVAL_S = 0.05
SPEC = SongSpec(playlist_id=PLAYLIST, model="v55")


def faults() -> list[Fault]:
    """Return all kinds of failure at equal rates, 5 % together.

    They are tried one after the other: each strikes a share of what those before it have let pass.
    """
    each = FAILING / len(EFFECTS)
    rates = [each / (1 - each * n) for n in range(len(EFFECTS))]
    return [
        Fault(Phase.QUERY, effect, times=None, rate=rate) for effect, rate in zip(EFFECTS, rates, strict=True)
    ]


@asynccontextmanager
async def _provider() -> AsyncIterator[tuple[LocalProvider, CqtaiClient]]:
    """Run a provider that fails as often, with a client for it."""
    terms = Terms(credits=10**9, spread=SPREAD)
    async with (
        LocalProvider(song_s=SONG_S, max_running=None, seed=1, terms=terms) as provider,
        provider_session() as session,
    ):
        provider.faults.add(*faults())
        yield provider, CqtaiClient(session, base_url=provider.base_url, api_key=provider.key)


async def naive_survives(provider: SongProvider, spec: SongSpec, *, interval_s: float) -> bool:
    """Return True if a poller that gives up at the first error gets the finished song."""
    try:
        task_id = await provider.submit(spec)
        while True:
            await asyncio.sleep(interval_s)
            report = await provider.query(task_id)
            if report.stage is not TaskStage.RUNNING:
                return report.stage is TaskStage.DONE
    except ProviderError:
        return False


async def _naive(count: int) -> int:
    """Return the number of songs that such a poller loses."""
    semaphore = asyncio.Semaphore(AT_ONCE)

    async def one(provider: SongProvider) -> bool:
        async with semaphore:
            return await naive_survives(provider, SPEC, interval_s=POLL_S)

    async with _provider() as (_, client):
        return count - sum(await asyncio.gather(*(one(client) for _ in range(count))))


async def run(*, quick: bool) -> Report:
    """Generate songs and count the lost and wrong results."""
    count = QUICK_SONGS if quick else SONGS
    report = Report(
        "polls_failing: songs at 5 % failing polls (500, 502, reset, bad JSON)",
        "a poller that gives up at the first error, same faults, as many polls",
    )
    with new_folder() as folder:
        async with AsyncExitStack() as stack:
            provider, client = await stack.enter_async_context(_provider())
            settings = _settings(folder, provider)
            await asyncio.to_thread(migrate, settings.database_url.get_secret_value())
            store = await stack.enter_async_context(open_store(settings.database_url.get_secret_value()))
            messenger = RecordingMessenger()
            await _follow(count, store, client, messenger, settings=settings)
            lost, doubled = await _mistakes(count, store, provider, messenger)
            asked = [line for line in provider.requests if "/info/" in line.path]
            failing = sum(provider.faults.struck(fault) for fault in faults())
        report.wrong += await breaches(settings)
    report.add("polls a song", f"{len(asked) / count:.1f}", samples=count)
    report.add("polls that failed", f"{failing / len(asked):.1%}", samples=len(asked))
    lost_naively = await _naive(count)
    report.add(
        "songs not delivered", f"{lost}", f"{lost_naively} ({lost_naively / count:.0%})", samples=count
    )
    report.add("songs reported wrongly, posted twice or mixed up", f"{doubled}", samples=count)
    report.add_target(
        f"0 lost or reported wrongly of {count:,}", f"{lost + doubled}", reached=lost + doubled == 0
    )
    report.check(lost + doubled == 0, f"{lost} songs lost, {doubled} reported wrongly")
    return report


def _settings(folder: Path, provider: LocalProvider) -> Settings:
    local = {"DISCORD_TOKEN": "none", "CQTAI_API_KEY": provider.key}
    return settings_for(
        folder,
        local,
        max_running=AT_ONCE,
        poll_min_s=POLL_S,
        poll_max_s=POLL_S,
        polls_per_s=1000,
        status_edit_min_s=0.0,
        attach_audio=False,
        max_active_per_member=1000,
        default_allowance=1_000_000,
        media_trusted_origins=(provider.origin,),
    )


async def _follow(
    count: int, store: Store, client: CqtaiClient, messenger: RecordingMessenger, *, settings: Settings
) -> None:
    """Place the songs and run the workers until all have ended."""
    origins = settings.media_trusted_origins
    async with media_session(origins) as session:
        media = HttpMedia(session, trusted_origins=origins)
        workers = build_workers(
            store,
            client,
            messenger,
            media,
            owner="bench",
            config=song_config(settings),
            work_config=work_config(settings),
            random=random.random,
        )
        songs = RequestService(store, config=song_config(settings), clock=utc_now)
        async with asyncio.TaskGroup() as group:
            group.create_task(workers.run())
            for number in range(count):
                await place(songs, SongOptions(playlist=SPEC.playlist_id), request_context(number))
            try:
                async with asyncio.timeout(WITHIN_S):
                    while messenger.ended() < count:  # noqa: ASYNC110 - the messenger has no event to wait for
                        await asyncio.sleep(POLL_INTERVAL_S)
            finally:
                workers.stop()


async def _mistakes(
    count: int, store: Store, provider: LocalProvider, messenger: RecordingMessenger
) -> tuple[int, int]:
    """Return the number of songs that were not delivered, and of those with a wrong message."""
    made = {task.id: sorted(clip.id for clip in task.song.clips) for task in provider.tasks}
    lost = wrong = 0
    for number in range(count):
        request_id = FIRST_ID + number
        request = await store.read(get_request, request_id)
        clips = messenger.clips.get(request_id, [])
        lost += not clips
        right = made.get(request.task_id or "")
        wrong += request_id in messenger.failed or (bool(clips) and sorted(clips) != right)
    return lost, wrong
