from bot.services.runtime.key_values import KeyValueStore
from tests.harness.services import ServicesHarness


async def test_a_fact_is_remembered_and_replaced(harness: ServicesHarness) -> None:
    memory = KeyValueStore(harness.store)
    assert await memory.get("commands") is None
    await memory.put("commands", "a")
    await memory.put("commands", "b")
    assert await memory.get("commands") == "b"
