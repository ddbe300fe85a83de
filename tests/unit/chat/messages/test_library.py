from dataclasses import replace
from datetime import UTC, datetime

import discord
import pytest

from bot.chat.buttons.lists import PlaylistPages, SongPages, TopPages
from bot.chat.buttons.pages import PageButton, page_view
from bot.chat.messages.choices import CHOICE_LIMIT
from bot.chat.messages.library import (
    in_hearts,
    loved_line,
    playlist_choice,
    playlist_line,
    song_choice,
    song_line,
)
from bot.chat.text.confirmations import default_playlist, playlist_removed, playlist_saved
from bot.chat.text.failures import SHORT_FAILURES
from bot.chat.text.songs import TOP_TITLES
from bot.domain.playlist_choice import Suggestion, SuggestionKind
from bot.domain.playlists import PlaylistOutcomes, SavedPlaylist
from bot.domain.requests import FailureKind
from bot.domain.songs import UNLOVED, Loves, Song, TopPeriod
from bot.services.library import playlists, songs
from bot.services.library.playlists import ListedPlaylist, SavedResult
from bot.services.pagination import Page
from bot.services.repositories.library import SongTitle
from tests.unit.chat.factories import PLAYLIST, check_sendable, labels
from tests.unit.domain.test_songs import REQUEST
from tests.unit.storage.factories import CLIP

SNOWFLAKE = 2**63 - 1
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
LONGEST_SONG = Song(
    replace(
        REQUEST,
        guild_id=SNOWFLAKE,
        user_id=SNOWFLAKE,
        clips=(replace(CLIP, title="*" * 500, duration_s=99_999),),
        result_message_id=SNOWFLAKE,
        ended_at=NOW,
    ),
    Loves(10**6, (10**6, 10**6)),
)
LONGEST_PLAYLIST = ListedPlaylist(
    SavedPlaylist(
        name="[" * 100,
        playlist_id=PLAYLIST,
        added_by=1,
        added_at=NOW,
        used_at=NOW,
        outcomes=PlaylistOutcomes(
            songs=10**6,
            loves=10**7,
            failures=10**6,
            last_failure=FailureKind.OPERATOR,
            failed_at=NOW,
        ),
    ),
    is_default=True,
)


def page_of(*items: object, number: int = 0, pages: int = 1) -> Page[object]:
    return Page(items=items, number=number, pages=pages, total=len(items))


def test_loves_are_counted_by_members_and_none_are_left_out() -> None:
    assert in_hearts(UNLOVED) == ""
    assert in_hearts(Loves(1234, (1000, 500))) == "♥ 1,234"


def test_a_song_is_one_line_with_all_that_is_asked_of_a_list() -> None:
    line = song_line(Song(replace(REQUEST, ended_at=NOW), Loves(5, (3, 4))))
    where = f"https://discord.com/channels/{REQUEST.guild_id}/12/77"
    assert line == f"[Rain]({where}) · <@2> · <t:{int(NOW.timestamp())}:R> · 2:05 · ♥ 5"
    lost = Song(replace(REQUEST, result_message_id=None, user_id=0), UNLOVED)
    assert song_line(lost).startswith("**Rain** · a former member · ")
    assert loved_line(Song(REQUEST, Loves(1, (1, 0)))) == f"**♥ 1** · [Rain]({where}) · <@2> · 2:05"


def test_a_song_is_chosen_by_title_and_day() -> None:
    assert song_choice(SongTitle(1, "Night Drive", NOW)) == "Night Drive · 2026-11-18"
    assert song_choice(SongTitle(1, None, NOW)) == "Untitled · 2026-11-18"
    assert len(song_choice(SongTitle(1, "x" * 200, NOW))) == 100


@pytest.mark.parametrize("line", [song_line, loved_line])
def test_a_page_of_the_longest_songs_fits(line: object) -> None:
    items = [LONGEST_SONG] * songs.PAGE
    render = song_line if line is song_line else loved_line
    page = page_view(
        Page(items=tuple(items), number=10**5, pages=10**6, total=10**7), render, title="Songs", nothing=""
    )
    check_sendable(embeds=[page.embed], view=SongPages.buttons(page, str(SNOWFLAKE)))
    assert str(page.embed.description).count("\n") == songs.PAGE - 1


