from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.domain.polling import TokenBucket

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def room(breaker: CircuitBreaker, running: int = 0, *, seconds: float = 0, submitting: int = 0) -> int:
    return breaker.free_slots(running, submitting=submitting, slots=3, now=after(seconds))


def test_a_closed_breaker_lets_in_as_many_as_there_are_places() -> None:
    assert room(CircuitBreaker(3), 1) == 2
    assert room(CircuitBreaker(3), 5) == 0
    assert room(CircuitBreaker(100), 1) == 2  # the operator's limit counts, whatever was learned


def test_a_busy_provider_shuts_it_for_longer_each_time_and_teaches_its_limit() -> None:
    breaker = CircuitBreaker(3).record_failure(ProviderOutage.BUSY, now=NOW, running=2)
    assert room(breaker, seconds=4.9) == 0
    assert room(breaker, seconds=5) == 2
    again = breaker.record_failure(ProviderOutage.BUSY, now=NOW, running=0)
    assert room(again, seconds=9.9) == 0
    assert room(again, seconds=10) == 1
    assert again.record_success(slots=3, now=NOW) == CircuitBreaker(2)


def test_a_stated_pause_is_kept() -> None:
    breaker = CircuitBreaker(3).record_failure(ProviderOutage.BUSY, now=NOW, retry_after_s=17)
    assert room(breaker, seconds=16) == 0
    assert room(breaker, seconds=17) == 3


@pytest.mark.parametrize(
    ("outage", "first_s", "last_s"),
    [
        (ProviderOutage.BUSY, 5, 60),
        (ProviderOutage.OUTAGE, 5, 60),
        (ProviderOutage.ACCOUNT, 60, 900),
        (ProviderOutage.EMPTY, 60, 900),
    ],
)
def test_the_pause_grows_up_to_a_bound(outage: ProviderOutage, first_s: float, last_s: float) -> None:
    breaker = CircuitBreaker(1).record_failure(outage, now=NOW)
    assert breaker.open_until == after(first_s)
    assert breaker.record_failure(outage, now=NOW).open_until == after(2 * first_s)
    for _ in range(50):
        breaker = breaker.record_failure(outage, now=NOW)
    assert breaker.open_until == after(last_s)


@pytest.mark.parametrize("outage", [ProviderOutage.OUTAGE, ProviderOutage.ACCOUNT])
def test_after_an_outage_or_trouble_with_the_account_one_at_a_time_tries(outage: ProviderOutage) -> None:
    breaker = CircuitBreaker(3).record_failure(outage, now=NOW)
    assert room(breaker, seconds=59.9 if outage is ProviderOutage.ACCOUNT else 4.9) == 0
    assert room(breaker, seconds=60) == 1
    assert room(breaker, 1, seconds=60, submitting=1) == 0
    assert room(breaker, 1, seconds=60) == 1
    assert breaker.record_success(slots=3, now=NOW) == CircuitBreaker(3)


def test_another_trouble_begins_its_pauses_anew() -> None:
    busy = (
        CircuitBreaker(3)
        .record_failure(ProviderOutage.BUSY, now=NOW)
        .record_failure(ProviderOutage.BUSY, now=NOW)
    )
    assert busy.record_failure(ProviderOutage.ACCOUNT, now=NOW).open_until == after(60)


def test_a_budget_is_spent_and_grows_back() -> None:
    budget = TokenBucket(2, NOW)
    assert budget.available(NOW) == 2
    budget.spend(2)
    assert budget.available(NOW) == 0
    assert budget.available(after(0.5)) == 1
    assert budget.available(after(100)) == 2


def test_a_budget_can_be_shared_with_more() -> None:
    budget = TokenBucket(20, NOW)
    budget.set_rate(5)
    assert budget.available(NOW) == 5
    budget.spend(5)
    assert budget.available(after(0.5)) == 2


def test_a_small_budget_still_gives_one_at_a_time() -> None:
    budget = TokenBucket(0.1, NOW)
    budget.spend(budget.available(NOW))
    assert budget.available(after(9)) == 0
    assert budget.available(after(10)) == 1


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    budget = TokenBucket(1, NOW)
    assert budget.available(after(-10)) == 1


def suspected(
    breaker: CircuitBreaker, user_id: int, *, request_id: int, seconds: float = 0
) -> CircuitBreaker:
    return breaker.record_suspect_failure(user_id=user_id, request_id=request_id, now=after(seconds))


def test_failures_of_two_members_in_a_row_are_an_outage() -> None:
    one = suspected(CircuitBreaker(3), 7, request_id=1)
    assert room(one) == 3
    assert not one.is_shared(7, NOW)
    assert one.is_shared(8, NOW)
    both = suspected(one, 8, request_id=2)
    assert both.outage is ProviderOutage.OUTAGE
    assert both.open_until == after(5)
    assert suspected(both, 7, request_id=3).open_until == after(10)


def test_one_members_failures_alone_shut_nothing_until_they_are_many() -> None:
    breaker = CircuitBreaker(3)
    for number in range(4):
        breaker = suspected(breaker, 7, request_id=number)
        assert room(breaker) == 3
    assert suspected(breaker, 7, request_id=3) == breaker  # the same one again says nothing new
    assert suspected(breaker, 7, request_id=4).outage is ProviderOutage.OUTAGE


