"""The form that changes a request."""

from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
from discord.app_commands import Namespace

from bot.chat.forms.song_form import (
    BEYOND_FORMS,
    OTHER_PLAYLIST,
    PROMPT_FILE,
    REOPEN,
    filled_in,
    kept_command,
    kept_form,
    song_form,
)
from bot.chat.text import labels
from bot.domain.errors import (
    ActiveLimitError,
    BackoffError,
    BlockedError,
    ChannelError,
    ClipError,
    CooldownError,
    LinkKind,
    ModelError,
    NotYoursError,
    PersonaError,
    PlaylistError,
    PriceChangedError,
    PromptError,
    RefusalError,
    SecondPressError,
    StoppingError,
    TooLateError,
    WeightError,
)
from bot.domain.moderator_errors import ModeratorError, NotOperatorError, OperatorUnknownError
from bot.domain.personal_data import PendingRequestsError
from bot.domain.playlist_choice import SURPRISE, AmbiguousPlaylistError, NoPlaylistError, OnlySavedError
from bot.domain.playlists import (
    PlaylistNameError,
    PlaylistSavedError,
    PlaylistsFullError,
    PlaylistUnknownError,
    SavedPlaylist,
)
from bot.domain.queue_errors import QueueFullError
from bot.domain.song_form import (
    PROMPT_LIMIT,
    FormUnavailableError,
    NoSongError,
    SongForm,
    SongSource,
    WeightsError,
)
from bot.domain.songs import NotFinishedError, OwnSongError, RemovalForbiddenError
from bot.domain.words import WordError
from bot.services.requests.drafts import SongDraft
from tests.unit.chat.factories import PLAYLIST, REQUEST


@pytest.mark.parametrize("length", [PROMPT_LIMIT - 1, PROMPT_LIMIT])
def test_a_prompt_that_fills_its_field_is_said_to_be_cut(length: int) -> None:
    form = SongForm(playlist=PLAYLIST, prompt="x" * length, model="v55", weights="")
    draft = SongDraft(form=form, saved=(), models=("v55",), usual_model="v55", cost=30)
    modal = song_form(SongSource(request_id=REQUEST), draft, form)
    hints = [one.description for one in modal.children if isinstance(one, discord.ui.Label)]
    assert (labels.FORM_PROMPT_FULL in hints) is (length == PROMPT_LIMIT)


def typed(**options: object) -> Namespace:
    """What a member typed in the options of a command."""
    namespace = Namespace.__new__(Namespace)
    namespace.__dict__.update(options)
    return namespace


COOLDOWN = CooldownError(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("options", "error", "has_button"),
    [
        ({"prompt": "rain"}, COOLDOWN, True),
        ({"prompt": "rain"}, BlockedError("spam"), False),
        ({"prompt": "rain"}, ChannelError(7), False),
        ({"prompt": "rain", "artist_clip": "nonsense"}, ClipError(LinkKind.FREE_TEXT), False),
        ({"prompt": "rain", "persona": "nonsense"}, COOLDOWN, False),
    ],
)
def test_a_refused_command_has_a_button_where_the_form_can_mend_it(
    options: dict[str, Any], error: RefusalError, has_button: bool
) -> None:
    kept = kept_command(typed(**options), error)
    assert kept is not None
    assert kept.embeds[0].description == "rain"
    assert bool(kept.view.children) is has_button


MENDED_BY_FORMS: set[type[RefusalError]] = {
    *{PlaylistError, NoPlaylistError, AmbiguousPlaylistError, OnlySavedError, ClipError, PersonaError},
    *{PromptError, WordError, ModelError, WeightError, WeightsError},
    # a minute mends these, and what was typed is at hand by then
    *{ActiveLimitError, CooldownError, BackoffError, SecondPressError, PriceChangedError, QueueFullError},
    *{StoppingError, FormUnavailableError},
}
NEVER_OF_FORMS: set[type[RefusalError]] = {
    *{NotYoursError, TooLateError, NoSongError, NotFinishedError, OwnSongError, RemovalForbiddenError},
    *{PlaylistNameError, PlaylistsFullError, PlaylistSavedError, PlaylistUnknownError},
    *{PendingRequestsError, NotOperatorError, OperatorUnknownError, ModeratorError},
}
"""Refusals of other commands and buttons."""


def test_it_is_settled_for_each_refusal_whether_a_form_mends_it() -> None:
    settled = [*MENDED_BY_FORMS, *BEYOND_FORMS, *NEVER_OF_FORMS]
    assert sorted(one.__name__ for one in settled) == sorted(
        one.__name__ for one in RefusalError.__subclasses__()
    )


