"""The panel of settings as moderators use it, and commands whose options are left out."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from discord import app_commands

from bot.app import Application
from bot.chat.messages.settings import CHOSEN
from bot.chat.panel.setting import OTHER
from bot.chat.text import confirmations, labels
from bot.chat.text import panel as words
from bot.chat.text.formatting import DASH
from bot.chat.text.moderator_errors import LOG_MISSING, NONE_AND_VALUE, SETTING_CHANGED
from bot.domain.audit import Action
from bot.domain.guild_settings import GuildSettings, RoleLimits
from bot.services.audit_log import Actor
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entries, text
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.moderation.test_quota import told

pytestmark = on_both


def item_ids(message: Message) -> list[str]:
    """Return the custom ids of all buttons and selects of a message."""
    return [text(part, "custom_id") for row in message.components for part in entries(row, "components")]


def as_options(options: Mapping[str, object]) -> dict[str, Any]:
    """Return the options of a command, beside which `told` has arguments of its own."""
    return dict(options)


def control(panel: Message, action: str, part: str) -> str:
    (found,) = (one for one in item_ids(panel) if one.startswith(f"panel:{action}:{part}"))
    return found


async def choose(local: BotHarness, panel: Message, action: str, part: str, *values: object) -> None:
    """Choose in a control of the panel as the moderator, and wait until it is redrawn."""
    pressed = await local.discord.member("Mo").choose(panel, control(panel, action, part), *map(str, values))
    await pressed.acknowledged(timeout_s=LONG_S)


async def go_to(local: BotHarness, panel: Message, page: str, action: str) -> None:
    moderator = local.discord.member("Mo")
    if f"panel-page:{page}" in item_ids(panel):
        await (await moderator.press(panel, f"panel-page:{page}")).acknowledged(timeout_s=LONG_S)
        await local.discord.wait_for(lambda: f"panel-setting:{page}" in item_ids(panel), timeout_s=LONG_S)
    chosen = await moderator.choose(panel, f"panel-setting:{page}", action)
    await chosen.acknowledged(timeout_s=LONG_S)
    await local.discord.wait_for(
        lambda: any(f":{action}:" in one for one in item_ids(panel)), timeout_s=LONG_S
    )


async def settings_of(app: Application, local: BotHarness) -> GuildSettings:
    return (await app.client.services.guild_settings.effective(local.discord.guild.id)).settings


async def test_a_server_is_set_up_in_the_panel_also_after_a_restart(local: BotHarness) -> None:
    songs, general = local.discord.channel("songs"), local.discord.channel("general")
    role = local.discord.moderators
    async with local.bot():
        panel = await told(local, "settings show")
        assert f"{CHOSEN} {words.REQUESTS}" in seen(panel)
    async with local.bot() as app:
        await choose(local, panel, Action.REQUESTS_CHANNEL, "channel", songs.id)
        await local.shows(panel, confirmations.request_channel_set(songs.id), f"In <#{songs.id}>")
        await go_to(local, panel, "credits", Action.ROLE_ALLOWANCE)
        await choose(local, panel, Action.ROLE_ALLOWANCE, "role", role.id)
        await local.discord.wait_for(
            lambda: any(one.endswith(str(role.id)) for one in item_ids(panel)), timeout_s=LONG_S
        )
        await local.shows(panel, "1 member has the role.")
        await choose(local, panel, Action.ROLE_ALLOWANCE, "credits", 150)
        await local.shows(panel, f"<@&{role.id}> 150", "at most 150 credits every week, or 5 songs")
        await go_to(local, panel, "credits", Action.BUDGET)
        await choose(local, panel, Action.BUDGET, "credits", 1500)
        await local.shows(panel, "1,500 credits every week")
        await go_to(local, panel, "songs", Action.APPROVAL)
        await choose(local, panel, Action.APPROVAL, "channel", general.id)
        await local.shows(panel, confirmations.approval_set(GuildSettings(approval_channel_id=general.id)))
        settings = await settings_of(app, local)
        assert (settings.requests_channel_id, settings.approval_channel_id) == (songs.id, general.id)
        assert settings.roles == {role.id: 150}
        log = seen(await told(local, "quota log"))
        for said in ("channel for requests", "allowance of the role", "server's budget", "approval"):
            assert said in log


async def test_each_setting_goes_back_to_its_default(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot() as app:
        await told(local, "settings log", channel=general)
        panel = await told(local, "settings log")
        assert f"{CHOSEN} {words.LOG}" in seen(panel)
        await (await local.discord.member("Mo").press(panel, labels.BACK_TO_DEFAULT)).acknowledged(
            timeout_s=LONG_S
        )
        await local.shows(panel, words.NOWHERE.capitalize())
        assert (await settings_of(app, local)) == GuildSettings()


async def test_a_digest_is_chosen_where_there_is_a_channel_for_it(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot() as app:
        assert LOG_MISSING in (await told(local, "settings log", digest="on")).content
        panel = await told(local, "settings log")
        assert not any("digest" in one for one in item_ids(panel))
        await choose(local, panel, Action.LOG_CHANNEL, "channel", general.id)
        await local.shows(panel, f"In <#{general.id}>")
        await choose(local, panel, Action.LOG_CHANNEL, "digest", "on")
        await local.shows(panel, f"In <#{general.id}>, {words.WITH_DIGEST}", "on Mondays a digest")
        assert (await settings_of(app, local)).weekly_digest
        assert "digest: every week" in seen(await told(local, "quota log")).replace(DASH, "").replace(
            "  → ", " "
        )
        off = await told(local, "settings log", digest="off")
        assert off.content == confirmations.log_set(GuildSettings(log_channel_id=general.id))


async def test_two_moderators_at_the_panel_see_the_truth(local: BotHarness) -> None:
    songs, general = local.discord.channel("songs"), local.discord.channel("general")
    async with local.bot() as app:
        first, second = [await told(local, "settings show") for _ in range(2)]
        await choose(local, first, Action.REQUESTS_CHANNEL, "channel", songs.id)
        await local.shows(first, f"In <#{songs.id}>")
        await choose(local, second, Action.REQUESTS_CHANNEL, "channel", general.id)
        await local.shows(second, SETTING_CHANGED, f"In <#{songs.id}>")
        assert (await settings_of(app, local)).requests_channel_id == songs.id
        await choose(local, second, Action.REQUESTS_CHANNEL, "channel", general.id)
        await local.shows(second, f"In <#{general.id}>")


async def test_another_number_is_typed_and_a_wrong_one_is_refused_in_the_panel(local: BotHarness) -> None:
    moderator = local.discord.member("Mo")
    async with local.bot() as app:
        panel = await told(local, "settings limits")
        for typed, said in (("7", "7 requests at a time"), ("0", "can't be 0"), ("x", "can't be chosen")):
            opened = await moderator.choose(panel, control(panel, Action.LIMITS, "active"), OTHER)
            await opened.acknowledged(timeout_s=LONG_S)
            sent = await moderator.submit_modal(opened, {labels.NUMBER_TITLE: typed})
            await sent.acknowledged(timeout_s=LONG_S)
            await local.shows(panel, said, "7 requests at a time")
        assert (await settings_of(app, local)).max_active == 7


async def test_the_limits_of_a_role_are_set_in_the_panel_and_end_there(local: BotHarness) -> None:
    role = local.discord.moderators
    limits = f"<@&{role.id}>: 5 requests at a time, no pause between requests"
    async with local.bot() as app:
        panel = await told(local, "settings limits")
        await go_to(local, panel, "credits", "role-limits")
        await local.shows(panel, f"{CHOSEN} {words.ROLE_LIMITS}: {words.NO_ROLE_LIMITS.capitalize()}")
        await choose(local, panel, "role-limits", "role", role.id)
        await local.shows(panel, confirmations.role_limits(role.id, None))
        await choose(local, panel, "role-limits", "active", 5)
        await local.shows(panel, f"<@&{role.id}>: 5 requests at a time")
        await choose(local, panel, "role-limits", "cooldown", 0)
        await local.shows(panel, limits)
        settings = await settings_of(app, local)
        assert settings.role_limits == {role.id: RoleLimits(max_active=5, cooldown_s=0)}
        assert settings.max_active is None
        opened = await told(local, "settings limits", role=role)
        assert f"{CHOSEN} {words.ROLE_LIMITS}: {limits}" in seen(opened)
        await local.discord.member("Mo").press(opened, labels.BACK_TO_DEFAULT)
        await local.shows(opened, words.NO_ROLE_LIMITS.capitalize())
        assert (await settings_of(app, local)).role_limits == {}


async def test_each_of_many_playlists_can_be_the_default(local: BotHarness) -> None:
    moderator, guild_id = local.discord.member("Mo"), local.discord.guild.id
    async with local.bot() as app:
        for number in range(30):
            by = Actor(interaction_id=number + 1, guild_id=guild_id, actor_id=moderator.user.id)
            await app.client.services.playlists.add(by, f"Radio {number:02}", str(UUID(int=number)))
        panel = await told(local, "settings show")
        await go_to(local, panel, "songs", Action.DEFAULT_PLAYLIST)
        for typed, said in (("radio 29", "Radio 29"), ("nothing", "No playlist is saved as “nothing”")):
            assert "Another one, of 6 more saved playlists..." in str(panel.components)
            opened = await moderator.choose(panel, control(panel, Action.DEFAULT_PLAYLIST, "name"), OTHER)
            await opened.acknowledged(timeout_s=LONG_S)
            await (await moderator.submit_modal(opened, {labels.PLAYLIST_HINT: typed})).acknowledged(
                timeout_s=LONG_S
            )
            await local.shows(panel, said)
        await choose(local, panel, Action.DEFAULT_PLAYLIST, "name", "Radio 00")
        await local.shows(panel, "Radio 00")
        assert (await settings_of(app, local)).default_playlist == "Radio 00"


async def test_the_period_of_everyone_is_asked_about_before_it_changes(local: BotHarness) -> None:
    async with local.bot() as app:
        panel = await told(local, "quota everyone")
        await choose(local, panel, Action.EVERYONE_ALLOWANCE, "period", "month")
        await local.shows(panel, "Change the period from a week to a month?")
        assert (await settings_of(app, local)).period is None
        await local.discord.member("Mo").press(panel, labels.DO_CHANGE)
        await local.shows(panel, "Everyone has 90 credits every month now.")
        asked = await told(local, "quota everyone", none=True)
        assert "Change the period from a month to a week?" in asked.content
        await local.discord.member("Mo").press(asked, labels.DO_CHANGE)
        await local.shows(asked, "back to the default")
        assert (await settings_of(app, local)).period is None


def commands_of(app: Application) -> Iterator[app_commands.Command]:  # type: ignore[type-arg] # of any cog
    for command in app.client.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield command


async def set_everything(local: BotHarness) -> None:
    general, role = local.discord.channel("general"), local.discord.moderators
    playlist = "00000000-0000-4000-8000-000000000000"
    commands: Mapping[str, Mapping[str, object]] = {
        "settings channel": {"channel": general},
        "settings results": {"channel": general, "prompts": "hide"},
        "settings model": {"model": "v40"},
        "settings approval": {"mode": "on", "channel": general},
        "settings log": {"channel": general},
        "settings showcase": {"channel": general, "loves": "5"},
        "settings limits": {"active": 2, "cooldown": 30},
        "quota everyone": {"credits": 60},
        "quota role": {"role": role, "credits": 120},
        "quota member": {"member": local.ada, "credits": 10},
        "quota budget": {"credits": 900},
        "playlists add": {"name": "Lo-fi", "playlist": playlist},
        "playlists default": {"name": "Lo-fi"},
    }
    for line, options in commands.items():
        await told(local, line, **as_options(options))


async def state_of(app: Application, local: BotHarness) -> tuple[object, ...]:
    """Return the settings, the number of decisions, and the credits of a member."""
    log = await app.client.services.allowances.audit_log(local.discord.guild.id)
    shown = await told(local, "quota show", member=local.ada)  # its text has the time
    return await settings_of(app, local), len(log), shown.now.embeds


async def test_commands_without_their_options_change_nothing(local: BotHarness) -> None:
    """Walk all commands of moderators with their required options alone, after everything was set."""
    required: Mapping[str, object] = {"member": local.ada, "role": local.discord.moderators}
    async with local.bot() as app:
        await set_everything(local)
        before, walked = await state_of(app, local), 0
        for command in commands_of(app):
            needed = {one.name for one in command.parameters if one.required}
            is_optional = len(needed) < len(command.parameters)
            if command.qualified_name.split()[0] in {"settings", "quota", "playlists"} and is_optional:
                given = as_options({name: required[name] for name in needed})
                await told(local, command.qualified_name, **given)
                walked += 1
        assert walked >= 13
        assert await state_of(app, local) == before


async def test_an_option_that_is_left_out_stays_and_none_stands_alone(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot() as app:
        await told(local, "settings limits", active=2, cooldown=30)
        await told(local, "settings limits", active=4)
        await told(local, "settings results", channel=general, prompts="hide")
        await told(local, "settings results", prompts="show")
        await told(local, "quota budget", credits=900)
        await told(local, "quota budget", period="day")
        settings = await settings_of(app, local)
        assert (settings.max_active, settings.cooldown_s) == (4, 30)
        assert (settings.results_channel_id, settings.prompts_hidden) == (general.id, False)
        assert settings.budget is not None
        assert (settings.budget.credits, settings.budget.period) == (900, "day")
        with_none: Mapping[str, Mapping[str, object]] = {
            "settings limits": {"active": 1},
            "settings log": {"channel": general},
            "quota budget": {"credits": 1},
            "quota role": {"role": local.discord.moderators, "credits": 1},
            "quota member": {"member": local.ada, "credits": 1},
        }
        for line, options in with_none.items():
            assert NONE_AND_VALUE in (await told(local, line, none=True, **as_options(options))).content
        assert await settings_of(app, local) == settings
        for line in ("settings limits", "settings results", "settings log", "quota budget"):
            await told(local, line, none=True)
        await told(local, "settings model", model="none")
        assert await settings_of(app, local) == GuildSettings()


async def fill_in(local: BotHarness, panel: Message, **filled: str | list[str]) -> None:
    """Open the form for several settings, fill it in by its fields' names in `words`, and send it."""
    moderator = local.discord.member("Mo")
    form = await moderator.press(panel, labels.SET_UP_FORM)
    await form.acknowledged(timeout_s=LONG_S)
    values = {getattr(words, f"SET_UP_{name.upper()}"): value for name, value in filled.items()}
    await (await moderator.submit_modal(form, values)).acknowledged(timeout_s=LONG_S)


