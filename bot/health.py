"""Addresses for whoever watches the process: is it alive, can it do its work, and what does it measure."""

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

Aliveness = Callable[[], str | None]
"""Gives what hangs, or None when nothing does."""
Readiness = Callable[[], Awaitable[str | None]]
"""Gives what is missing, or None when nothing is."""
Page = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Gives the metrics and their content type, for what the reader accepts."""
LEAVE_S = 1.0
"""Seconds that those who still read an answer have when the process stops; aiohttp would give them 60."""
DATABASE_S = 1.0
"""Seconds within which the database has to answer for the process to be ready."""


class PortTakenError(InspireError):
    """Another program listens on the port."""


def health_app(*, alive: Aliveness, ready: Readiness, metrics: Page) -> web.Application:
    """`/healthz` answers 200 while the process works, `/readyz` while it can serve members, else 503.

    `/metrics` is for Prometheus.
    """

    async def healthz(_: web.Request) -> web.Response:
        return _verdict(alive(), well="ok", ill="hanging")

    async def readyz(_: web.Request) -> web.Response:
        return _verdict(await ready(), well="ready", ill="not ready")

    async def page(request: web.Request) -> web.Response:
        body, content_type = await metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", page)
    return app


def _verdict(reason: str | None, *, well: str, ill: str) -> web.Response:
    if reason is None:
        return web.json_response({"status": well})
    return web.json_response({"status": ill, "reason": reason}, status=503)


def is_connected(client: discord.AutoShardedClient) -> bool:
    """True while all shards of this process are connected to Discord's gateway.

    After a new login discord.py still has the shards of an earlier one, which can have been more.
    """
    shard_ids = client.shard_ids or range(client.shard_count or 0)
    shards = client.shards
    return client.is_ready() and not any(
        shards[shard_id].is_closed() for shard_id in shard_ids if shard_id in shards
    )


async def silence_of(store: Store) -> str | None:
    """What is wrong with the database, or None when it answers in time."""
    try:
        async with asyncio.timeout(DATABASE_S):
            await store.read(lambda work: work.key_values.get("readiness"))
    except TimeoutError:
        return f"the database has not answered within {DATABASE_S:g} s"
    except StoreError as error:
        return str(error)
    return None


@asynccontextmanager
async def serving(app: web.Application, *, host: str, port: int | None) -> AsyncIterator[None]:
    """The app is served while this is entered; nothing listens when there is no port.

    Raises:
        PortTakenError: another program listens there.
        SettingsError: nobody could listen there.
    """
    if port is None:
        yield
        return
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=LEAVE_S)
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
