"""What every store promises about what time wipes."""

from datetime import datetime

from bot.domain.requests import Move
from bot.services.moves import make_move
from bot.services.work import Work
from bot.storage.store import SqlStore
from tests.contract.persons import (
    ELSEWHERE,
    OTHER,
    cancelled,
    delivered,
    full_life,
    look,
    places,
    told,
    waiting,
)
from tests.unit.storage.making import GUILD, NOW, USER, after


def end_tokens(work: Work, now: datetime) -> int:
    return work.upkeep.end_tokens(now=now, limit=3)


def wipe_prompts(work: Work, before: datetime) -> int:
    return work.upkeep.wipe_prompts(before=before, now=before, limit=9)


def leave(work: Work, at: datetime) -> None:
    work.guilds.left((ELSEWHERE, GUILD + 7), at=at)


class TestUpkeep:
    async def test_tokens_end_when_they_are_dead_a_few_at_a_time(self, store: SqlStore) -> None:
        for number in (101, 102, 103):
            await store.write(delivered, number)
        await store.write(waiting, 104, user=OTHER)
        ends = [await store.write(end_tokens, after(s)) for s in (869, 870, 870, 870)]
        assert ends == [0, 3, 1, 0]
        assert await look(store, "SELECT count(*) FROM requests WHERE token IS NOT NULL") == [(0,)]

    async def test_prompts_go_when_their_requests_ended_long_enough_ago(self, store: SqlStore) -> None:
        await store.write(delivered, 101)
        await store.write(cancelled, 102)
        await store.write(waiting, 103)
        for before, count in ((after(-1), 0), (NOW, 2), (NOW, 0)):
            assert await store.write(wipe_prompts, before) == count
        assert await look(store, "SELECT id FROM requests WHERE prompt IS NOT NULL") == [(103,)]

    async def test_a_server_that_was_left_is_forgotten_when_its_requests_have_ended(
        self, store: SqlStore
    ) -> None:
        await store.write(full_life)
        request = await store.write(waiting, 105)
        await store.write(lambda work: work.guilds.left((GUILD,), at=NOW))
        assert await store.read(lambda work: work.upkeep.left(before=after(-1), limit=9)) == []
        assert await store.read(lambda work: work.upkeep.left(before=NOW, limit=9)) == [GUILD]
        wiped = [await store.write(lambda work: work.upkeep.wipe_guild(GUILD, limit=2)) for _ in range(3)]
        assert wiped == [2, 1, 0]
        assert await store.audit() == []

        async def close(before: datetime = NOW) -> bool:
            return await store.write(
                lambda work: work.upkeep.close_guild(GUILD, before=before, now=after(40 * 86_400))
            )

        assert await close() is False  # one is under way
        await store.write(lambda work: make_move(work, request, Move.CANCEL, now=NOW))
        await store.write(told, 105)
        assert await store.write(lambda work: work.upkeep.wipe_guild(GUILD, limit=2)) == 1
        assert await close(after(-1)) is False
        assert await close() is True
        left = await places(store, str(GUILD))
        assert left == {("requests", "guild_id"), ("accounts", "guild_id")}
        assert await look(store, f"SELECT DISTINCT user_id FROM requests WHERE guild_id = {GUILD}") == [(0,)]
        assert await places(store, str(OTHER)) == set()
        assert await store.audit() == []
        assert await close() is False

    async def test_a_server_is_known_by_what_is_kept_of_it(self, store: SqlStore) -> None:
        await store.write(delivered, 101)
        await store.write(lambda work: work.members.meet(ELSEWHERE, USER))
        await store.write(lambda work: work.guilds.left((), at=NOW))
        assert await store.read(lambda work: work.guilds.known()) == {GUILD: None, ELSEWHERE: None}
        for at in (NOW, after(9)):
            await store.write(leave, at)
        assert await store.read(lambda work: work.guilds.known()) == {
            GUILD: None,
            ELSEWHERE: NOW,
            GUILD + 7: NOW,
        }
        await store.write(lambda work: work.guilds.joined((ELSEWHERE, 1)))
        await store.write(lambda work: work.guilds.joined(()))
        assert (await store.read(lambda work: work.guilds.known()))[ELSEWHERE] is None
