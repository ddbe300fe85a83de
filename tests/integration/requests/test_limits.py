import asyncio
from collections import Counter
from pathlib import Path

import pytest

from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from tests.harness.bot import LONG_S, ROOMY, BotHarness, bot
from tests.integration.engines import on_both

ROOM = 10
"""How many songs the member's credits pay for."""
SONG_S = 2.5
"""Longer than it takes to place the others meanwhile, also on a busy machine."""


async def all_at_once(local: BotHarness, count: int) -> list[Invocation]:
    """Use `/inspire` this often at the same moment; check that each is answered once and in time.

    Where they wait for each other, some are deferred first. A deferral is public, so that a refusal takes its
    place: it is gone, and the member alone reads why.
    """
    asked = [await local.order() for _ in range(count)]
    answers = await asyncio.gather(*(one.answer(timeout_s=LONG_S) for one in asked))
    assert not any(one.expired for one in asked)
    assert {(one.answers, *one.refused) for one in asked} == {(1,)}
    for one, answer in zip(asked, answers, strict=True):
        assert one.original is not None
        replaced = one.deferred and answer.ephemeral
        assert one.original.deleted == replaced
        assert one.followups == ([answer] if replaced else [])
    return asked


async def runs(local: BotHarness, count: int) -> None:
    await local.provider.wait_for(lambda provider: provider.running == count, timeout_s=LONG_S)


@on_both
@pytest.mark.parametrize("count", [60, 100])
async def test_a_member_cannot_spend_more_than_there_is(tmp_path: Path, database: str, count: int) -> None:
    changes = {"default_allowance": 30 * ROOM, "max_active_per_member": count, "max_running": count}
    async with bot(tmp_path, limits=ROOMY, database_url=database, **changes) as local, local.bot():
        local.provider.faults.add(Fault(Phase.TASK, Stall(), times=None))
        asked = await all_at_once(local, count)
        said = Counter("refused" if one.ephemeral else "placed" for one in asked)
        assert said == {"placed": ROOM, "refused": count - ROOM}
        for one in asked:
            assert one.shown is not None
            assert not one.ephemeral or "A song costs 30 credits, and you have 0." in one.shown.content
        await local.provider.wait_for(lambda provider: len(provider.tasks) >= ROOM)
        statement = await local.credits()
        assert (statement["Available"], statement["On hold"]) == (0, 30 * ROOM)
    assert len(local.submissions) == ROOM


@on_both
async def test_a_member_cannot_have_more_under_way_than_is_allowed(tmp_path: Path, database: str) -> None:
    changes = {"default_allowance": 3000, "max_active_per_member": 2}
    async with bot(tmp_path, limits=ROOMY, database_url=database, **changes) as local, local.bot():
        local.provider.faults.add(Fault(Phase.TASK, Stall(), times=None))
        asked = await all_at_once(local, 30)
        assert sum(not one.ephemeral for one in asked) == 2
        assert (await local.credits())["On hold"] == 60


@on_both
async def test_no_more_tasks_run_at_once_than_the_operator_allows(tmp_path: Path, database: str) -> None:
    changes = {"default_allowance": 3000, "max_active_per_member": 4, "max_running": 2}
    async with bot(tmp_path, limits=ROOMY, database_url=database, **changes) as local, local.bot():
        most = 0

        def count() -> None:
            nonlocal most
            most = max(most, local.provider.running)

        local.song_takes(SONG_S)
        stop = local.provider.subscribe(count)
        asked = await all_at_once(local, 4)
        await runs(local, 2)
        local.song_takes(0.2)
        await local.result(count=4)
        stop()
        assert most == 2
        assert not any(one.ephemeral for one in asked)
        assert (await local.credits())["Used"] == 120


@on_both
async def test_a_member_with_many_requests_does_not_keep_another_waiting(
    tmp_path: Path, database: str
) -> None:
    own, bens = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    changes = {"default_allowance": 3000, "max_active_per_member": 5, "max_running": 2}
    async with bot(tmp_path, limits=ROOMY, database_url=database, **changes) as local, local.bot():
        for number in (1, 2):  # one of them ends when all the others are queued
            local.song_takes(3 * SONG_S if local.provider.tasks else SONG_S)
            await local.place("Ada", playlist=own)
            await runs(local, number)
        for _ in range(3):
            await local.place("Ada", playlist=own)
        await local.place("Ben", playlist=bens)
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 3, timeout_s=LONG_S)
        assert [task.playlist_id for task in local.provider.tasks] == [own, own, bens]


@on_both
async def test_turns_go_round_with_one_place_too(tmp_path: Path, database: str) -> None:
    own, bens = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    changes = {"default_allowance": 3000, "max_active_per_member": 5, "max_running": 1}
    async with bot(tmp_path, limits=ROOMY, database_url=database, **changes) as local, local.bot():
        local.song_takes(SONG_S)
        for _ in range(4):
            await local.place("Ada", playlist=own)
        await local.place("Ben", playlist=bens)
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 2, timeout_s=LONG_S)
        assert [task.playlist_id for task in local.provider.tasks] == [own, bens]
