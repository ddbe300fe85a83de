"""The welcome in a server that the bot joins, as its members see it."""

from bot.chat.delivery.welcome_message import AS_BEFORE, HELLO, HELLO_AGAIN, WHAT
from bot.chat.messages.settings import CHOSEN
from bot.chat.text import labels
from bot.chat.text.panel import REQUESTS
from sandbox.discord.model.permissions import Permission
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


async def test_without_a_channel_the_owner_reads_it(local: BotHarness) -> None:
    guild = local.discord.guild
    local.discord.disruptions.remove_bot(guild)
    for channel in guild.channels.values():
        local.discord.disruptions.deny(channel, Permission.SEND_MESSAGES)
    async with local.bot():
        local.discord.disruptions.invite_bot(guild)
        owner = next(
            person
            for name in ("Odile", "Mo", "Ada")
            if (person := local.discord.member(name)).id == guild.owner_id
        )
        await local.discord.wait_for(lambda: owner.direct_messages, timeout_s=LONG_S)
        (message,) = owner.direct_messages
        assert "/settings show" in seen(message)
        assert not message.components


async def test_a_server_that_is_not_served_is_not_welcomed(local: BotHarness) -> None:
    guild = local.discord.guild
    local.discord.disruptions.remove_bot(guild)
    async with local.bot(allowed_guild_ids=[guild.id + 1]) as app:
        local.discord.disruptions.invite_bot(guild)
        await local.discord.wait_for(lambda: app.client.get_guild(guild.id) is not None, timeout_s=LONG_S)
    async with local.bot(allowed_guild_ids=[guild.id + 1]):
        pass
    assert local.results("general") == []
