import pytest

from bot.domain import gateway_sessions as rules
from bot.domain.errors import StoreError
from bot.services.runtime.gateway_sessions import GatewaySessions
from tests.harness.services import ServicesHarness


def sessions(home: ServicesHarness) -> GatewaySessions:
    return GatewaySessions(home.store, clock=home.clock)


async def test_sessions_are_remembered_by_shard_over_all_starts(home: ServicesHarness) -> None:
    for count in range(rules.FREE_SESSIONS):
        assert await sessions(home).pause((0, 1)) == (0.0, count)
        await sessions(home).begin(1)
    assert await sessions(home).pause((0,)) == (0.0, 0)
    assert await sessions(home).pause((0, 1)) == (rules.FIRST_PAUSE_S, rules.FREE_SESSIONS)
    home.clock.advance(rules.WINDOW.total_seconds())
    assert await sessions(home).pause((0, 1)) == (0.0, 0)


async def test_after_an_orderly_end_there_is_no_pause(home: ServicesHarness) -> None:
    for _ in range(rules.FREE_SESSIONS):
        await sessions(home).begin(0)
    await sessions(home).reset((0, 1))
    assert await sessions(home).pause((0, 1)) == (0.0, 0)


async def test_nothing_is_known_while_the_database_is_away(
    home: ServicesHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise StoreError("away")

    monkeypatch.setattr(home.store, "write", away)
    monkeypatch.setattr(home.store, "read", away)
    await sessions(home).begin(0)
    await sessions(home).reset((0,))
    assert await sessions(home).pause((0,)) == (0.0, 0)
