import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import discord
import pytest

from bot.chat.client import InspireClient
from bot.chat.connection.webhook_adapter import CALLBACK_PAUSES_S
from bot.chat.text.errors import NOT_YOURS, RESTARTING
from bot.chat.timings import ChatTimings
from sandbox.discord import Fault, FaultKind, LocalDiscord
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.payloads import Payload, entry
from tests.unit.chat.bots import new_client, running
from tests.unit.chat.odd_components import SLOW_S, WORDS, OddButton, Trial


@pytest.fixture
async def client(local: LocalDiscord) -> AsyncIterator[InspireClient]:
    async with running(
        local, new_client(Trial, buttons=[OddButton], timings=ChatTimings(defer_s=0.0))
    ) as client:
        yield client


def fail_with(client: InspireClient, error: Exception) -> None:
    cog = client.get_cog("Trial")
    assert isinstance(cog, Trial)
    cog.error = error


async def private_words(local: LocalDiscord, invocation: Invocation, *, answers: int = 1) -> str:
    """The one ephemeral message that the person got, whether as the answer or after it."""

    def told() -> list[str]:
        messages = invocation.interaction.messages
        return [one.content for one in messages if one.ephemeral and not one.deleted and not one.loading]

    await local.wait_for(told)
    [words] = told()
    assert invocation.answers == answers
    return words


@pytest.mark.usefixtures("client")
async def test_a_refusal_is_the_private_answer(local: LocalDiscord) -> None:
    invocation = await local.member("Ada").slash("songs", "fail")
    assert WORDS in await private_words(local, invocation)
    assert invocation.followups == []


async def test_a_bug_is_answered_with_the_reference_that_the_log_has(
    local: LocalDiscord, client: InspireClient, caplog: pytest.LogCaptureFixture
) -> None:
    fail_with(client, RuntimeError("secret detail"))
    words = await private_words(local, await local.member("Ada").slash("songs", "fail"))
    reference = re.search(r"`([0-9A-F]{6})`", words)
    assert reference
    assert "secret" not in words
    [record] = [one for one in caplog.records if one.name == "bot.chat.interactions.respond"]
    assert reference[1] in record.getMessage()
    assert record.exc_info
    assert record.exc_info[0] is RuntimeError


@pytest.mark.usefixtures("client")
async def test_an_error_after_the_answer_leaves_the_answer(local: LocalDiscord) -> None:
    invocation = await local.member("Ada").slash("songs", "answered")
    assert WORDS in await private_words(local, invocation)
    assert invocation.original
    assert invocation.original.content == "Here it is"
    assert not invocation.original.deleted


@pytest.mark.usefixtures("client")
async def test_a_public_deferral_gives_way_to_a_private_refusal(local: LocalDiscord) -> None:
    invocation = await local.member("Ada").slash("songs", "deferred", private=False)
    assert WORDS in await private_words(local, invocation)
    assert invocation.original
    assert invocation.original.deleted


@pytest.mark.usefixtures("client")
async def test_a_private_deferral_is_filled(local: LocalDiscord) -> None:
    invocation = await local.member("Ada").slash("songs", "deferred", private=True)
    assert WORDS in await private_words(local, invocation)
    assert invocation.followups == []


@pytest.mark.usefixtures("client")
async def test_a_deferral_that_was_filled_stays(local: LocalDiscord) -> None:
    invocation = await local.member("Ada").slash("songs", "filled")
    assert WORDS in await private_words(local, invocation)
    assert invocation.original
    assert not invocation.original.deleted


@pytest.mark.usefixtures("client")
async def test_a_second_reply_is_a_private_follow_up(local: LocalDiscord) -> None:
    invocation = await local.member("Ada").slash("songs", "twice")
    await local.wait_for(lambda: invocation.followups)
    assert [message.content for message in invocation.interaction.messages] == ["first", "second"]
    assert all(message.ephemeral for message in invocation.interaction.messages)


