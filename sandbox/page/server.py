"""The page as a web server on loopback: behind a random token, closed to other sites."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp import web

from sandbox.cqtai.files.media import file_response
from sandbox.discord.payloads import as_payload
from sandbox.page.controls import Controls
from sandbox.page.session import PageSession
from sandbox.world import World

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 8765
PORTS_TRIED: Final = 20
STATIC: Final = Path(__file__).parent / "static"
KINDS: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
SAFE_KINDS: Final = ("audio/", "image/png", "image/jpeg", "image/gif", "image/webp")
"""What a browser may show as it is; anything else is only saved."""
FETCH_S = 15.0
MAX_FRAME = 256 * 1024
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """A server for one world while it is entered, on port 8765 or the next one that is free."""

    def __init__(self, world: World, *, port: int = FIRST_PORT) -> None:
        self.controls = Controls(world)
        self._world = world
        self._first_port = port
        self._port = 0
        self._token = secrets.token_urlsafe(16)
        self._pictures: dict[str, tuple[bytes, str]] = {}
        self._stack = contextlib.AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None
        self._sockets: set[web.WebSocketResponse] = set()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            timeout = aiohttp.ClientTimeout(total=FETCH_S)
            self._session = await stack.enter_async_context(
                aiohttp.ClientSession(timeout=timeout, raise_for_status=True)
            )
            runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            self._port = await self._listen(runner)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.announce_end()
        await self._stack.aclose()

    async def announce_end(self) -> None:
        """Tell every open page that the demo has ended, so that it does not try to come back."""
        for socket in tuple(self._sockets):
            await socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)

    @property
    def address(self) -> str:
        """Return the URL to open in a browser."""
        return f"http://{HOST}:{self._port}/{self._token}/"

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guarded])
        app.router.add_get("/{token}/", self._static)
        app.router.add_get("/{token}/static/{name}", self._static)
        app.router.add_get("/{token}/live", self._live)
        app.router.add_get("/{token}/files/{channel}/{file}/{name}", self._file)
        app.router.add_get("/{token}/media", self._picture)
        return app

    async def _listen(self, runner: web.AppRunner) -> int:
        for port in [*range(self._first_port, self._first_port + PORTS_TRIED), 0]:
            with contextlib.suppress(OSError):
                await web.TCPSite(runner, HOST, port).start()
                return int(runner.addresses[0][1])
        raise OSError("no port is free")

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse requests without the token, and those that another site sent."""
        if not self._is_ours(request):
            return web.Response(status=403, text="Open the address that the demo printed.", headers=HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=error.reason)
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    def _is_ours(self, request: web.Request) -> bool:
        hosts = [f"{name}:{self._port}" for name in (HOST, "localhost")]
        origin = request.headers.get("Origin")
        token = request.path.split("/")[1].encode()
        return (
            request.host in hosts
            and (origin is None or origin == f"http://{request.host}")
            and secrets.compare_digest(token, self._token.encode())
        )

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name", "index.html")
        path = STATIC / name
        if path.parent != STATIC or path.suffix not in KINDS or not path.is_file():
            raise web.HTTPNotFound
        body = await asyncio.to_thread(path.read_bytes)
        return web.Response(body=body, content_type=KINDS[path.suffix], charset="utf-8")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        place, wanted = request.match_info["channel"], request.match_info["file"]
        known = self._world.discord.state.attachment
        attachment = known(int(place), attachment_id=int(wanted)) if (place + wanted).isdecimal() else None
        if attachment is None:
            raise web.HTTPNotFound
        response = file_response(request, attachment.content, content_type=attachment.content_type)
        del response.headers["Access-Control-Allow-Origin"]
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        if not attachment.content_type.startswith(SAFE_KINDS):
            response.headers["Content-Disposition"] = "attachment"
        return response

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        """Serve a picture of the provider's from a cache, as Discord does, so that it outlives its source."""
        url = request.query.get("url", "")
        if self._session is None or not url.startswith(f"{self._world.provider.origin}/"):
            raise web.HTTPNotFound
        if url not in self._pictures:
            try:
                async with self._session.get(url, allow_redirects=False) as response:
                    self._pictures[url] = await response.read(), response.content_type
            except (aiohttp.ClientError, TimeoutError, OSError):
                raise web.HTTPBadGateway from None
        body, kind = self._pictures[url]
        if not kind.startswith("image/") or kind == KINDS[".svg"]:
            raise web.HTTPUnsupportedMediaType
        return web.Response(body=body, content_type=kind)

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if "Origin" not in request.headers:
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=MAX_FRAME)
        await socket.prepare(request)
        session = PageSession(self._world, controls=self.controls)
        session.begin()
        self._sockets.add(socket)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {group.create_task(session.watch_world()), group.create_task(_send(socket, session))}
                async for frame in socket:
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        task = group.create_task(session.do(as_payload(json.loads(frame.data))))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
                for task in tuple(tasks):
                    task.cancel()
        finally:
            self._sockets.discard(socket)
            session.end()
        return socket


async def _send(socket: web.WebSocketResponse, session: PageSession) -> None:
    """Send everything in the session's outbox, in order, until cancelled or the client has gone."""
    with contextlib.suppress(ConnectionError):
        while True:
            await socket.send_json(await session.outbox.get())
