"""The gateway's sessions: their clients, their pending events, and how to disturb them."""

import json
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sandbox.discord.buckets import Buckets
from sandbox.discord.event_feed import EventFeed, FeedEvent, FeedEventKind
from sandbox.discord.gateway.connection import GatewaySocket
from sandbox.discord.limits import Bucket, Limits
from sandbox.discord.model.snowflakes import Clock
from sandbox.discord.model.world import Guild, World
from sandbox.discord.payloads import Payload
from sandbox.discord.rendering import APPLICATION_FLAGS, guild_create_payload, own_user_payload

GUILDS, GUILD_MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = GUILD_MEMBERS | PRESENCES | MESSAGE_CONTENT
EVERY_INTENT = 0b11_0011_0001_1111_1111_1111_1111
"""All bits that Discord has given a meaning (reference, "List of Intents")."""
MAX_REPLAYED = 2000
RESUMED_ELSEWHERE = 4000
"""Closes the connection whose session another one resumes; Discord's true code is not documented."""
Garbling: TypeAlias = Callable[[Payload], Payload]
"""Gives the payload that is sent in place of the right one."""


@dataclass(slots=True)
class Credentials:
    """The bot's token, whether Discord still takes it, and the privileged intents switched on."""

    token: str
    accepted: bool = True
    privileged_intents: int = 0

    def accept(self, token: object) -> bool:
        """Tell whether this is the bot's token and it is still valid."""
        return self.accepted and token == self.token


@dataclass(slots=True, kw_only=True)
class Session:
    """One client's position in the stream of events, which outlives its connection."""

    id: str
    shard: tuple[int, int]
    intents: int
    socket: GatewaySocket | None
    garbled: Mapping[str, Garbling] = field(default_factory=dict)
    """What is sent in place of an event's right payload, by the event's name."""
    sequence: int = 0
    left_at: datetime | None = None
    """Since when it has had no connection."""
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MAX_REPLAYED))

    def hears(self, *, guild_id: int | None, intent: int) -> bool:
        """Tell whether an event of this guild and intent belongs to this session."""
        number, count = self.shard
        own_shard = number == (0 if guild_id is None else (guild_id >> 22) % count)
        return own_shard and (intent == 0 or bool(self.intents & intent))

    def push(self, event: str, *, payload: Payload) -> None:
        """Send the event, or keep it for a RESUME."""
        self.sequence += 1
        if event in self.garbled:
            payload = self.garbled[event](payload)
        line = json.dumps({"op": 0, "t": event, "s": self.sequence, "d": payload})
        self.sent.append((self.sequence, line))
        if self.socket is not None:
            self.socket.send_line(line)

    def covers(self, sequence: int) -> bool:
        """Tell whether every event after a sequence number is still kept."""
        return not self.sent or sequence >= self.sent[0][0] - 1

    def replay(self, *, after: int) -> None:
        """Send everything after a sequence number once more."""
        for sequence, line in tuple(self.sent):
            if sequence > after and self.socket is not None:
                self.socket.send_line(line)


