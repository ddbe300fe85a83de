"""The composition root: the only place where concrete classes are chosen and wired."""

import asyncio
import logging
import os
import random
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.chat.buttons import BUTTONS
from bot.chat.buttons.song_form import answer_song_form
from bot.chat.client import InspireClient, Shards
from bot.chat.connection.endpoints import point_at
from bot.chat.delivery.messenger import DiscordMessenger
from bot.chat.delivery.operator_channel import OperatorChannel
from bot.chat.supervisor import ConnectionSupervisor
from bot.config import Settings
from bot.domain.errors import LockedError, ShardTakenError, StoreError
from bot.health import database_problem, disk_problem, health_app, is_connected, serving
from bot.metrics.registry import MetricsRegistry
from bot.service_configs import retention_config, song_config, work_config
from bot.services import build_services
from bot.services.ports import MediaSource, Messenger, SongProvider
from bot.services.runtime.gateway_sessions import GatewaySessions
from bot.services.runtime.heartbeat import Heartbeat, ProcessConfig
from bot.services.runtime.key_values import KeyValueStore
from bot.services.runtime.timings import HeartbeatTimings
from bot.services.unit_of_work import Store
from bot.services.worker_pool import WorkerPool, build_workers
from bot.shutdown import GracefulShutdown
from bot.storage.database_url import parse_url
from bot.storage.disk import free_bytes
from bot.storage.store import open_store
from bot.storage.timings import StorageTimings
from bot.suno.client import CqtaiClient, provider_session
from bot.suno.media import HttpMedia
from bot.suno.media_session import media_session
from bot.timings import TIMINGS, Timings
from cogs.cancel import Cancel
from cogs.credits import Credits
from cogs.guild_events import GuildEvents
from cogs.help import Help
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

WORKERS = "workers"
ONLY_PROCESS = "the only process"
"""The name of a process with a database of its own: after a crash it keeps the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The implementation of each port."""

    open_store: Callable[[str, StorageTimings], AbstractAsyncContextManager[Store]] = open_store
    provider: Callable[..., SongProvider] = CqtaiClient
    messenger: Callable[..., Messenger] = DiscordMessenger
    media: Callable[..., MediaSource] = HttpMedia


DRIVERS = Drivers()
"""The drivers of the product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One wired process: the Discord client, the workers, and the heartbeat."""

    settings: Settings
    process: ProcessConfig
    store: Store
    client: InspireClient
    connection: ConnectionSupervisor
    workers: WorkerPool
    heartbeat: Heartbeat
    metrics: MetricsRegistry
    shutdown: GracefulShutdown
    operator_channel: OperatorChannel | None

    async def run(self) -> None:
        """Serve until the shutdown is requested; then refuse new work, finish the running, and disconnect."""
        health = health_app(alive=self.workers.stalled, ready=self.readiness, metrics=self.metrics.page)
        async with (
            serving(health, host=self.settings.http_host, port=self.settings.http_port),
            asyncio.TaskGroup() as group,
        ):
            tasks = {name: group.create_task(loop, name=name) for name, loop in self._loops()}
            await _wait_for_shutdown_or_end(self.shutdown, tasks.values())
            log.info("stopping: running work is finished first")
            self.shutdown.request()
            self.client.draining = True
            self.workers.stop()
            await self.shutdown.finish(lambda: self._running(tasks.get(WORKERS)))
            if self.operator_channel is not None:
                await self.operator_channel.flush()
            await self.shutdown.run_step("the connection to Discord", self.client.close())
            await self.shutdown.run_step("the record of its sessions", self.connection.reset_sessions())
            for task in tasks.values():
                task.cancel()

    def _running(self, workers: asyncio.Task[None] | None) -> set[asyncio.Task[None]]:
        """Return the tasks that are not done: the workers' jobs, and members' commands."""
        commands = set(self.client.running)
        return commands if workers is None or workers.done() else commands | {workers}

    def _loops(self) -> Iterator[tuple[str, Coroutine[object, object, None]]]:
        """Yield the concurrent loops of this process by name; they run until the shutdown."""
        # beside the workers, which do not wait for it: what they have to say is kept for later
        yield "discord", self.connection.run()
        if self.process.role.works:
            yield WORKERS, self.workers.run()
        if self.process.role.takes_commands:
            yield "served servers", self.client.services.served.run()
        yield "heartbeat", self.heartbeat.run()
        yield "lag", self.metrics.watch_loop()
        if self.operator_channel is not None:
            yield "operator's channel", self.operator_channel.run()

    async def readiness(self) -> str | None:
        """Return why the process cannot do its work, or None."""
        if self.connection.missing is not None:
            return self.connection.missing
        if self.process.role.takes_commands and not is_connected(self.client):
            return "not connected to Discord"
        if silence := self.client.calls.silence():
            return silence
        return await database_problem(self.store) or disk_problem(free_bytes(_url(self.settings)))


