from datetime import UTC, datetime, timedelta

import pytest

from bot.services.budget import Budget
from bot.services.gate import Gate, Trouble

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def room(gate: Gate, running: int = 0, *, seconds: float = 0, submitting: int = 0) -> int:
    return gate.room(running, submitting=submitting, places=3, now=after(seconds))


def test_an_open_gate_lets_in_as_many_as_there_are_places() -> None:
    assert room(Gate(3), 1) == 2
    assert room(Gate(3), 5) == 0
    assert room(Gate(100), 1) == 2  # the operator's limit counts, whatever was learned


def test_a_busy_provider_shuts_it_for_longer_each_time_and_teaches_its_limit() -> None:
    gate = Gate(3).met(Trouble.BUSY, now=NOW, running=2)
    assert room(gate, seconds=4.9) == 0
    assert room(gate, seconds=5) == 2
    again = gate.met(Trouble.BUSY, now=NOW, running=0)
    assert room(again, seconds=9.9) == 0
    assert room(again, seconds=10) == 1
    assert again.answered(places=3, now=NOW) == Gate(2)


def test_a_stated_pause_is_kept() -> None:
    gate = Gate(3).met(Trouble.BUSY, now=NOW, retry_after_s=17)
    assert room(gate, seconds=16) == 0
    assert room(gate, seconds=17) == 3


@pytest.mark.parametrize(
    ("trouble", "first_s", "last_s"),
    [(Trouble.BUSY, 5, 60), (Trouble.OUTAGE, 5, 60), (Trouble.ACCOUNT, 60, 900)],
)
def test_the_pause_grows_up_to_a_bound(trouble: Trouble, first_s: float, last_s: float) -> None:
    gate = Gate(1).met(trouble, now=NOW)
    assert gate.shut_until == after(first_s)
    assert gate.met(trouble, now=NOW).shut_until == after(2 * first_s)
    for _ in range(50):
        gate = gate.met(trouble, now=NOW)
    assert gate.shut_until == after(last_s)


@pytest.mark.parametrize("trouble", [Trouble.OUTAGE, Trouble.ACCOUNT])
def test_after_an_outage_or_trouble_with_the_account_one_at_a_time_tries(trouble: Trouble) -> None:
    gate = Gate(3).met(trouble, now=NOW)
    assert room(gate, seconds=59.9 if trouble is Trouble.ACCOUNT else 4.9) == 0
    assert room(gate, seconds=60) == 1
    assert room(gate, 1, seconds=60, submitting=1) == 0
    assert room(gate, 1, seconds=60) == 1
    assert gate.answered(places=3, now=NOW) == Gate(3)


def test_another_trouble_begins_its_pauses_anew() -> None:
    busy = Gate(3).met(Trouble.BUSY, now=NOW).met(Trouble.BUSY, now=NOW)
    assert busy.met(Trouble.ACCOUNT, now=NOW).shut_until == after(60)


def test_a_budget_is_spent_and_grows_back() -> None:
    budget = Budget(2, NOW)
    assert budget.available(NOW) == 2
    budget.spend(2)
    assert budget.available(NOW) == 0
    assert budget.available(after(0.5)) == 1
    assert budget.available(after(100)) == 2


def test_a_budget_can_be_shared_with_more() -> None:
    budget = Budget(20, NOW)
    budget.limit(5)
    assert budget.available(NOW) == 5
    budget.spend(5)
    assert budget.available(after(0.5)) == 2


def test_a_small_budget_still_gives_one_at_a_time() -> None:
    budget = Budget(0.1, NOW)
    budget.spend(budget.available(NOW))
    assert budget.available(after(9)) == 0
    assert budget.available(after(10)) == 1


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    budget = Budget(1, NOW)
    assert budget.available(after(-10)) == 1


def suspected(gate: Gate, user_id: int, *, request_id: int, seconds: float = 0) -> Gate:
    return gate.suspected(user_id=user_id, request_id=request_id, now=after(seconds))


def test_failures_of_two_members_in_a_row_are_an_outage() -> None:
    one = suspected(Gate(3), 7, request_id=1)
    assert room(one) == 3
    assert not one.is_shared(7, NOW)
    assert one.is_shared(8, NOW)
    both = suspected(one, 8, request_id=2)
    assert both.trouble is Trouble.OUTAGE
    assert both.shut_until == after(5)
    assert suspected(both, 7, request_id=3).shut_until == after(10)


def test_one_members_failures_alone_shut_nothing_until_they_are_many() -> None:
    gate = Gate(3)
    for number in range(4):
        gate = suspected(gate, 7, request_id=number)
        assert room(gate) == 3
    assert suspected(gate, 7, request_id=3) == gate  # the same one again says nothing new
    assert suspected(gate, 7, request_id=4).trouble is Trouble.OUTAGE


