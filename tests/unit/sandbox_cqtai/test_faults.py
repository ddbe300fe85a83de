import dataclasses

import aiohttp
import pytest

from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.effects import (
    ARTIST_NAME,
    BAD_GATEWAY,
    BAD_KEY,
    BAD_PARAMETER,
    DONE_SPELLINGS,
    EMPTY_BODY,
    FAILED_SPELLINGS,
    FAILURE_TEXTS,
    HTML_AS_SUCCESS,
    MALFORMED_JSON,
    MODERATION,
    NO_CREDITS,
    NOT_AN_OBJECT,
    SERVER_ERROR,
    TASK_LIMIT,
    TASK_NOT_FOUND,
    UNAVAILABLE,
    WRONG_TYPES,
    Drop,
    Envelope,
    NumberedId,
    Page,
    Refuse,
    Slow,
)
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import StatusAs
from sandbox.cqtai.timeline import Fail, Stall
from tests.unit.sandbox_cqtai.conftest import SONG_S, Answer, Caller

CALLS = (Phase.SUBMIT, Phase.QUERY)
REFUSALS = (
    BAD_PARAMETER,
    BAD_KEY,
    NO_CREDITS,
    TASK_NOT_FOUND,
    TASK_LIMIT,
    MODERATION,
    ARTIST_NAME,
    SERVER_ERROR,
    UNAVAILABLE,
)
PAGES = (BAD_GATEWAY, HTML_AS_SUCCESS, MALFORMED_JSON, WRONG_TYPES, NOT_AN_OBJECT, EMPTY_BODY)


async def call(caller: Caller, phase: Phase, fault: Fault) -> Answer:
    if phase is Phase.SUBMIT:
        caller.provider.faults.add(fault)
        return await caller.submit()
    task_id = await caller.accepted()
    caller.provider.faults.add(fault)
    return await caller.query(task_id)


@pytest.mark.parametrize("http", [True, False])
@pytest.mark.parametrize("refuse", REFUSALS, ids=lambda refuse: f"{refuse.code}")
@pytest.mark.parametrize("phase", CALLS)
async def test_every_code_can_be_answered_as_http_status_and_in_a_200(
    caller: Caller, phase: Phase, refuse: Refuse, http: bool
) -> None:
    answer = await call(caller, phase, Fault(phase, dataclasses.replace(refuse, http=http)))

    assert answer.status == (refuse.code if http else 200)
    assert answer.body == {"code": refuse.code, "msg": refuse.msg, "data": None}
    assert len(caller.provider.tasks) == (0 if phase is Phase.SUBMIT else 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.body[:12])
@pytest.mark.parametrize("phase", CALLS)
async def test_an_unreadable_reply_is_sent_as_it_is(caller: Caller, phase: Phase, page: Page) -> None:
    answer = await call(caller, phase, Fault(phase, page))

    assert (answer.status, answer.text) == (page.status, page.body)
    assert answer.headers["Content-Type"].startswith(page.content_type)


async def test_a_refusal_can_say_when_to_come_back_and_use_the_familys_other_words(caller: Caller) -> None:
    odd = Refuse(429, "slow down", http=True, retry_after_s=7, text_key="message", code_as_text=True)

    answer = await call(caller, Phase.SUBMIT, Fault(Phase.SUBMIT, odd))

    assert answer.headers["Retry-After"] == "7"
    assert answer.body == {"code": "429", "message": "slow down", "data": None}


@pytest.mark.parametrize("code", [200, "200", 0, "success"])
@pytest.mark.parametrize("phase", CALLS)
async def test_success_has_several_codes(caller: Caller, phase: Phase, code: int | str) -> None:
    shape = Envelope(code=code, text_key="message", with_unknown_fields=True, http_status=201)

    answer = await call(caller, phase, Fault(phase, shape))

    assert answer.status == 201
    assert answer.body["code"] == code
    assert answer.body["message"] == "success"
    assert "traceId" in answer.body
    assert answer.body["data"]
    assert len(caller.provider.tasks) == 1


