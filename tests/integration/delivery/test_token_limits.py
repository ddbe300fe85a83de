"""Rate limits of a command's token: the bot waits for short ones, and takes another route for long ones."""

import asyncio
import logging

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from sandbox.cqtai.faults import Fault as ProviderFault
from sandbox.cqtai.faults import Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord import Fault, FaultKind
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import SONG_LINK, seen
from tests.integration.engines import on_both

pytestmark = [on_both, pytest.mark.usefixtures("patient", "unhurried")]

READY, LINE = TITLES[State.DELIVERED], "[listen]"
CALLBACK, POST, EDIT = "POST /interactions/*", "POST /webhooks/*", "PATCH /webhooks/*"
LONG_LIMIT_S = 600.0


def limit(local: BotHarness, on: str, *, after_s: float = LONG_LIMIT_S, times: int | None = None) -> None:
    local.discord.faults.add(Fault(kind=FaultKind.RATE_LIMITED, on=on, after_s=after_s, times=times))


async def test_a_result_that_has_to_wait_for_its_token_goes_to_the_member(local: BotHarness) -> None:
    async with local.bot(), asyncio.timeout(LONG_S):
        local.discord.disruptions.hide(local.discord.channel("songs"))
        limit(local, POST)
        status = await local.place()
        (result,) = await local.discord.wait_for(lambda: local.ada.direct_messages, timeout_s=LONG_S)
        assert LINE in seen(result)
        await local.shows(status, READY, SONG_LINK)
    assert local.results() == []


async def test_a_result_that_can_go_no_other_way_waits_for_its_token(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(), asyncio.timeout(LONG_S):
        local.discord.disruptions.hide(local.discord.channel("songs"))
        local.discord.disruptions.close_direct_messages(local.ada)
        limit(local, POST)
        status = await local.place()
        while "a result, next attempt in 600 s" not in caplog.text:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
        assert TITLES[State.UNDELIVERABLE] not in seen(status)


async def test_a_status_whose_token_has_to_wait_is_edited_by_the_bot(local: BotHarness) -> None:
    async with local.bot(), asyncio.timeout(LONG_S):
        limit(local, EDIT)
        status = await local.place()
        await local.shows(status, READY, SONG_LINK)
    assert len(local.results()) == 1


async def test_how_it_ended_is_told_though_the_token_has_to_wait(local: BotHarness) -> None:
    local.song_takes(0.4)
    local.provider.faults.add(ProviderFault(Phase.TASK, Fail("timeout")))
    async with local.bot(), asyncio.timeout(LONG_S):
        await local.place()
        local.discord.disruptions.hide(local.discord.channel("songs"))
        limit(local, "* /webhooks/*")
        (ending,) = await local.discord.wait_for(lambda: local.ada.direct_messages, timeout_s=LONG_S)
        assert TITLES[State.FAILED] in seen(ending)


async def test_a_first_answer_that_would_come_too_late_is_not_waited_for(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with local.bot(), asyncio.timeout(LONG_S):
        limit(local, CALLBACK)
        asked = await local.order()
        result = await local.result()
        assert LINE in seen(result)
    assert asked.answers == 0
    assert "Unexpected error" not in caplog.text
    assert len(local.submissions) == 1


async def test_short_limits_are_waited_for(local: BotHarness, subtests: pytest.Subtests) -> None:
    async with local.bot(), asyncio.timeout(LONG_S):
        for on in (CALLBACK, EDIT):
            with subtests.test(on):
                limit(local, on, after_s=0.2, times=1)
                status = await local.place()
                await local.shows(status, READY, SONG_LINK)
        with subtests.test(POST):
            local.discord.disruptions.hide(local.discord.channel("songs"))
            limit(local, POST, after_s=0.2, times=1)
            await local.shows(await local.place(), READY, SONG_LINK)
    assert local.ada.direct_messages == []
