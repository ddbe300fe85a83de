import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

import discord
from discord.ext import commands

from bot.chat.buttons.cancel import CancelButton
from bot.chat.client import InspireClient
from bot.chat.connection.endpoints import point_at
from bot.chat.interactions.components import SafeButton
from bot.chat.timings import CHAT_TIMINGS, ChatTimings
from bot.services import Services, build_services
from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.requests.service import CancelledRequest, RequestService
from bot.services.unit_of_work import Store, UnitOfWork
from bot.storage.sqlite.store import utc_now
from sandbox.discord import LocalDiscord
from tests.fakes.media import FakeMedia
from tests.harness.services import RULES

P = ParamSpec("P")
T = TypeVar("T")
ClientT = TypeVar("ClientT", bound=discord.Client)


class SomeSongs(RequestService):
    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int]] = []
        self.answer: CancelledRequest | Exception = CancelledRequest(30)

    async def cancel(self, request_id: int, *, guild_id: int, user_id: int) -> CancelledRequest:
        self.asked.append((request_id, guild_id, user_id))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class NoStore(Store):
    """A store that must not be used."""

    @property
    def clock(self) -> Clock:
        return utc_now

    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        raise AssertionError("nothing rings here")

    async def write(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        raise AssertionError("nothing is written here")

    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        raise AssertionError("nothing is read here")


def some_services() -> Services:
    return replace(build_services(NoStore(), config=RULES, media=FakeMedia()), requests=SomeSongs())


class Notebook:
    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.facts.get(key)

    async def put(self, key: str, value: str) -> None:
        self.facts[key] = value


def new_client(
    *cogs: Callable[[InspireClient], commands.Cog],
    remembered: Notebook | None = None,
    buttons: Sequence[type[SafeButton]] = (CancelButton,),
    guild_ids: Sequence[int] = (),
    guild_cogs: Sequence[Callable[[InspireClient], commands.Cog]] = (),
    timings: ChatTimings = CHAT_TIMINGS,
) -> InspireClient:
    return InspireClient(
        services=some_services(),
        remembered=remembered or Notebook(),
        cogs=cogs,
        buttons=buttons,
        guild_ids=guild_ids,
        guild_cogs=guild_cogs,
        timings=timings,
    )


@asynccontextmanager
async def running(local: LocalDiscord, client: ClientT) -> AsyncIterator[ClientT]:
    point_at(local.api_url, local.gateway_url)
    await client.login(local.token)
    if isinstance(client, InspireClient):
        await client.sync_commands()
    task = asyncio.create_task(client.connect())
    try:
        await local.wait_for(lambda: local.gateway.connected)
        yield client
    finally:
        await client.close()
        await task


def songs_of(client: InspireClient) -> SomeSongs:
    assert isinstance(client.services.requests, SomeSongs)
    return client.services.requests
