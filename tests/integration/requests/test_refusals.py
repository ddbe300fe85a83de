import random
import re
from pathlib import Path

import pytest

from bot.chat.delivery.status_message import HINTS, TITLES
from bot.chat.text.errors import NO_CREDITS_USED
from bot.chat.text.failures import FAILURES
from bot.chat.text.formatting import are_back
from bot.domain.requests import FailureKind, State
from bot.services.cards import Hint
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from tests.harness.bot import LONG_S, BotHarness, bot
from tests.harness.message_readers import seen
from tests.integration.engines import on_both

pytestmark = [on_both, pytest.mark.usefixtures("unhurried")]

PLAYLIST = PLAYLISTS[0].id
PERSONA = "5b0f7c52-3a5e-4a0c-9d4e-7a1f5c3f2b10"
CLIP = "0a64b8a1-9fb5-4a6c-8a3c-3f9d5a0c9b11"
NOTHING = NO_CREDITS_USED


async def refused(asked: Invocation) -> str:
    """The words of a refusal: the one answer, which the member alone sees."""
    message = await asked.answer(timeout_s=LONG_S)
    assert message.ephemeral
    assert message.visible_to == asked.interaction.user.id
    assert (asked.answers, asked.refused, asked.followups) == (1, [], [])
    return message.content


async def nothing_came_of_it(local: BotHarness) -> None:
    assert local.provider.requests == []
    assert local.results() == []
    statement = await local.credits()
    assert (statement["On hold"], statement["Used"]) == (0, 0)


BAD_PLAYLISTS = {
    "cut off": (PLAYLIST[:18], "cut off"),
    "as on the page": ("119573ff-8e48-...", "cut off"),
    "link cut off": (f"https://suno.com/playlist/{PLAYLIST[:20]}", "cut off"),
    "song link": (f"https://suno.com/song/{CLIP}", "the link of a song"),
    "short link": ("https://suno.com/s/aBcD1234", "short link"),
    "other page": ("https://suno.com/@somebody", "isn't a playlist"),
    "other site": (f"https://open.spotify.com/playlist/{PLAYLIST}", "another site"),
    "look-alike": (f"https://suno.com.evil.example/playlist/{PLAYLIST}", "another site"),
    "free text": ("something with guitars", "is neither a"),
    "only blanks": ("   ", "is missing"),
}


