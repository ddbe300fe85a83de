"""Every call to Discord: one table decides what its refusals mean."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import discord
import pytest

from bot.chat.api_errors import REFUSALS, Refusal
from bot.chat.delivery.messenger import DiscordMessenger
from bot.domain.errors import (
    InvalidMessageError,
    MalformedError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import State
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget, MessageRef, Messenger
from sandbox.discord import Fault, FaultKind, LocalDiscord
from tests.contract.moderator_messages import APPROVAL, CHANGE, DIGEST, WELCOME
from tests.unit.chat.factories import result, status
from tests.unit.chat.messenger_harness import DiscordMessengerHarness, begun, logged_in


def to(on: DiscordMessengerHarness) -> MessageRef:
    return MessageRef(on.address.channel_id, on.status.id)


Call: TypeAlias = Callable[[DiscordMessengerHarness], Awaitable[object]]
CALLS: dict[str, Call] = {
    "edit_status": lambda on: on.messenger.edit_status(
        on.address, status(State.MAKING), token=on.address.token
    ),
    "edit_status as the bot": lambda on: on.messenger.edit_status(
        on.address, status(State.MAKING), token=None
    ),
    "find_answer": lambda on: on.messenger.find_answer(
        on.address, status(State.WAITING), token=str(on.address.token)
    ),
    "post_result": lambda on: on.messenger.post_result(ChannelTarget(on.address.channel_id), result(), ()),
    "post_result as a follow-up": lambda on: on.messenger.post_result(
        FollowUpTarget(on.address), result(), ()
    ),
    "post_result to the member": lambda on: on.messenger.post_result(
        DirectMessageTarget(on.member_id), result(), ()
    ),
    "find_result": lambda on: on.messenger.find_result(ChannelTarget(on.address.channel_id), result()),
    "post_ending": lambda on: on.messenger.post_ending(
        ChannelTarget(on.address.channel_id), status(State.FAILED)
    ),
    "post_approval": lambda on: on.messenger.post_approval(on.address.channel_id, APPROVAL),
    "find_approval": lambda on: on.messenger.find_approval(on.address.channel_id, 1),
    "edit_approval": lambda on: on.messenger.edit_approval(on.address.channel_id, on.status.id, APPROVAL),
    "post_welcome": lambda on: on.messenger.post_welcome(ChannelTarget(on.address.channel_id), WELCOME),
    "post_digest": lambda on: on.messenger.post_digest(on.address.channel_id, DIGEST),
    "post_news": lambda on: on.messenger.post_news(
        on.member_id, [replace(CHANGE, guild_id=on.local.guild.id, subject_id=on.member_id)]
    ),
    "find_inviter": lambda on: on.messenger.find_inviter(on.local.guild.id),
    "find_welcome": lambda on: on.messenger.find_welcome(on.address.channel_id, since=CHANGE.at),
    "forward_result": lambda on: on.messenger.forward_result(on.address.channel_id, to(on), 1),
    "post_showcase": lambda on: on.messenger.post_showcase(to(on), result()),
    "find_reference": lambda on: on.messenger.find_reference(on.address.channel_id, to(on)),
    "delete_post": lambda on: on.messenger.delete_post(to(on)),
    "post_audit_entry": lambda on: on.messenger.post_audit_entry(on.address.channel_id, CHANGE),
}
BY_TOKEN = {"edit_status", "find_answer", "post_result as a follow-up"}
KINDS: dict[tuple[int, int], type[MessengerError]] = {
    (403, 50013): NoAccessError,
    (400, 200000): InvalidMessageError,
    (404, 10008): MessageGoneError,
    (400, 50035): MalformedError,
    (415, 0): MalformedError,
    (400, 987654): InvalidMessageError,
    (400, 20016): RetryableError,
}


@pytest.fixture
async def bot(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordMessengerHarness]:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    async with LocalDiscord() as local, logged_in(local) as client:
        yield DiscordMessengerHarness(local, client, await begun(local, client))


async def refused(bot: DiscordMessengerHarness, name: str, status_code: int, code: int) -> MessengerError:
    fault = Fault(kind=FaultKind.REFUSED, times=None, status=status_code, code=code)
    bot.local.faults.add(fault)
    bot.messenger = DiscordMessenger(bot.client)  # one that has not met the limit of new conversations
    with pytest.raises(MessengerError) as error:
        await CALLS[name](bot)
    bot.local.faults.clear()
    return error.value


@pytest.mark.parametrize("name", CALLS)
async def test_no_call_goes_past_the_table(bot: DiscordMessengerHarness, name: str) -> None:
    dead = await refused(bot, name, 401, 50027)
    assert type(dead) is (TokenExpiredError if name in BY_TOKEN else NoAccessError)
    for (status_code, code), kind in KINDS.items():
        if name == "delete_post" and kind is MessageGoneError:
            continue  # what is gone need not be deleted
        assert type(await refused(bot, name, status_code, code)) is kind


def test_every_call_of_the_announcer_is_tried() -> None:
    own = {name for name in vars(Messenger) if not name.startswith("_")}
    assert {name.split()[0] for name in CALLS} == own


def test_every_class_of_refusals_has_codes() -> None:
    assert {refusal for refusal, _ in REFUSALS.values()} == set(Refusal)


async def test_what_is_malformed_is_one_error_with_a_reference_and_without_words(
    bot: DiscordMessengerHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    await refused(bot, "post_result", 400, 50035)
    await refused(bot, "post_result", 400, 200000)
    (line,) = [one for one in caplog.records if one.name == "bot.chat.api_errors"]
    reference = str(vars(line)["reference"])
    assert line.getMessage().startswith(
        f"A message to Discord was malformed, reference {reference}: 400 50035"
    )
