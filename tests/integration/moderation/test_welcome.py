"""The welcome in a server that the bot joins, as its members see it."""

import pytest

from bot.chat.delivery.welcome_message import AS_BEFORE, HELLO, HELLO_AGAIN, WHAT
from bot.chat.messages.settings import CHOSEN
from bot.chat.text import labels
from bot.chat.text.panel import REQUESTS
from sandbox.discord.model.permissions import PLAIN, Permission
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.moderation.test_quota import UNTOUCHED, told

pytestmark = on_both


async def test_a_server_is_welcomed_once_and_set_up_from_there(local: BotHarness) -> None:
    guild = local.discord.guild
    local.discord.disruptions.remove_bot(guild)
    async with local.bot():
        local.discord.disruptions.invite_bot(guild)
        hello = await local.result("general")
        assert HELLO in seen(hello)
        assert WHAT in seen(hello)
        assert "A song costs 30 credits; everyone has 90 credits every week, which is 3 songs." in seen(hello)
        refused = await (await local.ada.press(hello, labels.SET_UP)).answer(timeout_s=LONG_S)
        assert (refused.ephemeral, refused.content) == (True, UNTOUCHED)
    async with local.bot():
        opened = await local.discord.member("Mo").press(hello, labels.SET_UP)
        panel = await opened.answer(timeout_s=LONG_S)
        assert panel.ephemeral
        assert f"{CHOSEN} {REQUESTS}" in seen(panel)
        assert [one.id for one in local.results("general")] == [hello.id]


async def test_a_server_that_the_bot_returns_to_has_everything_as_before(local: BotHarness) -> None:
    guild = local.discord.guild
    async with local.bot():
        await told(local, "quota everyone", credits=60)
        assert local.results("general") == [], "it was there before"
        local.discord.disruptions.remove_bot(guild)
    local.discord.disruptions.invite_bot(guild)
    async with local.bot():
        hello = await local.result("general")
        assert HELLO_AGAIN in seen(hello)
        assert AS_BEFORE in seen(hello)
        assert "everyone has 60 credits" in seen(hello)


async def test_a_server_that_the_bot_was_added_to_before_its_first_start_is_welcomed_once(
    local: BotHarness,
) -> None:
    local.discord.disruptions.remove_bot(local.discord.guild)
    local.discord.disruptions.invite_bot(local.discord.guild)
    for _ in range(2):
        async with local.bot():
            assert HELLO in seen(await local.result("general"))
            await told(local, "quota everyone", credits=60)
    assert len(local.results("general")) == 1


@pytest.mark.parametrize("is_seen", [True, False])
async def test_without_a_channel_the_one_who_added_the_bot_reads_it(
    local: BotHarness, caplog: pytest.LogCaptureFixture, *, is_seen: bool
) -> None:
    guild = local.discord.guild
    local.discord.disruptions.remove_bot(guild)
    for channel in guild.channels.values():
        local.discord.disruptions.deny(channel, Permission.SEND_MESSAGES)
    mo = local.discord.member("Mo")
    caplog.set_level("INFO", "bot.services.delivery.welcome_message")
    local.discord.disruptions.invite_bot(guild, by=mo)
    if is_seen:
        role = local.discord.add.role(guild, name="Bots", permissions=PLAIN | Permission.VIEW_AUDIT_LOG)
        local.discord.add.assign(guild.members[local.discord.application_id], roles=(role,))
    async with local.bot():
        if is_seen:
            await local.discord.wait_for(lambda: mo.direct_messages, timeout_s=LONG_S)
            (message,) = mo.direct_messages
            assert "/settings show" in seen(message)
            assert not message.components
        else:
            await local.discord.wait_for(lambda: "nobody is told" in caplog.text, timeout_s=LONG_S)
    others = [local.discord.member(name) for name in ("Odile", "Mo", "Ada")]
    assert sum(len(one.direct_messages) for one in others) == is_seen


async def test_a_server_that_is_not_served_is_not_welcomed(local: BotHarness) -> None:
    guild = local.discord.guild
    local.discord.disruptions.remove_bot(guild)
    async with local.bot(allowed_guild_ids=[guild.id + 1]) as app:
        local.discord.disruptions.invite_bot(guild)
        await local.discord.wait_for(lambda: app.client.get_guild(guild.id) is not None, timeout_s=LONG_S)
    async with local.bot(allowed_guild_ids=[guild.id + 1]):
        pass
    assert local.results("general") == []
