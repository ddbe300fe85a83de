"""The message of the panel: a page of settings, and the controls of one of them."""

from collections.abc import Callable, Coroutine, Iterator
from typing import TypeAlias

import discord

from bot.chat.interactions.context import GuildInteraction
from bot.chat.interactions.respond import respond, run_or_defer
from bot.chat.messages.buttons import button, channel_select, role_select, text_select
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.messages.settings import ShownSettings, settings_message
from bot.chat.panel import REQUESTS, SETTINGS
from bot.chat.panel.setting import (
    OTHER,
    ChannelControl,
    Choice,
    Control,
    Page,
    RoleControl,
    Setting,
    ValueControl,
    shown_settings,
)
from bot.chat.text import labels, panel
from bot.domain.moderator_errors import NoneAndValueError
from bot.domain.server_settings import version_of

Change: TypeAlias = Callable[..., Coroutine[object, object, str]]
"""Changes a setting by the options that are given, and returns what was done."""
Item: TypeAlias = discord.ui.Item[discord.ui.View]
PAGES = {setting.key: page for page, settings in SETTINGS.items() for setting in settings}
SET_UP_FORM_ID = "panel-form"
"""The custom id of the button that opens the form for several settings."""
DEFAULT = "default"
"""What is asked about in place of a part of the setting."""
BY_KEY = {setting.key: setting for settings in SETTINGS.values() for setting in settings}


async def open_panel(
    interaction: GuildInteraction, setting: Setting = REQUESTS, *, role_id: int | None = None
) -> None:
    """Answer with the panel at one setting, for the moderator alone."""
    interaction.require_moderator()
    await respond(interaction, await run_or_defer(interaction, panel_at(interaction, setting, role_id)))


async def panel_at(
    interaction: GuildInteraction, setting: Setting, role_id: int | None = None
) -> RenderedMessage:
    """Build the panel with the controls of one setting, as it is now."""
    note = await setting.state(interaction, role_id=role_id)
    return panel_message(await shown_settings(interaction, role_id), setting, note=note)


async def answer_command(
    interaction: GuildInteraction,
    setting: Setting,
    change: Change,
    *,
    none: bool,
    role_id: int | None = None,
    **options: object,
) -> None:
    """Answer the command of a setting: change what is given, or with `none` have the default.

    Without options it shows what is in force, and changes nothing.

    Raises:
        NoneAndValueError: `none` is given together with another option.
        RefusalError: an option is refused; nothing was changed.
    """
    actor = interaction.require_moderator()
    given = {name: value for name, value in options.items() if value is not None}
    if none and given:
        raise NoneAndValueError
    if none:
        shown = await run_or_defer(interaction, shown_settings(interaction, role_id))
        question = setting.question(shown, None)
        if question is not None:
            await respond(interaction, asking_message(shown, setting, None, question))
            return
        reset = setting.reset(interaction, actor, role_id=role_id)
        await respond(interaction, await run_or_defer(interaction, reset))
    elif given:
        about = {} if role_id is None else {"role_id": role_id}
        changing = change(interaction, actor, **about, **given)
        await respond(interaction, await run_or_defer(interaction, changing))
    else:
        await open_panel(interaction, setting, role_id=role_id)


def asking_message(
    shown: ShownSettings, setting: Setting, choice: Choice | None, question: str
) -> RenderedMessage:
    """Build the panel with a question, and the button that carries out the choice; None: the default."""
    part, value = (choice.part, str(choice.chosen)) if choice else (DEFAULT, "")
    confirm = item_id("panel-sure", shown, setting, part, value)
    return panel_message(shown, setting, note=question, confirm=confirm)


def panel_message(
    shown: ShownSettings, setting: Setting, *, note: str = "", confirm: str | None = None
) -> RenderedMessage:
    """Build the panel with the controls of one setting; `note` is what was done or is asked.

    With `confirm`, a further button with this custom id carries out what is asked.
    """
    page = PAGES[setting.key]
    lines = [(one.name, one.value(shown), one is setting) for one in SETTINGS[page]]
    embed = settings_message(shown, lines, page=labels.PANEL_PAGES[page])
    view = discord.ui.View(timeout=None)
    for row, item in _items(shown, setting, confirm):
        item.row = row
        view.add_item(item)
    return RenderedMessage(content=note, embeds=[embed], view=view)


def item_id(kind: str, shown: ShownSettings, setting: Setting, *what: str) -> str:
    """Return the custom id of an item; it has the version of the setting that is shown."""
    about = (version_of(setting.facts(shown)), str(shown.role_id or ""))
    return ":".join((kind, setting.key, *what, *about))


def _items(shown: ShownSettings, setting: Setting, confirm: str | None) -> Iterator[tuple[int, Item]]:
    """Yield the rows of items: the settings, the controls of one, and the buttons."""
    page = PAGES[setting.key]
    named = [(one.name, str(one.key)) for one in SETTINGS[page]]
    chooser = text_select(
        f"panel-setting:{page}", named, chosen=str(setting.key), placeholder=panel.CHOOSE_SETTING
    )
    yield 0, chooser
    controls = setting.controls(shown)
    for row, control in enumerate(controls, 1):
        yield row, _select(control, item_id("panel", shown, setting, control.part), shown.gone)
    last = len(controls) + 1
    if confirm is not None:
        yield last, button(labels.DO_CHANGE, confirm, style=discord.ButtonStyle.danger)
    reset = button(
        labels.BACK_TO_DEFAULT, item_id("panel-reset", shown, setting), disabled=setting.is_default(shown)
    )
    yield last, reset
    for one in Page:
        if one is not page:
            yield last, button(labels.PANEL_PAGES[one], f"panel-page:{one}")
    yield last, button(labels.SET_UP_FORM, SET_UP_FORM_ID)


def _select(control: Control, custom_id: str, gone: frozenset[int]) -> Item:
    match control:
        case ChannelControl():
            chosen = None if control.chosen in gone else control.chosen
            return channel_select(custom_id, control.kinds, chosen=chosen, placeholder=control.placeholder)
        case RoleControl():
            return role_select(
                custom_id,
                (control.least, control.most),
                chosen=control.chosen,
                placeholder=control.placeholder,
            )
        case ValueControl():
            return text_select(
                custom_id, _options(control), chosen=control.chosen, placeholder=control.placeholder
            )


def _options(control: ValueControl) -> list[tuple[str, str]]:
    """Return the options; one that is in force is among them, also if it is not a usual one."""
    options = list(control.options)
    if control.other is not None:
        if control.chosen is not None and control.chosen not in {value for _, value in options}:
            options.append((f"{int(control.chosen):,}", control.chosen))
        options.append((control.other, OTHER))
    return options
