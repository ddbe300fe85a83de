"""A local Discord with members, and a local provider, in a process of their own.

The bot then shares neither an event loop nor an interpreter with what it is measured against.
"""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import aiohttp

from sandbox.cqtai import PLAYLISTS, LocalProvider, Terms
from sandbox.cqtai.routes import SUBMIT_PATH
from sandbox.discord import LocalDiscord
from sandbox.discord.interactions.answers import answer
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.limits import Limits
from sandbox.discord.model.interaction import CallbackKind, InteractionKind
from sandbox.discord.model.message import Message
from sandbox.discord.people.person import Person
from sandbox.discord.rules.messages import LOADING, Sent

CHANNEL = "songs"
ANSWER_TIMEOUT_S = 30.0
"""Seconds that members wait for first answers after the last command."""
POLL_INTERVAL_S, COUNT_S = 0.02, 0.25
LIMITED = 429
POLL_PATH = "/info/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServersConfig:
    """The configuration of the local servers."""

    members: int = 200
    song_s: float = 101.0
    spread: float = 0.0
    """Sigma of the songs' durations."""
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer to a command, as the member saw it."""

    interaction_id: int
    after_s: float | None
    """Seconds until the first answer; None if there was none."""
    deferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of what has reached the local servers so far."""

    rate_limited: Mapping[str, int]
    """The number of 429s from Discord, by route."""
    edits: tuple[int, ...]
    """The number of edits of each status message."""
    results: int
    """Messages with clips."""
    polls: int
    """Polls of the provider."""
    tasks: int
    at_s: float
    """When this was counted, by the monotonic clock that all processes share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A pending request in the local servers: its answered interaction, and its task if it has one."""

    interaction_id: int
    application_id: int
    guild_id: int
    channel_id: int
    user_id: int
    message_id: int
    token: str
    task_id: str


class Members:
    """The members in the other process: they use commands and count the effects."""

    def __init__(self, discord: LocalDiscord, provider: LocalProvider, members: int) -> None:
        self.discord = discord
        self.provider = provider
        self._people = [self._join(f"Member {n}") for n in range(members)]

    def _join(self, name: str) -> Person:
        guild = self.discord.guild
        user = self.discord.add.user(name)
        self.discord.add.member(guild, user=user)
        return Person(self.discord.state, user=user, guild=guild)

    async def order(self, count: int, per_s: float, members: int) -> list[FirstAnswer]:
        """Use `/inspire` `count` times at this rate, by the members alternately; return the answers."""
        begun_s = time.monotonic()
        sent: list[Invocation] = []
        for n in range(count):
            await asyncio.sleep(max(0.0, begun_s + n / per_s - time.monotonic()))
            who = self._people[n % members]
            sent.append(await who.slash(CHANNEL, "inspire", playlist=PLAYLISTS[n % len(PLAYLISTS)].id))
        deadline_s = time.monotonic() + ANSWER_TIMEOUT_S

        def is_waiting() -> bool:
            return any(one.answered_in_s is None for one in sent) and time.monotonic() < deadline_s

        while is_waiting():  # noqa: ASYNC110 - the time counts here too, not only what happens
            await asyncio.sleep(POLL_INTERVAL_S)
        return [FirstAnswer(one.id, one.answered_in_s, one.deferred) for one in sent]

    async def create_pending(self, waiting: int, making: int) -> list[PendingRequest]:
        """Create answered interactions, and tasks at the provider for `making` of them."""
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {self.provider.key}"}) as session:
            tasks = [await self._task(session) for _ in range(making)] + [""] * waiting
        return [self._pending_request(n, task_id) for n, task_id in enumerate(tasks)]

    async def _task(self, session: aiohttp.ClientSession) -> str:
        body = {"task": "inspiration", "model": "v55", "playlist_id": PLAYLISTS[0].id}
        async with session.post(self.provider.base_url + SUBMIT_PATH, json=body) as response:
            return str((await response.json())["data"])

    def _pending_request(self, number: int, task_id: str) -> PendingRequest:
        who = self._people[number % len(self._people)]
        state, channel = self.discord.state, self.discord.channel(CHANNEL)
        interaction = state.interactions.begin(
            InteractionKind.COMMAND, user=who.user, channel=channel, data={}
        )
        interaction.command_name = "inspire"
        sent = Sent(payload={"content": "pending"}, files={})
        answer(state, interaction=interaction, kind=CallbackKind.MESSAGE, sent=sent)
        assert interaction.original is not None
        return PendingRequest(
            interaction_id=interaction.id,
            application_id=self.discord.application_id,
            guild_id=self.discord.guild.id,
            channel_id=channel.id,
            user_id=who.id,
            message_id=interaction.original.id,
            token=interaction.token,
            task_id=task_id,
        )

    async def connected(self) -> bool:
        """Return True if a bot has a gateway session now."""
        return bool(self.discord.gateway.connected)

    async def tally(self) -> Tally:
        """Count what has reached the local servers so far."""
        posts = [message for message in self.discord.channel(CHANNEL).messages if message.author.is_bot]
        statuses = [message for message in posts if message.command_name and not message.ephemeral]
        polls = Counter(POLL_PATH in line.path for line in self.provider.requests)
        return Tally(
            rate_limited=Counter(
                f"{one.method} {one.route}" for one in self.discord.requests if one.status == LIMITED
            ),
            edits=tuple(_edits(message) for message in statuses),
            results=len(posts) - sum(bool(message.command_name) for message in posts),
            polls=polls[True],
            tasks=len(self.provider.tasks),
            at_s=time.monotonic(),
        )


