"""The composition root: every concrete class is chosen and wired here, and nowhere else."""

import asyncio
import logging
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.chat.announcer import DiscordAnnouncer
from bot.chat.approving import ApproveButton, DeclineButton
from bot.chat.client import InspireClient, Shards
from bot.chat.connection import Connection
from bot.chat.endpoints import point_at
from bot.chat.lists import PlaylistPages, SongPages, TopPages
from bot.chat.own_data import DeleteButton
from bot.chat.song_buttons import AgainButton, MoreButton, RateButton, RemoveButton
from bot.chat.views import CancelButton
from bot.config import Settings
from bot.domain.errors import ShardTakenError, StoreError
from bot.health import health_app, is_connected, serving, silence_of
from bot.metrics.page import Metrics
from bot.rules import retention_rules, song_rules, work_rules
from bot.services.attendance import Attendance, Part
from bot.services.catalogue import services_of
from bot.services.memory import Memory
from bot.services.ports import Announcer, MediaSource, SongProvider
from bot.services.sessions import Sessions
from bot.services.timings import HeartbeatTimings
from bot.services.work import Store
from bot.services.workers import Workers, workers_of
from bot.stopping import Stop
from bot.storage.store import open_store
from bot.storage.urls import read_url
from bot.suno.client import CqtaiClient, provider_session
from bot.suno.media import HttpMedia
from bot.suno.sessions import media_session
from bot.timings import TIMINGS, Timings
from cogs.credits import Credits
from cogs.inspire import Inspire
from cogs.operator import Operator
from cogs.playlists import Playlists
from cogs.presence import Presence
from cogs.privacy import OwnData
from cogs.queue import ServerQueue
from cogs.quota import Quota
from cogs.requests import Requests
from cogs.settings import ServerSettings
from cogs.songbook import SongLists
from cogs.songs import OwnSongs

log = logging.getLogger(__name__)

BUTTONS = (
    CancelButton,
    ApproveButton,
    DeclineButton,
    DeleteButton,
    AgainButton,
    MoreButton,
    RateButton,
    RemoveButton,
    SongPages,
    TopPages,
    PlaylistPages,
)
WORKING = "workers"
ONLY_PROCESS = "the only process"
"""What a process is called that has its database for itself: after a crash it is the same one again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """What is put behind each port."""

    open_store: Callable[[str], AbstractAsyncContextManager[Store]] = open_store
    provider: Callable[..., SongProvider] = CqtaiClient
    announcer: Callable[..., Announcer] = DiscordAnnouncer
    media: Callable[..., MediaSource] = HttpMedia


DRIVERS = Drivers()
"""The product's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One process, wired: a client in Discord, the workers, and its place among other processes."""

    settings: Settings
    part: Part
    store: Store
    client: InspireClient
    connection: Connection
    workers: Workers
    attendance: Attendance
    metrics: Metrics
    stop: Stop

    async def run(self) -> None:
        """Serve until the stop is asked for: then take nothing new, finish what is in hand, and leave."""
        health = health_app(alive=self.workers.hanging, ready=self.readiness, metrics=self.metrics.page)
        async with (
            serving(health, host=self.settings.http_host, port=self.settings.http_port),
            asyncio.TaskGroup() as group,
        ):
            duties = {name: group.create_task(duty, name=name) for name, duty in self._duties()}
            await _asked_or_ended(self.stop, duties.values())
            log.info("stopping: what is in hand is finished first")
            self.stop.ask()
            self.client.draining = True
            self.workers.stop()
            await self.stop.finish(lambda: self._in_hand(duties.get(WORKING)))
            await self.stop.end("the connection to Discord", self.client.close())
            await self.stop.end("the record of its sessions", self.connection.forgive())
            for task in duties.values():
                task.cancel()

    def _in_hand(self, working: asyncio.Task[None] | None) -> set[asyncio.Task[None]]:
        """What was begun and is not done: the workers' pieces, and members' commands."""
        hands = set(self.client.in_hand)
        return hands if working is None or working.done() else hands | {working}

    def _duties(self) -> Iterator[tuple[str, Coroutine[object, object, None]]]:
        """What this process does at the same time, for as long as it lives."""
        yield "discord", self.connection.run()
        if self.part.role.works:
            yield WORKING, self.workers.run()
        yield "attendance", self.attendance.run()
        yield "lag", self.metrics.watch_loop()

    async def readiness(self) -> str | None:
        """What is missing for the process to do its work, or None."""
        if self.connection.missing is not None:
            return self.connection.missing
        if self.part.role.takes_commands and not is_connected(self.client):
            return "not connected to Discord"
        if silence := self.client.calls.silence():
            return silence
        return await silence_of(self.store)


