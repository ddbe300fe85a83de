"""How long the answer to `/inspire` takes, with its durable reservation, at 100 interactions a second.

Measured: from the gateway's dispatch to the callback's completion inside the bot's process, and outside as
the local Discord sees it; the database is a SQLite file on disk, the provider and the workers run. Against: a
small discord.py bot that makes such a reservation with `sqlite3` alone, one durable commit each, and sends
an embed with a button; and one that only defers; between the same servers in the same run. Then once more
while another program has the database locked: the deferral must come before 1.5 s.
"""

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from benchmarks.harness.local_servers import FirstAnswer, LocalServers, ServersConfig
from benchmarks.harness.program import (
    Stopwatch,
    breaches,
    callbacks_timed,
    new_folder,
    placed,
    running,
    settings_for,
    sqlite_path,
)
from benchmarks.harness.report import Report, quantile, spread_ms
from bot.chat.connection.endpoints import point_at
from bot.config import Settings

PER_S = 100
SECONDS, QUICK_SECONDS = 15, 3
HANG_S, QUICK_HANG_S = 5.0, 1.5
AT_MOST_SMALL = 1.5
AT_MOST_S = 1.5
MEMBERS = 200
GENEROUS = {"max_active_per_member": 1000, "default_allowance": 1_000_000}
"""Limits with which no request is refused, so that each one reserves credits."""


_TABLES = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE accounts (id TEXT PRIMARY KEY, granted INTEGER, held INTEGER, CHECK (granted >= held));
    CREATE TABLE requests (id INTEGER PRIMARY KEY, user_id INTEGER, playlist TEXT, state TEXT, at TEXT);
    CREATE TABLE transfers (id TEXT PRIMARY KEY, account TEXT, amount INTEGER, request_id INTEGER);
