"""The contract of every store for the outbox: each change is sent once, in time, and none is lost."""

from datetime import datetime

import pytest

from bot.domain.errors import ConflictError
from bot.domain.transitions import Transition
from bot.services.repositories.outbox import MessageKind, OutboxMessage
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.unit.storage.databases import column
from tests.unit.storage.factories import GUILD, NOW, after, awaiting, lease, new_request, placed

STATUS, RESULT = MessageKind.STATUS, MessageKind.RESULT


@pytest.fixture(autouse=True)
async def _requests(store: SqlStore) -> None:
    await placed(store, 1, 2, 3)


async def mark_due(store: SqlStore, request_id: int = 1, *, at_s: float = 0) -> None:
    await store.write(lambda work: work.outbox.mark_due(request_id, STATUS, due_at=after(at_s)))


async def claim(
    store: SqlStore, *, at_s: float = 0, until_s: float = 60, limit: int = 10
) -> list[OutboxMessage]:
    return await store.write(
        lambda work: work.outbox.claim_due(now=after(at_s), lease=lease(until_s=until_s), limit=limit)
    )


async def mark_sent(
    store: SqlStore,
    message: OutboxMessage,
    *,
    quiet_s: float = 4,
    next_s: float | None = None,
    mark: str = "x",
) -> None:
    next_at = None if next_s is None else after(next_s)
    await store.write(
        lambda work: work.outbox.mark_sent(
            message, fingerprint=mark, not_before=after(quiet_s), next_at=next_at
        )
    )


async def next_due_at(store: SqlStore) -> datetime | None:
    return await store.read(lambda work: work.outbox.next_due_at())


async def test_the_longest_due_are_claimed_first_and_only_once(store: SqlStore) -> None:
    for request_id, at_s in ((1, -1), (2, 5), (3, -2)):
        await mark_due(store, request_id, at_s=at_s)
    assert [message.source_id for message in await claim(store, limit=1)] == [3]
    assert [message.source_id for message in await claim(store)] == [1]
    assert await claim(store) == []


async def test_a_status_and_a_result_of_one_request_are_two_notices(store: SqlStore) -> None:
    await mark_due(store)
    await store.write(lambda work: work.outbox.mark_due(1, RESULT, due_at=NOW))
    assert {message.kind for message in await claim(store)} == {STATUS, RESULT}


async def test_what_is_marked_due_often_is_sent_once_at_the_earliest_time(store: SqlStore) -> None:
    for at_s in (5, 3, 9):
        await mark_due(store, at_s=at_s)
    assert await next_due_at(store) == after(3)
    (message,) = await claim(store, at_s=3)
    await mark_sent(store, message)
    assert await claim(store, at_s=1000) == []
    assert await next_due_at(store) is None


async def test_the_answer_to_the_command_begins_it(store: SqlStore) -> None:
    await store.write(
        lambda work: work.outbox.create(
            1, STATUS, fingerprint="waiting 1", not_before=after(4), next_at=after(20)
        )
    )
    assert await next_due_at(store) == after(20)
    await mark_due(store, at_s=1)
    assert await next_due_at(store) == after(4), "an edit keeps its distance from the answer"
    (message,) = await claim(store, at_s=4)
    assert message.sent == "waiting 1"


