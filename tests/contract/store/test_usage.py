"""The contract of every store for what songs used: by day, by member and by server."""

import asyncio
from datetime import date, datetime, timedelta

from bot.domain.caps import ALL_GUILDS
from bot.domain.personal_data import NOBODY_ID
from bot.domain.requests import Failure, FailureKind, State
from bot.domain.transitions import Transition
from bot.services.repositories.requests import RequestChanges
from bot.services.repositories.usage import UsageKind, Use
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.contract.store.factories import (
    ELSEWHERE,
    OTHER,
    PLAYLIST,
    RULES,
    delivered,
    erase_due_members,
    privacy,
    waiting,
)
from tests.harness.databases import ledger_breaches
from tests.unit.storage.factories import GUILD, NOW, USER

TODAY, DAY = NOW.date(), timedelta(days=1)
WEEK = timedelta(weeks=1)
MODEL = RULES.default_model


async def finish(
    store: SqlStore, number: int, *, user: int = USER, guild: int = GUILD, now: datetime = NOW
) -> None:
    def unit(uow: UnitOfWork) -> None:
        delivered(uow, number, user=user, guild=guild, now=now)

    await store.write(unit)


async def by_day(store: SqlStore, first: date, last: date) -> dict[date, Use]:
    return dict(await store.read(lambda uow: uow.usage.by_day(GUILD, first, last)))


async def by_key(store: SqlStore, kind: UsageKind, first: date, last: date) -> dict[str, Use]:
    return dict(await store.read(lambda uow: uow.usage.by_key(GUILD, kind, first, last)))


async def by_member(store: SqlStore, first: date, last: date) -> dict[int, Use]:
    return dict(await store.read(lambda uow: uow.usage.by_member(GUILD, first, last)))


async def test_what_is_spent_is_on_hold_or_was_used(store: SqlStore) -> None:
    async def spent(guild: int, since: date) -> int:
        return await store.read(lambda uow: uow.usage.spent(guild, since=since))

    for guild in (GUILD, ELSEWHERE, ALL_GUILDS):
        assert await spent(guild, TODAY) == 0
    await finish(store, 101)
    await finish(store, 102, now=NOW + 2 * DAY)
    await finish(store, 103, user=OTHER, now=NOW + 2 * DAY)
    await finish(store, 104, guild=ELSEWHERE, now=NOW + DAY)
    await store.write(waiting, 105)
    assert [await spent(GUILD, TODAY + n * DAY) for n in (-1, 0, 1, 2, 3)] == [120, 120, 90, 90, 30]
    assert [await spent(ELSEWHERE, TODAY + n * DAY) for n in (0, 1, 2)] == [30, 30, 0]
    assert [await spent(ALL_GUILDS, TODAY + n * DAY) for n in (0, 1, 2, 3)] == [150, 120, 90, 30]


async def test_what_songs_used_is_counted_by_day_member_and_server(store: SqlStore) -> None:
    await finish(store, 101)
    await finish(store, 102)
    await finish(store, 103, user=OTHER)
    await finish(store, 104, guild=ELSEWHERE)
    await finish(store, 105, now=NOW + 2 * DAY)
    assert await by_day(store, TODAY - DAY, TODAY + WEEK) == {
        TODAY: Use(3, 90, 3),
        TODAY + 2 * DAY: Use(1, 30, 1),
    }
    assert await by_day(store, TODAY + DAY, TODAY + 2 * DAY) == {TODAY + 2 * DAY: Use(1, 30, 1)}
    assert await by_day(store, TODAY - DAY, TODAY + DAY) == {TODAY: Use(3, 90, 3)}
    assert await by_member(store, TODAY, TODAY + DAY) == {USER: Use(2, 60, 2), OTHER: Use(1, 30, 1)}
    assert await by_member(store, TODAY + DAY, TODAY + WEEK) == {USER: Use(1, 30, 1)}
    assert await by_member(store, TODAY - WEEK, TODAY - DAY) == {}
    servers = await store.read(lambda uow: [uow.usage.by_guild(TODAY + n * DAY) for n in (0, 1, 3)])
    assert servers == [{GUILD: Use(4, 120, 4), ELSEWHERE: Use(1, 30, 1)}, {GUILD: Use(1, 30, 1)}, {}]
    assert await ledger_breaches(store) == []


