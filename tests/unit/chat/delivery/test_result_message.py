from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.delivery.result_message import UPLOAD_LIMIT, result_message, song_message, within_request
from bot.chat.messages.rendered import Attachment
from bot.chat.text.formatting import DASH
from bot.chat.text.songs import CLIP_INCOMPLETE, NO_FILE, ONE_CLIP, file_missing
from bot.domain.provider_tasks import Clip
from bot.domain.songs import Loves
from bot.services.cards import ClipCard, OriginCard
from bot.services.ports import Media
from tests.unit.chat.factories import (
    CLIPS,
    MEMBER,
    PLAYLIST,
    check_sendable,
    clip,
    labels,
    links,
    result,
)

SONG = Media(b"song", "mp3")
HEARTS = ["♥ 1 · 0", "♥ 2 · 0"]
LAST = ["Again · 30", "Lyrics", "More..."]
OWN = [*HEARTS, *LAST]


def test_each_clip_has_an_embed_with_its_own_address_and_one_line() -> None:
    message = result_message(result(), (SONG, SONG))
    assert [embed.url for embed in message.embeds] == [f"https://suno.com/song/{one}" for one in CLIPS]
    first = message.embeds[0]
    assert first.title == "1 · Night Drive"
    assert first.thumbnail.url == "https://cdn.example/1.jpeg"
    assert first.description == "1:31 · synthwave, night · [listen](<https://cdn.example/1.mp3>)"
    assert (first.fields, first.image.url, first.footer.text) == ([], None, None)


def test_the_saved_playlist_is_named_and_the_prompts_beginning_quoted() -> None:
    card = replace(result(), playlist_name="Lo-fi *nights*", prompt_quote="rain\n> on " + "glass " * 40)
    first, second = result_message(card, (SONG, SONG)).content.splitlines()
    assert f"[Lo-fi \\*nights\\*](<https://suno.com/playlist/{PLAYLIST}>)" in first
    assert second.startswith("> rain \\> on glass")
    assert len(second) <= 102


def test_the_requester_is_mentioned_and_the_playlist_linked_without_a_preview() -> None:
    content = result_message(result(), (SONG, SONG)).content
    assert content.startswith(f"<@{MEMBER}> ")
    assert f"(<https://suno.com/playlist/{PLAYLIST}>)" in content


def test_a_bare_clip_still_makes_an_embed() -> None:
    bare = ClipCard(clip=Clip(id=CLIPS[0]), listen_url="https://cdn.example/1.mp3", cover_url=None)
    message = result_message(result(bare), (SONG,))
    assert message.embeds[0].title == "Untitled"
    assert message.embeds[0].description == f"{DASH} · [listen](<https://cdn.example/1.mp3>)"
    assert message.embeds[0].thumbnail.url is None
    assert labels(message.view) == [HEARTS[0], *LAST]


def test_only_a_clip_without_its_file_has_a_link_button() -> None:
    card = result(clip(1), clip(2, listen_url="https://cdn.example/2.mp3"))
    assert labels(result_message(card, (SONG, SONG)).view) == OWN
    half = result_message(card, (SONG, None)).view
    assert labels(half) == ["Listen to 2", *OWN]
    assert links(half)[0] == "https://cdn.example/2.mp3"
    none = result_message(card, ()).view
    assert labels(none) == ["Listen to 1", "Listen to 2", *OWN]


def test_the_buttons_survive_a_restart_and_nothing_is_kept_of_them_in_memory() -> None:
    view = result_message(result(), ()).view
    assert view.timeout is None
    assert not view.is_dispatchable()


def test_in_a_direct_message_there_are_links_only() -> None:
    assert all(links(result_message(result(), (), in_server=False).view))


def test_a_song_is_shown_again_with_its_loves_and_without_its_files() -> None:
    message = song_message(replace(result(), loves=Loves(1234, (1000, 9))), ())
    assert message.content.splitlines() == [
        f"A song from [this playlist](<https://suno.com/playlist/{PLAYLIST}>), requested by <@{MEMBER}>.",
    ]
    assert labels(message.view)[2:4] == ["♥ 1 · 1,000", "♥ 2 · 9"]
    assert len(message.embeds) == 2
    assert not message.attachments
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)


def test_an_address_that_no_button_takes_gives_way_to_the_songs_page() -> None:
    view = result_message(result(clip(1, listen_url="https://cdn.example/" + "x" * 600)), ()).view
    assert links(view)[0] == f"https://suno.com/song/{CLIPS[0]}"


