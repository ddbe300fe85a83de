from collections import Counter
from pathlib import Path

import pytest

from bot.chat.text.requests import PAUSES
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.requests import State
from bot.storage.store import audit_database
from sandbox.cqtai import effects
from sandbox.cqtai.effects import Drop, Refuse, ReplyEffect, Slow
from sandbox.cqtai.faults import Fault, Phase
from tests.harness.crash import LONG_S, MEMBERS, SHORT_LEASE_S, Asked, CrashHarness, crash_harness
from tests.harness.invariants import all_delivered, assert_invariants, status_of, traces
from tests.harness.message_readers import seen

SONGS = 32
REFUSED = "OPERATOR: the provider refuses the account"
POLLS: tuple[ReplyEffect, ...] = (
    effects.SERVER_ERROR,
    Refuse(500, "failed or timeout", http=True),
    effects.BAD_GATEWAY,
    effects.MALFORMED_JSON,
    effects.HTML_AS_SUCCESS,
    effects.WRONG_TYPES,
    Drop(),
    Slow(0.3),
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


async def order_many(crash: CrashHarness, count: int) -> list[Asked]:
    return [await crash.order(f"Member {number % MEMBERS}") for number in range(count)]


async def says(crash: CrashHarness, asked: Asked, words: str) -> None:
    """Wait until the status message has these words."""
    await asked.invocation.answer(timeout_s=LONG_S)

    def read() -> bool:
        status = status_of(crash, asked)
        return status is not None and words in seen(status)

    await crash.until(read)


@pytest.mark.parametrize("share", [0.05, 0.3])
async def test_failing_polls_lose_double_and_overcharge_nothing(
    tmp_path: Path, database: str, share: float
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        each = 1 - (1 - share) ** (1 / len(POLLS))
        crash.provider.faults.add(*(Fault(Phase.QUERY, effect, times=None, rate=each) for effect in POLLS))
        await crash.start()
        asked = await order_many(crash, SONGS)
        await all_delivered(crash, *(one.id for one in asked))
        await crash.stop()
        assert list((await assert_invariants(crash)).values()) == [State.DELIVERED] * SONGS


@pytest.mark.parametrize("killed", [False, True], ids=["going on", "killed meanwhile"])
async def test_an_outage_costs_nobody_a_credit_or_a_place(
    tmp_path: Path, database: str, killed: bool
) -> None:
    async with crash_harness(tmp_path, database_url=database, MAX_RUNNING="1") as crash:
        await crash.start(lease_s=SHORT_LEASE_S)
        await crash.provider.close()
        asked = await order_many(crash, 5)
        for one in asked:
            await says(crash, one, PAUSES[ProviderOutage.OUTAGE])
        assert audit_database(database)[1].used == 0
        if killed:
            await crash.bot.kill()
            assert await crash.start(lease_s=SHORT_LEASE_S)
        await crash.provider.open()
        await all_delivered(crash, *(one.id for one in asked))
        await crash.stop()
        ends = await assert_invariants(crash)
    in_turn = [one.prompt for one in asked]
    made = [task.body["prompt"] for task in crash.provider.tasks]
    assert made == [prompt for prompt in in_turn if prompt in made]
    doubtful = Counter(ends.values())[State.UNCERTAIN]
    assert doubtful <= killed
    assert Counter(ends.values()) == Counter({State.DELIVERED: 5 - doubtful, State.UNCERTAIN: doubtful})


@pytest.mark.parametrize(("code", "outage"), [(401, ProviderOutage.ACCOUNT), (402, ProviderOutage.EMPTY)])
async def test_a_refused_account_costs_one_request_and_the_line_goes_on_by_itself(
    tmp_path: Path, database: str, code: int, outage: ProviderOutage
) -> None:
    async with crash_harness(tmp_path, database_url=database, MAX_RUNNING="1") as crash:
        key, account = crash.provider.key, crash.provider.credits
        balance = account.balance
        if code == 401:
            crash.provider.key = "another"
        else:
            account.balance = 0
        await crash.start()
        (first,) = await order_many(crash, 1)
        await all_delivered(crash, first.id)  # alone: of several at once any may be the first in the database
        others = await order_many(crash, 4)
        for one in others:
            await says(crash, one, PAUSES[outage])
        crash.provider.key, account.balance = key, balance
        await all_delivered(crash, *(one.id for one in others))
        await crash.stop()
        ends = await assert_invariants(crash, refusals=True)
    assert ends.pop(first.id) is State.FAILED
    assert set(ends.values()) == {State.DELIVERED}
    assert crash.bot.log().count(REFUSED) == 1


async def test_submissions_that_are_cut_off_are_refunded_and_never_repeated(
    tmp_path: Path, database: str
) -> None:
    before, after = (
        Fault(Phase.SUBMIT, Drop(), times=None, rate=0.2, accepted=accepted) for accepted in (False, True)
    )
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.provider.faults.add(before, after)
        await crash.start()
        asked = await order_many(crash, SONGS)
        await all_delivered(crash, *(one.id for one in asked))
        await crash.stop()
        ends = Counter((await assert_invariants(crash)).values())
        cut_off = [one for one in traces(crash) if one.request and one.request.state is State.UNCERTAIN]
    unheard, heard = crash.provider.faults.struck(before), crash.provider.faults.struck(after)
    assert unheard
    assert heard
    assert ends == {State.DELIVERED: SONGS - unheard - heard, State.UNCERTAIN: unheard + heard}
    assert sum(len(one.tasks) for one in cut_off) == heard
    assert len(crash.provider.tasks) == SONGS - unheard
