import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.audit import Action
from bot.domain.errors import (
    ConflictError,
    PausedError,
    RequestNotFoundError,
    TooLateError,
)
from bot.domain.moderator_errors import NotPausedError
from bot.domain.quotas import Period, Policy
from bot.domain.requests import Failure, FailureKind, State
from bot.domain.scheduling import SNAPSHOT_TTL_S, Pause
from bot.domain.song_options import SongOptions
from bot.domain.transitions import Transition
from bot.services.audit_log import ATTEMPTS, Actor
from bot.services.cards import StatusCard
from bot.services.ports import WorkQueue
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, BEN, GUILD, MODERATOR, PLAYLIST, ServicesHarness, services_harness

MO = 10**17 + 9
ELSEWHERE = GUILD + 50
POLICY = Policy(allowance=30_000, period=Period.WEEK, max_active=1000, cooldown_s=0)


def by(interaction_id: int = 1, guild_id: int = GUILD) -> Actor:
    return Actor(interaction_id=interaction_id, guild_id=guild_id, actor_id=MO)


async def place_elsewhere(harness: ServicesHarness, user_id: int = ADA) -> StatusCard:
    asked = replace(harness.context(user_id), guild_id=ELSEWHERE)
    card = await harness.requests.place(SongOptions(playlist=PLAYLIST), asked)
    await harness.requests.record_answer(card.request_id, 3)
    return card


async def with_approval(harness: ServicesHarness) -> None:
    def unit(uow: UnitOfWork) -> None:
        settings = uow.guilds.get_for_update(GUILD)
        uow.guilds.update(GUILD, replace(settings, approval_channel_id=5))

    await harness.store.write(unit)


async def status_of(harness: ServicesHarness, request_id: int) -> StatusCard:
    """Send all messages; return what the request's status message shows."""
    harness.clock.advance(SNAPSHOT_TTL_S + 4)
    await harness.dispatch()
    return [edit.card for edit in harness.messenger.edits if edit.card.request_id == request_id][-1]


async def test_the_queue_shows_who_is_served_and_who_comes_next_over_all_servers(
    harness: ServicesHarness,
) -> None:
    first, second, third = await harness.place(), await harness.place(), await harness.place()
    bens = await harness.place(BEN)
    other = await place_elsewhere(harness, MODERATOR)
    await harness.submit()
    view = await harness.services.queue.view(GUILD, BEN)
    assert [card.request_id for card in view.running.cards] == [first.request_id]
    assert [card.request_id for card in view.waiting.cards] == [
        bens.request_id,
        second.request_id,
        third.request_id,
    ]
    assert (await harness.request(other.request_id)).state is State.MAKING
    assert [card.position for card in view.waiting.cards] == [1, 2, 3]
    assert (view.awaiting.cards, view.pause, view.outage, view.paused_by_operator) == ((), None, None, False)
    elsewhere = await harness.services.queue.view(ELSEWHERE, MODERATOR)
    assert [card.request_id for card in elsewhere.running.cards] == [other.request_id]


async def test_of_a_hundred_the_first_and_ones_own_are_shown(tmp_path: Path) -> None:
    async with services_harness(tmp_path, policy=POLICY) as harness:
        for user_id in range(1, 99):
            await harness.place(user_id)
        own = [await harness.place() for _ in range(3)]
        await harness.submit()
        view = await harness.services.queue.view(GUILD, ADA)
        shown = view.waiting.cards
        assert [card.position for card in shown] == [*range(1, 16), 97, 98]
        assert [card.request_id for card in shown[15:]] == [card.request_id for card in own[:2]]
        assert len(shown) + view.waiting.more == 99
        assert len(await harness.services.queue.cancellable(GUILD)) == 99


async def test_those_that_a_moderator_has_to_approve_come_last_and_without_a_place(
    harness: ServicesHarness,
) -> None:
    waiting = await harness.place()
    await with_approval(harness)
    awaiting = await harness.place(BEN)
    view = await harness.services.queue.view(GUILD, ADA)
    assert [card.request_id for card in view.waiting.cards] == [waiting.request_id]
    assert [(card.request_id, card.position) for card in view.awaiting.cards] == [(awaiting.request_id, None)]
    cards = await harness.services.queue.cancellable(GUILD)
    assert [card.request_id for card in cards] == [waiting.request_id, awaiting.request_id]
    await harness.services.queue.cancel(by(), awaiting.request_id, reason="no")
    assert (await harness.request(awaiting.request_id)).state is State.CANCELLED


async def test_a_moderator_cancels_with_a_reason_and_the_credits_are_back(harness: ServicesHarness) -> None:
    card = await harness.place()
    cancelled = await harness.services.queue.cancel(by(), card.request_id, reason="Too loud")
    again = await harness.services.queue.cancel(by(), card.request_id, reason="Too loud")
    assert cancelled.cost == again.cost == 30
    request = await harness.request(card.request_id)
    assert (request.state, request.failure) == (
        State.CANCELLED,
        Failure(FailureKind.MODERATOR, "Too loud"),
    )
    assert (await harness.credits()).available == 90
    (change,) = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))
    assert (change.action, change.actor_id, change.subject_id) == (Action.CANCEL, MO, ADA)
    assert (change.before["state"], change.after["request"]) == (State.WAITING, card.request_id)
    assert change.reason == "Too loud"
    with pytest.raises(TooLateError):
        await harness.services.queue.cancel(by(2), card.request_id, reason="again")
    assert not await harness.breaches()


