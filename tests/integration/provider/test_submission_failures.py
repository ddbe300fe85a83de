import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.errors import BACKOFF
from bot.chat.text.failures import FAILURES, failure_text
from bot.chat.text.formatting import are_back
from bot.chat.text.requests import OUT_OF_CREDIT, PAUSES
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import Failure, FailureKind, State
from sandbox.cqtai import Pace, effects
from sandbox.cqtai.effects import Drop, Envelope, Page, Refuse, ReplyEffect, Slow
from sandbox.cqtai.faults import Fault, Phase
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.integration.engines import of_variants, on_both

pytestmark = on_both

BACK = are_back(30)
READY = TITLES[State.DELIVERED]
REFUSALS = {
    400: ("bad parameter", FAILURES[FailureKind.REFUSED]),
    451: ("upstream bizCode=451, msg=prompt_unsafe", FAILURES[FailureKind.MODERATED]),
    500: ("failed or timeout", FAILURES[FailureKind.PROVIDER]),
}
OF_THE_ACCOUNT = {
    401: "invalid api key",
    402: "insufficient credits",
    400: "Insufficient balance",
    429: "You exceeded your current quota",
    500: "积分不足",
}


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("http", [True, False], ids=["as status", "as code"])
async def test_a_definite_refusal_ends_the_request_and_gives_the_credits_back(
    local: BotHarness, http: bool, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        for code, (words, told) in REFUSALS.items():
            with subtests.test(str(code)):
                caplog.clear()
                local.provider.faults.add(Fault(Phase.SUBMIT, Refuse(code, words, http=http)))
                await local.shows(await local.place(), TITLES[State.FAILED], told, BACK)
                assert (await local.credits())["Available"] == 90
                assert f"code {code}: {words}" in caplog.text
    assert local.provider.tasks == []
    assert len(local.submissions) == len(REFUSALS)


@pytest.mark.parametrize("http", [True, False], ids=["as status", "as code"])
@pytest.mark.parametrize(("code", "words"), OF_THE_ACCOUNT.items())
async def test_a_refused_account_ends_the_request_that_met_it_and_the_operator_is_told(
    local: BotHarness, code: int, words: str, http: bool, caplog: pytest.LogCaptureFixture
) -> None:
    local.provider.faults.add(Fault(Phase.SUBMIT, Refuse(code, words, http=http)))
    async with local.bot():
        status = await local.place()
        why = failure_text(FailureKind.OPERATOR, Failure(FailureKind.OPERATOR, f"code {code}: {words}"))
        assert (OUT_OF_CREDIT in why) == (code != 401)
        await local.shows(status, TITLES[State.FAILED], why, BACK)
        assert (await local.credits())["Available"] == 90
    (line,) = [r for r in caplog.records if r.getMessage().startswith("OPERATOR:")]
    assert f"refuses the account (code {code}: {words})" in line.getMessage()
    assert local.provider.tasks == []
    assert len(local.submissions) == 1


@pytest.mark.usefixtures("patient")
async def test_a_refused_account_keeps_the_queue_and_goes_on_by_itself(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.SUBMIT, Refuse(402, "insufficient credits"), times=3))
    async with local.bot():
        first = await local.place("Ada")
        await local.shows(first, BACK)
        second = await local.place("Ben")
        await local.shows(second, READY)
    assert [line.status for line in local.submissions] == [200] * 4
    assert len(local.provider.tasks) == 1


