import pytest

from bot.domain.errors import InvalidMessageError, MessageGoneError, RetryableError, TokenExpiredError
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.services.requests.service import RequestService
from tests.harness.services import PLAYLIST, RULES, ServicesHarness
from tests.unit.services.conflicting_store import ConflictingStore

COPY_RUNS = "OPERATOR: another copy of the bot"


async def unanswered(harness: ServicesHarness) -> int:
    """Place a request whose command's answer is not known yet."""
    return (await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context())).request_id


async def test_a_request_is_submitted_when_its_status_message_is_known(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    assert await harness.submit() == 0
    await harness.requests.record_answer(request_id, 3)
    assert await harness.submit() == 1


async def test_one_that_is_not_answered_yet_keeps_nobody_from_going(harness: ServicesHarness) -> None:
    first = await unanswered(harness)
    second = (await harness.place()).request_id
    assert await harness.submitter.next_due_at() == harness.clock()
    assert await harness.submit() == 1
    assert [(await harness.request(one)).state for one in (first, second)] == [State.WAITING, State.MAKING]
    assert await harness.submitter.next_due_at() == (await harness.request(first)).address.token_until


async def test_the_dispatcher_looks_and_finds_its_own_answer(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    harness.clock.advance(20)
    assert await harness.dispatch() == 1
    assert (await harness.request(request_id)).address.message_id == harness.messenger.status_id
    assert await harness.submit() == 1


async def test_the_dispatcher_looks_sooner_when_the_outcome_of_the_answer_is_not_known(
    harness: ServicesHarness,
) -> None:
    request_id = await unanswered(harness)
    await harness.requests.record_answer(request_id, None)
    harness.clock.advance(5)
    assert await harness.dispatch() == 1
    assert await harness.submit() == 1


async def test_a_request_that_another_copy_answered_is_withdrawn_by_the_dispatcher(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await unanswered(harness)
    harness.messenger.answered_elsewhere.add(request_id)
    harness.clock.advance(20)
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.CANCELLED
    assert caplog.text.count(COPY_RUNS) == 1
    assert harness.messenger.edits == []
    await harness.requests.cancel_duplicate(request_id)  # the answer's own refusal comes late
    assert "too late to cancel the duplicate" not in caplog.text
    assert await harness.store.read(lambda work: work.outbox.next_due_at()) is None
    assert await harness.submit() == 0
    assert await harness.breaches() == []


async def test_while_nobody_can_look_the_request_stays_in_the_line(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    harness.messenger.failures.append(RetryableError("503"))
    harness.clock.advance(20)
    await harness.dispatch()
    assert await harness.submit() == 0
    harness.clock.advance(2)
    await harness.dispatch()
    assert await harness.submit() == 1
    assert (await harness.request(request_id)).address.message_id == harness.messenger.status_id


async def test_a_command_that_nobody_answered_in_time_becomes_a_song(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    await harness.requests.record_answer(request_id, None)
    harness.messenger.failures.append(TokenExpiredError())
    harness.clock.advance(5)
    await harness.dispatch()
    assert (await harness.request(request_id)).address.token is None
    assert await harness.submit() == 1


async def test_a_request_whose_answer_was_deleted_becomes_a_song(harness: ServicesHarness) -> None:
    await unanswered(harness)
    harness.clock.advance(20)
    for _ in range(3):
        harness.messenger.failures.append(MessageGoneError())
        await harness.dispatch()
        harness.clock.advance(2)
    assert await harness.submit() == 1


async def test_a_request_whose_answer_cannot_be_changed_becomes_a_song(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    harness.clock.advance(20)
    harness.messenger.failures += [None, *[InvalidMessageError("400")] * 4]
    await harness.dispatch()
    assert (await harness.request(request_id)).address.message_id == harness.messenger.status_id
    assert await harness.submit() == 1


async def test_a_request_goes_when_its_token_is_too_old_to_look_with(harness: ServicesHarness) -> None:
    await unanswered(harness)
    harness.clock.advance(RULES.token_life_s - 1)
    assert await harness.submit() == 0
    harness.clock.advance(1)
    assert await harness.submit() == 1


async def test_a_request_that_ended_before_anybody_looked_is_told_so(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    harness.messenger.answered_elsewhere.add(request_id)
    request = await harness.request(request_id)
    await harness.requests.cancel(request_id, guild_id=request.guild_id, user_id=request.user_id)
    harness.clock.advance(20)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.CANCELLED


async def test_a_request_that_another_copy_answered_is_cancelled_in_silence(harness: ServicesHarness) -> None:
    request_id = await unanswered(harness)
    for asked_for in (request_id, request_id, request_id + 1):
        await harness.requests.cancel_duplicate(asked_for)
    assert (await harness.request(request_id)).state is State.CANCELLED
    assert await harness.store.read(lambda work: work.outbox.next_due_at()) is None
    assert (await harness.credits()).held == 0
    assert await harness.submit() == 0


async def test_a_request_whose_own_answer_is_known_is_not_withdrawn(harness: ServicesHarness) -> None:
    request_id = (await harness.place()).request_id
    await harness.requests.cancel_duplicate(request_id)
    assert (await harness.request(request_id)).state is State.WAITING


async def test_a_request_that_was_submitted_is_not_withdrawn(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await unanswered(harness)
    harness.clock.advance(RULES.token_life_s)
    await harness.submit()
    await harness.requests.cancel_duplicate(request_id)
    assert (await harness.request(request_id)).state is State.MAKING
    assert "too late to cancel the duplicate" in caplog.text


async def test_a_request_that_moves_at_the_same_moment_is_left_to_its_submission(
    harness: ServicesHarness,
) -> None:
    songs = RequestService(ConflictingStore(harness.store, 1), config=RULES, clock=harness.clock)
    request_id = await unanswered(harness)
    await songs.cancel_duplicate(request_id)
    assert (await harness.request(request_id)).state is State.WAITING
