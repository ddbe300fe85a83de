import pytest

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS, Pace
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord import Fault as DiscordFault
from sandbox.discord import FaultKind
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen, title
from tests.integration.engines import on_both

pytestmark = on_both

READY = TITLES[State.DELIVERED]
POST = "POST /channels/*/messages"


async def delivered_once(local: BotHarness) -> None:
    """Ada's one song is there, and paid once."""
    result = await local.result()
    assert len(result.embeds) == len(result.attachments) == 2
    assert (await local.credits())["Used"] == 30


async def test_a_request_that_waits_is_made_after_a_restart(local: BotHarness) -> None:
    blocked = Fault(Phase.TASK, Stall(), playlist_id=PLAYLISTS[1].id)
    local.provider.faults.add(blocked)
    async with local.bot(max_running=1):
        await local.place("Ben", playlist=PLAYLISTS[1].id)
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1)
        status = await local.place()
    assert title(status) == TITLES[State.WAITING]
    async with local.bot(max_running=2):
        await local.shows(status, READY)
        await delivered_once(local)
    assert len(local.submissions) == len(local.provider.tasks) == 2
    assert len(local.results()) == 1


async def test_a_song_that_is_being_made_is_followed_after_a_restart(local: BotHarness) -> None:
    local.provider.pace = Pace(0.6)
    async with local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.MAKING])
    assert local.results() == []
    async with local.bot():
        await local.shows(status, READY)
        await delivered_once(local)
    assert len(local.submissions) == len(local.results()) == 1


async def test_a_song_that_finished_meanwhile_is_posted_after_a_restart(local: BotHarness) -> None:
    local.provider.pace = Pace(0.3)
    async with local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.MAKING])
    await local.provider.wait_for(lambda provider: provider.running == 0)
    async with local.bot():
        await local.shows(status, READY)
        await delivered_once(local)
    assert len(local.submissions) == len(local.results()) == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.STATUS_AFTER, FaultKind.RESET_AFTER], ids=str)
async def test_a_result_that_was_not_surely_posted_is_posted_once_after_a_restart(
    local: BotHarness, kind: FaultKind
) -> None:
    local.discord.faults.add(DiscordFault(kind=kind, on=POST, times=None, status=503))
    async with local.bot():
        status = await local.place()
        await local.discord.wait_for(lambda: local.discord.faults.struck, timeout_s=LONG_S)
    assert READY not in seen(status)
    local.discord.faults.clear()
    async with local.bot():
        await local.shows(status, READY)
        await delivered_once(local)
    assert len(local.submissions) == len(local.results()) == 1


async def test_a_finished_song_is_left_alone_by_a_restart(local: BotHarness) -> None:
    async with local.bot():
        status = await local.place()
        await local.shows(status, READY)
    states, requests = len(status.states), len(local.provider.requests)
    async with local.bot():
        await delivered_once(local)
    assert (len(status.states), len(local.provider.requests)) == (states, requests)
    assert len(local.results()) == 1


async def test_commands_are_registered_again_only_when_they_have_changed(local: BotHarness) -> None:
    async with local.bot():
        assert local.discord.registrations() == 1
    async with local.bot():
        assert local.discord.registrations() == 1
    async with local.bot(models=("v60", "v55")):
        assert local.discord.registrations() == 2
        status = await local.place(model="v60")
        assert "v6 · " in seen(status)
    async with local.bot(models=("v60", "v55")):
        assert local.discord.registrations() == 2


async def test_what_was_learned_and_spent_outlives_restarts(local: BotHarness) -> None:
    for used in (30, 60, 90):
        async with local.bot():
            await local.shows(await local.place(), READY)
            assert (await local.credits())["Used"] == used
    async with local.bot():
        asked = await local.order()
        assert "and you have 0." in (await asked.answer(timeout_s=LONG_S)).content