class Gateway:
    """All sessions of the bot under test."""

    def __init__(
        self, world: World, *, credentials: Credentials, limits: Limits, clock: Clock, feed: EventFeed
    ) -> None:
        self.world = world
        self.credentials = credentials
        self.limits = limits
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.sockets: set[GatewaySocket] = set()
        self.identifies = 0
        self.resumes = 0
        self.garbled: dict[str, Garbling] = {}
        self._clock = clock
        self._feed = feed
        self._buckets = Buckets(clock)

    @property
    def connected(self) -> list[Session]:
        """Return the sessions that have a connection now."""
        return [session for session in self.sessions.values() if session.socket is not None]

    def dispatch(self, event: str, *, payload: Payload, guild_id: int | None = None, intent: int = 0) -> None:
        """Send the event to every session that it concerns."""
        for session in self.sessions.values():
            if session.hears(guild_id=guild_id, intent=intent):
                session.push(event, payload=payload)

    def may_identify(self) -> bool:
        """Tell whether one more session can start today; if not, revoke the token, as Discord does."""
        if self._buckets.take("identify", rule=self.limits.identifies).allowed:
            self.identifies += 1
            return True
        self.credentials.accepted = False
        return False

    def takes_turn(self, shard: int) -> bool:
        """Tell whether a shard can IDENTIFY now: each of `max_concurrency` lanes takes one at a time."""
        line = f"turn {shard % self.limits.max_concurrency}:"
        rule = Bucket(requests=1, per_s=self.limits.identify_window_s)
        return self._buckets.take(line, rule=rule).allowed

    def is_too_large(self, shard: tuple[int, int]) -> bool:
        """Tell whether a shard would have more guilds than Discord serves to one."""
        number, count = shard
        own = [guild for guild in self.world.guilds.values() if (guild.id >> 22) % count == number]
        return sum(guild.has_bot for guild in own) > self.limits.shard_guilds

    def open(self, socket: GatewaySocket, *, shard: tuple[int, int], intents: int) -> Session:
        """Open a session and send it READY and its guilds."""
        session = Session(
            id=secrets.token_hex(16), shard=shard, intents=intents, socket=socket, garbled=self.garbled
        )
        guilds = [guild for guild in self.world.guilds.values() if guild.has_bot and self._on(session, guild)]
        session.push("READY", payload=self._ready(session, guilds))
        self.sessions[session.id] = session
        for guild in guilds if intents & GUILDS else []:
            session.push("GUILD_CREATE", payload=self.guild_created(guild, session=session))
        self.changed()
        return session

    def resume(self, socket: GatewaySocket, *, session_id: str, sequence: int) -> Session | None:
        """Resume the session and replay its missed events; return None if it is not known (any more)."""
        session = self.sessions.get(session_id)
        if session is None or self._expired(session) or not session.covers(sequence):
            self.sessions.pop(session_id, None)
            return None
        if session.socket is not None:
            session.socket.close(RESUMED_ELSEWHERE)
        session.socket, session.left_at = socket, None
        session.replay(after=sequence)
        session.push("RESUMED", payload={})
        self.resumes += 1
        self.changed()
        return session

    def left(self, socket: GatewaySocket, *, session: Session | None, for_good: bool) -> None:
        """Remove the connection; a client that closed with 1000 or 1001 has ended its session too."""
        self.sockets.discard(socket)
        if session is not None and session.socket is socket:
            session.socket, session.left_at = None, self._clock()
            if for_good:
                self.sessions.pop(session.id, None)
        self.changed()

    def drop(self, *, code: int | None = 4000) -> None:
        """Close every connection with a code, or tear it off without one; sessions can be resumed."""
        for session in self.connected:
            if session.socket is not None:
                session.socket.close(code)
                session.socket, session.left_at = None, self._clock()

    def ask_to_reconnect(self) -> None:
        """Tell every client to reconnect (opcode 7)."""
        for session in self.connected:
            if session.socket is not None:
                session.socket.send({"op": 7, "d": None})

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell every client that its session is invalid (opcode 9)."""
        for session in self.connected:
            if session.socket is not None:
                session.socket.send({"op": 9, "d": resumable})
            if not resumable:
                self.sessions.pop(session.id, None)

    def guild_created(self, guild: Guild, *, session: Session) -> Payload:
        """Return what a session is sent of a guild."""
        every_member = bool(session.intents & GUILD_MEMBERS)
        return guild_create_payload(guild, bot=self.world.bot, every_member=every_member)

    def guild_joined(self, guild: Guild, *, session: Session) -> Payload:
        """Return the same of a guild that the bot has just joined: `unavailable` is missing then.

        See https://github.com/discord/discord-api-docs/pull/5124.
        """
        payload = self.guild_created(guild, session=session)
        del payload["unavailable"]
        return payload

    def changed(self) -> None:
        """Publish that sessions or connections changed."""
        self._feed.publish(FeedEvent(kind=FeedEventKind.GATEWAY, at=self._clock()))

    def _expired(self, session: Session) -> bool:
        if session.left_at is None:
            return False
        return (self._clock() - session.left_at).total_seconds() > self.limits.session_s

    def _on(self, session: Session, guild: Guild) -> bool:
        number, count = session.shard
        return (guild.id >> 22) % count == number

    def _ready(self, session: Session, guilds: list[Guild]) -> Payload:
        return {
            "v": 10,
            "user": own_user_payload(self.world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(self.world.application_id), "flags": APPLICATION_FLAGS},
            "shard": list(session.shard),
            "private_channels": [],
            "relationships": [],
        }
