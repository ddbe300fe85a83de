import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.catalogue import BENCHMARKS
from benchmarks.edits import naive
from benchmarks.harness.report import Report, milliseconds, quantile, spread_ms
from benchmarks.harness.schedules import SongTimes, at_delay, best, cost_of, fixed, own
from benchmarks.harness.servers import server_database
from benchmarks.harness.split_cap import PARTS, SplitLedger
from benchmarks.overspend import read_then_write
from benchmarks.polling import Song, followed, simulated
from benchmarks.polls_failing import FAILING, SPEC, faults, naive_survives
from bot.domain.caps import ALL_GUILDS
from bot.domain.errors import InsufficientFundsError, NoAnswerError
from bot.domain.ledger import Leg, cap_account
from bot.domain.polling import DurationStats, PollLimits
from bot.domain.provider_tasks import TaskReport, TaskStage
from bot.domain.quotas import Period, window_of
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from bot.storage.store import open_store
from bot.storage.unit_of_work import SqlUnitOfWork
from sandbox.discord.limits import Limits
from tests.fakes.provider import FakeProvider
from tests.unit.storage.databases import fresh, url_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)
RUNNING = TaskReport(TaskStage.RUNNING, status="running")


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (0.995, 100.0), (1.0, 100.0)]
)
def test_a_quantile_is_the_least_value_that_the_share_does_not_exceed(share: float, value: float) -> None:
    values = [float(n) for n in range(1, 101)]
    random.Random(3).shuffle(values)

    assert quantile(values, share) == value


def test_of_three_values_the_99th_percentile_is_the_largest() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0


def test_no_values_have_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_durations_are_shown_in_milliseconds() -> None:
    assert milliseconds(1.2345) == "1,234.5 ms"
    assert spread_ms([0.001, 0.002, 0.003]) == "2.0 / 3.0 / 3.0 ms"
    assert spread_ms([]) == "-"


def test_a_report_shows_bot_and_baseline_side_by_side_and_what_was_reached() -> None:
    report = Report("title", "what it is compared to")
    report.add("speed", "1 ms", "2 ms", samples=1234)
    report.add_target("at most 2 ms", "1 ms", reached=True)
    report.add_target("at most 0 ms", "1 ms", reached=False)
    report.check([], "a song was lost")
    report.check([1], "never said")

    lines = [" ".join(line.split()) for line in report.lines()]

    assert "speed 1 ms 2 ms 1,234" in lines
    assert "reached at most 2 ms: 1 ms" in lines
    assert "NOT REACHED at most 0 ms: 1 ms" in lines
    assert lines[-1] == "WRONG a song was lost"
    assert report.wrong == ["a song was lost"]


def test_the_exact_cost_of_a_schedule_agrees_with_songs_drawn_by_chance() -> None:
    times, schedule = SongTimes(), fixed(20.0)
    chance = random.Random(5)
    songs = [times.median_s * 2.718281828 ** (times.sigma * chance.gauss(0, 1)) for _ in range(20_000)]
    asked = [next(n for n, at_s in enumerate(schedule, 1) if at_s >= ends_s) for ends_s in songs]
    delays_s = [schedule[n - 1] - ends_s for n, ends_s in zip(asked, songs, strict=True)]

    cost = cost_of(schedule, times)

    assert cost.polls == pytest.approx(sum(asked) / len(songs), rel=0.02)
    assert cost.delay_s == pytest.approx(sum(delays_s) / len(songs), rel=0.02)


def test_a_fixed_poller_is_half_an_interval_late_on_average() -> None:
    assert cost_of(fixed(5.0), SongTimes()).delay_s == pytest.approx(2.5, abs=0.01)


def test_a_song_known_to_the_second_needs_one_question() -> None:
    times = SongTimes(median_s=100.0, sigma=0.001)

    schedule = best(1.0, times)
    cost = cost_of(schedule, times)

    assert cost.polls < 2.1  # 90 s is the longest step
    assert cost.delay_s < 0.6
    assert any(at_s == pytest.approx(100.0, abs=1.0) for at_s in schedule)


@pytest.mark.parametrize("price_s", [0.05, 0.2, 1.0])
def test_no_other_schedule_costs_less_than_the_best(price_s: float) -> None:
    times = SongTimes()

    def total(schedule: list[float]) -> float:
        cost = cost_of(schedule, times)
        return price_s * cost.polls + cost.delay_s

    least = total(best(price_s, times))

    rivals = [fixed(interval) for interval in (2.0, 3.5, 5.0, 8.0, 13.0)] + [
        own(PollLimits(), DurationStats())
    ]
    shifted = [[at_s + 0.5 for at_s in best(price_s, times)]]
    assert all(least < total(rival) for rival in rivals + shifted)


