"""All services over a real SQLite file, with fakes at the outer ports and a fake clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bot.domain.guild_settings import GuildSettings
from bot.domain.polling import PollLimits
from bot.domain.quotas import Period, Policy
from bot.domain.requests import Request
from bot.domain.song_options import SongOptions
from bot.services import build_services
from bot.services.audit_log import Actor
from bot.services.cards import StatusCard
from bot.services.credits.statements import Statement
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.delivery.result_message import ResultDelivery
from bot.services.ports import WorkQueue
from bot.services.provider.poller import Poller
from bot.services.provider.submitter import ProviderLimits, Submitter
from bot.services.requests.placement import RequestContext, SongConfig
from bot.services.runtime.timings import WorkTimings
from bot.services.unit_of_work import UnitOfWork
from bot.storage.postgres.url import PostgresUrl
from bot.storage.store import SqlStore, open_file, open_server
from tests.fakes.media import FakeMedia
from tests.fakes.messenger import FakeMessenger
from tests.fakes.provider import FakeProvider
from tests.harness.clock import FakeClock
from tests.harness.databases import ledger_breaches
from tests.harness.faulty_store import FaultyStore, StoreFaults
from tests.unit.storage.databases import fresh

PLAYLIST = "119573ff-8e48-4c1d-9a1b-0123456789ab"
GUILD, CHANNEL, APPLICATION = 10**17, 10**17 + 1, 10**17 + 2
ADA, BEN, MODERATOR = 10**17 + 3, 10**17 + 4, 10**17 + 5
FIRST_ID = 10**18
PACE = PollLimits(max_s=30)
RULES = SongConfig(
    models=("v55", "v40"),
    default_model="v55",
    cost=30,
    policy=Policy(allowance=90, period=Period.WEEK, max_active=3, cooldown_s=0),
    slots=2,
    token_life_s=870,
    edit_spacing_s=4,
)


class ServicesHarness:
    """The services, wired as in the program."""

    def __init__(
        self, store: SqlStore, clock: FakeClock, config: SongConfig, pace: PollLimits, give_up_s: float
    ) -> None:
        self.store = store
        self.faults = StoreFaults()
        self.faulty_store = FaultyStore(store, self.faults)
        self.clock = clock
        self.provider = FakeProvider()
        self.messenger = FakeMessenger()
        self.media = FakeMedia()
        self.wakeups = 0
        for queue in WorkQueue:
            store.subscribe(queue, self.wake_up)
        self._next_id = FIRST_ID
        self._pace = pace
        self.configure(config)
        self.poller = Poller(
            self.faulty_store,
            self.provider,
            owner="w1",
            limits=ProviderLimits(config.slots, pace),
            give_up_s=give_up_s,
            clock=clock,
            random=partial(float, 0.5),
        )
        self.delivery = ResultDelivery(
            self.faulty_store, self.messenger, self.media, attach_audio=True, clock=clock
        )
        self.dispatcher = OutboxDispatcher(
            self.faulty_store,
            self.messenger,
            self.media,
            self.delivery,
            owner="w1",
            config=config,
            clock=clock,
        )

    def configure(self, config: SongConfig) -> None:
        """Build the services with this config, as after a restart with other settings."""
        self.config = config
        self.services = build_services(self.faulty_store, config=config, media=self.media)
        self.requests, self.quotas = self.services.requests, self.services.quotas
        self.playlists, self.library = self.services.playlists, self.services.songs
        self.submitter = self.submitter_with(WorkTimings())

    def submitter_with(self, timings: WorkTimings) -> Submitter:
        return Submitter(
            self.faulty_store,
            self.provider,
            owner="w1",
            limits=ProviderLimits(self.config.slots, self._pace, timings, caps=self.config.caps),
            clock=self.clock,
        )

    def actor(self) -> Actor:
        """Return the moderator as the actor of a new decision."""
        self._next_id += 1
        return Actor(interaction_id=self._next_id, guild_id=GUILD, actor_id=MODERATOR, is_moderator=True)

    def wake_up(self) -> None:
        self.wakeups += 1

    def context(self, user_id: int = ADA, interaction_id: int | None = None) -> RequestContext:
        if interaction_id is None:
            self._next_id += 1
            interaction_id = self._next_id
        return RequestContext(
            interaction_id=interaction_id,
            guild_id=GUILD,
            user_id=user_id,
            channel_id=CHANNEL,
            application_id=APPLICATION,
            token=f"token-{interaction_id}",
            attachment_limit=10 * 2**20,
        )

    async def place(self, user_id: int = ADA, order: SongOptions | None = None) -> StatusCard:
        """Place a song, and record its status message."""
        card = await self.requests.place(order or SongOptions(playlist=PLAYLIST), self.context(user_id))
        await self.requests.record_answer(card.request_id, card.request_id + 10**17)
        return card

    async def submit(self) -> int:
        """Submit all that are next; return how many."""
        claimed = await self.submitter.claim(16)
        for request in claimed:
            await self.submitter.handle(request)
        return len(claimed)

    async def poll(self) -> int:
        """Poll all that are due; return how many."""
        claimed = await self.poller.claim(32)
        for request in claimed:
            await self.poller.handle(request)
        return len(claimed)

    async def dispatch(self) -> int:
        """Send all messages that are due; return how many."""
        claimed = await self.dispatcher.claim(16)
        for message in claimed:
            await self.dispatcher.handle(message)
        return len(claimed)

    async def place_and_submit(self, user_id: int = ADA, order: SongOptions | None = None) -> int:
        """Place a request and submit it; return its id."""
        card = await self.place(user_id, order)
        await self.submit()
        return card.request_id

    async def place_and_finish(self, user_id: int = ADA, order: SongOptions | None = None) -> int:
        """Place a request whose song is finished and status up to date; only its post is due."""
        request_id = await self.place_and_submit(user_id, order)
        request = await self.request(request_id)
        assert request.task_id is not None
        for seconds in (4, 27):
            self.clock.advance(seconds)
            await self.dispatch()
        self.provider.finish(request.task_id)
        await self.poll()
        return request_id

    async def request(self, request_id: int) -> Request:
        found = await self.store.read(lambda work: work.requests.find(request_id))
        assert found is not None
        return found

    async def credits(self, user_id: int = ADA, *role_ids: int) -> Statement:
        return await self.quotas.statement(GUILD, user_id, role_ids=role_ids)

    async def set_guild_settings(self, **settled: object) -> None:
        """Set these of the server's settings, and reset all others."""

        def unit(uow: UnitOfWork) -> None:
            uow.guilds.get_for_update(GUILD)
            uow.guilds.update(GUILD, GuildSettings(**settled))  # type: ignore[arg-type] # any of its fields

        await self.store.write(unit)

    async def breaches(self) -> object:
        return await ledger_breaches(self.store)


@asynccontextmanager
async def services_harness(
    folder: Path,
    *,
    server: PostgresUrl | None = None,
    pace: PollLimits = PACE,
    give_up_s: float = 900,
    **changes: object,
) -> AsyncIterator[ServicesHarness]:
    """Yield the services over a new file, or over the database of a server; `changes` are to the config."""
    path = folder / "services.db"
    if server is None and not path.exists():
        fresh(folder, path.name)
    clock = FakeClock()
    opened = open_file(path, clock=clock) if server is None else open_server(server, clock=clock)
    async with opened as store:
        yield ServicesHarness(store, clock, replace(RULES, **changes), pace, give_up_s)  # type: ignore[arg-type]
