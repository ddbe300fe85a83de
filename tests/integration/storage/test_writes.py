"""No unit of work holds SQLite's only writer longer when there is more history."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from typing_extensions import override

from benchmarks.harness.commands import Commands, commands_over
from benchmarks.harness.year import GUILD, HEAVY, MEMBER
from benchmarks.history import build_year
from bot.domain.caps import NO_CAPS
from bot.domain.errors import CapsNotOpenError
from bot.domain.quotas import Period
from bot.services.credits.caps import with_open_caps
from bot.services.moderation.members import TargetMember
from bot.services.privacy.retention import CleanupHandler, CleanupTask, RetentionConfig
from bot.services.unit_of_work import NamedUnit, Store
from bot.storage.store import open_store
from tests.harness.faulty_store import FaultyStore, StoreFaults
from tests.integration.storage.test_history import STEPS, counted
from tests.unit.storage.databases import fresh, url_of

SMALL, LARGE, OTHER_SERVERS = 800, 2400, 5
"""In the smaller one, the busiest member has songs of each day, and an erasure takes more than one unit."""
MORE, NOISE = 1.2, 2 * STEPS
P = ParamSpec("P")
T = TypeVar("T")


class CountingStore(FaultyStore):
    """A store that counts the most steps of SQLite that each unit took."""

    def __init__(self, store: Store, steps: list[int]) -> None:
        super().__init__(store, StoreFaults())
        self.most = Counter[str]()
        self._steps = steps

    @override
    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        before = self._steps[0]
        result = await super().write(unit, *args, **kwargs)
        self.most[unit.name] = max(self.most[unit.name], (self._steps[0] - before) * STEPS)
        return result


async def steps_of_each(path: Path, songs: int) -> Counter[str]:
    """Return the most steps of each of these units, on a database with this many songs."""
    build_year(url_of(path), songs, OTHER_SERVERS, busiest=2)
    with counted() as steps:
        async with open_store(url_of(path)) as opened:
            store = CountingStore(opened, steps)
            await forget(store, await commands_over(store))
    return store.most


async def forget(store: CountingStore, commands: Commands) -> None:
    """Change what was spent under, then erase a member, the members whose time has come, and the server."""
    await commands.services.operator.set_cap(GUILD, 10**6)
    await commands.services.allowances.set_budget(commands.actor(), amount=10**6, period=Period.MONTH)
    await open_cap(store)
    await commands.services.members.block(commands.actor(), TargetMember(user_id=MEMBER), reason="spam")
    await commands.services.privacy.erase(HEAVY)
    now = store.clock()
    await cleaned(store, now + timedelta(days=60), RetentionConfig())
    await commands.services.guilds.record_left(GUILD)
    await cleaned(store, now + timedelta(days=400), RetentionConfig(guild_days=0))


async def open_cap(store: CountingStore) -> None:
    refusals = [CapsNotOpenError()]

    async def write() -> None:
        if refusals:
            raise refusals.pop()

    await with_open_caps(store, GUILD, NO_CAPS, write)


async def cleaned(store: CountingStore, now: datetime, config: RetentionConfig) -> None:
    cleanup = CleanupHandler(store, config=config, clock=lambda: now)
    for task in CleanupTask:
        await cleanup.handle(task)


async def test_no_unit_takes_more_steps_with_three_times_the_songs(tmp_path: Path) -> None:
    small = await steps_of_each(fresh(tmp_path, "small.db"), SMALL)
    large = await steps_of_each(fresh(tmp_path, "large.db"), LARGE)

    grown = {name: (small[name], most) for name, most in large.items() if most > MORE * small[name] + NOISE}
    assert grown == {}
    assert {
        "caps.open",
        "privacy.erase_chunk",
        "cleanup.erase_members",
        "cleanup.erase_guild",
    } <= large.keys()