async def test_what_names_no_playlist_is_refused_with_what_it_is(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot():
        for name, (text, words) in BAD_PLAYLISTS.items():
            with subtests.test(name):
                answer = await refused(await local.order(playlist=text, past_picker=True))
                assert words in answer
                assert answer.endswith(NOTHING)
                await nothing_came_of_it(local)


def odd_texts() -> list[str]:
    """Return a hundred random characters from a seed, and known troublesome texts."""
    rng = random.Random(7)
    alphabets = ("/:.?#[]@&=%", "0123456789abcdef-", "<>*_~`|\\\"'", "éß两🎵ع\u200d\u202e\u0000", " \t\n")
    drawn = ["".join(rng.choices("".join(alphabets[: n % 5 + 1]), k=100)) for n in range(20)]
    known = ("http://[", "https://suno.com/playlist/", "//suno.com", f"{PLAYLIST}\n{CLIP}", "-", "${x}")
    return [*drawn, *known, "https://suno.com:99999/playlist/x", "http://\u2100.com/playlist/x", "x" * 100]


async def test_a_hundred_characters_of_anything_get_one_answer_each(local: BotHarness) -> None:
    async with local.bot():
        for text in odd_texts():
            answer = await refused(await local.order(playlist=text, past_picker=True))
            assert answer.endswith(NOTHING), text
        await nothing_came_of_it(local)


BAD_OPTIONS: dict[str, tuple[dict[str, object], str]] = {
    "weight in percent": ({"style_weight": 65}, "`0.65` for 65%"),
    "weight below": ({"audio_weight": -0.1}, "`audio_weight` takes a number from 0 to 1"),
    "weight far above": ({"weirdness": 1e9}, "`weirdness` takes a number from 0 to 1"),
    "model unknown": ({"model": "v99"}, "There is no model `v99`"),
    "prompt too long": ({"prompt": "x" * 5001}, "at most 5,000"),
    "prompt too long for v40": ({"prompt": "x" * 3001, "model": "v40"}, "at most 3,000"),
    "clip is a playlist": (
        {"artist_clip": f"https://suno.com/playlist/{PLAYLIST}"},
        "`artist_clip` takes a song",
    ),
    "clip is text": ({"artist_clip": "that one"}, "is neither a"),
    "persona is text": ({"persona": "a deep voice!"}, "neither a persona link"),
    "persona is no id": ({"persona": "persona:abc"}, "neither a persona link"),
    "persona is a song": ({"persona": f"https://suno.com/song/{CLIP}"}, "the link of a song"),
}


async def test_an_option_sent_past_the_picker_is_checked_again(
    local: BotHarness, subtests: pytest.Subtests
) -> None:
    async with local.bot():
        for name, (options, words) in BAD_OPTIONS.items():
            with subtests.test(name):
                answer = await refused(await local.order(past_picker=True, **options))
                assert words in answer
                assert answer.endswith(NOTHING)
                await nothing_came_of_it(local)


async def test_too_few_credits_are_refused_with_what_there_is_what_it_takes_and_when(
    tmp_path: Path, database: str
) -> None:
    async with bot(tmp_path, database_url=database, default_allowance=50) as local, local.bot():
        await local.placed_result()
        answer = await refused(await local.order())
        assert "A song costs 30 credits, and you have 20." in answer
        resets = re.search(r"You get more <t:(\d+):R>", answer)
        assert resets is not None
        assert int(resets[1]) == (await local.credits())["Resets"]
    assert len(local.submissions) == 1


async def test_a_second_request_waits_for_the_first_to_finish(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Stall()))
    async with local.bot(max_active_per_member=1):
        await local.place()
        answer = await refused(await local.order())
        assert "You already have 1 pending request" in answer
        assert (await local.credits())["On hold"] == 30
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1)
    assert len(local.submissions) == 1


async def test_a_finished_request_makes_room_for_the_next(local: BotHarness) -> None:
    async with local.bot():
        for count in (1, 2, 3):
            status = await local.place()
            await local.shows(status, TITLES[State.DELIVERED])
            await local.result(count=count)
        assert "you have 0." in await refused(await local.order())
    assert local.provider.credits.spent == 90


async def test_a_request_too_soon_after_the_last_is_refused_with_the_time(
    tmp_path: Path, database: str
) -> None:
    async with bot(tmp_path, database_url=database, cooldown_s=600) as local, local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.DELIVERED])
        answer = await refused(await local.order())
        assert re.search(r"next song <t:\d+:R>", answer)
    assert len(local.submissions) == 1


async def test_a_playlist_that_the_provider_does_not_know_gives_the_credits_back(local: BotHarness) -> None:
    local.provider.unknown_playlists.add(PLAYLIST)
    async with local.bot():
        status = await local.place()
        await local.shows(status, FAILURES[FailureKind.PLAYLIST_UNKNOWN], are_back(30))
        assert (await local.credits())["Available"] == 90


PARTNERLESS = {
    "persona": ({"persona": PERSONA}, HINTS[Hint.PERSONA_WITHOUT_CLIP]),
    "clip": ({"artist_clip": CLIP}, HINTS[Hint.CLIP_WITHOUT_PERSONA]),
}


@pytest.mark.parametrize(("options", "words"), PARTNERLESS.values(), ids=PARTNERLESS)
async def test_a_persona_or_a_clip_alone_is_taken_with_a_note(
    local: BotHarness, options: dict[str, str], words: str
) -> None:
    async with local.bot():
        status = await local.place(**options)
        assert any(words in str(state.embeds) for state in status.states)
        await local.shows(status, TITLES[State.DELIVERED])
        assert words not in seen(status)
