from bot.domain import gateway_sessions as rules
from bot.domain.errors import StoreError
from bot.services.runtime.gateway_sessions import GatewaySessions
from tests.harness.services import ServicesHarness


def sessions(harness: ServicesHarness) -> GatewaySessions:
    return GatewaySessions(harness.faulty_store, clock=harness.clock)


async def test_sessions_are_remembered_by_shard_over_all_starts(harness: ServicesHarness) -> None:
    for count in range(rules.FREE_SESSIONS):
        assert await sessions(harness).pause((0, 1)) == (0.0, count)
        await sessions(harness).begin(1)
    assert await sessions(harness).pause((0,)) == (0.0, 0)
    assert await sessions(harness).pause((0, 1)) == (rules.SESSION_PAUSES.first_s, rules.FREE_SESSIONS)
    harness.clock.advance(rules.WINDOW.total_seconds())
    assert await sessions(harness).pause((0, 1)) == (0.0, 0)


async def test_after_an_orderly_end_there_is_no_pause(harness: ServicesHarness) -> None:
    for _ in range(rules.FREE_SESSIONS):
        await sessions(harness).begin(0)
    await sessions(harness).reset((0, 1))
    assert await sessions(harness).pause((0, 1)) == (0.0, 0)


async def test_nothing_is_known_while_the_database_is_away(harness: ServicesHarness) -> None:
    harness.faults.fail(error=StoreError("away"))
    await sessions(harness).begin(0)
    await sessions(harness).reset((0,))
    assert await sessions(harness).pause((0,)) == (0.0, 0)
