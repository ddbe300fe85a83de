import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from bot.version import VERSION
from sandbox.cqtai import Pace
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.settings import environment
from tests.integration import program
from tests.integration.database_contents import emptied, kept
from tests.integration.engines import on_both
from tests.integration.program import Outcome

CLOSED = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


def told_in_words(outcome: Outcome, code: int) -> str:
    """Return the program's output, after checking that it has no traceback and no secret."""
    said = outcome.out + outcome.err
    assert outcome.code == code, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize("command", ["run", "audit"])
async def test_all_settings_that_are_missing_or_wrong_are_named_at_once(
    local: BotHarness, tmp_path: Path, command: str
) -> None:
    wrong = {
        "DISCORD_TOKEN": None,
        "CQTAI_API_KEY": "",
        "CQTAI_BASE_URL": "nowhere",
        "CREDIT_RATE": "-1",
        "DEFAULT_PERIOD": "year",
        "DEFAULT_MODEL": "v99",
        "POLL_MIN_S": "soon",
        "MAX_RUNNING": "0",
        "HTTP_PORT": "99999",
        "LOG_LEVEL": "LOUD",
    }
    env, before = environment(local.settings, **wrong), kept(local.database_url)
    said = told_in_words(await program.bot(command, env=env, folder=tmp_path), 2)
    lines = [line.split(":")[0].strip() for line in said.splitlines()[1:]]
    assert sorted(lines) == sorted(wrong)
    assert kept(local.database_url) == before


async def test_a_setting_that_is_wrong_is_named_without_its_value(local: BotHarness, tmp_path: Path) -> None:
    env = environment(local.settings, DISCORD_TOKEN="very-secret-token", CREDIT_RATE="hush")
    said = told_in_words(await program.bot("run", env=env, folder=tmp_path), 2)
    assert "CREDIT_RATE" in said
    assert "very-secret-token" not in said
    assert "hush" not in said


@on_both
async def test_settings_may_stand_in_a_file(local: BotHarness, tmp_path: Path) -> None:
    settings = environment(local.settings, DATABASE_URL=emptied(local.database_url))
    text = "\n".join(f"{name}={value}" for name, value in settings.items())
    program.write(tmp_path / ".env", text.encode())
    outcome = await program.bot("migrate", env={}, folder=tmp_path)
    assert "The database is up to date (new -> " in told_in_words(outcome, 0)


@on_both
async def test_check_finds_everything_well(local: BotHarness, tmp_path: Path) -> None:
    before = kept(local.database_url)
    outcome = await program.bot("check", env=environment(local.settings), folder=tmp_path)
    assert outcome.err == ""
    said = told_in_words(outcome, 0)
    assert [line.split()[:2] for line in said.splitlines() if "  " in line][:4] == [
        ["settings", "ok"],
        ["database", "ok"],
        ["discord", "ok"],
        ["provider", "ok"],
    ]
    assert "permissions=" in said
    assert local.submissions == []
    assert local.provider.credits.spent == 0
    assert kept(local.database_url) == before


WRONG = {
    "token": ({"DISCORD_TOKEN": "wrong.token.here"}, "discord", "DISCORD_TOKEN is not taken"),
    "key": ({"CQTAI_API_KEY": "wrong-key"}, "provider", "CQTAI_API_KEY is not taken (code 401)"),
    "discord unreachable": ({"DISCORD_API_URL": f"{CLOSED}/api/v10"}, "discord", "cannot be reached"),
    "provider unreachable": ({"CQTAI_BASE_URL": CLOSED}, "provider", "does not answer"),
}


@pytest.mark.parametrize(("changes", "subject", "words"), WRONG.values(), ids=WRONG)
async def test_check_says_what_has_to_be_mended(
    local: BotHarness, tmp_path: Path, changes: dict[str, str], subject: str, words: str
) -> None:
    env = environment(local.settings, **changes)
    said = told_in_words(await program.bot("check", env=env, folder=tmp_path), 1)
    (failed,) = [line for line in said.splitlines() if "FAIL" in line]
    assert failed.startswith(subject)
    assert words in failed
    assert not any(secret in said for secret in (env["DISCORD_TOKEN"], env["CQTAI_API_KEY"]))


@pytest.mark.parametrize("command", ["run", "sync"])
async def test_a_wrong_token_is_a_sentence(local: BotHarness, tmp_path: Path, command: str) -> None:
    env = environment(local.settings, DISCORD_TOKEN="wrong.token.here")
    said = told_in_words(await program.bot(command, env=env, folder=tmp_path), 2)
    assert "DISCORD_TOKEN is not taken" in said
    assert "wrong.token.here" not in said


TO_BLAME = {
    "password with @": ({"DATABASE_URL": "postgresql://bot:hun@ter2@db/songs"}, "write each @"),
    "home": ({"DATABASE_URL": "sqlite:///~/inspire.db"}, "write the whole path"),
    "other engine": ({"DATABASE_URL": "mysql://bot:ter2@db/songs"}, "DATABASE_URL begins with mysql"),
    "folder": ({"DATABASE_URL": "sqlite:////tmp"}, "is a folder"),
    "no ssl mode": ({"DATABASE_URL": "postgresql://bot:ter2@127.0.0.1/songs?sslmode=yes"}, "sslmode"),
    "port of root": (
        {"HTTP_PORT": "8080", "HTTP_HOST": "192.0.2.1"},
        "nobody can listen on port 8080 of 192.0.2.1",
    ),
    "host without address": (
        {"HTTP_PORT": "8080", "HTTP_HOST": "no host"},
        "HTTP_HOST, HTTP_PORT: nobody can listen",
    ),
}


