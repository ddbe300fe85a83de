import json

import pytest

from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.inspiration import JsonObject
from sandbox.cqtai.reply_variants import ReplyVariant, StatusAs, apply
from tests.unit.sandbox_cqtai.conftest import SONG_S, Answer, Caller


async def done_with(caller: Caller, *effects: ReplyVariant | StatusAs) -> Answer:
    caller.provider.faults.add(*(Fault(Phase.DOCUMENT, effect, times=None) for effect in effects))
    task_id = await caller.accepted()
    caller.clock.advance(SONG_S)
    return await caller.query(task_id)


async def test_a_good_song_is_delivered_although_its_clips_stay_streaming_for_a_while(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.DOCUMENT, ReplyVariant.CLIPS_STREAMING, times=2, done_only=True))
    task_id = await caller.accepted()
    await caller.query(task_id, age_s=50)
    await caller.query(task_id, age_s=SONG_S)

    still = await caller.query(task_id)
    then = await caller.query(task_id)

    assert still.document["status"] == then.document["status"] == "succeeded"
    assert [clip["status"] for clip in still.clips] == ["streaming", "streaming"]
    assert [clip["status"] for clip in then.clips] == ["complete", "complete"]


@pytest.mark.parametrize(
    ("variant", "statuses"),
    [
        (ReplyVariant.SECOND_CLIP_STREAMING, ["complete", "streaming"]),
        (ReplyVariant.SECOND_CLIP_ERRORED, ["complete", "error"]),
        (ReplyVariant.ALL_CLIPS_ERRORED, ["error", "error"]),
        (ReplyVariant.ALL_CLIPS_MODERATED, ["error", "error"]),
        (ReplyVariant.ONE_CLIP, ["complete"]),
        (ReplyVariant.RESULT_EMPTY, []),
    ],
)
async def test_a_done_task_has_fewer_good_clips_than_two(
    caller: Caller, variant: ReplyVariant, statuses: list[str]
) -> None:
    answer = await done_with(caller, variant)

    assert answer.document["status"] == "succeeded"
    assert [clip["status"] for clip in answer.clips] == statuses


async def test_status_result_and_param_can_be_missing(caller: Caller) -> None:
    document = (
        await done_with(
            caller, ReplyVariant.STATUS_MISSING, ReplyVariant.RESULT_ABSENT, ReplyVariant.PARAM_ABSENT
        )
    ).document

    assert document.keys().isdisjoint({"status", "result", "param"})


async def test_result_param_and_error_can_be_null(caller: Caller) -> None:
    document = (
        await done_with(
            caller, ReplyVariant.RESULT_NULL, ReplyVariant.PARAM_NULL, ReplyVariant.ERROR_MSG_NULL
        )
    ).document

    assert [document[name] for name in ("result", "param", "errorMsg")] == [None, None, None]


async def test_param_can_be_json_in_a_string(caller: Caller) -> None:
    param = (await done_with(caller, ReplyVariant.PARAM_TEXT)).document["param"]

    assert json.loads(str(param))["task"] == "create"


async def test_clips_can_come_in_the_wrong_order(caller: Caller) -> None:
    answer = await done_with(caller, ReplyVariant.CLIPS_REVERSED)

    assert [clip["batch_index"] for clip in answer.clips] == [1, 0]


async def test_clips_can_be_bare_and_fields_unknown(caller: Caller) -> None:
    bare = await done_with(caller, ReplyVariant.BARE_CLIPS)
    caller.provider.faults.clear()
    more = await done_with(caller, ReplyVariant.UNKNOWN_FIELDS)

    assert [list(clip) for clip in bare.clips] == [["id", "status", "audio_url"]] * 2
    assert "queuePosition" in more.document
    assert all("entity_revision" in clip for clip in more.clips)


async def test_durations_and_tags_change_their_types(caller: Caller) -> None:
    odd = (await done_with(caller, ReplyVariant.DURATION_TEXT, ReplyVariant.TAGS_LIST)).clips[0]["metadata"]
    null = (await done_with(caller, ReplyVariant.DURATION_NULL)).clips[0]["metadata"]

    assert isinstance(odd, dict)
    assert isinstance(null, dict)
    assert float(str(odd["duration"])) > 0
    assert isinstance(odd["duration"], str)
    assert isinstance(odd["tags"], list)
    assert null["duration"] is None


@pytest.mark.parametrize(
    ("variant", "field", "ending"),
    [
        (ReplyVariant.AUDIO_FORBIDDEN, "audio_url", "/api/forbidden"),
        (ReplyVariant.AUDIO_NONE, "audio_url", "/None.mp3"),
        (ReplyVariant.AUDIO_PIPE, "audio_url", "{id}"),
        (ReplyVariant.AUDIO_MISSING, "audio_url", ""),
        (ReplyVariant.IMAGE_MISSING, "image_url", ""),
    ],
)
async def test_links_can_lead_nowhere(caller: Caller, variant: ReplyVariant, field: str, ending: str) -> None:
    for clip in (await done_with(caller, variant)).clips:
        assert str(clip[field]).endswith(ending.format(id=clip["id"]))
        assert bool(clip[field]) == bool(ending)


@pytest.mark.parametrize("variant", ReplyVariant)
def test_every_oddity_changes_a_done_task(variant: ReplyVariant) -> None:
    def document() -> JsonObject:
        clips: list[JsonObject] = [
            {
                "id": str(number),
                "status": "complete",
                "metadata": {"tags": "a, b", "duration": 1.5},
                "audio_url": "https://a/b.mp3",
                "image_url": "https://a/b.jpeg",
                "batch_index": number,
            }
            for number in (0, 1)
        ]
        return {"status": "succeeded", "errorMsg": "", "param": {}, "result": list(clips)}

    changed = document()
    apply(variant, document=changed, origin="http://127.0.0.1:1")

    assert changed != document()
