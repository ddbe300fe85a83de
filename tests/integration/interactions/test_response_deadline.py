"""Every command, suggestion, button and form is answered in time while the database is slow."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import discord
import pytest
from discord import AppCommandOptionType, app_commands
from discord.ext import commands

from bot.app import Application
from bot.chat.buttons import BUTTONS
from bot.chat.buttons.approval import ApproveButton, DeclineButton, DeclineForm
from bot.chat.buttons.cancel import CancelButton, CancelForm
from bot.chat.buttons.delete_data import DeleteButton
from bot.chat.buttons.help import HelpButton
from bot.chat.buttons.lists import PlaylistPages, ServerPages, SongPages, TopPages
from bot.chat.buttons.panel import (
    OtherForm,
    PanelConfirmation,
    PanelOpen,
    PanelPage,
    PanelReset,
)
from bot.chat.buttons.pending import (
    ApproveAllListed,
    ApproveListed,
    DeclineListed,
    PendingListButton,
    PendingPages,
)
from bot.chat.buttons.period import PeriodButton
from bot.chat.buttons.reason import WhyButton
from bot.chat.buttons.set_up import SetUpButton, SetUpForm
from bot.chat.buttons.song import (
    AgainButton,
    LoveButton,
    MenuButton,
    MoreButton,
    RateButton,
    RemovalForm,
    RemoveButton,
    RemoveForButton,
    RemoveNowButton,
)
from bot.chat.buttons.song_details import LyricsButton, RecipeButton
from bot.chat.buttons.song_form import ChangeButton, ReopenButton
from bot.chat.delivery.welcome_message import SET_UP_ID
from bot.chat.interactions.components import SafeButton, SafeModal
from bot.chat.messages.buttons import button
from bot.chat.panel.view import SET_UP_FORM_ID
from bot.chat.text.labels import REASON
from bot.chat.text.moderator_errors import FORM_EXPIRED, REASON_MISSING
from bot.chat.text.panel import SET_UP_BUDGET
from bot.services.audit_log import Actor
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.people.person import Person
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.faulty_store import StoreFaults
from tests.integration.moderation.test_settings import approval_on, asked_for_approval

DISCORD_WAITS_S = 3.0
NUMBER = "1" * 18
PRESSES = {
    CancelButton: f"cancel:{NUMBER}",
    ApproveButton: f"approve:{NUMBER}",
    DeclineButton: f"decline:{NUMBER}",
    DeleteButton: "privacy:delete",
    HelpButton: "help:credits",
    PeriodButton: "everyone:90:day",
    AgainButton: f"again:{NUMBER}",
    MoreButton: f"more:{NUMBER}:1",
    LoveButton: f"love:{NUMBER}:1",
    RateButton: f"rate:{NUMBER}:5",
    MenuButton: f"menu:{NUMBER}",
    RemoveButton: f"remove:{NUMBER}",
    RemoveNowButton: f"remove-now:{NUMBER}",
    RemoveForButton: f"remove-for:{NUMBER}",
    LyricsButton: f"lyrics:{NUMBER}",
    RecipeButton: f"made:{NUMBER}",
    ChangeButton: f"change:{NUMBER}",
    ReopenButton: f"song-form-again:{NUMBER}",
    PendingListButton: "pending",
    PendingPages: "page:pending:on::1",
    ApproveListed: f"pending-approve:{NUMBER}:0",
    ApproveAllListed: f"pending-all:{NUMBER}:0",
    DeclineListed: f"pending-decline:{NUMBER}:0",
    WhyButton: f"why:{NUMBER}",
    PanelOpen: SET_UP_ID,
    SetUpButton: SET_UP_FORM_ID,
    PanelPage: "panel-page:songs",
    PanelReset: "panel-reset:words:00000000:",
    PanelConfirmation: "panel-sure:words:default::00000000:",
    SongPages: "page:songs:on::1",
    TopPages: "page:top:on:week:1",
    PlaylistPages: "page:playlists:on::1",
    ServerPages: "page:servers:on::1",
}
OF_SELECTS = {OtherForm}
"""The forms that selects open."""
Command: TypeAlias = app_commands.Command[commands.Cog, ..., object]


@pytest.fixture
def faults(local: BotHarness) -> StoreFaults:
    local.hurry({"chat.defer_s": 0.1, "chat.choices_s": 0.1})
    return local.faulty_store()


def commands_of(app: Application, guild_id: int) -> Iterator[Command]:
    for guild in (None, discord.Object(guild_id)):
        for command in app.client.tree.walk_commands(guild=guild):
            if isinstance(command, app_commands.Command):
                yield command


def value_of(local: BotHarness, parameter: app_commands.Parameter) -> object:
    """Something that may be entered for an option."""
    if parameter.choices:
        return parameter.choices[0].value
    guild = local.discord.guild
    match parameter.type:
        case AppCommandOptionType.string:
            return PLAYLISTS[0].id if parameter.display_name == "playlist" else NUMBER
        case AppCommandOptionType.integer:
            return int(parameter.min_value or 1)
        case AppCommandOptionType.user:
            return local.discord.member("Ben")
        case AppCommandOptionType.role:
            return next(role for role in guild.roles.values() if role.id != guild.id)
        case other:
            raise AssertionError(f"what is entered for {other}?")


def person_for(local: BotHarness, command: Command) -> Person:
    return local.discord.member("Odile" if command.qualified_name.startswith("operator") else "Mo")


async def in_time(asked: Invocation) -> None:
    """Wait for an answer or a deferral within Discord's deadline."""
    await asked.acknowledged(timeout_s=LONG_S)
    assert asked.answered_in_s is not None
    assert asked.answered_in_s < DISCORD_WAITS_S


