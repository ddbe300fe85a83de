"""`make image-test`: the image is built and run as compose.yaml runs it, between the local servers.

Where no engine is, the same steps run without one, on what the Dockerfile says.
"""

import asyncio
import io
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest
from PIL import Image

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from tests.harness.bot import LONG_S, BotHarness, bot
from tests.image.boxes import Box, EngineBox, built_by, engine, environment_in, own, plain_box
from tests.operations.container import of_docker_run
from tests.operations.monitoring import free_port
from tests.operations.test_container import filled_in

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]
QUICK = {"POLL_MIN_S": "0.05", "POLL_MAX_S": "0.2", "STATUS_EDIT_MIN_S": "0.02"}
KILLED = {-9, 137}


@pytest.fixture(scope="module")
def built() -> Iterator[str | Path]:
    """The engine that has built the image, or the Python of an environment with its packages."""
    found = engine()
    if found is not None:
        built_by(found)
        sys.stdout.write(f"\nThe image is built and run by {found}.\n")
        yield found
        return
    sys.stdout.write(
        "\nNo container engine works here (docker info, podman info): the same steps run without one.\n"
    )
    folder = readable_folder()
    yield environment_in(folder / "venv")
    shutil.rmtree(folder)


def readable_folder() -> Path:
    """A folder that the image's user can look into, as it can't into those of pytest."""
    folder = Path(mkdtemp(prefix="inspire-image-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[BotHarness]:
    async with bot(tmp_path) as both:
        yield both


@pytest.fixture
def box(local: BotHarness, tmp_path: Path, built: str | Path) -> Iterator[Box]:
    port = free_port()
    trusted = ",".join(local.settings.media_trusted_origins)
    env = of_docker_run(
        filled_in(local, tmp_path, HTTP_PORT=str(port), MEDIA_TRUSTED_ORIGINS=trusted, **QUICK)
    )
    folder = readable_folder()
    if isinstance(built, Path):
        yield plain_box(folder, python=built, env=env, port=port)
    else:
        data = folder / "data"
        data.mkdir(mode=0o700)
        own(data)
        yield EngineBox(built, env, data)
    shutil.rmtree(folder)


@asynccontextmanager
async def served(local: BotHarness, box: Box) -> AsyncIterator[asyncio.subprocess.Process]:
    """Yield the serving process, connected; it is killed if it still runs at the end."""
    process = await box.serve()
    try:
        await local.discord.wait_for(lambda: local.discord.gateway.connected, timeout_s=LONG_S)
        yield process
    finally:
        if process.returncode is None:
            sys.stdout.write((await box.kill(process)).err)


async def test_a_song_and_a_chart_are_made_in_it_and_it_ends_in_order(local: BotHarness, box: Box) -> None:
    async with served(local, box) as process:
        assert len((await local.placed_result()).attachments) == 2
        report = await local.discord.member("Mo").slash("songs", "quota report")
        chart, _ = (await report.answer(timeout_s=LONG_S)).attachments
        assert Image.open(io.BytesIO(chart.content)).format == "PNG"
        assert (await box.health()).code == 0
        assert (await box.touch("/app/bot/new")).code != 0
        assert (await box.touch("/data/new")).code == 0
        ended = await box.stop(process)
    assert (ended.code, ended.out) == (0, "")
    assert "stopped after" in ended.err


async def test_a_song_outlives_a_kill(local: BotHarness, box: Box) -> None:
    local.song_takes(3)
    async with served(local, box) as process:
        status = await local.place()
        await local.shows(status, TITLES[State.MAKING])
        assert (await box.kill(process)).code in KILLED
    async with served(local, box) as process:
        await local.shows(status, TITLES[State.DELIVERED])
        assert (await box.stop(process)).code == 0
    assert len(local.submissions) == 1
    assert len(local.results()) == 1


async def test_a_backup_that_was_made_beside_it_is_restored(local: BotHarness, box: Box) -> None:
    async with served(local, box) as process:
        await local.placed_result()
        backup = await box.command("backup", "/data/backup.db")
        assert "checked   intact, " in backup.out, backup.err
        assert "audit     clean" in (await box.command("audit")).out
        assert "discord   ok" in (await box.command("check")).out
        await box.stop(process)
    for file in box.data.glob("inspire.db*"):
        file.unlink()
    restored = await box.command("restore", "/data/backup.db")
    assert "audit     clean" in restored.out, restored.err
    assert "1 delivered" in restored.out
    async with served(local, box) as process:
        assert (await local.credits())["Used"] == 30
        await box.stop(process)
