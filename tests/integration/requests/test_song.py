import json
import re
from io import BytesIO
from pathlib import Path

import aiohttp
from mutagen.id3 import ID3

from bot.chat.delivery.status_message import ONE_CLIP_READY, TITLES
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.payloads import entry, text
from sandbox.discord.people.person import Person
from sandbox.discord.people.transcript import transcript
from tests.harness.bot import LONG_S, BotHarness, bot
from tests.harness.message_readers import SONG_LINK, fields, links, seen, song_link, title, titles
from tests.integration.engines import on_both

pytestmark = on_both

PLAYLIST = PLAYLISTS[0].id
CLIP = "0a64b8a1-9fb5-4a6c-8a3c-3f9d5a0c9b11"
PERSONA = "7d1c2e7e-52de-4f0a-b0bb-d6f2d7c0a3aa"


async def test_a_member_places_a_song_and_gets_both_clips(local: BotHarness) -> None:
    async with local.bot():
        status = await local.place()
        result = await local.result()
        await local.shows(status, TITLES[State.DELIVERED])
    assert len(result.shown_embeds) == len(result.listed_attachments) == 2
    assert "Ada used /inspire" in transcript(local.discord.channel("songs"), seen_by=local.ada)
    assert local.provider.credits.spent == 30
    assert len(local.provider.tasks) == 1
    assert [request for request in local.discord.requests if request.status >= 400] == []


async def test_without_options_the_provider_gets_what_its_page_requires_and_no_more(
    local: BotHarness,
) -> None:
    async with local.bot():
        await local.place(playlist=f"https://suno.com/playlist/{PLAYLIST.upper()}?share=1")
        await local.result()
    (submission,) = local.submissions
    assert submission.path == "/api/cqt/generator/suno"
    assert json.loads(submission.body) == {"task": "inspiration", "model": "v55", "playlistId": PLAYLIST}


async def test_every_option_reaches_the_provider_under_its_name(local: BotHarness) -> None:
    async with local.bot():
        asked = await local.order(
            prompt="  warm, slow  ",
            model="v45+",
            style_weight=0.65,
            audio_weight=0,
            weirdness=1,
            persona=f"https://suno.com/persona/{PERSONA}",
            artist_clip=f"https://suno.com/song/{CLIP}",
        )
        await asked.answer(timeout_s=LONG_S)
        await local.result()
    assert json.loads(local.submissions[0].body) == {
        "task": "inspiration",
        "model": "v45+",
        "playlistId": PLAYLIST,
        "prompt": "warm, slow",
        "styleWeight": 0.65,
        "audioWeight": 0,
        "weirdnessConstraint": 1,
        "personaId": PERSONA,
        "artistClipId": CLIP,
    }


async def test_models_are_offered_and_taken_by_name(local: BotHarness) -> None:
    async with local.bot():
        mo = local.discord.member("Mo")
        asked = await mo.slash("songs", "settings model", past_picker=True, model="v45+")
        await asked.answer(timeout_s=LONG_S)
        choices = await local.ada.autocomplete("songs", "inspire", model="", timeout_s=LONG_S)
        assert [choice.name for choice in choices] == [
            "v5.5 (newest)",
            "v5",
            "v4.5+ (usual here)",
            "v4.5",
            "v4",
        ]
        choices = await local.ada.autocomplete("songs", "inspire", model="no such", timeout_s=LONG_S)
        assert len(choices) == 5
        status = await local.place(model=" V5 ")
        await local.result()
        assert "v5 · 30 credits" in seen(status)
        answer = await (await local.order(model="v9")).answer(timeout_s=LONG_S)
        assert "Choose one of `v5.5`, `v5`," in answer.content
    assert json.loads(local.submissions[0].body)["model"] == "v50"


async def test_one_status_message_moves_through_its_states_and_links_to_the_result(
    tmp_path: Path, database: str
) -> None:
    async with bot(tmp_path, database_url=database, status_edit_min_s=0.1) as local, local.bot():
        local.song_takes(1.0)
        status = await local.place()
        result = await local.result()
        await local.shows(status, TITLES[State.DELIVERED], SONG_LINK)
    assert len(titles(status)) >= 3
    assert titles(status)[-1] == TITLES[State.DELIVERED]
    with_first_clip = [state for state in status.states if ONE_CLIP_READY in str(state.embeds)]
    listen = f"/media/{local.provider.tasks[0].song.clips[0].id}.mp3"
    assert with_first_clip
    assert all(listen in str(state.components) for state in with_first_clip)
    edits = [request for request in local.discord.requests if request.method == "PATCH"]
    assert 2 <= len(edits) == len(status.states) - 1 <= 8
    where = f"https://discord.com/channels/{local.discord.guild.id}/{result.channel_id}/{result.id}"
    assert song_link(status) == where
    assert status.embeds == ()


