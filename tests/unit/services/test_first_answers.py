import pytest

from bot.domain.errors import InvalidMessageError, MessageGoneError, RetryableError, TokenExpiredError
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.services.requests.service import RequestService
from tests.harness.services import PLAYLIST, RULES, ServicesHarness
from tests.unit.services.contended import ContendedStore

COPY_RUNS = "OPERATOR: another copy of the bot"


async def unanswered(home: ServicesHarness) -> int:
    """A request of which nobody knows yet who answers its command."""
    return (await home.songs.place(SongOptions(playlist=PLAYLIST), home.asked())).request_id


async def test_a_request_is_submitted_when_its_status_message_is_known(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    assert await home.submit() == 0
    await home.songs.record_answer(request_id, 3)
    assert await home.submit() == 1


async def test_one_that_is_not_answered_yet_keeps_nobody_from_going(home: ServicesHarness) -> None:
    first = await unanswered(home)
    second = (await home.place()).request_id
    assert await home.submitter.next_due_at() == home.clock()
    assert await home.submit() == 1
    assert [(await home.request(one)).state for one in (first, second)] == [State.WAITING, State.MAKING]
    assert await home.submitter.next_due_at() == (await home.request(first)).address.token_until


async def test_the_courier_looks_and_finds_its_own_answer(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    home.clock.advance(20)
    assert await home.tell() == 1
    assert (await home.request(request_id)).address.message_id == home.messenger.status_id
    assert await home.submit() == 1


async def test_the_courier_looks_sooner_when_the_outcome_of_the_answer_is_not_known(
    home: ServicesHarness,
) -> None:
    request_id = await unanswered(home)
    await home.songs.record_answer(request_id, None)
    home.clock.advance(5)
    assert await home.tell() == 1
    assert await home.submit() == 1


async def test_a_request_that_another_copy_answered_is_withdrawn_by_the_courier(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await unanswered(home)
    home.messenger.answered_elsewhere.add(request_id)
    home.clock.advance(20)
    await home.tell()
    assert (await home.request(request_id)).state is State.CANCELLED
    assert caplog.text.count(COPY_RUNS) == 1
    assert home.messenger.edits == []
    await home.songs.withdraw(request_id)  # the answer's own refusal comes late
    assert "left to its submission" not in caplog.text
    assert await home.store.read(lambda work: work.outbox.next_due_at()) is None
    assert await home.submit() == 0
    assert await home.breaches() == []


async def test_while_nobody_can_look_the_request_stays_in_the_line(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    home.messenger.failures.append(RetryableError("503"))
    home.clock.advance(20)
    await home.tell()
    assert await home.submit() == 0
    home.clock.advance(2)
    await home.tell()
    assert await home.submit() == 1
    assert (await home.request(request_id)).address.message_id == home.messenger.status_id


async def test_a_command_that_nobody_answered_in_time_becomes_a_song(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    await home.songs.record_answer(request_id, None)
    home.messenger.failures.append(TokenExpiredError())
    home.clock.advance(5)
    await home.tell()
    assert (await home.request(request_id)).address.token is None
    assert await home.submit() == 1


async def test_a_request_whose_answer_was_deleted_becomes_a_song(home: ServicesHarness) -> None:
    await unanswered(home)
    home.clock.advance(20)
    for _ in range(3):
        home.messenger.failures.append(MessageGoneError())
        await home.tell()
        home.clock.advance(2)
    assert await home.submit() == 1


async def test_a_request_whose_answer_cannot_be_changed_becomes_a_song(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    home.clock.advance(20)
    home.messenger.failures += [None, *[InvalidMessageError("400")] * 4]
    await home.tell()
    assert (await home.request(request_id)).address.message_id == home.messenger.status_id
    assert await home.submit() == 1


async def test_a_request_goes_when_its_token_is_too_old_to_look_with(home: ServicesHarness) -> None:
    await unanswered(home)
    home.clock.advance(RULES.token_life_s - 1)
    assert await home.submit() == 0
    home.clock.advance(1)
    assert await home.submit() == 1


async def test_a_request_that_ended_before_anybody_looked_is_told_so(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    home.messenger.answered_elsewhere.add(request_id)
    request = await home.request(request_id)
    await home.songs.cancel(request_id, guild_id=request.guild_id, user_id=request.user_id)
    home.clock.advance(20)
    await home.tell()
    assert home.messenger.edits[-1].card.state is State.CANCELLED


async def test_a_request_that_another_copy_answered_is_cancelled_in_silence(home: ServicesHarness) -> None:
    request_id = await unanswered(home)
    for asked_for in (request_id, request_id, request_id + 1):
        await home.songs.withdraw(asked_for)
    assert (await home.request(request_id)).state is State.CANCELLED
    assert await home.store.read(lambda work: work.outbox.next_due_at()) is None
    assert (await home.credits()).held == 0
    assert await home.submit() == 0


async def test_a_request_whose_own_answer_is_known_is_not_withdrawn(home: ServicesHarness) -> None:
    request_id = (await home.place()).request_id
    await home.songs.withdraw(request_id)
    assert (await home.request(request_id)).state is State.WAITING


async def test_a_request_that_was_submitted_is_not_withdrawn(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await unanswered(home)
    home.clock.advance(RULES.token_life_s)
    await home.submit()
    await home.songs.withdraw(request_id)
    assert (await home.request(request_id)).state is State.MAKING
    assert "left to its submission" in caplog.text


async def test_a_request_that_moves_at_the_same_moment_is_left_to_its_submission(
    home: ServicesHarness,
) -> None:
    songs = RequestService(ContendedStore(home.store, 1), config=RULES, clock=home.clock)
    request_id = await unanswered(home)
    await songs.withdraw(request_id)
    assert (await home.request(request_id)).state is State.WAITING
