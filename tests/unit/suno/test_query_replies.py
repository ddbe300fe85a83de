import json
from dataclasses import dataclass

import pytest

from bot.domain.errors import (
    AccountError,
    NoAnswerError,
    ProviderError,
    RejectedError,
    UnknownTaskError,
)
from bot.domain.provider_tasks import Clip, ClipStage, TaskReport, TaskStage
from bot.suno.report import CUT_OFF
from bot.suno.wire import read_query
from tests.unit.suno.replies import FIRST, SECOND, TASK_ID, names, recorded, reply_of, untested

C, F, P, S = ClipStage.COMPLETE, ClipStage.FAILED, ClipStage.PENDING, ClipStage.STREAMING
DONE, FAILED, RUNNING = TaskStage.DONE, TaskStage.FAILED, TaskStage.RUNNING

STAGES: dict[str, tuple[TaskStage, list[ClipStage]]] = {
    "page_example.json": (DONE, [C, C]),
    "running_result_absent.json": (RUNNING, []),
    "running_result_null.json": (RUNNING, []),
    "running_result_empty.json": (RUNNING, []),
    "running_clips_queued.json": (RUNNING, [P, P]),
    "running_clips_streaming.json": (RUNNING, [S, S]),
    "running_first_clip_complete.json": (RUNNING, [C, S]),
    "running_clips_without_status.json": (RUNNING, [P, P]),
    "status_absent.json": (RUNNING, []),
    "status_null.json": (RUNNING, []),
    "status_unknown.json": (RUNNING, []),
    "status_number.json": (RUNNING, []),
    "data_empty_object.json": (RUNNING, []),
    "done_clips_still_streaming.json": (DONE, [S, S]),
    "done_second_clip_streaming.json": (DONE, [C, S]),
    "done_second_clip_errored.json": (DONE, [C, F]),
    "done_all_clips_errored.json": (DONE, [F, F]),
    "done_one_clip.json": (DONE, [C]),
    "done_three_clips.json": (DONE, [C, C, C]),
    "done_no_clip.json": (DONE, []),
    "done_result_null.json": (DONE, []),
    "done_clips_reversed.json": (DONE, [C, C]),
    "done_clips_without_index.json": (DONE, [C, C]),
    "done_index_on_one_clip.json": (DONE, [C, C]),
    "done_clip_listed_twice.json": (DONE, [C, C]),
    "done_clips_without_status.json": (DONE, [C, C]),
    "done_clip_status_unknown.json": (DONE, [C, C]),
    "done_live_stream_without_status.json": (DONE, [C, S]),
    "done_nothing_to_hear_without_status.json": (DONE, [C, P]),
    "done_bare_clips.json": (DONE, [C, C]),
    "done_clip_without_id.json": (DONE, [C]),
    "done_clip_id_number.json": (DONE, [C]),
    "done_audio_missing.json": (DONE, [C, C]),
    "done_image_missing.json": (DONE, [C, C]),
    "done_duration_text.json": (DONE, [C, C]),
    "done_duration_unusable.json": (DONE, [C, C]),
    "done_tags_list.json": (DONE, [C, C]),
    "done_metadata_null.json": (DONE, [C, C]),
    "done_metadata_text.json": (DONE, [C, C]),
    "done_model_from_badge.json": (DONE, [C, C]),
    "done_param_absent.json": (DONE, [C, C]),
    "done_param_text.json": (DONE, [C, C]),
    "done_param_broken_text.json": (DONE, [C, C]),
    "done_unknown_fields.json": (DONE, [C, C]),
    "done_task_id_number.json": (DONE, [C, C]),
    "done_result_text.json": (DONE, [C, C]),
    "done_status_upper_case.json": (DONE, [C, C]),
    "done_wild_types.json": (DONE, [C, C]),
    "done_success.json": (DONE, [C]),
    "done_complete.json": (DONE, [C]),
    "done_completed.json": (DONE, [C]),
    "done_finished.json": (DONE, [C]),
    "failed_failed.json": (FAILED, []),
    "failed_fail.json": (FAILED, []),
    "failed_failure.json": (FAILED, []),
    "failed_error.json": (FAILED, []),
    "failed_timeout.json": (FAILED, []),
    "failed_cancelled.json": (FAILED, []),
    "failed_canceled.json": (FAILED, []),
    "failed_rejected.json": (FAILED, []),
    "failed_upper_case.json": (FAILED, []),
    "failed_without_words.json": (FAILED, []),
    "failed_error_null.json": (FAILED, []),
    "failed_with_one_clip.json": (FAILED, [C]),
    "code_text.json": (DONE, [C, C]),
    "code_zero.json": (DONE, [C, C]),
    "code_word.json": (DONE, [C, C]),
    "code_absent.json": (DONE, [C, C]),
    "code_float.json": (DONE, [C, C]),
    "message_instead_of_msg.json": (DONE, [C, C]),
    "byte_order_mark.json": (DONE, [C, C]),
    "broken_character.json": (DONE, [C, C]),
    "lone_surrogate.json": (DONE, [C, C]),
    "numbers_beyond_json.json": (DONE, [C, C]),
}
ERRORS: dict[str, type[ProviderError]] = {
    "error_400.json": RejectedError,
    "error_400_task_not_found.json": UnknownTaskError,
    "error_401.json": AccountError,
    "error_402.json": AccountError,
    "error_404.json": UnknownTaskError,
    "error_429.json": NoAnswerError,
    "error_429_text.json": NoAnswerError,
    "error_451.json": RejectedError,
    "error_500.json": NoAnswerError,
    "error_502.json": NoAnswerError,
    "error_503.json": NoAnswerError,
    "error_504.json": NoAnswerError,
    "error_unlisted.json": NoAnswerError,
    "error_words_are_long.json": RejectedError,
    "message_without_code.json": NoAnswerError,
    "gateway.html": NoAnswerError,
    "challenge.html": NoAnswerError,
    "cut_off.json": NoAnswerError,
    "wrong_types.json": NoAnswerError,
    "not_an_object.json": NoAnswerError,
    "empty.bin": NoAnswerError,
    "plain.txt": NoAnswerError,
    "deeply_nested.json": NoAnswerError,
    "code_is_a_flag.json": NoAnswerError,
    "code_is_a_word.json": NoAnswerError,
    "success_without_data.json": NoAnswerError,
    "data_list.json": NoAnswerError,
}


