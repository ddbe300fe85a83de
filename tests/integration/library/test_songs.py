import asyncio

from bot.chat.buttons.pages import SIGNS, Step
from bot.chat.delivery.song_files import AT_ONCE
from bot.chat.delivery.status_message import TITLES
from bot.chat.text.labels import MENU, REMOVE
from bot.chat.text.moderator_errors import NO_SUCH_SONG
from bot.chat.text.songs import NO_FILE, NO_SONGS, NOTHING_LOVED, no_songs_of
from bot.domain.requests import State
from bot.services.library.songs import PAGE
from cogs.songs import Songs
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.effects import MediaFault
from sandbox.cqtai.faults import Fault, Phase
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entries, text
from tests.harness.bot import LONG_S, ROOMY, BotHarness
from tests.harness.message_readers import labels, links, listen_links, seen
from tests.integration.engines import on_both

pytestmark = on_both


async def asked(local: BotHarness, command: str, who: str = "Ada", **options: object) -> Message:
    member = local.discord.member(who)
    used = await member.slash("songs", f"songs {command}", past_picker=False, **options)
    return await used.answer(timeout_s=LONG_S)


async def made(local: BotHarness, who: str, count: int, playlist: str = PLAYLISTS[0].id) -> None:
    for _ in range(count):
        await local.shows(await local.place(who, playlist=playlist), TITLES[State.DELIVERED])


async def loved(local: BotHarness, result: Message, *members: str, clip: int = 1) -> None:
    for who in members:
        heart = next(label for label in labels(result) if label.startswith(f"♥ {clip}"))
        press = await local.discord.member(who).press(result, heart)
        await press.acknowledged(timeout_s=LONG_S)


async def test_songs_are_listed_by_the_page_newest_first_also_after_a_restart(local: BotHarness) -> None:
    local.discord.state.limits = ROOMY
    async with local.bot(default_allowance=900, max_active_per_member=PAGE):
        assert NO_SONGS in seen(await asked(local, "list"))
        await asyncio.gather(*(made(local, "Ada", 1) for _ in range(PAGE)))
        await made(local, "Ben", 1, PLAYLISTS[1].id)
        newest = local.results()[-1]
        message = await asked(local, "list")
        assert message.ephemeral
        first = str(message.embeds[0]["description"]).splitlines()[0]
        where = f"https://discord.com/channels/{local.discord.guild.id}/{newest.channel_id}/{newest.id}"
        assert where in first
        assert f"<@{local.discord.member('Ben').id}>" in first
        assert labels(message) == list(SIGNS.values())
        bens = await asked(local, "list", member=local.discord.member("Ben"))
        assert seen(bens).count("https://discord.com/") == 1
        assert labels(bens) == []
        nobody = await asked(local, "list", member=local.discord.member("Mo"))
        assert no_songs_of(local.discord.member("Mo").id) in seen(nobody)
    async with local.bot():
        await local.ada.press(message, SIGNS[Step.ON])
        await local.shows(message, f"Page 2 of 2 · {PAGE + 1} in all")
        assert seen(message).count("https://discord.com/") == 1
        await local.ada.press(message, SIGNS[Step.FIRST])
        await local.shows(message, "Page 1 of 2", where)
        await local.ada.press(message, SIGNS[Step.LAST])
        await local.shows(message, "Page 2 of 2")
        await local.ada.press(message, SIGNS[Step.FIRST])
        await local.shows(message, "Page 1 of 2", where)


async def test_the_best_songs_are_those_that_most_members_love(local: BotHarness) -> None:
    async with local.bot(default_allowance=900):
        await made(local, "Ada", 4)
        assert NOTHING_LOVED in seen(await asked(local, "top", period="week"))
        one, two, three, _ = local.results()
        await loved(local, one, "Ben")
        await loved(local, one, "Ben", clip=2)
        await loved(local, two, "Ben")
        await loved(local, three, "Ben", "Mo")
        for period in ("day", "week", "month", "all"):
            message = await asked(local, "top", period=period)
            lines = [line for line in seen(message).splitlines() if "♥" in line]
            assert "**♥ 2** · " in lines[0]
            for result, line in zip((three, two, one), lines, strict=True):
                assert str(result.id) in line
        question = await (await local.ada.press(three, MENU)).answer(timeout_s=LONG_S)
        await (await local.ada.press(question, REMOVE)).acknowledged(timeout_s=LONG_S)
        await local.shows(question, "for everyone?")
        await local.ada.press(question, REMOVE)
        await local.discord.wait_for(lambda: three.deleted, timeout_s=LONG_S)
        assert "♥ 2" not in seen(await asked(local, "top"))


