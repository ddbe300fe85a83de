import pytest

from bot.storage.unit_of_work import slow_units_logged


@pytest.mark.parametrize(
    ("slow_s", "logged"), [(60.0, []), (-1.0, ["the unit of work placement.place took 0.0 s"])]
)
def test_a_slow_unit_of_work_is_named_in_the_log(
    slow_s: float, logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with slow_units_logged("placement.place", slow_s=slow_s):
        pass
    assert caplog.messages == logged