@asynccontextmanager
async def build_application(
    settings: Settings,
    config: ProcessConfig = ProcessConfig(),  # noqa: B008 - frozen
    shutdown: GracefulShutdown | None = None,
    *,
    timings: Timings = TIMINGS,
    drivers: Drivers = DRIVERS,
) -> AsyncIterator[Application]:
    """Wire the process, and close everything that it opened at the end, commands first.

    The exit takes at most `STOP_S`, counted by `shutdown` if it is given, even if something hangs.

    Raises:
        ShardTakenError: another live process serves one of its shards.
        StoreError: the database cannot be used.
    """
    shutdown = shutdown or GracefulShutdown(drain_s=timings.drain_s)
    async with AsyncExitStack() as stack:
        store, process = await _store(stack, settings, timings, drivers, shutdown)
        registered = registered_heartbeat(store, process=process, config=config, timings=timings.heartbeat)
        heartbeat = await stack.enter_async_context(shutdown.closing("the deregistration", registered))
        metrics = MetricsRegistry()
        media = await _media(stack, settings, timings, drivers)
        client = _client(settings, config, store, media, timings)
        await stack.enter_async_context(_connecting(client, shutdown))
        provider = await _provider(stack, settings, timings, drivers)
        workers = _workers(store, provider, client, media, process, settings, timings, drivers, metrics)
        _measure(metrics, store, client, workers, settings)
        yield Application(
            settings=settings,
            process=config,
            store=store,
            client=client,
            connection=_connection(settings, config, store, client, timings),
            workers=workers,
            heartbeat=heartbeat,
            metrics=metrics,
            shutdown=shutdown,
            operator_channel=_operator_channel(settings, client, timings),
        )


