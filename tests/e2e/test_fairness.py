import asyncio
from pathlib import Path

from sandbox.cqtai.tasks import Pace
from tests.e2e.engines import on_both
from tests.e2e.stage import LONG_S, Stage, stage

ADAS, BENS, THEIRS = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "123")
PLACES = 2
CROWD = 100
"""Requests in the other server."""
SONG_S = 3.0
"""Longer than it takes to place what comes after the first, also on a busy machine."""


def songs_take(local: Stage, song_s: float) -> None:
    """From now on, and the provider refuses a third task."""
    local.provider.pace = Pace(song_s, max_running=PLACES)


async def crowd_elsewhere(local: Stage) -> None:
    """A hundred requests of another server, of which the first have all of the provider's places."""
    guild = local.discord.add.guild("Band room", owner=local.discord.state.world.owner)
    local.discord.add.channel(guild, name="songs")
    local.discord.add.member(guild, user=local.discord.add.user("Cas"))
    cas = local.discord.member("Cas", guild=guild)
    asked = [await cas.slash("songs", "inspire", playlist=THEIRS) for _ in range(CROWD)]
    await asyncio.gather(*(one.answer(timeout_s=LONG_S) for one in asked))
    assert not any(one.ephemeral for one in asked)
    await local.provider.wait_for(lambda provider: provider.running == PLACES, timeout_s=LONG_S)


def ours(local: Stage) -> list[str]:
    """The playlists of the tasks that were not the other server's."""
    return [task.playlist_id for task in local.provider.tasks if task.playlist_id != THEIRS]


@on_both
async def test_nobodys_first_song_waits_for_anothers_many_and_the_provider_refuses_none(
    tmp_path: Path, database: str
) -> None:
    changes = {"default_allowance": 30 * CROWD, "max_active_per_member": CROWD, "max_running": PLACES}
    async with stage(tmp_path, limits=None, database_url=database, **changes) as local, local.bot():
        most = 0

        def count() -> None:
            nonlocal most
            most = max(most, local.provider.running)

        songs_take(local, SONG_S)
        stop = local.provider.subscribe(count)
        await crowd_elsewhere(local)
        for _ in range(6):
            await local.place("Ada", playlist=ADAS)
        await local.place("Ben", playlist=BENS)
        songs_take(local, 0.1)
        await local.provider.wait_for(lambda _: len(ours(local)) == 7, timeout_s=LONG_S)
        stop()
        order = [task.playlist_id for task in local.provider.tasks]
        # both places were the other server's; of what is taken then, every second is ours, Ada's, then Ben's
        assert order[:PLACES] == [THEIRS] * PLACES
        assert order.index(ADAS) < PLACES + 2
        assert order.index(BENS) < PLACES + 4
        assert order.index(BENS) < [place for place, name in enumerate(order) if name == ADAS][2]
        assert order[: PLACES + 2 * 7 + PLACES].count(ADAS) == 6
        assert most == PLACES
        assert len(local.submissions) == len(order), "every submission was taken"
