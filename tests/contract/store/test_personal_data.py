"""The contract of every store for personal data: all of it is exported, and erased."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.audit import Action
from bot.domain.errors import CreditsError
from bot.domain.personal_data import NOBODY_ID, ErasureSummary, PendingRequestsError, PersonalRecord
from bot.domain.quotas import Period
from bot.domain.transitions import Transition
from bot.services.credits.holds import funding_accounts
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.contract.store.factories import (
    ELSEWHERE,
    MONTH_END,
    OTHER,
    PLAYLIST,
    PROMPT,
    WEEK_END,
    blocked,
    cancel,
    cells,
    columns_with,
    decided,
    delivered,
    erase_due_members,
    full_life,
    privacy,
    query,
    waiting,
)
from tests.harness.databases import ledger_breaches
from tests.unit.storage.factories import GUILD, NOW, POLICY, USER, after


class TestRecord:
    async def test_all_that_is_kept_of_a_person_is_found_and_nothing_of_others(self, store: SqlStore) -> None:
        await store.write(full_life)
        record = (await privacy(store).export(USER)).record
        assert [one.id for one in record.requests] == [101, 102, 103]
        assert [event.transition for event in record.events[101]] == [
            "place",
            "claim",
            "accept",
            "finish",
            "deliver",
        ]
        assert [(one.request_id, one.guild_id) for one in record.loves] == [(104, GUILD)]
        assert [one.name for one in record.playlists] == ["Waltz"]
        assert {one.id for one in record.audit_entries} == {201, 202, 203}
        assert [one.guild_id for one in record.memberships] == [GUILD, ELSEWHERE]
        assert {one.guild_id for one in record.accounts} == {GUILD, ELSEWHERE}
        assert [len(record.entries[guild]) for guild in (GUILD, ELSEWHERE)] == [5, 3]

    async def test_of_somebody_unknown_there_is_nothing(self, store: SqlStore) -> None:
        await store.write(full_life)
        assert (await privacy(store).export(5)).record == PersonalRecord(user_id=5, events={}, entries={})
        assert (await privacy(store).preview(5)).is_empty
        assert (await privacy(store).erase(5)).is_empty


class TestForgetting:
    async def test_a_forgotten_person_is_named_nowhere_but_in_their_places(self, store: SqlStore) -> None:
        await store.write(full_life)
        named = await columns_with(store, str(USER))
        assert named == {
            ("requests", "user_id"), ("accounts", "user_id"), ("members", "user_id"), ("loves", "user_id"),
            ("playlists", "added_by"), ("audit_log", "actor_id"), ("audit_log", "subject_id"),
            ("audit_log", "reason"), ("audit_log", "after"), ("daily_usage", "key"),
        }  # fmt: skip
        preview = await privacy(store).preview(USER)
        assert await privacy(store).erase(USER) == preview
        assert preview == ErasureSummary(requests=3, loves=1, playlists=1, decisions=3, until=WEEK_END)
        # until their windows end, and then no longer
        assert await columns_with(store, str(USER)) == {("members", "user_id")}
        assert await erase_due_members(store, WEEK_END - timedelta(seconds=1)) == 0
        assert await erase_due_members(store, WEEK_END) == 2
        assert await columns_with(store, str(USER)) == set()
        assert await ledger_breaches(store) == []

    async def test_what_was_asked_for_is_gone_and_the_books_stay(self, store: SqlStore) -> None:
        await store.write(full_life)
        await store.write(lambda work: work.cleanup.erase_guild_requests(ELSEWHERE + 5, limit=9))
        ledger = await query(store, "SELECT * FROM transfers ORDER BY id")
        await privacy(store).erase(USER)
        secrets = ("token-101", "task-101", "c0ffee00", PLAYLIST)
        assert await query(store, "SELECT * FROM transfers ORDER BY id") == ledger
        kept = "SELECT id, cost, state FROM requests WHERE user_id = 0 ORDER BY id"
        assert await query(store, kept) == [
            (101, 30, "delivered"),
            (102, 30, "cancelled"),
            (103, 30, "delivered"),
        ]
        rows = await query(store, "SELECT * FROM requests WHERE user_id = 0")
        assert not [word for word in (*secrets, PROMPT) if word in str(rows)]
        assert await query(
            store, "SELECT count(*) FROM events WHERE request_id <> 104 AND detail IS NOT NULL"
        ) == [(0,)]
        assert await query(store, "SELECT request_id FROM loves") == []
        assert await query(store, "SELECT DISTINCT source_id FROM outbox") == [(104,)]
        request = await store.read(lambda work: work.requests.find(101))
        assert request is not None
        assert (request.user_id, request.clips, request.spec.playlist_id) == (NOBODY_ID, (), "")
        assert await ledger_breaches(store) == []

    async def test_decisions_keep_what_was_decided_and_lose_who_and_why(self, store: SqlStore) -> None:
        await store.write(full_life)
        await privacy(store).erase(USER)
        grant, pause, cancel = reversed(await store.read(lambda work: work.audit_log.page(GUILD, limit=9)))
        assert (grant.actor_id, grant.subject_id, grant.reason) == (OTHER, None, None)
        assert (grant.before, grant.after) == ({"credits": 3}, {"request": 7})
        assert (pause.actor_id, pause.reason) == (NOBODY_ID, None)
        assert pause.before == {"credits": 3, "why": "words"}
        assert (cancel.actor_id, cancel.subject_id, cancel.reason) == (NOBODY_ID, OTHER, None)

    async def test_a_block_in_force_stays_with_its_reason_until_it_is_lifted(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            delivered(uow, 101)
            blocked(uow)
            blocked(uow, user=OTHER)
            decided(uow, 201, Action.BLOCK)
            decided(uow, 202, Action.BLOCK, by=USER, about=OTHER)
            decided(uow, 203, Action.BLOCK, guild=ELSEWHERE)

        await store.write(unit)
        assert (await privacy(store).erase(USER)).blocked == 1
        lifted, own, block = sorted(
            (
                *(await store.read(lambda work: work.audit_log.page(GUILD, limit=9))),
                *(await store.read(lambda work: work.audit_log.page(ELSEWHERE, limit=9))),
            ),
            key=lambda change: -change.id,
        )
        assert (block.actor_id, block.subject_id, block.reason) == (OTHER, USER, f"because of {USER}")
        assert (own.actor_id, own.subject_id, own.reason) == (NOBODY_ID, OTHER, f"because of {USER}")
        assert (lifted.subject_id, lifted.reason) == (None, None)
        assert await erase_due_members(store, WEEK_END) == 0
        await store.write(
            lambda work: work.members.update(
                GUILD, USER, replace(work.members.get_for_update(GUILD, USER), blocked=None)
            )
        )
        assert await erase_due_members(store, WEEK_END) == 2  # the member, and the block
        assert await columns_with(store, str(USER)) == {
            ("audit_log", "reason"),
            ("audit_log", "after"),
        }  # of the other's block
        assert (await query(store, "SELECT subject_id FROM audit_log WHERE id = 201")) == [(None,)]

    async def test_a_member_without_any_allowance_is_not_free_of_that(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            uow.guilds.get_for_update(GUILD)
            uow.members.update(GUILD, USER, replace(uow.members.get_for_update(GUILD, USER), allowance=0))

        await store.write(unit)
        assert (await privacy(store).erase(USER)).blocked == 1
        assert await erase_due_members(store, WEEK_END) == 0

    @pytest.mark.parametrize(
        "make",
        [
            waiting,
            lambda work, number: apply_transition(work, waiting(work, number), Transition.CANCEL, now=NOW),
        ],
    )
    async def test_a_request_under_way_or_yet_to_be_told_is_waited_for(
        self, store: SqlStore, make: Callable[[UnitOfWork, int], object]
    ) -> None:
        await store.write(full_life)
        await store.write(make, 105)
        before = await cells(store)
        for refused in (privacy(store).preview, privacy(store).erase):
            with pytest.raises(PendingRequestsError) as caught:
                await refused(USER)
            assert caught.value.count == 1
        assert await cells(store) == before

    async def test_a_request_that_comes_at_the_same_moment_is_before_or_after_and_not_between(
        self, store: SqlStore
    ) -> None:
        await store.write(delivered, 101)
        for number in (102, 103):
            await asyncio.gather(
                store.write(waiting, number), privacy(store).erase(USER), return_exceptions=True
            )
            assert await ledger_breaches(store) == []
            request = await store.read(lambda work: work.requests.active_of(GUILD, USER)[0])
            await store.write(cancel, request)

    async def test_who_comes_back_finds_what_is_left_and_no_new_allowance(self, store: SqlStore) -> None:
        for number in (101, 102):
            await store.write(delivered, number)
        await privacy(store).erase(USER)
        await store.write(delivered, 103)
        with pytest.raises(CreditsError):
            await store.write(waiting, 104)
        assert await ledger_breaches(store) == []
        assert await query(store, "SELECT erase_at FROM members") == [(None,)]
        assert await erase_due_members(store, MONTH_END) == 0
        assert [one.id for one in (await privacy(store).export(USER)).record.requests] == [103]
        assert (await privacy(store).erase(USER)).requests == 1
        assert await ledger_breaches(store) == []

    async def test_a_bonus_is_the_members_again_once_it_pays(self, store: SqlStore) -> None:
        def grant(uow: UnitOfWork) -> None:
            record = uow.members.get_for_update(GUILD, USER)
            funding = funding_accounts(GUILD, USER, member=record, policy=POLICY, now=NOW)
            uow.ledger.grant(funding.bonus, cause=77, amount=60, now=NOW)

        await store.write(grant)
        for number in (101, 102, 103):
            await store.write(delivered, number)
        await privacy(store).erase(USER)
        request = await store.write(waiting, 104)
        assert await store.read(lambda work: work.ledger.held_by(GUILD, USER)) == 30
        await store.write(lambda work: apply_transition(work, request, Transition.CANCEL, now=NOW))
        assert await ledger_breaches(store) == []

    async def test_the_longest_window_that_was_touched_counts_whatever_the_period_is_now(
        self, store: SqlStore
    ) -> None:
        async def period(period: Period) -> None:
            def unit(uow: UnitOfWork) -> None:
                uow.guilds.update(GUILD, replace(uow.guilds.get_for_update(GUILD), period=period))

            await store.write(unit)

        await period(Period.MONTH)
        await store.write(delivered, 101)
        await period(Period.DAY)
        assert (await privacy(store).erase(USER)).until == MONTH_END
        await store.write(delivered, 102)  # back, with an account of today
        assert (await privacy(store).erase(USER)).until == MONTH_END
        assert (await privacy(store, after(60)).erase(USER)).until == MONTH_END
