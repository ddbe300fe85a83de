import asyncio
from pathlib import Path

from sandbox.cqtai.tasks import Pace
from tests.harness.bot import LONG_S, BotHarness, bot
from tests.integration.engines import on_both

ADAS, BENS, THEIRS = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "123")
SLOTS = 2
REQUESTS = 100
"""Requests in the other server."""


async def requests_elsewhere(local: BotHarness) -> None:
    """A hundred requests of one member of another server."""
    guild = local.discord.add.guild("Band room", owner=local.discord.state.world.owner)
    local.discord.add.channel(guild, name="songs")
    local.discord.add.member(guild, user=local.discord.add.user("Cas"))
    cas = local.discord.member("Cas", guild=guild)
    asked = [await cas.slash("songs", "inspire", playlist=THEIRS) for _ in range(REQUESTS)]
    await asyncio.gather(*(one.answer(timeout_s=LONG_S) for one in asked))
    assert not any(one.ephemeral for one in asked)


def ours(local: BotHarness) -> list[str]:
    """The playlists of the tasks that were not the other server's."""
    return [task.playlist_id for task in local.provider.tasks if task.playlist_id != THEIRS]


@on_both
async def test_nobodys_first_song_waits_for_anothers_many_and_the_provider_refuses_none(
    tmp_path: Path, database: str
) -> None:
    changes = {"default_allowance": 30 * REQUESTS, "max_active_per_member": REQUESTS, "max_running": SLOTS}
    async with bot(tmp_path, limits=None, database_url=database, **changes) as local, local.bot() as app:
        most = 0

        def count() -> None:
            nonlocal most
            most = max(most, local.provider.running)

        local.provider.pace = Pace(0.2, max_running=SLOTS)  # it refuses a third task
        stop = local.provider.subscribe(count)
        operation = app.client.services.operator
        await operation.pause()  # until all are queued
        await requests_elsewhere(local)
        for _ in range(6):
            await local.place("Ada", playlist=ADAS)
        await local.place("Ben", playlist=BENS)
        await operation.resume()
        await local.provider.wait_for(lambda _: len(ours(local)) == 7, timeout_s=LONG_S)
        stop()
        order = [task.playlist_id for task in local.provider.tasks]
        # the hundred came first, but every second turn is ours, Ada's and then Ben's
        assert order.index(ADAS) < SLOTS
        assert order.index(BENS) < SLOTS + 3
        assert order.index(BENS) < [place for place, name in enumerate(order) if name == ADAS][2]
        assert len(order) <= 2 * 7 + SLOTS
        assert most <= SLOTS
        assert len(local.submissions) == len(order), "every submission was taken"
