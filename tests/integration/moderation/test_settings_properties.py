"""The settings and the audit log agree after any order of changes, on both databases."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.moderation.settings_machine import SettingsMachine
from tests.unit.storage.databases import fresh


def of_size(*, examples: int, steps: int) -> settings:
    slow = [HealthCheck.too_slow]
    return settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=slow
    )


def test_any_order_of_changes_leaves_settings_and_audit_log_consistent(tmp_path: Path) -> None:
    class OnSqlite(SettingsMachine):
        url = f"sqlite:///{fresh(tmp_path)}"

    run_state_machine_as_test(OnSqlite, settings=of_size(examples=10, steps=10))


@pytest.mark.long
def test_any_order_of_changes_leaves_them_consistent_on_a_server(postgres_url: str) -> None:
    class OnServer(SettingsMachine):
        url = postgres_url

    run_state_machine_as_test(OnServer, settings=of_size(examples=15, steps=20))
