from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import LinkKind, PlaylistError
from bot.domain.playlist_choice import (
    MAX_OWN,
    MAX_SUGGESTIONS,
    SURPRISE,
    AmbiguousPlaylistError,
    NoPlaylistError,
    OwnPlaylist,
    SuggestionKind,
    choose_playlist,
    find_saved,
    matching_playlists,
    suggest_playlists,
)
from bot.domain.playlists import SavedPlaylist
from bot.domain.song_options import PlaylistName

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
ID = "119573ff-8e48-4c1d-9a1b-0123456789ab"
OTHER_ID = "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907"


def saved(name: str, *, used_s: float | None = None, playlist: str = ID) -> SavedPlaylist:
    used_at = None if used_s is None else NOW + timedelta(seconds=used_s)
    return SavedPlaylist(name=name, playlist_id=playlist, added_by=1, added_at=NOW, used_at=used_at)


CAFE, LOFI, NIGHT = saved("Café del Mar"), saved("Lo-fi beats"), saved("Lo-fi night")
ALL = [CAFE, LOFI, NIGHT]


def choose(text: str | None, default: str | None = None, *, random: int = 0) -> SavedPlaylist:
    asked = None if text is None else PlaylistName(text, LinkKind.FREE_TEXT)
    return choose_playlist(asked, ALL, default=default, random=random)


@pytest.mark.parametrize(
    "text",
    [
        "lo-fi beats",
        "Lo-fi b",
        "\N{FULLWIDTH LATIN CAPITAL LETTER L}O-FI B",
        "“Lo-fi beats”",
        "`Lo-fi beats`.",
        "/inspire playlist: Lo-fi b",
        "</inspire:1290000000000000001> playlist: Lo-fi beats",
        "playlist: Lo-fi beats",
        "playlist=lo-fi beats",
    ],
)
def test_the_unique_beginning_of_a_name_is_enough(text: str) -> None:
    assert choose(text) == LOFI


@pytest.mark.parametrize("text", ["cafe", "CAFÉ", "Cafe\u0301 del", "(café)"])
def test_accents_are_folded(text: str) -> None:
    assert choose(text) == CAFE


def test_a_whole_name_wins_over_names_that_begin_with_it() -> None:
    playlists = [saved("Salsa 2"), saved("sálsa"), saved("SALSA")]
    assert find_saved(playlists, "salsa") == [playlists[2]]
    assert find_saved(playlists[:2], "salsa") == [playlists[1]]
    assert find_saved(playlists, "“”") == []


def test_the_beginning_of_several_names_is_refused_with_all_of_them() -> None:
    with pytest.raises(AmbiguousPlaylistError) as refused:
        choose("lo")
    assert (refused.value.text, refused.value.names) == ("lo", ("Lo-fi beats", "Lo-fi night"))


def test_what_no_name_begins_with_is_refused_with_the_saved_names() -> None:
    with pytest.raises(PlaylistError) as refused:
        choose("rock")
    assert refused.value.kind is LinkKind.FREE_TEXT
    assert refused.value.saved == ("Café del Mar", "Lo-fi beats", "Lo-fi night")


def test_without_a_playlist_the_default_one_is_used_or_a_random_one() -> None:
    assert choose(None, "LO-FI BEATS", random=5) == LOFI
    assert [choose(None, random=n) for n in range(4)] == [CAFE, LOFI, NIGHT, CAFE]
    assert choose(None, "removed since", random=2) == NIGHT


@pytest.mark.parametrize("text", [SURPRISE, "surprise me!", "SURPRISE ME"])
def test_a_surprise_is_random_also_when_it_is_typed(text: str) -> None:
    assert choose(text, "Lo-fi beats", random=2) == NIGHT


def test_a_saved_playlist_can_be_called_a_surprise() -> None:
    own = saved("Surprise me")
    asked = PlaylistName("surprise me", LinkKind.FREE_TEXT)
    assert choose_playlist(asked, [*ALL, own], default=None, random=0) == own


