"""Whatever the bot says in Discord, one table decides what its refusals mean."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import discord
import pytest

from bot.chat.announcer import DiscordAnnouncer
from bot.chat.discord_errors import REFUSALS, Refusal
from bot.domain.errors import (
    AnnounceError,
    MalformedError,
    MessageGoneError,
    NoAccessError,
    TokenDeadError,
    TryLaterError,
    UnsendableError,
)
from bot.domain.requests import State
from bot.services.ports import Announcer, AsFollowUp, InChannel, ToMember
from sandbox.discord import Fault, FaultKind, LocalDiscord
from tests.contract.for_moderators import APPROVAL, CHANGE
from tests.unit.chat.samples import result, status
from tests.unit.chat.stages import DiscordStage, begun, logged_in

Call: TypeAlias = Callable[[DiscordStage], Awaitable[object]]
CALLS: dict[str, Call] = {
    "edit_status": lambda on: on.announcer.edit_status(
        on.address, status(State.MAKING), token=on.address.token
    ),
    "edit_status as the bot": lambda on: on.announcer.edit_status(
        on.address, status(State.MAKING), token=None
    ),
    "find_answer": lambda on: on.announcer.find_answer(
        on.address, status(State.WAITING), token=str(on.address.token)
    ),
    "post_result": lambda on: on.announcer.post_result(InChannel(on.address.channel_id), result(), ()),
    "post_result as a follow-up": lambda on: on.announcer.post_result(AsFollowUp(on.address), result(), ()),
    "post_result to the member": lambda on: on.announcer.post_result(ToMember(on.member_id), result(), ()),
    "find_result": lambda on: on.announcer.find_result(InChannel(on.address.channel_id), result()),
    "post_ending": lambda on: on.announcer.post_ending(
        InChannel(on.address.channel_id), status(State.FAILED)
    ),
    "post_approval": lambda on: on.announcer.post_approval(on.address.channel_id, APPROVAL),
    "find_approval": lambda on: on.announcer.find_approval(on.address.channel_id, 1),
    "edit_approval": lambda on: on.announcer.edit_approval(on.address.channel_id, on.status.id, APPROVAL),
    "post_change": lambda on: on.announcer.post_change(on.address.channel_id, CHANGE),
}
BY_TOKEN = {"edit_status", "find_answer", "post_result as a follow-up"}
KINDS: dict[tuple[int, int], type[AnnounceError]] = {
    (403, 50013): NoAccessError,
    (400, 200000): UnsendableError,
    (404, 10008): MessageGoneError,
    (400, 50035): MalformedError,
    (415, 0): MalformedError,
    (400, 987654): UnsendableError,
    (400, 20016): TryLaterError,
}


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordStage]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    async with LocalDiscord() as local, logged_in(local) as client:
        yield DiscordStage(local, client, await begun(local, client))


async def refused(stage: DiscordStage, name: str, status_code: int, code: int) -> AnnounceError:
    fault = Fault(kind=FaultKind.REFUSED, times=None, status=status_code, code=code)
    stage.local.faults.add(fault)
    stage.announcer = DiscordAnnouncer(stage.client)  # one that has opened no conversations too fast
    with pytest.raises(AnnounceError) as error:
        await CALLS[name](stage)
    stage.local.faults.clear()
    return error.value


@pytest.mark.parametrize("name", CALLS)
async def test_no_call_goes_past_the_table(stage: DiscordStage, name: str) -> None:
    dead = await refused(stage, name, 401, 50027)
    assert type(dead) is (TokenDeadError if name in BY_TOKEN else NoAccessError)
    for (status_code, code), kind in KINDS.items():
        assert type(await refused(stage, name, status_code, code)) is kind


def test_every_call_of_the_announcer_is_tried() -> None:
    own = {name for name in vars(Announcer) if not name.startswith("_")}
    assert {name.split()[0] for name in CALLS} == own


def test_every_class_of_refusals_has_codes() -> None:
    assert {refusal for refusal, _ in REFUSALS.values()} == set(Refusal)


async def test_what_is_malformed_is_one_error_with_a_reference_and_without_words(
    stage: DiscordStage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    await refused(stage, "post_result", 400, 50035)
    await refused(stage, "post_result", 400, 200000)
    (line,) = [one for one in caplog.records if one.name == "bot.chat.discord_errors"]
    reference = str(vars(line)["reference"])
    assert line.getMessage().startswith(
        f"A message to Discord was malformed, reference {reference}: 400 50035"
    )