@pytest.mark.parametrize("kind", [FaultKind.STATUS_AFTER, FaultKind.RESET_AFTER])
@pytest.mark.usefixtures("client")
async def test_an_answer_whose_reply_was_lost_is_given_once(local: LocalDiscord, kind: FaultKind) -> None:
    local.faults.add(Fault(kind=kind, on="POST /interactions/*"))
    invocation = await local.member("Ada").slash("songs", "fail")
    assert WORDS in await private_words(local, invocation)
    await local.wait_for(lambda: len([one for one in local.requests if one.route.endswith("/callback")]) == 2)
    assert invocation.followups == []


def cut_off(local: LocalDiscord) -> None:
    """Let the next deferral reach Discord, while no attempt of the bot's hears so."""
    attempts = 1 + len(CALLBACK_PAUSES_S)
    local.faults.add(Fault(kind=FaultKind.RESET_AFTER, on="POST /interactions/*", times=attempts))


async def test_two_operations_have_the_time_of_one_before_a_deferral(local: LocalDiscord) -> None:
    async with running(local, new_client(Trial, timings=ChatTimings(defer_s=1.5 * SLOW_S))):
        invocation = await local.member("Ada").slash("songs", "slower")
        assert (await invocation.answer()).content == "Here it is"
        assert invocation.deferred


@pytest.mark.usefixtures("client")
async def test_a_deferral_that_was_cut_off_is_filled(
    local: LocalDiscord,
) -> None:
    cut_off(local)
    invocation = await local.member("Ada").slash("songs", "slow")
    answer = await invocation.answer()
    assert (answer.content, answer.ephemeral) == ("Here it is", True)
    assert answer is invocation.original
    assert (invocation.answers, invocation.followups) == (1, [])


@pytest.mark.usefixtures("client")
async def test_a_press_whose_deferral_was_cut_off_edits_the_message(
    local: LocalDiscord,
) -> None:
    shown = await (await local.member("Ada").slash("songs", "buttons")).answer()
    cut_off(local)
    pressed = await local.member("Ben").press(shown, "edited")
    await local.wait_for(lambda: shown.now.content == "Edited")
    assert (pressed.answers, pressed.followups) == (1, [])


@pytest.mark.parametrize("kind", [FaultKind.RESET, FaultKind.RATE_LIMITED_AT_EDGE])
@pytest.mark.usefixtures("client")
async def test_an_answer_that_cannot_be_given_is_logged(local: LocalDiscord, kind: FaultKind) -> None:
    local.faults.add(Fault(kind=kind, on="POST /interactions/*", times=None))
    with listening("could not be sent") as listener:
        await local.member("Ada").slash("songs", "fail")
        await asyncio.wait_for(listener.heard.wait(), 5)


class Listener(logging.Handler):
    """Waits for words in the log of the answers, which the local Discord does not see."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.heard = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self.words in record.getMessage():
            self.heard.set()


@contextmanager
def listening(words: str) -> Iterator[Listener]:
    listener, answers = Listener(words), logging.getLogger("bot.chat.interactions.respond")
    answers.addHandler(listener)
    try:
        yield listener
    finally:
        answers.removeHandler(listener)


async def test_an_autocomplete_of_an_unknown_command_offers_nothing(
    local: LocalDiscord, client: InspireClient
) -> None:
    client.tree.remove_command("suggest")
    assert await local.member("Ada").autocomplete("songs", "suggest", what="ab") == []


async def test_an_interaction_that_was_over_is_not_answered_again(
    local: LocalDiscord, client: InspireClient
) -> None:
    fail_with(client, await unknown_interaction(client))
    with listening("was over") as listener:
        invocation = await local.member("Ada").slash("songs", "fail")
        await asyncio.wait_for(listener.heard.wait(), 5)
    assert invocation.answers == 0


async def unknown_interaction(client: InspireClient) -> discord.NotFound:
    """Discord's own refusal of an answer that comes too late."""
    with pytest.raises(discord.NotFound) as refused:
        await client.http.request(
            discord.http.Route("POST", "/interactions/1/nothing/callback"), json={"type": 5}
        )
    assert refused.value.code == 10062
    return refused.value