"""
COST, ALLOWANCE = 30, 1_000_000


class Reservations:
    """Requests and the credits that they hold, in a file that one thread writes."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._file.executescript(_TABLES)

    async def reserve(self, request_id: int, user_id: int, playlist: str) -> None:
        """Place a request and hold its credits; return once that is durable."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._reserve, request_id, user_id, playlist)

    def _reserve(self, request_id: int, user_id: int, playlist: str) -> None:
        run, account = self._file.execute, f"member:{user_id}"
        run("BEGIN IMMEDIATE")
        run("INSERT INTO accounts VALUES (?, ?, 0) ON CONFLICT DO NOTHING", (account, ALLOWANCE))
        held = "UPDATE accounts SET held = held + ? WHERE id = ? AND granted - held >= ?"
        assert run(held, (COST, account, COST)).rowcount == 1
        now = datetime.now(UTC).isoformat()
        run(
            "INSERT INTO requests VALUES (?, ?, ?, ?, ?)",
            (request_id, user_id, playlist, "waiting", now),
        )
        run("INSERT INTO transfers VALUES (?, ?, ?, ?)", (f"hold:{request_id}", account, COST, request_id))
        run("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._thread.shutdown()
        self._file.close()


class BareBot(commands.AutoShardedBot):
    """A bot that answers `/inspire` with an embed after a reservation, or only defers it."""

    def __init__(self, reservations: Reservations | None) -> None:
        super().__init__(commands.when_mentioned, intents=discord.Intents(guilds=True), max_messages=None)
        self.reservations = reservations

    async def setup_hook(self) -> None:
        """Register the command with Discord."""

        @self.tree.command(description="Reserves or defers")
        @app_commands.describe(playlist="A playlist")
        async def inspire(interaction: discord.Interaction[discord.Client], playlist: str) -> None:
            if self.reservations is None:
                await interaction.response.defer(thinking=True)
                return
            await self.reservations.reserve(interaction.id, interaction.user.id, playlist)
            view = discord.ui.View(timeout=None)
            cancel = discord.ui.Button[discord.ui.View](label="Cancel", custom_id=f"cancel:{interaction.id}")
            view.add_item(cancel)
            embed = discord.Embed(
                title="Your song waits", description=f"{interaction.user.mention}: {playlist}"
            )
            embed.add_field(name="Position", value="1").add_field(name="Cost", value=f"{COST} credits")
            await interaction.response.send_message(embed=embed, view=view)

        await self.tree.sync()


@asynccontextmanager
async def _bare(settings: Settings, reservations: Reservations | None = None) -> AsyncIterator[None]:
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    async with BareBot(reservations) as bot:
        await bot.login(settings.discord_token.get_secret_value())
        connected = asyncio.create_task(bot.connect())
        await bot.wait_until_ready()
        yield
        await bot.close()
        await connected


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Hold a write lock on the database from another connection."""
    other = sqlite3.connect(sqlite_path(settings), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def _freeze() -> None:
    """Keep what stands out of garbage collection, as the bot does once it has started.

    The local servers, and what other bots left, are in this process, too: a look through them took 100 ms.
    """
    gc.collect()
    gc.freeze()


async def run(*, quick: bool) -> Report:
    """Time the answers of both bots."""
    report = Report(
        "answer: from gateway dispatch to the callback of /inspire, median / p99 / max",
        "a small bot that reserves with sqlite3 alone | a bare one that only defers; same run",
    )
    count = PER_S * (QUICK_SECONDS if quick else SECONDS)
    hung = int(PER_S * (QUICK_HANG_S if quick else HANG_S))
    with new_folder() as folder:
        async with LocalServers(ServersConfig(members=MEMBERS)) as servers:
            settings = settings_for(folder, servers.settings, **GENEROUS)
            with callbacks_timed() as bare:
                async with _bare(settings):
                    _freeze()
                    bare_answers = await servers.order(count, per_s=PER_S, members=MEMBERS)
            small_file = Reservations(folder / "small.db")
            with closing(small_file), callbacks_timed() as small:
                async with _bare(settings, small_file):
                    _freeze()
                    small_answers = await servers.order(count, per_s=PER_S, members=MEMBERS)
            with callbacks_timed() as own:
                async with running(settings):
                    _freeze()
                    own_answers = await servers.order(count, per_s=PER_S, members=MEMBERS)
            with callbacks_timed() as late:
                async with running(settings):
                    with _locked(settings):
                        late_answers = await servers.order(hung, per_s=PER_S, members=MEMBERS)
                    kept = await placed(settings, count + hung)
        report.wrong += await breaches(settings)
    _add_rows(report, (own, own_answers), (small, small_answers), (bare, bare_answers))
    _add_rows_while_hung(report, late, late_answers)
    report.check(kept == count + hung, f"{count + hung} orders became {kept} requests")
    return report


Timed: TypeAlias = tuple[Stopwatch, list[FirstAnswer]]


def _add_rows(report: Report, own: Timed, small: Timed, bare: Timed) -> None:
    inside, inside_small, inside_bare = (one[0].taken_s() for one in (own, small, bare))
    seen, *seen_others = (_answer_times_s(one[1]) for one in (own, small, bare))
    report.add(
        "inside the bot's process",
        spread_ms(inside),
        f"{spread_ms(inside_small)} | {spread_ms(inside_bare)}",
        samples=len(inside),
    )
    report.add(
        "as Discord sees it", spread_ms(seen), " | ".join(map(spread_ms, seen_others)), samples=len(seen)
    )
    deferred = [f"{sum(answer.deferred for answer in one[1])}" for one in (own, small, bare)]
    report.add("deferred first", deferred[0], " | ".join(deferred[1:]), samples=len(seen))
    share = quantile(inside, 0.99) / quantile(inside_small, 0.99)
    report.add_target(
        f"p99 at most {AT_MOST_SMALL:g} x the small bot's", f"{share:.1f} x", reached=share <= AT_MOST_SMALL
    )
    report.add_target(
        f"always under {AT_MOST_S} s", f"{max(seen):.3f} s at most", reached=max(seen) < AT_MOST_S
    )
    report.check(len(seen) == len(own[1]), f"{len(own[1]) - len(seen)} orders got no answer at all")


def _add_rows_while_hung(report: Report, stopwatch: Stopwatch, answers: list[FirstAnswer]) -> None:
    seen = _answer_times_s(answers)
    report.add(
        "while the database hangs, inside", spread_ms(stopwatch.taken_s()), samples=len(stopwatch.taken_s())
    )
    report.add("while the database hangs, as Discord sees it", spread_ms(seen), samples=len(seen))
    report.add_target(
        f"under {AT_MOST_S} s also while the database hangs",
        f"{max(seen):.3f} s at most",
        reached=max(seen) < AT_MOST_S,
    )
    report.check(len(seen) == len(answers), f"{len(answers) - len(seen)} orders got no answer while it hung")


def _answer_times_s(answers: list[FirstAnswer]) -> list[float]:
    return [one.after_s for one in answers if one.after_s is not None]
