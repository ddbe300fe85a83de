import json

import pytest

from bot.domain.errors import (
    AccountError,
    NotAcceptedError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
)
from bot.suno.wire import read_submit
from tests.unit.suno.replies import TASK_ID, names, recorded, reply_of, untested

TAKEN = {
    "page_example.json": TASK_ID,
    "id_number.json": "104729",
    "id_in_object.json": TASK_ID,
    "id_in_object_task_id.json": TASK_ID,
    "code_text.json": TASK_ID,
    "code_zero.json": TASK_ID,
    "code_word.json": TASK_ID,
    "code_absent.json": TASK_ID,
}
ERRORS: dict[str, type[ProviderError]] = {
    "error_400.json": RejectedError,
    "error_401.json": AccountError,
    "error_402.json": AccountError,
    "error_404.json": RejectedError,
    "error_429.json": NotAcceptedError,
    "error_429_text.json": NotAcceptedError,
    "error_451.json": RejectedError,
    "error_500.json": RejectedError,
    "error_502.json": OutcomeUnknownError,
    "error_503.json": NotAcceptedError,
    "error_504.json": OutcomeUnknownError,
    "error_unlisted.json": RejectedError,
    "error_words_are_long.json": RejectedError,
    "message_without_code.json": OutcomeUnknownError,
    "gateway.html": OutcomeUnknownError,
    "challenge.html": OutcomeUnknownError,
    "cut_off.json": OutcomeUnknownError,
    "wrong_types.json": OutcomeUnknownError,
    "not_an_object.json": OutcomeUnknownError,
    "empty.bin": OutcomeUnknownError,
    "plain.txt": OutcomeUnknownError,
    "deeply_nested.json": OutcomeUnknownError,
    "code_is_a_flag.json": OutcomeUnknownError,
    "code_is_a_word.json": OutcomeUnknownError,
    "success_without_data.json": OutcomeUnknownError,
    "id_empty.json": OutcomeUnknownError,
    "id_flag.json": OutcomeUnknownError,
    "id_too_long.json": OutcomeUnknownError,
    "id_fraction.json": OutcomeUnknownError,
}
BY_STATUS: list[tuple[int, str, type[ProviderError]]] = [
    # sent before anything was passed on, by any server
    (400, "empty.bin", RejectedError),
    (401, "gateway.html", AccountError),
    (402, "empty.bin", AccountError),
    (413, "gateway.html", RejectedError),
    (422, "message_without_code.json", RejectedError),
    (429, "gateway.html", NotAcceptedError),
    (451, "message_without_code.json", RejectedError),
    (503, "empty.bin", NotAcceptedError),
    (503, "gateway.html", NotAcceptedError),
    # answered by a server that passed nothing on
    (301, "empty.bin", NotAcceptedError),
    (302, "gateway.html", NotAcceptedError),
    (307, "message_without_code.json", NotAcceptedError),
    (403, "challenge.html", NotAcceptedError),
    (403, "message_without_code.json", NotAcceptedError),
    (404, "gateway.html", NotAcceptedError),
    (404, "message_without_code.json", NotAcceptedError),
    (405, "empty.bin", NotAcceptedError),
    (407, "empty.bin", NotAcceptedError),
    (421, "empty.bin", NotAcceptedError),
    (425, "empty.bin", NotAcceptedError),
    (431, "gateway.html", NotAcceptedError),
    (521, "gateway.html", NotAcceptedError),
    (523, "gateway.html", NotAcceptedError),
    (525, "gateway.html", NotAcceptedError),
    (526, "gateway.html", NotAcceptedError),
    (530, "gateway.html", NotAcceptedError),
    # the task may have been accepted
    (408, "empty.bin", OutcomeUnknownError),
    (500, "empty.bin", OutcomeUnknownError),
    (500, "gateway.html", OutcomeUnknownError),
    (500, "message_without_code.json", OutcomeUnknownError),
    (502, "gateway.html", OutcomeUnknownError),
    (504, "message_without_code.json", OutcomeUnknownError),
    (520, "gateway.html", OutcomeUnknownError),
    (522, "gateway.html", OutcomeUnknownError),
    (524, "gateway.html", OutcomeUnknownError),
    (527, "gateway.html", OutcomeUnknownError),
    (400, "success_without_data.json", OutcomeUnknownError),
    # The body's code wins.
    (500, "error_429.json", NotAcceptedError),
    (400, "error_402.json", AccountError),
    (502, "error_500.json", RejectedError),
    (429, "error_451.json", RejectedError),
]


