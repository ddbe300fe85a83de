"""10,000 pending requests in one process: the lag of the event loop, and the use of memory and processor.

Measured: the real bot with as many tasks at a local provider and status messages in a local Discord, both in
another process, while 100 `/inspire` a second are placed; the database is SQLite. How late the event loop is
each 10 ms, the process's memory and its share of a core, and whether the polls of the provider stay
within `POLLS_PER_S`. Against: the idle loop of the same process before the bot starts.
"""

import asyncio
import time

from benchmarks.harness.inflight import write_in_flight
from benchmarks.harness.local_servers import FirstAnswer, LocalServers, ServersConfig, Tally
from benchmarks.harness.program import (
    MIB,
    ProcessLoad,
    breaches,
    new_folder,
    placed,
    process_load,
    running,
    settings_for,
)
from benchmarks.harness.report import Report, milliseconds, quantile, spread_ms

IN_FLIGHT, QUICK_IN_FLIGHT = 10_000, 1000
SECONDS, QUICK_SECONDS = 10, 3
PER_S = 100
MEMBERS = 1000
SONG_S = 36_000.0
"""So long that no song ends during the measurement."""
IDLE_S = 1.0
MAX_LAG_S, MAX_MIB, MAX_CORES = 0.05, 350, 1.0
POLL_SLACK = 1.1
"""A token bucket that starts full allows one second's worth more."""


async def run(*, quick: bool) -> Report:
    """Place the load and measure the process."""
    in_flight, seconds = (QUICK_IN_FLIGHT, QUICK_SECONDS) if quick else (IN_FLIGHT, SECONDS)
    report = Report(
        f"load: {in_flight:,} requests in flight in one process, {PER_S} placed a second",
        "the idle loop of the same process",
    )
    with new_folder() as folder:
        async with LocalServers(ServersConfig(members=MEMBERS, song_s=SONG_S)) as servers:
            settings = settings_for(
                folder,
                servers.settings,
                max_running=in_flight,
                max_active_per_member=1000,
                default_allowance=1_000_000,
            )
            async with process_load() as idle:
                await asyncio.sleep(IDLE_S)
            await write_in_flight(settings, await servers.create_pending(waiting=0, making=in_flight))
            async with running(settings):
                before = await servers.tally()
                count = PER_S * seconds
                async with process_load() as busy:
                    begun_s = time.monotonic()
                    answers = await servers.order(count, per_s=PER_S, members=MEMBERS)
                    await placed(settings, in_flight + count)
                    took_s = time.monotonic() - begun_s
                after = await servers.tally()
            kept = await placed(settings, in_flight + count, within_s=0.0) - in_flight
        report.wrong += await breaches(settings)
    _add_rows(report, idle, busy)
    _add_placing_rows(report, answers, kept, took_s)
    _add_poll_rows(report, before, after, per_s=settings.polls_per_s)
    return report


def _add_rows(report: Report, idle: ProcessLoad, busy: ProcessLoad) -> None:
    lag_s, mib = quantile(busy.lags_s, 0.99), busy.rss_bytes / MIB
    report.add(
        "loop lag, median / p99 / max",
        spread_ms(busy.lags_s),
        spread_ms(idle.lags_s),
        samples=len(busy.lags_s),
    )
    report.add("memory", f"{mib:.0f} MiB", f"{idle.rss_bytes / MIB:.0f} MiB", samples=1)
    report.add("processor", f"{busy.cpu_share:.2f} cores", f"{idle.cpu_share:.2f} cores", samples=1)
    report.add_target("loop lag p99 under 50 ms", milliseconds(lag_s), reached=lag_s < MAX_LAG_S)
    report.add_target(f"under {MAX_MIB} MB", f"{mib:.0f} MiB", reached=mib < MAX_MIB)
    report.add_target("under 1 core", f"{busy.cpu_share:.2f} cores", reached=busy.cpu_share < MAX_CORES)


def _add_placing_rows(report: Report, answers: list[FirstAnswer], kept: int, took_s: float) -> None:
    times_s = [one.after_s for one in answers if one.after_s is not None]
    deferred = sum(one.deferred for one in answers)
    report.add("first answer, median / p99 / max", spread_ms(times_s), samples=len(times_s))
    report.add("orders that had to be deferred", f"{deferred}", samples=len(answers))
    rate = kept / took_s
    report.add("requests placed", f"{rate:.0f}/s", samples=kept)
    report.add_target(f"placing {PER_S}/s", f"{rate:.0f}/s", reached=rate > 0.95 * PER_S)


def _add_poll_rows(report: Report, before: Tally, after: Tally, *, per_s: float) -> None:
    seconds = after.at_s - before.at_s
    polls = after.polls - before.polls
    report.add("polls to the provider", f"{polls / seconds:.1f}/s", f"{per_s:g}/s allowed", samples=polls)
    edits = sum(after.edits) - sum(before.edits)
    report.add("edits of status messages", f"{edits / seconds:.0f}/s", samples=edits)
    report.add_target(
        f"polls within POLLS_PER_S ({per_s:g})",
        f"{polls / seconds:.1f}/s",
        reached=polls / seconds <= per_s * POLL_SLACK,
    )
