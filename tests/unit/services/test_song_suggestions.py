import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import StoreError
from bot.services.library.songs import MAX_TYPING
from tests.harness.services import ServicesHarness
from tests.unit.services.test_songs import BENS, delivered


async def test_the_keys_of_one_member_read_the_titles_once(harness: ServicesHarness) -> None:
    first = await delivered(harness)
    harness.faults.hang("_titles")
    keys = [asyncio.create_task(harness.library.suggestions(BENS, "")) for _ in range(30)]
    await asyncio.sleep(0)
    harness.faults.released.set()
    assert {title.request_id for found in await asyncio.gather(*keys) for title in found} == {first}
    harness.faults.fail("_titles", error=StoreError("read again"))
    assert [title.request_id for title in await harness.library.suggestions(BENS, "")] == [first]
    harness.clock.advance(10)
    with pytest.raises(StoreError):
        await harness.library.suggestions(BENS, "")
    harness.faults.end()
    assert len(await harness.library.suggestions(BENS, "")) == 1


async def test_titles_are_kept_for_the_members_who_typed_last(harness: ServicesHarness) -> None:
    await delivered(harness)
    typing = [replace(BENS, user_id=number) for number in range(MAX_TYPING + 1)]
    for viewer in typing:
        assert len(await harness.library.suggestions(viewer, "")) == 1
    harness.faults.fail("_titles", error=StoreError("read again"))
    assert len(await harness.library.suggestions(typing[-1], "")) == 1
    with pytest.raises(StoreError):
        await harness.library.suggestions(typing[0], "")
