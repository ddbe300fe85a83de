from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.song_options import SongOptions
from bot.services.delivery.dispatcher import EDITS_AT_ONCE
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import UnitOfWork
from bot.services.worker_pool import MESSAGE_CONCURRENCY
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness, services_harness
from tests.unit.storage.factories import new_request

FLOODED = GUILD + 50
EDITS = 1_000
CALL_S = 0.3
"""Seconds of a call to Discord, in this model."""


@pytest.fixture
async def edited(tmp_path: Path) -> AsyncIterator[ServicesHarness]:
    """Services whose ledger is not checked, because the requests of the flood hold no credits."""
    async with services_harness(tmp_path) as harness:
        yield harness


async def flood(harness: ServicesHarness) -> None:
    """Make a thousand edits of another server due."""

    def unit(uow: UnitOfWork) -> None:
        for number in range(1, EDITS + 1):
            new = new_request(number, guild=FLOODED)
            uow.requests.add(replace(new, placed_at=harness.clock()))
            uow.outbox.mark_due(number, MessageKind.STATUS, due_at=harness.clock())

    await harness.store.write(unit)


async def test_a_song_waits_for_none_of_a_thousand_edits_of_another_server(edited: ServicesHarness) -> None:
    harness = edited
    request_id = await harness.place_and_submit()
    await flood(harness)
    edits = await harness.dispatcher.claim(MESSAGE_CONCURRENCY)
    assert len(edits) == EDITS_AT_ONCE < MESSAGE_CONCURRENCY
    assert await harness.dispatcher.next_due_at() is None, "nobody looks again and again for what may not go"
    request = await harness.request(request_id)
    harness.provider.finish(request.task_id or "")
    harness.clock.advance(31)
    await harness.poll()
    assert await harness.dispatcher.next_due_at() == harness.clock()
    claimed = await harness.dispatcher.claim(MESSAGE_CONCURRENCY - len(edits))
    assert [(message.source_id, message.kind) for message in claimed] == [(request_id, MessageKind.RESULT)]
    for message in edits:
        await harness.dispatcher.handle(message)
    assert await harness.dispatcher.next_due_at() is not None


async def test_a_servers_edit_waits_for_one_turn_of_the_others_also_one_at_a_time(
    edited: ServicesHarness,
) -> None:
    harness = edited
    await flood(harness)
    own = await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context(ADA))
    bens = await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context(BEN))
    harness.clock.advance(30)
    sent: list[int] = []
    while not {own.request_id, bens.request_id} <= set(sent):
        (message,) = await harness.dispatcher.claim(1)
        await harness.dispatcher.handle(message)
        sent.append(message.source_id)
    assert len(sent) * CALL_S < 2
    others = [number for number in sent if number not in {own.request_id, bens.request_id}]
    assert others == list(range(1, len(others) + 1))
