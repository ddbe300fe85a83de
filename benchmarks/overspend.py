"""Credits overspent when one member uses `/inspire` 500 times at once.

Measured: the real bot between a local Discord and a local provider, on SQLite and on PostgreSQL; the member
has credits for ten songs. The ledger is audited afterwards. Against: a balance that is read, checked and
written back in two steps, by as many coroutines at once on the same database engine.
"""

import asyncio
from pathlib import Path

from benchmarks.harness.local_servers import LocalServers, ServersConfig
from benchmarks.harness.program import breaches, new_folder, running, settings_for
from benchmarks.harness.report import Report, spread_ms
from benchmarks.harness.servers import NONE_HERE, WANTED, server_database
from bot.config import Settings
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork
from bot.storage.store import audit_database, open_store
from sandbox.discord.limits import Bucket, Limits

AT_ONCE, QUICK_AT_ONCE = 500, 200
COST, AFFORDABLE = 30, 10
ALLOWANCE = COST * AFFORDABLE
BALANCE = "balance"
UNLIMITED = Bucket(requests=10**9, per_s=1.0)
FREE_REPLIES = Limits(channel_webhook=UNLIMITED, interaction_webhook=UNLIMITED)
"""With Discord's limits, hundreds of refusals in one channel would take many minutes."""


async def run(*, quick: bool) -> Report:
    """Spend credits concurrently on each database."""
    count = QUICK_AT_ONCE if quick else AT_ONCE
    report = Report(
        f"overspend: {count} /inspire of one member at once, credits for {AFFORDABLE} songs",
        "read the balance, check it, write it back; same engine",
    )
    with new_folder() as folder:
        await _on(report, "SQLite", f"sqlite:///{folder / 'inspire.db'}", count)
        with server_database() as url:
            if url is None:
                report.add(f"PostgreSQL ({WANTED})", NONE_HERE)
            else:
                await _on(report, "PostgreSQL", url, count)
    return report


async def _on(report: Report, name: str, url: str, count: int) -> None:
    """Spend credits concurrently on one database."""
    async with LocalServers(ServersConfig(members=1, limits=FREE_REPLIES)) as servers:
        settings = settings_for(
            Path(),
            servers.settings,
            database_url=url,
            default_allowance=ALLOWANCE,
            max_active_per_member=1000,
        )
        async with running(settings):
            answers = await servers.order(count, per_s=10**6, members=1)
    # the bot has stopped, so all of its work is done
    spent = await _spent(settings)
    report.wrong += await breaches(settings)
    async with open_store(url) as store:
        naively = await read_then_write(store, count, balance=ALLOWANCE, cost=COST)
    over, over_naively = max(0, spent - ALLOWANCE), max(0, naively - ALLOWANCE)
    report.add(f"{name}: credits held or used", f"{spent}", f"{naively}", samples=count)
    report.add(f"{name}: credits overspent", f"{over}", f"{over_naively}", samples=count)
    times_s = [one.after_s for one in answers if one.after_s is not None]
    report.add(f"{name}: first answer, median / p99 / max", spread_ms(times_s), samples=len(times_s))
    deferred = sum(one.deferred for one in answers)
    report.add(f"{name}: orders that had to be deferred", f"{deferred}", samples=len(answers))
    report.add_target(f"0 credits overspent on {name}", f"{over}", reached=over == 0)
    report.check(over == 0, f"{over} credits were overspent on {name}")
    report.check(
        spent == ALLOWANCE, f"{spent} of {ALLOWANCE} credits were spent on {name}, though all were asked for"
    )
    report.check(len(times_s) == count, f"{count - len(times_s)} orders got no answer on {name}")


async def _spent(settings: Settings) -> int:
    """Return the credits that are held or used, by the ledger."""
    _, totals = await asyncio.to_thread(audit_database, settings.database_url.get_secret_value())
    return totals.held + totals.used


async def read_then_write(store: Store, count: int, *, balance: int, cost: int) -> int:
    """Return the credits spent by `count` coroutines that check a balance before they write it."""

    def put(work: UnitOfWork, left: int) -> None:
        work.key_values.put(BALANCE, f"{left}")

    write = NamedUnit("benchmarks.put", put)
    await store.write(write, balance)

    async def spend() -> int:
        has = int(await store.read(lambda work: work.key_values.get(BALANCE)) or 0)
        if has < cost:
            return 0
        await store.write(write, has - cost)
        return cost

    return sum(await asyncio.gather(*(spend() for _ in range(count))))
