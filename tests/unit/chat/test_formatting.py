from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.text import formatting
from bot.chat.text.formatting import are_back
from tests.unit.chat.factories import NOW


@pytest.mark.parametrize(
    ("typed", "escaped"),
    [
        ("Night Drive (Remix) [live]", r"Night Drive \(Remix\) \[live\]"),
        ("*bold* _it_ ~~no~~ ||hid|| `code`", r"\*bold\* \_it\_ \~\~no\~\~ \|\|hid\|\| \`code\`"),
        ("@everyone <@1> <#2> <t:1:R>", r"\@everyone \<\@1\> \<\#2\> \<t:1:R\>"),
        ("https://evil.example", r"https\://evil.example"),
        ("- a list", r"\- a list"),
        ("1. a list", r"1\. a list"),
        ("# loud", r"\# loud"),
        ("half-time 3.5", "half-time 3.5"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_nothing_in_a_typed_text_formats_links_or_mentions(typed: str, escaped: str) -> None:
    assert formatting.quoted(typed, limit=200) == escaped


def test_a_text_is_one_line_without_control_characters() -> None:
    assert formatting.plain(" a\n\tb\x00\u202ec\ud800  d ", limit=50) == "a bc d"


@pytest.mark.parametrize("empty", [None, "", "  \n", "\u200b\u2060", "\u200d"])
def test_a_text_with_nothing_to_see_has_its_stand_in(empty: str | None) -> None:
    assert formatting.plain(empty, limit=20, otherwise="Untitled") == "Untitled"
    assert formatting.quoted(empty, limit=20, otherwise="Untitled") == "Untitled"


def test_joined_emoji_stay_whole() -> None:
    assert formatting.plain("👩\u200d🎤 sings", limit=50) == "👩\u200d🎤 sings"


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_a_text_is_never_longer_than_its_place(text: str, limit: int) -> None:
    assert len(formatting.plain(text, limit=limit)) <= limit
    assert len(formatting.quoted(text, limit=limit)) <= limit


@given(st.text(alphabet="\\*a@", min_size=1), st.integers(min_value=2, max_value=20))
def test_a_cut_never_leaves_half_an_escape(text: str, limit: int) -> None:
    shown = formatting.quoted(text, limit=limit).removesuffix(formatting.ELLIPSIS)
    assert (len(shown) - len(shown.rstrip("\\"))) % 2 == 0


def test_a_text_of_just_the_limit_is_not_cut() -> None:
    assert formatting.plain("abcde", limit=5) == "abcde"
    assert formatting.plain("abcdef", limit=5) == "abcd…"
    assert formatting.plain("ab  cd ef", limit=4) == "ab…"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "ftp://a.example/b",
        "https://",
        "https://[half/",
        "https://a.example/ b",
        'https://a.example/"',
        "https://a.example/ü",
        "https://a.example/\x07",
        "https://a.example/" + "x" * 500,
    ],
)
def test_what_discord_would_refuse_as_a_link_is_none(url: str | None) -> None:
    assert formatting.link(url, limit=512) is None


@pytest.mark.parametrize("url", ["https://a.example/b?c=d&e=%20", "http://127.0.0.1:8080/song.mp3"])
def test_a_link_stays_as_it_is(url: str) -> None:
    assert formatting.link(url, limit=512) == url


def test_a_clip_has_a_page_if_its_id_can_stand_in_an_address() -> None:
    assert formatting.song_page("abc-1") == "https://suno.com/song/abc-1"
    assert formatting.song_page("../x") is None
    assert formatting.song_page("a" * 101) is None


@pytest.mark.parametrize(
    ("duration_s", "written"),
    [(91.32, "1:31"), (59.99, "0:59"), (60, "1:00"), (3725, "62:05"), (0.4, "0:00")],
)
def test_a_length_is_minutes_and_seconds(duration_s: float, written: str) -> None:
    assert formatting.minutes(duration_s) == written


@pytest.mark.parametrize("unknown", [None, 0, -3, float("nan"), float("inf")])
def test_an_unknown_length_is_a_dash(unknown: float | None) -> None:
    assert formatting.minutes(unknown) == formatting.DASH


def test_credits_are_counted_in_words() -> None:
    assert [formatting.in_credits(n) for n in (0, 1, 30, 1200)] == [
        "0 credits",
        "1 credit",
        "30 credits",
        "1,200 credits",
    ]
    assert [formatting.are_back(n) for n in (0, 1, 30)] == [
        "",
        "Your 1 credit is back.",
        are_back(30),
    ]


def test_a_moment_is_counted_down_by_the_reader() -> None:
    assert formatting.relative(NOW + timedelta(seconds=5)) == f"<t:{int(NOW.timestamp()) + 5}:R>"


@pytest.mark.parametrize(
    ("title", "extension", "name"),
    [
        ("Night Drive", "mp3", "night-drive-1.mp3"),
        ("Ça va?  /../ «Été»", "MP3", "ça-va-été-1.mp3"),
        ('a"\r\nb; filename=x', "m/p3", "a-b-filename-x-1.mp3"),
        (None, "wav", "song-1.wav"),
        ("///", "", "song-1.bin"),
        ("夜のドライブ", "mp3", "夜のドライブ-1.mp3"),
        ("हिन्दी गीत", "mp3", "हिन्दी-गीत-1.mp3"),
        ("\u202e\u05e9\u05d9\u05e8\u200f", "mp3", "\u05e9\u05d9\u05e8-1.mp3"),
        ("🎵🎶", "mp3", "song-1.mp3"),
        ("...", "mp3", "song-1.mp3"),
        ("CON", "mp3", "con-1.mp3"),
        ("雨" * 300, "mp3", "雨" * 59 + "-1.mp3"),
        ("﷽" * 60, "mp3", None),
        ("x" * 300, "mp3", "x" * 59 + "-1.mp3"),
    ],
)
def test_a_file_is_named_after_its_clip(title: str | None, extension: str, name: str | None) -> None:
    found = formatting.file_name(title, number=1, extension=extension)
    assert name is None or found == name
    assert len(found.encode()) <= 200
    assert found != formatting.file_name(title, number=2, extension=extension)


def test_a_server_is_named_beside_its_id_as_far_as_its_name_is_known() -> None:
    assert formatting.server_name(7, "*Bards*") == r"**\*Bards\*** (`7`)"
    assert formatting.server_name(7, None) == formatting.server_name(7, "\u200b") == "`7`"
    assert formatting.server_name(7, "x" * 100) == f"**{'x' * 39}…** (`7`)"