def test_a_clip_without_any_address_has_no_button() -> None:
    nowhere = ClipCard(clip=Clip(id="?"), listen_url="nowhere", cover_url="data:image/png")
    message = result_message(result(nowhere), ())
    assert labels(message.view) == [HEARTS[0], *LAST]
    assert message.embeds[0].url is None
    assert message.embeds[0].description == DASH
    assert message.embeds[0].thumbnail.url is None


def test_a_song_says_which_it_is_like_and_whether_it_is_explicit() -> None:
    loud = clip(1)
    card = replace(
        result(replace(loud, clip=replace(loud.clip, explicit=True)), clip(2)), origin=OriginCard("*Sun*", 2)
    )
    message = result_message(card, ())
    assert r"-# Like *\*Sun\**, clip 2" in message.content
    assert ["explicit" in str(embed.description) for embed in message.embeds] == [True, False]
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)


def test_files_are_described_for_screen_readers() -> None:
    files = (Media(b"ID3", "mp3"), Media(b"ID3", "mp3"))
    message = result_message(result(clip(1, title="x" * 2000), clip(2, duration_s=None, title=None)), files)
    one, two = (str(file.description) for file in message.attachments)
    assert one.endswith("…, clip 1 of 2, 1:31")
    assert len(one) <= 1024
    assert two == "Audio: Untitled, clip 2 of 2"
    (alone,) = result_message(result(clip(1)), files[:1]).attachments
    assert alone.description == "Audio: Night Drive, 1:31"


def test_files_carry_their_clips_name() -> None:
    message = result_message(result(clip(1, title="One"), clip(2, title="Two")), (None, SONG))
    assert message.attachments == [Attachment("two-2.mp3", SONG.data, "Audio: Two, clip 2 of 2, 1:31")]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ((SONG, SONG), None),
        ((SONG, None), file_missing("2")),
        ((None, None), NO_FILE),
        ((), None),
    ],
)
def test_a_file_that_is_missing_is_spoken_of(files: tuple[Media | None, ...], says: str | None) -> None:
    content = result_message(result(), files).content
    assert ("attached" in content) is (says is not None)
    assert says is None or says in content


def test_half_a_song_says_so() -> None:
    assert ONE_CLIP in result_message(result(clip(1), partial=True), (SONG,)).content
    assert CLIP_INCOMPLETE in result_message(result(partial=True), (SONG, SONG)).content
    assert len(result_message(result(), (SONG, SONG)).content.splitlines()) == 1


def test_a_result_without_clips_can_still_be_sent() -> None:
    message = result_message(replace(result(), clips=()), ())
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)


def test_files_beyond_one_request_are_left_out() -> None:
    large, rest = Media(b"x" * (UPLOAD_LIMIT - 10), "mp3"), Media(b"x" * 10, "mp3")
    assert within_request((large, rest)) == (large, rest)
    assert within_request((large, Media(b"x" * 11, "mp3"), rest)) == (large, None, rest)


def test_an_empty_file_is_not_attached() -> None:
    assert within_request((Media(b"", "mp3"), None)) == (None, None)


clips = st.builds(
    ClipCard,
    clip=st.builds(
        Clip,
        id=st.uuids().map(str) | st.text(max_size=150),
        title=st.none() | st.text(max_size=400) | st.just("*" * 400) | st.just("@everyone 🎤" * 60),
        duration_s=st.none() | st.floats(),
        tags=st.lists(st.text(max_size=60) | st.just("_[x](https://y)_" * 20), max_size=30).map(tuple),
        model=st.none() | st.text(max_size=100) | st.just("|" * 90),
    ),
    listen_url=st.text(max_size=50)
    | st.just("https://cdn.example/1.mp3")
    | st.just("https://a/" + "x" * 3000),
    cover_url=st.none() | st.text(max_size=50) | st.just("https://a/" + "x" * 2000),
)
media = st.none() | st.builds(Media, st.binary(max_size=8), st.text(max_size=8))


@given(st.lists(clips, max_size=12), st.lists(media, max_size=12), st.booleans())
def test_every_result_is_within_discords_limits(
    cards: list[ClipCard], files: list[Media | None], partial: bool
) -> None:
    message = result_message(replace(result(partial=partial), clips=tuple(cards)), tuple(files))
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)
    assert len(message.attachments) <= 10
    assert len({one.name for one in message.attachments}) == len(message.attachments)


def test_the_longest_legal_clips_fit_together() -> None:
    longest = clip(1, title="*" * 400, tags=("_" * 400,), listen_url="https://a/" + "x" * 502)
    message = result_message(result(*[longest] * 10), ())
    check_sendable(content=message.content, embeds=message.embeds, view=message.view)
    assert len(message.embeds) == 10
