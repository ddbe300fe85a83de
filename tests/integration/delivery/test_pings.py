from bot.chat.delivery.status_message import TITLES
from bot.chat.text.formatting import are_back
from bot.domain.requests import State
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from tests.harness.bot import BotHarness
from tests.integration.engines import on_both

pytestmark = on_both


async def test_a_failure_after_long_pings_the_requester_beside_the_status(local: BotHarness) -> None:
    local.hurry({"work.ping_after_s": 0.0})
    local.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.FAILED], are_back(30))
        ping = await local.result()
    assert ping.now.mentions == (local.ada.id,)
    assert f"/{status.channel_id}/{status.id}" in ping.content
    assert local.results() == [ping]
