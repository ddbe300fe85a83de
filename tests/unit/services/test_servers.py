from collections.abc import Callable
from datetime import datetime

import pytest

from bot.domain.errors import StoreError
from bot.services.retention import Chore, Retention, RetentionRules
from bot.services.servers import HEARD_AGAIN, IN_USE, Seen, Servers
from tests.unit.services.house import GUILD, START, House

SHARD = (GUILD >> 22) % 4
"""Of four, that of the house's server."""
UNKNOWN = GUILD + 5


def seen(*guild_ids: int, shard: int = SHARD) -> Seen:
    return Seen(guild_ids=frozenset(guild_ids), shard_ids=frozenset({shard}), shard_count=4)


async def left(home: House) -> dict[int, datetime | None]:
    return dict(await home.store.read(lambda work: work.guilds.known()))


async def test_a_server_that_was_left_while_nobody_listened_is_found_by_those_who_serve_its_shard(
    home: House,
) -> None:
    await home.place()
    servers = home.services.servers
    await servers.looked(seen(GUILD))
    await servers.looked(seen(shard=(SHARD + 1) % 4))
    assert await left(home) == {GUILD: None}
    await servers.looked(seen())
    assert await left(home) == {GUILD: START}
    home.clock.turn(60)
    await servers.looked(seen())  # it keeps the time at which that was found
    assert await left(home) == {GUILD: START}


async def test_a_server_is_back_when_it_is_seen_or_joined(home: House) -> None:
    await home.place()
    servers = home.services.servers
    await servers.left(GUILD)
    assert await left(home) == {GUILD: START}
    await servers.looked(seen(GUILD, UNKNOWN))
    assert await left(home) == {GUILD: None}
    await servers.left(GUILD)
    await servers.joined(GUILD)
    assert await left(home) == {GUILD: None}


async def test_a_server_of_which_nothing_is_kept_is_forgotten_like_any_other(home: House) -> None:
    await home.services.servers.left(UNKNOWN)
    assert await left(home) == {UNKNOWN: START}
    home.clock.turn(31 * 86_400)
    await Retention(home.store, rules=RetentionRules(), clock=home.clock).handle(Chore.DATA)
    assert await left(home) == {}


async def test_a_server_in_use_is_not_left_though_the_gateway_does_not_tell_of_it(home: House) -> None:
    await home.place()
    servers = home.services.servers
    await servers.looked(seen())
    assert await left(home) == {GUILD: START}
    await servers.heard(GUILD)
    assert await left(home) == {GUILD: None}
    await servers.looked(seen())
    assert await left(home) == {GUILD: None}
    home.clock.turn(IN_USE.total_seconds() - 1)
    await Servers(home.store, clock=home.clock).looked(seen())
    assert await left(home) == {GUILD: None}
    home.clock.turn(1)
    await Servers(home.store, clock=home.clock).looked(seen())
    assert await left(home) == {GUILD: home.clock()}


async def test_a_server_in_use_is_noted_once_an_hour(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = home.services.servers
    notes, write = [], home.store.write

    async def counted(unit: Callable[..., None], *args: object) -> None:
        notes.append(unit)
        await write(unit, *args)

    monkeypatch.setattr(home.store, "write", counted)
    for seconds, count in ((0, 1), (HEARD_AGAIN.total_seconds() - 1, 1), (1, 2)):
        home.clock.turn(seconds)
        await servers.heard(GUILD)
        assert len(notes) == count


async def test_a_server_that_the_bot_was_removed_from_is_left_though_it_was_in_use(home: House) -> None:
    await home.place()
    servers = home.services.servers
    await servers.heard(GUILD)
    await servers.left(GUILD)
    await servers.looked(seen())
    assert await left(home) == {GUILD: START}


async def test_a_note_that_the_database_does_not_take_is_made_by_the_next_command(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await home.place()
    servers = home.services.servers
    await servers.left(GUILD)

    async def away(*_: object) -> None:
        raise StoreError("away")

    with monkeypatch.context() as context:
        context.setattr(home.store, "write", away)
        await servers.heard(GUILD)
    assert await left(home) == {GUILD: START}
    await servers.heard(GUILD)
    assert await left(home) == {GUILD: None}
