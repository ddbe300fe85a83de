import json

from bot.domain.song_options import SongSpec
from bot.suno.wire import submit_body

PLAYLIST = "119573ff-8e48-4c0e-9d3a-6a1f0c2b7d55"
CLIP = "4f51f49d-8875-442d-9a66-81a7e66d55d6"


def test_a_plain_order_sends_the_three_required_parameters_and_no_other() -> None:
    body = json.loads(submit_body(SongSpec(playlist_id=PLAYLIST, model="v55")))
    assert body == {"task": "inspiration", "model": "v55", "playlistId": PLAYLIST}


def test_a_full_order_sends_every_parameter_of_the_page_by_its_name() -> None:
    spec = SongSpec(
        playlist_id=PLAYLIST,
        model="v45+",
        prompt="slow, 雨夜 ☔",
        style_weight=0.65,
        audio_weight=1.0,
        weirdness=0.3,
        persona_id="p-1",
        artist_clip_id=CLIP,
    )
    assert json.loads(submit_body(spec)) == {
        "task": "inspiration",
        "model": "v45+",
        "playlistId": PLAYLIST,
        "prompt": "slow, 雨夜 ☔",
        "styleWeight": 0.65,
        "audioWeight": 1.0,
        "weirdnessConstraint": 0.3,
        "personaId": "p-1",
        "artistClipId": CLIP,
    }


def test_a_weight_of_zero_is_sent() -> None:
    body = json.loads(submit_body(SongSpec(playlist_id=PLAYLIST, model="v55", style_weight=0.0)))
    assert body["styleWeight"] == 0
