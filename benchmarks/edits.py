"""Edits per song and rate limits met, with 200 songs at once in one channel.

Measured: the real bot between a local Discord with Discord's own rate limits and a local provider that makes
all songs at once; the answers to `/inspire` are the statuses, the results are posted by the bot. A channel
takes 5 posts in 5 s, so that 200 results need 200 s at the least. Against: a bot that edits each status at
every check, 5 s apart, by its own token, and does not read the rate limit's headers; counted over the same
buckets.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from benchmarks.harness.local_servers import LocalServers, ServersConfig, Tally
from benchmarks.harness.program import breaches, new_folder, running, settings_for
from benchmarks.harness.report import Report, quantile
from bot.config import Settings
from bot.domain.polling import DurationStats
from bot.services.unit_of_work import UnitOfWork
from bot.storage.schema import migrate
from bot.storage.store import open_store
from sandbox.discord.buckets import Buckets
from sandbox.discord.limits import Limits

SONGS, QUICK_SONGS = 200, 5
SONG_S, QUICK_SONG_S = 20.0, 5.0
POLL_INTERVAL_S = 5.0
PER_S = 50
MAX_EDITS = 8
SETTLE_S = 6.0
"""Seconds for the last edits after the last result: the edit with its link waits for the spacing."""
PAST_SONGS = 500


async def run(*, quick: bool) -> Report:
    """Generate the songs and count the edits."""
    count, song_s = (QUICK_SONGS, QUICK_SONG_S) if quick else (SONGS, SONG_S)
    report = Report(
        f"edits: {count} songs at once in one channel, {song_s:g} s each",
        "an edit at every check, 5 s apart, by the bot token, headers ignored",
    )
    with new_folder() as folder:
        async with LocalServers(ServersConfig(members=count, song_s=song_s)) as servers:
            settings = settings_for(folder, servers.settings, max_running=count, attach_audio=False)
            await teach(settings, song_s)
            async with running(settings):
                begun_s = time.monotonic()
                await servers.order(count, per_s=PER_S, members=count)
                tally = await servers.until_results(count, within_s=2.0 * count + 4 * song_s)
                delivered_s = tally.at_s - begun_s
                await asyncio.sleep(SETTLE_S)
                tally = await servers.tally()
        report.wrong += await breaches(settings)
    naive_edits, naive_limited = naive(count, song_s=song_s, limits=Limits())
    _add_rows(report, tally, count, naive=(naive_edits, naive_limited))
    window = Limits().channel_route
    least_s = song_s + (count - 1) // window.requests * window.per_s
    report.add(
        "time to the last delivery", f"{delivered_s:.0f} s", f"{least_s:.0f} s (the limit's)", samples=1
    )
    report.check(tally.results == count, f"{tally.results} of {count} results were posted")
    return report


def _add_rows(report: Report, tally: Tally, count: int, *, naive: tuple[float, int]) -> None:
    edits = tally.edits
    middle, most = quantile(edits, 0.5), max(edits)
    report.add("edits a song, median / max", f"{middle:g} / {most}", f"{naive[0]:g}", samples=len(edits))
    limited = sum(tally.rate_limited.values())
    report.add("429 from Discord", f"{limited}", f"{naive[1]}", samples=count)
    for route, times in tally.rate_limited.items():
        report.add(f"  {route}", f"{times}", samples=limited)
    report.add("polls a song", f"{tally.polls / count:.1f}", samples=count)
    report.add_target(f"at most {MAX_EDITS} edits a song", f"{most} at most", reached=most <= MAX_EDITS)
    report.add_target(
        f"no 429 with {count} songs in one channel",
        f"{limited}",
        reached=limited == 0,
    )


async def teach(settings: Settings, song_s: float) -> None:
    """Store duration statistics as after many songs; the bot must not be running."""
    url = settings.database_url.get_secret_value()
    usual = DurationStats()
    for _ in range(PAST_SONGS):
        usual = usual.with_song(song_s)

    def keep(work: UnitOfWork) -> None:
        work.durations.put(settings.default_model, usual)

    await asyncio.to_thread(migrate, url)
    async with open_store(url) as store:
        await store.write(keep)


def naive(count: int, *, song_s: float, limits: Limits) -> tuple[float, int]:
    """Return the edits per song and the 429s of a bot that edits each song at every poll."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    buckets = Buckets(lambda: now)
    checks = int(song_s / POLL_INTERVAL_S)
    refused = 0
    for _ in range(checks):
        now += timedelta(seconds=POLL_INTERVAL_S)
        for _ in range(count):
            total = buckets.take("total:", rule=limits.bot_requests, scope="global")
            route = buckets.take("PATCH:one channel", rule=limits.channel_route)
            refused += not (total.allowed and route.allowed)
    return checks, refused