@pytest.mark.parametrize("asked", [None, PlaylistName(SURPRISE, LinkKind.FREE_TEXT)])
def test_where_nothing_is_saved_a_playlist_has_to_be_named(asked: PlaylistName | None) -> None:
    with pytest.raises(NoPlaylistError):
        choose_playlist(asked, [], default=None, random=7)


def test_names_that_begin_so_come_first_and_the_last_used_before_the_others() -> None:
    playlists = [
        saved("night lo-fi", used_s=99),
        saved("Lo-fi old", used_s=1),
        saved("LO-FI new", used_s=2),
        saved("lo-fi b"),
        saved("ló-fi a"),
        saved("salsa", used_s=100),
    ]
    names = [playlist.name for playlist in matching_playlists(playlists, "Lo-Fi")]
    assert names == ["LO-FI new", "Lo-fi old", "lo-fi b", "ló-fi a", "night lo-fi"]
    assert [playlist.name for playlist in matching_playlists(playlists, " ")][:2] == ["salsa", "night lo-fi"]
    assert matching_playlists(playlists, "nothing") == []
    assert len(matching_playlists([saved(f"n{number}") for number in range(100)], "N")) == MAX_SUGGESTIONS


OWN = [
    OwnPlaylist(OTHER_ID, "Night Drive"),
    OwnPlaylist(ID, "Rain"),
    OwnPlaylist(OTHER_ID, "An older one"),
]


def kinds(typed: str, playlists: list[SavedPlaylist], own: list[OwnPlaylist] | None = None) -> list[str]:
    found = suggest_playlists(playlists, own or [], typed, default="lo-fi night")
    return [f"{one.kind}: {one.name}" if one.name else one.kind for one in found]


def test_the_default_a_surprise_saved_ones_and_own_ones_are_suggested() -> None:
    assert kinds("", ALL, OWN) == [
        "default: Lo-fi night",
        "surprise",
        "saved: Café del Mar",
        "saved: Lo-fi beats",
        "own: Night Drive",
    ]
    assert kinds("lo-", ALL, OWN) == ["saved: Lo-fi beats", "default: Lo-fi night"]
    assert kinds("surp", ALL, OWN) == ["surprise"]
    assert kinds("drive", ALL, OWN) == ["own: Night Drive"]


def test_what_matches_nothing_is_offered_everything() -> None:
    assert kinds("rock", ALL, OWN) == kinds("", ALL, OWN)
    assert kinds(f"https://suno.com/song/{OTHER_ID}", ALL) == kinds("", ALL)


def test_a_link_is_offered_as_it_is_or_by_its_name() -> None:
    (link,) = suggest_playlists(
        ALL, [], f"listen: https://suno.com/playlist/{OTHER_ID.upper()}", default=None
    )
    assert (link.kind, link.value) == (SuggestionKind.LINK, OTHER_ID)
    (named,) = suggest_playlists([saved("Salsa", playlist=OTHER_ID)], [], OTHER_ID, default=None)
    assert (named.kind, named.value, named.name) == (SuggestionKind.SAVED, OTHER_ID, "Salsa")


def test_there_is_always_a_suggestion() -> None:
    assert kinds("", []) == kinds("rock", []) == ["nothing"]
    assert kinds("", [], OWN) == ["own: Night Drive", "own: Rain"]


def test_no_more_are_suggested_than_discord_shows() -> None:
    many = [saved(f"n{number}", playlist=f"p{number}") for number in range(100)]
    own = [OwnPlaylist(f"own {number}", None) for number in range(25)]
    found = suggest_playlists(many, own, "", default="n99")
    assert len(found) == MAX_SUGGESTIONS
    assert [one.kind for one in found[:2]] == [SuggestionKind.DEFAULT, SuggestionKind.SURPRISE]
    assert sum(one.kind is SuggestionKind.OWN for one in found) == MAX_OWN
