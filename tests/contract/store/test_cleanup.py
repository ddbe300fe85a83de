"""The contract of every store for cleanup."""

from datetime import datetime

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.domain.requests import State
from bot.domain.transitions import Transition
from bot.services.repositories.outbox import MessageKind
from bot.services.requests.transitions import apply_transition, get_request
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from bot.storage.tables import outbox, requests
from tests.contract.store.factories import (
    ELSEWHERE,
    OTHER,
    cancelled,
    columns_with,
    connected,
    delivered,
    full_life,
    query,
    told,
    waiting,
)
from tests.harness.databases import ledger_breaches
from tests.unit.storage.factories import GUILD, NOW, PROGRESS, USER, after, lease


def end_tokens(uow: UnitOfWork, now: datetime) -> int:
    return uow.cleanup.erase_tokens(now=now, limit=3)


def wipe_prompts(uow: UnitOfWork, before: datetime) -> int:
    return uow.cleanup.erase_prompts(before=before, now=before, limit=9)


def leave(uow: UnitOfWork, at: datetime) -> None:
    uow.guilds.mark_left((ELSEWHERE, GUILD + 7), at=at)


DAY_S = 86_400


def written_ahead(uow: UnitOfWork, ahead_s: float) -> None:
    """Write everything that can be due or leased, as before the clock was set back by this many seconds."""
    conn = connected(uow).connection
    now = after(ahead_s)
    for number in (101, 102, 103):
        waiting(uow, number, now=now)
    running, cut_off, _ = (get_request(uow, number) for number in (101, 102, 103))
    taken = apply_transition(uow, running, Transition.CLAIM, now=now, lease=lease(), next_at=now)
    apply_transition(
        uow, taken, Transition.ACCEPT, now=now, task_id="t", progress=PROGRESS, next_at=after(ahead_s + 30)
    )
    apply_transition(uow, cut_off, Transition.CLAIM, now=now, lease=lease(until_s=ahead_s + 90), next_at=now)
    conn.execute(insert(requests), replace_id(conn, 103, 104, after(ahead_s + DAY_S)))
    uow.outbox.mark_due(201, MessageKind.AUDIT, due_at=now)
    conn.execute(update(outbox).values(due_at=after(ahead_s + 5), not_before=after(ahead_s + 5)))


def replace_id(conn: Connection, known: int, new: int, next_at: datetime) -> dict[str, object]:
    """Return the row of a copy of a request that a moderator has to approve."""
    row = conn.execute(select(requests).where(requests.c.id == known)).one()._asdict()
    return row | {"id": new, "state": State.AWAITING, "next_at": next_at}


def claimed(uow: UnitOfWork, at_s: float) -> tuple[list[int], list[int]]:
    """Return the requests and messages that are due."""
    now, mine = after(at_s), lease("other", until_s=at_s + 1)
    told = uow.outbox.claim_due(now=now, lease=mine, limit=9)
    asked = uow.requests.claim_due(now=now, lease=mine, limit=9)
    return sorted(request.id for request in asked), sorted(message.source_id for message in told)


class TestTimesThatCannotBe:
    @pytest.mark.parametrize("ahead_s", [3600, DAY_S])
    async def test_what_was_written_before_the_clock_was_set_back_is_due_now(
        self, store: SqlStore, ahead_s: float
    ) -> None:
        await store.write(written_ahead, ahead_s)
        assert await store.write(claimed, 0) == ([], [])
        assert await store.read(lambda work: work.cleanup.has_future_times(now=NOW))
        brought = await store.write(lambda work: work.cleanup.reset_future_times(now=NOW, limit=99))
        assert brought == 8
        assert not await store.read(lambda work: work.cleanup.has_future_times(now=NOW))
        assert await store.write(claimed, 0) == ([101], [101, 102, 103, 201])
        assert await store.write(claimed, 300) == ([101, 102], [101, 102, 103, 201]), "a lease that was cut"
        assert 104 in (await store.write(claimed, DAY_S))[0], "moderators have a day, and no more"

    async def test_leases_that_ran_when_the_clock_was_set_forward_go_on(self, store: SqlStore) -> None:
        await store.write(written_ahead, 0)
        assert await store.write(lambda work: work.cleanup.prolong(before=after(90), until=after(DAY_S))) == 0
        assert await store.write(claimed, 40) == ([101], [101, 102, 103, 201])
        assert await store.write(lambda work: work.cleanup.prolong(before=after(40), until=after(DAY_S))) == 6
        assert (await store.write(claimed, DAY_S - 1))[1] == []
        assert await store.write(claimed, DAY_S) == ([101, 102, 104], [101, 102, 103, 201])

    async def test_what_may_be_due_so_far_ahead_is_believed(self, store: SqlStore) -> None:
        await store.write(written_ahead, 0)
        assert not await store.read(lambda work: work.cleanup.has_future_times(now=NOW))
        assert await store.write(lambda work: work.cleanup.reset_future_times(now=NOW, limit=99)) == 0