@pytest.mark.parametrize("kind", sorted([*MENDED_BY_FORMS, *BEYOND_FORMS], key=str))
def test_a_refused_form_has_a_button_where_another_one_helps(kind: type[RefusalError]) -> None:
    kept = kept_form(SongSource(), SongForm(prompt="rain"), kind.__new__(kind))
    assert kept.embeds[0].description == "rain"
    assert bool(kept.view.children) is (kind in MENDED_BY_FORMS)


def test_nothing_typed_is_nothing_kept() -> None:
    assert kept_command(typed(), COOLDOWN) is None


def test_a_prompt_that_is_longer_than_the_form_is_kept_in_a_file() -> None:
    prompt = "é" * (PROMPT_LIMIT + 1)
    kept = kept_form(SongSource(), SongForm(prompt=prompt), COOLDOWN)
    assert kept.embeds[0].description == prompt[:PROMPT_LIMIT]
    assert [(one.name, one.data.decode()) for one in kept.attachments] == [(PROMPT_FILE, prompt)]


def test_the_button_has_room_for_a_clip_and_a_persona() -> None:
    assert len(f"{REOPEN}{SongSource(clip_id=PLAYLIST, persona_id=PLAYLIST).key}") <= 100


@pytest.mark.parametrize(
    ("playlist", "kind", "value"),
    [
        ("", discord.ui.Select, "Surprise me"),
        ("surprise ME", discord.ui.Select, "Surprise me"),
        ("lo-f", discord.ui.Select, PLAYLIST),
        ("no such name", discord.ui.TextInput, "no such name"),
    ],
)
def test_a_playlist_that_is_not_found_is_corrected_as_text(
    playlist: str, kind: type[discord.ui.Item[Any]], value: str
) -> None:
    saved = SavedPlaylist(name="Lo-fi", playlist_id=PLAYLIST, added_by=7, added_at=COOLDOWN.until)
    form = SongForm(playlist=playlist, model="v55")
    draft = SongDraft(form=form, saved=(saved,), models=("v55",), usual_model="v55", cost=30)
    field = song_form(SongSource(), draft, form).children[0]
    assert isinstance(field, discord.ui.Label)
    assert isinstance(field.component, kind)
    if isinstance(field.component, discord.ui.Select):
        assert [one.value for one in field.component.options if one.default] == [value]
    if isinstance(field.component, discord.ui.TextInput):
        assert field.component.default == value


def saved_playlists(count: int) -> tuple[SavedPlaylist, ...]:
    """Playlists that were used one after the other, the last one last."""
    ids = [f"0b8dbbf0-0000-4000-8000-{number:012}" for number in range(count)]
    return tuple(
        SavedPlaylist(
            name=f"Mix {number}",
            playlist_id=one,
            added_by=7,
            added_at=COOLDOWN.until,
            used_at=COOLDOWN.until + timedelta(days=number),
        )
        for number, one in enumerate(ids)
    )


@pytest.mark.parametrize(
    ("count", "wanted", "left_out"),
    [(24, None, 0), (25, None, 1), (60, None, 36), (60, 0, 36), (24, PLAYLIST, 1)],
)
def test_every_saved_playlist_can_be_chosen_or_typed(
    count: int, wanted: int | str | None, left_out: int
) -> None:
    saved = saved_playlists(count)
    chosen = saved[wanted].playlist_id if isinstance(wanted, int) else wanted or ""
    form = SongForm(playlist=chosen, model="v55")
    draft = SongDraft(form=form, saved=saved, models=("v55",), usual_model="v55", cost=30)
    parts = [
        one for one in song_form(SongSource(), draft, form).children if isinstance(one, discord.ui.Label)
    ]
    select = parts[0].component
    assert isinstance(select, discord.ui.Select)
    names = {one.playlist_id: one.name for one in saved} | {
        PLAYLIST: labels.FORM_SAME_PLAYLIST,
        SURPRISE: SURPRISE,
    }
    assert all(one.label == names[one.value] for one in select.options)
    assert [one.value for one in select.options if one.default] == [chosen or SURPRISE]
    assert len(select.options) == min(count + 1 + (chosen == PLAYLIST), 25)
    others = [one for one in parts if one.text == labels.FORM_OTHER_PLAYLIST]
    assert [one.description for one in others] == ([labels.other_playlist_hint(left_out)] if left_out else [])
    assert len(labels.other_playlist_hint(10_000)) <= 100
    assert len(parts) <= 5


def test_what_is_typed_counts_in_place_of_the_choice_and_is_kept() -> None:
    fields = {"playlist": PLAYLIST, OTHER_PLAYLIST: " mix 3 "}
    parts = [{"component": {"custom_id": name, "value": value}} for name, value in fields.items()]
    form = filled_in({"components": parts})
    assert form.playlist == "mix 3"
    message = kept_form(SongSource(), form, COOLDOWN)
    assert message.embeds[0].fields[0].value == "mix 3"
    assert filled_in({"components": [{"component": parts[0]["component"]}]}).playlist == PLAYLIST