BUSY = {
    "429 as status": Refuse(429, "Task limit reached", http=True, retry_after_s=1),
    "429 as code": Refuse(429, "Task limit reached"),
    "503 as status": effects.UNAVAILABLE,
    "503 as code": Refuse(503, "service unavailable"),
}


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("effect", BUSY.values(), ids=BUSY)
async def test_a_busy_provider_costs_nothing_but_time(
    local: BotHarness, effect: Refuse, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(Phase.SUBMIT, effect, times=2)
    local.provider.faults.add(fault)
    async with local.bot():
        status = await local.place()
        await local.shows(status, READY)
        assert (await local.credits())["Used"] == 30
    assert local.provider.faults.struck(fault) == 2
    assert len(local.provider.tasks) == 1
    assert f"submission not accepted (requeue): code {effect.code}: {effect.msg}" in caplog.text
    if effect.retry_after_s is not None:
        first, *others = [line.at_s for line in local.submissions]
        assert min(others) - first >= effect.retry_after_s


@pytest.mark.usefixtures("patient")
async def test_a_provider_that_runs_too_many_tasks_gets_the_next_one_when_it_has_room(
    local: BotHarness,
) -> None:
    local.provider.pace = Pace(0.3, max_running=1)
    async with local.bot():
        first, second = await local.place("Ada"), await local.place("Ben")
        await local.shows(first, READY)
        await local.shows(second, READY)
    assert len(local.provider.tasks) == 2
    assert local.provider.credits.spent == 60


@pytest.mark.usefixtures("patient")
async def test_a_provider_that_is_not_there_gets_the_request_when_it_is_back(local: BotHarness) -> None:
    await local.provider.close()
    async with local.bot():
        status = await local.place()
        await local.shows(status, PAUSES[ProviderOutage.OUTAGE])
        assert (await local.credits())["On hold"] == 30
        await local.provider.open()
        await local.shows(status, READY)
    assert len(local.provider.tasks) == 1


UNCLEAR: dict[str, tuple[ReplyEffect, str]] = {
    "502 page": (effects.BAD_GATEWAY, "HTTP 502, text/html"),
    "504 page": (Page(504, "<html>504</html>"), "HTTP 504, text/html"),
    "500 page": (Page(500, "<html>500</html>"), "HTTP 500, text/html"),
    "504 as code": (Refuse(504, "gateway timeout"), "no definite answer"),
    "malformed": (effects.MALFORMED_JSON, "no definite answer"),
    "html as success": (effects.HTML_AS_SUCCESS, "no definite answer"),
    "wrong types": (effects.WRONG_TYPES, "no definite answer"),
    "not an object": (effects.NOT_AN_OBJECT, "no definite answer"),
    "empty": (effects.EMPTY_BODY, "no definite answer"),
    "dropped": (Drop(), "ServerDisconnected"),
}


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "not accepted"])
@of_variants
async def test_an_unclear_answer_is_refunded_and_never_sent_again(
    local: BotHarness, accepted: bool, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for count, (name, (effect, cause)) in enumerate(UNCLEAR.items()):
            with subtests.test(name):
                caplog.clear()
                local.provider.faults.add(Fault(Phase.SUBMIT, effect, accepted=accepted))
                status = await local.place()
                await local.shows(status, TITLES[State.UNCERTAIN], FAILURES[FailureKind.UNCERTAIN], BACK)
                assert (await local.credits())["Available"] == PLENTY - 30 * count
                assert "OPERATOR: the outcome of a submission is unknown" in caplog.text
                assert cause in caplog.text
                await local.placed_result()
    assert len(local.submissions) == 2 * len(UNCLEAR)
    assert len(local.provider.tasks) == (2 if accepted else 1) * len(UNCLEAR)


EDGE = {
    "redirect": Page(302, ""),
    "moved": Page(308, "<html>moved</html>"),
    "no such page": Page(404, "<html>nginx</html>"),
    "no such method": Page(405, '{"message": "Method Not Allowed"}', "application/json"),
    "no route": Page(404, '{"message": "no Route matched"}', "application/json"),
    "firewall": Page(403, "<!doctype html><title>Attention Required! | Cloudflare</title>"),
    "origin down": Page(521, "<html>Web server is down</html>"),
}


@pytest.mark.usefixtures("patient")
@of_variants
async def test_who_answers_in_front_of_the_provider_costs_nothing_but_time(
    local: BotHarness, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for name, effect in EDGE.items():
            with subtests.test(name):
                caplog.clear()
                fault = Fault(Phase.SUBMIT, effect, times=2)
                local.provider.faults.add(fault)
                await local.shows(await local.place(), READY)
                assert local.provider.faults.struck(fault) == 2
                assert "OPERATOR: somebody in front of the provider turns submissions away" in caplog.text
                assert f"HTTP {effect.status}" in caplog.text
    assert len(local.provider.tasks) == len(EDGE)
    assert len(local.submissions) == 3 * len(EDGE)


FIREWALLS = {
    "Cloudflare": EDGE["firewall"],
    "not acceptable": Page(406, "<html>Not Acceptable! Mod_Security</html>"),
    "legal reasons": Page(451, "<html>Unavailable For Legal Reasons</html>"),
    "not implemented": Page(501, "<html>Method Not Implemented</html>"),
    "captcha elsewhere": Page(302, ""),
}


async def strikes_again(local: BotHarness, fault: Fault) -> None:
    struck = local.provider.faults.struck(fault)
    await local.discord.wait_for(lambda: local.provider.faults.struck(fault) > struck, timeout_s=LONG_S)


@pytest.mark.usefixtures("patient")
@of_variants
async def test_a_firewall_that_minds_one_prompt_ends_that_request_while_others_are_taken(
    local: BotHarness, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    bad = "11111111-1111-4111-8111-111111111111"
    async with local.bot(default_allowance=PLENTY):
        for name, effect in FIREWALLS.items():
            with subtests.test(name):
                fault = Fault(Phase.SUBMIT, effect, times=None, playlist_id=bad)
                local.provider.faults.add(fault)
                minded = await local.place(playlist=bad)
                for _ in range(2):
                    await strikes_again(local, fault)
                    await local.shows(await local.place("Ben"), READY)
                await local.shows(minded, FAILURES[FailureKind.TURNED_AWAY], BACK)
                local.provider.faults.clear()
    assert caplog.text.count("OPERATOR:") == 1


@pytest.mark.usefixtures("patient")
async def test_a_firewall_that_turns_everybody_away_ends_nobodys_request(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(Phase.SUBMIT, EDGE["firewall"], times=None)
    local.provider.faults.add(fault)
    async with local.bot():
        both = [await local.place(who) for who in ("Ada", "Ben")]
        await local.discord.wait_for(lambda: local.provider.faults.struck(fault) > 6, timeout_s=LONG_S)
        local.provider.faults.clear()
        for status in both:
            await local.shows(status, READY)
    assert caplog.text.count("OPERATOR:") == 1


async def test_success_without_an_id_is_refunded_and_never_sent_again(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    local.provider.faults.add(Fault(Phase.SUBMIT, Envelope(data_null=True)))
    async with local.bot():
        await local.shows(await local.place(), TITLES[State.UNCERTAIN], BACK)
    assert len(local.provider.tasks) == len(local.submissions) == 1
    assert "success without a task id" in caplog.text


@pytest.mark.parametrize("accepted", [True, False], ids=["accepted", "not accepted"])
async def test_an_answer_that_comes_too_late_is_refunded_and_never_sent_again(
    local: BotHarness, accepted: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    local.hurry({"provider.submit_s": 0.2})
    local.provider.faults.add(Fault(Phase.SUBMIT, Slow(0.5), accepted=accepted))
    async with local.bot():
        await local.shows(await local.place(), TITLES[State.UNCERTAIN], BACK)
        await local.provider.wait_for(lambda _: len(local.submissions) == 1)
    assert len(local.submissions) == len(local.provider.tasks) == 1
    assert "no answer in time" in caplog.text


SHAPES = {
    "code as text": Envelope(code="200"),
    "code zero": Envelope(code=0),
    "code in words": Envelope(code="success"),
    "message": Envelope(text_key="message"),
    "unknown fields": Envelope(with_unknown_fields=True),
    "created": Envelope(http_status=201),
}


@of_variants
async def test_success_is_understood_in_every_shape(local: BotHarness, subtests: pytest.Subtests) -> None:
    async with local.bot(default_allowance=PLENTY):
        for name, shape in SHAPES.items():
            with subtests.test(name):
                local.provider.faults.clear()
                local.provider.faults.add(Fault(Phase.SUBMIT, shape), Fault(Phase.QUERY, shape, times=None))
                await local.placed_result()
    assert len(local.provider.tasks) == len(SHAPES)


BAD_LUCK: dict[str, tuple[ReplyEffect, str]] = {
    "unknown playlist": (Refuse(400, "playlist not found"), FAILURES[FailureKind.PLAYLIST_UNKNOWN]),
    "artist": (effects.ARTIST_NAME, FAILURES[FailureKind.MODERATED]),
    "blamed by a 500": (Refuse(500, "prompt_unsafe", http=True), FAILURES[FailureKind.MODERATED]),
    "failed": (effects.SERVER_ERROR, FAILURES[FailureKind.PROVIDER]),
    "lost": (Drop(), TITLES[State.UNCERTAIN]),
}


async def test_what_comes_to_nothing_makes_its_member_wait_and_nobody_else(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    bad = "11111111-1111-4111-8111-111111111111"
    async with local.bot(default_allowance=PLENTY):
        for name, (effect, told) in BAD_LUCK.items():
            with subtests.test(name):
                local.discord.add.member(local.discord.guild, user=local.discord.add.user(name))
                lost = isinstance(effect, Drop)
                times = 1 if lost else 2
                fault = Fault(Phase.SUBMIT, effect, times=times, playlist_id=bad)
                local.provider.faults.add(fault)
                if not lost:
                    first = await local.shows(await local.place(name, playlist=bad), told, BACK)
                    assert "You can request the next song" not in first
                last = await local.place(name, playlist=bad)
                await local.shows(last, told, BACK, "You can request the next song <t:")
                refusal = await local.place(name)
                assert refusal.ephemeral
                await local.shows(refusal, BACKOFF, "You can request the next song <t:")
                asked = await local.discord.member(name).slash("songs", "credits")
                shown = await asked.answer(timeout_s=LONG_S)
                await local.shows(shown, "You can request the next song <t:")
                assert local.provider.faults.struck(fault) == times
                await local.shows(await local.place("Ben"), READY)
    assert len(local.submissions) == 3 * len(BAD_LUCK) - 1
