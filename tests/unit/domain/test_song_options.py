import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import (
    ClipError,
    LinkKind,
    ModelError,
    PersonaError,
    PlaylistError,
    PromptError,
    RefusalError,
    WeightError,
)
from bot.domain.song_options import (
    PlaylistName,
    SongOptions,
    SongSpec,
    parse_clip,
    parse_persona,
    parse_playlist,
    parse_playlist_or_name,
    parse_weight,
    song_spec,
)

PLAYLIST = "119573ff-8e48-4c1d-9a1b-0123456789ab"
MODELS = ("v55", "v50", "v40")


def checked(order: SongOptions) -> SongSpec:
    return song_spec(order, PLAYLIST, models=MODELS, default_model="v55")


@pytest.mark.parametrize(
    "text",
    [
        PLAYLIST,
        PLAYLIST.upper(),
        f"  {PLAYLIST}\n",
        f"https://suno.com/playlist/{PLAYLIST}",
        f"https://suno.com/playlist/{PLAYLIST}?sh=abc#x",
        f"https://suno.com/playlist/{PLAYLIST}/",
        f"http://www.suno.com/playlist/{PLAYLIST.upper()}",
        f"suno.com/playlist/{PLAYLIST}",
        f"<https://suno.com/playlist/{PLAYLIST}>",
    ],
)
def test_a_playlist_is_read_from_its_id_or_link(text: str) -> None:
    assert parse_playlist(text) == PLAYLIST


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", LinkKind.EMPTY),
        ("   ", LinkKind.EMPTY),
        ("<>", LinkKind.EMPTY),
        ("119573ff-8e48-...", LinkKind.CUT_OFF),
        ("119573ff-8e48-…", LinkKind.CUT_OFF),
        ("119573ff-8e48-4c1d-9a1b-0123456789a", LinkKind.CUT_OFF),
        ("119573ff", LinkKind.CUT_OFF),
        ("https://suno.com/playlist/119573ff-8e48-...", LinkKind.CUT_OFF),
        ("https://suno.com/playlist/", LinkKind.CUT_OFF),
        (f"https://suno.com/song/{PLAYLIST}", LinkKind.SONG_LINK),
        ("https://suno.com/s/AbCdEf123", LinkKind.SHORT_LINK),
        ("https://suno.com/@somebody", LinkKind.OTHER_PAGE),
        ("https://suno.com", LinkKind.OTHER_PAGE),
        ("https://open.spotify.com/playlist/37i9dQZF1DX", LinkKind.OTHER_SITE),
        ("youtube.com/watch?v=1", LinkKind.OTHER_SITE),
        (f"https://suno.com.example.org/playlist/{PLAYLIST}", LinkKind.OTHER_SITE),
        (f"ftp://suno.com/playlist/{PLAYLIST}", LinkKind.OTHER_SITE),
        ("http://[::1", LinkKind.OTHER_SITE),
        ("something chill for the evening", LinkKind.FREE_TEXT),
        ("lofi", LinkKind.FREE_TEXT),
        ("e.g. lofi", LinkKind.FREE_TEXT),
    ],
)
def test_what_is_not_a_playlist_is_told_apart(text: str, kind: LinkKind) -> None:
    with pytest.raises(PlaylistError) as caught:
        parse_playlist(text)
    assert caught.value.kind is kind


@given(st.text(max_size=100))
def test_any_text_is_a_playlist_or_a_refusal(text: str) -> None:
    try:
        found = parse_playlist(text)
    except PlaylistError:
        return
    assert parse_playlist(found) == found


def test_a_clip_is_read_from_its_id_or_song_link() -> None:
    assert parse_clip(PLAYLIST.upper()) == PLAYLIST
    assert parse_clip(f"https://suno.com/song/{PLAYLIST}?sh=1") == PLAYLIST


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"https://suno.com/playlist/{PLAYLIST}", LinkKind.PLAYLIST_LINK),
        ("https://suno.com/song/119573ff", LinkKind.CUT_OFF),
        ("that one", LinkKind.FREE_TEXT),
    ],
)
def test_what_is_not_a_clip_is_told_apart(text: str, kind: LinkKind) -> None:
    with pytest.raises(ClipError) as caught:
        parse_clip(text)
    assert caught.value.kind is kind