async def test_a_clock_that_was_set_back_changes_no_sum(store: SqlStore) -> None:
    await finish(store, 101, now=NOW + 2 * DAY)
    await finish(store, 102)
    await finish(store, 103, now=NOW + DAY)
    days = {TODAY + n * DAY: Use(1, 30, 1) for n in range(3)}
    assert await by_day(store, TODAY, TODAY + WEEK) == days
    assert await by_member(store, TODAY + DAY, TODAY + WEEK) == {USER: Use(2, 60, 2)}
    assert await ledger_breaches(store) == []


async def test_songs_that_end_at_once_around_midnight_are_all_counted(store: SqlStore) -> None:
    await asyncio.gather(*(finish(store, 101 + n, user=1000 + n, now=NOW + (n % 2) * DAY) for n in range(8)))
    assert await by_day(store, TODAY, TODAY + DAY) == {TODAY: Use(4, 120, 4), TODAY + DAY: Use(4, 120, 4)}
    assert await ledger_breaches(store) == []


async def test_what_erased_members_used_is_nobodys(store: SqlStore) -> None:
    await finish(store, 101)
    await finish(store, 102, user=OTHER, now=NOW + DAY)
    for user in (USER, OTHER):
        await privacy(store, NOW + DAY).erase(user)
    assert await by_member(store, TODAY, TODAY + DAY) == {NOBODY_ID: Use(2, 60, 2)}
    await finish(store, 103, now=NOW + DAY)
    assert await by_member(store, TODAY, TODAY + DAY) == {NOBODY_ID: Use(2, 60, 2), USER: Use(1, 30, 1)}
    assert await ledger_breaches(store) == []
    assert await erase_due_members(store, NOW + 2 * WEEK) == 1  # the other one is a member again
    await privacy(store, NOW + DAY).erase(USER)
    assert await by_member(store, TODAY, TODAY + DAY) == {NOBODY_ID: Use(3, 90, 3)}
    assert await by_day(store, TODAY, TODAY + DAY) == {TODAY: Use(1, 30, 1), TODAY + DAY: Use(2, 60, 2)}
    assert await ledger_breaches(store) == []


async def test_what_was_used_in_an_erased_server_is_nobodys(store: SqlStore) -> None:
    await finish(store, 101)
    await finish(store, 102, user=OTHER)

    def unit(uow: UnitOfWork) -> int | None:
        uow.guilds.mark_left((GUILD,), at=NOW)
        uow.cleanup.erase_guild_requests(GUILD, limit=100)
        return uow.cleanup.erase_guild(GUILD, before=NOW, now=NOW, limit=99)

    assert await store.write(unit)
    assert await by_member(store, TODAY, TODAY) == {NOBODY_ID: Use(2, 60, 2)}
    assert await ledger_breaches(store) == []


async def test_requests_are_counted_by_playlist_model_and_failure(store: SqlStore) -> None:
    await finish(store, 101)
    await finish(store, 102, now=NOW + DAY)
    for number, failure in ((103, None), (104, Failure(FailureKind.MODERATOR, "no"))):

        def unit(uow: UnitOfWork, number: int = number, failure: Failure | None = failure) -> None:
            changes = RequestChanges() if failure is None else RequestChanges(failure=failure)
            request = waiting(uow, number, user=OTHER, now=NOW + DAY)
            apply_transition(uow, request, Transition.CANCEL, now=NOW + DAY, **changes)

        await store.write(unit)
    found = [await by_key(store, kind, TODAY, TODAY + DAY) for kind in UsageKind]
    both = Use(2, 60, 4)
    assert found == [
        {"": both},
        {str(USER): Use(2, 60, 2), str(OTHER): Use(0, 0, 2)},
        {PLAYLIST: both},
        {MODEL: both},
        {State.CANCELLED: Use(0, 0, 1), FailureKind.MODERATOR: Use(0, 0, 1)},
    ]
    assert await by_key(store, UsageKind.MODEL, TODAY, TODAY) == {MODEL: Use(1, 30, 1)}
    assert await by_key(store, UsageKind.FAILURE, TODAY, TODAY) == {}
    assert await ledger_breaches(store) == []
