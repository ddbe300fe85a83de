from pathlib import Path

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.formatting import are_back
from bot.domain.requests import State
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord import Fault as DiscordFault
from sandbox.discord import FaultKind
from sandbox.discord.limits import Limits
from sandbox.discord.payloads import entry
from tests.harness.bot import LONG_S, BotHarness, bot
from tests.integration.engines import on_both
from tests.timings import PATIENT

READY = TITLES[State.DELIVERED]
pytestmark = [on_both, pytest.mark.usefixtures("patient")]


def edited_by(local: BotHarness) -> list[str]:
    """Return the authorization of each edit of a status message: the interaction's token, or the bot's."""
    edits = [request for request in local.discord.requests if request.method == "PATCH"]
    return ["token" if request.route.startswith("/webhooks") else "bot" for request in edits]


async def test_a_token_that_dies_early_is_met_once_and_the_bot_takes_over(local: BotHarness) -> None:
    local.song_takes(0.5)
    async with local.bot():
        asked = await local.order()
        status = await asked.answer(timeout_s=LONG_S)
        await local.shows(status, TITLES[State.MAKING])
        local.discord.disruptions.end_token(asked)
        await local.shows(status, READY)
    assert sum(request.used_dead_token for request in local.discord.requests) == 1
    assert edited_by(local)[-1] == "bot"
    assert len(local.results()) == 1


async def test_the_bot_takes_over_by_the_clock_and_no_dead_token_is_ever_used(
    tmp_path: Path, database: str
) -> None:
    # 1.2 s stand for Discord's 15 minutes, and 0.3 s for our 14:30.
    limits = Limits(interaction_token_s=1.2, interaction_deadline_s=LONG_S)
    async with (
        bot(tmp_path, PATIENT, database_url=database, limits=limits, interaction_token_s=0.3) as local,
        local.bot(),
    ):
        local.song_takes(1.5)
        status = await local.place()
        await local.shows(status, READY)
        assert local.discord.invalid_requests == 0
        assert edited_by(local)[-1] == "bot"
        assert [request.status for request in local.discord.requests if request.status >= 400] == []


async def test_a_failure_after_the_tokens_life_is_told_by_the_bot(tmp_path: Path, database: str) -> None:
    limits = Limits(interaction_token_s=0.9, interaction_deadline_s=LONG_S)
    async with (
        bot(tmp_path, PATIENT, database_url=database, limits=limits, interaction_token_s=0.2) as local,
        local.bot(),
    ):
        local.song_takes(1.5)
        local.provider.faults.add(Fault(Phase.TASK, Fail("timeout", at=0.7)))
        status = await local.place()
        await local.shows(status, TITLES[State.FAILED], are_back(30))
        assert local.discord.invalid_requests == 0


async def test_no_status_message_is_edited_more_than_eight_times(tmp_path: Path, database: str) -> None:
    async with (
        bot(tmp_path, PATIENT, database_url=database, status_edit_min_s=0) as local,
        local.bot(),
    ):
        local.song_takes(1.0)
        status = await local.place()
        await local.shows(status, READY)
        assert len(edited_by(local)) <= 8
        assert local.discord.rate_limited == 0


async def test_an_edit_mentions_nobody(local: BotHarness) -> None:
    async with local.bot():
        status = await local.place()
        await local.shows(status, READY)
    edits = [request.payload for request in local.discord.requests if request.method == "PATCH"]
    assert edits
    for payload in edits:
        assert isinstance(payload, dict)
        assert entry(payload, "allowed_mentions").get("parse") == []


async def test_a_token_is_kept_though_the_command_is_not_answered_yet(local: BotHarness) -> None:
    local.discord.disruptions.hide(local.discord.channel("songs"))  # only the token can edit there
    callback = "POST /interactions/*"
    local.discord.faults.add(DiscordFault(kind=FaultKind.STATUS, on=callback, status=500))
    async with local.bot():
        asked = await local.order()
        status = await asked.answer(timeout_s=LONG_S)
        await local.shows(status, READY)
    assert edited_by(local)[-1] == "token"
    assert len(local.results()) + len(local.ada.direct_messages) == 1
