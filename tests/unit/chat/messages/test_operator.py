from datetime import timedelta

import pytest

from bot.chat.messages.operator import operation_message
from bot.chat.text.confirmations import submissions_paused, submissions_resumed
from bot.domain.circuit_breaker import CircuitBreaker, ProviderOutage
from bot.services.operator import PENDING, OperatorStatus
from tests.unit.chat.factories import NOW, check_sendable, fields

MOST = 10**12


def view(
    breaker: CircuitBreaker, *, is_shut: bool = False, paused: int = 0, count: int = 1
) -> OperatorStatus:
    return OperatorStatus(
        breaker=breaker,
        is_open=is_shut,
        slots=3,
        pending=dict.fromkeys(PENDING, count),
        paused=paused,
        processes={"gateway": 2, "worker": 3},
        used_in_day=30 * count,
        used_in_week=60 * count,
        cost=30,
    )


def test_a_bot_that_is_well_looks_so() -> None:
    embed = operation_message(view(CircuitBreaker(3)))
    assert embed.description is None
    shown = fields(embed)
    assert shown["Song service"] == "Ready.\nTasks at once: **3**"
    assert shown["Processes running"] == "2 gateway, 3 worker"
    assert "servers" not in str(shown["Requests"])


@pytest.mark.parametrize("outage", ProviderOutage)
def test_trouble_is_told_with_the_next_try_and_what_was_learned(outage: ProviderOutage) -> None:
    breaker = CircuitBreaker(2).record_failure(outage, now=NOW, retry_after_s=60)
    embed = operation_message(view(breaker, is_shut=True))
    said = str(fields(embed)["Song service"])
    assert f"Next try <t:{int((NOW + timedelta(seconds=60)).timestamp())}:R>." in said
    assert "Tasks at once: **2** of 3" in said
    assert embed.colour != operation_message(view(CircuitBreaker(3))).colour


def test_a_pause_is_told_first_and_the_largest_numbers_fit() -> None:
    embed = operation_message(view(CircuitBreaker(3, paused_by_operator=True), paused=MOST, count=MOST))
    assert "Song requests are paused." in str(embed.description)
    assert "Paused by moderators" in str(fields(embed)["Requests"])
    check_sendable(embeds=[embed])


def test_the_operator_reads_how_many_wait() -> None:
    assert "1 waiting request keeps its place and its credits." in submissions_paused(1)
    assert (
        submissions_resumed(1500) == "Song requests are resumed in all servers. 1,500 requests are waiting."
    )