async def test_nothing_is_said_before_its_time_after_something_was_said(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await mark_sent(store, message, quiet_s=4, next_s=1)
    assert await next_due_at(store) == after(4)
    await mark_due(store, at_s=2)
    assert await claim(store, at_s=3) == []
    (again,) = await claim(store, at_s=4)
    assert (again.sent, again.attempts) == ("x", 0)


async def test_a_due_mark_while_it_is_leased_is_sent_next_at_its_own_time(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await mark_due(store, at_s=7)
    await mark_due(store, at_s=6)
    assert await claim(store, at_s=8) == [], "one dispatcher at a time"
    await mark_sent(store, message, quiet_s=4, next_s=100)
    assert await next_due_at(store) == after(6)
    assert len(await claim(store, at_s=6)) == 1


async def test_a_due_mark_while_it_is_leased_keeps_the_distance_too(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await mark_due(store, at_s=1)
    await mark_sent(store, message, quiet_s=4)
    assert await next_due_at(store) == after(4)


@pytest.mark.parametrize("guild_id", [GUILD, GUILD + 1, None])
async def test_all_that_wait_are_marked_due_at_once_there_or_everywhere(
    store: SqlStore, guild_id: int | None
) -> None:
    def unit(uow: UnitOfWork) -> None:
        awaiting(uow, 4)
        uow.requests.add(new_request(5, guild=GUILD + 1))
        for request_id in (1, 2, 3, 4, 5):
            uow.outbox.create(request_id, STATUS, fingerprint="x", not_before=after(4), next_at=after(20))
        uow.outbox.mark_due(1, RESULT, due_at=after(50))
        taken = uow.requests.find(3)
        assert taken
        uow.requests.transition(taken, Transition.CLAIM)

    await store.write(unit)
    await store.write(lambda work: work.outbox.mark_queue_due(guild_id, due_at=after(5)))
    due = {message.source_id for message in await claim(store, at_s=5)}
    assert due == {GUILD: {1, 2}, GUILD + 1: {5}, None: {1, 2, 5}}[guild_id]


async def test_a_due_mark_of_all_that_wait_reaches_leased_ones_too(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await store.write(lambda work: work.outbox.mark_queue_due(GUILD, due_at=after(6)))
    await mark_sent(store, message, next_s=100)
    assert await next_due_at(store) == after(6)


async def test_a_due_mark_of_all_that_wait_keeps_the_distance_of_each(store: SqlStore) -> None:
    await store.write(
        lambda work: work.outbox.create(1, STATUS, fingerprint="x", not_before=after(4), next_at=after(20))
    )
    await store.write(lambda work: work.outbox.mark_queue_due(GUILD, due_at=after(1)))
    assert await next_due_at(store) == after(4)


async def test_what_failed_is_counted_and_tried_again_and_not_before(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await mark_due(store, at_s=1)
    await store.write(lambda work: work.outbox.reschedule(message, next_at=after(30)))
    await mark_due(store, at_s=2)
    assert await next_due_at(store) == after(30), (
        "the pause that Discord asked for holds for a due mark as well"
    )
    (again,) = await claim(store, at_s=30)
    assert again.attempts == 1
    await mark_sent(store, again)
    assert await claim(store, at_s=1000) == [], "the due marks were served with it"


async def test_what_was_postponed_is_no_failed_attempt(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await store.write(lambda work: work.outbox.postpone(message, next_at=after(1)))
    assert await claim(store, at_s=0.5) == []
    (again,) = await claim(store, at_s=1)
    assert again.attempts == 0


async def test_a_due_mark_for_later_outlives_a_failure(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    await mark_due(store, at_s=50)
    await store.write(lambda work: work.outbox.reschedule(message, next_at=after(30)))
    (again,) = await claim(store, at_s=30)
    await mark_sent(store, again)
    assert await next_due_at(store) == after(50)


async def test_the_message_of_a_dispatcher_that_died_is_taken_over_when_its_lease_ends(
    store: SqlStore,
) -> None:
    await mark_due(store)
    (mine,) = await claim(store, until_s=60)
    assert await next_due_at(store) == after(60)
    assert await claim(store, at_s=59) == []
    (theirs,) = await claim(store, at_s=60, until_s=120)
    assert theirs.version > mine.version
    await mark_sent(store, mine, mark="late")
    await store.write(lambda work: work.outbox.reschedule(mine, next_at=NOW))
    assert await claim(store, at_s=119) == [], "a dispatcher that lost its lease changes nothing"
    await mark_sent(store, theirs, mark="right")
    assert await column(store, "SELECT sent FROM outbox") == ["right"]


async def test_a_due_mark_from_before_a_take_over_is_sent_by_it(store: SqlStore) -> None:
    await mark_due(store)
    await claim(store, until_s=60)
    await mark_due(store, at_s=1)
    (theirs,) = await claim(store, at_s=60)
    await mark_sent(store, theirs)
    assert await claim(store, at_s=1000) == []


async def record_attempt(store: SqlStore, message: OutboxMessage, attempt: str | None) -> None:
    await store.write(lambda work: work.outbox.record_attempt(message, attempt))


async def test_where_it_was_to_be_said_is_known_until_it_was_said(store: SqlStore) -> None:
    await mark_due(store)
    (message,) = await claim(store)
    assert message.attempt is None
    await record_attempt(store, message, "here")
    await store.write(lambda work: work.outbox.reschedule(message, next_at=after(30)))
    (again,) = await claim(store, at_s=30, until_s=60)
    assert again.attempt == "here", "nobody knows what came of it"
    (theirs,) = await claim(store, at_s=60, until_s=90)
    assert theirs.attempt == "here"
    await record_attempt(store, theirs, None)
    assert await column(store, "SELECT delivery_attempt FROM outbox") == [None]
    await record_attempt(store, theirs, "there")
    await mark_sent(store, theirs)
    await mark_due(store, at_s=100)
    assert [one.attempt for one in await claim(store, at_s=100)] == [None]


async def test_a_dispatcher_that_lost_its_lease_records_no_attempt(store: SqlStore) -> None:
    await mark_due(store)
    (mine,) = await claim(store, until_s=60)
    await claim(store, at_s=60)
    with pytest.raises(ConflictError):
        await record_attempt(store, mine, "here")
    assert await column(store, "SELECT delivery_attempt FROM outbox") == [None]


async def test_a_message_that_is_kept_is_leased_for_longer(store: SqlStore) -> None:
    await mark_due(store)
    (mine,) = await claim(store, until_s=60)
    await store.write(lambda work: work.outbox.extend_lease(mine, until=after(100)))
    assert await claim(store, at_s=99) == []
    (theirs,) = await claim(store, at_s=100, until_s=200)
    with pytest.raises(ConflictError):
        await store.write(lambda work: work.outbox.extend_lease(mine, until=after(300)))
    assert await claim(store, at_s=199) == []
    assert (await claim(store, at_s=200))[0].source_id == theirs.source_id


FLOODED, QUIET, OTHER = GUILD, GUILD + 1, GUILD + 2


async def flood(store: SqlStore, count: int) -> None:
    """Make so many edits of one server due, and then one each of two others."""

    def unit(uow: UnitOfWork) -> None:
        for number in range(100, 100 + count):
            uow.requests.add(new_request(number, guild=FLOODED))
            uow.outbox.mark_due(number, STATUS, due_at=after(number / 1000))
        for number, guild_id in ((10_000, QUIET), (10_001, OTHER)):
            uow.requests.add(new_request(number, guild=guild_id))
            uow.outbox.mark_due(number, STATUS, due_at=after(20))

    await store.write(unit)


async def claimed(
    store: SqlStore, limit: int, *, others: int | None = None, turn_after: int = 0
) -> list[int]:
    messages = await store.write(
        lambda work: work.outbox.claim_due(
            now=after(30), lease=lease(until_s=90), limit=limit, others=others, after=turn_after
        )
    )
    return [message.source_id for message in messages]


async def test_servers_take_turns_however_many_edits_one_of_them_has(store: SqlStore) -> None:
    await flood(store, 1_000)
    assert await claimed(store, 4) == [100, 10_000, 10_001, 101]
    assert await claimed(store, 2) == [102, 103]


async def test_the_server_after_the_last_one_has_the_next_turn(store: SqlStore) -> None:
    await flood(store, 10)
    assert await claimed(store, 1, turn_after=FLOODED) == [10_000]
    assert await claimed(store, 1, turn_after=QUIET) == [10_001]
    assert await claimed(store, 1, turn_after=OTHER) == [100]


async def test_results_and_endings_come_before_a_thousand_edits(store: SqlStore) -> None:
    await flood(store, 1_000)

    def unit(uow: UnitOfWork) -> None:
        request = uow.requests.find(10_001)
        assert request is not None
        uow.requests.transition(request, Transition.CANCEL)
        uow.outbox.mark_due(10_001, STATUS, due_at=after(29))
        uow.outbox.mark_due(1, RESULT, due_at=after(30))

    assert await store.read(lambda work: work.outbox.next_due_at(only_urgent=True)) is None
    await store.write(unit)
    assert await store.read(lambda work: work.outbox.next_due_at(only_urgent=True)) == after(20)
    assert await claimed(store, 20, others=1) == [1, 10_001, 100]
    assert await claimed(store, 20, others=0) == []
