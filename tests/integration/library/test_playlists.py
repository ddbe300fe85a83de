import json
from urllib.parse import quote

import pytest

from bot.chat.buttons.pages import SIGNS, Step
from bot.chat.delivery.status_message import TITLES
from bot.chat.messages.library import NOTHING_SAVED
from bot.chat.text.errors import NOT_MODERATOR
from bot.chat.text.moderator_errors import NAMES, REASON_MISSING
from bot.chat.text.playlist_errors import NO_PLAYLIST
from bot.chat.text.songs import NO_PLAYLISTS
from bot.domain.playlist_choice import SURPRISE
from bot.domain.playlists import MAX_PLAYLISTS, NameProblem
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import labels, seen
from tests.integration.engines import of_variants, on_both

pytestmark = on_both

LINK = "https://suno.com/playlist/{}".format
FIRST, SECOND = PLAYLISTS[0].id, PLAYLISTS[1].id
THIRD = "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907"
SURPRISED = f"{SURPRISE} (a random saved playlist)"
WIDE = "Late  Night \N{FULLWIDTH LATIN CAPITAL LETTER L}o-fi"
LONGEST = "*" * 97
"""The longest name with a number of three digits behind it, each character of which needs an escape."""


async def told(asked: Invocation) -> str:
    message = await asked.answer(timeout_s=LONG_S)
    assert message.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return seen(message)


async def change(local: BotHarness, command: str, who: str = "Mo", **options: str) -> str:
    member = local.discord.member(who)
    return await told(await member.slash("songs", f"playlists {command}", past_picker=True, **options))


async def listed(local: BotHarness, who: str = "Ada") -> Message:
    return await (await local.discord.member(who).slash("songs", "playlists list")).answer(timeout_s=LONG_S)


async def offered(local: BotHarness, typed: str) -> list[str]:
    choices = await local.ada.autocomplete("songs", "inspire", playlist=typed, timeout_s=LONG_S)
    return [choice.name for choice in choices]


PASTED = (
    "Listen to my playlist on Suno: {link} (50% rain)",
    "||<{link}>||",
    "[mine]({link}).",
    "\u200e\ufeff{link}\u200f,",
    "`{link}`",
    "{old}",
    "{encoded}",
    "{capitals}",
    "{bare}",
    "https://example.org/x and {link}",
)


