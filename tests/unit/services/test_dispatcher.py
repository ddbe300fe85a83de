import pytest

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
from bot.services.delivery.cards import StatusCard
from bot.services.delivery.message_forms import MessageForm
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget
from bot.services.provider.circuit_breaker import ProviderOutage
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.transitions import get_request
from tests.harness.services import ADA, CHANNEL, GUILD, PLAYLIST, ServicesHarness


async def failed(home: ServicesHarness, *, after_s: float = 4) -> int:
    request_id = await home.making()
    home.provider.fail("task-1", "timeout")
    home.clock.advance(31)
    await home.follow()
    home.clock.advance(after_s)
    return request_id


async def test_a_status_is_edited_when_what_it_says_changes_and_not_otherwise(home: ServicesHarness) -> None:
    request_id = await home.making()
    assert await home.tell() == 0  # the first edit is at least four seconds after the answer
    home.clock.advance(4)
    await home.tell()
    assert [edit.card.state for edit in home.messenger.edits] == [State.MAKING]
    home.clock.advance(16)
    assert await home.tell() == 0
    home.clock.advance(6)
    await home.tell()
    assert [edit.card.quarters for edit in home.messenger.edits] == [0, 1]
    assert home.messenger.edits[-1].token == f"token-{request_id}"


async def test_a_waiting_request_is_told_its_new_place(home: ServicesHarness) -> None:
    await home.making()
    await home.making()
    waiting = await home.place()
    home.clock.advance(20)
    await home.tell()
    assert all(edit.card.request_id != waiting.request_id for edit in home.messenger.edits)
    more = await home.place(ADA + 1)
    await home.songs.cancel(waiting.request_id, guild_id=GUILD, user_id=ADA)
    home.clock.advance(20)
    await home.tell()
    assert (await home.songs.active_of(GUILD, ADA + 1))[0].position == 1
    assert more.position == 1  # turns go round: the other member was next all along


async def test_a_waiting_member_is_told_when_the_provider_is_out_of_reach_and_when_it_is_back(
    home: ServicesHarness,
) -> None:
    card = await home.place()
    home.provider.submit_answers.append(NotAcceptedError("connection refused"))
    await home.submit()
    home.clock.advance(4)
    await home.tell()
    assert home.messenger.edits[-1].card.outage is ProviderOutage.OUTAGE
    assert home.messenger.edits[-1].card.expected_at is None
    home.clock.advance(5)
    await home.submit()
    await home.tell()
    assert home.messenger.edits[-1].card.state is State.MAKING
    assert home.messenger.edits[-1].card.request_id == card.request_id


async def test_a_pause_that_discord_asks_for_is_kept(home: ServicesHarness) -> None:
    await home.ready()
    home.clock.advance(4)
    await home.tell()
    home.messenger.failures += [RetryableError("429", retry_after_s=50)]
    await home.tell()
    edits = len(home.messenger.edits)
    home.clock.advance(49)
    await home.tell()
    assert len(home.messenger.edits) == edits
    home.clock.advance(1)
    await home.tell()
    assert len(home.messenger.edits) == edits + 1


async def test_the_bot_token_takes_over_by_the_clock(home: ServicesHarness) -> None:
    request_id = await home.making()
    home.clock.advance(869)
    await home.tell()
    assert home.messenger.edits[-1].token == f"token-{request_id}"
    home.provider.finish("task-1")
    await home.follow()
    home.clock.advance(5)
    await home.tell()
    home.clock.advance(5)
    await home.tell()
    assert home.messenger.edits[-1].card.state is State.DELIVERED
    assert home.messenger.edits[-1].token is None


async def test_a_token_that_dies_early_is_forgotten_and_the_bot_token_used_at_once(
    home: ServicesHarness,
) -> None:
    request_id = await home.making()
    home.clock.advance(4)
    home.messenger.failures += [TokenExpiredError()]
    await home.tell()
    assert home.messenger.edits[-1].token is None
    assert (await home.request(request_id)).address.token is None
    assert await home.courier.next_due_at() is not None
    home.provider.fail("task-1", "timeout")
    home.clock.advance(31)
    await home.follow()
    await home.tell()
    assert home.messenger.edits[-1].card.state is State.FAILED
    assert await home.courier.next_due_at() is None


LIMITED = RetryableError("429", 600, not_taken=True)


