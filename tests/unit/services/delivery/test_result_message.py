from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.errors import (
    InvalidMessageError,
    MediaError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.provider_tasks import Clip
from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.services.cards import ResultCard
from bot.services.ports import (
    ChannelTarget,
    DirectMessageTarget,
    FollowUpTarget,
    Media,
    MessageForm,
    SongTags,
)
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.unit_of_work import UnitOfWork
from tests.fakes.media import FakeMedia
from tests.fakes.provider import LYRICS, two_clips
from tests.harness.services import ADA, CHANNEL, GUILD, PLAYLIST, ServicesHarness, services_harness


async def test_the_result_is_one_post_with_both_files_and_then_the_status_links_to_it(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_finish()
    harness.clock.advance(4)
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert isinstance(post.card, ResultCard)
    assert post.target == ChannelTarget(CHANNEL)
    assert [clip.listen_url for clip in post.card.clips] == [clip.audio_url for clip in two_clips("task-1")]
    assert len([file for file in post.files if file]) == 2
    await harness.dispatch()
    card = harness.messenger.edits[-1].card
    assert card.state is State.DELIVERED
    assert card.result_url == (
        f"https://discord.com/channels/{GUILD}/{post.posted.channel_id}/{post.posted.message_id}"
    )
    assert (await harness.request(request_id)).address.token is None  # a secret that nobody needs any more


async def test_files_have_tags_of_which_the_album_is_the_saved_playlist(harness: ServicesHarness) -> None:
    await harness.playlists.add(harness.actor(), "Rainy nights", PLAYLIST)
    request_id = await harness.place_and_finish()
    await harness.dispatch()
    first, second = (await harness.request(request_id)).clips
    one, two = harness.media.tags
    assert one == SongTags(
        title="Slow Harbour",
        track="1/2",
        album="Rainy nights",
        style="lo-fi, warm",
        lyrics=LYRICS,
        page=f"https://suno.com/song/{first.id}",
        cover_url=first.image_url,
    )
    assert two is not None
    assert (two.track, two.cover_url) == ("2/2", second.image_url)


async def test_a_lost_reply_does_not_post_twice(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.lose_replies = True
    harness.messenger.failures += [RetryableError("reset")]
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.READY
    harness.clock.advance(10)
    await harness.dispatch()
    assert len(harness.messenger.results) == 1
    assert (await harness.request(request_id)).state is State.DELIVERED


FOLLOW_UP_IS_LIMITED = (NoAccessError("50001"), RetryableError("429", 600, not_taken=True))


async def test_a_follow_up_that_has_to_wait_for_long_is_a_direct_message(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += FOLLOW_UP_IS_LIMITED
    await harness.dispatch()
    assert [post.target for post in harness.messenger.results] == [DirectMessageTarget(ADA)]
    assert (await harness.request(request_id)).state is State.DELIVERED


@pytest.mark.parametrize("last", [NoAccessError("50007"), InvalidMessageError("400")])
async def test_a_follow_up_that_is_the_only_way_left_is_waited_for(
    harness: ServicesHarness, last: NoAccessError | InvalidMessageError
) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [*FOLLOW_UP_IS_LIMITED, *[last] * 4]
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.READY
    harness.messenger.failures.clear()
    harness.clock.advance(599)
    await harness.dispatch()
    assert harness.messenger.results == []
    harness.messenger.failures += [NoAccessError("50001")]
    harness.clock.advance(2)
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert isinstance(post.target, FollowUpTarget)


@pytest.mark.parametrize(
    "limited", [RetryableError("429", 10, not_taken=True), RetryableError("reset", 600), RetryableError("")]
)
async def test_what_may_have_been_taken_or_can_go_soon_is_sent_nowhere_else(
    harness: ServicesHarness, limited: RetryableError
) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += [NoAccessError("50001"), limited]
    await harness.dispatch()
    assert harness.messenger.results == []


async def test_a_channel_that_has_to_wait_is_waited_for(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += [RetryableError("429", 600, not_taken=True)]
    await harness.dispatch()
    assert harness.messenger.results == []


async def test_files_that_cannot_be_had_leave_their_links(harness: ServicesHarness) -> None:
    first, second = two_clips("task-1")
    harness.media.files[first.audio_url or ""] = MediaError("HTTP 403")
    harness.media.withheld.add(second.audio_url or "")
    await harness.place_and_finish()
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert post.files == (None, None)
    assert isinstance(post.card, ResultCard)
    assert [clip.listen_url for clip in post.card.clips] == [
        first.audio_url,
        f"https://suno.com/song/{second.id}",
    ]


@pytest.mark.parametrize("tries", [1, 4])
async def test_a_file_that_is_not_there_yet_is_waited_for(harness: ServicesHarness, tries: int) -> None:
    first, _ = two_clips("task-1")
    harness.media.files[first.audio_url or ""] = MediaError("HTTP 403", is_passing=True)
    await harness.place_and_finish()
    for _ in range(tries):
        await harness.dispatch()
        assert harness.messenger.results == []
        harness.clock.advance(16)
    del harness.media.files[first.audio_url or ""]
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert None not in post.files


async def test_a_file_that_does_not_come_for_half_a_minute_leaves_its_link(harness: ServicesHarness) -> None:
    first, _ = two_clips("task-1")
    harness.media.files[first.audio_url or ""] = MediaError("HTTP 403", is_passing=True)
    await harness.place_and_finish()
    began = harness.clock()
    while not harness.messenger.results:
        harness.clock.advance(1)
        await harness.dispatch()
    assert 30 <= (harness.clock() - began).total_seconds() <= 35
    (post,) = harness.messenger.results
    assert isinstance(post.card, ResultCard)
    assert post.files[0] is None
    assert post.files[1] is not None
    assert post.card.clips[0].listen_url == first.audio_url
    assert harness.media.fetched.count(first.audio_url or "") == 5


async def test_files_larger_than_the_channel_takes_are_left_out(harness: ServicesHarness) -> None:
    first, _ = two_clips("task-1")
    harness.media.files[first.audio_url or ""] = Media(bytes(10 * 2**20 + 1), "mp3")
    await harness.place_and_finish()
    await harness.dispatch()
    assert harness.messenger.results[0].files[0] is None
    assert harness.messenger.results[0].files[1] is not None


async def test_a_message_that_discord_refuses_with_files_goes_without(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("400")]
    await harness.dispatch()
    assert harness.messenger.results[0].files == (None, None)
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_the_largest_file_is_left_out_first(harness: ServicesHarness) -> None:
    first, second = two_clips("task-1")
    sizes = {first.audio_url or "": 20, second.audio_url or "": 10}
    harness.media.files |= {url: Media(bytes(size), "mp3") for url, size in sizes.items()}
    await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("413", is_too_large=True)]
    await harness.dispatch()
    assert harness.messenger.results[0].files == (None, Media(bytes(10), "mp3"))


async def test_files_that_are_each_too_large_are_left_out_one_by_one(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("413", is_too_large=True)] * 2
    await harness.dispatch()
    assert harness.messenger.results[0].files == (None, None)


async def test_direct_messages_take_smaller_files_than_a_boosted_server(harness: ServicesHarness) -> None:
    first, _ = two_clips("task-1")
    harness.media.files[first.audio_url or ""] = Media(bytes(10 * 2**20 + 1), "mp3")
    request_id = await harness.place_and_finish()

    def boost(uow: UnitOfWork) -> None:
        address = get_request(uow, request_id).address
        uow.requests.set_address(request_id, replace(address, attachment_limit=50 * 2**20))

    await harness.store.write(boost)
    harness.messenger.failures += [NoAccessError("missing access")] * 2
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert isinstance(post.target, DirectMessageTarget)
    assert (post.files[0], post.files[1] is None) == (None, False)


@pytest.mark.parametrize("with_files", [True, False])
async def test_a_refused_result_is_posted_with_as_much_as_is_taken(
    harness: ServicesHarness, with_files: bool
) -> None:
    if not with_files:
        harness.media.withheld |= {clip.audio_url or "" for clip in two_clips("task-1")}
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("200000")] * (3 if with_files else 2)
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert (post.form, post.target) == (MessageForm.BARE, ChannelTarget(CHANNEL))
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_of_files_that_are_too_large_together_the_largest_is_left_out(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("413", is_too_large=True)]
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert [media is None for media in post.files].count(True) == 1
    assert post.form is MessageForm.FULL


async def test_a_result_that_one_place_refuses_in_every_form_goes_to_the_next(
    harness: ServicesHarness,
) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("403")] * 4
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert isinstance(post.target, FollowUpTarget)


async def test_a_result_that_is_refused_everywhere_is_tried_for_about_a_day_and_then_kept(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [InvalidMessageError("400")] * 1000
    for _ in range(24):
        await harness.dispatch()
        assert (await harness.request(request_id)).state is State.READY
        harness.clock.advance(3600)
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE
    assert "OPERATOR: Discord refuses the song's message" in caplog.text
    assert (await harness.credits()).used == 30


async def test_a_refusal_after_many_tries_that_failed_otherwise_is_not_the_last_word(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [RetryableError("429", not_taken=True)] * 200
    for _ in range(40):
        await harness.dispatch()
        harness.clock.advance(300)
    harness.messenger.failures.clear()
    harness.messenger.failures += [InvalidMessageError("400")] * 20
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.READY


async def test_after_five_tries_the_links_go_alone(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    harness.messenger.failures += [RetryableError("reset")] * 6  # a status takes one of them
    for pause_s in (2, 4, 8, 16, 32, 0):
        await harness.dispatch()
        harness.clock.advance(pause_s)
    assert harness.messenger.results[0].files == (None, None)


async def test_a_closed_channel_is_gone_around(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [NoAccessError("50001")]
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert isinstance(post.target, FollowUpTarget)
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_without_a_token_it_becomes_a_direct_message(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    harness.clock.advance(870)
    harness.messenger.failures += [NoAccessError("50001")]
    await harness.dispatch()
    (post,) = harness.messenger.results
    assert post.target == DirectMessageTarget(ADA)
    await harness.dispatch()
    url = harness.messenger.edits[-1].card.result_url
    assert url is not None
    assert url.startswith("https://discord.com/channels/@me/")
    assert (await harness.request(request_id)).state is State.DELIVERED


async def test_a_song_that_can_be_posted_nowhere_is_kept_and_the_operator_told(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    request_id = await harness.place_and_finish()
    harness.messenger.failures += [NoAccessError("50001"), TokenExpiredError(), NoAccessError("50007")]
    await harness.dispatch()
    assert (await harness.request(request_id)).state is State.UNDELIVERABLE
    assert "can be posted nowhere" in caplog.text
    harness.clock.advance(4)
    await harness.dispatch()
    assert harness.messenger.edits[-1].card.state is State.UNDELIVERABLE


async def test_without_attachments_nothing_is_fetched(tmp_path: Path) -> None:
    async with services_harness(tmp_path) as harness:
        harness.dispatcher._delivery._attach_audio = False
        await harness.place_and_finish()
        await harness.dispatch()
        assert harness.media.fetched == []
        assert harness.messenger.results[0].files == (None, None)


async def test_a_repeated_message_of_a_delivered_song_does_nothing(harness: ServicesHarness) -> None:
    request_id = await harness.place_and_finish()
    await harness.dispatch()

    def again(uow: UnitOfWork) -> None:
        uow.outbox.mark_due(request_id, MessageKind.RESULT, due_at=harness.clock())

    await harness.store.write(again)
    harness.clock.advance(4)
    await harness.dispatch()
    assert len(harness.messenger.results) == 1


async def test_a_song_that_another_dispatcher_delivered_meanwhile_is_left_alone(
    harness: ServicesHarness,
) -> None:
    request_id = await harness.place_and_finish()

    def deliver(uow: UnitOfWork) -> None:
        request = get_request(uow, request_id)
        apply_transition(
            uow, request, Transition.DELIVER, now=harness.clock(), result_channel_id=1, result_message_id=2
        )

    class Overtaken(FakeMedia):
        async def fetch_audio(self, url: str, *, limit: int, tags: SongTags | None = None) -> Media:
            if url.endswith("-0.mp3"):
                await harness.store.write(deliver)
            return await super().fetch_audio(url, limit=limit, tags=tags)

    harness.dispatcher._delivery._media = Overtaken()
    await harness.dispatch()
    assert (await harness.request(request_id)).result_message_id == 2


async def test_a_clip_without_links_is_still_delivered(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    harness.provider.finish("task-1", Clip(id="c1"), Clip(id="c 2/x"))
    harness.clock.advance(31)
    await harness.poll()
    await harness.dispatch()
    card = harness.messenger.results[0].card
    assert isinstance(card, ResultCard)
    assert [clip.listen_url for clip in card.clips] == [
        "https://suno.com/song/c1",
        "https://suno.com/song/c%202%2Fx",
    ]
    assert card.clips[0].clip == replace(card.clips[0].clip, title=None)