def test_an_accepted_task_between_two_failures_says_that_the_provider_is_well() -> None:
    breaker = suspected(CircuitBreaker(3), 7, request_id=1).record_success(slots=3, now=NOW)
    assert suspected(breaker, 8, request_id=2).outage is None


def test_failures_far_apart_are_none_of_the_providers() -> None:
    breaker = suspected(CircuitBreaker(3), 7, request_id=1)
    assert suspected(breaker, 8, request_id=2, seconds=600).outage is None
    for number in range(8):
        breaker = suspected(breaker, 7, request_id=number, seconds=600 * number)
        assert breaker.outage is None


@pytest.mark.parametrize(("back_s", "is_shut"), [(0, True), (600, True), (3600, False), (86_400, False)])
def test_a_pause_from_before_the_clock_was_set_back_is_not_believed(back_s: float, is_shut: bool) -> None:
    breaker = CircuitBreaker(3).record_failure(ProviderOutage.OUTAGE, now=NOW)
    assert breaker.is_open(after(-back_s)) is is_shut
    assert (breaker.free_slots(0, submitting=0, slots=3, now=after(-back_s)) == 0) is is_shut


@pytest.mark.parametrize(("back_s", "counts"), [(0, True), (599, True), (600, False), (86_400, False)])
def test_a_failure_from_before_the_clock_was_set_back_is_not_believed(back_s: float, counts: bool) -> None:
    breaker = suspected(CircuitBreaker(3), 7, request_id=1)
    assert breaker.is_shared(8, after(-back_s)) is counts
    assert (suspected(breaker, 8, request_id=2, seconds=-back_s).outage is ProviderOutage.OUTAGE) is counts
    for number in range(2, 6):
        breaker = suspected(breaker, 7, request_id=number, seconds=-back_s)
    assert (breaker.outage is ProviderOutage.OUTAGE) is counts


def test_a_task_that_fails_for_the_account_opens_it_until_a_later_one_succeeds() -> None:
    failed = CircuitBreaker(3).record_failed_task(NOW, ProviderOutage.EMPTY, now=after(60))
    assert (failed.outage, failed.open_until) == (ProviderOutage.EMPTY, after(120))
    assert (
        failed.record_failed_task(after(30), ProviderOutage.EMPTY, now=after(61)) == failed
    )  # it ran at the same time
    assert failed.record_finished_song(after(30), now=after(61)) == failed
    probed = failed.record_success(slots=3, now=after(120))
    assert (probed.outage, probed.open_until) == (ProviderOutage.EMPTY, after(180))
    again = probed.record_failed_task(after(120), ProviderOutage.EMPTY, now=after(150))
    assert again.open_until == after(150 + 120)
    assert again.record_success(slots=3, now=after(270)).record_finished_song(
        after(270), now=after(400)
    ) == CircuitBreaker(3)


def test_tasks_that_fail_for_an_account_that_was_refused_already_say_no_more() -> None:
    refused = CircuitBreaker(3).record_failure(ProviderOutage.ACCOUNT, now=NOW)
    assert refused.record_failed_task(NOW, ProviderOutage.EMPTY, now=after(1)) == refused
    assert refused.record_refused_poll(ProviderOutage.EMPTY, now=after(1)) == refused
    assert refused.record_success(slots=3, now=after(60)) == CircuitBreaker(3)


def test_a_refused_question_shuts_it_as_a_refused_submission_does() -> None:
    assert CircuitBreaker(3).record_refused_poll(ProviderOutage.ACCOUNT, now=NOW) == CircuitBreaker(
        3
    ).record_failure(ProviderOutage.ACCOUNT, now=NOW)


def test_another_trouble_or_a_clock_that_was_set_back_ends_the_wait_for_a_song() -> None:
    failed = CircuitBreaker(3).record_failed_task(NOW, ProviderOutage.EMPTY, now=after(60))
    assert failed.record_failure(ProviderOutage.BUSY, now=after(120)).record_success(
        slots=3, now=after(130)
    ) == CircuitBreaker(3)
    assert failed.record_finished_song(after(-3600), now=after(-3500)) == CircuitBreaker(3)


def turned_away(breaker: CircuitBreaker, request_id: int, *, user_id: int = 7) -> CircuitBreaker:
    return breaker.turn_away(user_id=user_id, request_id=request_id, now=NOW)


def test_a_request_that_is_turned_away_while_others_are_taken_is_minded_for_itself() -> None:
    breaker = CircuitBreaker(3)
    for tries in range(1, 4):
        assert not breaker.rejects_request(1)
        breaker = turned_away(
            turned_away(breaker, 1), 1
        )  # the second one, with nothing accepted in between, adds nothing
        assert breaker.turned_away[-1].tries == tries
        if tries < 3:
            breaker = breaker.record_success(slots=3, now=NOW, request_id=2)
    assert breaker.rejects_request(1)
    assert breaker.record_success(slots=3, now=NOW, request_id=1).turned_away == ()


def test_requests_of_two_members_that_are_turned_away_are_an_outage() -> None:
    breaker = turned_away(turned_away(CircuitBreaker(3), 1), 2, user_id=8)
    assert breaker.outage is ProviderOutage.OUTAGE
    assert not breaker.rejects_request(1)
    assert breaker.has_turned_away(9, after(599))
    assert not breaker.has_turned_away(9, after(600))
    assert breaker.has_turned_away(1, after(600))
