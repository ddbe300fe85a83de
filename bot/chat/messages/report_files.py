"""Files that take long to make, made beside everything else that the process does."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import discord

from bot.chat.interactions.respond import Attachment
from bot.chat.messages.chart import TOP, report_alt, report_chart, report_csv
from bot.chat.names import display_names
from bot.domain.moderator_errors import ReportBusyError
from bot.services.credits.reports import Report

log = logging.getLogger(__name__)
T = TypeVar("T")

CHART_S = 20.0
"""Seconds that a chart may take, its turn included; without it the table goes alone."""


class FileThread:
    """One thread makes all files of a kind: the event loop's own threads look up hosts, too."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")

    def close(self) -> None:
        """Make nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def make(self, work: Callable[[], T]) -> T:
        """Do the work when those before it are done, and return what it gives."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class ReportFiles(FileThread):
    """The files of servers' reports."""

    def __init__(self) -> None:
        super().__init__()
        self._guilds: set[int] = set()

    @contextmanager
    def only_one(self, guild_id: int) -> Iterator[None]:
        """Keep other reports of the server away meanwhile.

        Raises:
            ReportBusyError: one is being made.
        """
        if guild_id in self._guilds:
            raise ReportBusyError
        self._guilds.add(guild_id)
        try:
            yield
        finally:
            self._guilds.discard(guild_id)

    async def of(self, client: discord.Client, report: Report) -> list[Attachment]:
        """Return the chart, unless it takes too long, and the table."""
        named = (use.user_id for use in report.members[:TOP])
        names = await display_names(client, report.guild_id, named)
        files = [Attachment("credits.csv", report_csv(report, names), "The same numbers as a table")]
        try:
            async with asyncio.timeout(CHART_S):
                chart = await self.make(partial(report_chart, report, names))
        except TimeoutError:
            log.warning("A chart took too long", extra={"guild": report.guild_id})
            return files
        return [Attachment("credits.png", chart, report_alt(report, names)), *files]