class TestCleanup:
    async def test_tokens_end_when_they_are_dead_a_few_at_a_time(self, store: SqlStore) -> None:
        for number in (101, 102, 103):
            await store.write(delivered, number)
        await store.write(waiting, 104, user=OTHER)
        ends = [await store.write(end_tokens, after(s)) for s in (869, 870, 870, 870)]
        assert ends == [0, 3, 1, 0]
        assert await query(store, "SELECT count(*) FROM requests WHERE token IS NOT NULL") == [(0,)]

    async def test_prompts_go_when_their_requests_ended_long_enough_ago(self, store: SqlStore) -> None:
        await store.write(delivered, 101)
        await store.write(cancelled, 102)
        await store.write(waiting, 103)
        for before, count in ((after(-1), 0), (NOW, 2), (NOW, 0)):
            assert await store.write(wipe_prompts, before) == count
        assert await query(store, "SELECT id FROM requests WHERE prompt IS NOT NULL") == [(103,)]

    async def test_a_server_that_was_left_is_forgotten_when_its_requests_have_ended(
        self, store: SqlStore
    ) -> None:
        await store.write(full_life)
        request = await store.write(waiting, 105)
        (entry, *_) = await store.read(lambda work: work.audit_log.page(GUILD, limit=1))
        await store.write(lambda work: work.outbox.mark_due(entry.id, MessageKind.AUDIT, due_at=NOW))
        await store.write(lambda work: work.guilds.mark_left((GUILD,), at=NOW))
        assert await store.read(lambda work: work.cleanup.left_guilds(before=after(-1), limit=9)) == []
        assert await store.read(lambda work: work.cleanup.left_guilds(before=NOW, limit=9)) == [GUILD]
        wiped = [
            await store.write(lambda work: work.cleanup.erase_guild_requests(GUILD, limit=2))
            for _ in range(3)
        ]
        assert wiped == [2, 1, 0]
        assert await ledger_breaches(store) == []

        async def close(before: datetime = NOW) -> int | None:
            return await store.write(
                lambda work: work.cleanup.erase_guild(GUILD, before=before, now=after(40 * 86_400), limit=3)
            )

        assert await close() is None  # one is pending
        await store.write(lambda work: apply_transition(work, request, Transition.CANCEL, now=NOW))
        await store.write(told, 105)
        assert await store.write(lambda work: work.cleanup.erase_guild_requests(GUILD, limit=2)) == 1
        assert await close(after(-1)) is None
        handled = await close()
        while handled == 3:
            assert await ledger_breaches(store) == []
            handled = await close()
        assert handled == 0
        left = await columns_with(store, str(GUILD))
        assert left == {(table, "guild_id") for table in ("requests", "accounts", "daily_usage")}
        assert await query(store, "SELECT source_id FROM outbox WHERE kind = 'audit'") == []
        assert await query(store, f"SELECT DISTINCT user_id FROM requests WHERE guild_id = {GUILD}") == [(0,)]
        assert await columns_with(store, str(OTHER)) == set()
        assert await ledger_breaches(store) == []
        assert await close() is None

    async def test_a_server_is_known_by_what_is_kept_of_it(self, store: SqlStore) -> None:
        await store.write(delivered, 101)
        await store.write(lambda work: work.members.get_for_update(ELSEWHERE, USER))
        await store.write(lambda work: work.guilds.mark_left((), at=NOW))
        assert await store.read(lambda work: work.guilds.known()) == {GUILD: None, ELSEWHERE: None}
        for at in (NOW, after(9)):
            await store.write(leave, at)
        assert await store.read(lambda work: work.guilds.known()) == {
            GUILD: None,
            ELSEWHERE: NOW,
            GUILD + 7: NOW,
        }
        await store.write(lambda work: work.guilds.mark_joined((ELSEWHERE, 1)))
        await store.write(lambda work: work.guilds.mark_joined(()))
        assert (await store.read(lambda work: work.guilds.known()))[ELSEWHERE] is None
        guild_ids = (GUILD, ELSEWHERE, GUILD + 7, 1)
        are_known = await store.read(lambda work: [work.guilds.is_known(guild_id) for guild_id in guild_ids])
        assert are_known == [True, True, True, False]
