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

from bot.chat.buttons.approval import ApproveButton, DeclineButton
from bot.chat.buttons.cancel import CancelButton
from bot.chat.buttons.delete_data import DeleteButton
from bot.chat.buttons.lists import PlaylistPages, SongPages, TopPages
from bot.chat.buttons.song import AgainButton, MoreButton, RateButton, RemoveButton
from bot.chat.connection.client import InspireClient, Shards
from bot.chat.connection.endpoints import point_at
from bot.chat.connection.supervisor import ConnectionSupervisor
from bot.chat.interactions.status_response import respond_with_status
from bot.chat.messenger import DiscordMessenger
from bot.config import Settings
from bot.domain.errors import ShardTakenError, StoreError
from bot.health import health_app, is_connected, serving, silence_of
from bot.metrics.registry import MetricsRegistry
from bot.service_configs import retention_config, song_config, work_config
from bot.services.ports import MediaSource, Messenger, SongProvider
from bot.services.registry import build_services
from bot.services.runtime.gateway_sessions import GatewaySessions
from bot.services.runtime.heartbeat import Heartbeat, ProcessConfig
from bot.services.runtime.key_values import KeyValueStore
from bot.services.runtime.pool import WorkerPool, build_workers
from bot.services.runtime.timings import HeartbeatTimings
from bot.services.unit_of_work import Store
from bot.shutdown import GracefulShutdown
from bot.storage.database_url import parse_url
from bot.storage.store import open_store
from bot.suno.client import CqtaiClient, provider_session
from bot.suno.media import HttpMedia
from bot.suno.sessions import media_session
from bot.timings import TIMINGS, Timings
from cogs.cancel import Cancel
from cogs.credits import Credits
from cogs.guild_events import GuildEvents
from cogs.inspire import Inspire
from cogs.operator import Operator
from cogs.playlists import Playlists
from cogs.privacy import Privacy
from cogs.queue import Queue
from cogs.quota import Quota
from cogs.requests import Requests
from cogs.settings import ServerSettings
from cogs.songs import Songs

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
    messenger: Callable[..., Messenger] = DiscordMessenger
    media: Callable[..., MediaSource] = HttpMedia


DRIVERS = Drivers()
"""The product's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One process, wired: a client in Discord, the workers, and its place among other processes."""

    settings: Settings
    process: ProcessConfig
    store: Store
    client: InspireClient
    connection: ConnectionSupervisor
    workers: WorkerPool
    attendance: Heartbeat
    metrics: MetricsRegistry
    stop: GracefulShutdown

    async def run(self) -> None:
        """Serve until the stop is asked for: then take nothing new, finish what is in hand, and leave."""
        health = health_app(alive=self.workers.stalled, ready=self.readiness, metrics=self.metrics.page)
        async with (
            serving(health, host=self.settings.http_host, port=self.settings.http_port),
            asyncio.TaskGroup() as group,
        ):
            duties = {name: group.create_task(duty, name=name) for name, duty in self._duties()}
            await _asked_or_ended(self.stop, duties.values())
            log.info("stopping: what is in hand is finished first")
            self.stop.request()
            self.client.draining = True
            self.workers.stop()
            await self.stop.finish(lambda: self._running(duties.get(WORKING)))
            await self.stop.run_step("the connection to Discord", self.client.close())
            await self.stop.run_step("the record of its sessions", self.connection.reset_sessions())
            for task in duties.values():
                task.cancel()

    def _running(self, working: asyncio.Task[None] | None) -> set[asyncio.Task[None]]:
        """What was begun and is not done: the workers' pieces, and members' commands."""
        hands = set(self.client.running)
        return hands if working is None or working.done() else hands | {working}

    def _duties(self) -> Iterator[tuple[str, Coroutine[object, object, None]]]:
        """What this process does at the same time, for as long as it lives."""
        # beside the workers, which do not wait for it: what they have to say is kept for later
        yield "discord", self.connection.run()
        if self.process.role.works:
            yield WORKING, self.workers.run()
        yield "attendance", self.attendance.run()
        yield "lag", self.metrics.watch_loop()

    async def readiness(self) -> str | None:
        """What is missing for the process to do its work, or None."""
        if self.connection.missing is not None:
            return self.connection.missing
        if self.process.role.takes_commands and not is_connected(self.client):
            return "not connected to Discord"
        if silence := self.client.calls.silence():
            return silence
        return await silence_of(self.store)


