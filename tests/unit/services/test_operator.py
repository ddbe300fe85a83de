from dataclasses import replace

import pytest

from bot.domain.errors import NotAcceptedError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.services.moderation.audit import Actor
from bot.services.provider.circuit_breaker import ProviderOutage
from bot.services.requests.queue import SNAPSHOT_TTL_S
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, START, ServicesHarness

DAY_S = 86_400


async def test_all_is_seen_over_all_servers(home: ServicesHarness) -> None:
    first = await home.making()
    await home.place(BEN)
    await home.songs.place(SongOptions(playlist=PLAYLIST), replace(home.asked(), guild_id=GUILD + 1))
    await home.services.queue.pause(Actor(interaction_id=1, guild_id=GUILD, actor_id=9), "Exam week")
    task_id = (await home.request(first)).task_id
    assert task_id
    home.provider.finish(task_id)
    home.clock.advance(60)
    await home.follow()
    view = await home.services.operator.status()
    assert view.pending == {
        State.AWAITING: 0,
        State.WAITING: 2,
        State.SUBMITTING: 0,
        State.MAKING: 0,
        State.READY: 1,
    }
    assert (view.paused, view.slots, view.cost, view.is_open) == (1, 2, 30, False)
    assert (view.used_in_day, view.used_in_week) == (30, 30)
    home.clock.advance(DAY_S + 1)
    view = await home.services.operator.status()
    assert (view.used_in_day, view.used_in_week) == (0, 30)


async def test_trouble_with_the_provider_is_seen(home: ServicesHarness) -> None:
    await home.place()
    home.provider.submit_answers.append(NotAcceptedError("503", retry_after_s=17))
    await home.submit()
    view = await home.services.operator.status()
    assert (view.breaker.outage, view.is_open) == (ProviderOutage.OUTAGE, True)
    assert view.breaker.open_until
    assert (view.breaker.open_until - START).total_seconds() == 17


async def test_while_it_is_paused_nothing_is_submitted_and_all_keep_their_places(
    home: ServicesHarness,
) -> None:
    first = await home.place()
    assert await home.services.operator.pause() == 1
    assert await home.services.operator.pause() == 1
    second = await home.place(BEN)
    assert (second.position, second.paused_by_operator, second.expected_at) == (2, True, None)
    assert await home.submit() == 0
    assert await home.submitter.next_due_at() is None
    home.clock.advance(SNAPSHOT_TTL_S + 4)
    await home.tell()
    told = {edit.card.request_id: edit.card.paused_by_operator for edit in home.messenger.edits}
    assert told == {first.request_id: True}
    assert (await home.services.queue.view(GUILD, ADA)).paused_by_operator
    assert await home.services.operator.resume() == 2
    home.clock.advance(SNAPSHOT_TTL_S + 4)
    await home.tell()
    assert not home.messenger.edits[-1].card.paused_by_operator
    assert await home.submit() == 2


async def test_a_submission_that_ends_during_the_pause_does_not_end_it(home: ServicesHarness) -> None:
    await home.place()
    (claimed,) = await home.submitter.claim(1)
    await home.services.operator.pause()
    await home.submitter.handle(claimed)
    assert (await home.request(claimed.id)).state is State.MAKING
    await home.place(BEN)
    assert await home.submit() == 0


async def test_what_is_not_paused_cannot_be_resumed(home: ServicesHarness) -> None:
    with pytest.raises(NotPausedError) as caught:
        await home.services.operator.resume()
    assert caught.value.everywhere
