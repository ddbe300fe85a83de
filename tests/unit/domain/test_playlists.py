from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.playlists import (
    NAME_LIMIT,
    NameProblem,
    PlaylistNameError,
    SavedPlaylist,
    is_valid_name,
    name_key,
    parse_name,
)

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
ID = "119573ff-8e48-4c1d-9a1b-0123456789ab"


def saved(name: str) -> SavedPlaylist:
    return SavedPlaylist(name=name, playlist_id=ID, added_by=1, added_at=NOW)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Lo-fi \t\n beats ", "Lo-fi beats"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER L}o-fi", "Lo-fi"),
        ("e\N{COMBINING ACUTE ACCENT}t\N{LATIN SMALL LETTER E WITH ACUTE}", "\xe9t\xe9"),
        ("a\u200bb\x00\u202e", "ab"),
        ("👩\u200d🎤", "👩\u200d🎤"),
        ("cafe", "cafe"),
        ("suno.com", "suno.com"),
        ("x" * NAME_LIMIT, "x" * NAME_LIMIT),
    ],
)
def test_a_name_has_one_spelling(typed: str, name: str) -> None:
    assert parse_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", NameProblem.EMPTY),
        (" \u200b\u200d", NameProblem.EMPTY),
        ("x" * (NAME_LIMIT + 1), NameProblem.TOO_LONG),
        ("\N{LATIN SMALL LETTER SHARP S}" * 51, NameProblem.TOO_LONG),
        ("\N{LATIN SMALL LIGATURE FFI}" * 40, NameProblem.TOO_LONG),
        (ID.upper(), NameProblem.LINK),
        (f"suno.com/playlist/{ID}", NameProblem.LINK),
        ("https://example.com", NameProblem.LINK),
        (f"{ID} {ID.replace('1', '2')}", NameProblem.LINK),
    ],
)
def test_a_name_that_could_never_be_chosen_is_refused(typed: str, problem: NameProblem) -> None:
    with pytest.raises(PlaylistNameError) as refused:
        parse_name(typed)
    assert refused.value.problem is problem


@given(st.text())
def test_whatever_is_kept_is_found_again_by_what_was_typed(typed: str) -> None:
    try:
        name = parse_name(typed)
    except PlaylistNameError:
        return
    assert parse_name(name) == name
    assert name_key(typed) == name_key(name) == saved(name).key
    assert len(name_key(name)) <= NAME_LIMIT
    assert is_valid_name(name)


@pytest.mark.parametrize("typed", ["STRASSE", "stra\xdfe", " Strasse "])
def test_case_does_not_matter(typed: str) -> None:
    assert name_key(typed) == "strasse"
