from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.caps import ALL_GUILDS, CapConfig
from bot.domain.errors import CapError, InsufficientFundsError, StoreError
from bot.domain.ledger import cap_account
from bot.domain.moderator_errors import AmountError, CapServerError
from bot.domain.requests import State
from bot.domain.shared_limits import SharedLimits
from bot.domain.song_options import SongOptions
from bot.services.credits.caps import SongPayment, caps_of, open_caps, pass_caps, tell_owner
from bot.services.credits.holds import hold_credits
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from tests.harness.services import ADA, GUILD, PLAYLIST, RULES, ServicesHarness, services_harness

NEARLY = "OPERATOR: a cap is nearly reached: "
REACHED = "OPERATOR: a cap is reached: no more songs in "
RICH = replace(RULES.policy, allowance=10_000, max_active=1000)


@asynccontextmanager
async def capped(folder: Path, caps: CapConfig) -> AsyncIterator[ServicesHarness]:
    async with services_harness(folder, caps=caps, policy=RICH) as harness:
        yield harness


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return [line for line in found if line.startswith("OPERATOR:")]


async def place(harness: ServicesHarness, *numbers: int) -> None:
    for number in numbers:
        await harness.requests.place(SongOptions(playlist=PLAYLIST), harness.context(ADA, number))


async def test_the_owner_reads_of_a_cap_once_a_period_also_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caps = CapConfig(server=150, total=10_000)
    async with capped(tmp_path, caps) as harness:
        await place(harness, 1, 2, 3)
        assert lines(caplog) == []
        await place(harness, 4)
        used = "of 150 credits of this period are used or on hold"
        assert lines(caplog) == [f"{NEARLY}server {GUILD}, 120 {used}"]
        await harness.requests.cancel(4, guild_id=GUILD, user_id=ADA)
        await place(harness, 5)
        assert lines(caplog) == []
    async with capped(tmp_path, caps) as harness:
        await harness.requests.cancel(5, guild_id=GUILD, user_id=ADA)
        await place(harness, 6)
        assert lines(caplog) == []
        await place(harness, 7)
        over = "in this period, 150 of 150 credits are used or on hold"
        assert lines(caplog) == [f"{REACHED}server {GUILD} {over}"]
        with pytest.raises(CapError):
            await place(harness, 8)
        assert lines(caplog) == []
        harness.clock.advance(31 * 86_400)
        await place(harness, 9, 10, 11, 12)
        assert lines(caplog) == [f"{NEARLY}server {GUILD}, 120 {used}"]


async def test_of_the_cap_over_all_servers_the_owner_reads_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with capped(tmp_path, CapConfig(total=150)) as harness:
        await place(harness, 1, 2, 3, 4, 5)
        nearly, reached = lines(caplog)
        assert nearly.startswith(f"{NEARLY}all servers together, 120 of 150 credits")
        assert reached.startswith(f"{REACHED}all servers in this period, 150 of 150 credits")


