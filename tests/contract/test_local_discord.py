"""The unmodified discord.py against the local Discord; every answer is checked by Discord's schema."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox.discord import Fault, FaultKind, Limits, LocalDiscord, Permission, PickerError
from sandbox.discord.model.message import Origin
from sandbox.discord.schema import SchemaChecker
from tests.unit.sandbox_discord.sample_bot import Bot, Stop


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    checker = SchemaChecker()
    async with LocalDiscord(checker=checker, limits=Limits(identify_window_s=0)) as running:
        base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = running.api_url, yarl.URL(running.gateway_url)
        yield running
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
    assert checker.problems == []
    assert running.unimplemented == []


@asynccontextmanager
async def online(local: LocalDiscord) -> AsyncIterator[Bot]:
    bot = Bot()
    running = asyncio.create_task(bot.start(local.token))
    try:
        await local.wait_for(lambda: bot.is_ready() or running.done(), timeout_s=10)
        yield bot
    finally:
        await bot.close()
        await running


async def test_a_bot_logs_in_registers_commands_and_is_ready(local: LocalDiscord) -> None:
    async with online(local) as bot:
        assert [guild.name for guild in bot.guilds] == ["Songwriters"]
        assert {channel.name for channel in bot.guilds[0].text_channels} == {"general", "songs"}
        assert local.registrations() == 1
        await bot.tree.sync(guild=bot.guilds[0])
        assert local.registrations(local.guild) == 1


async def test_the_members_of_each_role_are_counted(local: LocalDiscord) -> None:
    async with online(local) as bot:
        counts = await bot.guilds[0].role_member_counts()
        assert {role.id: count for role, count in counts.items()} == {local.moderators.id: 1}


async def test_a_message_is_forwarded_to_another_channel(local: LocalDiscord) -> None:
    async with online(local) as bot:
        general, songs = (bot.get_channel(local.channel(name).id) for name in ("general", "songs"))
        assert isinstance(general, discord.TextChannel)
        assert isinstance(songs, discord.TextChannel)
        song = await general.send("a song", embed=discord.Embed(title="Quiet Harbour"))
        copy = await general.get_partial_message(song.id).forward(songs)
        (snapshot,) = copy.message_snapshots
        assert (snapshot.content, snapshot.embeds[0].title, copy.content) == ("a song", "Quiet Harbour", "")
        assert copy.reference is not None
        assert (copy.reference.message_id, copy.flags.forwarded) == (song.id, True)
        with pytest.raises(discord.HTTPException):
            await songs.send("look", reference=song.to_reference(type=discord.MessageReferenceType.forward))


async def test_a_command_is_answered_for_everybody_to_see(local: LocalDiscord) -> None:
    async with online(local):
        used = await local.member("Ada").slash("general", "hello", name="World")
        assert (await used.answer()).content == "Hello World"
        assert (used.answers, used.deferred, used.ephemeral) == (1, False, False)
        assert [message.content for message in local.member("Ben").sees("general")] == ["Hello World"]


async def test_a_deferral_is_filled_and_an_ephemeral_follow_up_is_seen_by_one(local: LocalDiscord) -> None:
    async with online(local):
        used = await local.member("Ada").slash("general", "late")
        assert (await used.answer()).content == "done"
        whisper = (await local.wait_for(lambda: used.followups))[0]
        assert [message.content for message in local.member("Ben").sees("general")] == ["done"]
        assert local.member("Ada").sees("general")[-1] is whisper
        assert [state.flags for state in (await used.answer()).states] == [128, 0]


async def test_a_command_without_an_answer_is_one_that_did_not_respond(local: LocalDiscord) -> None:
    async with online(local):
        used = await local.member("Ada").slash("general", "silent")
        with pytest.raises(AssertionError):
            await used.answer(timeout_s=0.05)
        assert used.answers == 0


async def test_a_dynamic_button_of_an_earlier_process_works(local: LocalDiscord) -> None:
    async with online(local):
        used = await local.member("Ada").slash("general", "start", number=7)
        message = await used.answer()
    async with online(local):
        pressed = await local.member("Ben").press(message, "Stop")
        assert (await pressed.answer()).content == "stopped 7"
        assert message.components == ()


async def test_a_modal_is_filled_in(local: LocalDiscord) -> None:
    async with online(local):
        asked = await local.member("Ada").slash("general", "ask")
        await asked.acknowledged()
        sent = await local.member("Ada").submit_modal(asked, {"Reason": "I can"})
        assert (await sent.answer()).content == "because I can"
        assert sent.ephemeral


async def test_a_modal_with_selects_is_filled_in(local: LocalDiscord) -> None:
    async with online(local):
        ada, ben = local.member("Ada"), local.member("Ben")
        asked = await ada.slash("general", "which")
        await asked.acknowledged()
        chosen = {"Singer": ben.id, "Fans": local.moderators.id, "Stage": local.channel("songs").id}
        values = {"Song": "a", "Words": "la la"} | {name: str(each) for name, each in chosen.items()}
        sent = await ada.submit_modal(asked, values)
        assert (await sent.answer()).content == "a ben Moderators songs la la"


async def test_a_message_command_is_told_of_the_message(local: LocalDiscord) -> None:
    async with online(local):
        said = await local.member("Ben").say("general", "la la")
        used = await local.member("Ada").use_on(said, "Repeat this")
        assert (await used.answer()).content == "Ben: la la"


async def test_autocomplete_offers_and_subcommands_take_members(local: LocalDiscord) -> None:
    async with online(local):
        ada, ben = local.member("Ada"), local.member("Ben")
        offered = await ada.autocomplete("general", "quota entry", name="d")
        assert [choice.value for choice in offered] == ["abd"]
        granted = await ada.slash("general", "quota grant", member=ben, amount=5)
        assert (await granted.answer()).content == "Ben +5"
        with pytest.raises(PickerError):
            await ada.slash("general", "quota grant", member=ben, amount=501)


async def test_files_replace_files_and_an_embed_shows_its_own(local: LocalDiscord) -> None:
    async with online(local):
        used = await local.member("Ada").slash("general", "files")
        message = await used.answer()
        await local.wait_for(lambda: len(message.states) == 2)
        first, second = message.states
        assert [(file.filename, file.content_type) for file in first.attachments] == [
            ("one.mp3", "audio/mpeg"),
            ("cover.png", "image/png"),
        ]
        assert [(file.filename, file.content) for file in second.attachments] == [("two.mp3", b"two")]


async def test_a_result_with_two_embeds_files_and_buttons_mentions_one_person(local: LocalDiscord) -> None:
    async with online(local) as bot:
        ada, songs = local.member("Ada"), local.channel("songs")
        embeds = [
            discord.Embed(title=title, url=f"https://example.org/{title}", color=0x00AA00)
            .set_image(url=f"attachment://{title}.png")
            .add_field(name="Duration", value="2:05")
            for title in ("one", "two")
        ]
        names = ("one.mp3", "two.mp3", "one.png", "two.png")
        view = discord.ui.View(timeout=None).add_item(Stop(1))
        sent = await bot.get_partial_messageable(songs.id).send(
            f"<@{ada.id}> @everyone",
            embeds=embeds,
            files=[discord.File(io.BytesIO(name.encode()), name) for name in names],
            view=view.add_item(discord.ui.Button(label="Listen", url="https://example.org/a")),
            allowed_mentions=discord.AllowedMentions(everyone=False, users=[discord.Object(ada.id)]),
        )
        message = songs.messages[0]
        assert message.pinged == {ada.id}
        assert [file.filename for file in sent.attachments] == ["one.mp3", "two.mp3"]
        assert [embed.image.url for embed in sent.embeds] == [file.url for file in message.attachments[2:]]
        await sent.edit(attachments=sent.attachments[:1], embeds=sent.embeds)
        assert [file.filename for file in message.listed_attachments] == ["one.mp3"]
        await sent.reply("a reply")
        history = [each.content async for each in bot.get_partial_messageable(songs.id).history()]
        assert history[0] == "a reply"


async def test_a_client_without_a_gateway_edits_by_bot_token(local: LocalDiscord) -> None:
    async with online(local) as bot:
        songs = local.channel("songs")
        sent = await bot.get_partial_messageable(songs.id).send("first")
    async with discord.Client(intents=discord.Intents.none()) as worker:
        await worker.login(local.token)
        await worker.get_partial_messageable(songs.id).get_partial_message(sent.id).edit(content="second")
    assert [state.content for state in songs.messages[0].states] == ["first", "second"]


async def test_discord_py_waits_out_a_429_and_a_nonce_survives_a_reset(local: LocalDiscord) -> None:
    async with online(local) as bot:
        channel = bot.get_partial_messageable(local.channel("songs").id)
        local.faults.add(Fault(kind=FaultKind.RATE_LIMITED, on="POST /channels/*", after_s=0.01))
        local.faults.add(Fault(kind=FaultKind.RESET_AFTER, on="POST /channels/*"))
        with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
            await channel.send("once", nonce="r1")
        await channel.send("once", nonce="r1")
        assert len(local.channel("songs").messages) == 1
        posts = [each for each in local.requests if each.method == "POST" and "messages" in each.route]
        assert [(each.status, each.fault) for each in posts] == [
            (429, "rate limited"),
            (200, "reset after"),
            (200, ""),
        ]


async def test_a_repeated_nonce_finds_the_first_message(local: LocalDiscord) -> None:
    async with online(local) as bot:
        channel = bot.get_partial_messageable(local.channel("songs").id)
        first = await channel.send("once", nonce="r1")
        second = await channel.send("once", nonce="r1")
        assert first.id == second.id
        assert len(local.channel("songs").messages) == 1


async def test_a_dropped_gateway_is_resumed_without_losing_an_interaction(local: LocalDiscord) -> None:
    async with online(local) as bot:
        local.gateway.drop()
        used = await local.member("Ada").slash("general", "hello", name="again")
        assert (await used.answer(timeout_s=10)).content == "Hello again"
        assert (local.gateway.identifies, local.gateway.resumes) == (1, 1)
        await local.wait_for(lambda: bot.resumes)


async def test_an_invalid_session_leads_to_a_new_one(local: LocalDiscord) -> None:
    async with online(local):
        local.gateway.invalidate()
        await local.wait_for(lambda: local.gateway.identifies == 2 and local.gateway.connected, timeout_s=10)
        used = await local.member("Ada").slash("general", "hello", name="you")
        assert (await used.answer()).content == "Hello you"


async def test_a_hidden_channel_refuses_the_bot_token_but_not_the_interaction(local: LocalDiscord) -> None:
    async with online(local) as bot:
        channel = local.channel("general")
        used = await local.member("Ada").slash(channel, "hello", name="A")
        message = await used.answer()
        partial = bot.get_partial_messageable(channel.id).get_partial_message(message.id)
        await partial.edit(content="by bot token")
        local.disruptions.hide(channel)
        with pytest.raises(discord.Forbidden) as refused:
            await partial.edit(content="no")
        assert refused.value.code == 50001
        assert (
            await (await local.member("Ada").slash(channel, "hello", name="B")).answer()
        ).content == "Hello B"
        origins = [state.origin for state in message.states]
        assert origins == [Origin.INTERACTION, Origin.BOT]
        local.disruptions.allow(channel, Permission.VIEW_CHANNEL)
        await partial.edit(content="again")


async def test_a_dead_interaction_token_is_refused_with_50027(local: LocalDiscord) -> None:
    async with online(local) as bot:
        used = await local.member("Ada").slash("general", "hello", name="A")
        message = await used.answer()
        webhook = discord.Webhook.partial(local.application_id, used.interaction.token, client=bot)
        await webhook.edit_message(message.id, content="in time")
        local.disruptions.end_token(used)
        with pytest.raises(discord.HTTPException) as refused:
            await webhook.edit_message(message.id, content="late")
        assert (refused.value.status, refused.value.code) == (401, 50027)
        assert local.requests[-1].used_dead_token


async def test_a_direct_message_arrives_unless_it_is_closed(local: LocalDiscord) -> None:
    async with online(local) as bot:
        ada = local.member("Ada")
        user = await bot.fetch_user(ada.id)
        await user.send("psst")
        assert [message.content for message in ada.direct_messages] == ["psst"]
        local.disruptions.close_direct_messages(ada)
        with pytest.raises(discord.Forbidden) as refused:
            await user.send("psst")
        assert refused.value.code == 50007


async def test_a_wrong_token_does_not_log_in(local: LocalDiscord) -> None:
    async with discord.Client(intents=discord.Intents.none()) as client:
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")


async def test_a_privileged_intent_that_is_not_switched_on_closes_with_4014(local: LocalDiscord) -> None:
    async with discord.Client(intents=discord.Intents(guilds=True, members=True)) as client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(local.token)
