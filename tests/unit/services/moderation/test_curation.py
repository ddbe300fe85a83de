"""Only saved playlists, and forbidden words, wherever a request comes from."""

from dataclasses import replace

import pytest

from bot.domain.audit import Action
from bot.domain.playlist_choice import OnlySavedError, SuggestionKind
from bot.domain.playlists import parse_name
from bot.domain.song_form import SongForm, SongSource
from bot.domain.song_options import SongOptions
from bot.domain.words import MAX_WORDS, WordError, WordProblemError, WordsFullError, WordUnknownError
from bot.services.moderation.words import ForbiddenWords
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness

CALM = "0b8dbbf0-0000-4000-8000-000000000001"


def words_of(harness: ServicesHarness) -> ForbiddenWords:
    return harness.services.words


async def test_only_saved_playlists_can_be_requested_from_a_link_a_form_or_again(
    harness: ServicesHarness,
) -> None:
    song = await harness.place_and_finish()
    service = harness.services.guild_settings
    await service.set_only_saved(harness.actor(), only_saved=True)
    with pytest.raises(OnlySavedError) as raised:
        await harness.place()
    assert raised.value.names == ()
    with pytest.raises(OnlySavedError):
        await harness.requests.place(SongOptions(), harness.context())
    await harness.playlists.add(harness.actor(), parse_name("Calm"), CALM)
    for request in (
        harness.place(),
        harness.requests.repeat(song, harness.context()),
        harness.requests.place_form(
            SongSource(clip_id=CALM),
            SongForm(playlist=PLAYLIST, prompt="", model="", weights=""),
            harness.context(),
        ),
    ):
        with pytest.raises(OnlySavedError) as raised:
            await request
        assert raised.value.names == ("Calm",)
    for playlist in (CALM, None):
        card = await harness.requests.place(SongOptions(playlist=playlist), harness.context())
        assert card.playlist_id == CALM
    await service.set_only_saved(harness.actor(), only_saved=False)
    assert (await harness.place(BEN)).playlist_id == PLAYLIST
    actions = [entry.action for entry in await harness.services.allowances.audit_log(GUILD)]
    assert actions.count(Action.ONLY_SAVED) == 2


async def test_only_saved_playlists_are_suggested_then(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    await harness.dispatch()
    await harness.playlists.add(harness.actor(), parse_name("Calm"), CALM)
    kinds = [one.kind for one in await harness.playlists.suggestions(GUILD, ADA, "")]
    assert SuggestionKind.OWN in kinds
    await harness.services.guild_settings.set_only_saved(harness.actor(), only_saved=True)
    for typed in ("", PLAYLIST):
        suggested = await harness.playlists.suggestions(GUILD, ADA, typed)
        assert [one.kind for one in suggested] == [SuggestionKind.SURPRISE, SuggestionKind.SAVED]
    (one,) = await harness.playlists.suggestions(GUILD, ADA, CALM)
    assert (one.kind, one.name) == (SuggestionKind.SAVED, "Calm")


async def test_a_forbidden_word_is_refused_in_prompts_of_all_kinds_of_requests(
    harness: ServicesHarness,
) -> None:
    song = await harness.place_and_finish(order=SongOptions(playlist=PLAYLIST, prompt="a damn good song"))
    settings = await words_of(harness).change(harness.actor(), add="Damn, *heck* ;taylor swift")
    assert settings.words == ("*heck*", "damn", "taylor swift")
    form = SongForm(playlist=PLAYLIST, prompt="D A M N", model="", weights="")
    for request in (
        harness.requests.place(SongOptions(playlist=PLAYLIST, prompt="dámn!"), harness.context()),
        harness.requests.repeat(song, harness.context()),
        harness.requests.place_form(SongSource(request_id=song), form, harness.context()),
        harness.requests.place_form(SongSource(playlist_id=PLAYLIST), form, harness.context()),
    ):
        with pytest.raises(WordError) as raised:
            await request
        assert raised.value.word == "damn"
    await harness.place()
    await harness.requests.place(SongOptions(playlist=PLAYLIST, prompt="nothing"), harness.context())


async def test_words_are_added_and_removed_once_for_each_command(harness: ServicesHarness) -> None:
    words = words_of(harness)
    await words.change(harness.actor(), add="damn, heck")
    by = harness.actor()
    assert (await words.change(by, add="dang", remove="HECK")).words == ("damn", "dang")
    assert (await words.change(by, add="dang", remove="HECK")).words == ("damn", "dang"), "told twice"
    assert (await words.change(harness.actor(), add="damn")).words == ("damn", "dang")
    entries = [
        one for one in await harness.services.allowances.audit_log(GUILD) if one.action is Action.WORDS
    ]
    assert [one.after for one in entries] == [
        {"added": "dang", "removed": "heck"},
        {"added": "damn, heck", "removed": None},
    ]
    again = replace(by, interaction_id=entries[1].id)
    assert (await words.change(again, add="damn, heck, third")).words == ("damn", "dang"), "another repeat"
    for unknown in ("heck", "x"):
        with pytest.raises(WordUnknownError):
            await words.change(harness.actor(), remove=unknown)
    settings = await harness.services.guild_settings.reset(harness.actor(), Action.WORDS)
    assert settings.words == ()


async def test_a_list_takes_so_many_words_and_none_that_would_forbid_everything(
    harness: ServicesHarness,
) -> None:
    words = words_of(harness)
    await words.change(harness.actor(), add=",".join(f"word{number}" for number in range(MAX_WORDS)))
    with pytest.raises(WordsFullError):
        await words.change(harness.actor(), add="more")
    settings = await words.change(harness.actor(), add="more", remove="word0")
    assert len(settings.words) == MAX_WORDS
    with pytest.raises(WordProblemError):
        await words.change(harness.actor(), add="fine, *a*")
