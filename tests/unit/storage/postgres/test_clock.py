from datetime import UTC, datetime, timedelta, timezone

from bot.storage.postgres.clock import ClockReading, DatabaseClock
from tests.unit.storage.factories import NOW, after


class Counter:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def test_before_it_is_set_it_tells_the_hosts_time() -> None:
    earliest = datetime.now(UTC)
    told = DatabaseClock()()
    assert earliest - timedelta(seconds=1) <= told <= datetime.now(UTC) + timedelta(seconds=1)
    assert told.tzinfo is UTC


def test_it_goes_by_the_fastest_answer_and_counts_on() -> None:
    count = Counter()
    clock = DatabaseClock(count_s=count)
    clock.set(
        [
            ClockReading(1000.0, after(50), 1009.0),
            ClockReading(1009.0, after(9.5), 1010.0),
            ClockReading(1010.0, after(70), 1013.0),
        ]
    )
    count.s = 1009.5
    assert clock() == after(9.5)
    count.s = 1020.0
    assert clock() == after(20)
    assert clock.count_s() == 1020.0


def test_the_servers_zone_does_not_matter() -> None:
    count = Counter()
    clock = DatabaseClock(count_s=count)
    clock.set([ClockReading(1000.0, NOW.astimezone(timezone(timedelta(hours=9))), 1000.0)])
    assert (clock(), clock().tzinfo) == (NOW, UTC)
