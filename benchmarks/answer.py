"""How long the answer to `/inspire` takes, with its durable reservation, at 100 interactions a second.

Measured: from the gateway's dispatch to the callback's completion inside the bot's process, and outside as
the local Discord sees it; the database is a SQLite file on disk, the provider and the workers run. Against: a
bare discord.py bot that only defers, between the same servers in the same run. Then once more while another
program has the database locked: the deferral must come before 1.5 s.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

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
AT_MOST_BARE = 2.0
AT_MOST_S = 1.5
MEMBERS = 200
GENEROUS = {"max_active_per_member": 1000, "default_allowance": 1_000_000}
"""Limits with which no request is refused, so that each one reserves credits."""


class BareBot(commands.AutoShardedBot):
    """A bot that defers `/inspire` and does nothing else."""

    def __init__(self) -> None:
        super().__init__(commands.when_mentioned, intents=discord.Intents(guilds=True), max_messages=None)

    async def setup_hook(self) -> None:
        """Register the command with Discord."""

        @self.tree.command(description="Defers")
        @app_commands.describe(playlist="Not looked at")
        async def inspire(
            interaction: discord.Interaction[discord.Client],
            playlist: str,  # noqa: ARG001 - for the same payload as the real command's
        ) -> None:
            await interaction.response.defer(thinking=True)

        await self.tree.sync()


@asynccontextmanager
async def _bare(settings: Settings) -> AsyncIterator[None]:
    point_at(settings.discord_api_url, settings.discord_gateway_url)
    async with BareBot() as bot:
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


async def run(*, quick: bool) -> Report:
    """Time the answers of both bots."""
    report = Report(
        "answer: from gateway dispatch to the callback of /inspire, median / p99 / max",
        "a bare discord.py bot that only defers, same run, same local Discord",
    )
    count = PER_S * (QUICK_SECONDS if quick else SECONDS)
    hung = int(PER_S * (QUICK_HANG_S if quick else HANG_S))
    with new_folder() as folder:
        async with LocalServers(ServersConfig(members=MEMBERS)) as servers:
            settings = settings_for(folder, servers.settings, **GENEROUS)
            with callbacks_timed() as bare:
                async with _bare(settings):
                    bare_answers = await servers.order(count, per_s=PER_S, members=MEMBERS)
            with callbacks_timed() as own:
                async with running(settings):
                    own_answers = await servers.order(count, per_s=PER_S, members=MEMBERS)
            with callbacks_timed() as late:
                async with running(settings):
                    with _locked(settings):
                        late_answers = await servers.order(hung, per_s=PER_S, members=MEMBERS)
                    kept = await placed(settings, count + hung)
        report.wrong += await breaches(settings)
    _add_rows(report, (bare, bare_answers), (own, own_answers))
    _add_rows_while_hung(report, late, late_answers)
    report.check(kept == count + hung, f"{count + hung} orders became {kept} requests")
    return report


def _add_rows(
    report: Report, bare: tuple[Stopwatch, list[FirstAnswer]], own: tuple[Stopwatch, list[FirstAnswer]]
) -> None:
    inside, inside_bare = own[0].taken_s(), bare[0].taken_s()
    seen, seen_bare = _answer_times_s(own[1]), _answer_times_s(bare[1])
    report.add("inside the bot's process", spread_ms(inside), spread_ms(inside_bare), samples=len(inside))
    report.add("as Discord sees it", spread_ms(seen), spread_ms(seen_bare), samples=len(seen))
    report.add(
        "deferred first",
        f"{sum(one.deferred for one in own[1])}",
        f"{sum(one.deferred for one in bare[1])}",
        samples=len(seen),
    )
    share = quantile(inside, 0.99) / quantile(inside_bare, 0.99)
    report.add_target(
        f"p99 at most {AT_MOST_BARE:g} x the bare bot's", f"{share:.1f} x", reached=share <= AT_MOST_BARE
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