async def test_the_result_says_what_there_is_to_know_of_each_clip(local: BotHarness) -> None:
    async with local.bot():
        await local.place()
        result = await local.result()
    song = local.provider.tasks[0].song
    for number, (embed, clip) in enumerate(zip(result.shown_embeds, song.clips, strict=True), 1):
        whole, seconds = divmod(int(clip.duration_s), 60)
        assert re.sub(r"\\(.)", r"\1", text(embed, "title")) == f"{number} · {clip.title}"
        assert text(embed, "url") == f"https://suno.com/song/{clip.id}"
        assert text(entry(embed, "thumbnail"), "url") == f"{local.provider.origin}/media/image_{clip.id}.jpeg"
        listen = f"[listen](<{local.provider.origin}/media/{clip.id}.mp3>)"
        assert text(embed, "description") == f"{whole}:{seconds:02} · {clip.tags} · {listen}"
    assert links(result) == {}


async def test_both_files_are_attached_as_served_with_their_tags_in_front(
    local: BotHarness,
) -> None:
    async with local.bot(), aiohttp.ClientSession() as session:
        await local.place()
        result = await local.result()
        for clip, file in zip(local.provider.tasks[0].song.clips, result.attachments, strict=True):
            async with session.get(f"{local.provider.origin}/media/{clip.id}.mp3") as served:
                assert file.content.endswith(await served.read())
            assert file.filename.endswith(".mp3")
            tags = ID3(BytesIO(file.content))
            assert (str(tags["TIT2"]), str(tags["USLT::und"])) == (
                clip.title,
                local.provider.tasks[0].song.lyrics,
            )
            assert tags["APIC:"].data


async def test_only_the_requester_is_mentioned_and_only_by_the_result(local: BotHarness) -> None:
    async with local.bot():
        status = await local.place(prompt="@everyone <@&1> sing along")
        result = await local.result()
        await local.shows(status, TITLES[State.DELIVERED])
    assert result.now.mentions == (local.ada.id,)
    assert result.pinged == {local.ada.id}
    assert not result.now.mention_everyone
    assert status.pinged == frozenset()


async def test_credits_are_on_hold_while_the_song_is_made_and_used_afterwards(local: BotHarness) -> None:
    local.song_takes(0.5)
    async with local.bot():
        before = await local.credits()
        status = await local.place()
        during = await local.credits()
        await local.shows(status, TITLES[State.DELIVERED])
        after = await local.credits()
    resets = before.pop("Resets")
    assert resets > status.created_at.timestamp()
    assert before == {"Available": 90, "On hold": 0, "Used": 0, "Bonus": 0}
    assert during == {"Available": 60, "On hold": 30, "Used": 0, "Bonus": 0, "Resets": resets}
    assert after == {"Available": 60, "On hold": 0, "Used": 30, "Bonus": 0, "Resets": resets}


async def test_the_last_songs_tell_where_the_credits_went_each_in_one_line(local: BotHarness) -> None:
    async with local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.DELIVERED])
        asked = await local.ada.slash("songs", "credits")
        statement = await asked.answer(timeout_s=LONG_S)
    song, allowance = fields(statement.embeds[0])["Last songs"].splitlines()
    assert re.fullmatch(r"\[.+\]\(https://discord\.com/channels/\d+/\d+/\d+\) · \*\*30\*\* · <t:\d+:R>", song)
    assert allowance.startswith("**+90** allowance · ")


async def test_the_cost_follows_the_rate_of_the_operators_account(tmp_path: Path, database: str) -> None:
    async with bot(tmp_path, database_url=database, credit_rate="1.25") as local, local.bot():
        status = await local.place()
        assert "38 credits" in await local.shows(status, TITLES[State.DELIVERED])
        assert (await local.credits())["Used"] == 38


async def test_members_do_not_share_their_credits(local: BotHarness) -> None:
    async with local.bot():
        await local.place("Ada")
        await local.place("Ben", playlist=PLAYLISTS[1].id)
        await local.result(count=2)
        assert (await local.credits("Ben"))["Available"] == 60
        assert (await local.credits("Mo"))["Available"] == 90
    assert {result.now.mentions for result in local.results()} == {
        (person.id,) for person in (local.ada, local.discord.member("Ben"))
    }


def everyone(local: BotHarness) -> list[Person]:
    return [local.discord.member(name) for name in ("Ada", "Ben", "Mo")]


async def test_everybody_in_the_channel_sees_status_and_result(local: BotHarness) -> None:
    async with local.bot():
        status = await local.place()
        result = await local.result()
    for person in everyone(local):
        assert [title(message) for message in person.sees("songs")] == [title(status), title(result)]
