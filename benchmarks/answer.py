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

from benchmarks.outside import Outside, Scene, Told
from benchmarks.program import Stopwatch, breaches, callbacks_timed, new_folder, placed, running, settings_for
from benchmarks.report import Report, quantile, spread_ms
from bot.chat.connection.endpoints import point_at
from bot.config import Settings
from bot.storage.database_url import database_path

PER_S = 100
SECONDS, QUICK_SECONDS = 15, 3
HANG_S, QUICK_HANG_S = 5.0, 1.5
AT_MOST_BARE = 2.0
AT_MOST_S = 1.5
MEMBERS = 200
GENEROUS = {"max_active_per_member": 1000, "default_allowance": 1_000_000}
"""What members may do here: no order is refused, each of them is a reservation."""


class BareBot(commands.AutoShardedBot):
    """A bot that defers `/inspire` and does nothing else."""

    def __init__(self) -> None:
        super().__init__(commands.when_mentioned, intents=discord.Intents(guilds=True), max_messages=None)

    async def setup_hook(self) -> None:
        """The command is known to Discord."""

        @self.tree.command(description="Defers")
        @app_commands.describe(playlist="Not looked at")
        # the option has to be there, as in the real command; a bare bot makes nothing of it
        async def inspire(interaction: discord.Interaction[discord.Client], playlist: str) -> None:  # noqa: ARG001
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
    """Another program is writing to the database and does not end."""
    other = sqlite3.connect(database_path(settings.database_url.get_secret_value()), isolation_level=None)
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
        async with Outside(Scene(members=MEMBERS)) as outside:
            settings = settings_for(folder, outside.settings, **GENEROUS)
            with callbacks_timed() as bare:
                async with _bare(settings):
                    bare_told = await outside.order(count, per_s=PER_S, members=MEMBERS)
            with callbacks_timed() as own:
                async with running(settings):
                    own_told = await outside.order(count, per_s=PER_S, members=MEMBERS)
            with callbacks_timed() as late:
                async with running(settings):
                    with _locked(settings):
                        late_told = await outside.order(hung, per_s=PER_S, members=MEMBERS)
                    kept = await placed(settings, count + hung)
        report.wrong += await breaches(settings)
    _tell(report, (bare, bare_told), (own, own_told))
    _tell_hung(report, late, late_told)
    report.check(kept == count + hung, f"{count + hung} orders became {kept} requests")
    return report


def _tell(report: Report, bare: tuple[Stopwatch, list[Told]], own: tuple[Stopwatch, list[Told]]) -> None:
    inside, inside_bare = own[0].taken_s(), bare[0].taken_s()
    outside, outside_bare = _seen_s(own[1]), _seen_s(bare[1])
    report.add("inside the bot's process", spread_ms(inside), spread_ms(inside_bare), samples=len(inside))
    report.add("as Discord sees it", spread_ms(outside), spread_ms(outside_bare), samples=len(outside))
    report.add(
        "deferred first",
        f"{sum(told.deferred for told in own[1])}",
        f"{sum(told.deferred for told in bare[1])}",
        samples=len(outside),
    )
    share = quantile(inside, 0.99) / quantile(inside_bare, 0.99)
    report.judge(
        f"p99 at most {AT_MOST_BARE:g} x the bare bot's", f"{share:.1f} x", reached=share <= AT_MOST_BARE
    )
    report.judge(
        f"always under {AT_MOST_S} s", f"{max(outside):.3f} s at most", reached=max(outside) < AT_MOST_S
    )
    report.check(len(outside) == len(own[1]), f"{len(own[1]) - len(outside)} orders got no answer at all")


def _tell_hung(report: Report, watch: Stopwatch, told: list[Told]) -> None:
    seen = _seen_s(told)
    report.add("while the database hangs, inside", spread_ms(watch.taken_s()), samples=len(watch.taken_s()))
    report.add("while the database hangs, as Discord sees it", spread_ms(seen), samples=len(seen))
    report.judge(
        f"under {AT_MOST_S} s also while the database hangs",
        f"{max(seen):.3f} s at most",
        reached=max(seen) < AT_MOST_S,
    )
    report.check(len(seen) == len(told), f"{len(told) - len(seen)} orders got no answer while it hung")


def _seen_s(told: list[Told]) -> list[float]:
    return [one.after_s for one in told if one.after_s is not None]
