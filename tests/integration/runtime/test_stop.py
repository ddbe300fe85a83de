from tests.harness.bot import LONG_S, BotHarness
from tests.integration.engines import on_both

pytestmark = on_both


async def test_a_command_in_hand_is_answered_before_the_bot_stops(local: BotHarness) -> None:
    faults = local.faulty_store()
    faults.hang("placement.place")
    async with local.bot() as app:
        asked = await local.order()
        await local.discord.wait_for(lambda: "placement.place" in faults.reached, timeout_s=LONG_S)
        app.shutdown.request()
        await local.discord.wait_for(lambda: app.client.draining, timeout_s=LONG_S)
        refused = await (await local.order("Ben")).answer(timeout_s=LONG_S)
        assert refused.ephemeral
        faults.released.set()
    assert asked.shown is not None
    assert not asked.shown.ephemeral
    assert not asked.expired