@pytest.mark.parametrize(("changes", "words"), TO_BLAME.values(), ids=TO_BLAME)
async def test_settings_that_are_to_blame_end_with_a_code_that_nobody_starts_again_for(
    local: BotHarness, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    env = environment(local.settings, **changes)
    said = told_in_words(await program.bot("run", env=env, folder=tmp_path), 2)
    assert words in said
    assert "ter2" not in said


async def test_a_port_that_another_program_has_is_named(local: BotHarness, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        outcome = await program.bot("run", env=environment(local.settings, HTTP_PORT=port), folder=tmp_path)
    said = told_in_words(outcome, 1)
    assert f"HTTP_PORT: another program listens on port {port} of 127.0.0.1" in said


async def test_a_token_that_is_reset_while_the_bot_runs_ends_it_with_a_sentence(
    local: BotHarness, tmp_path: Path
) -> None:
    async with program.serving(local, folder=tmp_path) as process:
        local.discord.disruptions.reject_bot_token()
        local.discord.gateway.drop(code=4004)
        said = told_in_words(await program.ended(process), 2)
    assert "DISCORD_TOKEN is not taken" in said


async def test_a_discord_that_cannot_be_reached_is_tried_again(local: BotHarness, tmp_path: Path) -> None:
    env = environment(local.settings, DISCORD_API_URL=f"{CLOSED}/api/v10")
    process = await program.begin("run", env=env, folder=tmp_path)
    assert process.stderr is not None
    async with asyncio.timeout(LONG_S):
        said = [line async for line in lines_until(process.stderr, b"trying again in 2 s")]
    assert b"not connected to Discord: ClientConnectorError; trying again in 1 s" in b"".join(said)
    told_in_words(await program.stopped(process), 0)


async def lines_until(stream: asyncio.StreamReader, words: bytes) -> AsyncIterator[bytes]:
    """Return all lines up to the one with these words."""
    async for line in stream:
        yield line
        if words in line:
            return


async def test_sync_says_that_discord_cannot_be_reached(local: BotHarness, tmp_path: Path) -> None:
    env = environment(local.settings, DISCORD_API_URL=f"{CLOSED}/api/v10")
    said = told_in_words(await program.bot("sync", env=env, folder=tmp_path), 1)
    assert "Discord, or the network to it, failed" in said


async def test_a_name_that_is_misspelled_is_told_at_the_start(local: BotHarness, tmp_path: Path) -> None:
    async with program.serving(local, folder=tmp_path, MAX_RUNING="9") as process:
        said = told_in_words(await program.stopped(process), 0)
    assert "settings: MAX_RUNING: is no setting; is MAX_RUNNING meant?" in said


@on_both
async def test_sync_tells_the_commands_changed_or_not(local: BotHarness, tmp_path: Path) -> None:
    for _ in range(2):
        told = local.discord.registrations()
        outcome = await program.bot("sync", env=environment(local.settings), folder=tmp_path)
        assert "Discord knows the commands." in told_in_words(outcome, 0)
        assert local.discord.registrations() > told


@on_both
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
async def test_a_signal_ends_the_program_in_order_though_there_is_work(
    local: BotHarness, tmp_path: Path, number: signal.Signals
) -> None:
    changes = {"MAX_ACTIVE_PER_MEMBER": "20", "DEFAULT_ALLOWANCE": "3000", "MAX_RUNNING": "5"}
    local.provider.pace = Pace(3.0)
    async with program.serving(local, folder=tmp_path, **changes) as process:
        placed = [await local.order() for _ in range(20)]
        for asked in placed:
            await asked.answer(timeout_s=LONG_S)
        await local.provider.wait_for(lambda provider: len(provider.tasks) >= 5, timeout_s=LONG_S)
        said = told_in_words(await program.stopped(process, by=number), 0)
    assert "stopped after" in said
    assert local.provider.key not in said
    assert local.discord.token not in said
    assert local.breaches() == ()


@on_both
async def test_a_request_placed_in_one_process_is_delivered_by_the_next(
    local: BotHarness, tmp_path: Path
) -> None:
    local.provider.pace = Pace(1.5)
    async with program.serving(local, folder=tmp_path) as process:
        status = await local.place()
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1, timeout_s=LONG_S)
        told_in_words(await program.stopped(process), 0)
    async with local.bot():
        await local.shows(status, TITLES[State.DELIVERED])
    assert len(local.results()) == len(local.submissions) == 1


@on_both
async def test_a_log_in_json_has_no_secret_and_one_object_a_line(local: BotHarness, tmp_path: Path) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Stall()))
    async with program.serving(local, folder=tmp_path, LOG_FORMAT="json", LOG_LEVEL="debug") as process:
        await local.place()
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1, timeout_s=LONG_S)
        outcome = await program.stopped(process)
    assert all(line.startswith("{") and line.endswith("}") for line in outcome.err.splitlines())
    assert local.provider.key not in outcome.err
    assert local.discord.token not in outcome.err


async def test_the_version_is_said_without_settings(tmp_path: Path) -> None:
    said = told_in_words(await program.bot("--version", env={}, folder=tmp_path), 0)
    assert said.split()[:2] == ["Inspire", VERSION]
