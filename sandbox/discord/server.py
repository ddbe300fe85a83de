"""The local Discord as one object: it listens on loopback while it is entered."""

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from sandbox.discord.buckets import Buckets
from sandbox.discord.builders import WorldBuilder
from sandbox.discord.commands import Commands
from sandbox.discord.disruptions import Disruptions
from sandbox.discord.event_feed import EventFeed, FeedEvent
from sandbox.discord.faults import Faults
from sandbox.discord.gateway.protocol import ETF, serve_gateway
from sandbox.discord.gateway.sessions import Credentials, Gateway
from sandbox.discord.limits import Limits
from sandbox.discord.model.interaction import Interactions
from sandbox.discord.model.permissions import PLAIN, Permission
from sandbox.discord.model.snowflakes import Clock, Snowflakes, utc_now
from sandbox.discord.model.users import User
from sandbox.discord.model.world import Channel, Guild, World
from sandbox.discord.people.person import Person
from sandbox.discord.rest.commands import CommandRoutes
from sandbox.discord.rest.endpoint import Route
from sandbox.discord.rest.interactions import InteractionRoutes
from sandbox.discord.rest.lookups import LookupRoutes
from sandbox.discord.rest.messages import MessageRoutes
from sandbox.discord.rest.pipeline import Checker, Pipeline
from sandbox.discord.state import RequestRecord, State

HOST = "127.0.0.1"
API = "/api/v10"
Found = TypeVar("Found")


class LocalDiscord:
    """A Discord with one guild, two plain members, a moderator and an owner; more can be added.

    Leaving it and entering it again is an outage: it comes back on the same port with all it knew.
    `clock` is the time that ids, deadlines, tokens and rate limits go by. `checker` sees every request
    and answer. `seed` decides which requests a fault with a rate strikes. Unless it is `strict`, it takes
    fields that it does not know, as the real Discord does.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        clock: Clock = utc_now,
        seed: int = 0,
        checker: Checker | None = None,
        port: int = 0,
        strict: bool = True,
    ) -> None:
        self.state = _state(limits or Limits(), clock=clock, seed=seed)
        self.state.strict = strict
        self.add = WorldBuilder(self.state)
        self.disruptions = Disruptions(self.state)
        self._port = port
        self._checker = checker
        self._runner: web.AppRunner | None = None
        self.guild = self.add.guild("Songwriters", owner=self.state.world.owner)
        for name in ("general", "songs"):
            self.add.channel(self.guild, name=name)
        self.moderators = self.add.role(
            self.guild,
            name="Moderators",
            permissions=PLAIN | Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES,
        )
        for name in ("Ada", "Ben", "Mo"):
            roles = (self.moderators,) if name == "Mo" else ()
            self.add.member(self.guild, user=self.add.user(name), roles=roles)

    async def __aenter__(self) -> Self:
        pipeline = Pipeline(self.state, checker=self._checker)
        app = web.Application(client_max_size=1 << 30)
        for route in self.routes():
            app.router.add_route(route.method, API + route.template, pipeline.handler(route))
        app.router.add_route("*", API + "/{tail:.*}", pipeline.refuse_unknown)
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{filename}", self._file)
        app.router.add_get("/", self._gateway)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self.state.files_url = f"http://{HOST}:{self._port}"
        self.state.gateway.url = self.gateway_url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for connection in tuple(self.state.gateway.sockets):
            connection.close(None)
        if self._runner is not None:
            await self._runner.cleanup()

    def routes(self) -> list[Route]:
        """Return all implemented routes of the HTTP API."""
        groups = (InteractionRoutes, MessageRoutes, CommandRoutes, LookupRoutes)
        return [route for group in groups for route in group(self.state).routes()]

    @property
    def api_url(self) -> str:
        """Return the base of all routes, ending in `/api/v10`."""
        return f"http://{HOST}:{self._port}{API}"

    @property
    def gateway_url(self) -> str:
        """Return the gateway's URL."""
        return f"ws://{HOST}:{self._port}"

    @property
    def token(self) -> str:
        """Return the bot's token."""
        return self.state.credentials.token

    @property
    def application_id(self) -> int:
        """Return the application's id, and its bot user's."""
        return self.state.world.application_id

    @property
    def gateway(self) -> Gateway:
        """Return the gateway, to be disturbed."""
        return self.state.gateway

    @property
    def faults(self) -> Faults:
        """Return the HTTP faults that are switched on."""
        return self.state.faults

    @property
    def requests(self) -> list[RequestRecord]:
        """Return every HTTP request so far."""
        return self.state.requests

    @property
    def unimplemented(self) -> list[str]:
        """Return what was asked for that the sandbox does not know; empty in a good test."""
        return self.state.unimplemented

    @property
    def rate_limited(self) -> int:
        """Return how many requests were answered 429."""
        return sum(request.status == 429 for request in self.requests)

    @property
    def invalid_requests(self) -> int:
        """Return how many requests count towards Discord's ban: 401, 403 and 429."""
        return sum(request.status in (401, 403, 429) for request in self.requests)

    def member(self, name: str, *, guild: Guild | None = None) -> Person:
        """Return the person of that name, able to act."""
        place = guild or self.guild
        found = next(member for member in place.members.values() if member.user.name == name)
        return Person(self.state, user=found.user, guild=place)

    def channel(self, name: str, *, guild: Guild | None = None) -> Channel:
        """Return the channel of that name."""
        place = guild or self.guild
        return next(one for one in (*place.channels.values(), *place.threads.values()) if one.name == name)

    def registrations(self, guild: Guild | None = None) -> int:
        """Return how often commands were registered, globally or in a guild."""
        return self.state.commands.registrations.get(guild.id if guild else None, 0)

    def subscribe(self, callback: Callable[[FeedEvent], None]) -> Callable[[], None]:
        """Send every later change to the callback; return a function that stops this."""
        return self.state.feed.subscribe(callback)

    async def wait_for(self, predicate: Callable[[], Found | None], *, timeout_s: float = 30.0) -> Found:
        """Return the predicate's value as soon as it is truthy.

        Raises:
            AssertionError: It was not in time.
        """
        return await self.state.feed.wait_for(predicate, timeout_s=timeout_s)

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("encoding") == ETF:
            self.state.unimplemented.append(f"gateway encoding {ETF}")
        return await serve_gateway(request, gateway=self.state.gateway, clock=self.state.clock)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        channel_id, attachment_id = (
            int(request.match_info[name]) for name in ("channel_id", "attachment_id")
        )
        found = self.state.attachment(channel_id, attachment_id=attachment_id)
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found.content, content_type=found.content_type)


def _state(limits: Limits, *, clock: Clock, seed: int) -> State:
    snowflakes = Snowflakes(clock)
    bot = User(id=snowflakes.next(), name="Inspire", is_bot=True)
    owner = User(id=snowflakes.next(), name="Odile")
    world = World(bot=bot, owner=owner, application_name="Inspire", users={bot.id: bot, owner.id: owner})
    credentials = Credentials(f"local.{bot.id}.token")
    feed = EventFeed()
    return State(
        limits=limits,
        clock=clock,
        snowflakes=snowflakes,
        world=world,
        feed=feed,
        credentials=credentials,
        gateway=Gateway(world, credentials=credentials, limits=limits, clock=clock, feed=feed),
        commands=Commands(limits, snowflakes, clock, world.application_id),
        interactions=Interactions(clock=clock, limits=limits, snowflakes=snowflakes),
        buckets=Buckets(clock),
        faults=Faults(seed=seed),
    )