async def test_a_song_is_found_by_its_title_and_shown_to_everybody(local: BotHarness) -> None:
    async with local.bot():
        await made(local, "Ada", 1)
        (result,) = local.results()
        title = str(result.embeds[0]["title"]).removeprefix("1 · ").replace("\\", "")
        await loved(local, result, "Ben")
        ben = local.discord.member("Ben")
        assert await ben.autocomplete("songs", "songs show", song="no such title", timeout_s=LONG_S) == []
        (choice,) = await ben.autocomplete("songs", "songs show", song=title[1:4].upper(), timeout_s=LONG_S)
        assert choice.name.startswith(f"{title} · 20")
        message = await asked(local, "show", "Ben", song=choice.value)
        assert not message.ephemeral
        assert labels(message)[:2] == ["♥ 1 · 1", "♥ 2 · 0"]
        assert [embed["url"] for embed in message.embeds] == [embed["url"] for embed in result.embeds]
        assert labels(message) == labels(result)
        assert listen_links(message) == listen_links(result)
        assert message.pinged == frozenset()
        for text in ("Night", "1" * 18, "9" * 20):
            refusal = await asked(local, "show", "Ben", song=text)
            assert refusal.ephemeral
            assert NO_SUCH_SONG in refusal.content


def files(message: Message) -> list[tuple[str, bytes]]:
    return [(file.filename, file.content) for file in message.attachments]


async def shown_again(local: BotHarness, result: Message) -> Message:
    """Show a song again; the answer comes in place of its deferral."""
    number = text(entries(result.components[-1], "components")[0], "custom_id").split(":")[1]
    used = await local.discord.member("Ben").slash("songs", "songs show", past_picker=True, song=number)
    message = await used.answer(timeout_s=LONG_S)
    assert (message.ephemeral, used.answers, used.refused, used.followups) == (False, 1, [], [])
    return message


async def test_a_song_shown_again_has_the_files_of_its_first_post(local: BotHarness) -> None:
    async with local.bot():
        await made(local, "Ada", 1)
        (result,) = local.results()
        local.provider.faults.add(Fault(Phase.AUDIO, MediaFault.MISSING, times=None))
        message = await shown_again(local, result)
        assert len(files(message)) == 2
        assert files(message) == files(result)
        assert [file.description for file in message.attachments] == [
            file.description for file in result.attachments
        ]
        again = await shown_again(local, result)
        assert files(again) == files(result)


async def test_without_its_first_post_a_song_has_the_providers_files_or_none(
    local: BotHarness,
) -> None:
    async with local.bot():
        await made(local, "Ada", 1)
        (result,) = local.results()
        kept = files(result)
        local.discord.disruptions.delete_message(result)
        assert files(await shown_again(local, result)) == kept
        local.provider.faults.add(Fault(Phase.AUDIO, MediaFault.MISSING, times=None))
        message = await shown_again(local, result)
        assert files(message) == []
        assert NO_FILE in message.content
        assert len(links(message)) == 2


async def test_while_too_many_songs_are_shown_again_the_next_one_has_its_links(local: BotHarness) -> None:
    local.hurry({"chat.files_s": 0.1})
    async with local.bot() as app:
        await made(local, "Ada", 1)
        cog = app.client.get_cog("Songs")
        assert isinstance(cog, Songs)
        for _ in range(AT_ONCE):
            await cog.files.slots.acquire()
        message = await shown_again(local, local.results()[0])
        assert files(message) == []
        assert len(links(message)) == 2


async def test_where_no_files_are_attached_a_song_is_shown_again_without_them(local: BotHarness) -> None:
    async with local.bot(attach_audio=False):
        await made(local, "Ada", 1)
        message = await shown_again(local, local.results()[0])
        assert files(message) == []
        assert len(links(message)) == 2


async def test_a_song_of_a_private_channel_is_not_listed_for_everybody(local: BotHarness) -> None:
    guild, moderators = local.discord.guild, local.discord.moderators
    secret = local.discord.add.channel(guild, name="secret", only_for=(moderators,))
    thread = local.discord.add.thread(secret, name="aside", owner=local.discord.member("Mo").user)
    mo = local.discord.member("Mo")
    async with local.bot(default_allowance=900):
        for place in (secret, thread):
            placed = await mo.slash(place, "inspire", playlist=PLAYLISTS[0].id)
            await local.shows(await placed.answer(timeout_s=LONG_S), TITLES[State.DELIVERED])
        songs = [message for message in secret.messages if "♥ 1 · 0" in labels(message)]
        await loved(local, songs[0], "Ben")
        (choice, _) = await mo.autocomplete("songs", "songs show", song="", timeout_s=LONG_S)
        assert await local.ada.autocomplete("songs", "songs show", song="", timeout_s=LONG_S) == []
        for command, count in (("list", 2), ("top", 1)):
            assert seen(await asked(local, command, "Mo")).count("https://discord.com/") == count
            assert "https://discord.com/" not in seen(await asked(local, command))
        refusal = await asked(local, "show", song=choice.value)
        assert NO_SUCH_SONG in refusal.content
        assert not (await asked(local, "show", "Mo", song=choice.value)).ephemeral