def test_a_persona_is_read_from_its_id_or_link() -> None:
    assert parse_persona(f" {PLAYLIST.upper()} ") == PLAYLIST
    assert parse_persona(f"https://suno.com/persona/{PLAYLIST}") == PLAYLIST


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("two words", LinkKind.FREE_TEXT),
        ("persona:abc", LinkKind.FREE_TEXT),
        ("a_voice-9", LinkKind.FREE_TEXT),
        ("a/b", LinkKind.FREE_TEXT),
        ("abc", LinkKind.FREE_TEXT),
        ("https://suno.com/persona/", LinkKind.CUT_OFF),
        ("https://suno.com/persona/a-voice", LinkKind.PERSONA_LINK),
        (f"https://suno.com/song/{PLAYLIST}", LinkKind.SONG_LINK),
        (f"https://example.org/persona/{PLAYLIST}", LinkKind.OTHER_SITE),
        ("", LinkKind.EMPTY),
    ],
)
def test_what_cannot_be_a_persona_is_told_apart(text: str, kind: LinkKind) -> None:
    with pytest.raises(PersonaError) as caught:
        parse_persona(text)
    assert caught.value.kind is kind


def test_an_order_without_options_has_only_a_playlist_and_the_default_model() -> None:
    assert checked(SongOptions(playlist=PLAYLIST)) == SongSpec(playlist_id=PLAYLIST, model="v55")


def test_an_order_with_all_options_keeps_them_all() -> None:
    order = SongOptions(
        playlist=PLAYLIST,
        prompt=" rain \n",
        model="v50",
        style_weight=0.66,
        audio_weight=0.0,
        weirdness=1.0,
        persona_id=PLAYLIST,
        artist_clip_id=PLAYLIST,
    )
    assert checked(order) == SongSpec(
        playlist_id=PLAYLIST,
        prompt="rain",
        model="v50",
        style_weight=0.66,
        audio_weight=0.0,
        weirdness=1.0,
        persona_id=PLAYLIST,
        artist_clip_id=PLAYLIST,
    )


@pytest.mark.parametrize("value", [-0.01, 1.01, 65.0, math.nan, math.inf, -math.inf, True])
def test_a_weight_outside_0_to_1_is_refused_by_name(value: float) -> None:
    with pytest.raises(WeightError) as caught:
        parse_weight("weirdness", value)
    assert caught.value.option == "weirdness"


def test_a_weight_has_two_decimals() -> None:
    assert [parse_weight("weirdness", value) for value in (0, 0.655, 1)] == [0.0, 0.66, 1.0]


def test_text_that_is_no_playlist_is_perhaps_a_name() -> None:
    assert parse_playlist_or_name(PLAYLIST.upper()) == PLAYLIST
    assert parse_playlist_or_name("lofi") == PlaylistName("lofi", LinkKind.FREE_TEXT)
    assert parse_playlist_or_name("https://suno.com/s/x") == PlaylistName(
        "https://suno.com/s/x", LinkKind.SHORT_LINK
    )


def test_a_negative_zero_is_sent_as_zero() -> None:
    assert str(parse_weight("weirdness", -0.0)) == "0.0"


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError) as caught:
        checked(SongOptions(playlist=PLAYLIST, model="v99"))
    assert caught.value.allowed == MODELS


@pytest.mark.parametrize(("model", "limit"), [("v55", 5000), ("v40", 3000)])
def test_a_prompt_is_limited_by_the_model(model: str, limit: int) -> None:
    assert checked(SongOptions(playlist=PLAYLIST, model=model, prompt="x" * limit)).prompt == "x" * limit
    with pytest.raises(PromptError) as caught:
        checked(SongOptions(playlist=PLAYLIST, model=model, prompt="x" * (limit + 1)))
    assert (caught.value.length, caught.value.limit) == (limit + 1, limit)


def test_a_blank_prompt_is_no_prompt() -> None:
    assert checked(SongOptions(playlist=PLAYLIST, prompt=" \n ")).prompt is None
    assert checked(SongOptions(playlist=PLAYLIST, prompt="\x00\ud800\u3164\u2800")).prompt is None


@pytest.mark.parametrize(
    ("persona", "clip", "lacks"),
    [(None, None, False), (PLAYLIST, None, True), (None, PLAYLIST, True), (PLAYLIST, PLAYLIST, False)],
)
def test_persona_and_clip_belong_together(persona: str | None, clip: str | None, lacks: bool) -> None:
    order = SongOptions(playlist=PLAYLIST, persona_id=persona, artist_clip_id=clip)
    assert checked(order).lacks_partner is lacks


def test_every_refusal_can_be_raised_and_hashed() -> None:
    error: RefusalError = PlaylistError(LinkKind.EMPTY)
    assert error in {error}