@dataclass(frozen=True)
class Case:
    status: int
    name: str
    error: type[ProviderError]


BY_STATUS = [
    # A status without a body that can be read.
    Case(404, "empty.bin", NoAnswerError),
    Case(401, "empty.bin", AccountError),
    Case(402, "empty.bin", AccountError),
    Case(400, "empty.bin", NoAnswerError),
    Case(451, "empty.bin", NoAnswerError),
    Case(429, "empty.bin", NoAnswerError),
    Case(500, "empty.bin", NoAnswerError),
    Case(503, "empty.bin", NoAnswerError),
    Case(302, "empty.bin", NoAnswerError),
    # A page comes from a gateway, which knows nothing of tasks and accounts.
    Case(400, "gateway.html", NoAnswerError),
    Case(401, "gateway.html", NoAnswerError),
    Case(404, "gateway.html", NoAnswerError),
    Case(502, "gateway.html", NoAnswerError),
    Case(404, "plain.txt", NoAnswerError),
    # A body without a code.
    Case(404, "message_without_code.json", NoAnswerError),
    Case(400, "message_without_code.json", NoAnswerError),
    Case(504, "message_without_code.json", NoAnswerError),
    Case(500, "code_absent.json", NoAnswerError),
    # The body's code wins.
    Case(500, "error_404.json", UnknownTaskError),
    Case(404, "error_429.json", NoAnswerError),
    Case(400, "error_500.json", NoAnswerError),
    Case(503, "error_402.json", AccountError),
]


def ask(name: str, *, status: int = 200) -> TaskReport:
    return read_query(recorded(f"query/{name}", status=status))


def test_every_recorded_reply_is_tested() -> None:
    assert untested("query", STAGES, ERRORS) == set()
    assert {*STAGES, *ERRORS} == names("query")


@pytest.mark.parametrize("name", STAGES)
def test_a_report_has_the_stage_of_the_task_and_of_each_clip(name: str) -> None:
    report = ask(name)
    assert (report.stage, [clip.stage for clip in report.clips]) == STAGES[name]