@of_variants
async def test_a_playlist_is_read_from_whatever_apps_put_around_it(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    link = LINK(FIRST)
    spellings = {
        "link": link,
        "old": link.replace("suno.com", "app.suno.ai"),
        "encoded": quote(link, safe=""),
        "capitals": link.upper(),
        "bare": FIRST.replace("-", ""),
    }
    async with local.bot(default_allowance=1_000, max_active_per_member=50):
        for text in PASTED:
            with subtests.test(text):
                await local.place(playlist=text.format_map(spellings))
                assert "Saved: " in await change(local, "add", name="x", playlist=text.format_map(spellings))
                await change(local, "remove", name="x")
        await local.result(count=len(PASTED))
    assert {json.loads(one.body)["playlistId"] for one in local.submissions} == {FIRST}


INVISIBLE = "\u3164\u2800\u115f\u1160\uffa0"


async def test_text_that_nobody_can_see_is_stored_nowhere(local: BotHarness) -> None:
    async with local.bot():
        assert NAMES[NameProblem.EMPTY] in await change(local, "add", name=INVISIBLE, playlist=FIRST)
        odd = f"Be\x00a{INVISIBLE}ts x" + "\u0301" * 60
        assert "Saved: " in await change(local, "add", name=odd, playlist=FIRST)
        assert await offered(local, "beats x") == ["Beats x" + "\u0301" * 5]
        status = await local.place(playlist="beats x" + "\u0301" * 5, prompt=f"ra\x00in{INVISIBLE}")
        await local.shows(status, TITLES[State.DELIVERED])
        mo = local.discord.member("Mo")
        for command, reason in (("requests pause", INVISIBLE), ("requests pause", "\x00")):
            asked = await mo.slash("songs", command, past_picker=True, reason=reason)
            assert REASON_MISSING in await told(asked)
        asked = await mo.slash("songs", "requests pause", past_picker=True, reason="no\x00w" + "\u0489" * 253)
        assert "Songs are paused" in await told(asked)
    (submission,) = local.submissions
    assert json.loads(submission.body)["prompt"] == "rain"


async def test_a_saved_playlist_is_offered_chosen_and_typed_by_name(local: BotHarness) -> None:
    async with local.bot(max_active_per_member=5):
        assert await offered(local, "") == [NOTHING_SAVED]
        for name, playlist in (
            (WIDE, LINK(FIRST)),
            ("Lo-fi beats", SECOND),
            ("Salsa", SECOND),
        ):
            assert "Saved: " in await change(local, "add", name=name, playlist=playlist)
        assert await offered(local, "LO-") == ["Lo-fi beats", "Late Night Lo-fi"]
        (choice,) = await local.ada.autocomplete("songs", "inspire", playlist="night", timeout_s=LONG_S)
        assert choice.value == FIRST
        await local.place(playlist=choice.value)
        await local.place("Ben", playlist="  lo-FI   BEATS ")
        await local.result(count=2)
        assert await offered(local, "") == [SURPRISED, "Lo-fi beats", "Salsa", "Late Night Lo-fi"]
        assert await offered(local, LINK(FIRST)) == ["Late Night Lo-fi"]
        assert await offered(local, LINK(THIRD)) == [f"This playlist: {THIRD}"]
    bodies = [json.loads(submission.body)["playlistId"] for submission in local.submissions]
    assert sorted(bodies) == sorted([FIRST, SECOND])


async def test_what_is_neither_a_link_nor_a_saved_name_is_refused_as_before(local: BotHarness) -> None:
    async with local.bot():
        await change(local, "add", name="beats", playlist=FIRST)
        for text, says in (("nothing like it", "neither a playlist link nor"), ("0b8dbbf0", "looks cut off")):
            answer = await (await local.order(playlist=text)).answer(timeout_s=LONG_S)
            assert answer.ephemeral
            assert says in answer.content
            assert "Saved here: “beats”." in answer.content
        await change(local, "add", name="0b8dbbf0", playlist=SECOND)
        await local.place(playlist="0B8DBBF0")
        assert (await local.credits())["On hold"] + (await local.credits())["Used"] == 30


async def test_a_song_needs_no_link_and_moderators_choose_what_it_is_like(local: BotHarness) -> None:
    async with local.bot(default_allowance=300, max_active_per_member=9):
        asked = await local.ada.slash("songs", "inspire")
        answer = await asked.answer(timeout_s=LONG_S)
        assert answer.ephemeral
        assert NO_PLAYLIST in answer.content
        await change(local, "add", name="Lo-fi beats", playlist=FIRST)
        await change(local, "add", name="Lo-fi night", playlist=SECOND)
        assert "There is no default" in await change(local, "default")
        assert "is the default here" in await change(local, "default", name="lo-fi n")
        assert "“Lo-fi beats”, “Lo-fi night”" in await change(local, "default", name="lo")
        assert "[Lo-fi night]" in await change(local, "default")
        assert await offered(local, "") == ["Lo-fi night (default here)", SURPRISED, "Lo-fi beats"]
        assert f"[Lo-fi night](<{LINK(SECOND)}>) · **default**" in seen(await listed(local))
        mo = local.discord.member("Mo")
        assert "Default playlist: Lo-fi night" in await told(await mo.slash("songs", "settings model"))
        await (await local.ada.slash("songs", "inspire")).answer(timeout_s=LONG_S)
        await local.place(playlist="surprise me")
        await local.result(count=2)
        assert "It was the default" in await change(local, "remove", name="Lo-fi night")
        assert "Default playlist: A random saved one" in await told(await mo.slash("songs", "settings model"))
        await (await local.ada.slash("songs", "inspire")).answer(timeout_s=LONG_S)
        await local.result(count=3)
        assert "is the default here" in await change(local, "default", name="lo-fi beats")
        assert "There is no default now" in await change(local, "default", name=" NONE ")
        assert "changed the default playlist" in await told(await mo.slash("songs", "quota log"))
    used = [json.loads(submission.body)["playlistId"] for submission in local.submissions]
    assert used[0] == SECOND
    assert used[2] == FIRST


async def test_moderators_replace_and_remove_and_hear_what_it_was(local: BotHarness) -> None:
    async with local.bot():
        await change(local, "add", name="Beats", playlist=FIRST)
        assert "is already saved as “Beats”." in await change(
            local, "add", name="BEATS", playlist=LINK(FIRST)
        )
        assert f"It replaces [another playlist](<{LINK(FIRST)}>)." in await change(
            local, "add", name="BEATS", playlist=SECOND
        )
        mo = local.discord.member("Mo")
        (choice,) = await mo.autocomplete("songs", "playlists remove", name="bea", timeout_s=LONG_S)
        assert (choice.name, choice.value) == ("BEATS", "BEATS")
        assert "Removed: " in await change(local, "remove", name="beats")
        assert "No playlist is saved as “beats”" in await change(local, "remove", name="beats")
        assert NO_PLAYLISTS in seen(await listed(local))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("\u200b \u2060", NAMES[NameProblem.EMPTY]),
        ("\N{LATIN SMALL LETTER SHARP S}" * 60, "too long"),
        (FIRST, NAMES[NameProblem.LINK]),
    ],
)
async def test_a_name_that_nobody_could_choose_is_refused(local: BotHarness, name: str, says: str) -> None:
    async with local.bot():
        assert says in await change(local, "add", name=name, playlist=FIRST)
        assert "neither a playlist link nor" in await change(
            local, "add", name="fine", playlist="what I like"
        )


