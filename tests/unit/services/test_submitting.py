import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import pytest

from bot.domain.errors import (
    AccountError,
    BackoffError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
    StaleError,
    StoreError,
)
from bot.domain.requests import FailureKind, Move, Request, State
from bot.domain.songs import SongSpec
from bot.services import submitting
from bot.services.attaching import attach, keep
from bot.services.gate import Gate, Trouble
from bot.services.line import Line
from bot.services.moves import existing, make_move
from bot.services.status import describe
from bot.services.work import Work
from tests.unit.services.house import ADA, BEN, FIRST_ID, GUILD, PACE, PLAYLIST, House, house

P = ParamSpec("P")
T = TypeVar("T")


async def test_a_taken_request_is_marked_before_the_paid_call(home: House) -> None:
    card = await home.place()
    home.provider.gate.clear()
    (claimed,) = await home.submitter.claim(1)
    call = asyncio.ensure_future(home.submitter.handle(claimed))
    await asyncio.sleep(0)
    assert (await home.request(card.request_id)).state is State.SUBMITTING
    home.provider.gate.set()
    await call
    request = await home.request(card.request_id)
    assert (request.state, request.task_id) == (State.MAKING, "task-1")
    assert home.provider.submitted == [SongSpec(playlist_id=PLAYLIST, model="v55")]


async def test_no_more_are_taken_than_there_are_places(home: House) -> None:
    for _ in range(3):
        await home.place()
    assert await home.submit() == 2
    assert await home.submit() == 0


async def test_turns_go_round_the_members(home: House) -> None:
    for _ in range(3):
        await home.place()
    last = await home.place(BEN)
    await home.submit()
    assert (await home.request(last.request_id)).state is State.MAKING


async def test_with_one_place_at_the_provider_members_still_take_turns(tmp_path: Path) -> None:
    async with house(tmp_path, places=1) as home:
        for _ in range(3):
            await home.place()
        bens = await home.place(BEN)
        taken = []
        for number in range(1, 5):
            await home.submit()
            home.provider.finish(f"task-{number}")
            home.clock.turn(31)
            (running,) = await home.follower.claim(1)
            await home.follower.handle(running)
            taken.append(running.user_id)
        assert taken == [ADA, BEN, ADA, ADA]
        assert (await home.request(bens.request_id)).state is State.READY


async def test_an_empty_line_is_left_alone(home: House) -> None:
    assert await home.submit() == 0
    assert await home.submitter.next_due_at() is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RejectedError(451, "moderation"), FailureKind.MODERATED),
        (RejectedError(400, "playlist not found"), FailureKind.PLAYLIST_UNKNOWN),
        (AccountError(402, "insufficient credits"), FailureKind.OPERATOR),
    ],
)
async def test_a_definite_refusal_ends_it_and_gives_the_credits_back(
    home: House, error: RejectedError, kind: FailureKind
) -> None:
    card = await home.place()
    home.provider.submit_answers.append(error)
    await home.submit()
    request = await home.request(card.request_id)
    assert request.state is State.FAILED
    assert request.failure is not None
    assert request.failure.kind is kind
    assert (await home.credits()).available == 90


FAILED = RejectedError(500, "failed")
LOST = OutcomeUnknownError("connection reset")
BLAMED = RejectedError(500, "upstream bizCode=451, msg=prompt_unsafe")


async def fail(home: House, *errors: ProviderError) -> None:
    """Requests of one member came to these ends one after the other, without a pause."""
    for error in errors:
        home.provider.submit_answers.append(error)
        await home.store.write(forget_backoff, ADA)
        await home.place()
        await home.submit()


def forget_backoff(work: Work, user_id: int) -> None:
    standing = work.members.meet(GUILD, user_id)
    work.members.settle(GUILD, user_id, replace(standing, backoff_until=None))


async def test_a_provider_that_fails_two_members_is_given_a_rest_and_then_tried_with_one(home: House) -> None:
    for user_id in (ADA, BEN, BEN):
        await home.place(user_id)
    home.provider.submit_answers += [FAILED, LOST]
    assert await home.submit() == 2
    assert await home.submit() == 0
    await home.place()
    home.clock.turn(10)
    assert await home.submit() == 1
    assert await home.submit() == 1