async def test_one_form_sets_several_things_up_and_what_is_refused_holds_up_nothing(
    local: BotHarness,
) -> None:
    songs, role, guild = local.discord.channel("songs"), local.discord.moderators, local.discord.guild
    async with local.bot() as app:
        panel = await told(local, "settings show")
        both = [str(role.id), str(guild.id)]
        asked = {"amount": "1,500", "budget": "many", "words": "damn, *heck*"}
        await fill_in(local, panel, channel=[str(songs.id)], roles=both, **asked)
        refused = (f"**{words.ROLES}**: ", f"**{words.BUDGET}**: ")
        done = (confirmations.request_channel_set(songs.id), "allowance of 1,500", "2 words can't be in")
        await local.shows(panel, *done, *refused, f"{CHOSEN} {words.APPROVAL}")
        settings = GuildSettings(
            requests_channel_id=songs.id, roles={role.id: 1500}, words=("*heck*", "damn")
        )
        assert await settings_of(app, local) == settings
        log = await app.client.services.allowances.audit_log(guild.id)
        assert [one.action for one in log] == [Action.WORDS, Action.ROLE_ALLOWANCE, Action.REQUESTS_CHANNEL]
        await fill_in(local, panel)
        await local.shows(panel, words.NOTHING_FILLED_IN)
        await fill_in(local, panel, amount="150")
        await local.shows(panel, words.SET_UP_ROLES_AND_AMOUNT)
        assert await settings_of(app, local) == settings
