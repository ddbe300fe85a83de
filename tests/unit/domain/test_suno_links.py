from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import ClipError, LinkKind, PersonaError, PlaylistError
from bot.domain.song_options import parse_clip, parse_persona, parse_playlist
from bot.domain.suno_links import find_link

ID = "119573ff-8e48-4c1d-9a1b-0123456789ab"
OTHER_ID = "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907"
READERS: dict[str, tuple[Callable[[str], str], LinkKind]] = {
    "playlist": (parse_playlist, LinkKind.PLAYLIST_LINK),
    "song": (parse_clip, LinkKind.SONG_LINK),
    "persona": (parse_persona, LinkKind.PERSONA_LINK),
}
FORMS = [
    "{id}",
    "{section} id: {id}",
    "{section}/{id}",
    "https://suno.com/{section}/{id}",
    "http://www.suno.com/{section}/{id}/",
    "https://app.suno.ai/{section}/{id}",
    "www.suno.ai/{section}/{id}?sh=a%20b&x=1#top",
    "HTTPS://SUNO.COM/{section}/{id}",
    "https:/suno.com/{section}/{id}",
    "//suno.com/{section}/{id}",
    "suno.com./{section}/{id}",
    "https://suno.com:443/en/{section}/{id}",
    "https://studio-api.suno.ai/api/{section}/{id}/?page=1",
]
WRAPPERS = [
    "<{}>",
    "{}.",
    "{},",
    "({})",
    '"{}"',
    "\u201c{}\u201d",
    "\u00ab{}\u00bb",
    "`{}`",
    "```{}```",
    "||{}||",
    "**{}**",
    "__{}__",
    "~~{}~~",
    "> {}",
    "{}!",
    "  {}\n",
    "\ufeff{}",
    "\u200e{}\u200f",
    "\u202a{}\u202c",
    "\u200b{}\u2060",
    "\u3164{}\u2800",
    "{}\x00",
]
AROUND_LINKS = [
    "Listen to this on Suno: {}",
    "{} is all that I heard this week, e.g. at night (50% rain)",
    "[my favourites]({})",
    "see https://example.org/a.html and then {}",
    "\u5feb\u6765\u542c{}\uff0c\u5f88\u597d",
]


@pytest.mark.parametrize("section", READERS)
@given(st.data())
def test_whatever_stands_around_it_the_id_is_found(section: str, data: st.DataObject) -> None:
    found = str(data.draw(st.uuids()))
    spelling = data.draw(st.sampled_from([found, found.upper(), UUID(found).hex]))
    form = data.draw(st.sampled_from(FORMS))
    text = form.format(section=section, id=spelling)
    if data.draw(st.booleans()):
        text = quote(text, safe=data.draw(st.sampled_from(["", ":/"])))
    around = WRAPPERS + (AROUND_LINKS if "suno." in form else [])
    for wrapper in data.draw(st.lists(st.sampled_from(around), max_size=4)):
        text = wrapper.format(text)
    assert READERS[section][0](text) == found


@given(st.text(max_size=80), st.sampled_from(sorted(READERS)))
def test_nothing_else_is_ever_accepted(text: str, section: str) -> None:
    reader, _ = READERS[section]
    try:
        found = reader(text)
    except (PlaylistError, ClipError, PersonaError):
        return
    assert found.replace("-", "") in text.lower().replace("-", "")


@pytest.mark.parametrize("wanted", READERS)
@pytest.mark.parametrize("given_", READERS)
def test_another_kind_of_page_is_named(wanted: str, given_: str) -> None:
    for text in (f"https://suno.com/{given_}/{ID}", f"{given_}: {ID}", f"look: suno.com/{given_}/{ID}."):
        kind, found = find_link(text, READERS[wanted][1])
        assert (kind, found is not None) == (READERS[given_][1], wanted == given_ or "suno" in text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"https://suno.com/playlist/{ID} https://suno.com/playlist/{OTHER_ID}", LinkKind.SEVERAL),
        (f"{ID} {OTHER_ID}", LinkKind.SEVERAL),
        (f"https://suno.com/playlist/{ID}0", LinkKind.PLAYLIST_LINK),
        (f"https://suno.com/playlist/{ID}Check", LinkKind.PLAYLIST_LINK),
        ("https://suno.com/playlist/liked", LinkKind.PLAYLIST_LINK),
        ("https://suno.com/song/119573ff", LinkKind.SONG_LINK),
        (f"https://suno.com/embed/{ID}", LinkKind.SONG_LINK),
        ("https://suno.com/S/AbCdEf123?x=1", LinkKind.SHORT_LINK),
        (f"https://cdn1.suno.ai/{ID}.mp3", LinkKind.OTHER_PAGE),
        (f"https://notsuno.com/playlist/{ID}", LinkKind.OTHER_SITE),
        (f"https://suno.com@example.org/playlist/{ID}", LinkKind.OTHER_SITE),
        (f"https://suno.com.example.org/playlist/{ID}", LinkKind.OTHER_SITE),
        (f"good one: example.org/playlist/{ID}", LinkKind.OTHER_SITE),
        ("see https://example.org and https://suno.com/@me", LinkKind.OTHER_SITE),
        (f"my best words {ID}", LinkKind.FREE_TEXT),
        (f"{ID}00", LinkKind.FREE_TEXT),
        ("e.g. lofi or/and jazz", LinkKind.FREE_TEXT),
        ("\u5feb\u6765\u542c", LinkKind.FREE_TEXT),
        ("|| ` ` ||", LinkKind.EMPTY),
        ("\u3164\u2800\x00", LinkKind.EMPTY),
    ],
)
def test_a_text_without_one_playlist_is_told_apart(text: str, kind: LinkKind) -> None:
    assert find_link(text, LinkKind.PLAYLIST_LINK) == (kind, None) or kind is LinkKind.SONG_LINK
    assert find_link(text, LinkKind.PLAYLIST_LINK).kind is kind


@pytest.mark.parametrize("end", ["..", "...", "\u2026", ".,.", "?!..."])
def test_a_whole_id_before_dots_is_not_cut_off(end: str) -> None:
    assert parse_playlist(f"{ID}{end}") == ID
    assert parse_playlist(f"playlist/{ID}{end}") == ID
    assert parse_playlist(f"https://suno.com/playlist/{ID}{end}") == ID


def test_the_same_playlist_twice_is_one() -> None:
    link = f"https://suno.com/playlist/{ID}"
    assert parse_playlist(f"[{link}]({link.upper()})") == ID
    assert parse_playlist(f"{ID}\n{ID}") == ID


@pytest.mark.parametrize(
    "text",
    [
        f"/inspire {ID}",
        f"/inspire playlist:{ID} prompt: like rain in May",
        f"</inspire:1290000000000000001> playlist: {ID}",
        f"https//suno.com/playlist/{ID}",
        f"https:suno.com/playlist/{ID}",
        f"ttps://suno.com/playlist/{ID}",
        f"https://suno.com/playlists/{ID}",
        f"https://suno.com/playlist/\n{ID}",
        f"https://suno.com/playlist?id={ID}",
        f"song: {OTHER_ID} playlist: {ID}",
        f'Check out this playlist: "Lo-fi" by Ben https://suno.com/playlist/{ID}?si=x1#suno',
    ],
)
def test_what_people_type_and_break_around_a_playlist_is_understood(text: str) -> None:
    assert parse_playlist(text) == ID


def test_of_two_links_the_one_that_fits_counts() -> None:
    text = f"https://suno.com/song/{OTHER_ID} is from https://suno.com/playlist/{ID}"
    assert (parse_playlist(text), parse_clip(text)) == (ID, OTHER_ID)
