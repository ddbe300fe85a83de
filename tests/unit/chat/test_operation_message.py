from datetime import timedelta

import pytest

from bot.chat.render import operation_message
from bot.chat.wording import halted, unhalted
from bot.services.gate import Gate, Trouble
from bot.services.operation import UNDER_WAY, OperationView
from tests.unit.chat.samples import NOW, check_sendable, fields

MOST = 10**12


def view(gate: Gate, *, is_shut: bool = False, paused: int = 0, count: int = 1) -> OperationView:
    return OperationView(
        gate=gate,
        is_shut=is_shut,
        places=3,
        under_way=dict.fromkeys(UNDER_WAY, count),
        paused=paused,
        processes={"gateway": 2, "worker": 3},
        used_in_day=30 * count,
        used_in_week=60 * count,
        cost=30,
    )


def test_a_bot_that_is_well_looks_so() -> None:
    embed = operation_message(view(Gate(3)))
    assert embed.description is None
    shown = fields(embed)
    assert shown["Song service"] == "Ready.\nTasks at once: **3**"
    assert shown["Processes alive"] == "2 gateway, 3 worker"
    assert "servers" not in str(shown["Requests"])


@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_is_told_with_the_next_try_and_what_was_learned(trouble: Trouble) -> None:
    gate = Gate(2).met(trouble, now=NOW, retry_after_s=60)
    embed = operation_message(view(gate, is_shut=True))
    said = str(fields(embed)["Song service"])
    assert f"Next try <t:{int((NOW + timedelta(seconds=60)).timestamp())}:R>." in said
    assert "Tasks at once: **2** of 3" in said
    assert embed.colour != operation_message(view(Gate(3))).colour


def test_a_pause_is_told_first_and_the_largest_numbers_fit() -> None:
    embed = operation_message(view(Gate(3, halted=True), paused=MOST, count=MOST))
    assert "Submissions are paused." in str(embed.description)
    assert "Paused by their moderators" in str(fields(embed)["Requests"])
    check_sendable(embeds=[embed])


def test_the_operator_reads_how_many_wait() -> None:
    assert "1 request waits." in halted(1)
    assert unhalted(1500) == "Submissions go on. 1,500 requests wait."
