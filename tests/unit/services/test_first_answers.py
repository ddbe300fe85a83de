import asyncio

import pytest

from bot.domain.errors import ChangeUnknownError, StaleError, StoreError
from bot.domain.requests import State
from bot.services import first_answers, submitting
from bot.services.first_answers import FirstAnswers
from bot.services.songs import Songs
from tests.unit.services.contended import ContendedStore
from tests.unit.services.house import RULES, House
from tests.unit.services.test_late_tasks import Flaky


async def test_a_submission_waits_for_the_answer_that_is_being_given() -> None:
    answers = FirstAnswers()
    with answers.expected(1):
        asking = asyncio.create_task(answers.is_own(1))
        await asyncio.sleep(0)
        assert not asking.done()
        assert await answers.is_own(2)
    assert await asking


async def test_a_submission_does_not_wait_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_answers, "WAIT_S", 0.0)
    answers = FirstAnswers()
    with answers.expected(1):
        assert await answers.is_own(1)


async def test_an_answer_given_elsewhere_is_remembered_for_the_last_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(first_answers, "KEPT", 2)
    answers = FirstAnswers()
    for request_id in (1, 2, 3):
        answers.given_elsewhere(request_id)
    assert [await answers.is_own(request_id) for request_id in (1, 2, 3)] == [True, False, False]


async def test_a_request_that_another_copy_answered_is_cancelled_in_silence(home: House) -> None:
    request_id = (await home.place()).request_id
    for asked_for in (request_id, request_id, request_id + 1):
        await home.songs.withdraw(asked_for)
    assert (await home.request(request_id)).state is State.CANCELLED
    assert await home.store.read(lambda work: work.notices.next_due_at()) is None
    assert (await home.credits()).held == 0
    assert await home.submit() == 0


async def test_a_request_is_withdrawn_between_its_claim_and_its_submission(home: House) -> None:
    request_id = (await home.place()).request_id
    (claimed,) = await home.submitter.claim(1)
    await home.songs.withdraw(request_id)
    assert (await home.request(request_id)).state is State.SUBMITTING
    await home.submitter.handle(claimed)
    assert (await home.request(request_id)).state is State.CANCELLED
    assert home.provider.submitted == []
    assert await home.breaches() == []


@pytest.mark.parametrize("error", [StoreError("full"), StaleError("moved"), ChangeUnknownError("cut off")])
async def test_a_request_is_withdrawn_as_soon_as_the_database_is_back(
    home: House, error: StoreError, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(submitting, "RECORD_RETRY_S", 0)
    request_id = (await home.place()).request_id
    (claimed,) = await home.submitter.claim(1)
    await home.songs.withdraw(request_id)
    flaky = Flaky(home, [error] * 3, monkeypatch)
    await home.submitter.handle(claimed)
    assert not flaky.failures
    assert (await home.request(request_id)).state is State.CANCELLED
    assert (await home.credits()).held == 0
    assert home.provider.submitted == []
    assert "withdrawn before its submission" in caplog.text


async def test_a_request_that_was_given_up_meanwhile_is_not_withdrawn_too(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = (await home.place()).request_id
    (claimed,) = await home.submitter.claim(1)
    await home.songs.withdraw(request_id)
    home.clock.turn(100)
    await home.follow()
    await home.submitter.handle(claimed)
    assert (await home.request(request_id)).state is State.UNCERTAIN
    assert "withdrawn before its submission" not in caplog.text
    assert await home.breaches() == []


async def test_a_request_that_moves_at_the_same_moment_is_left_to_its_submission(home: House) -> None:
    songs = Songs(ContendedStore(home.store, 1), rules=RULES, clock=home.clock)
    request_id = (await home.place()).request_id
    await songs.withdraw(request_id)
    assert (await home.request(request_id)).state is State.WAITING
    assert not await songs.first_answers.is_own(request_id)
