import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import LinkKind, WeightError
from bot.domain.song_form import (
    PROMPT_LIMIT,
    SongForm,
    SongSource,
    WeightsError,
    form_of,
    parse_weights,
    weights_text,
)
from bot.domain.song_options import PlaylistName, SongOptions

ID = "119573ff-8e48-4c1d-9a1b-0123456789ab"


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("", {}),
        ("  ", {}),
        ("style 0.5 · audio 1 · weirdness .25", {"style_weight": 0.5, "audio_weight": 1, "weirdness": 0.25}),
        ("Weird: 20%, style_weight=0,7", {"weirdness": 0.2, "style_weight": 0.7}),
        ("audio weight 0", {"audio_weight": 0}),
        ("style 1,audio 0.5", {"style_weight": 1, "audio_weight": 0.5}),
    ],
)
def test_the_weights_are_read_as_people_write_them(text: str, weights: dict[str, float]) -> None:
    assert parse_weights(text) == weights


@pytest.mark.parametrize(
    "text", ["0.5", "style", "style a lot", "loud 0.5", "style 0.5 style 0.6", "style 0.5 !"]
)
def test_other_text_is_no_weights(text: str) -> None:
    with pytest.raises(WeightsError) as refused:
        parse_weights(text)
    assert refused.value.text == text


@pytest.mark.parametrize("text", ["style 7", "audio -0.1", "weirdness 150%"])
def test_a_weight_is_between_0_and_1(text: str) -> None:
    with pytest.raises(WeightError):
        parse_weights(text)


WEIGHT = st.none() | st.integers(0, 100).map(lambda value: value / 100)


@given(st.tuples(WEIGHT, WEIGHT, WEIGHT))
def test_weights_that_were_written_are_read_again(
    values: tuple[float | None, float | None, float | None],
) -> None:
    options = SongOptions(style_weight=values[0], audio_weight=values[1], weirdness=values[2])
    read = SongForm(weights=weights_text(options)).options()
    assert (read.style_weight, read.audio_weight, read.weirdness) == values


def test_a_form_has_the_options_and_gives_them_back() -> None:
    options = SongOptions(playlist=ID, prompt="rain", model="v50", weirdness=0.5)
    assert form_of(options) == SongForm(playlist=ID, prompt="rain", model="v50", weights="weirdness 0.5")
    assert form_of(options).options() == options
    assert form_of(SongOptions()).options() == SongOptions()
    assert len(form_of(SongOptions(prompt="x" * 5000)).prompt) == PROMPT_LIMIT
    assert SongForm(playlist="lofi").options().playlist == PlaylistName("lofi", LinkKind.FREE_TEXT)


@pytest.mark.parametrize(
    "source",
    [
        SongSource(request_id=77),
        SongSource(playlist_id=ID),
        SongSource(),
        SongSource(clip_id=ID),
        SongSource(persona_id=ID),
        SongSource(clip_id=ID, persona_id=ID),
    ],
)
def test_a_source_is_read_again_from_its_key(source: SongSource) -> None:
    assert SongSource.parse(source.key) == source


@pytest.mark.parametrize("key", ["", "x", "clip-7", f"song-{ID}", "9" * 21])
def test_other_keys_are_no_source(key: str) -> None:
    assert SongSource.parse(key) is None