async def answered(asked: Invocation, faults: StoreFaults) -> None:
    """End the fault, check that there is one answer, then make the database slow again."""
    faults.released.set()
    if asked.modal is None:
        await asked.answer(timeout_s=LONG_S)
    assert (asked.answers, asked.refused) == (1, [])
    faults.released.clear()


@pytest.fixture
def operated(local: BotHarness) -> BotHarness:
    changes = {"operator_guild_id": local.discord.guild.id, "max_active_per_member": 99}
    local.settings = local.settings.model_copy(update=changes)
    return local


async def test_every_command_and_suggestion_is_in_time(
    operated: BotHarness, faults: StoreFaults, subtests: pytest.Subtests
) -> None:
    async with operated.bot(default_allowance=9_000) as app:
        faults.everything = True
        every = list(commands_of(app, operated.discord.guild.id))
        assert len(every) > 25
        for command in every:
            person, name = person_for(operated, command), command.qualified_name
            for parameter in command.parameters:
                if parameter.autocomplete:
                    with subtests.test(f"{name} {parameter.name}"):
                        typing: dict[str, object] = {parameter.display_name: "x"}
                        offered = await person.autocomplete(
                            "songs", name, timeout_s=DISCORD_WAITS_S, past_picker=False, **typing
                        )
                        assert offered == []
            with subtests.test(name):
                options = {
                    one.display_name: value_of(operated, one) for one in command.parameters if one.required
                }
                asked = await person.slash("songs", name, past_picker=True, **options)
                await in_time(asked)
                await answered(asked, faults)
        faults.everything = False
        faults.released.set()


async def with_buttons(local: BotHarness, app: Application, custom_ids: Iterable[str]) -> Message:
    """A post of the bot's with buttons of these ids."""
    view = discord.ui.View(timeout=None)
    for custom_id in custom_ids:
        view.add_item(button("Press", custom_id))
    channel = local.discord.channel("songs")
    sent = await app.client.get_partial_messageable(channel.id).send("Press one", view=view)
    return next(message for message in channel.messages if message.id == sent.id)


async def test_every_button_and_form_is_in_time(
    operated: BotHarness, faults: StoreFaults, subtests: pytest.Subtests
) -> None:
    assert set(PRESSES) == {one for one in BUTTONS if issubclass(one, SafeButton)}
    async with operated.bot() as app:
        mo = operated.discord.member("Mo")
        faults.everything = True
        for button, custom_id in PRESSES.items():
            with subtests.test(button.__name__):
                shown = await with_buttons(operated, app, [custom_id])
                asked = await mo.press(shown, custom_id)
                await in_time(asked)
                if not button.__name__.endswith(("Pages", "Page")):
                    await answered(asked, faults)
                faults.released.clear()
                if asked.modal is not None:
                    form = await mo.submit_modal(asked, {REASON: "no"})
                    await in_time(form)
                    await answered(form, faults)
        faults.everything = False
        faults.released.set()
    forms = {form for form in SafeModal.__subclasses__() if form.__module__.startswith("bot.")}
    assert forms == {CancelForm, DeclineForm, RemovalForm, SetUpForm, *OF_SELECTS}


