"""Violations of database constraints: PostgreSQL quotes the whole row, which must not be logged."""

import asyncio
from pathlib import Path

import pytest

from bot.chat.text.errors import DATABASE_DOWN
from bot.storage.schema import migrate
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration import program
from tests.integration.database_contents import change
from tests.integration.engines import on_both

PROMPT = "rain\non a tin roof, nobody else's business"
RULES = {
    "sqlite": "CREATE TRIGGER spoiled BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, 'spoiled'); END",
    "postgresql": "ALTER TABLE requests ADD CONSTRAINT spoiled CHECK (prompt IS NULL) NOT VALID",
}


@on_both
@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_no_log_has_what_the_row_held(local: BotHarness, tmp_path: Path, log_format: str) -> None:
    await asyncio.to_thread(migrate, local.database_url)
    change(local.database_url, RULES[local.database_url.partition(":")[0]])
    async with program.serving(local, folder=tmp_path, LOG_LEVEL="DEBUG", LOG_FORMAT=log_format) as process:
        asked = await local.order(prompt=PROMPT)
        answer = await asked.answer(timeout_s=LONG_S)
        said = (await program.stopped(process)).err
    assert DATABASE_DOWN in (answer.content or seen(answer))
    assert "spoiled" in said
    assert ("23514" in said) is local.database_url.startswith("postgresql")
    for secret in ("tin roof", "nobody else", asked.interaction.token):
        assert secret not in said
