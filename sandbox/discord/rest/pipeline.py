"""The steps of every HTTP request: faults, the token, the rate limits, the handler, the log."""

import asyncio
import json
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from sandbox.discord.buckets import BucketState, refused_bucket
from sandbox.discord.errors import ApiError, UnimplementedError, unauthorized, unknown_message
from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.faults import Fault, FaultKind
from sandbox.discord.payloads import Payload
from sandbox.discord.rest.endpoint import Call, Count, Reply, Route
from sandbox.discord.rest.uploads import read_body
from sandbox.discord.rules.messages import Upload
from sandbox.discord.state import RequestRecord, State

log = logging.getLogger(__name__)
VIA = {"Via": "1.1 google"}
RESET_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time to linger: closing sends a reset."""
DEAD_TOKEN, UNAUTHORIZED, TOO_MANY = 50027, 401, 429


class Checker(Protocol):
    """An observer of requests and answers, for example against Discord's schema."""

    def request(self, route: str, *, body: object) -> None:
        """Check a request's JSON body on `METHOD /template`."""
        ...

    def response(self, route: str, *, status: int, body: object) -> None:
        """Check the answer's JSON body."""
        ...


@dataclass(slots=True, kw_only=True)
class _Outcome:
    status: int
    body: object = None
    raw: str = ""
    """The text of a JSON body that the sandbox did not write."""
    code: int | None = None
    headers: dict[str, str] = field(default_factory=lambda: dict(VIA))
    html: bool = False
    fault: str = ""


