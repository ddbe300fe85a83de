import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text import MAX_MARKS, clean_text, graphemes, is_visible

INVISIBLE = (
    "\u3164\u2800\u115f\u1160\uffa0\u034f\u17b4\u180e\u200b\u2060\ufeff\u00ad\u202e\U000e0041\x00\ud800\ue000"
)


@given(st.text(st.characters(codec=None)))
def test_cleaned_text_can_be_stored_and_seen(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert not cleaned or any(map(is_visible, cleaned))


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_nobody_sees_is_taken_out(character: str) -> None:
    assert clean_text(character * 3) == ""
    assert clean_text(f"a{character}b") == "ab"


def test_blanks_and_joiners_alone_are_nothing() -> None:
    assert clean_text(" \u200d\u200c\u0301\ufe0f\u3000\n") == ""


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines\tand a tab",
        "👩\u200d🎤 ❤\ufe0f 👍🏽",
        "e\u0301te\u0301",
        "a\u0323\u0302\u0301",
        "\u05e9\u05b8\u05c1\u05b7\u05dc\u05d5\u05b9\u05dd",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "한국어 \u1100\u1161\u11a8",
        "नमस्ते ไทย བོད",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert clean_text(text) == text


def test_line_breaks_and_blanks_have_one_spelling() -> None:
    assert clean_text(" a\r\nb\rc\x0bd\u2028e\xa0f ") == "a\nb\nc d e f"


@pytest.mark.parametrize("pile", ["\u0301" * 253, "\u0489\u200d" * 100, "\ufe0f" * 50])
def test_marks_do_not_pile_up_on_a_letter(pile: str) -> None:
    cleaned = clean_text(f"a{pile}b")
    assert len(cleaned) == 2 + MAX_MARKS
    assert unicodedata.category(cleaned[1]).startswith("M")


def test_a_grapheme_has_all_its_parts() -> None:
    parts = ["e\u0301", "👩\u200d🎤", "👍🏽", "❤\ufe0f", "x", "\ufdfa"]
    assert list(graphemes("".join(parts))) == parts
    assert list(graphemes("")) == []
