"""The provider's calls over HTTP: submit, query, and those that only the sandbox has."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.cqtai import reply_variants
from sandbox.cqtai.documents import task_document
from sandbox.cqtai.effects import TASK_NOT_FOUND, Drop, Envelope, NumberedId, Page, Refuse, Slow
from sandbox.cqtai.faults import Fault, Occasion, Phase
from sandbox.cqtai.files.media import abort
from sandbox.cqtai.files.routes import FileRoutes
from sandbox.cqtai.inspiration import (
    JsonObject,
    JsonValue,
    RefusedError,
    playlist_in,
    read_inspiration,
)
from sandbox.cqtai.replies import Reply, page, refusal, success
from sandbox.cqtai.reply_variants import ReplyVariant, StatusAs
from sandbox.cqtai.state import ProviderState, RequestLine
from sandbox.cqtai.tasks import Task
from sandbox.cqtai.timeline import Fail, Stall, Succeed, TaskStatus

SUBMIT_PATH = "/api/cqt/generator/suno"
QUERY_PATH = "/api/cqt/info/suno"
CREDITS_PATH = "/sandbox/credits"
TASKS_PATH = "/sandbox/tasks"
BODY_LIMIT_BYTES = 1024 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = Callable[[], JsonValue]


def build_app(state: ProviderState) -> web.Application:
    """Return the provider as an aiohttp application over this state."""
    routes = Routes(state)
    app = web.Application(client_max_size=BODY_LIMIT_BYTES, middlewares=[routes.record])
    app.router.add_post(SUBMIT_PATH, routes.submit)
    app.router.add_get(QUERY_PATH, routes.query)
    app.router.add_get(CREDITS_PATH, routes.credits)
    app.router.add_get(TASKS_PATH, routes.tasks)
    FileRoutes(state).add_to(app)
    return app


class Routes:
    """The handlers of the provider's calls."""

    def __init__(self, state: ProviderState) -> None:
        self._state = state

    @web.middleware
    async def record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer the request and log it as one line; refuse unknown paths in JSON."""
        at_s = self._state.settle()
        body = await request.read()
        status: int | None = None
        try:
            response = await handler(request)
            gone = request.transport is None or request.transport.is_closing()
            status = None if gone else response.status
            return response
        except web.HTTPException as error:
            status = error.status
            return refusal(Refuse(error.status, error.reason, http=True)).to_response()
        finally:
            line = RequestLine(request.method, request.path_qs, body, status, at_s)
            self._state.requests.append(line)
            self._state.notify()

    async def submit(self, request: web.Request) -> web.StreamResponse:
        """Accept a task and answer with its id, or refuse it."""
        raw = await request.read()
        occasion = Occasion(playlist_id=playlist_in(raw))
        fault = self._state.faults.first(Phase.SUBMIT, occasion)
        return await self._answer(request, fault=fault, answer=lambda: self._accept(request, raw).id)

    async def query(self, request: web.Request) -> web.StreamResponse:
        """Answer with the task as it is now."""
        task = self._state.register.find(request.query.get("id", ""))
        occasion = Occasion() if task is None else self._occasion(task)
        fault = self._state.faults.first(Phase.QUERY, occasion)
        return await self._answer(request, fault=fault, answer=lambda: self._document(request))

    async def credits(self, _request: web.Request) -> web.Response:
        """Answer with the account, which the real provider does not show."""
        self._state.settle()
        return web.json_response(dataclasses.asdict(self._state.register.account))

    async def tasks(self, _request: web.Request) -> web.Response:
        """Answer with all tasks as they are now, oldest first."""
        snapshots = self._state.register.snapshots(self._state.settle())
        shown: list[JsonValue] = [
            {
                "id": task.id,
                "playlistId": task.playlist_id,
                "title": task.song.title,
                "status": task.status.value,
                "charged": task.charged,
                "refunded": task.refunded,
                "errorMsg": task.error_msg,
            }
            for task in snapshots
        ]
        return web.json_response(shown)

    async def _answer(
        self, request: web.Request, *, fault: Fault | None, answer: Answer
    ) -> web.StreamResponse:
        if fault is None:
            return self._reply(answer).to_response()
        if isinstance(fault.effect, Envelope):
            return self._reply(answer, shape=fault.effect).to_response()
        done = self._reply(answer) if fault.accepted else None
        match fault.effect:
            case Slow():
                await asyncio.sleep(fault.effect.delay_s)
                return (done or self._reply(answer)).to_response()
            case Refuse():
                return refusal(fault.effect).to_response()
            case Page():
                return page(fault.effect).to_response()
            case Drop():
                return abort(request)
            case _:
                raise TypeError(f"{fault.effect!r} is no reply")

    def _reply(self, answer: Answer, *, shape: Envelope | None = None) -> Reply:
        try:
            return success(answer(), shape=shape)
        except RefusedError as error:
            as_http = self._state.terms.errors_as_http
            return refusal(Refuse(error.code, error.msg, http=as_http))

    def _accept(self, request: web.Request, raw: bytes) -> Task:
        self._check_key(request)
        if request.content_type != "application/json":
            raise RefusedError(400, "Content-Type must be application/json")
        wanted = read_inspiration(raw, models=self._state.terms.models)
        if wanted.playlist_id in self._state.unknown_playlists:
            raise RefusedError(400, "playlist not found")
        now_s = self._state.settle()
        self._state.register.check_room()
        occasion = Occasion(playlist_id=wanted.playlist_id)
        doom = self._state.faults.first(Phase.TASK, occasion, of=(Fail, Stall))
        fate = doom.effect if doom is not None and isinstance(doom.effect, Fail | Stall) else Succeed()
        with_number = self._state.faults.first(Phase.TASK, occasion, of=(NumberedId,)) is not None
        return self._state.register.accept(wanted, fate=fate, with_number=with_number, now_s=now_s)

    def _document(self, request: web.Request) -> JsonObject:
        self._check_key(request)
        task = self._state.register.find(request.query.get("id", ""))
        if task is None:
            code = TASK_NOT_FOUND.code if self._state.terms.errors_as_http else 400
            raise RefusedError(code, TASK_NOT_FOUND.msg)
        now_s = self._state.settle()
        document = task_document(task, now_s=now_s, origin=self._state.origin)
        for fault in self._state.faults.all(Phase.DOCUMENT, self._occasion(task)):
            if isinstance(fault.effect, ReplyVariant | StatusAs):
                reply_variants.apply(fault.effect, document=document, origin=self._state.origin)
        return document

    def _occasion(self, task: Task) -> Occasion:
        is_done = task.at(self._state.clock()).status is TaskStatus.SUCCEEDED
        return Occasion(playlist_id=task.request.playlist_id, task_id=task.key, is_done=is_done)

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._state.key}":
            raise RefusedError(401, "invalid api key")