@asynccontextmanager
async def build_application(
    settings: Settings,
    part: ProcessConfig = ProcessConfig(),  # noqa: B008 - frozen
    shutdown: GracefulShutdown | None = None,
    *,
    timings: Timings = TIMINGS,
    drivers: Drivers = DRIVERS,
) -> AsyncIterator[Application]:
    """The process, wired; everything it opened is closed afterwards, commands first.

    It ends in the time of the `stop`, or of one of its own, whatever hangs.

    Raises:
        ShardTakenError: another live process serves one of its shards.
        StoreError: the database cannot be used.
    """
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    url, shutdown = (
        settings.database_url.get_secret_value(),
        shutdown or GracefulShutdown(drain_s=timings.drain_s),
    )
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(shutdown.closing("the database", drivers.open_store(url)))
        process = ONLY_PROCESS if isinstance(parse_url(url), Path) else process_name()
        present = heartbeat_of(store, process=process, part=part, timings=timings.heartbeat)
        attendance = await stack.enter_async_context(shutdown.closing("the sign of leaving", present))
        metrics = MetricsRegistry()
        media = await _media(stack, settings, timings, drivers)
        client = _client(settings, part, store, media, timings)
        await stack.enter_async_context(_connecting(client, shutdown))
        provider = await _provider(stack, settings, timings, drivers)
        announcer = drivers.messenger(client, metrics=metrics.meter, patience=timings.messages)
        workers = build_workers(
            store,
            provider,
            announcer,
            media,
            owner=f"{process} {secrets.token_hex(4)}",
            config=song_config(settings, timings.work),
            work_config=work_config(settings, timings.work),
            random=random.random,
            metrics=metrics.meter,
        )
        _watch(metrics, store, client, workers)
        yield Application(
            settings=settings,
            process=part,
            store=store,
            client=client,
            connection=_connection(settings, part, store, client, timings),
            workers=workers,
            attendance=attendance,
            metrics=metrics,
            stop=shutdown,
        )


async def _asked_or_ended(shutdown: GracefulShutdown, tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait for the wish to stop, or for a task that ends by itself: none of them should."""
    asked = asyncio.ensure_future(shutdown.requested())
    try:
        await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()


@asynccontextmanager
async def _connecting(client: InspireClient, shutdown: GracefulShutdown) -> AsyncIterator[InspireClient]:
    """The client, which may log in while this is entered."""
    await client.__aenter__()
    try:
        yield client
    finally:
        if not client.is_closed():
            await shutdown.run_step("the connection to Discord", client.close())
        await client.http.close()  # also when its farewell to the gateway was given up


def process_name() -> str:
    """A name for this process that no other has, and that tells an operator which it is."""
    return f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(2)}"


@asynccontextmanager
async def heartbeat_of(
    store: Store, *, process: str, part: ProcessConfig, timings: HeartbeatTimings
) -> AsyncIterator[Heartbeat]:
    """This process is known to the others, and serves its shards alone, while this is entered.

    A process that was killed counts as alive for a while: its shards are waited for, for as long as that.

    Raises:
        ShardTakenError: the process that serves one of them is alive.
    """
    attendance = Heartbeat(store, process=process, part=part, clock=store.clock, timings=timings)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timings.shard_wait_s
    while True:
        try:
            await attendance.register()
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
            await attendance.deregister()
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


def _watch(metrics: MetricsRegistry, store: Store, client: InspireClient, workers: WorkerPool) -> None:
    """Measure all of it from now on."""
    metrics.watch_answers(client)
    client.count_unreadable = metrics.unreadable_event
    metrics.watch_calls(client.calls)
    metrics.watch_books(store)
    metrics.watch_workers(workers.loops)


def _connection(
    settings: Settings, process: ProcessConfig, store: Store, client: InspireClient, timings: Timings
) -> ConnectionSupervisor:
    return ConnectionSupervisor(
        client,
        token=settings.discord_token.get_secret_value(),
        sessions=GatewaySessions(store, clock=store.clock, first_pause_s=timings.session_pause_s),
        takes_commands=process.role.takes_commands,
        timings=timings.connection,
    )


def _client(
    settings: Settings, process: ProcessConfig, store: Store, media: MediaSource, timings: Timings
) -> InspireClient:
    rules = song_config(settings, timings.work)
    is_sharded = process.shard_count > 1
    return InspireClient(
        services=build_services(store, config=rules, media=media, retention=retention_config(settings)),
        remembered=KeyValueStore(store),
        respond_with_status=respond_with_status,
        cogs=(
            lambda client: Inspire(client.services.requests, client.services.playlists, models=rules.models),
            lambda client: Credits(client.services.quotas),
            lambda client: Cancel(client.services.requests),
            lambda client: Quota(client.services),
            lambda client: ServerSettings(client.services.guild_settings, models=rules.models),
            lambda client: Queue(client.services.queue),
            lambda client: Requests(client.services.queue),
            lambda client: Privacy(client.services.privacy),
            lambda client: GuildEvents(client, client.services.guilds),
            lambda client: Playlists(client.services.playlists),
            lambda client: Songs(client.services.songs),
        ),
        guild_ids=() if settings.operator_guild_id is None else (settings.operator_guild_id,),
        guild_cogs=(lambda client: Operator(client.services.operator),),
        buttons=BUTTONS,
        shards=Shards(shard_count=process.shard_count, shard_ids=list(process.shards))
        if is_sharded
        else None,
    )
