"""The contract of every store for requests: guarded transitions, and claims by lease."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import ConflictError, StoreError
from bot.domain.queue_errors import QueueFullError
from bot.domain.requests import Failure, FailureKind, Origin, Request, State
from bot.domain.song_options import SongOptions
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.requests.placement import place
from bot.services.requests.transitions import get_request
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.contract.store.factories import PLAYLIST, RULES, asked
from tests.unit.storage.databases import column
from tests.unit.storage.factories import (
    CLIP,
    GUILD,
    NOW,
    PROGRESS,
    USER,
    add,
    after,
    awaiting,
    brought_to,
    lease,
    new_request,
    placed,
)

SUNG = replace(CLIP, explicit=True, lyrics="Rain, rain")


class TestRequests:
    async def test_a_turn_is_remembered_with_what_its_member_has_under_way(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            for _ in range(2):
                uow.members.add_active_request(GUILD, USER, limit=5, cooldown_s=0, now=NOW)
            add(uow, 1)
            uow.members.record_turn(GUILD, USER, now=NOW)
            uow.members.record_turn(GUILD, USER, now=after(1))

        await store.write(unit)
        (place,) = await store.read(lambda work: work.requests.waiting())
        assert place.member_active == 2
        assert place.member_turn_at == place.guild_turn_at == after(1)

    async def test_a_request_reads_back_as_it_was_placed(self, store: SqlStore) -> None:
        (request,) = await placed(store, 1)
        assert await store.read(lambda work: work.requests.find(1)) == request
        assert request.state is State.WAITING
        new = new_request(1)
        assert (request.spec, request.policy, request.address, request.placed_at) == (
            new.spec,
            new.policy,
            new.address,
            new.placed_at,
        )
        assert await store.read(lambda work: work.requests.find(2)) is None

    @pytest.mark.parametrize("transition", Transition)
    async def test_a_move_leads_where_the_table_says_and_is_noted(
        self, store: SqlStore, transition: Transition
    ) -> None:
        def unit(uow: UnitOfWork) -> Request:
            source = TRANSITIONS[transition].source
            if source is State.AWAITING:
                return uow.requests.transition(awaiting(uow, 1), transition)
            (request,) = add(uow, 1)
            return uow.requests.transition(brought_to(uow, request, source), transition)

        moved = await store.write(unit)
        assert moved.state is TRANSITIONS[transition].target
        assert await store.read(lambda work: work.requests.find(1)) == moved
        transitions = await column(store, "SELECT transition FROM events WHERE request_id = 1 ORDER BY seq")
        assert (transitions[0], transitions[-1]) == ("place", transition)

    async def test_what_a_move_brings_is_kept(self, store: SqlStore) -> None:
        failure = Failure(FailureKind.MODERATED, "code 451: no")

        def unit(uow: UnitOfWork) -> tuple[Request, Request]:
            one, two = add(uow, 1, 2)
            making = brought_to(uow, one, State.MAKING)
            ready = uow.requests.transition(
                making,
                Transition.FINISH,
                clips=(CLIP, SUNG),
                partial=True,
                ended_at=after(1),
                progress=PROGRESS,
            )
            delivered = uow.requests.transition(
                ready, Transition.DELIVER, result_channel_id=GUILD, result_message_id=USER
            )
            taken = uow.requests.transition(two, Transition.CLAIM)
            return delivered, uow.requests.transition(taken, Transition.REFUSE, failure=failure)

        delivered, failed = await store.write(unit)
        assert (delivered.clips, delivered.partial, delivered.progress) == ((CLIP, SUNG), True, PROGRESS)
        assert (delivered.result_channel_id, delivered.result_message_id) == (GUILD, USER)
        assert (delivered.ended_at, failed.failure) == (after(1), failure)
        assert await store.read(lambda work: work.requests.find(1)) == delivered
        details = await column(store, "SELECT detail FROM events WHERE request_id = 2 ORDER BY seq")
        assert details == [None, None, "moderated: code 451: no"]

    async def test_lyrics_are_stored_once_and_apart_from_what_lists_read(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> Request:
            making = brought_to(uow, add(uow, 1)[0], State.MAKING)
            return uow.requests.save_progress(making, progress=replace(PROGRESS, clips=(SUNG,)), next_at=NOW)

        making = await store.write(unit)
        assert making.progress is not None
        assert making.progress.clips == (replace(SUNG, lyrics=None),)
        lyrics = "SELECT count(*) FROM requests WHERE lyrics IS NOT NULL"
        assert await column(store, lyrics) == [0]
        await store.write(lambda work: work.requests.transition(making, Transition.FINISH, clips=(SUNG,)))
        assert await column(store, lyrics) == [1]
        assert not any("Rain, rain" in str(one) for one in await column(store, "SELECT clips FROM requests"))

    async def test_a_request_remembers_the_clip_that_it_is_like(self, store: SqlStore) -> None:
        new = replace(new_request(1), origin=Origin(7, 2))
        placed_now = await store.write(lambda work: work.requests.add(new))
        found = await store.read(lambda work: work.requests.find(1))
        assert found == placed_now
        assert found is not None
        assert found.origin == Origin(7, 2)

    @pytest.mark.parametrize("stale", ["version", "state"])
    async def test_a_move_from_an_outdated_request_changes_nothing(self, store: SqlStore, stale: str) -> None:
        (old,) = await placed(store, 1)
        now = await store.write(lambda work: work.requests.transition(old, Transition.CLAIM, lease=lease()))
        seen = old if stale == "version" else now
        for unit in (
            lambda work: work.requests.transition(seen, Transition.CANCEL),
            lambda work: work.requests.save_progress(
                replace(seen, state=State.MAKING), progress=PROGRESS, next_at=NOW
            ),
        ):
            with pytest.raises(ConflictError):
                await store.write(unit)
        assert await store.read(lambda work: work.requests.find(1)) == now
        assert await column(store, "SELECT count(*) FROM events") == [2]

    async def test_of_many_who_move_one_request_one_does(self, store: SqlStore) -> None:
        (request,) = await placed(store, 1)
        outcomes = await asyncio.gather(
            *(
                store.write(lambda work: work.requests.transition(request, Transition.CLAIM))
                for _ in range(50)
            ),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Request) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 49

    async def test_where_the_message_is_can_be_noted_without_disturbing_a_worker(
        self, store: SqlStore
    ) -> None:
        (request,) = await placed(store, 1)
        address = replace(request.address, message_id=77, token=None)
        await store.write(lambda work: work.requests.set_address(1, address))
        taken = await store.write(lambda work: work.requests.transition(request, Transition.CLAIM))
        assert taken.address == address
        with pytest.raises(StoreError, match="no request 2"):
            await store.write(lambda work: work.requests.set_address(2, address))

    async def test_where_moderators_decide_can_be_kept_while_a_worker_has_the_request(
        self, store: SqlStore
    ) -> None:
        request = await store.write(lambda work: awaiting(work, 1))
        await store.write(lambda work: work.requests.set_approval(1, 5, None))
        unseen = await store.read(lambda work: get_request(work, 1))
        assert (unseen.is_undelivered, unseen.approval_channel_id, unseen.version) == (
            True,
            5,
            request.version,
        )
        await store.write(lambda work: work.requests.set_approval(1, 6, 77))
        approved = await store.write(lambda work: work.requests.transition(request, Transition.APPROVE))
        assert (approved.approval_channel_id, approved.approval_message_id) == (6, 77)
        assert not approved.is_undelivered

    async def test_members_and_lines_are_listed_oldest_first(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            first, second, *_ = add(uow, 4, 3, 2, 1)
            uow.requests.transition(second, Transition.CANCEL)
            brought_to(uow, first, State.MAKING)
            uow.requests.add(new_request(9, user=USER + 1, placed_s=-5))

        await store.write(unit)
        active = await store.read(lambda work: work.requests.active_of(GUILD, USER))
        assert [request.id for request in active] == [4, 2, 1]
        assert await store.read(lambda work: work.requests.active_of(GUILD + 1, USER)) == []
        line = await store.read(lambda work: work.requests.waiting())
        assert [(place.request_id, place.guild_id, place.user_id) for place in line] == [
            (9, GUILD, USER + 1),
            (2, GUILD, USER),
            (1, GUILD, USER),
        ]
        assert await store.read(lambda work: work.requests.running()) == {GUILD: 1}
        assert await store.read(lambda work: work.requests.running_in()) == {USER: {GUILD}}

    async def test_a_waiting_request_is_confirmed_by_its_message_or_the_end_of_its_token(
        self, store: SqlStore
    ) -> None:
        def unit(uow: UnitOfWork) -> None:
            add(uow, 1, 2, 3)
            for request_id, changes in ((2, {"message_id": 7}), (3, {"token": None})):
                uow.requests.set_address(request_id, replace(new_request().address, **changes))

        await store.write(unit)
        line = await store.read(lambda work: work.requests.waiting())
        assert [place.unconfirmed_until for place in line] == [after(870), None, None]

    async def test_a_servers_requests_are_counted_and_listed_by_state(self, store: SqlStore) -> None:
        def unit(uow: UnitOfWork) -> None:
            first, *_ = add(uow, 4, 3, 2)
            brought_to(uow, first, State.SUBMITTING)
            awaiting(uow, 1)
            uow.requests.add(new_request(9, guild=GUILD + 1))

        await store.write(unit)

        def seen(uow: UnitOfWork) -> tuple[object, ...]:
            return (
                uow.requests.per_guild(State.WAITING),
                uow.requests.per_guild(State.WAITING, State.AWAITING, State.SUBMITTING),
                [request.id for request in uow.requests.of_guild(GUILD, State.WAITING, limit=9)],
                [request.id for request in uow.requests.of_guild(GUILD, State.WAITING, limit=1)],
                [request.id for request in uow.requests.of_guild(GUILD, *State, limit=9)],
                uow.requests.of_guild(GUILD, State.MAKING, limit=9),
            )

        assert await store.read(seen) == (
            {GUILD: 2, GUILD + 1: 1},
            {GUILD: 4, GUILD + 1: 1},
            [3, 2],
            [3],
            [1, 4, 3, 2],
            [],
        )

    async def test_what_the_provider_has_is_known_with_its_model_and_since_when(
        self, store: SqlStore
    ) -> None:
        def unit(uow: UnitOfWork) -> None:
            one, two, _ = add(uow, 1, 2, 3)
            brought_to(uow, one, State.SUBMITTING)
            taken = brought_to(uow, two, State.SUBMITTING)
            uow.requests.transition(taken, Transition.ACCEPT, accepted_at=after(5))

        await store.write(unit)
        since = await store.read(lambda work: work.requests.running_since())
        assert sorted(since, key=lambda one: one[1] or NOW) == [("v55", None), ("v55", after(5))]
        (place,) = await store.read(lambda work: work.requests.waiting())
        assert place.model == "v55"


class TestLeases:
    async def due(self, store: SqlStore, *due_s: float) -> list[Request]:
        """Add requests at the provider, each due at its own second."""

        def unit(uow: UnitOfWork) -> list[Request]:
            requests = add(uow, *range(1, len(due_s) + 1))
            return [
                uow.requests.transition(
                    brought_to(uow, request, State.SUBMITTING), Transition.ACCEPT, next_at=after(at)
                )
                for request, at in zip(requests, due_s, strict=True)
            ]

        return await store.write(unit)

    async def claim(
        self, store: SqlStore, *, at_s: float = 0, until_s: float = 60, limit: int = 10
    ) -> list[Request]:
        return await store.write(
            lambda work: work.requests.claim_due(now=after(at_s), lease=lease(until_s=until_s), limit=limit)
        )

    async def test_the_longest_due_are_claimed_first_and_none_that_is_not_due(self, store: SqlStore) -> None:
        await self.due(store, -1, 1, -3, 0, -2)
        assert [request.id for request in await self.claim(store, limit=3)] == [3, 5, 1]
        assert [request.id for request in await self.claim(store)] == [4]
        assert await self.claim(store) == []

    async def test_a_claim_fences_off_whoever_knew_the_request_before(self, store: SqlStore) -> None:
        (before,) = await self.due(store, 0)
        (claimed,) = await self.claim(store)
        with pytest.raises(ConflictError):
            await store.write(lambda work: work.requests.transition(before, Transition.FINISH))
        assert claimed == await store.read(lambda work: work.requests.find(1))
        finished = await store.write(lambda work: work.requests.transition(claimed, Transition.FINISH))
        assert finished.state is State.READY

    async def test_a_lease_that_ran_out_is_taken_over_and_its_holder_loses(self, store: SqlStore) -> None:
        await self.due(store, 0)
        (mine,) = await self.claim(store, until_s=60)
        assert await self.claim(store, at_s=59) == []
        (theirs,) = await self.claim(store, at_s=60)
        with pytest.raises(ConflictError):
            await store.write(lambda work: work.requests.save_progress(mine, progress=PROGRESS, next_at=NOW))
        kept = await store.write(
            lambda work: work.requests.save_progress(theirs, progress=PROGRESS, next_at=after(70))
        )
        assert kept.progress == PROGRESS
        assert [request.id for request in await self.claim(store, at_s=70)] == [1]

    async def test_a_move_takes_the_lease_it_is_given_or_gives_it_up(self, store: SqlStore) -> None:
        (request,) = await placed(store, 1)
        taken = await store.write(
            lambda work: work.requests.transition(
                request, Transition.CLAIM, lease=lease(until_s=60), next_at=NOW
            )
        )
        assert await self.claim(store) == []
        await store.write(lambda work: work.requests.transition(taken, Transition.ACCEPT))
        assert [claimed.id for claimed in await self.claim(store)] == [1], "its next_at stays, its lease goes"

    @pytest.mark.parametrize(
        "transition",
        [
            Transition.FINISH,
            Transition.FAIL,
            Transition.EXPIRE,
            Transition.REQUEUE,
            Transition.MARK_UNCERTAIN,
        ],
    )
    async def test_a_request_that_needs_no_worker_is_no_longer_due(
        self, store: SqlStore, transition: Transition
    ) -> None:
        (request,) = await placed(store, 1)

        def unit(uow: UnitOfWork) -> None:
            taken = uow.requests.transition(request, Transition.CLAIM, lease=lease(until_s=1), next_at=NOW)
            uow.requests.transition(brought_to(uow, taken, TRANSITIONS[transition].source), transition)

        await store.write(unit)
        assert await self.claim(store, at_s=1000) == []
        assert await store.read(lambda work: work.requests.next_due_at()) is None

    async def test_the_next_due_time_counts_what_is_leased_from_the_end_of_its_lease(
        self, store: SqlStore
    ) -> None:
        assert await store.read(lambda work: work.requests.next_due_at()) is None
        await self.due(store, -1, 20)
        await self.claim(store, until_s=10)
        assert await store.read(lambda work: work.requests.next_due_at()) == after(10)
        await self.claim(store, at_s=10, until_s=90)
        assert await store.read(lambda work: work.requests.next_due_at()) == after(20)


@pytest.mark.parametrize("limit", [1, 20])
async def test_of_many_at_once_as_many_are_placed_as_may_wait(store: SqlStore, limit: int) -> None:
    config = replace(RULES, max_waiting=limit)
    placing = (
        store.write(place, SongOptions(playlist=PLAYLIST), asked(n, user=n), config, NOW)
        for n in range(1, 41)
    )
    results = await asyncio.gather(*placing, return_exceptions=True)
    assert sum(isinstance(result, QueueFullError) for result in results) == 40 - limit
    assert await store.read(lambda work: work.requests.count_waiting(asked(1).guild_id)) == limit
