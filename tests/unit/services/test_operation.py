from dataclasses import replace

import pytest

from bot.domain.errors import NotAcceptedError
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import State
from bot.domain.songs import Order
from bot.services.decisions import By
from bot.services.gate import Trouble
from bot.services.line import LINE_S
from tests.unit.services.house import ADA, BEN, GUILD, PLAYLIST, START, House

DAY_S = 86_400


async def test_all_is_seen_over_all_servers(home: House) -> None:
    first = await home.making()
    await home.place(BEN)
    await home.songs.place(Order(playlist=PLAYLIST), replace(home.asked(), guild_id=GUILD + 1))
    await home.services.queue.pause(By(interaction_id=1, guild_id=GUILD, actor_id=9), "Exam week")
    task_id = (await home.request(first)).task_id
    assert task_id
    home.provider.finish(task_id)
    home.clock.turn(60)
    await home.follow()
    view = await home.services.operation.status()
    assert view.under_way == {
        State.AWAITING: 0,
        State.WAITING: 2,
        State.SUBMITTING: 0,
        State.MAKING: 0,
        State.READY: 1,
    }
    assert (view.paused, view.places, view.cost, view.is_shut) == (1, 2, 30, False)
    assert (view.used_in_day, view.used_in_week) == (30, 30)
    home.clock.turn(DAY_S + 1)
    view = await home.services.operation.status()
    assert (view.used_in_day, view.used_in_week) == (0, 30)


async def test_trouble_with_the_provider_is_seen(home: House) -> None:
    await home.place()
    home.provider.submit_answers.append(NotAcceptedError("503", retry_after_s=17))
    await home.submit()
    view = await home.services.operation.status()
    assert (view.gate.trouble, view.is_shut) == (Trouble.OUTAGE, True)
    assert view.gate.shut_until
    assert (view.gate.shut_until - START).total_seconds() == 17


async def test_while_it_is_paused_nothing_is_submitted_and_all_keep_their_places(home: House) -> None:
    first = await home.place()
    assert await home.services.operation.pause() == 1
    assert await home.services.operation.pause() == 1
    second = await home.place(BEN)
    assert (second.position, second.halted, second.expected_at) == (2, True, None)
    assert await home.submit() == 0
    assert await home.submitter.next_due_at() is None
    home.clock.turn(LINE_S + 4)
    await home.tell()
    told = {edit.card.request_id: edit.card.halted for edit in home.announcer.edits}
    assert told == {first.request_id: True}
    assert (await home.services.queue.view(GUILD, ADA)).halted
    assert await home.services.operation.resume() == 2
    home.clock.turn(LINE_S + 4)
    await home.tell()
    assert not home.announcer.edits[-1].card.halted
    assert await home.submit() == 2


async def test_a_submission_that_ends_during_the_pause_does_not_end_it(home: House) -> None:
    await home.place()
    (claimed,) = await home.submitter.claim(1)
    await home.services.operation.pause()
    await home.submitter.handle(claimed)
    assert (await home.request(claimed.id)).state is State.MAKING
    await home.place(BEN)
    assert await home.submit() == 0


async def test_what_is_not_paused_cannot_be_resumed(home: House) -> None:
    with pytest.raises(NotPausedError) as caught:
        await home.services.operation.resume()
    assert caught.value.everywhere
