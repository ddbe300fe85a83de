import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import (
    AccountError,
    ConflictError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
)
from bot.domain.requests import FailureKind, State
from bot.domain.song_options import SongSpec
from bot.domain.transitions import Transition
from bot.services.provider import submission_result
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from tests.harness.services import ADA, BEN, PLAYLIST, ServicesHarness, services_harness


async def test_a_taken_request_is_marked_before_the_paid_call(harness: ServicesHarness) -> None:
    card = await harness.place()
    harness.provider.may_answer.clear()
    (claimed,) = await harness.submitter.claim(1)
    call = asyncio.ensure_future(harness.submitter.handle(claimed))
    await asyncio.sleep(0)
    assert (await harness.request(card.request_id)).state is State.SUBMITTING
    harness.provider.may_answer.set()
    await call
    request = await harness.request(card.request_id)
    assert (request.state, request.task_id) == (State.MAKING, "task-1")
    assert harness.provider.submitted == [SongSpec(playlist_id=PLAYLIST, model="v55")]


async def test_no_more_are_taken_than_there_are_places(harness: ServicesHarness) -> None:
    for _ in range(3):
        await harness.place()
    assert await harness.submit() == 2
    assert await harness.submit() == 0


async def test_turns_go_round_the_members(harness: ServicesHarness) -> None:
    for _ in range(3):
        await harness.place()
    last = await harness.place(BEN)
    await harness.submit()
    assert (await harness.request(last.request_id)).state is State.MAKING


async def test_with_one_place_at_the_provider_members_still_take_turns(tmp_path: Path) -> None:
    async with services_harness(tmp_path, slots=1) as harness:
        for _ in range(3):
            await harness.place()
        bens = await harness.place(BEN)
        taken = []
        for number in range(1, 5):
            await harness.submit()
            harness.provider.finish(f"task-{number}")
            harness.clock.advance(31)
            (running,) = await harness.poller.claim(1)
            await harness.poller.handle(running)
            taken.append(running.user_id)
        assert taken == [ADA, BEN, ADA, ADA]
        assert (await harness.request(bens.request_id)).state is State.READY


async def test_an_empty_line_is_left_alone(harness: ServicesHarness) -> None:
    assert await harness.submit() == 0
    assert await harness.submitter.next_due_at() is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RejectedError(451, "moderation"), FailureKind.MODERATED),
        (RejectedError(400, "playlist not found"), FailureKind.PLAYLIST_UNKNOWN),
        (AccountError(402, "insufficient credits"), FailureKind.OPERATOR),
    ],
)
async def test_a_definite_refusal_ends_it_and_gives_the_credits_back(
    harness: ServicesHarness, error: RejectedError, kind: FailureKind
) -> None:
    card = await harness.place()
    harness.provider.submit_answers.append(error)
    await harness.submit()
    request = await harness.request(card.request_id)
    assert request.state is State.FAILED
    assert request.failure is not None
    assert request.failure.kind is kind
    assert (await harness.credits()).available == 90


async def test_what_is_not_an_answer_of_the_provider_is_not_taken_for_one() -> None:
    with pytest.raises(ProviderError):
        submission_result.result_of_error(ProviderError())


