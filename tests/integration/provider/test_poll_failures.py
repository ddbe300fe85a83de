import asyncio

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.failures import FAILURES
from bot.chat.text.formatting import are_back
from bot.chat.text.requests import OUT_OF_CREDIT, PAUSES
from bot.chat.text.songs import ONE_CLIP
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import FailureKind, State
from sandbox.cqtai import effects
from sandbox.cqtai.effects import (
    DONE_SPELLINGS,
    FAILED_SPELLINGS,
    Drop,
    NumberedId,
    Page,
    Refuse,
    ReplyEffect,
    Slow,
)
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import MODERATED_WORDS, ReplyVariant, StatusAs
from sandbox.cqtai.timeline import Fail, Stall
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import of_variants, on_both

pytestmark = on_both

BACK = are_back(30)
READY = TITLES[State.DELIVERED]

TRANSIENT: dict[str, ReplyEffect] = {
    "401 as status": Refuse(401, "invalid api key", http=True),
    "401 as code": effects.BAD_KEY,
    "402 as code": effects.NO_CREDITS,
    "404 as status": Refuse(404, "task not found", http=True),
    "404 as code": effects.TASK_NOT_FOUND,
    "400 that means 404": Refuse(400, "task not found"),
    "429 as status": Refuse(429, "Task limit reached", http=True),
    "429 as code": effects.TASK_LIMIT,
    "500 as status": Refuse(500, "failed or timeout", http=True),
    "500 as code": effects.SERVER_ERROR,
    "502 page": effects.BAD_GATEWAY,
    "503": effects.UNAVAILABLE,
    "504 page": Page(504, "<html>504</html>"),
    "html as success": effects.HTML_AS_SUCCESS,
    "malformed": effects.MALFORMED_JSON,
    "wrong types": effects.WRONG_TYPES,
    "not an object": effects.NOT_AN_OBJECT,
    "empty": effects.EMPTY_BODY,
    "dropped": Drop(),
}


