from datetime import timedelta

import pytest

from bot.domain.leases import MAX_LEASE
from bot.domain.requests import State
from bot.services.runtime.clock_watch import ClockWatch
from tests.harness.services import ServicesHarness


class Count:
    """The host's count of seconds."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


async def lease_left(harness: ServicesHarness, request_id: int) -> timedelta:
    """How much longer the request is leased, by the clock."""
    due_at = await harness.store.read(lambda work: work.requests.next_due_at())
    assert due_at is not None
    return due_at - harness.clock()


async def test_a_clock_that_is_set_forward_ends_no_lease(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    count = Count()
    watch = ClockWatch(harness.store, count_s=count)
    card = await harness.place()
    (taken,) = await harness.submitter.claim(1)
    assert (taken.id, taken.state) == (card.request_id, State.SUBMITTING)
    harness.clock.advance(7200)
    assert watch() == harness.clock() - timedelta(hours=2)
    await watch.check()
    assert watch() == harness.clock()
    assert await lease_left(harness, card.request_id) == MAX_LEASE
    assert "the clock was set forward by 7200 s: 1 leases were extended" in caplog.text


async def test_seconds_that_went_by_are_no_setting_and_what_is_set_back_is_followed(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    count = Count()
    watch = ClockWatch(harness.store, count_s=count)
    for seconds, went_by_s in ((7200.0, 7200.0), (4.0, 0.0), (-7200.0, 1.0)):
        harness.clock.advance(seconds)
        count.s += went_by_s
        await watch.check()
        assert watch() == harness.clock()
    assert "set forward" not in caplog.text
