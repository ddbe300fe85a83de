import pytest

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.errors import (
    InvalidMessageError,
    MessageGoneError,
    NoAccessError,
    NotAcceptedError,
    RetryableError,
    StoreError,
    TokenExpiredError,
)
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.services.cards import StatusCard
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget, MessageForm
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.transitions import get_request
from tests.harness.services import ADA, CHANNEL, GUILD, PLAYLIST, ServicesHarness


async def failed(harness: ServicesHarness, *, after_s: float = 4) -> int:
    request_id = await harness.place_and_submit()
    harness.provider.fail("task-1", "timeout")
    harness.clock.advance(31)
    await harness.poll()
    harness.clock.advance(after_s)
    return request_id


async def test_a_status_is_edited_when_what_it_says_changes_and_not_otherwise(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_submit()
    assert await harness.dispatch() == 0  # the first edit is at least four seconds after the answer
    harness.clock.advance(4)
    await harness.dispatch()
    assert [edit.card.state for edit in harness.messenger.edits] == [State.MAKING]
    harness.clock.advance(16)
    assert await harness.dispatch() == 0
    harness.clock.advance(6)
    await harness.dispatch()
    assert [edit.card.quarters for edit in harness.messenger.edits] == [0, 1]
    assert harness.messenger.edits[-1].token == f"token-{request_id}"


async def test_a_waiting_request_is_told_its_new_place(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    await harness.place_and_submit()
    waiting = await harness.place()
    harness.clock.advance(20)
    await harness.dispatch()
    assert all(edit.card.request_id != waiting.request_id for edit in harness.messenger.edits)
    more = await harness.place(ADA + 1)
    await harness.requests.cancel(waiting.request_id, guild_id=GUILD, user_id=ADA)
    harness.clock.advance(20)
    await harness.dispatch()
    assert (await harness.requests.active_of(GUILD, ADA + 1))[0].position == 1
    assert more.position == 1  # turns go round: the other member was next all along


async def test_a_waiting_member_is_told_of_an_outage_of_the_provider_and_of_its_end(
    harness: ServicesHarness,
) -> None:
    card = await harness.place()
    harness.provider.submit_answers.append(NotAcceptedError("connection refused"))
    await harness.submit()
    harness.clock.advance(4)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.outage is ProviderOutage.OUTAGE
    assert harness.messenger.edits[-1].card.expected_at is None
    harness.clock.advance(5)
    await harness.submit()
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.MAKING
    assert harness.messenger.edits[-1].card.request_id == card.request_id


async def test_a_pause_that_discord_asks_for_is_kept(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    harness.clock.advance(4)
    await harness.dispatch()
    harness.messenger.failures += [RetryableError("429", retry_after_s=50)]
    await harness.dispatch()
    edits = len(harness.messenger.edits)
    harness.clock.advance(49)
    await harness.dispatch()
    assert len(harness.messenger.edits) == edits
    harness.clock.advance(1)
    await harness.dispatch()
    assert len(harness.messenger.edits) == edits + 1


async def test_the_bot_token_takes_over_by_the_clock(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(869)
    await harness.dispatch()
    assert harness.messenger.edits[-1].token == f"token-{request_id}"
    harness.provider.finish("task-1")
    await harness.poll()
    harness.clock.advance(5)
    await harness.dispatch()
    harness.clock.advance(5)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.DELIVERED
    assert harness.messenger.edits[-1].token is None


async def test_a_token_that_dies_early_is_forgotten_and_the_bot_token_used_at_once(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(4)
    harness.messenger.failures += [TokenExpiredError()]
    await harness.dispatch()
    assert harness.messenger.edits[-1].token is None
    assert (await harness.request(request_id)).address.token is None
    assert await harness.dispatcher.next_due_at() is not None
    harness.provider.fail("task-1", "timeout")
    harness.clock.advance(31)
    await harness.poll()
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.FAILED
    assert await harness.dispatcher.next_due_at() is None


LIMITED = RetryableError("429", 600, not_taken=True)


async def test_the_bot_edits_while_the_token_has_to_wait_and_the_token_is_kept(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_submit()
    harness.clock.advance(4)
    harness.messenger.failures += [LIMITED]
    await harness.dispatch()
    (edit,) = harness.messenger.edits
    assert edit.token is None
    assert (await harness.request(request_id)).address.token is not None


async def test_an_edit_waits_where_the_bot_cannot_make_it_either(harness: ServicesHarness) -> None:
    card = await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context())
    harness.clock.advance(4)
    await harness.submit()
    harness.messenger.failures += [LIMITED]  # the status message is known by the token alone
    await harness.dispatch()
    assert harness.messenger.edits == []
    assert (await harness.request(card.request_id)).address.message_id is None
    await harness.requests.record_answer(card.request_id, 5)
    harness.clock.advance(601)
    harness.messenger.failures += [RetryableError("429", 10, not_taken=True)]
    await harness.dispatch()
    assert harness.messenger.edits == []


async def test_the_last_words_wait_for_a_token_where_the_channel_is_closed(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    await harness.dispatch()
    harness.clock.advance(4)
    harness.messenger.failures += [LIMITED, NoAccessError("50001")]
    edits = len(harness.messenger.edits)
    await harness.dispatch()
    assert len(harness.messenger.edits) == edits
    harness.clock.advance(601)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.DELIVERED
    assert harness.messenger.endings == []


async def test_how_it_ended_goes_around_a_token_that_has_to_wait(harness: ServicesHarness) -> None:
    await failed(harness)
    harness.messenger.failures += [LIMITED, *[NoAccessError("50001")] * 2, LIMITED]
    await harness.dispatch()
    assert [post.target for post in harness.messenger.endings] == [DirectMessageTarget(ADA)]


async def test_how_it_ended_waits_for_a_token_where_no_other_way_is_open(harness: ServicesHarness) -> None:
    await failed(harness)
    harness.messenger.failures += [*[NoAccessError("50001")] * 2, LIMITED, NoAccessError("50007")]
    await harness.dispatch()
    assert harness.messenger.endings == []
    harness.messenger.failures += [NoAccessError("50001")] * 2
    harness.clock.advance(601)
    await harness.dispatch()
    (post,) = harness.messenger.endings
    assert isinstance(post.target, FollowUpTarget)


@pytest.mark.parametrize("limited", [RetryableError("429", 10, not_taken=True), RetryableError("reset", 600)])
async def test_an_ending_that_may_stand_there_or_can_go_soon_is_told_nowhere_else(
    harness: ServicesHarness, limited: RetryableError
) -> None:
    await failed(harness)
    harness.messenger.failures += [*[NoAccessError("50001")] * 2, limited]
    await harness.dispatch()
    assert harness.messenger.endings == []


async def test_a_token_is_kept_while_the_command_is_not_answered_yet(harness: ServicesHarness) -> None:
    card = await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context())
    await harness.store.write(
        lambda work: work.outbox.mark_due(card.request_id, MessageKind.STATUS, due_at=harness.clock())
    )
    harness.clock.advance(4)
    harness.messenger.failures += [TokenExpiredError()]
    await harness.dispatch()
    assert (await harness.request(card.request_id)).address.token is not None
    harness.clock.advance(4)
    await harness.dispatch()
    assert harness.messenger.edits[-1].token == f"token-{card.request_id}"


async def test_a_fresh_message_that_is_not_found_is_looked_for_again(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    harness.clock.advance(4)
    harness.messenger.failures += [MessageGoneError(), MessageGoneError()]
    for _ in range(3):
        await harness.dispatch()
        harness.clock.advance(2)
    assert len(harness.messenger.edits) == 1


@pytest.mark.parametrize("failure", [MessageGoneError(), NoAccessError("50001")])
async def test_how_it_ended_is_told_elsewhere_when_the_status_is_out_of_reach(
    harness: ServicesHarness, failure: MessageGoneError | NoAccessError
) -> None:
    await failed(harness)
    harness.messenger.failures += [failure] * (3 if isinstance(failure, MessageGoneError) else 1)
    for _ in range(3):
        await harness.dispatch()
        harness.clock.advance(2)
    (ending,) = harness.messenger.endings
    assert ending.target == ChannelTarget(CHANNEL)
    assert await harness.dispatch() == 0


async def test_an_ending_goes_around_a_closed_channel_too(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await failed(harness)
    harness.messenger.failures += [
        NoAccessError("a"),
        NoAccessError("b"),
        TokenExpiredError(),
        NoAccessError("d"),
    ]
    await harness.dispatch()
    assert not harness.messenger.endings
    assert "the member could not be told how it ended" in caplog.text


async def test_a_lost_status_of_a_running_request_is_no_reason_to_shout(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    harness.clock.advance(4)
    harness.messenger.failures += [NoAccessError("50001")]
    await harness.dispatch()
    assert not harness.messenger.endings


async def test_a_status_that_discord_refuses_is_not_sent_for_ever(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.place_and_submit()
    harness.clock.advance(4)
    harness.messenger.failures += [InvalidMessageError("400")] * 2
    await harness.dispatch()
    harness.clock.advance(4)
    assert await harness.dispatch() == 0
    assert "Discord refuses a status, sending a plainer one: 400" in caplog.text


async def test_a_refused_status_is_told_without_what_people_wrote(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    harness.clock.advance(4)
    harness.messenger.failures += [InvalidMessageError("200000")]
    await harness.dispatch()
    assert harness.messenger.edits[-1].form is MessageForm.BARE


async def test_an_ending_that_is_refused_everywhere_is_told_another_day(harness: ServicesHarness) -> None:
    await failed(harness)
    refused = InvalidMessageError("200000")
    harness.messenger.failures += [refused] * (2 * 4)  # the edit, the channel, the follow-up, the member
    await harness.dispatch()
    assert not harness.messenger.endings
    harness.clock.advance(60)
    harness.messenger.failures += [NoAccessError("50001"), refused]
    await harness.dispatch()
    assert [post.form for post in harness.messenger.endings] == [MessageForm.BARE]


async def test_an_ending_that_nobody_ever_takes_is_told_to_the_operator(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await failed(harness)
    harness.messenger.failures += [InvalidMessageError("200000")] * 1000
    for _ in range(24):
        await harness.dispatch()
        assert "the member could not be told" not in caplog.text
        harness.clock.advance(3600)
    await harness.dispatch()
    assert "the member could not be told how it ended" in caplog.text


async def test_a_message_without_its_request_is_an_error_that_names_it(harness: ServicesHarness) -> None:
    with pytest.raises(StoreError, match="request 7 is missing"):
        await harness.store.read(get_request, 7)


async def test_the_id_of_a_status_message_is_learned_from_its_first_edit(harness: ServicesHarness) -> None:
    card = await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context())
    await harness.requests.record_answer(card.request_id, None)  # the answer's reply was lost
    harness.clock.advance(5)
    await harness.dispatch()
    assert (await harness.request(card.request_id)).address.message_id == harness.messenger.status_id
    await harness.submit()
    harness.provider.finish("task-1")
    harness.clock.advance(870)
    await harness.poll()
    await harness.dispatch()
    harness.clock.advance(4)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.DELIVERED
    assert harness.messenger.edits[-1].token is None


async def test_a_song_that_is_kept_is_told_elsewhere_when_the_status_is_out_of_reach(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_finish()
    harness.clock.advance(870)
    harness.messenger.failures += [NoAccessError("50001")] * 4  # channel, member, status, channel
    await harness.dispatch()
    harness.clock.advance(4)
    await harness.dispatch()
    (ending,) = harness.messenger.endings
    assert ending.target == DirectMessageTarget(ADA)
    assert isinstance(ending.card, StatusCard)
    assert ending.card.state is State.UNDELIVERABLE
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE


async def test_an_ending_is_a_follow_up_once_at_most(harness: ServicesHarness) -> None:
    await failed(harness)
    closed, lost = NoAccessError("50001"), RetryableError("reset")
    harness.messenger.lose_replies = True
    harness.messenger.failures += [closed, closed, lost]  # status, channel, follow-up
    await harness.dispatch()
    harness.clock.advance(2)
    harness.messenger.failures += [closed, closed]  # status, channel
    await harness.dispatch()
    assert [type(ending.target) for ending in harness.messenger.endings] == [
        FollowUpTarget,
        DirectMessageTarget,
    ]
    assert await harness.dispatch() == 0