@pytest.mark.usefixtures("patient")
@of_variants
async def test_a_passing_trouble_delays_the_song_and_nothing_else(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for name, effect in TRANSIENT.items():
            with subtests.test(name):
                fault = Fault(Phase.QUERY, effect, times=4)
                local.provider.faults.add(fault)
                await local.placed_result()
                assert local.provider.faults.struck(fault) == 4
        assert (await local.credits())["Used"] == 30 * len(TRANSIENT)
    assert len(local.submissions) == len(local.results()) == len(TRANSIENT)
    assert local.provider.credits.spent == 30 * len(TRANSIENT)


async def test_an_answer_that_comes_too_late_is_asked_for_again(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.hurry({"provider.query_s": 0.1})
    local.provider.faults.add(Fault(Phase.QUERY, Slow(0.3), times=2))
    async with local.bot():
        await local.shows(await local.place(), READY)
    assert len(local.submissions) == 1


async def test_the_provider_is_asked_no_sooner_than_it_wishes(local: BotHarness) -> None:
    local.provider.faults.add(
        Fault(Phase.QUERY, Refuse(429, "Task limit reached", http=True, retry_after_s=1))
    )
    async with local.bot():
        await local.shows(await local.place(), READY)
    first, second, *_ = local.polls
    assert second.at_s - first.at_s >= 1


@of_variants
async def test_a_song_is_delivered_however_done_is_spelled(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for spelling in DONE_SPELLINGS:
            with subtests.test(spelling):
                local.provider.faults.clear()
                local.provider.faults.add(
                    Fault(Phase.DOCUMENT, StatusAs(spelling), times=None, done_only=True)
                )
                await local.placed_result()


@of_variants
async def test_credits_come_back_however_failed_is_spelled(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot():
        for spelling in FAILED_SPELLINGS:
            with subtests.test(spelling):
                local.provider.faults.add(Fault(Phase.TASK, Fail("timeout", status=spelling)))
                await local.shows(await local.place(), TITLES[State.FAILED], BACK)
                assert (await local.credits())["Available"] == 90
    assert local.provider.credits.spent == 0
    assert len(local.submissions) == len(FAILED_SPELLINGS)


MODERATED, FAILED = FAILURES[FailureKind.MODERATED], FAILURES[FailureKind.PROVIDER]
ACCOUNT = f"{OUT_OF_CREDIT} Try again later."
OUTCOMES = {
    "upstream bizCode=451, msg=prompt_unsafe": MODERATED,
    "we don't reference specific artists on Suno": MODERATED,
    "playlist not found": FAILURES[FailureKind.PLAYLIST_UNKNOWN],
    "upstream bizCode=400, msg=bad parameter": FAILED,
    "Task limit reached": FAILED,
    "歌单不存在": FAILURES[FailureKind.PLAYLIST_UNKNOWN],
    "Prompt is too long: at most 3000 characters": "> Prompt is too long: at most 3000 characters",
    "内容包含敏感词": "> 内容包含敏感词",
    "系统繁忙,请稍后再试": FAILED,
    "failed or timeout": FAILED,
    "timeout": FAILED,
    "": FAILED,
}


@of_variants
async def test_a_failed_task_says_why_and_gives_the_credits_back(
    local: BotHarness, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        for error_msg, told in OUTCOMES.items():
            with subtests.test(error_msg):
                caplog.clear()
                local.provider.faults.add(Fault(Phase.TASK, Fail(error_msg)))
                await local.shows(await local.place(), TITLES[State.FAILED], told, BACK)
                assert (await local.credits())["Used"] == 0
                why = error_msg or "the provider gave no reason"
                assert f"the provider made no song: {why}" in caplog.text
                assert "OPERATOR:" not in caplog.text
    assert local.results() == []


EMPTY = {
    "in words": "insufficient credits",
    "in Chinese": "积分不足,请充值",
    "by code": "upstream bizCode=402, msg=Insufficient balance",
}


@pytest.mark.parametrize("error_msg", EMPTY.values(), ids=EMPTY)
async def test_a_task_that_fails_for_want_of_credits_stops_the_next_submission(
    local: BotHarness, error_msg: str, caplog: pytest.LogCaptureFixture
) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Fail(error_msg), times=None))
    async with local.bot():
        await local.shows(await local.place(), TITLES[State.FAILED], ACCOUNT, BACK)
        waiting = await local.place("Ben")
        await local.shows(waiting, PAUSES[ProviderOutage.EMPTY])
        await asyncio.sleep(0.2)
    assert len(local.submissions) == 1
    assert caplog.text.count("OPERATOR:") == 1
    assert f"OPERATOR: a task failed because of the account: {error_msg}" in caplog.text


@pytest.mark.usefixtures("patient")
async def test_an_empty_account_that_still_takes_tasks_is_told_once_and_goes_on_by_itself(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Fail("insufficient credits"), times=3))
    async with local.bot():
        for who in ("Ada", "Ben", "Ada"):
            await local.shows(await local.place(who), ACCOUNT, BACK)
        for who in ("Ben", "Ada"):
            await local.shows(await local.place(who), READY)
    assert caplog.text.count("OPERATOR:") == 1
    assert len(local.submissions) == 5


@pytest.mark.parametrize(
    ("effect", "outage"),
    [(effects.NO_CREDITS, ProviderOutage.EMPTY), (effects.BAD_KEY, ProviderOutage.ACCOUNT)],
    ids=["402", "401"],
)
async def test_an_account_that_is_refused_in_questions_stops_the_next_submission(
    local: BotHarness, effect: Refuse, outage: ProviderOutage, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(Phase.QUERY, effect, times=None)
    local.provider.faults.add(fault)
    async with local.bot():
        first = await local.place()
        await local.discord.wait_for(lambda: local.provider.faults.struck(fault) >= 3, timeout_s=LONG_S)
        await local.shows(await local.place("Ben"), PAUSES[outage])
        local.provider.faults.clear()
        await local.shows(first, READY)
    assert len(local.submissions) == 1
    assert caplog.text.count("OPERATOR:") == 1


async def test_what_only_the_clips_say_of_a_failure_is_told(local: BotHarness) -> None:
    variant = Fault(Phase.DOCUMENT, ReplyVariant.ALL_CLIPS_MODERATED, times=None, done_only=True)
    local.provider.faults.add(variant)
    async with local.bot():
        said = await local.shows(await local.place(), MODERATED, BACK)
    assert f"> {MODERATED_WORDS}" in said


@pytest.mark.parametrize("effect", [effects.MODERATION, effects.BAD_PARAMETER], ids=["451", "400"])
async def test_a_refusal_of_a_task_that_was_taken_ends_it(local: BotHarness, effect: Refuse) -> None:
    local.provider.faults.add(Fault(Phase.QUERY, effect, times=None))
    async with local.bot():
        await local.shows(await local.place(), TITLES[State.FAILED], BACK)


@of_variants
async def test_a_status_that_nobody_knows_means_that_it_still_runs(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for word in ("awaiting_review", "", "Ready", "stream"):
            with subtests.test(word):
                fault = Fault(Phase.DOCUMENT, StatusAs(word), times=5)
                local.provider.faults.add(fault)
                await local.placed_result()
                assert local.provider.faults.struck(fault) == 5


async def test_a_task_that_is_stuck_is_given_up_and_the_operator_learns_its_id(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Stall()))
    async with local.bot(give_up_s=0.3):
        await local.shows(await local.place(), FAILURES[FailureKind.SILENT], BACK)
        assert (await local.credits())["Available"] == 90
    assert f"task {local.provider.tasks[0].id} may still finish and be charged" in caplog.text


async def test_a_task_that_is_stuck_after_its_first_clip_delivers_that_one(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Stall(at=0.7)))
    async with local.bot(give_up_s=0.3):
        await local.shows(await local.place(), READY)
    (result,) = local.results()
    assert ONE_CLIP in seen(result)
    assert len(result.embeds) == len(result.attachments) == 1


async def test_a_song_that_is_slow_but_moves_on_is_not_given_up(local: BotHarness) -> None:
    local.song_takes(1.2)
    async with local.bot(give_up_s=0.6):
        await local.shows(await local.place(), READY)


async def test_a_provider_that_is_silent_beyond_the_time_limit_costs_no_song(
    local: BotHarness,
) -> None:
    fault = Fault(Phase.QUERY, effects.BAD_GATEWAY, times=None)
    local.provider.faults.add(fault)
    async with local.bot(give_up_s=0.1):
        message = await local.place()
        await local.discord.wait_for(lambda: local.provider.faults.struck(fault) >= 10, timeout_s=LONG_S)
        local.provider.faults.clear()
        await local.shows(message, READY)


async def test_a_song_that_finishes_while_the_bot_is_away_is_found_though_polls_fail(
    local: BotHarness,
) -> None:
    local.song_takes(0.5)
    async with local.bot(give_up_s=0.3):
        message = await local.place()
        await local.discord.wait_for(lambda: len(local.polls) >= 2, timeout_s=LONG_S)
    await asyncio.sleep(0.6)
    local.provider.faults.add(Fault(Phase.QUERY, effects.BAD_GATEWAY, times=3))
    async with local.bot(give_up_s=0.3):
        await local.shows(message, READY)


async def test_a_task_that_the_provider_does_not_know_is_lost_and_refunded(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.hurry({"work.new_task_s": 0.2})
    local.provider.faults.add(Fault(Phase.QUERY, effects.TASK_NOT_FOUND, times=None))
    async with local.bot():
        await local.shows(await local.place(), FAILURES[FailureKind.LOST_TASK], BACK)


async def test_a_task_with_a_number_for_its_id_is_followed(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.TASK, NumberedId()))
    async with local.bot():
        await local.shows(await local.place(), READY)
    assert local.provider.tasks[0].id.isdigit()


def _json(status: int, body: str) -> Page:
    return Page(status, body, "application/json")


GATEWAYS = {
    "Kong": _json(404, '{"message":"no Route matched with those values","request_id":"c0ffee"}'),
    "APISIX": _json(404, '{"error_msg":"404 Route Not Found"}'),
    "Spring": _json(404, '{"timestamp":"x","status":404,"error":"Not Found","path":"/api/cqt/info/suno"}'),
    "Azure": _json(404, '{"statusCode":404,"message":"Resource not found"}'),
    "Cloudflare": _json(400, '{"success":false,"errors":[{"code":1003,"message":"Bad request"}]}'),
    "nginx": _json(400, '{"error":"Bad Request"}'),
    "a load balancer": _json(400, '{"code":400,"error":"malformed header"}'),
    "empty": _json(404, ""),
    "empty 400": _json(400, ""),
    "legal reasons": _json(451, '{"message":"Unavailable For Legal Reasons"}'),
    "a route in the provider's form": _json(
        404, '{"code":404,"msg":"No static resource api/cqt/info/suno."}'
    ),
    "the same in Chinese": _json(200, '{"code":404,"msg":"请求地址不存在","data":null}'),
    "WordPress": _json(404, '{"code":"rest_no_route","message":"No route","data":{"status":404}}'),
}


@of_variants
async def test_a_gateway_s_own_json_ends_no_song_that_was_paid_for(
    local: BotHarness, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.hurry({"work.new_task_s": 0.0})
    async with local.bot(default_allowance=PLENTY):
        for name, page in GATEWAYS.items():
            with subtests.test(name):
                local.provider.faults.add(Fault(Phase.QUERY, page, times=3))
                await local.placed_result()
        assert (await local.credits())["Used"] == 30 * len(GATEWAYS)


STREAMING = {
    "both once": (ReplyVariant.CLIPS_STREAMING, 3),
    "second once": (ReplyVariant.SECOND_CLIP_STREAMING, 3),
    "no result once": (ReplyVariant.RESULT_EMPTY, 3),
    "null once": (ReplyVariant.RESULT_NULL, 2),
    "absent once": (ReplyVariant.RESULT_ABSENT, 2),
}


@of_variants
async def test_a_task_that_is_done_before_its_clips_is_waited_for(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for name, (variant, times) in STREAMING.items():
            with subtests.test(name):
                fault = Fault(Phase.DOCUMENT, variant, times=times, done_only=True)
                local.provider.faults.add(fault)
                result = await local.placed_result()
                assert len(result.embeds) == len(result.attachments) == 2
                assert local.provider.faults.struck(fault) == times
