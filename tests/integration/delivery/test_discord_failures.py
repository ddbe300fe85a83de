from collections.abc import Callable
from functools import partial

import pytest

from bot.chat.delivery.status_message import TITLES
from bot.domain.requests import State
from sandbox.discord import Fault, FaultKind
from sandbox.discord.gateway.sessions import Gateway
from sandbox.discord.model.permissions import Permission
from sandbox.discord.state import RequestRecord
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.harness.message_readers import SONG_LINK, song_link
from tests.integration.engines import on_both

pytestmark = on_both

READY = TITLES[State.DELIVERED]
EDIT, POST = "PATCH /webhooks/*", "POST /channels/*/messages"
FOLLOW_UP = "POST /webhooks/*"
CALLBACK = "POST /interactions/*"
FAULTS = {
    "500": partial(Fault, kind=FaultKind.STATUS, status=500),
    "502": partial(Fault, kind=FaultKind.STATUS, status=502),
    "503": partial(Fault, kind=FaultKind.STATUS, status=503),
    "500 after it took effect": partial(Fault, kind=FaultKind.STATUS_AFTER, status=500),
    "503 after it took effect": partial(Fault, kind=FaultKind.STATUS_AFTER, status=503),
    "reset": partial(Fault, kind=FaultKind.RESET, times=2),
    "reset after it took effect": partial(Fault, kind=FaultKind.RESET_AFTER, times=2),
    "rate limited": partial(Fault, kind=FaultKind.RATE_LIMITED, after_s=0.3),
    "rate limited at the edge": partial(Fault, kind=FaultKind.RATE_LIMITED_AT_EDGE),
    "unknown message": partial(Fault, kind=FaultKind.UNKNOWN_MESSAGE),
}


async def delivers_once(local: BotHarness, fault: Fault) -> None:
    """Check that a running bot delivers a song despite the fault at Discord."""
    before, struck = len(local.results()), len(local.discord.faults.struck)
    local.discord.faults.add(fault)
    status = await local.place()
    await local.shows(status, READY, SONG_LINK)
    (result,) = local.results()[before:]
    assert len(result.embeds) == len(result.attachments) == 2
    assert all(file.content for file in result.attachments)
    assert song_link(status).endswith(f"/{result.id}")
    assert len(local.discord.faults.struck) > struck
    local.discord.faults.clear()


async def deliver_once(local: BotHarness, faults: dict[str, Fault], subtests: pytest.Subtests) -> None:
    """Check that each of the faults only delays one song."""
    async with local.bot(default_allowance=PLENTY):
        for name, fault in faults.items():
            with subtests.test(name):
                await delivers_once(local, fault)
        assert (await local.credits())["Used"] == 30 * len(faults)
    assert len(local.results()) == len(local.submissions) == len(faults)


@pytest.mark.usefixtures("patient")
async def test_an_edit_that_fails_is_made_again(local: BotHarness, subtests: pytest.Subtests) -> None:
    await deliver_once(local, {name: fault(on=EDIT) for name, fault in FAULTS.items()}, subtests)


@pytest.mark.usefixtures("patient")
async def test_a_result_that_fails_is_posted_again_and_stands_there_once(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    faults = {name: fault(on=POST) for name, fault in FAULTS.items() if name != "unknown message"}
    await deliver_once(local, faults, subtests)


@pytest.mark.usefixtures("patient")
async def test_a_follow_up_that_fails_is_looked_for_and_stands_there_once(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    local.discord.disruptions.deny(local.discord.channel("songs"), Permission.SEND_MESSAGES)
    faults = {name: fault(on=FOLLOW_UP) for name, fault in FAULTS.items() if name != "unknown message"}
    await deliver_once(local, faults, subtests)


def tries(local: BotHarness, route: str) -> list[RequestRecord]:
    return [r for r in local.discord.requests if f"{r.method} {r.route}" == route]


async def test_a_rate_limit_is_waited_out_to_its_end(local: BotHarness) -> None:
    async with local.bot():
        await delivers_once(local, Fault(kind=FaultKind.RATE_LIMITED, on=POST, after_s=0.5))
    first, second = tries(local, "POST /channels/{channel_id}/messages")
    assert (first.status, second.status) == (429, 200)
    assert (second.at - first.at).total_seconds() >= 0.5


@pytest.mark.usefixtures("patient")
async def test_a_post_whose_answer_hangs_is_not_posted_twice(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.hurry({"messages.edit_s": 0.3, "messages.post_s": 0.3})
    async with local.bot():
        await delivers_once(local, Fault(kind=FaultKind.HANG, on=POST, after_s=2.0))
    assert len(tries(local, "POST /channels/{channel_id}/messages")) == 1  # it was found in the channel


STUMBLES = (
    Fault(kind=FaultKind.RESET, on=CALLBACK),
    Fault(kind=FaultKind.RESET_AFTER, on=CALLBACK),
    Fault(kind=FaultKind.STATUS, on=CALLBACK, status=500),
    Fault(kind=FaultKind.STATUS_AFTER, on=CALLBACK, status=500),
    Fault(kind=FaultKind.HANG, on=CALLBACK, after_s=0.5),
)


async def test_an_answer_that_discord_stumbles_over_is_still_given_once(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot(default_allowance=PLENTY):
        for count, fault in enumerate(STUMBLES, 1):
            with subtests.test(str(fault.kind)):
                local.discord.faults.add(fault)
                asked = await local.order()
                await local.shows(await asked.answer(timeout_s=LONG_S), READY)
                assert asked.answers == 1
                assert not (await local.result(count=count)).ephemeral
    assert len(local.results()) == len(local.submissions) == len(STUMBLES)


DISTURBANCES: dict[str, Callable[[Gateway], None]] = {
    "closed": lambda gateway: gateway.drop(code=4000),
    "torn off": lambda gateway: gateway.drop(code=None),
    "asked to reconnect": lambda gateway: gateway.ask_to_reconnect(),
}


@pytest.mark.parametrize("disturb", DISTURBANCES.values(), ids=DISTURBANCES)
async def test_the_gateway_may_fall_away_while_a_song_is_made(
    local: BotHarness, disturb: Callable[[Gateway], None]
) -> None:
    gateway = local.discord.gateway
    async with local.bot():
        status = await local.place()
        (before,) = gateway.sockets
        disturb(gateway)
        await local.shows(status, READY)
        await local.discord.wait_for(
            lambda: gateway.connected and before not in gateway.sockets, timeout_s=LONG_S
        )
        assert (await local.credits())["Used"] == 30
    assert len(local.results()) == 1
    assert local.discord.registrations() == 1
