from pathlib import Path

import pytest

from tests.harness.bot import LONG_S, BotHarness
from tests.harness.cluster import GATEWAY, Cluster
from tests.harness.message_readers import seen
from tests.harness.settings import environment
from tests.integration import program
from tests.integration.cli.test_command_line import told_in_words

pytestmark = pytest.mark.timeout(120)
LEASE_S = 30.0
WAITED = "Trying again"
"""What the log says of a process that waits for a shard."""


async def answers(bots: Cluster) -> bool:
    """Whether a member's command is answered."""
    asked = await bots.ada.slash("songs", "credits")
    return "Available" in seen(await asked.answer(timeout_s=LONG_S))


@pytest.mark.long
async def test_a_second_gateway_on_the_same_shard_is_refused_and_the_first_goes_on(bots: Cluster) -> None:
    first = await bots.gateway(lease_s=LEASE_S)
    second = await bots.start(*GATEWAY, lease_s=LEASE_S)
    await bots.until(lambda: WAITED in second.log, first, second)
    assert await answers(bots)
    assert await second.ended() == 1
    last_line = second.log.splitlines()[-1]
    assert "shard" in last_line
    assert "Traceback" not in second.log
    assert await answers(bots)
    assert bots.discord.gateway.identifies == 1
    await first.stop()


@pytest.mark.long
async def test_a_new_gateway_takes_over_from_one_that_was_killed(bots: Cluster) -> None:
    first = await bots.gateway(lease_s=LEASE_S)
    await first.kill()
    second = await bots.gateway(lease_s=LEASE_S)
    assert WAITED in second.log
    assert await answers(bots)
    await second.stop()


@pytest.mark.long
async def test_after_an_orderly_stop_the_shard_is_free_at_once(bots: Cluster) -> None:
    await (await bots.gateway()).stop()
    second = await bots.gateway()
    assert WAITED not in second.log
    assert await answers(bots)
    await second.stop()


@pytest.mark.parametrize("role", ["worker", "gateway"])
async def test_a_part_of_the_bot_cannot_have_a_file_as_its_database(
    local: BotHarness, tmp_path: Path, role: str
) -> None:
    outcome = await program.bot("run", "--role", role, env=environment(local.settings), folder=tmp_path)
    said = told_in_words(outcome, 2)
    assert f"--role {role} needs a PostgreSQL database" in said
    assert not (tmp_path / "inspire.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shards", "0-4", "--shard-count", "4"], "shards go from 0 to 3"),
        (["--shards", "2-1", "--shard-count", "4"], "shards go from 0 to 3, the lower one first"),
        (["--shards", "0"], "--shards and --shard-count go together"),
        (["--shard-count", "2"], "--shards and --shard-count go together"),
        (["--shards", "one", "--shard-count", "2"], "a number or a range"),
        (["--role", "worker", "--shards", "0", "--shard-count", "2"], "not for a worker"),
        (["--role", "everything"], "invalid choice"),
        (["--shards", "0-1", "--shard-count", "9" * 12], "--shard-count is at most 65536"),
    ],
)
async def test_shards_that_make_no_sense_are_a_sentence(
    local: BotHarness, tmp_path: Path, arguments: list[str], words: str
) -> None:
    outcome = await program.bot("run", *arguments, env=environment(local.settings), folder=tmp_path)
    assert outcome.code == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err