@pytest.mark.parametrize(
    ("what", "words"), [("refused", "neither a persona link"), ("x*x", r"“x\*x” doesn't fit")]
)
@pytest.mark.usefixtures("client")
async def test_an_option_that_does_not_fit_is_explained(local: LocalDiscord, what: str, words: str) -> None:
    assert words in await private_words(local, await local.member("Ada").slash("songs", "picky", what=what))


@pytest.mark.usefixtures("client")
async def test_a_missing_permission_is_explained(local: LocalDiscord) -> None:
    assert "Manage Server" in await private_words(local, await local.member("Ada").slash("songs", "moderate"))


async def test_a_command_that_is_no_longer_known_is_explained(
    local: LocalDiscord, client: InspireClient
) -> None:
    client.tree.remove_command("fail")
    assert "Reload Discord" in await private_words(local, await local.member("Ada").slash("songs", "fail"))


@pytest.mark.usefixtures("client")
async def test_a_broken_autocomplete_offers_nothing(
    local: LocalDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    ada = local.member("Ada")
    assert [choice.name for choice in await ada.autocomplete("songs", "suggest", what="ab")] == ["ab"]
    assert await ada.autocomplete("songs", "suggest", what="bug") == []
    assert "An autocomplete failed" in caplog.text


@pytest.mark.parametrize(
    ("label", "words"), [("bug", "reference"), ("refused", NOT_YOURS), ("deferred", NOT_YOURS)]
)
@pytest.mark.usefixtures("client")
async def test_a_press_always_gets_an_answer(local: LocalDiscord, label: str, words: str) -> None:
    shown = await (await local.member("Ada").slash("songs", "buttons")).answer()
    pressed = await local.member("Ben").press(shown, label)
    assert words in await private_words(local, pressed)
    assert not shown.deleted


@pytest.mark.usefixtures("client")
async def test_a_form_always_gets_an_answer(local: LocalDiscord) -> None:
    ada = local.member("Ada")
    pressed = await ada.press(await (await ada.slash("songs", "buttons")).answer(), "form")
    await pressed.acknowledged()
    assert WORDS in await private_words(local, await ada.submit_modal(pressed, {"name": "x"}))


@pytest.mark.parametrize("components", [[{"type": 18}], [{"type": 1}], [{}]])
@pytest.mark.usefixtures("client")
async def test_a_form_that_cannot_be_read_gets_one_answer(
    local: LocalDiscord, components: list[Payload]
) -> None:
    ada = local.member("Ada")
    pressed = await ada.press(await (await ada.slash("songs", "buttons")).answer(), "form")
    await pressed.acknowledged()

    def garble(payload: Payload) -> Payload:
        return payload | {"data": {**entry(payload, "data"), "components": components}}

    local.gateway.garbled["INTERACTION_CREATE"] = garble
    sent = await ada.submit_modal(pressed, {"name": "x"})
    assert "reference" in await private_words(local, sent)
    assert (sent.answers, sent.refused, sent.followups) == (1, [], [])


async def test_a_form_that_is_sent_while_the_bot_stops_is_refused(
    local: LocalDiscord, client: InspireClient
) -> None:
    ada = local.member("Ada")
    pressed = await ada.press(await (await ada.slash("songs", "buttons")).answer(), "form")
    await pressed.acknowledged()
    client.draining = True
    words = await private_words(local, await ada.submit_modal(pressed, {"name": "x"}))
    assert RESTARTING in words


@pytest.mark.usefixtures("client")
async def test_an_answer_needs_no_sight_of_the_channel(local: LocalDiscord) -> None:
    local.disruptions.hide(local.channel("songs"))
    assert WORDS in await private_words(local, await local.member("Ada").slash("songs", "fail"))
