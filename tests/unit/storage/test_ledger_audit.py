import sqlite3
from pathlib import Path

import pytest

from bot.domain.errors import StoreError
from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import audit_database, open_store
from tests.harness.databases import ledger_breaches
from tests.unit.storage.databases import fresh, url_of
from tests.unit.storage.factories import GUILD, NOW, USER, account_of, place, submit

MINE = account_of().id


@pytest.fixture
async def ledger(tmp_path: Path) -> Path:
    """Request 1 waits, 2 is being made, 3 was delivered, 4 was cancelled."""
    path = fresh(tmp_path)

    def unit(uow: UnitOfWork) -> None:
        place(uow, 1)
        submit(uow, place(uow, 2))
        ready = apply_transition(uow, submit(uow, place(uow, 3)), Transition.FINISH, now=NOW)
        apply_transition(uow, ready, Transition.DELIVER, now=NOW)
        apply_transition(uow, place(uow, 4, user=USER + 1), Transition.CANCEL, now=NOW)

    async with open_store(url_of(path), clock=lambda: NOW) as store:
        await store.write(unit)
    return path


def tamper(path: Path, *statements: str) -> None:
    """Make a change that the database's triggers would refuse."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    with connection:
        connection.execute("DROP TRIGGER transfers_no_update")
        connection.execute("DROP TRIGGER transfers_no_delete")
        for statement in statements:
            connection.execute(statement)
    connection.close()


async def test_right_books_have_no_breach_and_these_totals(ledger: Path) -> None:
    breaches, totals = audit_database(url_of(ledger))
    assert breaches == []
    assert totals.requests == {State.WAITING: 1, State.MAKING: 1, State.DELIVERED: 1, State.CANCELLED: 1}
    assert (totals.granted, totals.held, totals.used, totals.available) == (180, 60, 30, 90)


def test_empty_books_are_right(tmp_path: Path) -> None:
    breaches, totals = audit_database(url_of(fresh(tmp_path)))
    assert (breaches, totals.requests, totals.granted) == ([], {}, 0)


COUNTED = f"Account {MINE}: it counts"
HOLD_1 = f"Transfer hold:1: it holds 30 credits of {MINE}, but is for request 1, which"


def holds(state: str, request: int, *, cost: int, held: int, parts: str, ends: str) -> str:
    return (
        f"Request {request} ({state}): it costs {cost} and holds {held} of its member, 0 of the budget, 0 of "
        f"its server's cap and 0 of the cap over all servers, in {parts}, with {ends}: not one hold and at "
        "most one end."
    )


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            f"UPDATE accounts SET credits_posted = 91 WHERE id = '{MINE}'",
            f"{COUNTED} 91 granted, 60 held and 30 used, but its transfers come to 90, 60 and 30.",
        ),
        (
            "UPDATE transfers SET amount = 80 WHERE kind = 'single'",
            f"{COUNTED} 90 granted, 60 held and 30 used, but its transfers come to 80, 60 and 30.",
        ),
        (
            f"UPDATE accounts SET debits_pending = 61 WHERE id = '{MINE}'",
            f"Account {MINE}: a count is below zero; -1 credits are available.",
        ),
        (
            "DELETE FROM transfers WHERE id = 'hold:1'",
            holds("waiting", 1, cost=30, held=0, parts="0 parts from 0 accounts", ends="0 ends of 0 kinds"),
        ),
        (
            "INSERT INTO transfers SELECT 'again', kind, debit, credit, amount, NULL, request_id, '', at "
            "FROM transfers WHERE id = 'hold:1'",
            holds("waiting", 1, cost=30, held=60, parts="2 parts from 1 accounts", ends="0 ends of 0 kinds"),
        ),
        (
            "UPDATE transfers SET request_id = 2 WHERE id IN ('post:3', 'void:4')",
            holds("making", 2, cost=30, held=30, parts="1 parts from 1 accounts", ends="2 ends of 2 kinds"),
        ),
        (
            "UPDATE requests SET cost = 31 WHERE id = 1",
            holds("waiting", 1, cost=31, held=30, parts="1 parts from 1 accounts", ends="0 ends of 0 kinds"),
        ),
        (
            "UPDATE requests SET user_id = 5 WHERE id = 1",
            f"{HOLD_1} is of member 5 of server {GUILD}.",
        ),
        (
            "UPDATE transfers SET amount = 29 WHERE id = 'post:3'",
            "Transfer post:3: it is not the other half of hold:3, which it ends.",
        ),
        (
            "UPDATE requests SET state = 'failed' WHERE id = 3",
            "Request 3: it is failed, so void should have ended its hold, but post has.",
        ),
        (
            "UPDATE daily_usage SET songs = 2, credits = 60",
            f"Usage of server {GUILD} on {NOW.date()}: 2 songs and 60 credits are counted, but transfers "
            "used 30 credits for 1.",
        ),
        (
            "UPDATE daily_usage SET credits = 60 WHERE kind = 'member' AND songs > 0",
            f"Usage of server {GUILD} on {NOW.date()}: 30 credits are counted, but 60 of its members, or "
            "other numbers of songs.",
        ),
        (
            f"UPDATE daily_usage SET key = '{USER + 5}' WHERE kind = 'member' AND songs > 0",
            f"Usage of member {USER} of server {GUILD}: 0 credits are counted, but the member's requests "
            "used 30.",
        ),
        (
            "UPDATE requests SET state = 'ready' WHERE id = 1",
            "Request 1: it is ready, so post should have ended its hold, but nothing has.",
        ),
        (
            "UPDATE requests SET state = 'waiting' WHERE id = 4",
            "Request 4: it is waiting, so nothing should have ended its hold, but void has.",
        ),
        (
            "UPDATE requests SET state = 'making' WHERE id = 1",
            "Request 1: it is making, but its events end waiting.",
        ),
        (
            "DELETE FROM events WHERE request_id = 4",
            "Request 4: it is cancelled, but its events end nowhere.",
        ),
        (
            f"UPDATE members SET active = 3 WHERE user_id = {USER}",
            f"Member {USER} of server {GUILD}: 3 requests are counted as active, but 2 are.",
        ),
        (
            f"DELETE FROM members WHERE user_id = {USER}",
            f"Member {USER} of server {GUILD}: 0 requests are counted as active, but 2 are.",
        ),
        (
            "UPDATE requests SET cost = 40 WHERE id = 2",
            "All members together hold 60 and used 30, but all requests together hold 70 and used 30.",
        ),
    ],
)
async def test_each_breach_is_a_sentence_that_names_what_it_is_about(
    ledger: Path, statement: str, says: str
) -> None:
    tamper(ledger, statement)
    breaches, _ = audit_database(url_of(ledger))
    assert says in breaches


async def test_the_books_of_a_bot_that_runs_can_be_audited(ledger: Path) -> None:
    async with open_store(url_of(ledger)) as store:
        await store.write(place, 9, USER + 7)
        breaches, totals = audit_database(url_of(ledger))
        assert (breaches, await ledger_breaches(store)) == ([], [])
        assert totals.requests[State.WAITING] == 2


def test_books_that_are_not_there_are_not_right(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing or has to be migrated"):
        audit_database(url_of(tmp_path / "inspire.db"))
    assert list(tmp_path.iterdir()) == []


async def test_books_that_cannot_be_read_are_an_error_and_not_a_breach(ledger: Path) -> None:
    tamper(ledger, "DROP TABLE events")
    with pytest.raises(StoreError, match="lacks events: it was changed by hand"):
        audit_database(url_of(ledger))