@pytest.mark.parametrize("error", [FAILED, LOST, BLAMED, RejectedError(400, "playlist not found")])
async def test_one_members_failures_shut_the_line_for_nobody_else(home: House, error: ProviderError) -> None:
    await fail(home, error, error, error, error)
    bens = await home.place(BEN)
    assert await home.submit() == 1
    assert (await home.request(bens.request_id)).state is State.MAKING


async def test_a_refusal_leaves_the_breaker_as_it_was(home: House) -> None:
    busy = Gate(1).met(Trouble.BUSY, now=home.clock())
    await home.store.write(lambda work: work.gates.put(busy))
    home.clock.turn(5)
    await fail(home, BLAMED)
    assert await home.store.read(lambda work: work.gates.get()) == busy


async def test_a_member_who_is_alone_still_shuts_the_breaker_in_an_outage(home: House) -> None:
    await fail(home, *[LOST] * 5)
    assert (await home.services.operation.status()).gate.trouble is Trouble.OUTAGE


@pytest.mark.parametrize("error", [FAILED, LOST, BLAMED])
async def test_a_submission_that_came_to_nothing_is_a_turn(tmp_path: Path, error: ProviderError) -> None:
    async with house(tmp_path, places=1) as home:
        first = await home.place()
        await home.place()
        bens = await home.place(BEN)
        home.provider.submit_answers.append(error)
        await home.submit()
        assert (await home.request(first.request_id)).state is not State.MAKING
        await home.submit()
        assert (await home.request(bens.request_id)).state is State.MAKING


async def test_the_second_request_that_came_to_nothing_makes_the_next_one_wait(home: House) -> None:
    home.provider.submit_answers += [FAILED, BLAMED]
    await home.place(BEN)
    await home.submit()
    failed = await home.place(BEN)
    await home.submit()
    until = home.clock() + timedelta(seconds=30)
    with pytest.raises(BackoffError) as caught:
        await home.place(BEN)
    assert caught.value.until == until
    statement = await home.credits(BEN)
    assert (statement.held_until, statement.available) == (until, 90)
    said = await home.store.read(
        lambda work: describe(work, existing(work, failed.request_id), Line(), home.clock())
    )
    assert said.held_until == until
    home.clock.turn(30)
    await home.place(BEN)
    assert (await home.credits(BEN)).held_until is None


async def test_requests_that_wait_already_are_held_back_and_then_go_on(home: House) -> None:
    for _ in range(3):
        await home.place()
    home.provider.submit_answers += [BLAMED, BLAMED]
    assert await home.submit() == 2
    (held,) = await home.songs.active_of(GUILD, ADA)
    until = home.clock() + timedelta(seconds=30)
    assert (held.state, held.position, held.held_until) == (State.WAITING, None, until)
    assert await home.submit() == 0
    assert await home.submitter.next_due_at() == until
    bens = await home.place(BEN)
    assert bens.position == 1
    assert await home.submitter.next_due_at() == home.clock()
    await home.submit()
    home.clock.turn(30)
    assert await home.submit() == 1
    assert (await home.request(held.request_id)).state is State.MAKING


async def test_a_held_back_request_of_a_paused_server_comes_due_with_the_server(home: House) -> None:
    for _ in range(3):
        await home.place()
    home.provider.submit_answers += [BLAMED, BLAMED]
    await home.submit()
    await home.settle(paused="a show")
    assert await home.submitter.next_due_at() is None


async def test_a_finished_song_makes_up_for_what_came_to_nothing(home: House) -> None:
    await fail(home, BLAMED)
    await home.ready()
    home.provider.submit_answers.append(BLAMED)
    await home.place()
    await home.submit()
    assert await failures(home) == 1


async def failures(home: House, user_id: int = ADA) -> int:
    return (await home.store.read(lambda work: work.members.standing(GUILD, user_id))).failures


async def test_a_lost_reply_makes_the_next_request_wait_at_once(home: House) -> None:
    home.provider.submit_answers.append(LOST)
    await home.place()
    await home.submit()
    assert (await home.credits()).held_until == home.clock() + timedelta(seconds=120)