async def test_a_form_that_sets_several_things_up_is_in_time(
    operated: BotHarness, faults: StoreFaults
) -> None:
    async with operated.bot() as app:
        mo = operated.discord.member("Mo")
        asked = await mo.press(await with_buttons(operated, app, [SET_UP_FORM_ID]), SET_UP_FORM_ID)
        await in_time(asked)
        assert asked.modal is not None
        faults.everything = True
        form = await mo.submit_modal(asked, {SET_UP_BUDGET: "900"})
        await in_time(form)
        await answered(form, faults)
        faults.everything = False
        faults.released.set()


ODD_IDS = [
    "page:songs:on:abc:1",
    "page:songs:on:99999999999999999999:1",
    "page:songs:back::999999",
    "page:top:on:year:1",
    "page:top:on::1",
    "page:playlists:on:abc:1",
    f"cancel:{'9' * 20}",
    f"again:{'9' * 20}",
    f"more:{'9' * 20}:2",
    f"love:{'9' * 20}:1",
    f"rate:{'9' * 20}:1",
    f"remove:{'9' * 20}",
    f"approve:{'9' * 20}",
    f"change:{'9' * 20}",
    "song-form-again:x",
    f"song-form-again:{'9' * 20}",
]


async def test_a_button_with_an_odd_id_is_no_bug(
    local: BotHarness, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    async with local.bot() as app:
        for custom_id in ODD_IDS:
            with subtests.test(custom_id):
                shown = await with_buttons(local, app, [custom_id])
                asked = await local.discord.member("Mo").press(shown, custom_id)
                await asked.acknowledged(timeout_s=LONG_S)
                assert (asked.answers, asked.refused) == (1, [])
    assert "Unexpected error" not in caplog.text


async def form_waits(app: Application, *, waits: bool) -> None:
    """A form is kept in memory, or none."""
    async with asyncio.timeout(LONG_S):
        while bool(app.client._connection._view_store._modals) is not waits:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.01)


async def test_a_form_that_is_never_sent_is_forgotten_and_says_so_later(local: BotHarness) -> None:
    local.hurry({"chat.form_s": 0.5})
    mo = local.discord.member("Mo")
    async with local.bot() as app:
        await approval_on(local)
        _, shown = await asked_for_approval(local)
        pressed = await mo.press(shown, "Decline")
        await pressed.acknowledged(timeout_s=LONG_S)
        await form_waits(app, waits=True)
        await form_waits(app, waits=False)
        late = await mo.submit_modal(pressed, {REASON: "no"})
        assert FORM_EXPIRED in (await late.answer(timeout_s=LONG_S)).content
    local.hurry({"chat.form_s": LONG_S})
    async with local.bot() as app:
        for reason, says in (("\u3164", REASON_MISSING), ("no", "Declined.")):
            pressed = await mo.press(shown, "Decline")
            await pressed.acknowledged(timeout_s=LONG_S)
            await form_waits(app, waits=True)
            sent = await mo.submit_modal(pressed, {REASON: reason})
            assert says in (await sent.answer(timeout_s=LONG_S)).content
            assert (sent.answers, sent.refused, sent.followups) == (1, [], [])
            await form_waits(app, waits=False)


async def test_members_are_offered_nothing_where_moderators_choose(local: BotHarness) -> None:
    async with local.bot() as app:
        await app.client.services.playlists.add(
            Actor(interaction_id=1, guild_id=local.discord.guild.id, actor_id=1), "Beats", PLAYLISTS[0].id
        )
        moderator = local.discord.member("Mo")
        assert await moderator.autocomplete("songs", "playlists remove", name="", timeout_s=LONG_S)
        for command, option in (("requests cancel", "request"), ("playlists remove", "name")):
            asked = await local.ada.autocomplete(
                "songs", command, past_picker=True, timeout_s=LONG_S, **{option: ""}
            )
            assert asked == []
