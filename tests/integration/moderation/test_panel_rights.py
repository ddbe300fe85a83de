"""Forged uses of the panel: by members, by strangers to the message, and by former moderators."""

from collections.abc import Iterator

from bot.app import Application
from bot.chat.panel import SETTINGS
from bot.chat.panel.setting import OTHER
from bot.chat.text import labels
from bot.chat.text import panel as words
from bot.domain.audit import Action
from bot.domain.guild_settings import Budget, GuildSettings
from bot.domain.quotas import Period
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import Payload, entries, text
from sandbox.discord.people.person import Person
from sandbox.discord.rules.components import BUTTON
from sandbox.discord.rules.selects import CHANNEL_SELECT, ROLE_SELECT
from tests.harness.bot import LONG_S, BotHarness
from tests.integration.moderation.test_panel import control, go_to, settings_of
from tests.integration.moderation.test_quota import UNTOUCHED, settle, told

PAGES = [(page, setting) for page, settings in SETTINGS.items() for setting in settings]


def items(panel: Message) -> list[Payload]:
    """Return the panel's buttons that can be pressed, and its selects."""
    return [one for row in panel.components for one in entries(row, "components") if not one.get("disabled")]


def choices(local: BotHarness, item: Payload) -> Iterator[str]:
    """Yield everything that a modified client could choose in the select, one at a time."""
    if item["type"] == CHANNEL_SELECT:
        yield str(local.discord.channel("songs").id)
    elif item["type"] == ROLE_SELECT:
        yield str(local.discord.moderators.id)
    else:
        yield from (text(one, "value") for one in entries(item, "options"))


async def try_all(local: BotHarness, who: Person, panel: Message) -> int:
    """Use every item of the panel, and see each refused; return how many uses there were."""
    panel.visible_to = who.id  # a modified client can name a message that its user does not see
    tried = 0
    for item in items(panel):
        custom_id = text(item, "custom_id")
        if item["type"] == BUTTON:
            used = [await who.press(panel, custom_id)]
        else:
            used = [await who.choose(panel, custom_id, value) for value in choices(local, item)]
        for one in used:
            answer = await one.answer(timeout_s=LONG_S)
            assert (answer.ephemeral, answer.content) == (True, UNTOUCHED), custom_id
        tried += len(used)
    return tried


async def everything_set(app: Application, local: BotHarness) -> None:
    place = local.discord.channel("general").id
    budget = Budget(credits=900, period=Period.DAY, opened_in="")
    await settle(
        app,
        local,
        requests_channel_id=place,
        results_channel_id=place,
        showcase_channel_id=place,
        log_channel_id=place,
        approval_channel_id=place,
        roles={local.discord.moderators.id: 60},
        budget=budget,
        model="v40",
        max_active=2,
        allowance=10,
    )


async def test_forged_uses_of_the_panel_change_nothing(local: BotHarness) -> None:
    moderator = local.discord.member("Mo")
    rank = list(moderator.member.role_ids)
    async with local.bot() as app:
        await everything_set(app, local)
        before, tried = await settings_of(app, local), 0
        for page, setting in PAGES:
            moderator.member.role_ids[:] = rank
            panel = await told(local, "settings show")
            await go_to(local, panel, page, setting.key)
            moderator.member.role_ids.clear()
            for who in (local.ada, local.discord.member("Ben"), moderator):
                tried += await try_all(local, who, panel)
        assert tried >= 154
        assert await settings_of(app, local) == before
        log = await app.client.services.allowances.audit_log(local.discord.guild.id)
        assert list(log) == []


async def test_a_former_moderators_form_changes_nothing(local: BotHarness) -> None:
    moderator = local.discord.member("Mo")
    async with local.bot() as app:
        panel = await told(local, "settings limits")
        opened = await moderator.choose(panel, control(panel, Action.LIMITS, "active"), OTHER)
        await opened.acknowledged(timeout_s=LONG_S)
        several = await moderator.press(panel, labels.SET_UP_FORM)
        await several.acknowledged(timeout_s=LONG_S)
        moderator.member.role_ids.clear()
        for form, typed in ((opened, {labels.NUMBER_TITLE: "9"}), (several, {words.SET_UP_BUDGET: "9"})):
            sent = await moderator.submit_modal(form, typed)
            assert (await sent.answer(timeout_s=LONG_S)).content == UNTOUCHED
        assert await settings_of(app, local) == GuildSettings()