def test_a_page_of_the_longest_playlist_names_fits() -> None:
    items = (LONGEST_PLAYLIST,) * playlists.PAGE
    page = page_view(Page(items=items, number=9, pages=10, total=100), playlist_line, title="", nothing="")
    check_sendable(embeds=[page.embed], view=PlaylistPages.buttons(page, ""))
    assert str(page.embed.description).count("\n") == 2 * playlists.PAGE - 1
    longest = LONGEST_PLAYLIST.playlist
    check_sendable(content=playlist_saved(SavedResult(longest, longest)))
    check_sendable(content=playlist_removed(LONGEST_PLAYLIST))
    check_sendable(content=default_playlist(longest))


@pytest.mark.parametrize("kind", SuggestionKind)
def test_every_suggested_playlist_fits_into_a_choice(kind: SuggestionKind) -> None:
    for name in ("x" * 300, "", None):
        words = playlist_choice(Suggestion(kind=kind, value=PLAYLIST, name=name))
        assert (1 <= len(words) <= CHOICE_LIMIT) or (kind is SuggestionKind.SAVED and not name)


def test_what_a_page_has_no_room_for_is_left_out_by_the_line() -> None:
    page = page_view(page_of(*["x" * 3000] * 3), str, title="", nothing="")
    assert len(str(page.embed.description)) == 3000


def test_an_empty_list_says_so_and_has_no_buttons() -> None:
    page = page_view(page_of(), str, title="Songs", nothing="There are none.")
    assert page.embed.description == "There are none."
    assert labels(SongPages.buttons(page, "")) == []


@pytest.mark.parametrize(
    ("number", "disabled"),
    [(0, [True, True, False, False]), (1, [False] * 4), (2, [False, False, True, True])],
)
def test_there_is_no_step_off_the_list(number: int, disabled: list[bool]) -> None:
    page = page_view(page_of("x", number=number, pages=3), str, title="", nothing="")
    view = TopPages.buttons(page, "week")
    shown = [child for child in view.children if isinstance(child, discord.ui.Button)]
    assert [button.disabled for button in shown] == disabled
    assert page.embed.footer.text == f"Page {number + 1} of 3 · 1 in all"
    found = replace(page_of("x", number=number, pages=3), is_cut=True)
    cut = page_view(found, str, title="", nothing="")
    assert cut.embed.footer.text == f"Page {number + 1} of 3 · the newest 1"


@pytest.mark.parametrize("pages", [SongPages, TopPages, PlaylistPages])
def test_a_button_is_known_again_by_its_id(pages: type[PageButton]) -> None:
    view = pages.buttons(page_view(page_of("x", number=11, pages=30), str, title="", nothing=""), "abc9")
    *_, on, last = (child for child in view.children if isinstance(child, discord.ui.Button))
    match = pages.__discord_ui_compiled_template__.fullmatch(str(on.custom_id))
    assert match
    assert (match["name"], match["topic"], match["number"]) == (pages.name, "abc9", "12")
    assert str(last.custom_id).endswith(":last:abc9:29")


def test_every_period_has_a_title() -> None:
    assert set(TOP_TITLES) == set(TopPeriod)


def test_a_saved_playlist_says_what_came_of_it() -> None:
    def line(**counts: object) -> str:
        outcomes = PlaylistOutcomes(**counts)  # type: ignore[arg-type] # any of its fields
        saved = replace(LONGEST_PLAYLIST.playlist, name="Calm", used_at=None, outcomes=outcomes)
        return playlist_line(ListedPlaylist(saved, is_default=False)).partition("\n")[2]

    assert line() == ""
    assert line(songs=1, loves=2) == "-# 1 song · ♥ 2"
    assert line(failures=3) == "-# 3 failed"
    ago = f"<t:{int(NOW.timestamp())}:R>"
    why = line(songs=4, failures=1, last_failure=FailureKind.PLAYLIST_UNKNOWN, failed_at=NOW)
    assert why == f"-# 4 songs · 1 failed, the last one {ago}: the song service couldn't find the playlist"


def test_every_failure_has_short_words() -> None:
    assert set(SHORT_FAILURES) == set(FailureKind)
