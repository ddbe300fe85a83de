"""Files that go with responses; those that take long are created in a thread of their own."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

import discord
from typing_extensions import override

from bot.chat.display_names import display_names
from bot.chat.messages.chart import TOP, report_alt, report_chart, report_csv
from bot.chat.messages.rendered import Attachment
from bot.domain.moderator_errors import ReportBusyError
from bot.services.credits.reports import Report

log = logging.getLogger(__name__)
T = TypeVar("T")


class FileThread:
    """One thread for all files of a kind: the event loop's default threads are needed for DNS lookups."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="files")

    def close(self) -> None:
        """Stop the thread; work that has not begun is cancelled."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def make(self, work: Callable[[], T]) -> T:
        """Run the work in the thread, after earlier work, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class ExportFiles(FileThread):
    """Members' data."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def turn(self, guild_id: int) -> asyncio.Lock:
        """Return the lock of the server, in which one export is read and written at a time."""
        return self._turns.setdefault(guild_id, asyncio.Lock())


class ReportFiles(FileThread):
    """Charts and tables of servers' reports."""

    def __init__(self) -> None:
        super().__init__()
        self._tables = FileThread()  # a chart may take long
        self._guilds: set[int] = set()

    @override
    def close(self) -> None:
        super().close()
        self._tables.close()

    @contextmanager
    def exclusive(self, guild_id: int) -> Iterator[None]:
        """Allow only one report of the server at a time.

        Raises:
            ReportBusyError: another one is being created.
        """
        if guild_id in self._guilds:
            raise ReportBusyError
        self._guilds.add(guild_id)
        try:
            yield
        finally:
            self._guilds.discard(guild_id)

    async def of(self, client: discord.Client, report: Report, *, chart_s: float) -> list[Attachment]:
        """Build the table, and the chart unless it takes over `chart_s` seconds or matplotlib is missing."""
        named = (use.user_id for use in report.members[:TOP])
        names = await display_names(client, report.guild_id, named)
        table = await self._tables.make(partial(report_csv, report, names))
        files = [Attachment("credits.csv", table, "The same numbers as a table")]
        try:
            async with asyncio.timeout(chart_s):
                chart = await self.make(partial(report_chart, report, names))
        except TimeoutError:
            log.warning("A chart took too long", extra={"guild": report.guild_id})
            return files
        except ImportError:
            log.info("A report has no chart: matplotlib is not installed")
            return files
        return [Attachment("credits.png", chart, report_alt(report, names)), *files]
