import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from bot.suno import documents
from bot.suno.documents import Document, TaskDocument
from bot.suno.fields import flag, identifier, number, suno_time, text, whole, words
from tests.unit.suno.replies import FIRST, TASK_ID, recorded


def document(name: str) -> TaskDocument:
    return TaskDocument.model_validate(json.loads(recorded(f"query/{name}").body)["data"])


def parts(found: BaseModel) -> Iterator[BaseModel]:
    yield found
    for _, value in found:
        for entry in value if isinstance(value, tuple) else (value,):
            if isinstance(entry, BaseModel):
                yield from parts(entry)


def test_every_field_of_the_page_s_example_is_modelled_and_read() -> None:
    found = document("page_example.json")
    models = {type(part).__name__ for part in parts(found)}
    kinds = {kind.__name__ for kind in vars(documents).values() if is_document(kind)}
    assert models == kinds - {"Document", "CamelDocument"}
    assert [part.model_extra for part in parts(found) if part.model_extra] == []


def is_document(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Document)


def test_every_field_says_what_it_is() -> None:
    undescribed = [
        f"{kind.__name__}.{name}"
        for kind in vars(documents).values()
        if isinstance(kind, type) and issubclass(kind, Document)
        for name, info in kind.model_fields.items()
        if not info.description
    ]
    assert undescribed == []


def test_the_page_s_values_arrive() -> None:
    found = document("page_example.json")
    first = found.result[0]
    assert (found.id, found.task_type, found.error_msg) == (TASK_ID, "create", None)
    assert found.param is not None
    assert (found.param.custom_mode, found.param.vocal_gender, found.param.style_weight) == (True, "f", 0.65)
    assert found.param.negative_tags == ("Sad", "Slow")
    assert (first.id, first.batch_index, first.explicit, first.video_url) == (FIRST, 0, False, None)
    assert first.metadata is not None
    assert first.metadata.control_sliders is not None
    assert first.metadata.control_sliders.weirdness_constraint == 0.65
    assert first.metadata.model_badges is not None
    assert first.metadata.model_badges.songcard is not None
    assert first.metadata.model_badges.songcard.dark is not None
    assert first.metadata.model_badges.songcard.dark.background_color == "0000004D"
    second = found.result[1].metadata
    assert second is not None
    assert second.model_badges is None


def test_the_provider_s_times_are_eight_hours_ahead_and_the_clips_are_not() -> None:
    found = document("page_example.json")
    assert found.create_time == datetime(2026, 1, 9, 11, 37, 16, tzinfo=UTC)
    assert found.complete_time == datetime(2026, 1, 9, 11, 38, 57, tzinfo=UTC)
    assert found.result[0].created_at == datetime(2026, 1, 9, 11, 37, 27, 101_000, tzinfo=UTC)
    assert found.create_time.tzinfo is UTC


def test_fields_that_nobody_knows_are_kept() -> None:
    found = document("done_unknown_fields.json")
    assert found.model_extra == {"queuePosition": {"lane": "b"}}
    assert found.result[0].model_extra == {"remaster": {"of": None}}


@pytest.mark.parametrize(
    "name", ["done_param_absent.json", "done_param_broken_text.json", "running_result_null.json"]
)
def test_what_was_ordered_may_be_missing(name: str) -> None:
    assert document(name).param is None


def test_what_was_ordered_may_come_as_a_text() -> None:
    param = document("done_param_text.json").param
    assert param is not None
    assert (param.task, param.model) == ("inspiration", "chirp-v55")


@pytest.mark.parametrize(
    ("value", "read"),
    [("  a\x00b ", "ab"), ("", None), (" ", None), (7, "7"), (1.5, "1.5"), (True, None), ([], None)],
)
def test_a_text_says_something_or_is_absent(value: object, read: str | None) -> None:
    assert text(value) == read


@pytest.mark.parametrize(
    ("value", "read"), [(17, "17"), ("a", "a"), (1.0, None), (None, None), ("x" * 201, None)]
)
def test_an_id_is_opaque(value: object, read: str | None) -> None:
    assert identifier(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [(1, 1.0), ("2.5", 2.5), ("nan", None), ("1e999", None), (10**400, None), ("", None), (False, None)],
)
def test_a_number_is_finite_or_absent(value: object, read: float | None) -> None:
    assert number(value) == read


@pytest.mark.parametrize(("value", "read"), [(3, 3), ("3", 3), (3.0, 3), (3.5, None), ("x", None)])
def test_a_whole_number_has_no_fraction(value: object, read: int | None) -> None:
    assert whole(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [(True, True), ("FALSE", False), (1, True), (0, False), (2, None), ("yes", None), (None, None)],
)
def test_a_flag_is_yes_no_or_absent(value: object, read: bool | None) -> None:
    assert flag(value) is read


def test_words_come_from_a_text_a_list_or_nowhere() -> None:
    assert words("a, b,,") == words(["a", " b", 0.5j, ""]) == ("a", "b")
    assert words(None) == words({}) == ()


@pytest.mark.parametrize("value", ["yesterday", "", None, 1767958636, "0001-01-01T00:00:00+14:00"])
def test_a_time_that_cannot_be_read_is_absent(value: object) -> None:
    assert suno_time(value) is None