@pytest.mark.parametrize("name", ERRORS)
def test_a_reply_that_is_no_report_is_exactly_this_error(name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(name)
    assert type(caught.value) is ERRORS[name]


@pytest.mark.parametrize("case", BY_STATUS, ids=str)
def test_the_http_status_counts_where_the_body_says_nothing(case: Case) -> None:
    with pytest.raises(ProviderError) as caught:
        ask(case.name, status=case.status)
    assert type(caught.value) is case.error


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("task not found", UnknownTaskError),
        ("任务不存在", UnknownTaskError),
        ("Not Found", UnknownTaskError),
        ("this API does not know the task, or it was not found", UnknownTaskError),
        ("no handler found", NoAnswerError),
        ("接口不存在", NoAnswerError),
    ],
)
def test_a_404_of_the_provider_s_own_is_about_the_task_unless_it_is_about_the_call(
    words: str, error: type[ProviderError]
) -> None:
    body = json.dumps({"code": 404, "msg": words, "data": None}).encode()
    with pytest.raises(ProviderError) as caught:
        read_query(reply_of(body, status=404))
    assert type(caught.value) is error


@pytest.mark.parametrize("code", [400, 404, 451])
def test_a_code_with_nothing_of_the_provider_s_beside_it_is_a_gateway_s(code: int) -> None:
    body = json.dumps({"code": code, "error": "no route"}).encode()
    with pytest.raises(NoAnswerError) as caught:
        read_query(reply_of(body, status=code))
    assert caught.value.cause == f"not the provider's answer: HTTP {code}, no content type, {len(body)} bytes"


def test_the_body_says_success_whatever_the_status() -> None:
    assert ask("page_example.json", status=500).stage is DONE


def test_the_page_s_example_reads_as_its_two_clips() -> None:
    report = ask("page_example.json")
    assert report.status == "succeeded"
    assert report.error is None
    first, second = report.clips
    assert (first.id, second.id) == (FIRST, SECOND)
    assert (first.title, second.title) == ("两只老虎", "两只老虎")
    assert (first.duration_s, second.duration_s) == (91.32, 114.96)
    assert first.tags == ("Happy",)
    assert first.audio_url == f"https://cdn1.suno.ai/{FIRST}.mp3"
    assert first.image_url == f"https://cdn2.suno.ai/image_{FIRST}.jpeg"
    assert (first.model, second.model) == ("v5", "v5")


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("done_clips_reversed.json", [FIRST, SECOND]),
        ("done_clips_without_index.json", [SECOND, FIRST]),
        ("done_index_on_one_clip.json", [FIRST, SECOND]),
        ("done_clip_listed_twice.json", [FIRST, SECOND]),
        ("done_clip_id_number.json", ["8841"]),
        ("done_clip_without_id.json", [FIRST]),
    ],
)
def test_clips_come_in_their_order_and_once(name: str, ids: list[str]) -> None:
    assert [clip.id for clip in ask(name).clips] == ids


@pytest.mark.parametrize(
    ("name", "durations"),
    [
        ("done_duration_text.json", [91.32, 114.96]),
        ("done_duration_unusable.json", [None, None]),
        ("numbers_beyond_json.json", [None, None]),
        ("done_metadata_null.json", [None, None]),
        ("done_metadata_text.json", [91.32, 114.96]),
        ("done_wild_types.json", [None, 114.96]),
    ],
)
def test_a_duration_is_seconds_or_absent(name: str, durations: list[float | None]) -> None:
    assert [clip.duration_s for clip in ask(name).clips] == durations


def test_tags_may_be_a_list_or_a_text() -> None:
    assert [clip.tags for clip in ask("done_tags_list.json").clips] == [("lo-fi", "dusty keys")] * 2


def read_clip(**facts: object) -> Clip:
    """Read one complete clip with these of the provider's fields."""
    body = json.dumps({"code": 200, "msg": "ok", "data": {"result": [{"id": "c1", **facts}]}})
    return read_query(reply_of(body.encode())).clips[0]


