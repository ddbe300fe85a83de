"""Posts that wait in a channel for longer than their lease, with two processes that post."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord import Fault, FaultKind
from sandbox.discord.model.message import Message
from tests.cluster.songs import READY, RequestedSong, all_complaints, order
from tests.harness.bot import LONG_S
from tests.harness.cluster import LIMITS, BotProcess, Cluster, cluster
from tests.harness.message_readers import listen_links, seen, title
from tests.integration.moderation.test_quota import told

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

LEASE_S, UPLOAD_S, SONGS = 3.0, 1.0, 8
"""The last of these posts waits for longer than two leases."""
PATIENT = dict.fromkeys(("work.leases.submission_s", "work.leases.poll_s"), 60.0)
POSTS = "POST /channels/*/messages"


@asynccontextmanager
async def slow_messages(folder: Path, url: str) -> AsyncIterator[Cluster]:
    """A gateway and two workers with short leases; posts take long, and Discord forgets nonces at once."""
    async with cluster(folder, database_url=url, STATUS_EDIT_MIN_S="1", MAX_RUNNING=str(SONGS)) as bots:
        bots.discord.state.limits = replace(LIMITS, nonce_s=0.0)
        bots.pauses = PATIENT
        await bots.gateway(lease_s=LEASE_S)
        for _ in range(2):
            await bots.worker(lease_s=LEASE_S)
        bots.discord.faults.add(Fault(kind=FaultKind.SLOW, on=POSTS, times=None, after_s=UPLOAD_S))
        yield bots


async def ordered(
    bots: Cluster, named: str, *, then: Callable[[RequestedSong], None] = lambda _: None
) -> list[RequestedSong]:
    """Request songs that all finish at the same moment; call `then` for each before that."""
    before = len(bots.provider.tasks)
    with bots.clock.no_later_than(bots.clock()):
        asked = [
            await order(bots, "Ada", bots.discord.guild, prompt=f"{named} {number}")
            for number in range(SONGS)
        ]
        await bots.until(lambda: len(bots.provider.tasks) == before + SONGS, *bots.processes)
        await bots.until(lambda: all("Making" in one.says for one in asked), *bots.processes)
        for one in asked:
            then(one)
    return asked


async def all_ready(bots: Cluster, asked: list[RequestedSong], *alive: BotProcess) -> None:
    """Wait until each song was posted once, and its status says so."""
    await bots.until(lambda: all(one.is_told for one in asked), *alive, timeout_s=120)
    assert all_complaints(bots, asked) == []
    assert {title(one.status) for one in asked} == {READY}


def said(bots: Cluster) -> int:
    """Return how many messages were posted."""
    return sum(len(bots.results(name)) for name in ("songs", "general")) + len(bots.ada.direct_messages)


@asynccontextmanager
async def one_takes_all(bots: Cluster) -> AsyncIterator[None]:
    """Wait until one worker has leased all posts, and its leases run out while the other one is suspended."""
    _, first, second = bots.processes
    before = said(bots)
    second.process.send_signal(signal.SIGSTOP)
    try:
        yield
        await bots.until(lambda: said(bots) > before + 1, first)
    finally:
        second.process.send_signal(signal.SIGCONT)


async def nothing_more_is_said(bots: Cluster) -> None:
    """Check that what was claimed after the lease ended is not posted again."""
    before = said(bots)
    await asyncio.sleep(LEASE_S + 2 * UPLOAD_S)
    assert said(bots) == before


async def results_stand_once(bots: Cluster) -> None:
    async with one_takes_all(bots):
        asked = await ordered(bots, "result")
    await all_ready(bots, asked, *bots.processes)


async def edits_by_the_bot_wait_with_the_posts(bots: Cluster) -> None:
    async with one_takes_all(bots):
        asked = await ordered(
            bots, "edit", then=lambda one: bots.discord.disruptions.end_token(one.invocation)
        )
    await all_ready(bots, asked, *bots.processes)


async def approvals_stand_once(bots: Cluster) -> None:
    general = bots.discord.channel("general")
    await told(bots, "settings approval", mode="on", channel=general)
    async with one_takes_all(bots):
        asked = [await order(bots, "Ada", bots.discord.guild, prompt=f"ask {n}") for n in range(SONGS)]
    await bots.until(lambda: len(bots.results("general")) >= SONGS, *bots.processes)
    shown = bots.results("general")
    for message in shown:
        await (await bots.discord.member("Mo").press(message, "Approve")).answer(timeout_s=LONG_S)
    await all_ready(bots, asked, *bots.processes)
    await bots.until(lambda: all("Approved" in seen(message) for message in shown), *bots.processes)
    assert bots.results("general") == shown
    assert len(shown) == SONGS
    await told(bots, "settings approval", mode="off")


async def log_posts_stand_once(bots: Cluster) -> None:
    before = len(bots.results("general"))
    await told(bots, "settings log", channel=bots.discord.channel("general"))

    def logged() -> list[Message]:
        return bots.results("general")[before:]

    async with one_takes_all(bots):
        for number in range(SONGS):
            await told(bots, "quota grant", member=bots.ada, credits=number + 1, reason=f"reason {number}")
    whys = [f"reason {number}" for number in range(SONGS)]
    await bots.until(lambda: all(any(why in seen(one) for one in logged()) for why in whys), *bots.processes)
    assert [sum(why in seen(one) for one in logged()) for why in whys] == [1] * SONGS


async def direct_messages_stand_once(bots: Cluster) -> None:
    bots.discord.disruptions.hide(bots.discord.channel("songs"))
    async with one_takes_all(bots):
        asked = await ordered(
            bots, "direct", then=lambda one: bots.discord.disruptions.end_token(one.invocation)
        )
    await bots.until(lambda: len(bots.ada.direct_messages) >= SONGS, *bots.processes)
    songs = [tuple(listen_links(message)) for message in bots.ada.direct_messages]
    assert len(songs) == len(set(songs)) == len(asked)


async def test_what_waits_for_its_turn_longer_than_its_lease_is_said_once(
    tmp_path: Path, postgres_url: str, subtests: pytest.Subtests
) -> None:
    kinds: tuple[Callable[[Cluster], Coroutine[Any, Any, None]], ...] = (
        results_stand_once,
        edits_by_the_bot_wait_with_the_posts,
        approvals_stand_once,
        log_posts_stand_once,
        direct_messages_stand_once,
    )
    async with slow_messages(tmp_path, postgres_url) as bots:
        for kind in kinds:
            with subtests.test(kind.__name__):
                await kind(bots)
        await nothing_more_is_said(bots)


async def test_what_waited_in_a_killed_process_is_posted_once_by_another(
    tmp_path: Path, postgres_url: str
) -> None:
    async with slow_messages(tmp_path, postgres_url) as bots:
        async with one_takes_all(bots):
            asked = await ordered(bots, "killed")
        gateway, doomed, other = bots.processes
        await doomed.kill()
        await all_ready(bots, asked, gateway, other)
        await nothing_more_is_said(bots)
