import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.errors import ASK_FOR_CHANNEL, CHOOSE_CHANNEL
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import FORUM_CHANNEL, STAGE_CHANNEL, VOICE_CHANNEL, Channel
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.moderation.test_quota import told

READY = TITLES[State.DELIVERED]


def made(local: BotHarness, kind: int, name: str) -> Channel:
    return local.discord.add.channel(local.discord.guild, name=name, kind=kind)


def thread_in(local: BotHarness, parent: Channel, name: str) -> Channel:
    return local.discord.add.thread(parent, name=name, owner=local.ada.user)


async def test_a_deleted_channel_is_said_to_be_so_with_what_a_moderator_can_do(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    only = made(local, 0, "only-songs")
    async with local.bot():
        await told(local, "settings channel", channel=only)
        await told(local, "settings log", channel=only)
        local.discord.disruptions.hide(only)
        with subtests.test("hidden from the bot"):
            refused = await (await local.order()).answer(timeout_s=LONG_S)
            assert f"<#{only.id}>" in refused.content
        local.discord.disruptions.delete_channel(only)
        for who, says in (("Ada", ASK_FOR_CHANNEL), ("Mo", CHOOSE_CHANNEL)):
            with subtests.test(who):
                refused = await (await local.order(who)).answer(timeout_s=LONG_S)
                assert refused.ephemeral
                assert "was deleted" in refused.content
                assert says in refused.content
                assert f"<#{only.id}>" not in refused.content
        assert seen(await told(local, "settings show")).count("In a deleted channel") == 2
        await told(local, "settings channel", none=True)
        await local.shows(await local.place(), READY)


async def test_songs_are_asked_for_and_posted_in_forums_threads_and_voice_chats(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    forum = made(local, FORUM_CHANNEL, "songs-forum")
    voice, bot = made(local, VOICE_CHANNEL, "lounge"), made(local, STAGE_CHANNEL, "on-stage")
    post = thread_in(local, forum, "my-songs")
    thread = thread_in(local, local.discord.channel("songs"), "a-thread")
    async with local.bot(default_allowance=9_000, max_active_per_member=9):
        assert "doesn't fit" in (await told(local, "settings results", channel=forum, past=True)).content
        await told(local, "settings channel", channel=forum)
        with subtests.test("elsewhere"):
            refused = await (await local.order()).answer(timeout_s=LONG_S)
            assert f"<#{forum.id}>" in refused.content
        for place in (post, thread, voice, bot):
            with subtests.test(place.name):
                await told(local, "settings channel", channel=place)
                asked = await local.ada.slash(place, "inspire", playlist=PLAYLISTS[0].id)
                await local.shows(await asked.answer(timeout_s=LONG_S), READY)
        await told(local, "settings channel", none=True)
        for place in (post, thread, voice, bot):
            with subtests.test(f"posted in {place.name}"):
                before = len(place.messages)
                assert f"<#{place.id}>" in (await told(local, "settings results", channel=place)).content
                await local.shows(await local.place(), READY)
                assert len(place.messages) == before + 1
        local.discord.disruptions.deny(voice, Permission.CONNECT)
        assert "Connect" in (await told(local, "settings results", channel=voice)).content


async def test_a_thread_that_the_bot_was_not_told_of_can_be_chosen(local: BotHarness) -> None:
    songs = local.discord.channel("songs")
    archived = thread_in(local, songs, "archived")
    local.discord.disruptions.archive(archived)
    async with local.bot() as app:
        assert app.client.get_channel(archived.id) is None
        await told(local, "settings channel", channel=archived)
        refused = await (await local.order()).answer(timeout_s=LONG_S)
        assert f"<#{archived.id}>" in refused.content
        assert "deleted" not in refused.content
        assert f"<#{archived.id}>" in seen(await told(local, "settings show"))