def test_the_clips_lyrics_and_its_explicit_mark_are_read() -> None:
    first, second = ask("page_example.json").clips
    assert first.lyrics == second.lyrics == "两只老虎 两只老虎跑得快 ..."
    assert (first.explicit, second.explicit) == (False, False)
    assert read_clip(explicit="true").explicit


@pytest.mark.parametrize(
    ("metadata", "lyrics"),
    [
        (None, None),
        ({}, ""),
        ({"prompt": "[Instrumental]"}, ""),
        ({"prompt": "la la", "make_instrumental": True}, ""),
        ({"prompt": "la\x00 la\u202e @everyone"}, "la la @everyone"),
        ({"prompt": "la" * 5000}, "la" * 5000),
        ({"prompt": "l" * 10_001}, "l" * (10_000 - len(CUT_OFF)) + CUT_OFF),
        ({"prompt": "l\u202ell" * 300_000}, "l" * (10_000 - len(CUT_OFF)) + CUT_OFF),
    ],
    ids=["no metadata", "none", "instrumental", "no voice", "hostile", "longest", "longer", "a megabyte"],
)
def test_lyrics_are_clean_and_bounded(metadata: object, lyrics: str | None) -> None:
    assert read_clip(metadata=metadata).lyrics == lyrics


def test_style_tags_are_few_and_short() -> None:
    tags = read_clip(metadata={"tags": ["x" * 1000, *(str(n) for n in range(1000))]}).tags
    assert (len(tags), len(tags[0]), tags[1]) == (10, 60, "0")


def test_an_empty_text_is_absent() -> None:
    assert [clip.audio_url for clip in ask("done_audio_missing.json").clips] == [None, None]


def test_the_large_cover_stands_in_for_a_missing_one() -> None:
    covers = [clip.image_url for clip in ask("done_image_missing.json").clips]
    assert covers == [None, f"https://cdn2.suno.ai/image_large_{SECOND}.jpeg"]


def test_the_model_is_named_by_the_badge_or_by_suno_where_the_version_is_missing() -> None:
    assert [clip.model for clip in ask("done_model_from_badge.json").clips] == ["v5.5", "chirp-crow"]


@pytest.mark.parametrize(
    ("name", "title"), [("broken_character.json", "Two � Tigers"), ("lone_surrogate.json", "Two Tigers")]
)
def test_a_title_holds_nothing_that_a_database_or_discord_refuses(name: str, title: str) -> None:
    assert ask(name).clips[0].title == title


def test_a_failure_keeps_the_provider_s_words() -> None:
    assert ask("failed_failed.json").error == "upstream bizCode=451, msg=prompt_unsafe"
    assert ask("failed_without_words.json").error is None
    assert ask("failed_error_null.json").error is None


def test_an_unknown_status_is_kept_for_the_log() -> None:
    assert ask("status_unknown.json").status == "awaiting_upstream"
    assert ask("status_number.json").status == "3"


def test_a_refusal_has_the_provider_s_code_and_words_within_bounds() -> None:
    with pytest.raises(AccountError) as caught:
        ask("error_402.json")
    assert (caught.value.code, caught.value.text) == (402, "insufficient credits")
    with pytest.raises(RejectedError) as caught_long:
        ask("error_words_are_long.json")
    assert len(caught_long.value.text) == 500


def test_the_wait_that_the_provider_asks_for_is_kept() -> None:
    limited = recorded("query/error_429.json")
    with pytest.raises(NoAnswerError) as caught:
        read_query(reply_of(limited.body, status=429, headers={"retry-after": "7"}))
    assert caught.value.retry_after_s == 7
    with pytest.raises(NoAnswerError) as caught:
        read_query(reply_of(b"<html>", status=503, headers={"Retry-After": "11"}))
    assert caught.value.retry_after_s == 11


def test_an_unreadable_reply_is_described_and_not_repeated() -> None:
    with pytest.raises(NoAnswerError) as caught:
        read_query(reply_of(b"<html>secret", status=502, headers={"Content-Type": "text/html; charset=x"}))
    assert caught.value.cause == "unreadable: HTTP 502, text/html, 12 bytes"


def test_a_task_id_in_the_reply_is_not_compared() -> None:
    assert TASK_ID not in recorded("query/done_task_id_number.json").body.decode()
    assert ask("done_task_id_number.json").complete
