from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import (
    MediaError,
    NoAccessError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.requests import Move, State
from bot.domain.tasks import Clip
from bot.services.cards import ResultCard
from bot.services.message_forms import MessageForm
from bot.services.moves import existing, make_move
from bot.services.outbox import NoticeKind
from bot.services.ports import AsFollowUp, InChannel, Media, ToMember
from bot.services.work import Work
from tests.fakes.media import FakeMedia
from tests.fakes.provider import two_clips
from tests.unit.services.house import ADA, CHANNEL, GUILD, House, house


async def test_the_result_is_one_post_with_both_files_and_then_the_status_links_to_it(home: House) -> None:
    request_id = await home.ready()
    home.clock.turn(4)
    await home.tell()
    (post,) = home.announcer.results
    assert isinstance(post.card, ResultCard)
    assert post.target == InChannel(CHANNEL)
    assert [clip.listen_url for clip in post.card.clips] == [clip.audio_url for clip in two_clips("task-1")]
    assert len([file for file in post.files if file]) == 2
    await home.tell()
    card = home.announcer.edits[-1].card
    assert card.state is State.DELIVERED
    assert card.result_url == (
        f"https://discord.com/channels/{GUILD}/{post.posted.channel_id}/{post.posted.message_id}"
    )
    assert (await home.request(request_id)).address.token is None  # a secret that nobody needs any more


async def test_a_lost_reply_does_not_post_twice(home: House) -> None:
    request_id = await home.ready()
    home.announcer.lose_replies = True
    home.announcer.failures += [TryLaterError("reset")]
    await home.tell()
    assert (await home.request(request_id)).state is State.READY
    home.clock.turn(10)
    await home.tell()
    assert len(home.announcer.results) == 1
    assert (await home.request(request_id)).state is State.DELIVERED


FOLLOW_UP_IS_LIMITED = (NoAccessError("50001"), TryLaterError("429", 600, not_taken=True))


async def test_a_follow_up_that_has_to_wait_for_long_is_a_direct_message(home: House) -> None:
    request_id = await home.ready()
    home.announcer.failures += FOLLOW_UP_IS_LIMITED
    await home.tell()
    assert [post.target for post in home.announcer.results] == [ToMember(ADA)]
    assert (await home.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("last", [NoAccessError("50007"), UnsendableError("400")])
async def test_a_follow_up_that_is_the_only_way_left_is_waited_for(
    home: House, last: NoAccessError | UnsendableError
) -> None:
    request_id = await home.ready()
    home.announcer.failures += [*FOLLOW_UP_IS_LIMITED, *[last] * 4]
    await home.tell()
    assert (await home.request(request_id)).state is State.READY
    home.announcer.failures.clear()
    home.clock.turn(599)
    await home.tell()
    assert home.announcer.results == []
    home.announcer.failures += [NoAccessError("50001")]
    home.clock.turn(2)
    await home.tell()
    (post,) = home.announcer.results
    assert isinstance(post.target, AsFollowUp)


@pytest.mark.parametrize(
    "limited", [TryLaterError("429", 10, not_taken=True), TryLaterError("reset", 600), TryLaterError("")]
)
async def test_what_may_have_been_taken_or_can_go_soon_is_sent_nowhere_else(
    home: House, limited: TryLaterError
) -> None:
    await home.ready()
    home.announcer.failures += [NoAccessError("50001"), limited]
    await home.tell()
    assert home.announcer.results == []


async def test_a_channel_that_has_to_wait_is_waited_for(home: House) -> None:
    await home.ready()
    home.announcer.failures += [TryLaterError("429", 600, not_taken=True)]
    await home.tell()
    assert home.announcer.results == []


async def test_files_that_cannot_be_had_leave_their_links(home: House) -> None:
    first, second = two_clips("task-1")
    home.media.files[first.audio_url or ""] = MediaError("HTTP 403")
    home.media.withheld.add(second.audio_url or "")
    await home.ready()
    await home.tell()
    (post,) = home.announcer.results
    assert post.files == (None, None)
    assert isinstance(post.card, ResultCard)
    assert [clip.listen_url for clip in post.card.clips] == [
        first.audio_url,
        f"https://suno.com/song/{second.id}",
    ]


@pytest.mark.parametrize("tries", [1, 4])
async def test_a_file_that_is_not_there_yet_is_waited_for(home: House, tries: int) -> None:
    first, _ = two_clips("task-1")
    home.media.files[first.audio_url or ""] = MediaError("HTTP 403", is_passing=True)
    await home.ready()
    for _ in range(tries):
        await home.tell()
        assert home.announcer.results == []
        home.clock.turn(16)
    del home.media.files[first.audio_url or ""]
    await home.tell()
    (post,) = home.announcer.results
    assert None not in post.files


async def test_a_file_that_does_not_come_for_half_a_minute_leaves_its_link(home: House) -> None:
    first, _ = two_clips("task-1")
    home.media.files[first.audio_url or ""] = MediaError("HTTP 403", is_passing=True)
    await home.ready()
    began = home.clock()
    while not home.announcer.results:
        home.clock.turn(1)
        await home.tell()
    assert 30 <= (home.clock() - began).total_seconds() <= 35
    (post,) = home.announcer.results
    assert isinstance(post.card, ResultCard)
    assert post.files[0] is None
    assert post.files[1] is not None
    assert post.card.clips[0].listen_url == first.audio_url
    assert home.media.fetched.count(first.audio_url or "") == 5


async def test_files_larger_than_the_channel_takes_are_left_out(home: House) -> None:
    first, _ = two_clips("task-1")
    home.media.files[first.audio_url or ""] = Media(bytes(10 * 2**20 + 1), "mp3")
    await home.ready()
    await home.tell()
    assert home.announcer.results[0].files[0] is None
    assert home.announcer.results[0].files[1] is not None


async def test_a_message_that_discord_refuses_with_files_goes_without(home: House) -> None:
    request_id = await home.ready()
    home.announcer.failures += [UnsendableError("400")]
    await home.tell()
    assert home.announcer.results[0].files == (None, None)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_the_largest_file_is_left_out_first(home: House) -> None:
    first, second = two_clips("task-1")
    sizes = {first.audio_url or "": 20, second.audio_url or "": 10}
    home.media.files |= {url: Media(bytes(size), "mp3") for url, size in sizes.items()}
    await home.ready()
    home.announcer.failures += [UnsendableError("413", is_too_large=True)]
    await home.tell()
    assert home.announcer.results[0].files == (None, Media(bytes(10), "mp3"))


async def test_files_that_are_each_too_large_are_left_out_one_by_one(home: House) -> None:
    await home.ready()
    home.announcer.failures += [UnsendableError("413", is_too_large=True)] * 2
    await home.tell()
    assert home.announcer.results[0].files == (None, None)


async def test_direct_messages_take_smaller_files_than_a_boosted_server(home: House) -> None:
    first, _ = two_clips("task-1")
    home.media.files[first.audio_url or ""] = Media(bytes(10 * 2**20 + 1), "mp3")
    request_id = await home.ready()

    def boost(work: Work) -> None:
        address = existing(work, request_id).address
        work.requests.set_address(request_id, replace(address, attachment_limit=50 * 2**20))

    await home.store.write(boost)
    home.announcer.failures += [NoAccessError("missing access")] * 2
    await home.tell()
    (post,) = home.announcer.results
    assert isinstance(post.target, ToMember)
    assert (post.files[0], post.files[1] is None) == (None, False)


@pytest.mark.parametrize("with_files", [True, False])
async def test_a_refused_result_is_posted_with_as_much_as_is_taken(home: House, with_files: bool) -> None:
    if not with_files:
        home.media.withheld |= {clip.audio_url or "" for clip in two_clips("task-1")}
    request_id = await home.ready()
    home.announcer.failures += [UnsendableError("200000")] * (3 if with_files else 2)
    await home.tell()
    (post,) = home.announcer.results
    assert (post.form, post.target) == (MessageForm.BARE, InChannel(CHANNEL))
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_of_files_that_are_too_large_together_the_largest_is_left_out(home: House) -> None:
    await home.ready()
    home.announcer.failures += [UnsendableError("413", is_too_large=True)]
    await home.tell()
    (post,) = home.announcer.results
    assert [media is None for media in post.files].count(True) == 1
    assert post.form is MessageForm.FULL


async def test_a_result_that_one_place_refuses_in_every_form_goes_to_the_next(home: House) -> None:
    await home.ready()
    home.announcer.failures += [UnsendableError("403")] * 4
    await home.tell()
    (post,) = home.announcer.results
    assert isinstance(post.target, AsFollowUp)


async def test_a_result_that_is_refused_everywhere_is_tried_for_about_a_day_and_then_kept(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.ready()
    home.announcer.failures += [UnsendableError("400")] * 1000
    for _ in range(24):
        await home.tell()
        assert (await home.request(request_id)).state is State.READY
        home.clock.turn(3600)
    await home.tell()
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert "OPERATOR: Discord refuses the song's message" in caplog.text
    assert (await home.credits()).used == 30


async def test_a_refusal_after_many_tries_that_failed_otherwise_is_not_the_last_word(home: House) -> None:
    request_id = await home.ready()
    home.announcer.failures += [TryLaterError("429", not_taken=True)] * 200
    for _ in range(40):
        await home.tell()
        home.clock.turn(300)
    home.announcer.failures.clear()
    home.announcer.failures += [UnsendableError("400")] * 20
    await home.tell()
    assert (await home.request(request_id)).state is State.READY


async def test_after_five_tries_the_links_go_alone(home: House) -> None:
    await home.ready()
    home.announcer.failures += [TryLaterError("reset")] * 6  # a status takes one of them
    for pause_s in (2, 4, 8, 16, 32, 0):
        await home.tell()
        home.clock.turn(pause_s)
    assert home.announcer.results[0].files == (None, None)


async def test_a_closed_channel_is_gone_around(home: House) -> None:
    request_id = await home.ready()
    home.announcer.failures += [NoAccessError("50001")]
    await home.tell()
    (post,) = home.announcer.results
    assert isinstance(post.target, AsFollowUp)
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_without_a_token_it_becomes_a_direct_message(home: House) -> None:
    request_id = await home.ready()
    home.clock.turn(870)
    home.announcer.failures += [NoAccessError("50001")]
    await home.tell()
    (post,) = home.announcer.results
    assert post.target == ToMember(ADA)
    await home.tell()
    url = home.announcer.edits[-1].card.result_url
    assert url is not None
    assert url.startswith("https://discord.com/channels/@me/")
    assert (await home.request(request_id)).state is State.DELIVERED


async def test_a_song_that_can_be_posted_nowhere_is_kept_and_the_operator_told(
    home: House, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await home.ready()
    home.announcer.failures += [NoAccessError("50001"), TokenDeadError(), NoAccessError("50007")]
    await home.tell()
    assert (await home.request(request_id)).state is State.UNDELIVERABLE
    assert "can be posted nowhere" in caplog.text
    home.clock.turn(4)
    await home.tell()
    assert home.announcer.edits[-1].card.state is State.UNDELIVERABLE


async def test_without_attachments_nothing_is_fetched(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.courier._delivery._attach_audio = False
        await home.ready()
        await home.tell()
        assert home.media.fetched == []
        assert home.announcer.results[0].files == (None, None)


async def test_a_repeated_notice_of_a_delivered_song_does_nothing(home: House) -> None:
    request_id = await home.ready()
    await home.tell()

    def again(work: Work) -> None:
        work.notices.touch(request_id, NoticeKind.RESULT, due_at=home.clock())

    await home.store.write(again)
    home.clock.turn(4)
    await home.tell()
    assert len(home.announcer.results) == 1


async def test_a_song_that_another_courier_delivered_meanwhile_is_left_alone(home: House) -> None:
    request_id = await home.ready()

    def deliver(work: Work) -> None:
        request = existing(work, request_id)
        make_move(work, request, Move.DELIVER, now=home.clock(), result_channel_id=1, result_message_id=2)

    class Overtaken(FakeMedia):
        async def fetch_audio(self, url: str, *, limit: int) -> Media:
            if url.endswith("-0.mp3"):
                await home.store.write(deliver)
            return await super().fetch_audio(url, limit=limit)

    home.courier._delivery._media = Overtaken()
    await home.tell()
    assert (await home.request(request_id)).result_message_id == 2


async def test_a_clip_without_links_is_still_delivered(home: House) -> None:
    await home.making()
    home.provider.finish("task-1", Clip(id="c1"), Clip(id="c 2/x"))
    home.clock.turn(31)
    await home.follow()
    await home.tell()
    card = home.announcer.results[0].card
    assert isinstance(card, ResultCard)
    assert [clip.listen_url for clip in card.clips] == [
        "https://suno.com/song/c1",
        "https://suno.com/song/c%202%2Fx",
    ]
    assert card.clips[0].clip == replace(card.clips[0].clip, title=None)
