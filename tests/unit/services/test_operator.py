from dataclasses import replace

import pytest

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import NotAcceptedError, StoreError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import State
from bot.domain.scheduling import SNAPSHOT_TTL_S
from bot.domain.served_guilds import EVERYWHERE
from bot.domain.song_options import SongOptions
from bot.services.audit_log import Actor
from bot.services.served_guilds import ServedGuildsCache
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness

DAY_S = 86_400


async def test_all_is_seen_over_all_servers(harness: ServicesHarness) -> None:
    first = await harness.place_and_submit()
    await harness.place(BEN)
    await harness.requests.place(
        SongOptions(playlist=PLAYLIST), replace(harness.context(), guild_id=GUILD + 1)
    )
    await harness.services.queue.pause(Actor(interaction_id=1, guild_id=GUILD, actor_id=9), "Exam week")
    task_id = (await harness.request(first)).task_id
    assert task_id
    harness.provider.finish(task_id)
    harness.clock.advance(60)
    await harness.poll()
    view = await harness.services.operator.status()
    assert view.pending == {
        State.AWAITING: 0,
        State.WAITING: 2,
        State.SUBMITTING: 0,
        State.MAKING: 0,
        State.READY: 1,
    }
    assert (view.paused, view.slots, view.cost, view.is_open) == (1, 2, 30, False)
    assert (view.used_in_day, view.used_in_week) == (30, 30)
    harness.clock.advance(DAY_S + 1)
    view = await harness.services.operator.status()
    assert (view.used_in_day, view.used_in_week) == (0, 30)


async def test_trouble_with_the_provider_is_seen(harness: ServicesHarness) -> None:
    await harness.place()
    harness.provider.submit_answers.append(NotAcceptedError("503", retry_after_s=17))
    await harness.submit()
    view = await harness.services.operator.status()
    assert (view.breaker.outage, view.is_open) == (ProviderOutage.OUTAGE, True)
    assert view.breaker.open_until
    assert (view.breaker.open_until - START).total_seconds() == 17


async def test_while_it_is_paused_nothing_is_submitted_and_all_keep_their_places(
    harness: ServicesHarness,
) -> None:
    first = await harness.place()
    assert await harness.services.operator.pause() == 1
    assert await harness.services.operator.pause() == 1
    second = await harness.place(BEN)
    assert (second.position, second.paused_by_operator, second.expected_at) == (2, True, None)
    assert await harness.submit() == 0
    assert await harness.submitter.next_due_at() is None
    harness.clock.advance(SNAPSHOT_TTL_S + 4)
    await harness.dispatch()
    told = {edit.card.request_id: edit.card.paused_by_operator for edit in harness.messenger.edits}
    assert told == {first.request_id: True}
    assert (await harness.services.queue.view(GUILD, ADA)).paused_by_operator
    assert await harness.services.operator.resume() == 2
    harness.clock.advance(SNAPSHOT_TTL_S + 4)
    await harness.dispatch()
    assert not harness.messenger.edits[-1].card.paused_by_operator
    assert await harness.submit() == 2


async def test_a_submission_that_ends_during_the_pause_does_not_end_it(harness: ServicesHarness) -> None:
    await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    await harness.services.operator.pause()
    await harness.submitter.handle(claimed)
    assert (await harness.request(claimed.id)).state is State.MAKING
    await harness.place(BEN)
    assert await harness.submit() == 0


async def test_what_is_not_paused_cannot_be_resumed(harness: ServicesHarness) -> None:
    with pytest.raises(NotPausedError) as caught:
        await harness.services.operator.resume()
    assert caught.value.everywhere


async def test_without_the_database_the_last_known_servers_are_served(harness: ServicesHarness) -> None:
    served = ServedGuildsCache(harness.faulty_store, EVERYWHERE)
    await harness.services.operator.deny(GUILD)
    await served.refresh()
    harness.faults.fail(error=StoreError("away"))
    await served.refresh()
    assert not served.includes(GUILD)