async def _wait_for_shutdown_or_end(shutdown: GracefulShutdown, tasks: Iterable[asyncio.Task[None]]) -> None:
    """Wait until the shutdown is requested, or a task ends by itself, which none should."""
    requested = asyncio.ensure_future(shutdown.requested())
    try:
        await asyncio.wait({requested, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        requested.cancel()


@asynccontextmanager
async def _connecting(client: InspireClient, shutdown: GracefulShutdown) -> AsyncIterator[InspireClient]:
    """Enter the client, which can log in from then on, and close it in a step of the shutdown."""
    await client.__aenter__()
    try:
        yield client
    finally:
        if not client.is_closed():
            await shutdown.run_step("the connection to Discord", client.close())
        await client.http.close()  # also if the step above was abandoned


def process_name() -> str:
    """Return a unique name for this process that an operator can recognise: host, process id, random part."""
    return f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(2)}"


@asynccontextmanager
async def registered_heartbeat(
    store: Store, *, process: str, config: ProcessConfig, timings: HeartbeatTimings
) -> AsyncIterator[Heartbeat]:
    """Register the process with exclusive ownership of its shards, and deregister it at the end.

    A killed process counts as alive until its heartbeat expires, so shards that are taken are waited for;
    a process that stands still keeps its locks until the database ends its transaction.

    Raises:
        ShardTakenError: another process still serves one of the shards after `timings.shard_wait_s`.
        LockedError: another process still keeps the registry locked then.
    """
    heartbeat = Heartbeat(store, process=process, config=config, clock=store.clock, timings=timings)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timings.shard_wait_s
    while True:
        try:
            await heartbeat.register()
            break
        except (ShardTakenError, LockedError) as error:
            if loop.time() >= deadline:
                raise
            log.warning("%s Trying again for %.0f s.", error, deadline - loop.time())
            await asyncio.sleep(timings.shard_check_interval_s)
    try:
        yield heartbeat
    finally:
        try:
            await heartbeat.deregister()
        except StoreError as error:
            log.warning("this process could not be deregistered: %s", error)


async def _store(
    stack: AsyncExitStack, settings: Settings, timings: Timings, drivers: Drivers, shutdown: GracefulShutdown
) -> tuple[Store, str]:
    """Open the store, which the stack closes, and return it with the name of this process in it."""
    url = _url(settings)
    opened = drivers.open_store(url, timings.storage)
    store = await stack.enter_async_context(shutdown.closing("the database", opened))
    return store, ONLY_PROCESS if isinstance(parse_url(url), Path) else process_name()


def _url(settings: Settings) -> str:
    return settings.database_url.get_secret_value()


async def _media(
    stack: AsyncExitStack, settings: Settings, timings: Timings, drivers: Drivers
) -> MediaSource:
    """Open the source of audio files with its session, which the stack closes."""
    origins = settings.media_trusted_origins
    session = await stack.enter_async_context(media_session(origins))
    media = drivers.media(session, trusted_origins=origins, fetch_s=timings.media_s)
    stack.callback(media.close)
    return media


async def _provider(
    stack: AsyncExitStack, settings: Settings, timings: Timings, drivers: Drivers
) -> SongProvider:
    """Open the provider's client with its session, which the stack closes."""
    return drivers.provider(
        await stack.enter_async_context(provider_session()),
        base_url=settings.cqtai_base_url,
        api_key=settings.cqtai_api_key.get_secret_value(),
        timeouts=timings.provider,
    )


def _workers(
    store: Store,
    provider: SongProvider,
    client: InspireClient,
    media: MediaSource,
    process: str,
    settings: Settings,
    timings: Timings,
    drivers: Drivers,
    metrics: MetricsRegistry,
) -> WorkerPool:
    return build_workers(
        store,
        provider,
        drivers.messenger(client, metrics=metrics.for_services, timeouts=timings.messages),
        media,
        owner=f"{process} {secrets.token_hex(4)}",
        config=song_config(settings, timings.work),
        work_config=work_config(settings, timings.work),
        random=random.random,
        metrics=metrics.for_services,
    )


def _measure(
    metrics: MetricsRegistry, store: Store, client: InspireClient, workers: WorkerPool, settings: Settings
) -> None:
    """Start to measure the store, the client and the workers."""
    metrics.watch_answers(client)
    client.count_unreadable = metrics.unreadable_event
    metrics.watch_calls(client.calls)
    metrics.watch_database(store, song_config(settings).caps)
    metrics.watch_workers(workers.loops)
    metrics.watch_disk(partial(free_bytes, _url(settings)))


def _connection(
    settings: Settings, config: ProcessConfig, store: Store, client: InspireClient, timings: Timings
) -> ConnectionSupervisor:
    return ConnectionSupervisor(
        client,
        token=settings.discord_token.get_secret_value(),
        sessions=GatewaySessions(store, clock=store.clock, pauses=timings.sessions),
        takes_commands=config.role.takes_commands,
        timings=timings.connection,
    )


def _operator_channel(settings: Settings, client: InspireClient, timings: Timings) -> OperatorChannel | None:
    if settings.operator_channel_id is None:
        return None
    return OperatorChannel(
        client, settings.operator_channel_id, secrets=settings.secrets, pauses=timings.operator_channel
    )


def _client(
    settings: Settings, config: ProcessConfig, store: Store, media: MediaSource, timings: Timings
) -> InspireClient:
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    songs = song_config(settings, timings.work)
    is_sharded = config.shard_count > 1
    return InspireClient(
        services=build_services(store, config=songs, media=media, retention=retention_config(settings)),
        remembered=KeyValueStore(store),
        cogs=(
            lambda client: Inspire(client.tree, models=songs.models),
            lambda _: Credits(),
            lambda _: Help(),
            lambda _: Cancel(),
            lambda client: Quota(client.services),
            lambda _: ServerSettings(songs.models),
            lambda _: Queue(),
            lambda client: Requests(client.services.queue),
            lambda client: Privacy(client.services.privacy),
            lambda client: GuildEvents(client, client.services.guilds),
            lambda _: Playlists(),
            lambda _: Songs(attach_audio=settings.attach_audio),
        ),
        guild_ids=() if settings.operator_guild_id is None else (settings.operator_guild_id,),
        guild_cogs=(lambda client: Operator(client.services.operator),),
        buttons=BUTTONS,
        answer_form=answer_song_form,
        shards=Shards(shard_count=config.shard_count, shard_ids=list(config.shards)) if is_sharded else None,
        timings=timings.chat,
    )