async def test_an_unknown_outcome_is_refunded_and_never_sent_again(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    card = await harness.place()
    harness.provider.submit_answers.append(OutcomeUnknownError("connection reset"))
    await harness.submit()
    harness.clock.advance(10_000)
    assert await harness.submit() == 0
    assert (await harness.request(card.request_id)).state is State.UNCERTAIN
    assert (await harness.credits()).available == 90
    assert len(harness.provider.submitted) == 1
    assert "the provider may have charged: connection reset" in caplog.text


async def test_a_busy_provider_costs_nobody_their_place(harness: ServicesHarness) -> None:
    first, second = await harness.place(), await harness.place(BEN)
    harness.provider.submit_answers.append(NotAcceptedError("Task limit reached", busy=True))
    claimed = await harness.submitter.claim(1)
    await harness.submitter.handle(claimed[0])
    request = await harness.request(first.request_id)
    assert request.state is State.WAITING
    assert (await harness.credits()).held == 30
    assert await harness.submit() == 0
    assert await harness.submitter.next_due_at() == harness.clock() + timedelta(seconds=5)
    harness.clock.advance(5)
    assert await harness.submitter.next_due_at() == harness.clock()
    await harness.submit()
    assert (await harness.request(first.request_id)).state is State.MAKING
    assert (await harness.request(second.request_id)).state is State.WAITING  # one place was learned


async def test_an_unreachable_provider_is_tried_again_after_the_pause_it_asks_for(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    harness.provider.submit_answers.append(NotAcceptedError("503", retry_after_s=17))
    await harness.submit()
    harness.clock.advance(16)
    assert await harness.submit() == 0
    harness.clock.advance(1)
    assert await harness.submit() == 1


async def test_trouble_with_the_account_ends_one_request_and_keeps_the_line(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await harness.place(), await harness.place(BEN)
    harness.provider.submit_answers += [AccountError(402, "no credits"), AccountError(402, "no credits")]
    claimed = await harness.submitter.claim(1)
    await harness.submitter.handle(claimed[0])
    assert await harness.submit() == 0
    harness.clock.advance(60)
    assert await harness.submit() == 1
    assert (await harness.request(first.request_id)).state is State.FAILED
    assert (await harness.request(second.request_id)).state is State.WAITING
    harness.clock.advance(120)
    assert await harness.submit() == 1
    assert (await harness.request(second.request_id)).state is State.MAKING
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "402: add credits at the provider" in errors[0].getMessage()


async def test_of_a_cancel_and_a_take_at_once_one_wins(harness: ServicesHarness) -> None:
    card = await harness.place()

    async def cancel() -> bool:
        try:
            await harness.requests.cancel(card.request_id, guild_id=card.guild_id, user_id=ADA)
        except Exception:  # noqa: BLE001 - which one it is, the state tells
            return False
        return True

    cancelled, claimed = await asyncio.gather(cancel(), harness.submitter.claim(1))
    assert cancelled != bool(claimed)


async def test_a_submission_that_another_worker_has_in_hand_is_still_accepted(
    harness: ServicesHarness,
) -> None:
    await harness.place()
    (claimed,) = await harness.submitter.claim(1)
    harness.clock.advance(100)
    (leased,) = await harness.poller.claim(1)
    await harness.submitter.handle(claimed)
    await harness.poller.handle(leased)
    request = await harness.request(claimed.id)
    assert (request.state, request.task_id) == (State.MAKING, "task-1")


async def test_a_submission_that_another_worker_ended_is_left_alone(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    card = await harness.place()
    (claimed,) = await harness.submitter.claim(1)

    def end(uow: UnitOfWork) -> None:
        apply_transition(uow, claimed, Transition.MARK_UNCERTAIN, now=harness.clock())

    await harness.store.write(end)
    harness.provider.submit_answers.append(RejectedError(400, "playlist not found"))
    await harness.submitter.handle(claimed)
    assert (await harness.request(card.request_id)).state is State.UNCERTAIN
    assert "another worker had already ended" in caplog.text
    with pytest.raises(ConflictError):
        await harness.store.write(end)


async def test_what_a_killed_process_had_in_hand_is_free_for_the_next_owner_of_the_file(
    tmp_path: Path,
) -> None:
    async with services_harness(tmp_path) as harness:
        card = await harness.place()
        await harness.submitter.claim(1)
        harness.clock.advance(20)
        await harness.dispatcher.claim(8)
    async with services_harness(tmp_path) as again:
        again.clock.advance(20)
        await again.poll()
        assert (await again.request(card.request_id)).state is State.UNCERTAIN
        assert await again.dispatch() == 1


async def test_what_waits_survives_a_restart_with_its_place(tmp_path: Path) -> None:
    async with services_harness(tmp_path) as harness:
        card = await harness.place()
    async with services_harness(tmp_path) as again:
        assert await again.submit() == 1
        assert (await again.request(card.request_id)).state is State.MAKING


EDGE = NotAcceptedError("not the provider's answer: HTTP 404", at_edge=True)
FIREWALL = NotAcceptedError("not the provider's answer: HTTP 403", at_edge=True, may_be_request=True)


async def test_a_proxy_that_answers_for_the_provider_stops_the_queue_and_is_logged_once(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    first = await harness.place()
    harness.provider.submit_answers += [EDGE, EDGE]
    await harness.submit()
    assert (await harness.request(first.request_id)).state is State.WAITING
    assert await harness.submitter.next_due_at() == harness.clock() + timedelta(seconds=5)
    harness.clock.advance(5)
    await harness.submit()
    assert caplog.text.count("OPERATOR: somebody in front of the provider") == 1
    assert (await harness.credits()).held == 30
    harness.clock.advance(10)
    await harness.submit()
    assert (await harness.request(first.request_id)).state is State.MAKING


async def test_a_firewall_that_minds_one_request_holds_nobody_elses_up(harness: ServicesHarness) -> None:
    first = await harness.place()
    harness.provider.submit_answers += [FIREWALL, FIREWALL]
    assert [await harness.submit(), await harness.submit(), await harness.submit()] == [1, 1, 0]
    bens = await harness.place(BEN)
    await harness.submit()
    assert (await harness.request(bens.request_id)).state is State.MAKING
    assert (await harness.request(first.request_id)).state is State.WAITING
    harness.clock.advance(30)
    await harness.submit()
    assert (await harness.request(first.request_id)).state is State.MAKING


async def test_a_firewall_that_minds_two_members_is_an_outage(harness: ServicesHarness) -> None:
    await harness.place()
    await harness.place(BEN)
    harness.provider.submit_answers += [FIREWALL, FIREWALL]
    await harness.submit()
    assert (await harness.services.operator.status()).breaker.outage is ProviderOutage.OUTAGE


async def test_a_request_that_a_firewall_refuses_ends_once_others_were_taken_meanwhile(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    minded = await harness.place()
    for number in range(3):
        await harness.place(BEN)
        harness.clock.advance(3600)
        for claimed in await harness.submitter.claim(16):
            if claimed.user_id == ADA:
                harness.provider.submit_answers.append(FIREWALL)
            await harness.submitter.handle(claimed)
        harness.provider.finish(f"task-{number + 1}")
        harness.clock.advance(31)
        await harness.poll()
    request = await harness.request(minded.request_id)
    assert request.state is State.FAILED
    assert request.failure is not None
    assert request.failure.kind is FailureKind.TURNED_AWAY
    assert (await harness.credits()).available == 90
    assert caplog.text.count("OPERATOR:") == 1
    assert await harness.breaches() == []
