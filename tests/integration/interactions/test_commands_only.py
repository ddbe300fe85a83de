"""Use of the bot where it is not a member: servers that added its commands only, and direct messages."""

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import product

import pytest

from bot.app import Application
from bot.chat.delivery.status_message import TITLES
from bot.chat.text.errors import ONLY_IN_SERVERS
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import AGAIN, MENU, REASON, priced
from bot.domain.requests import State
from bot.services.unit_of_work import UnitOfWork
from sandbox.cqtai.effects import TASK_LIMIT
from sandbox.cqtai.faults import Fault, Phase
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload
from sandbox.discord.people.person import Person
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.integration.engines import of_variants, on_both
from tests.integration.interactions.test_response_deadline import form_waits
from tests.integration.moderation.test_settings import approval_on, asked_for_approval

pytestmark = on_both
GROUP = {"id": "7", "type": 3, "recipients": []}
REFUSED = ONLY_IN_SERVERS


async def left(app: Application, guild_id: int) -> bool:
    """Return True if the bot counts as having left the server."""

    def unit(uow: UnitOfWork) -> bool:
        return uow.guilds.known()[guild_id] is not None

    return await app.store.read(unit)


async def until_in_use(app: Application, guild_id: int) -> None:
    """Wait until the note of the server's use is written, which no command waits for."""
    async with asyncio.timeout(LONG_S):
        while await left(app, guild_id):  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def test_a_server_that_has_the_commands_alone_is_not_left_at_each_start(local: BotHarness) -> None:
    guild = local.discord.guild
    async with local.bot():
        await local.placed_result()
    guild.has_bot = False
    async with local.bot() as app:
        await local.credits()
        await until_in_use(app, guild.id)
    async with local.bot() as app:
        assert not await left(app, guild.id)


def elsewhere(person: Person, payload: Payload) -> Payload:
    """The interaction as it comes from direct messages."""
    names = ("guild_id", "guild", "guild_locale", "member")
    kept = {name: value for name, value in payload.items() if name not in names}
    user = {"id": str(person.id), "username": person.name, "discriminator": "0", "avatar": None}
    return kept | {"user": user}


def own_installation(person: Person, payload: Payload) -> Payload:
    """The interaction as it comes from somebody who has added the application for themselves alone."""
    return payload | {"authorizing_integration_owners": {"1": str(person.id)}}


OUTSIDE: dict[str, Callable[[Person, Payload], Payload]] = {
    "direct messages": elsewhere,
    "a group": lambda person, one: elsewhere(person, one) | {"context": 2, "channel": GROUP},
    "server null": lambda person, one: elsewhere(person, one) | {"guild_id": None, "member": None},
    "channel unknown": lambda person, one: elsewhere(person, one) | {"channel": {}},
    "own installation": own_installation,
    "no member": lambda person, one: elsewhere(person, one) | {"guild_id": one["guild_id"]},
}


def outside(local: BotHarness, person: Person, change: Callable[[Person, Payload], Payload]) -> None:
    """Let the person's interactions come from outside the server from now on."""
    local.discord.gateway.garbled["INTERACTION_CREATE"] = partial(change, person)


COMMANDS = [
    "inspire",
    "credits",
    "cancel",
    "queue",
    "songs list",
    "privacy notice",
    "settings show",
    "quota log",
]


@of_variants
async def test_commands_outside_servers_are_refused_before_anything_else(
    local: BotHarness, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        for command, (place, change) in product(COMMANDS, OUTSIDE.items()):
            with subtests.test(f"{command}, {place}"):
                options = {"inspire": {"playlist": "x"}, "cancel": {"request": "1"}}.get(command, {})
                outside(local, local.ada, change)
                asked = await local.ada.slash("songs", command, past_picker=True, **options)
                answer = await asked.answer(timeout_s=LONG_S)
                assert answer.content.startswith(REFUSED)
                assert answer.ephemeral
    assert local.submissions == []
    assert "Unexpected error" not in caplog.text


@of_variants
async def test_buttons_and_suggestions_outside_servers_do_nothing(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        await local.placed_result()
        local.provider.faults.add(Fault(Phase.SUBMIT, TASK_LIMIT, times=None))
        status = await local.place()
        (result,) = local.results()
        for place, change in OUTSIDE.items():
            with subtests.test(place):
                outside(local, local.ada, change)
                for message, label in ((status, "Cancel"), (result, priced(AGAIN, 30)), (result, MENU)):
                    pressed = await local.ada.press(message, label)
                    assert (await pressed.answer(timeout_s=LONG_S)).content.startswith(REFUSED)
                assert await local.ada.autocomplete("songs", "inspire", playlist="") == []
        local.discord.gateway.garbled.clear()
        assert (await local.credits())["On hold"] == 30
    assert len(local.results()) == 1


async def opened(local: BotHarness, shown: Message) -> Invocation:
    """A moderator has opened the form that asks why a request is declined."""
    pressed = await local.discord.member("Mo").press(shown, "Decline")
    await pressed.acknowledged(timeout_s=LONG_S)
    return pressed


async def sent(local: BotHarness, form: Invocation) -> str:
    """What a moderator reads who sends the form off."""
    asked = await local.discord.member("Mo").submit_modal(form, {REASON: "no"})
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return answer.content


@of_variants
async def test_a_form_sent_outside_servers_decides_nothing(
    local: BotHarness, subtests: pytest.Subtests, caplog: pytest.LogCaptureFixture
) -> None:
    garbled = local.discord.gateway.garbled
    async with local.bot() as app:
        await approval_on(local)
        _, shown = await asked_for_approval(local)
        for place, change in OUTSIDE.items():
            with subtests.test(place):
                form = await opened(local, shown)
                await form_waits(app, waits=True)
                outside(local, local.discord.member("Mo"), change)
                assert (await sent(local, form)).startswith(REFUSED)
                await form_waits(app, waits=False)
                garbled.clear()
                assert (await local.credits())["On hold"] == 30
        garbled.clear()
        assert "Declined." in await sent(local, await opened(local, shown))
    assert "Unexpected error" not in caplog.text


async def test_a_form_is_taken_after_the_bot_was_removed_from_the_server(local: BotHarness) -> None:
    async with local.bot() as app:
        await approval_on(local)
        status, shown = await asked_for_approval(local)
        form = await opened(local, shown)
        local.discord.disruptions.remove_bot(local.discord.guild)
        await local.discord.wait_for(lambda: not app.client.guilds, timeout_s=LONG_S)
        assert "Declined." in await sent(local, form)
        await local.shows(status, TITLES[State.DECLINED], are_back(30))
        await until_in_use(app, local.discord.guild.id)
