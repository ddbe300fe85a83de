import json
from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.errors import (
    NoAnswerError,
    NotAcceptedError,
    OutcomeUnknownError,
    RejectedError,
    UnknownTaskError,
)
from bot.domain.provider_tasks import ClipStage, TaskReport, TaskStage
from bot.suno.report import CLIP_STAGES
from bot.suno.wire import read_query, read_submit
from tests.unit.suno.replies import FIRST, SECOND, recorded, reply_of

Path = tuple[str | int, ...]

EXAMPLE: dict[str, object] = json.loads(recorded("query/page_example.json").body)
statuses = st.sampled_from(
    [200, 201, 204, 302, 400, 401, 402, 403, 404, 408, 429, 451, 500, 502, 503, 504, 520]
)
headers = st.dictionaries(st.sampled_from(["Retry-After", "Date", "Content-Type"]), st.text(max_size=40))
texts = st.text(st.characters(codec=None), max_size=20)  # lone surrogates too
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def paths(value: object, *, at: Path = ()) -> Iterator[Path]:
    """Where every value in the document is, the document itself left out."""
    if at:
        yield at
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, inner in entries:
        yield from paths(inner, at=(*at, name))


EVERY_PATH = list(paths(EXAMPLE))
CLIP_PATHS = [
    path for path in EVERY_PATH if path[:2] == ("data", "result") and len(path) > 3 and path[3:] != ("id",)
]


def changed(path: Path, value: object) -> bytes:
    """The page's example with another value in one place."""
    return json.dumps(put(EXAMPLE, path, value)).encode()


def put(holder: object, path: Path, value: object) -> object:
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(holder, dict):
        return {key: put(inner, rest, value) if key == name else inner for key, inner in holder.items()}
    assert isinstance(holder, list)
    return [put(inner, rest, value) if index == name else inner for index, inner in enumerate(holder)]


def says_where_a_clip_is(path: Path, value: object) -> bool:
    """True when the value is a status of a clip that means something else than complete."""
    return path[-1] == "status" and str(value).strip().lower() in CLIP_STAGES


def asked(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> TaskReport | None:
    try:
        return read_query(reply_of(body, status=status, headers=headers))
    except (NoAnswerError, UnknownTaskError, RejectedError):
        return None


def ordered(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> str | None:
    try:
        return read_submit(reply_of(body, status=status, headers=headers))
    except (NotAcceptedError, RejectedError, OutcomeUnknownError):
        return None


@given(st.binary(max_size=200), statuses, headers)
def test_no_bytes_raise_anything_but_the_documented_errors(
    body: bytes, status: int, headers: dict[str, str]
) -> None:
    asked(body, status=status, headers=headers)
    ordered(body, status=status, headers=headers)


@given(values, statuses)
def test_no_json_raises_anything_but_the_documented_errors(value: object, status: int) -> None:
    for document in (value, {"code": value}, {"code": 200, "data": value}, {"msg": value, "data": value}):
        body = json.dumps(document).encode()
        asked(body, status=status)
        ordered(body, status=status)


@given(st.sampled_from(EVERY_PATH), values)
@example(("data", "result", 0, "metadata"), {"\ud800": "\udfff", "model_config": 1, "__class__": []})
def test_no_change_of_the_page_s_example_raises_anything_else(path: Path, value: object) -> None:
    report = asked(changed(path, value))
    if report is not None:
        for clip in report.clips:
            assert f"{clip.id}{clip.title}{clip.tags}{clip.audio_url}".encode().count(b"\x00") == 0


@given(st.sampled_from(CLIP_PATHS), values)
def test_no_change_of_one_clip_field_loses_a_complete_clip(path: Path, value: object) -> None:
    if says_where_a_clip_is(path, value):
        return
    report = asked(changed(path, value))
    assert report is not None
    assert report.stage is TaskStage.DONE
    assert sorted(clip.id for clip in report.complete) == [FIRST, SECOND]


@given(st.text(max_size=12))
def test_a_task_with_a_word_that_nobody_knows_is_still_running(word: str) -> None:
    report = asked(changed(("data", "status"), f"x-{word}"))
    assert report is not None
    assert report.stage is TaskStage.RUNNING
    assert {clip.stage for clip in report.clips} == {ClipStage.COMPLETE}
