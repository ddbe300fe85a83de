"""Two copies of the bot with one token and two databases, each with a gateway process and a worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from sandbox.discord.faults import Fault, FaultKind
from tests.harness.bot import LONG_S
from tests.harness.cluster import BotProcess, Cluster, cluster
from tests.harness.databases import PostgresCluster

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

READY = TITLES[State.DELIVERED]
COPY_RUNS = "OPERATOR: another copy of the bot"
CALLBACK = "POST /interactions/*"
LOOK = {"work.answered_within_s": 1.0}
FAULTS = {
    "none": None,
    "Discord is slow to say that it has the answers": Fault(
        kind=FaultKind.HANG, on=CALLBACK, times=2, after_s=3.0
    ),
    "both answers are cut off": Fault(kind=FaultKind.RESET_AFTER, on=CALLBACK, times=2),
}


@asynccontextmanager
async def two(folder: Path, url: str, other_url: str) -> AsyncIterator[tuple[Cluster, Cluster]]:
    """Yield two copies, each with a gateway and a worker."""
    async with cluster(folder, database_url=url) as one:
        apart = folder / "other"
        apart.mkdir()
        settings = one.settings.model_copy(update={"database_url": SecretStr(other_url)})
        other = replace(
            one,
            settings=settings,
            folder=apart,
            variables=one.variables | {"DATABASE_URL": other_url},
            processes=[],
        )
        try:
            for copy in (one, other):
                copy.pauses = LOOK
                await copy.gateway(lease_s=LONG_S)
                await copy.worker(lease_s=LONG_S)
            yield one, other
        finally:
            for process in other.processes:
                if process.process.returncode is None:
                    await process.kill()
        assert other.breaches() == ()


async def withdrawn(one: Cluster, processes: list[BotProcess], count: int) -> None:
    """Wait until the copies have logged so often that another copy answered."""
    await one.until(lambda: sum(process.log.count(COPY_RUNS) for process in processes) >= count, *processes)


async def test_a_worker_submits_only_what_its_own_gateway_has_answered(
    tmp_path: Path, postgres_url: str, own_cluster: PostgresCluster, subtests: pytest.Subtests
) -> None:
    with own_cluster.server.database() as other_url:
        async with two(tmp_path, postgres_url, other_url) as copies:
            one, other = copies
            processes = [*one.processes, *other.processes]
            for count, (name, fault) in enumerate(FAULTS.items(), 1):
                with subtests.test(name):
                    if fault is not None:
                        one.discord.faults.add(fault)
                    await one.shows(await one.place(), READY)
                    await withdrawn(one, processes, count)
                    assert len(one.submissions) == len(one.results()) == count


async def test_a_song_whose_gateway_was_killed_before_it_heard_of_its_answer_is_made(
    tmp_path: Path, postgres_url: str
) -> None:
    async with cluster(tmp_path, database_url=postgres_url) as bots:
        bots.pauses = LOOK
        gateway, worker = await bots.gateway(lease_s=LONG_S), await bots.worker(lease_s=LONG_S)
        bots.discord.faults.add(Fault(kind=FaultKind.HANG, on=CALLBACK, after_s=LONG_S))
        status = await bots.place()
        await gateway.kill()
        assert bots.submissions == []
        await bots.until(bots.results, worker)
        await bots.shows(status, READY)
        assert len(bots.submissions) == len(bots.results()) == 1
