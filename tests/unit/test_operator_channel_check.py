from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.diagnostics import run_checks
from sandbox.discord import Fault, FaultKind, Permission
from tests.harness.bot import BotHarness, addresses_restored, bot
from tests.unit.test_diagnostics import NOWHERE, found


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[BotHarness]:
    with addresses_restored():
        async with bot(tmp_path) as both:
            yield both


async def test_without_an_operators_channel_nothing_is_said(local: BotHarness) -> None:
    found = [one.subject async for one in run_checks(local.settings, NOWHERE)]
    assert "channel" not in found


async def test_an_operators_channel_that_takes_posts_is_told_and_nothing_is_posted(local: BotHarness) -> None:
    channel = local.discord.channel("songs")
    result = await found(local, "channel", operator_channel_id=channel.id)
    assert (result.is_ok, result.words) == (True, "OPERATOR_CHANNEL_ID: the bot can post there")
    assert channel.messages == []


async def test_an_operators_channel_that_is_none_is_told(local: BotHarness) -> None:
    result = await found(local, "channel", operator_channel_id=12345)
    assert not result.is_ok
    assert "names no channel" in result.words


@pytest.mark.parametrize("permission", [Permission.VIEW_CHANNEL, Permission.SEND_MESSAGES])
async def test_what_is_missing_in_the_operators_channel_is_named(
    local: BotHarness, permission: Permission
) -> None:
    channel = local.discord.channel("songs")
    local.discord.disruptions.deny(channel, permission)
    result = await found(local, "channel", operator_channel_id=channel.id)
    assert not result.is_ok
    assert str(permission.name).replace("_", " ").title() in result.words


async def test_an_operators_channel_that_cannot_be_looked_up_is_told(local: BotHarness) -> None:
    local.discord.faults.add(Fault(kind=FaultKind.REFUSED, on="GET /channels/*", status=400, code=50035))
    result = await found(local, "channel", operator_channel_id=local.discord.channel("songs").id)
    assert not result.is_ok
    assert "could not be looked up (HTTPException)" in result.words
