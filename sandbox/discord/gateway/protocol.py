"""The messages of a gateway client and the answers to them (Discord's reference, "Gateway")."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

from aiohttp import WSMsgType, web

from sandbox.discord.buckets import Buckets
from sandbox.discord.gateway.connection import GatewaySocket
from sandbox.discord.gateway.sessions import EVERY_INTENT, PRIVILEGED, Gateway, Session
from sandbox.discord.model.snowflakes import Clock
from sandbox.discord.payloads import Payload, as_payload, entry, items, number, text
from sandbox.discord.rendering import member_payload

HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME, REQUEST_MEMBERS = 1, 2, 3, 4, 6, 8
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = range(
    4001, 4006
)
INVALID_SEQUENCE, RATE_LIMITED, SESSION_TIMED_OUT, INVALID_SHARD = 4007, 4008, 4009, 4010
SHARDING_REQUIRED, INVALID_VERSION = 4011, 4012
INVALID_INTENTS, DISALLOWED_INTENTS = 4013, 4014
INVALID_SESSION = 9
MAX_BYTES = 4096
VERSION, ENCODING = "10", "json"
ETF = "etf"
"""Erlang's external term format, which Discord speaks and the sandbox does not."""


class GatewayConnection:
    """One client on the gateway, from HELLO to the end of its connection."""

    def __init__(self, gateway: Gateway, *, output: GatewaySocket, clock: Clock) -> None:
        self._gateway = gateway
        self._output = output
        self._session: Session | None = None
        self._buckets = Buckets(clock)
        self._answers: dict[int, Callable[[Payload], None]] = {
            HEARTBEAT: self._heartbeat,
            IDENTIFY: self._identify,
            RESUME: self._resume,
            PRESENCE: self._nothing,
            VOICE_STATE: self._nothing,
            REQUEST_MEMBERS: self._members,
        }

    async def run(self) -> None:
        """Serve the client until its connection ends."""
        self._gateway.sockets.add(self._output)
        interval_ms = int(self._gateway.limits.heartbeat_interval_s * 1000)
        self._output.send({"op": 10, "d": {"heartbeat_interval": interval_ms}})
        writer = asyncio.create_task(self._output.write())
        try:
            await self._listen()
        finally:
            for_good = self._output.socket.close_code in (1000, 1001)
            self._gateway.left(self._output, session=self._session, for_good=for_good)
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer

    async def _listen(self) -> None:
        silence_s = self._gateway.limits.heartbeat_interval_s * 1.5
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    message = await self._output.socket.receive()
            except TimeoutError:
                await self._output.socket.close(code=SESSION_TIMED_OUT)
                return
            if message.type is WSMsgType.TEXT:
                self._hear(str(message.data))
            elif message.type is WSMsgType.BINARY:
                self._hear(bytes(message.data))
            else:
                return

    def _hear(self, line: str | bytes) -> None:
        try:
            payload = as_payload(json.loads(line)) if len(line) <= MAX_BYTES else {}
        except ValueError:
            payload = {}
        opcode = payload.get("op")
        if not payload or not isinstance(opcode, int):
            return self._output.close(DECODE_ERROR)
        answer = self._answers.get(opcode)
        if answer is None:
            return self._output.close(UNKNOWN_OPCODE)
        if not self._counted():
            return self._output.close(RATE_LIMITED)
        if self._session is None and opcode not in (HEARTBEAT, IDENTIFY, RESUME):
            return self._output.close(NOT_AUTHENTICATED)
        return answer(payload)

    def _counted(self) -> bool:
        return self._buckets.take("sent", rule=self._gateway.limits.gateway_commands).allowed

    def _heartbeat(self, payload: Payload) -> None:
        del payload
        self._output.send({"op": 11})

    def _nothing(self, payload: Payload) -> None:
        """Do nothing: presences and voice states change nothing that the sandbox shows."""

    def _identify(self, payload: Payload) -> None:
        asked = entry(payload, "d")
        if self._session is not None:
            return self._output.close(ALREADY_AUTHENTICATED)
        if not self._gateway.credentials.accept(asked.get("token")) or not self._gateway.may_identify():
            return self._output.close(AUTHENTICATION_FAILED)
        intents = asked.get("intents")
        if not isinstance(intents, int) or intents & ~EVERY_INTENT:
            return self._output.close(INVALID_INTENTS)
        if intents & PRIVILEGED & ~self._gateway.credentials.privileged_intents:
            return self._output.close(DISALLOWED_INTENTS)
        match items(asked, "shard") or [0, 1]:
            case [int(index), int(count)] if 0 <= index < count:
                return self._start((index, count), intents=intents)
            case _:
                return self._output.close(INVALID_SHARD)

    def _start(self, shard: tuple[int, int], *, intents: int) -> None:
        if self._gateway.is_too_large(shard):
            return self._output.close(SHARDING_REQUIRED)
        if not self._gateway.takes_turn(shard[0]):
            return self._output.send({"op": INVALID_SESSION, "d": False})
        self._session = self._gateway.open(self._output, shard=shard, intents=intents)
        return None

    def _resume(self, payload: Payload) -> None:
        asked = entry(payload, "d")
        if not self._gateway.credentials.accept(asked.get("token")):
            return self._output.close(AUTHENTICATION_FAILED)
        if self._session is not None:
            return self._output.close(ALREADY_AUTHENTICATED)
        session_id, sequence = text(asked, "session_id"), number(asked, "seq")
        known = self._gateway.sessions.get(session_id)
        if known is not None and sequence > known.sequence:
            return self._output.close(INVALID_SEQUENCE)
        self._session = self._gateway.resume(self._output, session_id=session_id, sequence=sequence)
        if self._session is None:
            self._output.send({"op": INVALID_SESSION, "d": False})
        return None

    def _members(self, payload: Payload) -> None:
        asked = entry(payload, "d")
        guild = self._gateway.world.guilds.get(number(asked, "guild_id"))
        if guild is None or self._session is None:
            return
        wanted = {str(user_id) for user_id in items(asked, "user_ids")}
        query = text(asked, "query").lower()
        found = [
            member_payload(member)
            for member in guild.members.values()
            if (str(member.user.id) in wanted if wanted else member.display_name.lower().startswith(query))
        ]
        chunk: Payload = {
            "guild_id": str(guild.id),
            "members": found,
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": asked.get("nonce"),
        }
        self._session.push("GUILD_MEMBERS_CHUNK", payload=chunk)


def _refused(request: web.Request) -> int | None:
    """Return the close code for a connection that asks for another version or encoding."""
    if request.query.get("v", VERSION) != VERSION:
        return INVALID_VERSION
    return None if request.query.get("encoding", ENCODING) == ENCODING else DECODE_ERROR


async def serve_gateway(request: web.Request, *, gateway: Gateway, clock: Clock) -> web.WebSocketResponse:
    """Serve one client to its end and return its connection."""
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    transport = request.transport if isinstance(request.transport, asyncio.Transport) else None
    output = GatewaySocket(socket, transport=transport, compress=request.query.get("compress", ""))
    if (refused := _refused(request)) is not None:
        await socket.close(code=refused)
        return socket
    await GatewayConnection(gateway, output=output, clock=clock).run()
    return socket