class Pipeline:
    """Conversion of routes to aiohttp's handlers."""

    def __init__(self, state: State, *, checker: Checker | None) -> None:
        self._state = state
        self._checker = checker

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return a handler that serves the route, with all steps before and after."""

        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, route=route)

        return serve

    async def refuse_unknown(self, request: web.Request) -> web.StreamResponse:
        """Answer 501 for a route that the sandbox does not have, and record it."""
        started_s = asyncio.get_running_loop().time()
        outcome = self._unimplemented(f"{request.method} {request.path}")
        route = Route(method=request.method, template="", handle=lambda _: Reply())
        self._record(request, route=route, outcome=outcome, started_s=started_s, body=None)
        return _response(outcome)

    async def _serve(self, request: web.Request, *, route: Route) -> web.StreamResponse:
        started_s = asyncio.get_running_loop().time()
        fault: Fault | None = None
        body: object = None
        files: dict[int, Upload] = {}
        try:
            body, files = await read_body(request)
            fault = self._state.faults.strike(route.name, body=body)
            if fault is not None and fault.kind is FaultKind.SLOW:
                await asyncio.sleep(fault.after_s)
            outcome = self._instead(fault, route=route) or self._answer(
                request, route=route, body=body, files=files
            )
        except ApiError as refusal:
            outcome = _refusal(refusal)
        outcome.fault = fault.kind if fault else ""
        self._record(request, route=route, outcome=outcome, started_s=started_s, body=body)
        if fault is not None and fault.kind in (FaultKind.RESET, FaultKind.RESET_AFTER):
            _reset(request)
        elif fault is not None and fault.kind is FaultKind.HANG:
            await asyncio.sleep(fault.after_s)
        elif fault is not None and fault.kind is FaultKind.STATUS_AFTER:
            return _response(_Outcome(status=fault.status, headers={}, html=True))
        return _response(outcome)

    def _instead(self, fault: Fault | None, *, route: Route) -> _Outcome | None:
        """Return what a fault answers in place of the handler, or None."""
        match fault.kind if fault else None:
            case FaultKind.STATUS if fault:
                return _Outcome(status=fault.status, headers={}, html=True)
            case FaultKind.RESET:
                return _Outcome(status=0)
            case FaultKind.RATE_LIMITED if fault:
                return self._over_limit(fault.after_s, route=route, scope="shared")
            case FaultKind.RATE_LIMITED_GLOBALLY if fault:
                return self._over_limit(fault.after_s, route=route, scope="global")
            case FaultKind.RATE_LIMITED_AT_EDGE if fault:
                return _turned_away(fault.after_s)
            case FaultKind.STRANGE if fault:
                return _Outcome(status=200, raw=fault.words)
            case FaultKind.REFUSED if fault:
                return _refusal(ApiError(fault.status, code=fault.code, message=fault.words))
            case FaultKind.UNKNOWN_MESSAGE:
                return _refusal(unknown_message())
            case _:
                return None

    def _over_limit(self, after_s: float, *, route: Route, scope: str) -> _Outcome:
        by_webhook = route.count in (Count.INTERACTION, Count.INTERACTION_POST)
        key = "webhook:" if by_webhook else f"{route.name}:"
        now_s = self._state.clock().timestamp()
        return _limited(refused_bucket(key, after_s=after_s, now_s=now_s, scope=scope))

    def _refused(self, refusal: ApiError, *, route: Route) -> _Outcome:
        outcome = _refusal(refusal)
        if refusal.retry_after_s is not None:
            outcome.headers |= self._over_limit(refusal.retry_after_s, route=route, scope="user").headers
        return outcome

    def _answer(
        self, request: web.Request, *, route: Route, body: object, files: dict[int, Upload]
    ) -> _Outcome:
        state = self._state
        if state.buckets.used_up("invalid:", rule=state.limits.invalid_requests):
            return _turned_away(state.limits.invalid_requests.per_s)
        call = Call(
            ids=dict(request.match_info),
            query=dict(request.query),
            body=body,
            files=files,
            strict=state.strict,
        )
        standings: list[BucketState] = []
        try:
            if route.by_bot_token:
                self._authorize(request)
            standings = self._count(route, call=call)
            if refused := next((one for one in standings if not one.allowed), None):
                return _limited(refused)
            if self._checker:
                self._checker.request(route.name, body=body)
            outcome = _answered(route.handle(call))
        except ApiError as refusal:
            outcome = self._refused(refusal, route=route)
        except UnimplementedError as reason:
            outcome = self._unimplemented(f"{route.name}: {reason}")
        except Exception as error:
            log.exception("%s failed", route.name)
            outcome = self._unimplemented(f"{route.name}: {error!r}")
        if self._checker and outcome.status < 400:
            self._checker.response(route.name, status=outcome.status, body=outcome.body)
        shown = [one for one in standings if one.scope != "global"]
        if shown and outcome.status != TOO_MANY:
            outcome.headers |= min(shown, key=lambda one: one.remaining).headers()
        return outcome

    def _authorize(self, request: web.Request) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bot" or not self._state.credentials.accept(token):
            raise unauthorized()

    def _count(self, route: Route, *, call: Call) -> list[BucketState]:
        buckets, limits = self._state.buckets, self._state.limits
        token = call.ids.get("webhook_token", "")
        match route.count:
            case Count.NOTHING:
                return []
            case Count.INTERACTION:
                return [buckets.take(f"webhook:{token}", rule=limits.interaction_webhook)]
            case Count.INTERACTION_POST:
                own = buckets.take(f"webhook:{token}", rule=limits.interaction_webhook)
                interaction = self._state.interactions.by_token.get(token)
                place = interaction.channel.id if interaction else 0
                per_channel = f"channel webhook:{place}"
                return [own, buckets.take(per_channel, rule=limits.channel_webhook, scope="shared")]
            case Count.CHANNEL | Count.OTHER:
                return self._count_bot_request(route, call=call)

    def _count_bot_request(self, route: Route, *, call: Call) -> list[BucketState]:
        buckets, limits = self._state.buckets, self._state.limits
        per = call.ids.get("channel_id") or call.ids.get("guild_id", "")
        rule = limits.channel_route if route.count is Count.CHANNEL else limits.other_route
        total = buckets.take("total:", rule=limits.bot_requests, scope="global")
        return [total, buckets.take(f"{route.name}:{per}", rule=rule)] if total.allowed else [total]

    def _unimplemented(self, what: str) -> _Outcome:
        self._state.unimplemented.append(what)
        return _Outcome(
            status=501, body={"message": f"The sandbox does not do this: {what}", "code": 0}, code=0
        )

    def _record(
        self,
        request: web.Request,
        *,
        route: Route,
        outcome: _Outcome,
        started_s: float,
        body: object,
    ) -> None:
        state = self._state
        shared = outcome.headers.get("X-RateLimit-Scope") == "shared"
        if outcome.status in (401, 403, 429) and not shared:
            state.buckets.take("invalid:", rule=state.limits.invalid_requests)
        state.requests.append(
            RequestRecord(
                method=request.method,
                route=route.template,
                path=request.path,
                status=outcome.status,
                code=outcome.code,
                at=state.clock(),
                took_s=asyncio.get_running_loop().time() - started_s,
                used_dead_token=outcome.code == DEAD_TOKEN or outcome.status == UNAUTHORIZED,
                payload=body,
                fault=outcome.fault,
            )
        )
        state.publish(FeedEventKind.REQUEST)


def _answered(reply: Reply) -> _Outcome:
    return _Outcome(status=reply.status, body=reply.payload)


def _refusal(refusal: ApiError) -> _Outcome:
    return _Outcome(status=refusal.status, body=refusal.payload(), code=refusal.code)


def _limited(state: BucketState) -> _Outcome:
    body: Payload = {
        "message": "You are being rate limited.",
        "retry_after": round(state.retry_after_s, 3),
        "global": state.scope == "global",
    }
    return _Outcome(status=TOO_MANY, body=body, code=0, headers=VIA | state.headers())


def _turned_away(after_s: float) -> _Outcome:
    """Return the page of the network in front of the API, without the API's rate limit headers."""
    return _Outcome(status=TOO_MANY, headers={"Retry-After": str(math.ceil(after_s))}, html=True)


def _response(outcome: _Outcome) -> web.Response:
    if outcome.html:
        page = f"<html><body>{outcome.status}</body></html>"
        return web.Response(
            status=outcome.status, text=page, content_type="text/html", headers=outcome.headers
        )
    if outcome.body is None and not outcome.raw:
        return web.Response(status=outcome.status or 204, headers=outcome.headers)
    # aiohttp's json_response adds a charset, which discord.py does not take for JSON.
    headers = outcome.headers | {"Content-Type": "application/json"}
    text = outcome.raw or json.dumps(outcome.body)
    return web.Response(status=outcome.status, body=text.encode(), headers=headers)


def _reset(request: web.Request) -> None:
    if request.transport is None:
        return
    raw = request.transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
    request.transport.abort()