def _edits(message: Message) -> int:
    """Return the number of edits; the first answer after a deferral is none."""
    return len(message.states) - 1 - (len(message.states) > 1 and bool(message.states[0].flags & LOADING))


class LocalServers:
    """The other process while the context is entered, and a connection to the members in it."""

    def __init__(self, config: ServersConfig) -> None:
        self._config = config
        self.settings: Mapping[str, str] = {}
        """The settings with which the bot uses the local servers, by the variables' names."""

    async def __aenter__(self) -> Self:
        spawn = multiprocessing.get_context("spawn")
        self._connection, far_end = spawn.Pipe()
        self._process = spawn.Process(target=_run_process, args=(far_end, self._config), daemon=True)
        self._process.start()
        self.settings = await asyncio.to_thread(self._connection.recv)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.send(None)
        await asyncio.to_thread(self._process.join, 5.0)
        if self._process.is_alive():
            self._process.kill()

    async def order(self, count: int, *, per_s: float, members: int) -> list[FirstAnswer]:
        """Use the command, see `Members.order`."""
        self._connection.send(("order", (count, per_s, members)))
        answers: list[FirstAnswer] = await asyncio.to_thread(self._connection.recv)
        return answers

    async def create_pending(self, *, waiting: int, making: int) -> list[PendingRequest]:
        """Create pending requests, see `Members.create_pending`."""
        self._connection.send(("create_pending", (waiting, making)))
        pending: list[PendingRequest] = await asyncio.to_thread(self._connection.recv)
        return pending

    async def connected(self) -> bool:
        """Return True if a bot is connected, see `Members.connected`."""
        self._connection.send(("connected", ()))
        connected: bool = await asyncio.to_thread(self._connection.recv)
        return connected

    async def tally(self) -> Tally:
        """Return the counts, see `Members.tally`."""
        self._connection.send(("tally", ()))
        tally: Tally = await asyncio.to_thread(self._connection.recv)
        return tally

    async def until_results(self, count: int, *, within_s: float) -> Tally:
        """Return the counts once `count` results were posted, or when the time is over."""
        deadline_s = time.monotonic() + within_s
        tally = await self.tally()
        while tally.results < count and time.monotonic() < deadline_s:
            await asyncio.sleep(COUNT_S)
            tally = await self.tally()
        return tally


def _run_process(connection: "Connection", config: ServersConfig) -> None:
    asyncio.run(_serve(connection, config))


async def _serve(connection: "Connection", config: ServersConfig) -> None:
    terms = Terms(credits=10**9, audio_s=1.0, cover_px=32, spread=config.spread)
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LocalDiscord(limits=config.limits))
        provider = LocalProvider(song_s=config.song_s, max_running=None, seed=1, terms=terms)
        await stack.enter_async_context(provider)
        members = Members(discord, provider, config.members)
        connection.send(settings_of(discord, provider))
        while (call := await asyncio.to_thread(connection.recv)) is not None:
            name, arguments = call
            connection.send(await _call(members, name, arguments))


async def _call(members: Members, name: str, arguments: tuple[int, ...]) -> object:
    match name:
        case "order":
            return await members.order(*arguments)
        case "create_pending":
            return await members.create_pending(*arguments)
        case "connected":
            return await members.connected()
        case _:
            return await members.tally()


def settings_of(discord: LocalDiscord, provider: LocalProvider) -> dict[str, str]:
    """Return the settings with which the bot uses both servers."""
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "CQTAI_API_KEY": provider.key,
        "CQTAI_BASE_URL": provider.base_url,
        "MEDIA_TRUSTED_ORIGINS": provider.origin,
    }