async def test_a_refused_request_tells_the_owner_that_a_lowered_cap_is_reached(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with capped(tmp_path, CapConfig()) as harness:
        await place(harness, 1, 2)
        await harness.services.operator.set_cap(GUILD, 40)
        with pytest.raises(CapError):
            await place(harness, 3)
        (line,) = lines(caplog)
        assert line.startswith(f"{REACHED}server {GUILD} in this period, 60 of 40 credits")


async def test_what_two_requests_see_at_the_same_moment_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caps = CapConfig(server=30)
    async with capped(tmp_path, caps) as harness:
        (cap,) = await harness.store.read(lambda uow: caps_of(uow, GUILD, caps, harness.clock()))
        for _ in range(2):
            await tell_owner(harness.store, (replace(cap, spent=30),), 30)
        assert len(lines(caplog)) == 1


async def test_a_song_is_placed_although_it_cannot_be_stored_that_the_owner_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with capped(tmp_path, CapConfig(server=60)) as harness:
        await place(harness, 1)
        harness.faults.fail("caps.mark_told", error=StoreError("away"), times=1)
        await place(harness, 2)
        assert lines(caplog) == []
        with pytest.raises(CapError):
            await place(harness, 3)
        assert len(lines(caplog)) == 1


async def test_when_others_take_the_rest_of_a_cap_at_the_same_moment_it_is_named(tmp_path: Path) -> None:
    caps = CapConfig(server=90, total=60)

    def unit(uow: UnitOfWork) -> None:
        now = harness.clock()
        payment = pass_caps(uow, GUILD, SongPayment(30, ()), caps, now)
        (_, total) = payment.caps
        others = cap_account(ALL_GUILDS, total.window)
        uow.ledger.set_granted_total(others, target=31, now=now)  # as if only 1 were left of it
        hold_credits(uow, 99, payment, now)

    async with capped(tmp_path, caps) as harness:
        await place(harness, 1)
        with pytest.raises(CapError) as caught:
            await harness.store.write(NamedUnit("test.race", unit))
        assert (caught.value.cap.is_total, caught.value.cap.left) == (True, 1)


async def test_too_few_credits_on_another_account_are_no_cap(tmp_path: Path) -> None:
    def unit(uow: UnitOfWork) -> None:
        hold_credits(uow, 99, payment, harness.clock())

    async with capped(tmp_path, CapConfig(server=90)) as harness:
        await place(harness, 1)
        passed = NamedUnit(
            "test.pass",
            lambda uow: pass_caps(uow, GUILD, SongPayment(30, ()), CapConfig(server=90), harness.clock()),
        )
        good = await harness.store.write(passed)
        payment = replace(good, legs=(replace(good.legs[0], account_id="bonus:nobody"), *good.legs))
        with pytest.raises(InsufficientFundsError):
            await harness.store.write(NamedUnit("test.short", unit))


async def test_a_cap_is_opened_once_and_only_where_there_is_one(tmp_path: Path) -> None:
    caps = CapConfig(server=90)
    async with capped(tmp_path, caps) as harness:
        await place(harness, 1)
        opened = await harness.store.read(lambda uow: uow.caps.find(GUILD, ALL_GUILDS))
        harness.clock.advance(60)
        await harness.store.write(open_caps, GUILD, caps, harness.clock())
        assert await harness.store.read(lambda uow: uow.caps.find(GUILD, ALL_GUILDS)) == opened
        assert opened[1].period is None


async def test_the_owner_sets_shows_and_clears_the_cap_of_a_server(tmp_path: Path) -> None:
    async with capped(tmp_path, CapConfig(server=900, total=3000)) as harness:
        operator = harness.services.operator
        await place(harness, 1)
        view = await operator.caps()
        assert (view.guild_id, view.server, dict(view.own)) == (None, None, {})
        assert view.total is not None
        assert (view.total.spent, view.total.left) == (30, 2970)
        view = await operator.set_cap(GUILD, 0)
        assert view.server is not None
        assert (view.server.credits, view.server.spent, dict(view.own)) == (0, 30, {GUILD: 0})
        view = await operator.set_cap(GUILD, None)
        assert view.server is not None
        assert (view.server.credits, dict(view.own)) == (900, {})
        assert (await operator.caps(GUILD + 1)).server is not None
        with pytest.raises(CapServerError):
            await operator.set_cap(None, 30)
        for wrong in (-1, 10**9 + 1):
            with pytest.raises(AmountError):
                await operator.set_cap(GUILD, wrong)


async def test_a_statement_knows_what_keeps_its_member_from_more_songs(tmp_path: Path) -> None:
    async with capped(tmp_path, CapConfig(server=90, total=70)) as harness:
        shown = await harness.quotas.overview(GUILD, ADA, role_ids=())
        limits = shown.statement.limits
        assert (shown.songs_left, shown.limited_by) == (2, limits.total_cap)
        await place(harness, 1)
        shared = await harness.quotas.limits(GUILD)
        assert shared.server_cap is not None
        assert shared.server_cap.left == 60
        in_force = await harness.services.guild_settings.effective(GUILD)
        assert in_force.cap == shared.server_cap
        assert SharedLimits().tightest is None


async def test_a_late_task_passes_the_caps_too(tmp_path: Path) -> None:
    async with capped(tmp_path, CapConfig(server=30)) as harness:
        card = await harness.place()
        (claimed,) = await harness.submitter.claim(1)
        harness.clock.advance(100)
        await harness.poll()  # it is given up, and the cap has its credits back
        assert (await harness.request(card.request_id)).state is State.UNCERTAIN
        caps = await harness.store.read(
            lambda uow: caps_of(uow, GUILD, CapConfig(server=30), harness.clock())
        )
        assert [cap.spent for cap in caps] == [0]
        await harness.services.operator.set_cap(GUILD, 20)
        await harness.submitter.handle(claimed)
        late = await harness.request(card.request_id)
        assert (late.state, late.task_id) == (State.UNCERTAIN, harness.provider.task_ids[-1])