async def test_a_member_whose_songs_are_lost_all_at_once_waits_for_minutes(home: House) -> None:
    home.provider.submit_answers += [LOST] * 2
    for _ in range(2):
        await home.place()
    assert await home.submit() == 2
    assert (await home.credits()).held_until == home.clock() + timedelta(minutes=4)


async def test_a_day_makes_up_for_what_came_to_nothing(home: House) -> None:
    for _ in range(2):
        home.provider.submit_answers.append(BLAMED)
        await home.place()
        await home.submit()
        home.clock.turn(86_400)
    assert (await home.credits()).held_until is None
    assert await failures(home) == 1


async def test_failures_that_members_share_make_nobody_wait(home: House) -> None:
    home.provider.submit_answers += [LOST] * 4
    for user_id in (ADA, BEN, ADA, BEN):
        await home.place(user_id)
        home.clock.turn(120)
        await home.submit()
    assert [await failures(home, who) for who in (ADA, BEN)] == [4, 0]


async def test_a_backoff_of_a_clock_that_was_ahead_holds_nobody(home: House) -> None:
    def far_ahead(work: Work) -> None:
        standing = work.members.meet(GUILD, ADA)
        ahead = home.clock() + timedelta(days=1)
        work.members.settle(GUILD, ADA, replace(standing, failures=9, backoff_until=ahead))

    await home.store.write(far_ahead)
    assert (await home.credits()).held_until is None
    await home.place()
    assert await home.submit() == 1


async def test_what_is_not_an_answer_of_the_provider_is_not_taken_for_one() -> None:
    with pytest.raises(ProviderError):
        submitting.outcome_of(ProviderError())


