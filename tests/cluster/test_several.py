import signal
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from bot.chat.text.errors import CHECK_CREDITS, DATABASE_DOWN
from sandbox.cqtai.effects import Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from tests.cluster.songs import READY, UNKNOWN, RequestedSong, all_complaints, order, other_server, prompt_of
from tests.harness.bot import LONG_S
from tests.harness.cluster import WORKER, BotProcess, Cluster, cluster
from tests.harness.databases import PostgresCluster
from tests.harness.message_readers import SONG_LINK, seen, song_link, title

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

MANY, FEW, SLOTS = 200, 100, 6
SHORT_LEASE_S = 10.0
"""Outlasts a submission on a busy machine too; in the product it is a minute and a half."""
STILL_LEASE_S = 3.0
"""Shorter than a process stands still in these tests."""
LONGEST_S = 120.0
"""More than all the songs take, also on a busy machine."""
OTHERS = ("Cleo", "Dora", "Emil", "Finn")


async def test_one_process_takes_the_command_and_another_makes_the_song(bots: Cluster) -> None:
    await bots.gateway()
    status = await bots.place()
    worker = await bots.worker()
    assert SONG_LINK in await bots.shows(status, READY, SONG_LINK)
    (result,) = bots.results()
    assert len(result.embeds) == len(result.attachments) == 2
    assert song_link(status).endswith(f"/{result.id}")
    assert bots.discord.gateway.identifies == 1
    assert not any(request.used_dead_token for request in bots.discord.requests)
    assert [request for request in bots.discord.requests if request.status >= 400] == []
    for process in (worker, bots.processes[0]):
        await process.stop()


async def two_shards(bots: Cluster, *, lease_s: float | None = None) -> list[BotProcess]:
    """Yield two gateway processes, each on a shard of its own, and two workers."""
    for shard in ("0", "1"):
        await bots.gateway("--shards", shard, "--shard-count", "2", lease_s=lease_s)
    return [await bots.worker(lease_s=lease_s) for _ in range(2)]


def most_running(bots: Cluster) -> list[int]:
    """Return the largest number of concurrent tasks at the provider, kept up to date."""
    most = [0]

    def look() -> None:
        most[0] = max(most[0], bots.provider.running)

    bots.provider.subscribe(look)
    return most


async def all_ended(bots: Cluster, asked: list[RequestedSong], *alive: BotProcess) -> None:
    """Wait until every member has read the correct ending."""
    try:
        await bots.until(lambda: all(one.is_told for one in asked), *alive, timeout_s=LONGEST_S)
    except AssertionError as error:
        left = [f"{one.prompt}: {one.says}" for one in asked if not one.is_told]
        raise AssertionError(f"not told: {left}") from error
    assert all_complaints(bots, asked) == []


async def test_three_hundred_songs_of_two_servers_are_each_made_once_and_in_turn(
    tmp_path: Path, postgres_url: str
) -> None:
    changes = {"MAX_RUNNING": str(SLOTS), "STATUS_EDIT_MIN_S": "1"}
    async with cluster(tmp_path, database_url=postgres_url, **changes) as bots:
        second = other_server(bots, *OTHERS)
        workers = await two_shards(bots)
        most = most_running(bots)
        with bots.clock.no_later_than(bots.clock()):  # no song is finished before all are queued
            asked = [
                await order(bots, ("Ada", "Ben")[number % 2], bots.discord.guild, prompt=f"first {number}")
                for number in range(MANY)
            ]
            asked += [
                await order(bots, OTHERS[number % 4], second, prompt=f"second {number}")
                for number in range(FEW)
            ]
            await bots.until(lambda: all(one.invocation.shown for one in asked), *bots.processes)
        await all_ended(bots, asked, *workers)
        assert {title(one.status) for one in asked} == {READY}
        assert most == [SLOTS]
        turns = [prompt_of(task).split()[0] for task in bots.provider.tasks]
        assert Counter(turns) == {"first": MANY, "second": FEW}
        last = MANY + FEW - turns[::-1].index("second")
        assert last <= 2 * FEW + 5 * SLOTS  # all in order of age: MANY + FEW
        assert [request for request in bots.discord.requests if request.used_dead_token] == []
        for process in bots.processes:
            await process.stop()


