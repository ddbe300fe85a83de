import pytest

from bot.domain.retry_policy import RetryPolicy

POLICY = RetryPolicy(first_s=2.0, max_s=10.0)


def test_a_pause_doubles_with_each_failure_up_to_the_longest() -> None:
    assert [POLICY.delay_s(failures) for failures in (1, 2, 3, 4, 10_000)] == [2, 4, 8, 10, 10]


def test_without_a_failure_there_is_no_pause() -> None:
    assert [POLICY.delay_s(failures, retry_after_s=5) for failures in (-1, 0)] == [0, 0]


@pytest.mark.parametrize(("asked_s", "delay_s"), [(None, 2), (0.5, 2), (60, 60), (1e9, 3600)])
def test_a_pause_that_is_asked_for_is_kept_as_far_as_it_is_believed(
    asked_s: float | None, delay_s: float
) -> None:
    assert POLICY.delay_s(1, retry_after_s=asked_s) == delay_s
