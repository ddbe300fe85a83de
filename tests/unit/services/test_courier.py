import pytest

from bot.domain.errors import (
    MessageGoneError,
    NoAccessError,
    NotAcceptedError,
    StoreError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.requests import State
from bot.domain.songs import Order
from bot.services.cards import StatusCard
from bot.services.gate import Trouble
from bot.services.message_forms import MessageForm
from bot.services.moves import existing
from bot.services.outbox import NoticeKind
from bot.services.ports import AsFollowUp, InChannel, ToMember
from tests.unit.services.house import ADA, CHANNEL, GUILD, PLAYLIST, House


async def failed(home: House, *, after_s: float = 4) -> int:
    request_id = await home.making()
    home.provider.fail("task-1", "timeout")
    home.clock.turn(31)
    await home.follow()
    home.clock.turn(after_s)
    return request_id


async def test_a_status_is_edited_when_what_it_says_changes_and_not_otherwise(home: House) -> None:
    request_id = await home.making()
    assert await home.tell() == 0  # the first edit is at least four seconds after the answer
    home.clock.turn(4)
    await home.tell()
    assert [edit.card.state for edit in home.announcer.edits] == [State.MAKING]
    home.clock.turn(16)
    assert await home.tell() == 0
    home.clock.turn(6)
    await home.tell()
    assert [edit.card.quarters for edit in home.announcer.edits] == [0, 1]
    assert home.announcer.edits[-1].token == f"token-{request_id}"


async def test_a_waiting_request_is_told_its_new_place(home: House) -> None:
    await home.making()
    await home.making()
    waiting = await home.place()
    home.clock.turn(20)
    await home.tell()
    assert all(edit.card.request_id != waiting.request_id for edit in home.announcer.edits)
    more = await home.place(ADA + 1)
    await home.songs.cancel(waiting.request_id, guild_id=GUILD, user_id=ADA)
    home.clock.turn(20)
    await home.tell()
    assert (await home.songs.active_of(GUILD, ADA + 1))[0].position == 1
    assert more.position == 1  # turns go round: the other member was next all along


async def test_a_waiting_member_is_told_when_the_provider_is_out_of_reach_and_when_it_is_back(
    home: House,
) -> None:
    card = await home.place()
    home.provider.submit_answers.append(NotAcceptedError("connection refused"))
    await home.submit()
    home.clock.turn(4)
    await home.tell()
    assert home.announcer.edits[-1].card.pause is Trouble.OUTAGE
    assert home.announcer.edits[-1].card.expected_at is None
    home.clock.turn(5)
    await home.submit()
    await home.tell()
    assert home.announcer.edits[-1].card.state is State.MAKING
    assert home.announcer.edits[-1].card.request_id == card.request_id


async def test_a_pause_that_discord_asks_for_is_kept(home: House) -> None:
    await home.ready()
    home.clock.turn(4)
    await home.tell()
    home.announcer.failures += [TryLaterError("429", retry_after_s=50)]
    await home.tell()
    edits = len(home.announcer.edits)
    home.clock.turn(49)
    await home.tell()
    assert len(home.announcer.edits) == edits
    home.clock.turn(1)
    await home.tell()
    assert len(home.announcer.edits) == edits + 1


async def test_the_bot_token_takes_over_by_the_clock(home: House) -> None:
    request_id = await home.making()
    home.clock.turn(869)
    await home.tell()
    assert home.announcer.edits[-1].token == f"token-{request_id}"
    home.provider.finish("task-1")
    await home.follow()
    home.clock.turn(5)
    await home.tell()
    home.clock.turn(5)
    await home.tell()
    assert home.announcer.edits[-1].card.state is State.DELIVERED
    assert home.announcer.edits[-1].token is None


async def test_a_token_that_dies_early_is_forgotten_and_the_bot_token_used_at_once(home: House) -> None:
    request_id = await home.making()
    home.clock.turn(4)
    home.announcer.failures += [TokenDeadError()]
    await home.tell()
    assert home.announcer.edits[-1].token is None
    assert (await home.request(request_id)).address.token is None
    assert await home.courier.next_due_at() is not None
    home.provider.fail("task-1", "timeout")
    home.clock.turn(31)
    await home.follow()
    await home.tell()
    assert home.announcer.edits[-1].card.state is State.FAILED
    assert await home.courier.next_due_at() is None


LIMITED = TryLaterError("429", 600, not_taken=True)


async def test_the_bot_edits_while_the_token_has_to_wait_and_the_token_is_kept(home: House) -> None:
    request_id = await home.making()
    home.clock.turn(4)
    home.announcer.failures += [LIMITED]
    await home.tell()
    (edit,) = home.announcer.edits
    assert edit.token is None
    assert (await home.request(request_id)).address.token is not None


async def test_an_edit_waits_where_the_bot_cannot_make_it_either(home: House) -> None:
    card = await home.songs.place(Order(playlist=PLAYLIST), home.asked())
    home.clock.turn(4)
    await home.submit()
    home.announcer.failures += [LIMITED]  # the status message is known by the token alone
    await home.tell()
    assert home.announcer.edits == []
    assert (await home.request(card.request_id)).address.message_id is None
    await home.songs.answered(card.request_id, 5)
    home.clock.turn(601)
    home.announcer.failures += [TryLaterError("429", 10, not_taken=True)]
    await home.tell()
    assert home.announcer.edits == []


async def test_the_last_words_wait_for_a_token_where_the_channel_is_closed(home: House) -> None:
    await home.ready()
    await home.tell()
    home.clock.turn(4)
    home.announcer.failures += [LIMITED, NoAccessError("50001")]
    edits = len(home.announcer.edits)
    await home.tell()
    assert len(home.announcer.edits) == edits
    home.clock.turn(601)
    await home.tell()
    assert home.announcer.edits[-1].card.state is State.DELIVERED
    assert home.announcer.endings == []


async def test_how_it_ended_goes_around_a_token_that_has_to_wait(home: House) -> None:
    await failed(home)
    home.announcer.failures += [LIMITED, *[NoAccessError("50001")] * 2, LIMITED]
    await home.tell()
    assert [post.target for post in home.announcer.endings] == [ToMember(ADA)]


async def test_how_it_ended_waits_for_a_token_where_no_other_way_is_open(home: House) -> None:
    await failed(home)
    home.announcer.failures += [*[NoAccessError("50001")] * 2, LIMITED, NoAccessError("50007")]
    await home.tell()
    assert home.announcer.endings == []
    home.announcer.failures += [NoAccessError("50001")] * 2
    home.clock.turn(601)
    await home.tell()
    (post,) = home.announcer.endings
    assert isinstance(post.target, AsFollowUp)


@pytest.mark.parametrize("limited", [TryLaterError("429", 10, not_taken=True), TryLaterError("reset", 600)])
async def test_an_ending_that_may_stand_there_or_can_go_soon_is_told_nowhere_else(
    home: House, limited: TryLaterError
) -> None:
    await failed(home)
    home.announcer.failures += [*[NoAccessError("50001")] * 2, limited]
    await home.tell()
    assert home.announcer.endings == []


async def test_a_token_is_kept_while_the_command_is_not_answered_yet(home: House) -> None:
    card = await home.songs.place(Order(playlist=PLAYLIST), home.asked())
    await home.store.write(
        lambda work: work.notices.touch(card.request_id, NoticeKind.STATUS, due_at=home.clock())
    )
    home.clock.turn(4)
    home.announcer.failures += [TokenDeadError()]
    await home.tell()
    assert (await home.request(card.request_id)).address.token is not None
    home.clock.turn(4)
    await home.tell()
    assert home.announcer.edits[-1].token == f"token-{card.request_id}"


async def test_a_fresh_message_that_is_not_found_is_looked_for_again(home: House) -> None:
    await home.making()
    home.clock.turn(4)
    home.announcer.failures += [MessageGoneError(), MessageGoneError()]
    for _ in range(3):
        await home.tell()
        home.clock.turn(2)
    assert len(home.announcer.edits) == 1


@pytest.mark.parametrize("trouble", [MessageGoneError(), NoAccessError("50001")])
async def test_how_it_ended_is_told_elsewhere_when_the_status_is_out_of_reach(
    home: House, trouble: MessageGoneError | NoAccessError
) -> None:
    await failed(home)
    home.announcer.failures += [trouble] * (3 if isinstance(trouble, MessageGoneError) else 1)
    for _ in range(3):
        await home.tell()
        home.clock.turn(2)
    (ending,) = home.announcer.endings
    assert ending.target == InChannel(CHANNEL)
    assert await home.tell() == 0


async def test_an_ending_goes_around_a_closed_channel_too(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    await failed(home)
    home.announcer.failures += [
        NoAccessError("a"),
        NoAccessError("b"),
        TokenDeadError(),
        NoAccessError("d"),
    ]
    await home.tell()
    assert not home.announcer.endings
    assert "the member could not be told how it ended" in caplog.text


async def test_a_lost_status_of_a_running_request_is_no_reason_to_shout(home: House) -> None:
    await home.making()
    home.clock.turn(4)
    home.announcer.failures += [NoAccessError("50001")]
    await home.tell()
    assert not home.announcer.endings


async def test_a_status_that_discord_refuses_is_not_sent_for_ever(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    await home.making()
    home.clock.turn(4)
    home.announcer.failures += [UnsendableError("400")] * 2
    await home.tell()
    home.clock.turn(4)
    assert await home.tell() == 0
    assert "Discord refuses a status, a plainer one is tried: 400" in caplog.text


async def test_a_refused_status_is_told_without_what_people_wrote(home: House) -> None:
    await home.making()
    home.clock.turn(4)
    home.announcer.failures += [UnsendableError("200000")]
    await home.tell()
    assert home.announcer.edits[-1].form is MessageForm.BARE


async def test_an_ending_that_is_refused_everywhere_is_told_another_day(home: House) -> None:
    await failed(home)
    refused = UnsendableError("200000")
    home.announcer.failures += [refused] * (2 * 4)  # the edit, the channel, the follow-up, the member
    await home.tell()
    assert not home.announcer.endings
    home.clock.turn(60)
    home.announcer.failures += [NoAccessError("50001"), refused]
    await home.tell()
    assert [post.form for post in home.announcer.endings] == [MessageForm.BARE]


async def test_an_ending_that_nobody_ever_takes_is_told_to_the_operator(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    await failed(home)
    home.announcer.failures += [UnsendableError("200000")] * 1000
    for _ in range(24):
        await home.tell()
        assert "the member could not be told" not in caplog.text
        home.clock.turn(3600)
    await home.tell()
    assert "the member could not be told how it ended" in caplog.text


async def test_a_notice_without_its_request_is_an_error_that_names_it(home: House) -> None:
    with pytest.raises(StoreError, match="request 7 is missing"):
        await home.store.read(existing, 7)


async def test_the_id_of_a_status_message_is_learned_from_its_first_edit(home: House) -> None:
    card = await home.songs.place(Order(playlist=PLAYLIST), home.asked())
    await home.songs.answered(card.request_id, None)  # the answer's reply was lost
    home.clock.turn(5)
    await home.tell()
    assert (await home.request(card.request_id)).address.message_id == home.announcer.status_id
    await home.submit()
    home.provider.finish("task-1")
    home.clock.turn(870)
    await home.follow()
    await home.tell()
    home.clock.turn(4)
    await home.tell()
    assert home.announcer.edits[-1].card.state is State.DELIVERED
    assert home.announcer.edits[-1].token is None


async def test_a_song_that_is_kept_is_told_elsewhere_when_the_status_is_out_of_reach(home: House) -> None:
    request_id = await home.ready()
    home.clock.turn(870)
    home.announcer.failures += [NoAccessError("50001")] * 4  # channel, member, status, channel
    await home.tell()
    home.clock.turn(4)
    await home.tell()
    (ending,) = home.announcer.endings
    assert ending.target == ToMember(ADA)
    assert isinstance(ending.card, StatusCard)
    assert ending.card.state is State.UNDELIVERABLE
    assert (await home.request(request_id)).state is State.UNDELIVERABLE


async def test_an_ending_is_a_follow_up_once_at_most(home: House) -> None:
    await failed(home)
    closed, lost = NoAccessError("50001"), TryLaterError("reset")
    home.announcer.lose_replies = True
    home.announcer.failures += [closed, closed, lost]  # status, channel, follow-up
    await home.tell()
    home.clock.turn(2)
    home.announcer.failures += [closed, closed]  # status, channel
    await home.tell()
    assert [type(ending.target) for ending in home.announcer.endings] == [AsFollowUp, ToMember]
    assert await home.tell() == 0
