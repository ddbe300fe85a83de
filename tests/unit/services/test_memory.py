from bot.services.memory import Memory
from tests.unit.services.house import House


async def test_a_fact_is_remembered_and_replaced(home: House) -> None:
    memory = Memory(home.store)
    assert await memory.get("commands") is None
    await memory.put("commands", "a")
    await memory.put("commands", "b")
    assert await memory.get("commands") == "b"
