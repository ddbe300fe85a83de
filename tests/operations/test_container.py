"""Docker by the README: `.env` as it is copied, its health check, and that what `.env` says counts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.harness.bot import LONG_S, BotHarness
from tests.harness.databases import execute
from tests.harness.settings import environment
from tests.integration import program
from tests.integration.program import ROOT
from tests.operations.container import Container, created, of_compose, of_docker_run
from tests.operations.monitoring import free_port

READERS = [of_compose, of_docker_run]
SERVERS = ("DISCORD_TOKEN", "CQTAI_API_KEY", "DISCORD_API_URL", "DISCORD_GATEWAY_URL", "CQTAI_BASE_URL")


def filled_in(local: BotHarness, folder: Path, **changes: str) -> Path:
    """`.env.example`, copied and filled in, with the local servers for the real ones."""
    values = {name: environment(local.settings)[name] for name in SERVERS} | changes
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    known = {line.split("=")[0] for line in lines}
    assert set(values) <= known
    path = folder / ".env"
    path.write_text(
        "\n".join(
            f"{name}={values[name]}" if (name := line.split("=")[0]) in values else line for line in lines
        )
    )
    return path


@asynccontextmanager
async def started(
    local: BotHarness, folder: Path, reader: Callable[[Path], dict[str, str]], **changes: str
) -> AsyncIterator[Container]:
    """A container of the image by `.env`, connected to Discord; it ends in order."""
    env = reader(filled_in(local, folder, **changes))
    container = created(folder / "root", env=env, port=free_port())
    assert (await container.health()).code == 1
    process = await container.run()
    try:
        try:
            await local.discord.wait_for(lambda: local.discord.gateway.connected, timeout_s=LONG_S)
        except AssertionError:
            process.terminate()
            raise AssertionError((await program.ended(process)).err) from None
        yield container
        assert (await program.stopped(process)).code == 0
        assert (await container.health()).code == 1
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def healthy(container: Container) -> bool:
    async with asyncio.timeout(LONG_S):
        while (found := await container.health()).code != 0:
            assert "no answer" in found.err
    return True


@pytest.mark.parametrize("reader", READERS, ids=["compose", "docker run"])
async def test_a_container_with_the_example_settings_is_healthy_and_keeps_its_data(
    local: BotHarness, tmp_path: Path, reader: Callable[[Path], dict[str, str]]
) -> None:
    async with started(local, tmp_path, reader) as container:
        assert await healthy(container)
    assert (tmp_path / "root" / "data" / "inspire.db").exists()


async def test_the_health_check_asks_where_the_settings_say(local: BotHarness, tmp_path: Path) -> None:
    changes = {"HTTP_PORT": str(free_port()), "HTTP_HOST": "0.0.0.0"}
    async with started(local, tmp_path, of_compose, **changes) as container:
        assert await healthy(container)


async def test_the_database_of_the_settings_is_used(
    local: BotHarness, tmp_path: Path, postgres_url: str
) -> None:
    changes = {"DATABASE_URL": postgres_url}
    async with started(local, tmp_path, of_compose, **changes) as container:
        assert await healthy(container)
        assert execute(postgres_url, "SELECT count(*) FROM processes") == [1]
    assert list((tmp_path / "root" / "data").glob("*.db")) == []


async def test_a_container_that_is_wrongly_set_up_says_so(local: BotHarness, tmp_path: Path) -> None:
    env = of_docker_run(filled_in(local, tmp_path, CREDIT_RATE="much"))
    container = created(tmp_path / "root", env=env, port=free_port())
    assert "CREDIT_RATE" in (await container.health()).err
    outcome = await program.ended(await container.run())
    assert outcome.code == 2
    assert "CREDIT_RATE" in outcome.err


async def test_check_runs_in_a_container(local: BotHarness, tmp_path: Path) -> None:
    env = of_docker_run(filled_in(local, tmp_path))
    outcome = await program.ended(await created(tmp_path / "root", env=env, port=free_port()).run("check"))
    assert outcome.code == 0, outcome.out
    assert "permissions=" in outcome.out