@asynccontextmanager
async def application(
    settings: Settings,
    part: Part = Part(),  # noqa: B008 - frozen
    stop: Stop | None = None,
    *,
    timings: Timings = TIMINGS,
    drivers: Drivers = DRIVERS,
) -> AsyncIterator[App]:
    """The process, wired; everything it opened is closed afterwards, commands first.

    It ends in the time of the `stop`, or of one of its own, whatever hangs.

    Raises:
        ShardTakenError: another live process serves one of its shards.
        StoreError: the database cannot be used.
    """
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    url, stop = settings.database_url.get_secret_value(), stop or Stop(drain_s=timings.drain_s)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(stop.ending("the database", drivers.open_store(url)))
        process = ONLY_PROCESS if isinstance(read_url(url), Path) else process_name()
        present = attending(store, process=process, part=part, timings=timings.heartbeat)
        attendance = await stack.enter_async_context(stop.ending("the sign of leaving", present))
        metrics = Metrics()
        media = await _media(stack, settings, timings, drivers)
        client = _client(settings, part, store, media, timings)
        await stack.enter_async_context(_connecting(client, stop))
        provider = await _provider(stack, settings, timings, drivers)
        announcer = drivers.announcer(client, meter=metrics.meter, patience=timings.messages)
        workers = workers_of(
            store,
            provider,
            announcer,
            media,
            owner=f"{process} {secrets.token_hex(4)}",
            songs=song_rules(settings, timings.work),
            rules=work_rules(settings, timings.work),
            chance=random.random,
            meter=metrics.meter,
        )
        _watch(metrics, store, client, workers)
        yield App(
            settings=settings,
            part=part,
            store=store,
            client=client,
            connection=_connection(settings, part, store, client, timings),
            workers=workers,
            attendance=attendance,
            metrics=metrics,
            stop=stop,
        )


async def _asked_or_ended(stop: Stop, tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for the wish to stop, or for a task that ends by itself: none of them should."""
    asked = asyncio.ensure_future(stop.asked())
    try:
        await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()


@asynccontextmanager
async def _connecting(client: InspireClient, stop: Stop) -> AsyncIterator[InspireClient]:
    """The client, which may log in while this is entered."""
    await client.__aenter__()
    try:
        yield client
    finally:
        if not client.is_closed():
            await stop.end("the connection to Discord", client.close())
        await client.http.close()  # also when its farewell to the gateway was given up


def process_name() -> str:
    """A name for this process that no other has, and that tells an operator which it is."""
    return f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(2)}"


@asynccontextmanager
async def attending(
    store: Store, *, process: str, part: Part, timings: HeartbeatTimings
) -> AsyncIterator[Attendance]:
    """This process is known to the others, and serves its shards alone, while this is entered.

    A process that was killed counts as alive for a while: its shards are waited for, for as long as that.

    Raises:
        ShardTakenError: the process that serves one of them is alive.
    """
    attendance = Attendance(store, process=process, part=part, clock=store.clock, timings=timings)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timings.shard_wait_s
    while True:
        try:
            await attendance.arrive()
            break
        except ShardTakenError as error:
            if loop.time() >= deadline:
                raise
            log.warning("%s Trying again for %.0f s.", error, deadline - loop.time())
            await asyncio.sleep(timings.shard_look_s)
    try:
        yield attendance
    finally:
        try:
            await attendance.leave()
        except StoreError as error:
            log.warning("it could not be said that this process leaves: %s", error)


async def _media(
    stack: AsyncExitStack, settings: Settings, timings: Timings, drivers: Drivers
) -> MediaSource:
    """The source of files with its session, which the stack closes."""
    origins = settings.media_trusted_origins
    session = await stack.enter_async_context(media_session(origins))
    return drivers.media(session, trusted_origins=origins, fetch_s=timings.media_s)


async def _provider(
    stack: AsyncExitStack, settings: Settings, timings: Timings, drivers: Drivers
) -> SongProvider:
    """The provider with its session, which the stack closes."""
    return drivers.provider(
        await stack.enter_async_context(provider_session()),
        base_url=settings.cqtai_base_url,
        api_key=settings.cqtai_api_key.get_secret_value(),
        timeouts=timings.provider,
    )


def _watch(metrics: Metrics, store: Store, client: InspireClient, workers: Workers) -> None:
    """Measure all of it from now on."""
    metrics.watch_answers(client)
    client.count_unreadable = metrics.unreadable_event
    metrics.watch_calls(client.calls)
    metrics.watch_books(store)
    metrics.watch_workers(workers.loops)


def _connection(
    settings: Settings, part: Part, store: Store, client: InspireClient, timings: Timings
) -> Connection:
    return Connection(
        client,
        token=settings.discord_token.get_secret_value(),
        sessions=Sessions(store, clock=store.clock, first_pause_s=timings.session_pause_s),
        takes_commands=part.role.takes_commands,
        timings=timings.connection,
    )


def _client(
    settings: Settings, part: Part, store: Store, media: MediaSource, timings: Timings
) -> InspireClient:
    rules = song_rules(settings, timings.work)
    is_sharded = part.shard_count > 1
    return InspireClient(
        services=services_of(store, rules=rules, media=media, retention=retention_rules(settings)),
        remembered=Memory(store),
        cogs=(
            lambda client: Inspire(client.services.songs, client.services.playlists, models=rules.models),
            lambda client: Credits(client.services.quotas),
            lambda client: OwnSongs(client.services.songs),
            lambda client: Quota(client.services),
            lambda client: ServerSettings(client.services.rules, models=rules.models),
            lambda client: ServerQueue(client.services.queue),
            lambda client: Requests(client.services.queue),
            lambda client: OwnData(client.services.privacy),
            lambda client: Presence(client, client.services.servers),
            lambda client: Playlists(client.services.playlists),
            lambda client: SongLists(client.services.songbook),
        ),
        guild_ids=() if settings.operator_guild_id is None else (settings.operator_guild_id,),
        guild_cogs=(lambda client: Operator(client.services.operation),),
        buttons=BUTTONS,
        shards=Shards(shard_count=part.shard_count, shard_ids=list(part.shards)) if is_sharded else None,
    )
