from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.delivery.song_details import lyrics_message, recipe_message
from bot.chat.text.songs import INSTRUMENTAL, LYRICS_MISSING, PROMPT_ERASED
from bot.domain.provider_tasks import Clip
from bot.domain.requests import Origin, Request
from bot.services.cards import OriginCard
from bot.services.library.songs import SongDetails
from bot.storage.repositories.request_mapping import state_of_new
from tests.unit.chat.factories import check_sendable, fields
from tests.unit.storage.factories import NOW, new_request

HOSTILE = "# @everyone <@1>\n```py\nx\n```\n- [a](https://evil.example)\n> ||no||\n**loud**"


def clips(*lyrics: str | None, title: str | None = "Rain") -> list[Clip]:
    return [Clip(id=f"c{n}", title=title, lyrics=text) for n, text in enumerate(lyrics)]


def test_the_same_lyrics_are_shown_once_and_different_ones_by_clip() -> None:
    assert lyrics_message(clips("la\n\nla", "la\n\nla")).content == "**Rain**\nla\n\nla"
    both = lyrics_message(clips("la", "lo")).content
    assert both == "**Rain, clip 1**\nla\n\n**Rain, clip 2**\nlo"


def test_a_clip_without_lyrics_beside_one_with_some_says_so() -> None:
    content = lyrics_message(clips("", "la", title=None)).content
    assert content == f"**Untitled, clip 1**\n{INSTRUMENTAL}\n\n**Untitled, clip 2**\nla"


@pytest.mark.parametrize(
    ("lyrics", "words"), [(("", ""), INSTRUMENTAL), ((None, None), LYRICS_MISSING), ((), INSTRUMENTAL)]
)
def test_a_song_without_lyrics_says_why(lyrics: tuple[str | None, ...], words: str) -> None:
    assert lyrics_message(clips(*lyrics)).content == words


def test_hostile_lyrics_are_shown_as_they_are_written() -> None:
    message = lyrics_message(clips(HOSTILE))
    check_sendable(content=message.content)
    assert message.content.splitlines()[1:] == [
        r"\# \@everyone \<\@1\>",
        r"\`\`\`py",
        "x",
        r"\`\`\`",
        r"\- \[a\]\(https\://evil.example\)",
        r"\> \|\|no\|\|",
        r"\*\*loud\*\*",
    ]
    assert message.notifies is None


def test_long_lyrics_come_as_a_file() -> None:
    message = lyrics_message(clips("la " * 1000, "lo", title="*R*"))
    assert message.content == r"**\*R\***"
    (file,) = message.attachments
    assert file.data.decode().startswith("*R*, clip 1\n\nla la")
    assert file.data.decode().endswith("*R*, clip 2\n\nlo")
    assert file.name == "lyrics.txt"


def song(**facts: object) -> Request:
    new = new_request(1)
    usual = Request(
        id=1,
        guild_id=new.guild_id,
        user_id=new.user_id,
        spec=new.spec,
        cost=30,
        policy=new.policy,
        address=new.address,
        placed_at=NOW,
        state=state_of_new(new),
        version=1,
        accepted_at=NOW + timedelta(seconds=4),
        ended_at=NOW + timedelta(seconds=105),
        clips=tuple(clips("la", "la")),
    )
    return replace(usual, **facts)  # type: ignore[arg-type]  # any of its fields


def recipe(
    request: Request, origin: OriginCard | None = None
) -> tuple[str | None, dict[str | None, str | None]]:
    message = recipe_message(SongDetails(request, "Rainy *nights*", origin))
    check_sendable(embeds=message.embeds)
    return message.embeds[0].description, fields(message.embeds[0])


def test_a_recipe_has_the_options_as_they_were_given() -> None:
    prompt, shown = recipe(song(origin=Origin(5, 2)), OriginCard("*Sun*", 2))
    assert prompt == "a song with an emoji 🎵"
    assert shown["Playlist"] == (
        r"[Rainy \*nights\*](https://suno.com/playlist/0b8dbbf0-0000-4000-8000-000000000001)"
    )
    assert shown["Model"] == "v5.5"
    assert shown["Weights"] == "Style 55% (`0.55`)\nWeirdness 0% (`0`)"
    assert shown["Persona"] == "[this persona](https://suno.com/persona/persona_1)"
    assert shown["Like"] == r"*\*Sun\**, clip 2"
    assert shown["Time"] == "1:41, with the queue 1:45"
    assert (shown["Cost"] or "").startswith("30 credits")


def test_the_time_in_the_queue_is_left_out_where_there_was_none() -> None:
    _, shown = recipe(song(accepted_at=NOW + timedelta(milliseconds=300)))
    assert shown["Time"] == "1:44, with the queue 1:45"
    _, shown = recipe(song(accepted_at=NOW))
    assert shown["Time"] == "1:45"


def test_a_recipe_leaves_out_what_was_not_given() -> None:
    request = song(accepted_at=None)
    bare = replace(request.spec, prompt=None, style_weight=None, weirdness=None, persona_id=None)
    prompt, shown = recipe(replace(request, spec=bare, prompt_erased_at=NOW))
    assert prompt == PROMPT_ERASED
    assert list(shown) == ["Playlist", "Model", "Cost"]
    assert recipe(replace(request, spec=bare))[0] is None
    like = replace(bare, artist_clip_id="c0ffee00-0000-4000-8000-000000000001")
    assert "https://suno.com/song/c0ffee00" in str(recipe(replace(request, spec=like))[1]["Like"])
    assert recipe(request, OriginCard(None, 1))[1]["Like"] == "an earlier song, clip 1"


def test_a_prompt_that_does_not_fit_comes_as_a_file() -> None:
    request = song()
    long = replace(request, spec=replace(request.spec, prompt="*" * 5000))
    message = recipe_message(SongDetails(long, None, None))
    check_sendable(embeds=message.embeds)
    assert [file.data for file in message.attachments] == [b"*" * 5000]
    assert "[this playlist]" in (fields(message.embeds[0])["Playlist"] or "")