async def test_the_bot_edits_while_the_token_has_to_wait_and_the_token_is_kept(home: ServicesHarness) -> None:
    request_id = await home.making()
    home.clock.advance(4)
    home.messenger.failures += [LIMITED]
    await home.tell()
    (edit,) = home.messenger.edits
    assert edit.token is None
    assert (await home.request(request_id)).address.token is not None


async def test_an_edit_waits_where_the_bot_cannot_make_it_either(home: ServicesHarness) -> None:
    card = await home.songs.place(SongOptions(playlist=PLAYLIST), home.asked())
    home.clock.advance(4)
    await home.submit()
    home.messenger.failures += [LIMITED]  # the status message is known by the token alone
    await home.tell()
    assert home.messenger.edits == []
    assert (await home.request(card.request_id)).address.message_id is None
    await home.songs.record_answer(card.request_id, 5)
    home.clock.advance(601)
    home.messenger.failures += [RetryableError("429", 10, not_taken=True)]
    await home.tell()
    assert home.messenger.edits == []


async def test_the_last_words_wait_for_a_token_where_the_channel_is_closed(home: ServicesHarness) -> None:
    await home.ready()
    await home.tell()
    home.clock.advance(4)
    home.messenger.failures += [LIMITED, NoAccessError("50001")]
    edits = len(home.messenger.edits)
    await home.tell()
    assert len(home.messenger.edits) == edits
    home.clock.advance(601)
    await home.tell()
    assert home.messenger.edits[-1].card.state is State.DELIVERED
    assert home.messenger.endings == []


async def test_how_it_ended_goes_around_a_token_that_has_to_wait(home: ServicesHarness) -> None:
    await failed(home)
    home.messenger.failures += [LIMITED, *[NoAccessError("50001")] * 2, LIMITED]
    await home.tell()
    assert [post.target for post in home.messenger.endings] == [DirectMessageTarget(ADA)]


async def test_how_it_ended_waits_for_a_token_where_no_other_way_is_open(home: ServicesHarness) -> None:
    await failed(home)
    home.messenger.failures += [*[NoAccessError("50001")] * 2, LIMITED, NoAccessError("50007")]
    await home.tell()
    assert home.messenger.endings == []
    home.messenger.failures += [NoAccessError("50001")] * 2
    home.clock.advance(601)
    await home.tell()
    (post,) = home.messenger.endings
    assert isinstance(post.target, FollowUpTarget)


@pytest.mark.parametrize("limited", [RetryableError("429", 10, not_taken=True), RetryableError("reset", 600)])
async def test_an_ending_that_may_stand_there_or_can_go_soon_is_told_nowhere_else(
    home: ServicesHarness, limited: RetryableError
) -> None:
    await failed(home)
    home.messenger.failures += [*[NoAccessError("50001")] * 2, limited]
    await home.tell()
    assert home.messenger.endings == []


async def test_a_token_is_kept_while_the_command_is_not_answered_yet(home: ServicesHarness) -> None:
    card = await home.songs.place(SongOptions(playlist=PLAYLIST), home.asked())
    await home.store.write(
        lambda work: work.outbox.mark_due(card.request_id, MessageKind.STATUS, due_at=home.clock())
    )
    home.clock.advance(4)
    home.messenger.failures += [TokenExpiredError()]
    await home.tell()
    assert (await home.request(card.request_id)).address.token is not None
    home.clock.advance(4)
    await home.tell()
    assert home.messenger.edits[-1].token == f"token-{card.request_id}"


async def test_a_fresh_message_that_is_not_found_is_looked_for_again(home: ServicesHarness) -> None:
    await home.making()
    home.clock.advance(4)
    home.messenger.failures += [MessageGoneError(), MessageGoneError()]
    for _ in range(3):
        await home.tell()
        home.clock.advance(2)
    assert len(home.messenger.edits) == 1


@pytest.mark.parametrize("trouble", [MessageGoneError(), NoAccessError("50001")])
async def test_how_it_ended_is_told_elsewhere_when_the_status_is_out_of_reach(
    home: ServicesHarness, trouble: MessageGoneError | NoAccessError
) -> None:
    await failed(home)
    home.messenger.failures += [trouble] * (3 if isinstance(trouble, MessageGoneError) else 1)
    for _ in range(3):
        await home.tell()
        home.clock.advance(2)
    (ending,) = home.messenger.endings
    assert ending.target == ChannelTarget(CHANNEL)
    assert await home.tell() == 0


