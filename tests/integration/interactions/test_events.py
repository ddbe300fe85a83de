"""Malformed gateway events: the bot keeps running, whatever Discord sends."""

from collections.abc import Callable

import pytest

from bot.chat.text.errors import BUG, COMMAND_CHANGED, UNREADABLE
from bot.chat.text.playlist_errors import NO_PLAYLIST
from sandbox.discord.gateway.sessions import GUILDS
from sandbox.discord.payloads import Payload, entries, entry
from sandbox.discord.people.person import Person
from tests.harness.bot import LONG_S, PLENTY, BotHarness
from tests.integration.engines import of_variants, on_both

CANNOT_READ = UNREADABLE
WENT_WRONG = BUG
HAS_CHANGED = COMMAND_CHANGED

EVENTS: dict[str, tuple[str, object]] = {
    "a channel without a name": ("CHANNEL_CREATE", {"type": 0, "position": 0, "flags": 0}),
    "a thread without an owner": ("THREAD_CREATE", {"type": 11, "name": "talk", "parent_id": "1"}),
    "a new kind of scheduled event": (
        "GUILD_SCHEDULED_EVENT_CREATE",
        {"name": "Concert", "entity_type": 99, "status": 77, "scheduled_start_time": "soon"},
    ),
    "a role without permissions": ("GUILD_ROLE_CREATE", {"role": {"id": "5"}}),
    "a payload that is null": ("CHANNEL_UPDATE", None),
    "a payload that is a list": ("GUILD_UPDATE", ["anything"]),
    "an id in words": ("GUILD_DELETE", {"id": "none of your business"}),
    "threads without members": ("THREAD_LIST_SYNC", {"threads": [{}]}),
    "an integration of nobody": ("INTEGRATION_CREATE", {"type": "discord", "user": None}),
}


def dispatch(local: BotHarness, event: str, payload: object) -> None:
    """Tell the bot of an event of its server, as a real gateway would."""
    guild_id = local.discord.guild.id
    told = payload
    if isinstance(payload, dict):
        told = {"id": str(local.discord.state.snowflakes.next()), "guild_id": str(guild_id)} | payload
    local.discord.gateway.garbled[event] = lambda _: told  # type: ignore[assignment,return-value] # no object
    local.discord.gateway.dispatch(event, payload={}, guild_id=guild_id, intent=GUILDS)


@on_both
@of_variants
async def test_an_event_that_cannot_be_read_is_a_log_line(
    local: BotHarness, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    async with local.bot() as app:
        (session,) = local.discord.gateway.connected
        for name, (event, payload) in EVENTS.items():
            with subtests.test(name):
                dispatch(local, event, payload)
                await local.credits()
                assert local.discord.gateway.connected == [session]
                assert f"An event of Discord's could not be read: {event}" in caplog.text
                page, _ = await app.metrics.page("")
                assert f'inspire_discord_events_unreadable_total{{event="{event}"}} 1.0' in page.decode()
        assert "none of your business" not in caplog.text
        await local.placed_result()
    assert local.discord.gateway.identifies == 1


def with_a_broken_channel(payload: Payload) -> Payload:
    """The server as it is told, with one channel more that has no name."""
    return payload | {"channels": [*entries(payload, "channels"), {"id": "77", "type": 0}]}


async def test_a_server_with_a_channel_that_cannot_be_read_is_served_at_each_start(local: BotHarness) -> None:
    local.discord.gateway.garbled["GUILD_CREATE"] = with_a_broken_channel
    for _ in range(2):
        async with local.bot(default_allowance=PLENTY):
            await local.placed_result()
            local.discord.disruptions.remove_bot(local.discord.guild)
            local.discord.disruptions.invite_bot(local.discord.guild)
            await local.placed_result()


def changed(payload: Payload, **data: object) -> Payload:
    """The interaction with other data."""
    return payload | {"data": entry(payload, "data") | data}


def with_options(payload: Payload, **change: object) -> Payload:
    """The interaction with something else in each option."""
    options = [option | change for option in entries(entry(payload, "data"), "options")]
    return changed(payload, options=options)


def without(payload: Payload, *names: str) -> Payload:
    """The interaction without these fields."""
    return {name: value for name, value in payload.items() if name not in names}


INTERACTIONS: dict[str, Callable[[Payload], Payload]] = {
    "an option of a new type": lambda payload: with_options(payload, type=99),
    "an option without a value": lambda payload: changed(payload, options=[{"name": "playlist", "type": 3}]),
    "an option of another type": lambda payload: with_options(payload, type=6, value="1"),
    "resolved data that are broken": lambda payload: changed(payload, resolved={"users": {"7": {"id": "x"}}}),
    "resolved data of a new kind": lambda payload: changed(
        payload, resolved={"channels": {"7": {"type": 0}}}
    ),
    "a command without a name": lambda payload: payload | {"data": {"type": 1}},
    "no data": lambda payload: payload | {"data": None},
    "no size limit": lambda payload: without(payload, "attachment_size_limit"),
    "a member without a user": lambda payload: payload | {"member": {"roles": []}},
    "a place that is none": lambda payload: payload | {"channel": {"id": "none", "type": 0}},
    "permissions in words": lambda payload: payload | {"app_permissions": "all"},
}


@on_both
@of_variants
async def test_an_interaction_that_cannot_be_read_gets_an_answer(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    garbled = local.discord.gateway.garbled
    async with local.bot(default_allowance=PLENTY):
        for name, garbling in INTERACTIONS.items():
            with subtests.test(name):
                garbled["INTERACTION_CREATE"] = garbling
                asked = await local.order()
                answer = await asked.answer(timeout_s=LONG_S)
                assert answer.ephemeral
                assert answer.content.startswith((CANNOT_READ, WENT_WRONG, HAS_CHANGED, NO_PLAYLIST))
                assert asked.answers == 1
        garbled.clear()
        await local.placed_result()
        assert (await local.credits())["Used"] == 30
    assert len(local.submissions) == 1


async def test_buttons_and_lists_that_cannot_be_read_get_an_answer(local: BotHarness) -> None:
    garbled, ada = local.discord.gateway.garbled, local.ada
    async with local.bot():
        local.song_takes(LONG_S)
        status = await local.place()
        garbled["INTERACTION_CREATE"] = lambda payload: without(payload, "attachment_size_limit")
        pressed = await ada.press(status, "Cancel")
        assert CANNOT_READ in (await pressed.answer(timeout_s=LONG_S)).content
        assert await choices(ada) == []
        garbled["INTERACTION_CREATE"] = lambda payload: changed(payload, component_type=None)
        pressed = await ada.press(status, "Cancel")
        garbled.clear()
        await local.credits()
        del pressed


async def choices(person: Person) -> list[object]:
    """What the list of playlists offers."""
    return list(await person.autocomplete("songs", "inspire", playlist=""))
