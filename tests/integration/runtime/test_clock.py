import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from bot.storage.database_url import parse_url
from bot.storage.sqlite.store import utc_now
from bot.storage.store import open_store
from sandbox.cqtai.effects import Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import StatusAs
from sandbox.discord.faults import Fault as DiscordFault
from sandbox.discord.faults import FaultKind
from sandbox.discord.model.permissions import Permission
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.harness.databases import ahead_url, set_server_ahead
from tests.harness.message_readers import titles
from tests.integration.engines import on_both

pytestmark = on_both
HOUR_S, DAY_S = 3600, 86_400


class SetClock:
    """The clock of the host and of a database server, which the test sets."""

    def __init__(self, server_url: str | None) -> None:
        self.ahead_s = 0.0
        self._server_url = server_url

    def __call__(self) -> datetime:
        return utc_now() + timedelta(seconds=self.ahead_s)

    def set(self, seconds: float) -> None:
        self.ahead_s += seconds
        if self._server_url is not None:
            set_server_ahead(self._server_url, self.ahead_s)


@pytest.fixture
def clock(local: BotHarness) -> SetClock:
    local.hurry({"work.poll_interval_s": 0.1, "work.clock_check_s": 0.1, "storage.clock_s": 0.05})
    if isinstance(parse_url(local.database_url), Path):
        clock = SetClock(None)
        local.drivers = replace(local.drivers, open_store=partial(open_store, clock=clock))
        return clock
    clock = SetClock(local.database_url)
    clock.set(0)  # a function that is made later would not be found by prepared statements
    url = SecretStr(ahead_url(local.database_url))
    local.settings = local.settings.model_copy(update={"database_url": url})
    return clock


async def asked_again(local: BotHarness, *, times: int = 1) -> None:
    asked = len(local.polls)
    await local.discord.wait_for(lambda: len(local.polls) >= asked + times, timeout_s=LONG_S)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until the condition holds, by polling."""
    async with asyncio.timeout(LONG_S):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


def lines_about_the_clock(caplog: pytest.LogCaptureFixture) -> int:
    """Count the log's lines about a clock that was set back."""
    return sum("the clock was set back" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "jumps_s", [(-HOUR_S,), (-DAY_S,), (HOUR_S,), (DAY_S, -DAY_S), (-HOUR_S, HOUR_S)], ids=str
)
async def test_a_clock_that_is_set_costs_no_song_and_delays_none(
    local: BotHarness, clock: SetClock, caplog: pytest.LogCaptureFixture, jumps_s: tuple[float, ...]
) -> None:
    runs = Fault(Phase.DOCUMENT, StatusAs("processing"), times=None)
    local.provider.faults.add(runs)  # however long a busy machine takes over the jumps
    backwards = 0
    async with local.bot(default_allowance=PLENTY, give_up_s=300) as app:
        message = await local.place()
        for jump_s in jumps_s:
            await asked_again(local, times=2)  # the second one was claimed by the clock as it is now
            clock.set(jump_s)
            await until(lambda: abs(app.store.clock() - clock()) < timedelta(minutes=1))
            backwards += jump_s < 0
            await asked_again(local, times=2)  # an hour or a day is not waited for
        local.provider.faults.clear()
        await local.shows(message, TITLES[State.DELIVERED])
        await local.placed_result()
    # a line for each check that finds something: none if the poll that ran during the jump had the only time
    # that was due, two if something was leased meanwhile
    assert lines_about_the_clock(caplog) <= 2 * backwards


async def test_what_is_due_after_a_restart_on_a_clock_that_is_behind_is_due_at_once(
    local: BotHarness, clock: SetClock
) -> None:
    local.provider.faults.add(Fault(Phase.DOCUMENT, StatusAs("processing"), times=None))
    clock.set(DAY_S)
    async with local.bot():
        message = await local.place()
        await local.discord.wait_for(lambda: len(local.polls) >= 2, timeout_s=LONG_S)
    clock.set(-DAY_S)
    local.provider.faults.clear()
    async with local.bot():
        await local.shows(message, TITLES[State.DELIVERED])


HOURS_S = (5 * HOUR_S, -5 * HOUR_S, DAY_S, -DAY_S)


def has_taken(local: BotHarness, tasks: int) -> bool:
    """Whether the provider has taken so many tasks."""
    return len(local.provider.tasks) == tasks


def told_the_operator(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log has for the operator."""
    lines = (record.getMessage() for record in caplog.records)
    return [line for line in lines if "OPERATOR" in line]


async def test_a_clock_that_is_set_during_a_submission_ends_nothing(
    local: BotHarness, clock: SetClock, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for number, jump_s in enumerate(HOURS_S):
            with subtests.test(str(jump_s)):
                local.provider.faults.add(Fault(Phase.SUBMIT, Slow(0.5), accepted=True))
                message = await local.place()
                await until(partial(has_taken, local, number + 1))
                clock.set(jump_s)
                await local.shows(message, TITLES[State.DELIVERED])
                assert "Not sure" not in str(titles(message))
                assert len(local.submissions) == number + 1
    assert told_the_operator(caplog) == []


@pytest.mark.parametrize("route", ["POST /channels/*/messages", "POST /webhooks/*"])
async def test_a_clock_that_is_set_during_a_delivery_posts_it_once(
    local: BotHarness,
    clock: SetClock,
    subtests: pytest.Subtests,
    caplog: pytest.LogCaptureFixture,
    route: str,
) -> None:
    faults = local.discord.faults
    if "webhooks" in route:
        local.discord.disruptions.deny(local.discord.channel("songs"), Permission.SEND_MESSAGES)
    async with local.bot(default_allowance=PLENTY):
        for number, jump_s in enumerate(HOURS_S):
            with subtests.test(str(jump_s)):
                faults.struck.clear()
                faults.add(DiscordFault(kind=FaultKind.SLOW, on=route, after_s=0.5))
                message = await local.place()
                await until(lambda: bool(faults.struck))
                clock.set(jump_s)
                await local.shows(message, TITLES[State.DELIVERED])
                await local.result(count=number + 1)
    assert len(local.results()) == len(HOURS_S)
    assert local.ada.direct_messages == []
    assert told_the_operator(caplog) == []
