from collections.abc import Iterable

import discord
import pytest

from bot.chat.name_cache import KEPT_S, MAX_FETCHED, MAX_KEPT, NameCache


class Registry:
    """Knows everybody but 13, and counts who is asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.now = 0.0

    async def __call__(
        self, client: discord.Client, guild_id: int, user_ids: Iterable[int], *, limit_s: float
    ) -> dict[int, str]:
        assert limit_s < 3, "suggestions have three seconds"
        asked = list(user_ids)
        self.asked += asked
        return {user_id: f"{guild_id}/{user_id}" for user_id in asked if user_id != 13}


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def names(registry: Registry) -> NameCache:
    return NameCache(clock=lambda: registry.now, fetch=registry)


@pytest.fixture
def client() -> discord.Client:
    return discord.Client(intents=discord.Intents.none())


async def test_a_name_is_asked_for_once_in_a_while(
    registry: Registry, names: NameCache, client: discord.Client
) -> None:
    for _ in range(2):
        assert await names.of(client, 1, [7, 7, 13]) == {7: "1/7"}
    assert registry.asked == [7, 13, 13]
    assert await names.of(client, 2, [7]) == {7: "2/7"}
    registry.now = KEPT_S
    await names.of(client, 1, [7])
    assert registry.asked == [7, 13, 13, 7, 7]


async def test_a_few_names_are_asked_for_at_a_key_and_the_rest_at_the_next(
    registry: Registry, names: NameCache, client: discord.Client
) -> None:
    wanted = range(100, 100 + MAX_FETCHED + 3)
    assert len(await names.of(client, 1, wanted)) == MAX_FETCHED
    assert len(await names.of(client, 1, wanted)) == MAX_FETCHED + 3
    assert len(registry.asked) == MAX_FETCHED + 3


async def test_the_longest_known_are_forgotten_first(
    registry: Registry, names: NameCache, client: discord.Client
) -> None:
    first, second, *others = range(100, 101 + MAX_KEPT)
    for user_id in (first, second, *others, second, first):
        await names.of(client, 1, [user_id])
    assert registry.asked == [first, second, *others, first]