def order(name: str, *, status: int = 200) -> str:
    return read_submit(recorded(f"submit/{name}", status=status))


def test_every_recorded_reply_is_tested() -> None:
    assert untested("submit", TAKEN, ERRORS) == set()
    assert {*TAKEN, *ERRORS} == names("submit")


@pytest.mark.parametrize("name", TAKEN)
def test_an_acceptance_gives_the_task_s_id_as_a_text(name: str) -> None:
    assert order(name) == TAKEN[name]


@pytest.mark.parametrize("status", [201, 202, 400, 502])
def test_a_task_id_with_a_code_of_success_was_taken_whatever_the_status(status: int) -> None:
    assert order("page_example.json", status=status) == TASK_ID


@pytest.mark.parametrize("name", ERRORS)
def test_a_reply_that_accepts_nothing_is_exactly_this_error(name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        order(name)
    assert type(caught.value) is ERRORS[name]


@pytest.mark.parametrize(("status", "name", "error"), BY_STATUS)
def test_the_http_status_counts_where_the_body_says_nothing(
    status: int, name: str, error: type[ProviderError]
) -> None:
    with pytest.raises(ProviderError) as caught:
        order(name, status=status)
    assert type(caught.value) is error


@pytest.mark.parametrize(("name", "busy"), [("error_429.json", True), ("error_503.json", False)])
def test_only_429_says_that_too_many_tasks_are_running(name: str, busy: bool) -> None:
    with pytest.raises(NotAcceptedError) as caught:
        order(name)
    assert caught.value.busy is busy
    assert caught.value.retry_after_s is None


def test_the_wait_that_the_provider_asks_for_is_kept() -> None:
    with pytest.raises(NotAcceptedError) as caught:
        read_submit(reply_of(b"", status=503, headers={"RETRY-AFTER": "2.5"}))
    assert caught.value.retry_after_s == 2.5


def test_a_refusal_has_the_provider_s_code_and_words() -> None:
    with pytest.raises(RejectedError) as caught:
        order("error_451.json")
    assert caught.value.code == 451
    assert caught.value.text == "we don't reference specific artists on Suno"
    with pytest.raises(RejectedError) as caught:
        read_submit(reply_of(b"<html>words", status=400))
    assert (caught.value.code, caught.value.text) == (400, "")


@pytest.mark.parametrize(
    ("status", "may_be_request"),
    [
        (301, False),
        (302, True),
        (403, True),
        (404, False),
        (406, True),
        (451, True),
        (501, True),
        (525, False),
    ],
)
def test_who_answers_in_front_of_the_provider_may_mean_one_request_or_all(
    status: int, may_be_request: bool
) -> None:
    with pytest.raises(NotAcceptedError) as caught:
        read_submit(reply_of(b"<html>words", status=status, headers={"Content-Type": "text/html"}))
    assert (caught.value.at_edge, caught.value.may_be_request) == (True, may_be_request)
    assert caught.value.cause == f"not the provider's answer: HTTP {status}, text/html, 11 bytes"


@pytest.mark.parametrize(
    ("code", "words", "error"),
    [
        (404, "no route matched with those values", NotAcceptedError),
        (405, "Request method 'POST' is not supported", NotAcceptedError),
        (404, "playlist page not found", RejectedError),
        (403, "this model is not enabled for your account", RejectedError),
    ],
)
def test_a_router_behind_the_providers_envelope_has_taken_nothing(
    code: int, words: str, error: type[ProviderError]
) -> None:
    body = json.dumps({"code": code, "msg": words}).encode()
    with pytest.raises(ProviderError) as caught:
        read_submit(reply_of(body))
    assert type(caught.value) is error
