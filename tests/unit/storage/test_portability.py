from collections.abc import Callable
from functools import _lru_cache_wrapper
from types import ModuleType

import pytest
from sqlalchemy import Select, UpdateBase, make_url

from bot.storage.repositories import guilds, ledger, library, outbox, requests, runtime
from bot.storage.repositories.leasing import ClaimableQueue

MODULES = [guilds, ledger, library, outbox, requests, runtime]


def statements(module: ModuleType) -> list[str]:
    """All SQL that the module says to PostgreSQL."""
    values = list(vars(module).values())
    values += [part for value in values if isinstance(value, ClaimableQueue) for part in vars(value).values()]
    makers: list[Callable[[str], UpdateBase]] = [v for v in values if isinstance(v, _lru_cache_wrapper)]
    made = [maker("postgresql") for maker in makers]
    ready = [value for value in values if isinstance(value, Select | UpdateBase)]
    dialect = make_url("postgresql://").get_dialect()()
    return [str(statement.compile(dialect=dialect)) for statement in [*ready, *made]]


@pytest.mark.parametrize("module", MODULES)
def test_each_statement_is_valid_for_postgresql_too(module: ModuleType) -> None:
    assert len(statements(module)) > 1


@pytest.mark.parametrize("module", [requests, outbox])
def test_claims_step_over_rows_that_another_process_is_claiming(module: ModuleType) -> None:
    assert any("FOR UPDATE SKIP LOCKED" in sql for sql in statements(module))


@pytest.mark.parametrize("module", [guilds, ledger, library, outbox, runtime])
def test_rows_that_may_be_there_are_written_with_on_conflict(module: ModuleType) -> None:
    assert any("ON CONFLICT" in sql for sql in statements(module))