def test_schedules_are_compared_at_the_same_delay() -> None:
    times = SongTimes()

    by_interval = at_delay(2.5, fixed, times)
    by_price = at_delay(2.5, lambda price_s: best(price_s, times), times)

    assert by_interval.delay_s == pytest.approx(2.5, abs=0.01)
    assert by_price.delay_s == pytest.approx(2.5, abs=0.05)
    assert by_price.polls < by_interval.polls


def test_a_song_is_followed_until_it_is_finished() -> None:
    cost = followed(Song(ends_s=100.0, first_clip_s=60.0), random.Random(1), by_clip=False)

    assert cost.polls > 1
    assert 0 <= cost.delay_s < PollLimits().max_s


def test_knowing_of_the_first_clip_saves_questions_and_time() -> None:
    without, with_it = simulated(500, by_clip=False), simulated(500, by_clip=True)

    assert with_it.polls < without.polls
    assert with_it.delay_s < without.delay_s


def test_the_simulation_gives_the_same_figures_each_time() -> None:
    assert simulated(50, by_clip=True) == simulated(50, by_clip=True)


async def test_the_naive_poller_sees_a_song_to_its_end_when_nothing_fails() -> None:
    provider = FakeProvider()
    provider.submit_answers.append("t")
    provider.say("t", RUNNING, RUNNING, TaskReport(TaskStage.DONE, status="succeeded"))

    assert await naive_survives(provider, SPEC, interval_s=0)
    assert len(provider.queried) == 3


async def test_the_naive_poller_loses_the_song_at_the_first_error() -> None:
    provider = FakeProvider()
    provider.submit_answers.append("t")
    provider.say("t", RUNNING, NoAnswerError("502"), TaskReport(TaskStage.DONE, status="succeeded"))

    assert not await naive_survives(provider, SPEC, interval_s=0)
    assert len(provider.queried) == 2


def test_the_faults_strike_a_twentieth_of_all_questions_and_each_kind_alike() -> None:
    passed, shares = 1.0, []
    for fault in faults():
        shares.append(passed * fault.rate)
        passed -= shares[-1]

    assert sum(shares) == pytest.approx(FAILING)
    assert max(shares) == pytest.approx(min(shares))


def test_a_naive_editor_meets_the_channels_limit() -> None:
    edits, refused = naive(20, song_s=15.0, limits=Limits())

    assert edits == 3
    assert refused == 3 * 15  # five of twenty pass each five seconds


def test_a_single_naive_editor_meets_no_limit() -> None:
    assert naive(1, song_s=100.0, limits=Limits()) == (20, 0)


async def test_the_parts_of_a_split_cap_are_spent_one_after_the_other_and_never_overspent(
    tmp_path: Path,
) -> None:
    cap = cap_account(ALL_GUILDS, window_of(Period.MONTH, NOW))
    held: list[int] = []

    def spend(uow: UnitOfWork) -> None:
        assert isinstance(uow, SqlUnitOfWork)
        ledger = SplitLedger(uow.connection)
        ledger.set_granted_total(cap, target=PARTS * 30 + 5, now=NOW)
        for number in range(PARTS):
            assert ledger.balance(cap.id).granted == PARTS * 30 + 5
            ledger.hold(PARTS * number, [Leg(cap.id, 30)], now=NOW)  # all begin with the same part
        assert ledger.balance(cap.id).available == 5
        with pytest.raises(InsufficientFundsError, match="No part"):
            ledger.hold(1, [Leg(cap.id, 30)], now=NOW)
        held.append(ledger.balance(cap.id).held)
        held.append(ledger.set_granted_total(cap, target=PARTS * 60, now=NOW).available)
        held.append(ledger.set_granted_total(cap, target=30, now=NOW).available)

    async with open_store(url_of(fresh(tmp_path))) as store:
        await store.write(NamedUnit("test.spend", spend))

    assert held == [PARTS * 30, PARTS * 30, 0]


async def test_reading_before_writing_overspends(tmp_path: Path) -> None:
    async with open_store(url_of(fresh(tmp_path))) as store:
        together = await read_then_write(store, 50, balance=60, cost=30)
        one_by_one = [await read_then_write(store, 1, balance=30, cost=30) for _ in range(2)]

    assert together > 60
    assert one_by_one == [30, 30]


def test_where_there_is_no_postgresql_there_is_no_database_to_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.harness.servers.sources", lambda: ())

    with server_database() as url:
        assert url is None


def test_all_benchmarks_of_the_product_are_there() -> None:
    assert set(BENCHMARKS) == {
        "polling",
        "steps",
        "answer",
        "polls_failing",
        "edits",
        "overspend",
        "caps",
        "load",
        "restart",
        "store",
        "refusals",
        "history",
        "soak",
    }


def test_one_benchmark_runs_from_the_command_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "polling"]) == 0

    shown = capfd.readouterr().out
    assert "== polling" in shown
    assert "a fixed 5 s poller alone" in shown
    assert "22.38 at 2.50 s" in shown


def test_an_unknown_benchmark_is_a_mistake_that_names_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])

    assert ended.value.code == 2
    assert "polls_failing" in capsys.readouterr().err
