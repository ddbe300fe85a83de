"""A complete environment for the bot: a local Discord, a local provider, a folder and the bot's process.

async with World(folder, song_s=10.0) as world:
    await world.start_bot()
    ada = world.discord.member("Ada")
    status = await (await ada.slash("songs", "inspire", playlist=PLAYLISTS[0].id)).answer()
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.domain.polling import DurationStats
from bot.services.unit_of_work import UnitOfWork
from bot.storage.schema import migrate
from bot.storage.store import open_store
from sandbox.bot_process import BotError, BotProcess
from sandbox.cqtai import LocalProvider, Terms
from sandbox.cqtai.timeline import TaskStatus
from sandbox.discord import LocalDiscord
from sandbox.discord.limits import Limits
from sandbox.song_clock import SongClock

READY_S = 45.0
"""How long a start may take, on a busy machine and with a new database."""
HASTY_STOP_S = 3.0
"""How long the bot may take to stop when the world ends under it."""
PAST_SONGS = 500
UNFINISHED_SHARE = 0.85
"""How far a song may get that must not be finished yet."""


class World:
    """Both servers while it is entered, and the bot between them from `start_bot` on.

    `song_s` is how long a song takes, in seconds. `settings` are the bot's, by the names of its
    environment; those that lead it to the servers and to the folder are set already. `limits` are Discord's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        song_s: float = 10.0,
        terms: Terms | None = None,
        seed: int | None = None,
        settings: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.song_s = song_s
        self.discord = LocalDiscord(limits=limits)
        self._clock = SongClock()
        self.provider = LocalProvider(song_s=song_s, seed=seed, clock=self._clock, terms=terms)
        self._settings = dict(settings or {})
        self._folder = folder
        self._stack = AsyncExitStack()
        self._bot: BotProcess | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.discord)
            await stack.enter_async_context(self.provider)
            self._bot = BotProcess(self._folder, settings=self._leading_here() | self._settings)
            stack.push_async_callback(self._end_bot)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def bot(self) -> BotProcess:
        """Return the bot's process, whether it runs or not."""
        if self._bot is None:
            raise BotError("The world was not entered.")
        return self._bot

    async def start_bot(self) -> None:
        """Start the bot and wait until it takes commands.

        Raises:
            BotError: it ended instead, or was not ready in time.
        """
        identified = self.discord.gateway.identifies
        await self.bot.start()
        ended = asyncio.ensure_future(self.bot.ended())
        ready = asyncio.ensure_future(self._taking_commands(identified))
        try:
            await asyncio.wait({ended, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise BotError(f"The bot ended while it started, with exit code {ended.result()}.")
            await ready
        finally:
            for task in (ended, ready):
                task.cancel()
            await asyncio.gather(ended, ready, return_exceptions=True)

    async def teach(self, *models: str) -> None:
        """Store how long songs of these models take here, as if learned; the bot must not run.

        Without it, it expects what the real provider needs: more than a minute and a half.
        """
        migrating = asyncio.ensure_future(asyncio.to_thread(migrate, self.bot.database_url))
        try:
            await asyncio.shield(migrating)
        finally:
            await asyncio.wait({migrating})  # before the folder is deleted: it cannot be cancelled
        usual = DurationStats()
        for _ in range(PAST_SONGS):
            usual = usual.with_song(self.song_s)
        async with open_store(self.bot.database_url) as store:
            await store.write(_store, models, usual)

    @contextmanager
    def songs_unfinished(self) -> Iterator[None]:
        """Keep any song from being finished inside the context, however slow the machine is."""
        ends = [task.ends_s for task in self.provider.tasks if task.status is TaskStatus.RUNNING]
        ends.append(self._clock() + self.song_s)
        margin_s = (1 - UNFINISHED_SHARE) * self.song_s
        with self._clock.no_later_than(max(min(ends) - margin_s, self._clock())):
            yield

    async def _taking_commands(self, identified: int) -> None:
        gateway = self.discord.gateway
        try:
            await self.discord.wait_for(
                lambda: gateway.identifies > identified and gateway.connected, timeout_s=READY_S
            )
        except AssertionError:
            raise BotError(f"The bot was not ready within {READY_S:g} s.") from None

    async def _end_bot(self) -> None:
        if self.bot.pid is not None:
            with contextlib.suppress(BotError):  # it was killed: gone all the same
                await self.bot.stop(within_s=HASTY_STOP_S)

    def _leading_here(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "CQTAI_API_KEY": self.provider.key,
            "CQTAI_BASE_URL": self.provider.base_url,
            "MEDIA_TRUSTED_ORIGINS": self.provider.origin,
        }


def _store(work: UnitOfWork, models: tuple[str, ...], usual: DurationStats) -> None:
    for model in models:
        work.durations.put(model, usual)
