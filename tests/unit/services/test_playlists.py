from datetime import timedelta

import pytest

from bot.domain.audit import Action, AuditEntry
from bot.domain.errors import PlaylistError, RejectedError
from bot.domain.playlist_choice import (
    SURPRISE,
    AmbiguousPlaylistError,
    NoPlaylistError,
    SuggestionKind,
)
from bot.domain.playlists import (
    MAX_PLAYLISTS,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
)
from bot.domain.requests import FailureKind
from bot.domain.song_options import SongOptions, parse_playlist_or_name
from bot.services.audit_log import Actor
from bot.services.library.playlists import SavedResult
from tests.harness.clock import START
from tests.harness.services import BEN, GUILD, PLAYLIST, ServicesHarness

OTHER = "0b8dbbf0-0000-4000-8000-000000000001"
MO = 10**17 + 9


def by(number: int) -> Actor:
    return Actor(interaction_id=number, guild_id=GUILD, actor_id=MO)


async def add(
    harness: ServicesHarness, name: str, playlist: str = PLAYLIST, *, number: int = 1
) -> SavedResult:
    return await harness.playlists.add(by(number), name, playlist)


async def changes(harness: ServicesHarness) -> list[AuditEntry]:
    return await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))


async def names(harness: ServicesHarness, typed: str = "") -> list[str]:
    return [playlist.name for playlist in await harness.playlists.matching(GUILD, typed)]


async def test_a_playlist_is_saved_and_it_is_written_down_who_did(harness: ServicesHarness) -> None:
    added = await add(harness, "Lo-fi beats")
    assert (added.playlist.name, added.playlist.playlist_id) == ("Lo-fi beats", PLAYLIST)
    assert added.before is None
    (change,) = await changes(harness)
    assert (change.action, change.actor_id, change.at) == (Action.ADD_PLAYLIST, MO, START)
    assert (change.before, change.after) == ({}, {"name": "Lo-fi beats", "playlist": PLAYLIST})


async def test_another_playlist_takes_the_place_of_one_and_the_same_is_refused(
    harness: ServicesHarness,
) -> None:
    await add(harness, "beats")
    with pytest.raises(PlaylistSavedError):
        await add(harness, "BEATS", number=2)
    replaced = await add(harness, "Beats", OTHER, number=3)
    assert replaced.before
    assert (replaced.before.name, replaced.before.playlist_id) == ("beats", PLAYLIST)
    change, _ = await changes(harness)
    assert change.before == {"name": "beats", "playlist": PLAYLIST}
    assert await names(harness) == ["Beats"]


async def test_a_playlist_is_removed_by_its_name_in_any_case(harness: ServicesHarness) -> None:
    await add(harness, "Beats")
    removed = await harness.playlists.remove(by(2), " beATS ")
    assert (removed.playlist.name, removed.is_default) == ("Beats", False)
    change, _ = await changes(harness)
    assert (change.action, change.before, change.after) == (
        Action.REMOVE_PLAYLIST,
        {"name": "Beats", "playlist": PLAYLIST},
        {},
    )
    with pytest.raises(PlaylistUnknownError):
        await harness.playlists.remove(by(3), "beats")


async def test_there_are_at_most_a_hundred_and_all_are_on_some_page(harness: ServicesHarness) -> None:
    for number in range(MAX_PLAYLISTS):
        await add(harness, f"n{number:03}", number=number + 1)
    with pytest.raises(PlaylistsFullError):
        await add(harness, "one more", number=999)
    await add(harness, "n007", OTHER, number=1000)
    pages = [await harness.playlists.page(GUILD, number) for number in range(13)]
    assert [one.playlist.name for page in pages for one in page.items] == [f"n{n:03}" for n in range(100)]
    assert {(page.pages, page.total) for page in pages} == {(13, 100)}
    assert await harness.playlists.page(GUILD, 10**5) == pages[-1]
    assert len(await names(harness)) == 25


async def test_a_song_is_asked_for_by_the_name_of_a_playlist(harness: ServicesHarness) -> None:
    await add(harness, "Lo-fi beats", OTHER)
    card = await harness.place(order=SongOptions(playlist=parse_playlist_or_name("lo-FI  beats")))
    assert card.playlist_id == OTHER


@pytest.mark.parametrize("text", ["rock", "119573ff", ""])
async def test_a_name_that_is_not_saved_is_refused_as_text_that_is_no_link(
    harness: ServicesHarness, text: str
) -> None:
    await add(harness, "Lo-fi beats", OTHER)
    with pytest.raises(PlaylistError):
        await harness.place(order=SongOptions(playlist=parse_playlist_or_name(text)))
    assert (await harness.credits()).held == 0


