import math

import pytest

from sandbox.cqtai.timeline import ClipStatus, Fail, Stall, Succeed, TaskStatus, ends_after_s, moment_at

QUEUED, STREAMING, COMPLETE = ClipStatus.QUEUED, ClipStatus.STREAMING, ClipStatus.COMPLETE


@pytest.mark.parametrize(
    ("age_s", "status", "clips"),
    [
        (0, TaskStatus.QUEUED, ()),
        (2.9, TaskStatus.QUEUED, ()),
        (3, TaskStatus.RUNNING, (QUEUED, QUEUED)),
        (15, TaskStatus.RUNNING, (STREAMING, STREAMING)),
        (59.9, TaskStatus.RUNNING, (STREAMING, STREAMING)),
        (60, TaskStatus.RUNNING, (COMPLETE, STREAMING)),
        (99.9, TaskStatus.RUNNING, (COMPLETE, STREAMING)),
        (100, TaskStatus.SUCCEEDED, (COMPLETE, COMPLETE)),
        (math.inf, TaskStatus.SUCCEEDED, (COMPLETE, COMPLETE)),
    ],
)
def test_a_task_passes_through_every_stage(
    age_s: float, status: TaskStatus, clips: tuple[ClipStatus, ...]
) -> None:
    moment = moment_at(age_s, making_s=100, fate=Succeed())

    assert (moment.status, moment.clips) == (status, clips)


def test_the_same_life_can_be_lived_in_a_tenth_of_a_second() -> None:
    assert moment_at(0.07, making_s=0.1, fate=Succeed()).clips == (COMPLETE, STREAMING)


def test_a_failing_task_looks_well_until_it_fails() -> None:
    fate = Fail("timeout", status="TIMEOUT", at=0.7)

    before = moment_at(69, making_s=100, fate=fate)
    after = moment_at(70, making_s=100, fate=fate)

    assert before.clips == (COMPLETE, STREAMING)
    assert (after.status, after.spelling, after.error_msg) == (TaskStatus.FAILED, "TIMEOUT", "timeout")


def test_a_stalled_task_never_gets_further() -> None:
    fate = Stall(status="awaiting", at=0.3)

    assert ends_after_s(fate, making_s=100) == math.inf
    assert moment_at(1e9, making_s=100, fate=fate).clips == (STREAMING, STREAMING)
    assert moment_at(1e9, making_s=100, fate=fate).spelling == "awaiting"
    assert moment_at(20, making_s=100, fate=fate).spelling == "running"


def test_a_stalled_task_can_be_given_up_by_the_provider() -> None:
    moment = moment_at(300, making_s=100, fate=Stall(until_s=300))

    assert (moment.status, moment.error_msg) == (TaskStatus.FAILED, "timeout")
