from pathlib import Path

import pytest

from tests.cluster.songs import order, other_server
from tests.cluster.test_several import OTHERS
from tests.harness.cluster import BotProcess, Cluster, cluster
from tests.harness.databases import execute

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

AT_ONCE, UNDER_THE_CAP, LEASE_S = 20, 10, 10.0
REFUSED = "the bot owner's limit for all servers has too few credits left"


async def on_shard(bots: Cluster, shard: int) -> BotProcess:
    return await bots.gateway("--shards", str(shard), "--shard-count", "2", lease_s=LEASE_S)


def placed(bots: Cluster) -> int:
    """Return how many requests hold credits or have used them."""
    query = "SELECT count(*) FROM transfers WHERE kind = 'pending' AND debit LIKE 'cap:all:%'"
    (count,) = execute(bots.database_url, query)
    assert isinstance(count, int)
    return count


async def test_two_processes_at_once_pass_no_cap_though_one_is_killed(
    tmp_path: Path, postgres_url: str
) -> None:
    async with cluster(tmp_path, database_url=postgres_url, TOTAL_CREDIT_CAP="325") as bots:
        first, second = bots.discord.guild, other_server(bots, *OTHERS)
        of_first = (first.id >> 22) % 2
        alive, doomed = await on_shard(bots, of_first), await on_shard(bots, 1 - of_first)
        asked = [
            (
                await order(bots, ("Ada", "Ben")[number % 2], first, prompt=f"first {number}"),
                await order(bots, OTHERS[number % 4], second, prompt=f"second {number}"),
            )
            for number in range(AT_ONCE)
        ]
        await bots.until(lambda: any(one.invocation.shown for _, one in asked), alive, doomed)
        await doomed.kill()
        await bots.until(lambda: all(one.invocation.shown for one, _ in asked), alive)
        assert placed(bots) == UNDER_THE_CAP
        again = await on_shard(bots, 1 - of_first)
        late = await order(bots, "Cleo", second, prompt="late")
        await bots.until(lambda: REFUSED in late.says, alive, again)
        assert placed(bots) == UNDER_THE_CAP
        for process in (alive, again):
            await process.stop()
