"""The whole program: the real bot in this process, between a local Discord and provider."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event
from types import MappingProxyType

import discord.http
from discord.gateway import DiscordWebSocket

from bot.app import DRIVERS, Application, Drivers, build_application
from bot.chat.delivery.status_message import TITLES
from bot.config import Settings
from bot.domain.requests import State
from bot.storage.database_url import parse_url
from bot.storage.schema import migrate
from bot.storage.store import audit_database
from bot.timings import TIMINGS, Timings
from cogs.privacy import Privacy
from cogs.quota import Quota
from sandbox.cqtai import PLAYLISTS, LocalProvider, Pace, RequestLine, Terms
from sandbox.discord import LocalDiscord
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.limits import Bucket, Limits
from sandbox.discord.model.message import Message
from sandbox.discord.people.person import Person
from sandbox.discord.schema import SchemaChecker
from tests.harness.databases import check_revision
from tests.harness.faulty_store import StoreFaults, with_faults
from tests.harness.message_readers import seen
from tests.harness.settings import local_settings
from tests.timings import shorter
from tests.unit.storage.databases import fresh

PLENTY = 30_000
"""An allowance that pays for all songs of a test with many."""
SONG_S = 0.1
"""Songs are fast: the order of events is tested, not their pace."""
LONG_S = 30.0
"""More than anything here takes, also on a busy machine; what is awaited is an event, never a time."""
STOP_S = 20.0
"""Seconds within which the bot's process ends after a request to stop, even if something hangs."""
UNHURRIED = Limits(interaction_deadline_s=LONG_S, identify_window_s=0)
"""Limits that a busy machine does not exceed; bots that follow each other do not wait."""
OFTEN = Bucket(requests=1000, per_s=1.0)
ROOMY = Limits(
    channel_route=OFTEN,
    channel_webhook=OFTEN,
    interaction_webhook=OFTEN,
    interaction_deadline_s=LONG_S,
    identify_window_s=0,
)
"""Limits without Discord's rate limits, for many messages at once."""
ANSWER_TO_COMMAND = 20
"""Discord's number for the kind of message that answers a command."""


@contextmanager
def addresses_restored() -> Iterator[None]:
    """Put back discord.py's addresses, which it keeps for the whole process."""
    base, gateway = discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        yield
    finally:
        discord.http.Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def thread_kept_busy(app: Application, cog: str) -> AsyncIterator[None]:
    """Keep the thread in which a cog makes its files busy with something else."""
    found = app.client.get_cog(cog)
    assert isinstance(found, Quota | Privacy)
    done = Event()
    working = asyncio.create_task(found.files.make(partial(done.wait, LONG_S)))
    try:
        yield
    finally:
        done.set()
        await working


