"""HTTP endpoints for monitoring: liveness, readiness and metrics."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import discord
from aiohttp import web

from bot.config import SettingsError
from bot.domain.errors import InspireError, StoreError
from bot.services.unit_of_work import Store
from bot.storage.disk import FULL_BYTES

Aliveness = Callable[[], str | None]
"""Returns what hangs, or None."""
Readiness = Callable[[], Awaitable[str | None]]
"""Returns why the process is not ready, or None."""
Page = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Returns the metrics and their content type for an Accept header."""
SHUTDOWN_TIMEOUT_S = 1.0
"""Seconds that open connections have at the shutdown; aiohttp's default is 60."""
DATABASE_S = 1.0
"""Seconds within which the database has to answer for the process to be ready."""


class PortTakenError(InspireError):
    """A port on which another program listens."""


def health_app(*, alive: Aliveness, ready: Readiness, metrics: Page) -> web.Application:
    """Create the HTTP app with `/healthz`, `/readyz` and `/metrics`.

    `/healthz` answers 200 while the process works, `/readyz` while it can serve members; otherwise 503.
    `/metrics` is for Prometheus.
    """

    async def healthz(_: web.Request) -> web.Response:
        return _health_response(alive(), healthy="ok", unhealthy="hanging")

    async def readyz(_: web.Request) -> web.Response:
        return _health_response(await ready(), healthy="ready", unhealthy="not ready")

    async def page(request: web.Request) -> web.Response:
        body, content_type = await metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", page)
    return app


def _health_response(reason: str | None, *, healthy: str, unhealthy: str) -> web.Response:
    if reason is None:
        return web.json_response({"status": healthy})
    return web.json_response({"status": unhealthy, "reason": reason}, status=503)


def is_connected(client: discord.AutoShardedClient) -> bool:
    """Return True if all shards of this process are connected to Discord's gateway.

    After another login discord.py still has the shards of the earlier one, possibly more than now.
    """
    shard_ids = client.shard_ids or range(client.shard_count or 0)
    shards = client.shards
    return client.is_ready() and not any(
        shards[shard_id].is_closed() for shard_id in shard_ids if shard_id in shards
    )


async def database_problem(store: Store, *, within_s: float = DATABASE_S) -> str | None:
    """Return what is wrong with the database, or None if it answers in time."""
    try:
        async with asyncio.timeout(within_s):
            await store.read(lambda work: work.key_values.get("readiness"))
    except TimeoutError:
        return f"the database has not answered within {within_s:g} s"
    except StoreError as error:
        return str(error)
    return None


def disk_problem(free_bytes: int | None) -> str | None:
    """Return what is wrong with the database's disk, or None; `free_bytes` is None if it is a server's."""
    if free_bytes is None or free_bytes >= FULL_BYTES:
        return None
    return f"the disk of the database is full: {free_bytes / 10**6:.0f} MB are free"


@asynccontextmanager
async def serving(app: web.Application, *, host: str, port: int | None) -> AsyncIterator[None]:
    """Serve the app while the context is entered; without a port, serve nothing.

    Raises:
        PortTakenError: another program listens there.
        SettingsError: no program can listen there.
    """
    if port is None:
        yield
        return
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(
                f"HTTP_PORT: another program listens on port {port} of {host}: end it, or choose another one."
            ) from error
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise SettingsError(
            (f"HTTP_HOST, HTTP_PORT: nobody can listen on port {port} of {host}: {reason}.",)
        ) from error
