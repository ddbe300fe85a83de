import asyncio
import json
import random
import re

import aiohttp
import pytest

from sandbox.cqtai import PLAYLISTS, LocalProvider, Pace, Terms
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.inspiration import JsonObject
from sandbox.cqtai.songs import compose
from sandbox.cqtai.timeline import Fail, TaskStatus
from tests.harness.clock import FakeClock
from tests.unit.sandbox_cqtai.conftest import KEY, SONG_S, Caller

UNKNOWN_PLAYLIST = "00000000-0000-4000-8000-00000000dead"
EXAMPLE_CLIP_FIELDS = (
    "id title handle status user_id explicit has_hook is_liked metadata audio_url image_url is_public "
    "video_url created_at flag_count is_trashed model_name play_count batch_index entity_type display_name "
    "upvote_count comment_count allow_comments image_large_url is_contest_clip avatar_image_url "
    "is_handle_updated major_model_version"
)
EXAMPLE_METADATA_FIELDS = (
    "tags type prompt stream duration has_stem is_remix priority can_remix model_badges negative_tags "
    "refund_credits control_sliders make_instrumental uses_latest_model"
)


async def test_an_accepted_task_has_an_id_of_32_hex_digits(caller: Caller) -> None:
    answer = await caller.submit()

    assert (answer.status, answer.body["code"], answer.body["msg"]) == (200, 200, "success")
    assert re.fullmatch(r"[0-9a-f]{32}", str(answer.body["data"]))


async def test_the_body_is_kept_as_it_was_received(caller: Caller) -> None:
    options: JsonObject = {"prompt": "慢 & easy", "styleWeight": 0.65, "personaId": "p", "audioWeight": 1}

    await caller.submit(**options)

    assert caller.provider.tasks[0].body.items() >= options.items()
    assert json.loads(caller.provider.requests[0].body).items() >= options.items()


async def test_a_finished_task_has_every_field_of_the_page(caller: Caller) -> None:
    task_id = await caller.accepted()

    document = (await caller.query(task_id, age_s=SONG_S)).document
    first, second = (await caller.query(task_id)).clips

    assert " ".join(document) == "id taskType status errorMsg param result createTime completeTime"
    assert (document["taskType"], document["status"], document["errorMsg"]) == ("create", "succeeded", "")
    assert document["createTime"] == "2026-01-09 19:37:16"
    assert document["completeTime"] == "2026-01-09 19:38:56"
    assert " ".join(first) == " ".join(second) == EXAMPLE_CLIP_FIELDS
    assert first["created_at"] == "2026-01-09T11:37:27.000Z"
    assert isinstance(first["metadata"], dict)
    assert isinstance(second["metadata"], dict)
    assert " ".join(first["metadata"]) == EXAMPLE_METADATA_FIELDS
    assert set(first["metadata"]) - set(second["metadata"]) == {"model_badges"}
    assert isinstance(first["metadata"]["duration"], float)


async def test_a_queued_task_has_no_result_or_a_null_one(caller: Caller) -> None:
    caller.provider.pace = Pace(SONG_S, max_running=None)
    documents = [(await caller.query(await caller.accepted())).document for _ in range(12)]

    assert {str(document.get("result", "absent")) for document in documents} == {"None", "absent"}


async def test_the_first_clip_is_ready_before_the_second(caller: Caller) -> None:
    first, second = (await caller.query(await caller.accepted(), age_s=0.7 * SONG_S)).clips

    assert (first["status"], second["status"]) == ("complete", "streaming")
    assert str(first["audio_url"]).startswith(caller.provider.origin)
    assert "audiopipe" in str(second["audio_url"])


async def test_the_same_seed_gives_the_same_songs_and_songs_differ(clock: FakeClock) -> None:
    runs = []
    for _ in range(2):
        async with (
            LocalProvider(key=KEY, max_running=None, seed=5, clock=clock.seconds) as provider,
            aiohttp.ClientSession() as session,
        ):
            caller = Caller(provider, session, clock)
            for _ in range(30):
                await caller.accepted()
            runs.append([(task.id, task.song) for task in provider.tasks])

    assert runs[0] == runs[1]
    titles = {song.title for _, song in runs[0]}
    assert len(titles) > 15
    assert any(ord(letter) > 0x2E80 for title in titles for letter in title)
    assert any(mark in title for title in titles for mark in "*_[`|")
    assert all(40 <= clip.duration_s <= 130 for _, song in runs[0] for clip in song.clips)


def test_a_demo_s_titles_are_plain() -> None:
    rng = random.Random(5)
    titles = [compose(rng, playlist_id=PLAYLISTS[0].id, takes=2, odd_titles=0).title for _ in range(50)]
    assert all(title.replace(" ", "").isascii() and title.replace(" ", "").isalpha() for title in titles)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"task": "create"}, "task"),
        ({"model": "v99"}, "model"),
        ({"model": None}, "model"),
        ({"playlistId": "119573ff-8e48-..."}, "playlistId"),
        ({"playlistId": "119573ff8e484c1b9a526f0d3be7a401"}, "playlistId"),
        ({"playlistId": 5}, "playlistId"),
        ({"styleWeight": "0.5"}, "styleWeight"),
        ({"styleWeight": True}, "styleWeight"),
        ({"audioWeight": 1.01}, "audioWeight"),
        ({"audioWeight": -0.1}, "audioWeight"),
        ({"weirdnessConstraint": 0.123}, "weirdnessConstraint"),
        ({"weirdnessConstraint": None}, "weirdnessConstraint"),
        ({"weirdnessConstraint": float("nan")}, "NaN"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 5001}, "5000"),
        ({"prompt": "x" * 3001, "model": "v40"}, "3000"),
        ({"personaId": 7}, "personaId"),
        ({"artistClipId": "https://suno.com/song/x"}, "artistClipId"),
        ({"style_weight": 0.5}, "style_weight"),
    ],
)
async def test_a_body_that_breaks_the_pages_rules_is_refused_and_free(
    caller: Caller, changes: JsonObject, named: str
) -> None:
    answer = await caller.submit(**changes)

    assert (answer.status, answer.body["code"]) == (200, 400)
    assert named in str(answer.body["msg"])
    assert caller.provider.credits.spent == 0