@dataclass
class BotHarness:
    """Both local servers, the settings that lead to them, and the bot while it runs."""

    discord: LocalDiscord
    provider: LocalProvider
    settings: Settings
    timings: Timings = field(default=TIMINGS, kw_only=True)
    drivers: Drivers = field(default=DRIVERS, kw_only=True)

    def hurry(self, times: Mapping[str, object]) -> None:
        """Give the next bot other timings than it has now, by their field's path."""
        self.timings = shorter(times, self.timings)

    def faulty_store(self) -> StoreFaults:
        """Give the next bots a store with faults, of which there are none yet; return them."""
        faults = StoreFaults()
        self.drivers = replace(self.drivers, open_store=with_faults(self.drivers.open_store, faults))
        return faults

    @property
    def database_url(self) -> str:
        """Return where the bot keeps its requests and credits."""
        return self.settings.database_url.get_secret_value()

    @asynccontextmanager
    async def bot(self, *, connected: bool = True, **changes: object) -> AsyncIterator[Application]:
        """Run the bot from its start to its graceful shutdown, and audit its credits; it can be run again.

        Unless `connected`, Discord may refuse it for now.
        """
        settings = self.settings.model_copy(update=changes)
        await asyncio.to_thread(_brought_up_to_date, self.database_url)
        built = build_application(settings, timings=self.timings, drivers=self.drivers)
        with addresses_restored():
            async with built as app, asyncio.TaskGroup() as group:
                app.client._connection.guild_ready_timeout = 0.05  # discord.py waits 2 s for more guilds
                running = group.create_task(app.run())
                try:
                    async with asyncio.timeout(LONG_S):
                        if connected:
                            await app.client.wait_until_ready()
                    yield app
                finally:
                    app.shutdown.request()
                    await running
        breaches = await asyncio.to_thread(self.breaches)
        assert breaches == ()

    def breaches(self) -> tuple[str, ...]:
        """Return what is wrong with the credits, by the operator's own audit."""
        return tuple(audit_database(self.database_url)[0])

    def song_takes(self, song_s: float) -> None:
        """Let a song take this long at the provider from now on, in seconds."""
        self.provider.pace = Pace(song_s)

    async def order(self, who: str = "Ada", /, *, past_picker: bool = False, **options: object) -> Invocation:
        """Send off `/inspire` as a member."""
        wanted: dict[str, object] = {"playlist": PLAYLISTS[0].id} | options
        return await self.discord.member(who).slash("songs", "inspire", past_picker=past_picker, **wanted)

    async def place(self, who: str = "Ada", /, **options: object) -> Message:
        """Place a request as a member, and return its status message."""
        return await (await self.order(who, past_picker=False, **options)).answer(timeout_s=LONG_S)

    async def shows(self, message: Message, *words: str) -> str:
        """Wait until the message says all these words, and return what it says."""

        def text() -> str:
            said = seen(message)
            return said if all(word in said for word in words) else ""

        try:
            return await self.discord.wait_for(text, timeout_s=LONG_S)
        except AssertionError as error:
            raise AssertionError(f"{words} not in:\n{seen(message)}") from error

    def results(self, channel: str = "songs") -> list[Message]:
        """Return the bot's own posts in the channel: those that answer no command."""
        messages = self.discord.channel(channel).messages
        own = (m for m in messages if m.author.is_bot and m.kind != ANSWER_TO_COMMAND)
        return [message for message in own if not message.ephemeral and not message.deleted]

    async def result(self, channel: str = "songs", *, count: int = 1) -> Message:
        """Wait for `count` of the bot's own posts in the channel, and return the newest."""
        await self.discord.wait_for(lambda: len(self.results(channel)) >= count, timeout_s=LONG_S)
        return self.results(channel)[-1]

    async def placed_result(self) -> Message:
        """Place a request, wait until its status says that it is ready, and return its one result."""
        before = len(self.results())
        await self.shows(await self.place(), TITLES[State.DELIVERED])
        (result,) = self.results()[before:]
        return result

    async def credits(self, who: str = "Ada") -> dict[str, int]:
        """Return the numbers that `/credits` shows the member, by their name."""
        asked = await self.discord.member(who).slash("songs", "credits")
        message = await asked.answer(timeout_s=LONG_S)
        assert message.ephemeral
        fields = message.embeds[0]["fields"]
        assert isinstance(fields, list)
        firsts = {f["name"]: re.match(r"<t:(\d+):R>|([\d,]+)", str(f["value"])) for f in fields[:5]}
        return {name: int(first[1] or first[2].replace(",", "")) for name, first in firsts.items() if first}

    @property
    def submissions(self) -> list[RequestLine]:
        """Return every call that reached the provider to start a task."""
        return [line for line in self.provider.requests if line.method == "POST"]

    @property
    def polls(self) -> list[RequestLine]:
        """Return every call that reached the provider to query a task."""
        return [line for line in self.provider.requests if "/info/" in line.path]

    @property
    def ada(self) -> Person:
        """Return the member who does most things in these tests."""
        return self.discord.member("Ada")


def _brought_up_to_date(database_url: str) -> None:
    """Bring the database to the present schema: a new file is a copy of one that was migrated."""
    place = parse_url(database_url)
    if isinstance(place, Path) and not place.exists():
        fresh(place.parent, place.name)
    elif not check_revision(database_url):
        migrate(database_url)


@asynccontextmanager
async def bot(
    folder: Path,
    times: Mapping[str, object] = MappingProxyType({}),
    /,
    *,
    limits: Limits | None = None,
    **changes: object,
) -> AsyncIterator[BotHarness]:
    """Yield both local servers, and the settings and timings of a bot between them, with these changes.

    At the end, check that all requests fitted Discord's schema, and that the sandbox implements them.
    """
    checker = SchemaChecker()
    async with (
        LocalDiscord(checker=checker, limits=limits or UNHURRIED) as local_discord,
        LocalProvider(
            song_s=SONG_S, seed=1, max_running=None, terms=Terms(audio_s=0.2, cover_px=32)
        ) as provider,
    ):
        fast: dict[str, object] = {
            "poll_min_s": 0.02,
            "poll_max_s": 0.05,
            "polls_per_s": 500,
            "status_edit_min_s": 0.02,
            "database_url": f"sqlite:///{folder / 'inspire.db'}",
        }
        settings = local_settings(local_discord, provider, **(fast | changes))
        yield BotHarness(local_discord, provider, settings, timings=shorter(times))
        assert local_discord.unimplemented == []
        assert checker.problems == []