async def test_members_see_the_list_and_are_refused_to_change_it(local: BotHarness) -> None:
    async with local.bot():
        await change(local, "add", name="Beats", playlist=FIRST)
        for command, options in (
            ("add", {"name": "x", "playlist": FIRST}),
            ("remove", {"name": "Beats"}),
            ("default", {"name": "Beats"}),
            ("default", {}),
        ):
            assert NOT_MODERATOR in await change(local, command, "Ada", **options)
        message = await listed(local)
        assert message.ephemeral
        assert f"[Beats](<{LINK(FIRST)}>)" in seen(message)
        assert labels(message) == []


async def test_a_hundred_playlists_with_the_longest_names_fit_and_outlive_a_restart(
    local: BotHarness,
) -> None:
    async with local.bot():
        for number in range(MAX_PLAYLISTS):
            await change(local, "add", name=f"{LONGEST}{number:03}", playlist=FIRST)
        assert "has 100 saved playlists" in await change(local, "add", name="one more", playlist=FIRST)
        assert "It replaces" in await change(local, "add", name=f"{LONGEST}007", playlist=SECOND)
        assert len(await offered(local, "*")) == 25
        message = await listed(local)
        assert "Page 1 of 13 · 100 in all" in seen(message)
        assert seen(message).count(LINK("")) == 8
    async with local.bot():
        asked = await local.ada.press(message, SIGNS[Step.ON])
        await local.shows(message, "Page 2 of 13", "008")
        assert (asked.answers, asked.refused) == (1, [])
        for sign, page in ((SIGNS[Step.ON], 3), (SIGNS[Step.BACK], 2), (SIGNS[Step.FIRST], 1)):
            await local.ada.press(message, sign)
            await local.shows(message, f"Page {page} of 13")
        assert local.discord.channel("songs").messages.count(message) == 1