@pytest.mark.parametrize("phase", CALLS)
async def test_a_good_reply_can_have_no_data(caller: Caller, phase: Phase) -> None:
    answer = await call(caller, phase, Fault(phase, Envelope(data_null=True)))

    assert answer.body == {"code": 200, "msg": "success", "data": None}


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_connection_is_dropped_before_or_after_the_task_was_accepted(
    caller: Caller, accepted: bool
) -> None:
    caller.provider.faults.add(Fault(Phase.SUBMIT, Drop(), accepted=accepted))

    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.submit()

    assert len(caller.provider.tasks) == int(accepted)
    assert caller.provider.credits.spent == 30 * int(accepted)
    assert caller.provider.requests[0].status is None


async def test_a_query_is_dropped(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.QUERY, Drop(), times=None))
    task_id = await caller.accepted()

    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.query(task_id)


@pytest.mark.parametrize("effect", [BAD_GATEWAY, MALFORMED_JSON, SERVER_ERROR])
async def test_a_task_is_accepted_although_the_reply_says_otherwise(
    caller: Caller, effect: Page | Refuse
) -> None:
    caller.provider.faults.add(Fault(Phase.SUBMIT, effect, accepted=True))

    await caller.submit()

    assert caller.provider.credits.spent == 30


async def leave_early(caller: Caller) -> None:
    with pytest.raises(TimeoutError):
        await caller.session.post(
            f"{caller.provider.base_url}/api/cqt/generator/suno",
            json={"task": "inspiration", "model": "v55", "playlistId": PLAYLISTS[0].id},
            headers=caller.headers,
            timeout=aiohttp.ClientTimeout(total=0.1),
        )


async def test_an_accepted_task_is_charged_at_once_although_its_reply_is_slow(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.SUBMIT, Slow(30), accepted=True))

    await leave_early(caller)

    assert caller.provider.credits.spent == 30


async def test_a_task_is_accepted_after_its_client_has_left(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.SUBMIT, Slow(0.3)))

    await leave_early(caller)

    await caller.provider.wait_for(lambda provider: provider.credits.spent == 30)


@pytest.mark.parametrize("phase", CALLS)
async def test_a_late_reply_is_a_good_one(caller: Caller, phase: Phase) -> None:
    answer = await call(caller, phase, Fault(phase, Slow(0.01)))

    assert answer.body["code"] == 200
    assert len(caller.provider.tasks) == 1


@pytest.mark.parametrize("text", FAILURE_TEXTS)
async def test_a_task_fails_with_every_text(caller: Caller, text: str) -> None:
    caller.provider.faults.add(Fault(Phase.TASK, Fail(text)))

    document = (await caller.query(await caller.accepted(), age_s=SONG_S)).document

    assert (document["status"], document["errorMsg"]) == ("failed", text)


@pytest.mark.parametrize("spelling", FAILED_SPELLINGS)
async def test_a_failed_task_is_spelled_in_every_way_and_refunded(caller: Caller, spelling: str) -> None:
    caller.provider.faults.add(Fault(Phase.TASK, Fail(status=spelling)))

    document = (await caller.query(await caller.accepted(), age_s=SONG_S)).document

    assert document["status"] == spelling
    assert caller.provider.credits.refunded == 30


@pytest.mark.parametrize("spelling", DONE_SPELLINGS)
async def test_a_done_task_is_spelled_in_every_way(caller: Caller, spelling: str) -> None:
    caller.provider.faults.add(Fault(Phase.DOCUMENT, StatusAs(spelling), times=None, done_only=True))
    task_id = await caller.accepted()

    assert (await caller.query(task_id, age_s=50)).document["status"] == "running"
    assert (await caller.query(task_id, age_s=SONG_S)).document["status"] == spelling


async def test_a_task_is_stuck_for_ever_in_a_status_that_nobody_knows(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.TASK, Stall(status="awaiting_gpu")))
    task_id = await caller.accepted()

    answer = await caller.query(task_id, age_s=1_000_000)

    assert answer.document["status"] == "awaiting_gpu"
    assert [clip["status"] for clip in answer.clips] == ["streaming", "streaming"]
    assert caller.provider.running == 1


async def test_a_task_can_have_a_number_for_an_id(caller: Caller) -> None:
    caller.provider.faults.add(Fault(Phase.TASK, NumberedId()))

    task_id = (await caller.submit()).body["data"]

    assert isinstance(task_id, int)
    assert (await caller.query(str(task_id))).document["id"] == task_id