async def test_what_the_provider_has_no_moderator_can_call_back(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    with pytest.raises(TooLateError) as caught:
        await harness.services.queue.cancel(by(), request_id, reason="no")
    assert caught.value.state == State.MAKING
    assert await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10)) == []


@pytest.mark.parametrize("number", [1, 2**63])
async def test_what_is_not_of_the_server_cannot_be_cancelled_there(
    harness: ServicesHarness, number: int
) -> None:
    other = await place_elsewhere(harness)
    for request_id in (number, other.request_id):
        with pytest.raises(RequestNotFoundError):
            await harness.services.queue.cancel(by(), request_id, reason="no")


@pytest.mark.parametrize("times", [2, 3])
async def test_a_cancellation_that_meets_a_move_is_tried_again(harness: ServicesHarness, times: int) -> None:
    card = await harness.place()
    harness.faults.fail(error=ConflictError("moved"), times=times)
    if times < ATTEMPTS:
        await harness.services.queue.cancel(by(), card.request_id, reason="no")
        assert (await harness.request(card.request_id)).state is State.CANCELLED
    else:
        with pytest.raises(ConflictError):
            await harness.services.queue.cancel(by(), card.request_id, reason="no")


async def test_a_paused_server_is_left_out_and_the_others_go_on(harness: ServicesHarness) -> None:
    mine, bens = await harness.place(), await harness.place(BEN)
    other = await place_elsewhere(harness)
    assert (await harness.services.queue.pause(by(), "Exam time")).waiting == 2
    assert await harness.submit() == 1
    assert (await harness.request(other.request_id)).state is State.MAKING
    assert await harness.submitter.next_due_at() is None, "nobody looks again and again for what may not go"
    with pytest.raises(PausedError) as caught:
        await harness.place()
    assert caught.value.reason == "Exam time"
    shown = await status_of(harness, mine.request_id)
    assert (shown.pause, shown.position, shown.expected_at) == (Pause("Exam time"), None, None)
    view = await harness.services.queue.view(GUILD, BEN)
    assert view.pause == Pause("Exam time")
    assert [card.request_id for card in view.waiting.cards] == [mine.request_id, bens.request_id]
    assert (await harness.credits()).held == 30
    await harness.requests.cancel(bens.request_id, guild_id=GUILD, user_id=BEN)


async def test_a_second_pause_changes_the_reason_and_a_replay_nothing(harness: ServicesHarness) -> None:
    card = await harness.place()
    await harness.services.queue.pause(by(1), "Exam time")
    assert (await status_of(harness, card.request_id)).pause == Pause("Exam time")
    await harness.services.queue.pause(by(2), "Holidays")
    await harness.services.queue.pause(by(1), "Exam time")
    assert (await status_of(harness, card.request_id)).pause == Pause("Holidays")
    changes = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))
    assert [(change.before["paused"], change.after["paused"]) for change in reversed(changes)] == [
        (None, "Exam time"),
        ("Exam time", "Holidays"),
    ]


async def test_a_resumed_server_goes_on_at_once(harness: ServicesHarness) -> None:
    card = await harness.place()
    await harness.services.queue.pause(by(1), "Exam time")
    await status_of(harness, card.request_id)
    woken = asyncio.Event()
    harness.store.subscribe(WorkQueue.SUBMISSIONS, woken.set)
    assert await harness.services.queue.resume(by(2)) == 1
    async with asyncio.timeout(30):
        await woken.wait()  # the callbacks may be delayed for a moment
    assert await harness.submitter.next_due_at() == harness.clock()
    shown = await status_of(harness, card.request_id)
    assert (shown.pause, shown.position) == (None, 1)
    assert await harness.submit() == 1
    assert await harness.services.queue.resume(by(2)) == 0
    with pytest.raises(NotPausedError):
        await harness.services.queue.resume(by(3))
    changes = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))
    assert [change.action for change in changes] == [Action.RESUME, Action.PAUSE]


async def test_the_message_of_one_whose_turn_comes_nearer_is_told_within_a_spacing(tmp_path: Path) -> None:
    async with services_harness(tmp_path, slots=1, policy=POLICY) as harness:
        cards = [await harness.place(user_id) for user_id in range(1, 8)]
        await harness.submit()
        harness.clock.advance(4)
        await harness.dispatch()
        moved = {edit.card.request_id: edit.card.position for edit in harness.messenger.edits}
        # 2 to 1, 3 to 2 and 5 to 4 are worth an edit; 4 to 3, 6 to 5 and 7 to 6 wait for the next look
        assert moved == {
            cards[0].request_id: None,
            cards[1].request_id: 1,
            cards[2].request_id: 2,
            cards[4].request_id: 4,
        }


async def test_what_a_pause_met_at_the_provider_is_still_posted(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    await harness.services.queue.pause(by(), "Exam time")
    request = await harness.request(request_id)
    assert request.task_id
    harness.provider.finish(request.task_id)
    harness.clock.advance(60)
    await harness.poll()
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_one_put_back_into_a_paused_line_waits_there(harness: ServicesHarness) -> None:
    card = await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    await harness.services.queue.pause(by(), "Exam time")
    await harness.store.write(
        lambda work: apply_transition(work, claimed, Transition.REQUEUE, now=harness.clock())
    )
    assert await harness.submit() == 0
    assert (await status_of(harness, card.request_id)).pause == Pause("Exam time")