def test_an_accepted_task_between_two_failures_says_that_the_provider_is_well() -> None:
    gate = suspected(Gate(3), 7, request_id=1).answered(places=3, now=NOW)
    assert suspected(gate, 8, request_id=2).trouble is None


def test_failures_far_apart_are_none_of_the_providers() -> None:
    gate = suspected(Gate(3), 7, request_id=1)
    assert suspected(gate, 8, request_id=2, seconds=600).trouble is None
    for number in range(8):
        gate = suspected(gate, 7, request_id=number, seconds=600 * number)
        assert gate.trouble is None


@pytest.mark.parametrize(("back_s", "is_shut"), [(0, True), (600, True), (3600, False), (86_400, False)])
def test_a_pause_from_before_the_clock_was_set_back_is_not_believed(back_s: float, is_shut: bool) -> None:
    gate = Gate(3).met(Trouble.OUTAGE, now=NOW)
    assert gate.is_shut(after(-back_s)) is is_shut
    assert (gate.room(0, submitting=0, places=3, now=after(-back_s)) == 0) is is_shut


@pytest.mark.parametrize(("back_s", "counts"), [(0, True), (599, True), (600, False), (86_400, False)])
def test_a_failure_from_before_the_clock_was_set_back_is_not_believed(back_s: float, counts: bool) -> None:
    gate = suspected(Gate(3), 7, request_id=1)
    assert gate.is_shared(8, after(-back_s)) is counts
    assert (suspected(gate, 8, request_id=2, seconds=-back_s).trouble is Trouble.OUTAGE) is counts
    for number in range(2, 6):
        gate = suspected(gate, 7, request_id=number, seconds=-back_s)
    assert (gate.trouble is Trouble.OUTAGE) is counts


def test_a_task_that_fails_for_the_account_shuts_it_until_a_later_one_becomes_a_song() -> None:
    failed = Gate(3).failed_task(NOW, now=after(60))
    assert (failed.trouble, failed.shut_until) == (Trouble.ACCOUNT, after(120))
    assert failed.failed_task(after(30), now=after(61)) == failed  # it ran at the same time
    assert failed.finished(after(30), now=after(61)) == failed
    probed = failed.answered(places=3, now=after(120))
    assert (probed.trouble, probed.shut_until) == (Trouble.ACCOUNT, after(180))
    again = probed.failed_task(after(120), now=after(150))
    assert again.shut_until == after(150 + 120)
    assert again.answered(places=3, now=after(270)).finished(after(270), now=after(400)) == Gate(3)


def test_tasks_that_fail_for_an_account_that_was_refused_already_say_no_more() -> None:
    refused = Gate(3).met(Trouble.ACCOUNT, now=NOW)
    assert refused.failed_task(NOW, now=after(1)) == refused
    assert refused.refused_question(now=after(1)) == refused
    assert refused.answered(places=3, now=after(60)) == Gate(3)


def test_a_refused_question_shuts_it_as_a_refused_submission_does() -> None:
    assert Gate(3).refused_question(now=NOW) == Gate(3).met(Trouble.ACCOUNT, now=NOW)


def test_another_trouble_or_a_clock_that_was_set_back_ends_the_wait_for_a_song() -> None:
    failed = Gate(3).failed_task(NOW, now=after(60))
    assert failed.met(Trouble.BUSY, now=after(120)).answered(places=3, now=after(130)) == Gate(3)
    assert failed.finished(after(-3600), now=after(-3500)) == Gate(3)


def turned_away(gate: Gate, request_id: int, *, user_id: int = 7) -> Gate:
    return gate.turn_away(user_id=user_id, request_id=request_id, now=NOW)


def test_a_request_that_is_turned_away_while_others_are_taken_is_minded_for_itself() -> None:
    gate = Gate(3)
    for tries in range(1, 4):
        assert not gate.minds(1)
        gate = turned_away(
            turned_away(gate, 1), 1
        )  # the second one, with nothing taken between, says no more
        assert gate.turned_away[-1].tries == tries
        if tries < 3:
            gate = gate.answered(places=3, now=NOW, request_id=2)
    assert gate.minds(1)
    assert gate.answered(places=3, now=NOW, request_id=1).turned_away == ()


def test_requests_of_two_members_that_are_turned_away_are_an_outage() -> None:
    gate = turned_away(turned_away(Gate(3), 1), 2, user_id=8)
    assert gate.trouble is Trouble.OUTAGE
    assert not gate.minds(1)
    assert gate.has_turned_away(9, after(599))
    assert not gate.has_turned_away(9, after(600))
    assert gate.has_turned_away(1, after(600))