async def test_the_default_playlist_is_used_and_set_by_the_beginning_of_its_name(
    harness: ServicesHarness,
) -> None:
    with pytest.raises(NoPlaylistError):
        await harness.place(order=SongOptions())
    await add(harness, "Lo-fi beats", OTHER)
    await add(harness, "Salsa", number=2)
    assert await harness.playlists.default(GUILD) is None
    chosen = await harness.playlists.set_default(by(3), "lo")
    assert chosen is not None
    assert chosen == await harness.playlists.default(GUILD)
    assert (await harness.place(order=SongOptions())).playlist_id == OTHER
    change, *_ = await changes(harness)
    assert (change.action, change.before, change.after) == (
        Action.DEFAULT_PLAYLIST,
        {"name": None},
        {"name": "Lo-fi beats"},
    )
    page = await harness.playlists.page(GUILD, 0)
    assert [one.is_default for one in page.items] == [True, False]


async def test_each_interaction_sets_the_default_once(harness: ServicesHarness) -> None:
    await add(harness, "Lo-fi beats", OTHER)
    await harness.playlists.set_default(by(3), "Lo-fi beats")
    assert await harness.playlists.set_default(by(4), None) is None
    assert await harness.playlists.set_default(by(3), "Lo-fi beats") is None
    assert await harness.playlists.default(GUILD) is None
    with pytest.raises(PlaylistUnknownError):
        await harness.playlists.set_default(by(5), "rock")
    await add(harness, "Lo-fi night", number=6)
    with pytest.raises(AmbiguousPlaylistError) as refused:
        await harness.playlists.set_default(by(7), "lo-fi")
    assert refused.value.names == ("Lo-fi beats", "Lo-fi night")


async def test_a_removed_playlist_is_no_default_any_more(harness: ServicesHarness) -> None:
    await add(harness, "Beats", OTHER)
    await add(harness, "Salsa", number=2)
    await harness.playlists.set_default(by(3), "Beats")
    assert (await harness.playlists.remove(by(4), "beats")).is_default
    assert await harness.playlists.default(GUILD) is None
    assert (await harness.place(order=SongOptions())).playlist_id == PLAYLIST
    await add(harness, "Beats", OTHER, number=5)
    assert await harness.playlists.default(GUILD) is None


async def test_a_member_is_offered_the_playlists_of_their_own_last_songs(harness: ServicesHarness) -> None:
    assert [one.kind for one in await harness.playlists.suggestions(GUILD, BEN, "")] == [
        SuggestionKind.NOTHING
    ]
    await add(harness, "Beats", OTHER)
    for playlist in (PLAYLIST, OTHER, PLAYLIST):
        harness.clock.advance(61)
        await harness.place_and_finish(BEN, SongOptions(playlist=playlist))
        await harness.dispatch()
    offered = await harness.playlists.suggestions(GUILD, BEN, "")
    assert [(one.kind, one.value) for one in offered] == [
        (SuggestionKind.SURPRISE, SURPRISE),
        (SuggestionKind.SAVED, OTHER),
        (SuggestionKind.OWN, PLAYLIST),
    ]
    assert len(await harness.playlists.suggestions(GUILD, BEN + 1, "")) == 2


async def test_the_playlist_used_last_is_offered_first(harness: ServicesHarness) -> None:
    await add(harness, "a")
    await add(harness, "b", OTHER, number=2)
    assert await names(harness) == ["a", "b"]
    for playlist, user_id in ((OTHER, BEN), (PLAYLIST, BEN), ("b", BEN)):
        harness.clock.advance(61)
        await harness.place(user_id, SongOptions(playlist=parse_playlist_or_name(playlist)))
    assert await names(harness) == ["b", "a"]
    assert await harness.playlists.names(GUILD) == ["b", "a"]
    (b, a) = await harness.playlists.matching(GUILD, "")
    assert (b.used_at, a.used_at) == (START + timedelta(seconds=183), START + timedelta(seconds=122))


async def test_other_servers_have_other_playlists(harness: ServicesHarness) -> None:
    await add(harness, "beats")
    assert await harness.playlists.matching(GUILD + 1, "") == []
    assert (await harness.playlists.page(GUILD + 1, 3)).items == ()


async def test_what_a_playlist_came_to_is_counted_with_the_song_its_end_and_its_loves(
    harness: ServicesHarness,
) -> None:
    await add(harness, "Beats")
    song = await harness.place_and_finish()
    await harness.dispatch()
    harness.provider.submit_answers.append(RejectedError(451, "unsafe"))
    await harness.place_and_submit(BEN)
    await harness.place(BEN, SongOptions(playlist=OTHER))
    loved = [
        await harness.library.press_heart(song, 1, by(number << 40), public_channel_ids=())
        for number in (1, 2, 3)
    ]
    assert [one.clips[0] for one in loved] == [1, 0, 1]
    (listed,) = (await harness.playlists.page(GUILD, 0)).items
    counts = listed.playlist.outcomes
    assert (counts.songs, counts.failures, counts.loves) == (1, 1, 1)
    assert (counts.last_failure, counts.failed_at) == (FailureKind.MODERATED, harness.clock())