async def test_an_unknown_outcome_is_refunded_and_never_sent_again(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    card = await home.place()
    home.provider.submit_answers.append(OutcomeUnknownError("connection reset"))
    await home.submit()
    home.clock.turn(10_000)
    assert await home.submit() == 0
    assert (await home.request(card.request_id)).state is State.UNCERTAIN
    assert (await home.credits()).available == 90
    assert len(home.provider.submitted) == 1
    assert "the provider may have charged: connection reset" in caplog.text


async def test_a_busy_provider_costs_nobody_their_place(home: House) -> None:
    first, second = await home.place(), await home.place(BEN)
    home.provider.submit_answers.append(NotAcceptedError("Task limit reached", busy=True))
    claimed = await home.submitter.claim(1)
    await home.submitter.handle(claimed[0])
    request = await home.request(first.request_id)
    assert request.state is State.WAITING
    assert (await home.credits()).held == 30
    assert await home.submit() == 0
    assert await home.submitter.next_due_at() == home.clock() + timedelta(seconds=5)
    home.clock.turn(5)
    assert await home.submitter.next_due_at() == home.clock()
    await home.submit()
    assert (await home.request(first.request_id)).state is State.MAKING
    assert (await home.request(second.request_id)).state is State.WAITING  # one place was learned


async def test_an_unreachable_provider_is_tried_again_after_the_pause_it_asks_for(home: House) -> None:
    await home.place()
    home.provider.submit_answers.append(NotAcceptedError("503", retry_after_s=17))
    await home.submit()
    home.clock.turn(16)
    assert await home.submit() == 0
    home.clock.turn(1)
    assert await home.submit() == 1


async def test_trouble_with_the_account_ends_one_request_and_keeps_the_line(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await home.place(), await home.place(BEN)
    home.provider.submit_answers += [AccountError(402, "no credits"), AccountError(402, "no credits")]
    claimed = await home.submitter.claim(1)
    await home.submitter.handle(claimed[0])
    assert await home.submit() == 0
    home.clock.turn(60)
    assert await home.submit() == 1
    assert (await home.request(first.request_id)).state is State.FAILED
    assert (await home.request(second.request_id)).state is State.WAITING
    home.clock.turn(120)
    assert await home.submit() == 1
    assert (await home.request(second.request_id)).state is State.MAKING
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "402: add credits at the provider" in errors[0].getMessage()


async def test_of_a_cancel_and_a_take_at_once_one_wins(home: House) -> None:
    card = await home.place()

    async def cancel() -> bool:
        try:
            await home.songs.cancel(card.request_id, guild_id=card.guild_id, user_id=ADA)
        except Exception:  # noqa: BLE001 - which one it is, the state tells
            return False
        return True

    cancelled, claimed = await asyncio.gather(cancel(), home.submitter.claim(1))
    assert cancelled != bool(claimed)


class Flaky:
    """Makes a store fail its next writes, then lets them through."""

    def __init__(self, home: House, failures: list[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures = failures
        write = home.store.write

        async def failing(unit: Callable[Concatenate[Work, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
            if self.failures:
                raise self.failures.pop(0)
            return await write(unit, *args, **kwargs)

        monkeypatch.setattr(home.store, "write", failing)


async def test_a_paid_tasks_id_is_written_down_as_soon_as_the_database_is_back(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitting, "RECORD_RETRY_S", 0)
    card = await home.place()
    (claimed,) = await home.submitter.claim(1)
    Flaky(home, [StoreError("full"), StoreError("full")], monkeypatch)
    await home.submitter.handle(claimed)
    assert (await home.request(card.request_id)).task_id == "task-1"


async def test_the_outcome_is_kept_however_long_the_database_is_away(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await home.place()
    (claimed,) = await home.submitter.claim(1)
    flaky = Flaky(home, [StoreError("full")] * 20, monkeypatch)
    pauses: list[float] = []

    async def hours(seconds: float) -> None:
        pauses.append(seconds)
        home.clock.turn(3600)

    monkeypatch.setattr(asyncio, "sleep", hours)
    await home.submitter.handle(claimed)
    monkeypatch.undo()
    assert not flaky.failures
    assert pauses[:5] == [0.5, 1, 2, 4, 5]
    assert pauses[-1] == 5
    request = await home.request(card.request_id)
    assert (request.state, request.task_id) == (State.MAKING, "task-1")


async def given_up(home: House, user_id: int = ADA) -> Request:
    """A request that was taken to the provider, whose worker was thought to be dead."""
    await home.place(user_id)
    (claimed,) = await home.submitter.claim(1)
    home.clock.turn(100)
    await home.follow()
    assert (await home.request(claimed.id)).state is State.UNCERTAIN
    assert (await home.credits(user_id)).available == 90
    return claimed


async def test_a_task_whose_request_was_given_up_goes_on_and_is_paid_once(home: House) -> None:
    claimed = await given_up(home)
    await home.submitter.handle(claimed)
    before = await home.request(claimed.id)
    assert (before.state, before.task_id) == (State.UNCERTAIN, "task-1")
    (card,) = await home.songs.active_of(GUILD, ADA)
    assert (card.state, card.request_id) == (State.MAKING, before.address.message_id)
    assert (await home.credits()).held == 30
    home.provider.finish("task-1")
    home.clock.turn(31)
    await home.follow()
    for seconds in (1, 5, 30):
        home.clock.turn(seconds)
        await home.tell()
    assert (await home.request(card.request_id)).state is State.DELIVERED
    assert [post.card.request_id for post in home.announcer.results] == [card.request_id]
    assert ((await home.credits()).used, (await home.credits()).available) == (30, 60)
    assert await home.breaches() == []


async def test_a_task_is_attached_once(home: House) -> None:
    claimed = await given_up(home)
    await home.submitter.handle(claimed)
    assert await home.store.write(attach, claimed.id, "task-1", PACE, home.clock()) is None
    assert len(await home.songs.active_of(GUILD, ADA)) == 1


async def order_again(home: House) -> None:
    await home.place()


async def block(home: House) -> None:
    def unit(work: Work) -> None:
        standing = work.members.meet(GUILD, ADA)
        work.members.settle(GUILD, ADA, replace(standing, blocked="spam"))

    await home.store.write(unit)


async def forget_message(home: House) -> None:
    def unit(work: Work) -> None:
        request = existing(work, FIRST_ID + 1)
        work.requests.set_address(request.id, replace(request.address, message_id=None))

    await home.store.write(unit)


@pytest.mark.parametrize("meanwhile", [order_again, block, forget_message])
async def test_a_task_that_nobody_can_have_any_more_is_kept_and_told_to_the_operator(
    home: House, meanwhile: Callable[[House], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    claimed = await given_up(home)
    await meanwhile(home)
    before = await home.credits()
    await home.submitter.handle(claimed)
    kept = await home.request(claimed.id)
    assert (kept.state, kept.task_id) == (State.UNCERTAIN, "task-1")
    assert "OPERATOR: task task-1 was taken, but its request was given up" in caplog.text
    assert await home.credits() == before
    await home.store.write(keep, claimed.id, "task-2", home.clock())
    assert (await home.request(claimed.id)).task_id == "task-1"
    assert await home.breaches() == []


async def test_a_submission_that_another_worker_has_in_hand_is_still_accepted(home: House) -> None:
    await home.place()
    (claimed,) = await home.submitter.claim(1)
    home.clock.turn(100)
    (leased,) = await home.follower.claim(1)
    await home.submitter.handle(claimed)
    await home.follower.handle(leased)
    request = await home.request(claimed.id)
    assert (request.state, request.task_id) == (State.MAKING, "task-1")


async def test_a_submission_that_another_worker_ended_is_left_alone(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    card = await home.place()
    (claimed,) = await home.submitter.claim(1)

    def end(work: Work) -> None:
        make_move(work, claimed, Move.DOUBT, now=home.clock())

    await home.store.write(end)
    home.provider.submit_answers.append(RejectedError(400, "playlist not found"))
    await home.submitter.handle(claimed)
    assert (await home.request(card.request_id)).state is State.UNCERTAIN
    assert "another worker had already ended" in caplog.text
    with pytest.raises(StaleError):
        await home.store.write(end)


async def test_what_a_killed_process_had_in_hand_is_free_for_the_next_owner_of_the_file(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as home:
        card = await home.place()
        await home.submitter.claim(1)
        home.clock.turn(20)
        await home.courier.claim(8)
    async with house(tmp_path) as again:
        again.clock.turn(20)
        await again.follow()
        assert (await again.request(card.request_id)).state is State.UNCERTAIN
        assert await again.tell() == 1


async def test_what_waits_survives_a_restart_with_its_place(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        card = await home.place()
    async with house(tmp_path) as again:
        assert await again.submit() == 1
        assert (await again.request(card.request_id)).state is State.MAKING


EDGE = NotAcceptedError("not the provider's answer: HTTP 404", at_edge=True)
FIREWALL = NotAcceptedError("not the provider's answer: HTTP 403", at_edge=True, may_be_request=True)


async def test_who_answers_in_front_of_the_provider_stops_the_line_and_the_operator_hears_of_it_once(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    first = await home.place()
    home.provider.submit_answers += [EDGE, EDGE]
    await home.submit()
    assert (await home.request(first.request_id)).state is State.WAITING
    assert await home.submitter.next_due_at() == home.clock() + timedelta(seconds=5)
    home.clock.turn(5)
    await home.submit()
    assert caplog.text.count("OPERATOR: somebody in front of the provider") == 1
    assert (await home.credits()).held == 30
    home.clock.turn(10)
    await home.submit()
    assert (await home.request(first.request_id)).state is State.MAKING


async def test_a_firewall_that_minds_one_request_holds_nobody_elses_up(home: House) -> None:
    first = await home.place()
    home.provider.submit_answers += [FIREWALL, FIREWALL]
    assert [await home.submit(), await home.submit(), await home.submit()] == [1, 1, 0]
    bens = await home.place(BEN)
    await home.submit()
    assert (await home.request(bens.request_id)).state is State.MAKING
    assert (await home.request(first.request_id)).state is State.WAITING
    home.clock.turn(30)
    await home.submit()
    assert (await home.request(first.request_id)).state is State.MAKING


async def test_a_firewall_that_minds_two_members_is_an_outage(home: House) -> None:
    await home.place()
    await home.place(BEN)
    home.provider.submit_answers += [FIREWALL, FIREWALL]
    await home.submit()
    assert (await home.services.operation.status()).gate.trouble is Trouble.OUTAGE