async def test_what_a_killed_worker_had_in_hand_is_finished_by_another(
    tmp_path: Path, postgres_url: str
) -> None:
    async with cluster(tmp_path, database_url=postgres_url, MAX_RUNNING=str(SLOTS)) as bots:
        second = other_server(bots, *OTHERS)
        doomed, other = await two_shards(bots, lease_s=SHORT_LEASE_S)
        asked = [
            await order(bots, ("Ada", "Ben")[number % 2], bots.discord.guild, prompt=f"first {number}")
            for number in range(30)
        ]
        asked += [
            await order(bots, OTHERS[number % 4], second, prompt=f"second {number}") for number in range(30)
        ]
        await bots.until(lambda: sum(one.is_told for one in asked) >= len(asked) // 3, doomed, other)
        await doomed.kill()
        await all_ended(bots, asked, other)
        unknown = sum(title(one.status) == UNKNOWN for one in asked)
        assert unknown <= SLOTS  # what it was submitting when it was killed; the credits were released
        await other.stop()


async def test_the_task_of_a_worker_that_stood_still_goes_on_after_it_was_given_up(
    tmp_path: Path, postgres_url: str
) -> None:
    async with cluster(tmp_path, database_url=postgres_url) as bots:
        # the server ends what a process holds that stands still in the middle of a heartbeat after 30 s
        bots.pauses["heartbeat.shard_wait_s"] = 35.0
        patience_s = LONG_S + 35.0
        gateway = await bots.gateway(lease_s=STILL_LEASE_S)
        still = await bots.worker(lease_s=STILL_LEASE_S)
        bots.provider.faults.add(Fault(Phase.SUBMIT, Slow(1.0), accepted=True))
        status = await bots.place()
        await bots.until(lambda: bots.provider.tasks, gateway, still)
        still.process.send_signal(signal.SIGSTOP)
        other = await bots.worker(lease_s=STILL_LEASE_S, timeout_s=patience_s)
        await bots.shows(status, UNKNOWN, "credits are back")
        still.process.send_signal(signal.SIGCONT)
        await bots.shows(status, READY, SONG_LINK)
        assert len(bots.submissions) == len(bots.provider.tasks) == len(bots.results()) == 1
        assert (await bots.credits())["Used"] == 30
        for process in (still, other, gateway):
            await process.stop()


async def test_a_start_waits_for_what_a_process_that_stands_still_keeps_locked(
    tmp_path: Path, postgres_url: str
) -> None:
    async with cluster(tmp_path, database_url=postgres_url) as bots:
        first = await bots.worker()
        still = await asyncpg.connect(postgres_url)
        transaction = still.transaction()
        await transaction.start()
        await still.execute("LOCK TABLE processes IN SHARE MODE")
        second = await bots.start(*WORKER)
        await bots.until(lambda: "Trying again" in second.log, first, second)
        await transaction.rollback()
        await bots.until(lambda: "role worker" in second.log, first, second)
        await still.close()
        for process in (first, second):
            await process.stop()


async def test_a_database_that_was_away_is_found_again_by_all(
    tmp_path: Path, own_cluster: PostgresCluster
) -> None:
    with own_cluster.server.database() as url:
        async with cluster(tmp_path, database_url=url) as bots:
            processes = (await bots.gateway(), await bots.worker())
            await bots.shows(await bots.place(), READY)
            own_cluster.stop()
            asked = await bots.order("Ben")
            answer = await asked.answer(timeout_s=LONG_S)
            assert answer.ephemeral
            assert (asked.answers, asked.refused) == (1, [])
            said = seen(answer)  # it depends on the moment whether the outcome of the commit is known
            assert CHECK_CREDITS in said or DATABASE_DOWN in said
            own_cluster.start()
            status = await bots.place("Mo")
            await bots.shows(status, READY)
            assert len(bots.submissions) == len(bots.results()) == 2
            for process in processes:
                await process.stop()


async def test_two_workers_share_the_budget_of_questions(tmp_path: Path, postgres_url: str) -> None:
    per_s, tasks, polls = 5, 10, 60
    changes = {
        "MAX_RUNNING": str(tasks),
        "POLL_MIN_S": "0.05",
        "POLL_MAX_S": "0.1",
        "POLLS_PER_S": str(per_s),
    }
    async with cluster(tmp_path, database_url=postgres_url, **changes) as bots:
        bots.provider.faults.add(Fault(Phase.TASK, Stall(), times=None))
        processes = (await bots.gateway(), await bots.worker(), await bots.worker())
        for number in range(tasks):
            await order(bots, "Ada", bots.discord.guild, prompt=f"song {number}")
        await bots.until(lambda: len(bots.provider.tasks) == tasks, *processes)
        before = len(bots.polls)
        await bots.until(lambda: len(bots.polls) >= before + polls, *processes)
        asked_at = [poll.at_s for poll in bots.polls[before:]]
        # a second's tokens may have accumulated; if each process had its own rate, it would take half as long
        assert asked_at[-1] - asked_at[0] > 0.75 * polls / per_s
