import re

import pytest

from bot.services.unit_of_work import NamedUnit, UnitOfWork, name_of, named_units, unit_of_work
from tests.harness.failpoints import units_written

TOPICS = {
    "allowances",
    "approvals",
    "caps",
    "circuit_breaker",
    "cleanup",
    "delivery",
    "digests",
    "guild_membership",
    "guild_settings",
    "heartbeat",
    "key_values",
    "late_tasks",
    "library",
    "moderation",
    "news",
    "operator",
    "outbox",
    "placement",
    "playlists",
    "poller",
    "privacy",
    "queue",
    "requests",
    "sessions",
    "showcase",
    "welcomes",
    "submitter",
    "words",
}


def test_units_of_work_are_named_by_a_topic_and_an_action() -> None:
    names = units_written()
    assert [name for name in names if not re.fullmatch(r"[a-z_]+\.[a-z_]+", name)] == []
    assert {name.partition(".")[0] for name in names} == TOPICS


def test_a_unit_is_registered_under_its_name() -> None:
    for name in units_written():
        assert named_units[name].name == name
        assert name_of(named_units[name]) == name


def test_two_units_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match=r"placement\.place"):
        unit_of_work("placement.place")(_nothing)


def test_a_unit_that_was_never_named_goes_by_its_function() -> None:
    assert name_of(_nothing) == "_nothing"
    assert name_of(NamedUnit("tests.nothing", _nothing)) == "tests.nothing"


def _nothing(_: UnitOfWork) -> None:
    pass