async def test_an_ending_goes_around_a_closed_channel_too(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await failed(home)
    home.messenger.failures += [
        NoAccessError("a"),
        NoAccessError("b"),
        TokenExpiredError(),
        NoAccessError("d"),
    ]
    await home.tell()
    assert not home.messenger.endings
    assert "the member could not be told how it ended" in caplog.text


async def test_a_lost_status_of_a_running_request_is_no_reason_to_shout(home: ServicesHarness) -> None:
    await home.making()
    home.clock.advance(4)
    home.messenger.failures += [NoAccessError("50001")]
    await home.tell()
    assert not home.messenger.endings


async def test_a_status_that_discord_refuses_is_not_sent_for_ever(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await home.making()
    home.clock.advance(4)
    home.messenger.failures += [InvalidMessageError("400")] * 2
    await home.tell()
    home.clock.advance(4)
    assert await home.tell() == 0
    assert "Discord refuses a status, a plainer one is tried: 400" in caplog.text


async def test_a_refused_status_is_told_without_what_people_wrote(home: ServicesHarness) -> None:
    await home.making()
    home.clock.advance(4)
    home.messenger.failures += [InvalidMessageError("200000")]
    await home.tell()
    assert home.messenger.edits[-1].form is MessageForm.BARE


async def test_an_ending_that_is_refused_everywhere_is_told_another_day(home: ServicesHarness) -> None:
    await failed(home)
    refused = InvalidMessageError("200000")
    home.messenger.failures += [refused] * (2 * 4)  # the edit, the channel, the follow-up, the member
    await home.tell()
    assert not home.messenger.endings
    home.clock.advance(60)
    home.messenger.failures += [NoAccessError("50001"), refused]
    await home.tell()
    assert [post.form for post in home.messenger.endings] == [MessageForm.BARE]


async def test_an_ending_that_nobody_ever_takes_is_told_to_the_operator(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await failed(home)
    home.messenger.failures += [InvalidMessageError("200000")] * 1000
    for _ in range(24):
        await home.tell()
        assert "the member could not be told" not in caplog.text
        home.clock.advance(3600)
    await home.tell()
    assert "the member could not be told how it ended" in caplog.text


async def test_a_notice_without_its_request_is_an_error_that_names_it(home: ServicesHarness) -> None:
    with pytest.raises(StoreError, match="request 7 is missing"):
        await home.store.read(get_request, 7)


async def test_the_id_of_a_status_message_is_learned_from_its_first_edit(home: ServicesHarness) -> None:
    card = await home.songs.place(SongOptions(playlist=PLAYLIST), home.asked())
    await home.songs.record_answer(card.request_id, None)  # the answer's reply was lost
    home.clock.advance(5)
    await home.tell()
    assert (await home.request(card.request_id)).address.message_id == home.messenger.status_id
    await home.submit()
    home.provider.finish("task-1")
    home.clock.advance(870)
    await home.follow()
    await home.tell()
    home.clock.advance(4)
    await home.tell()
    assert home.messenger.edits[-1].card.state is State.DELIVERED
    assert home.messenger.edits[-1].token is None


async def test_a_song_that_is_kept_is_told_elsewhere_when_the_status_is_out_of_reach(
    home: ServicesHarness,
) -> None:
    request_id = await home.ready()
    home.clock.advance(870)
    home.messenger.failures += [NoAccessError("50001")] * 4  # channel, member, status, channel
    await home.tell()
    home.clock.advance(4)
    await home.tell()
    (ending,) = home.messenger.endings
    assert ending.target == DirectMessageTarget(ADA)
    assert isinstance(ending.card, StatusCard)
    assert ending.card.state is State.UNDELIVERABLE
    assert (await home.request(request_id)).state is State.UNDELIVERABLE


async def test_an_ending_is_a_follow_up_once_at_most(home: ServicesHarness) -> None:
    await failed(home)
    closed, lost = NoAccessError("50001"), RetryableError("reset")
    home.messenger.lose_replies = True
    home.messenger.failures += [closed, closed, lost]  # status, channel, follow-up
    await home.tell()
    home.clock.advance(2)
    home.messenger.failures += [closed, closed]  # status, channel
    await home.tell()
    assert [type(ending.target) for ending in home.messenger.endings] == [FollowUpTarget, DirectMessageTarget]
    assert await home.tell() == 0