@pytest.mark.parametrize("body", ["", "[]", '{"task":', "{}", '{"task": "inspiration"}'])
async def test_a_body_without_the_required_fields_is_refused(caller: Caller, body: str) -> None:
    assert (await caller.send(body)).body["code"] == 400


async def test_a_wrong_key_is_refused_on_both_calls(caller: Caller) -> None:
    task_id = await caller.accepted()
    caller.headers = {"Authorization": "Bearer another"}

    assert (await caller.submit()).body["code"] == 401
    assert (await caller.query(task_id)).body["code"] == 401


async def test_an_unknown_playlist_is_refused(caller: Caller) -> None:
    caller.provider.unknown_playlists.add(UNKNOWN_PLAYLIST)

    answer = await caller.submit(playlistId=UNKNOWN_PLAYLIST.upper())

    assert (answer.body["code"], answer.body["msg"]) == (400, "playlist not found")


async def test_an_unknown_task_is_refused(caller: Caller) -> None:
    assert (await caller.query("f" * 32)).body["code"] == 400


class TestWithErrorsAsHttpStatus:
    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(errors_as_http=True, credits=30)

    async def test_refusals_use_the_http_status(self, caller: Caller) -> None:
        assert (await caller.submit(model="v0")).status == 400
        assert (await caller.query("f" * 32)).status == 404
        await caller.accepted()
        assert (await caller.submit()).status == 402


async def test_a_path_that_the_provider_does_not_have_is_refused_loudly(caller: Caller) -> None:
    answer = await caller.get("/api/cqt/user/credits")

    assert (answer.status, answer.body["code"]) == (404, 404)
    assert caller.provider.requests[-1].status == 404


async def test_more_tasks_than_may_run_are_refused_until_one_ends(caller: Caller) -> None:
    await caller.accepted()
    await caller.accepted()

    refused = await caller.submit()
    caller.clock.advance(SONG_S)
    accepted = await caller.submit()

    assert (refused.body["code"], refused.body["msg"]) == (429, "Task limit reached")
    assert "Retry-After" not in refused.headers
    assert accepted.body["code"] == 200
    assert caller.provider.running == 1
    assert caller.provider.credits.spent == 90


class TestWithARateOfAThird:
    @pytest.fixture
    def terms(self) -> Terms:
        return Terms(rate=0.34, credits=25)

    async def test_the_cost_is_rounded_up_and_an_empty_account_refuses(self, caller: Caller) -> None:
        await caller.accepted()
        await caller.accepted()
        caller.clock.advance(SONG_S)

        refused = await caller.submit()

        assert (refused.body["code"], caller.provider.credits.balance) == (402, 3)


async def test_a_failed_task_gives_its_credits_back_once(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.TASK, Fail("failed or timeout")))
    before = caller.provider.credits.balance
    task_id = await caller.accepted()
    assert caller.provider.credits.balance == before - 30

    document = (await caller.query(task_id, age_s=SONG_S)).document
    await caller.query(task_id)

    assert (document["status"], document["errorMsg"], document["result"]) == (
        "failed",
        "failed or timeout",
        None,
    )
    assert document["completeTime"] == "2026-01-09 19:38:06"
    assert (caller.provider.credits.balance, caller.provider.credits.refunded) == (before, 30)
    assert (caller.provider.tasks[0].charged, caller.provider.tasks[0].refunded) == (30, 30)


async def test_credits_and_tasks_can_be_read_over_http_outside_the_providers_paths(caller: Caller) -> None:
    task_id = await caller.accepted()

    account = json.loads((await caller.get("/sandbox/credits")).text)
    tasks = json.loads((await caller.get("/sandbox/tasks")).text)

    assert (account["spent"], account["balance"]) == (30, 999_970)
    assert [(task["id"], task["status"]) for task in tasks] == [(task_id, "queued")]


async def test_listeners_hear_of_changes_until_they_leave(caller: Caller) -> None:
    heard: list[int] = []
    unsubscribe = caller.provider.subscribe(lambda: heard.append(len(caller.provider.requests)))

    await caller.submit()
    unsubscribe()
    await caller.submit()

    assert heard == [1]


async def test_waiting_ends_when_the_condition_holds_and_only_then(caller: Caller) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(caller.provider.wait_for(lambda provider: len(provider.tasks) == 1))
        await caller.submit()
    assert waiting.done()

    with pytest.raises(TimeoutError):
        await caller.provider.wait_for(lambda provider: len(provider.tasks) == 9, timeout_s=0.05)


async def test_waiting_notices_that_time_alone_has_changed_something(caller: Caller) -> None:
    await caller.accepted()
    asyncio.get_running_loop().call_soon(caller.clock.advance, SONG_S)

    await caller.provider.wait_for(lambda provider: provider.tasks[0].status is TaskStatus.SUCCEEDED)


async def test_a_closed_provider_refuses_connections_and_remembers_its_tasks(caller: Caller) -> None:
    task_id = await caller.accepted()
    address = caller.provider.base_url

    await caller.provider.close()
    async with aiohttp.ClientSession() as caller.session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await caller.submit()
        await caller.provider.open()

        assert caller.provider.base_url == address
        assert (await caller.query(task_id)).body["code"] == 200
