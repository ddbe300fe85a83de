import asyncio

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.display_names import display_names
from bot.domain.requests import State
from sandbox.discord import Fault, FaultKind
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import SONG_LINK
from tests.integration.engines import on_both

READY = TITLES[State.DELIVERED]
MEMBER = "GET /guilds/{guild_id}/members/{user_id}"
pytestmark = [on_both, pytest.mark.usefixtures("patient")]


async def test_a_look_up_that_gives_up_during_a_global_rate_limit_holds_nothing_up(
    local: BotHarness,
) -> None:
    async with local.bot() as app:
        await local.placed_result()
        local.discord.faults.add(Fault(kind=FaultKind.RATE_LIMITED_GLOBALLY, on=MEMBER, after_s=0.6))
        assert await display_names(app.client, local.discord.guild.id, [local.ada.id], limit_s=0.1) == {}
        status = await local.place()
        await local.result(count=2)
        await local.shows(status, READY, SONG_LINK)


async def test_a_client_whose_calls_do_not_come_through_says_so_and_mends_itself(
    local: BotHarness,
) -> None:
    local.hurry({"chat.silent_s": 0.2, "chat.call_s": 2.0})
    async with local.bot() as app:
        assert await app.readiness() is None
        app.client.calls._global_over.clear()
        status = await local.place()
        async with asyncio.timeout(LONG_S):
            while not (silence := await app.readiness()):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
        assert "no call to Discord has come through" in silence
        await local.shows(status, READY, SONG_LINK)
        assert await app.readiness() is None
        page, _ = await app.metrics.page("")
        assert b"inspire_discord_calls_given_up_total 1.0" in page
    assert len(local.results()) == 1
