import json
from collections.abc import Mapping
from typing import Any

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.errors import NOTHING_TO_MAKE, RESTARTING
from bot.chat.text.labels import CHANGE, EDIT_AND_TRY, MENU, SONG_LIKE_THIS
from bot.domain.errors import StoreError
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entries, entry, text
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both

pytestmark = on_both

FIRST, SECOND = PLAYLISTS[0].id, PLAYLISTS[1].id
CLIP = "0b6f4c0e-5a3d-4f4e-9c61-7f2d81c5a907"
PERSONA = "5ce1f2b4-1a2b-4c3d-8e4f-0a1b2c3d4e5f"
PLENTY: dict[str, Any] = {"default_allowance": 900, "max_active_per_member": 9}
WORDS = {
    "prompt": "  more *rain*,\n@everyone, and `less` sun",
    "model": "v45+",
    "weights": "style 0.7 · weird 20%",
}


async def form_on(local: BotHarness, message: Message, who: str = "Ada") -> Invocation:
    asked = await local.discord.member(who).use_on(message, SONG_LIKE_THIS)
    return await opened(asked)


async def opened(asked: Invocation) -> Invocation:
    await asked.acknowledged(timeout_s=LONG_S)
    assert (asked.answers, asked.refused) == (1, [])
    assert asked.modal is not None
    return asked


def fields(form: Invocation) -> Mapping[str, str]:
    """What is filled in from the start, by the fields' custom ids."""
    assert form.modal is not None
    parts = [entry(part, "component") for part in entries(form.modal, "components")]
    chosen = {
        text(part, "custom_id"): option["value"]
        for part in parts
        for option in entries(part, "options")
        if option.get("default")
    }
    typed = {text(part, "custom_id"): part.get("value", "") for part in parts if "options" not in part}
    return {key: str(value) for key, value in (chosen | typed).items()}


async def answer(local: BotHarness, form: Invocation, **values: str) -> Message:
    sent = await local.ada.submit_modal(form, values)
    message = await sent.answer(timeout_s=LONG_S)
    assert (sent.answers, sent.refused) == (1, [])
    return message


def bodies(local: BotHarness) -> list[dict[str, object]]:
    return [json.loads(submission.body) for submission in local.submissions]


async def test_a_song_is_changed_and_made_again(local: BotHarness) -> None:
    async with local.bot(**PLENTY):
        mo = local.discord.member("Mo")
        for name, playlist in (("Lo-fi", FIRST), ("Salsa", SECOND)):
            saved = await mo.slash("songs", "playlists add", past_picker=True, name=name, playlist=playlist)
            await saved.answer(timeout_s=LONG_S)
        await local.place(playlist="salsa", prompt="rain", model="v50", audio_weight=0.25, artist_clip=CLIP)
        result = await local.result()
        form = await form_on(local, result)
        assert form.modal is not None
        assert text(form.modal, "title") == "Change and make again · 30 credits"
        assert fields(form) == {"playlist": SECOND, "prompt": "rain", "model": "v50", "weights": "audio 0.25"}
        local.provider.faults.add(Fault(Phase.TASK, Stall()))
        status = await answer(local, form, playlist=FIRST, **WORDS)
        assert not status.ephemeral
        assert "v4.5+ · 30 credits" in seen(status)
        refused = await answer(local, form, playlist=FIRST, **WORDS)
        assert refused.ephemeral
        assert (await local.credits())["On hold"] == 30
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 2)
    first, changed = bodies(local)
    assert first["playlistId"] == SECOND
    assert changed == {
        "task": "inspiration",
        "model": "v45+",
        "playlistId": FIRST,
        "prompt": WORDS["prompt"].strip(),
        "styleWeight": 0.7,
        "weirdnessConstraint": 0.2,
        "artistClipId": CLIP,
    }


async def test_the_menu_of_a_song_opens_the_form(local: BotHarness) -> None:
    async with local.bot(**PLENTY):
        await local.shows(await local.place(prompt="rain"), TITLES[State.DELIVERED])
        asked = await local.ada.press(await local.result(), MENU)
        menu = await asked.answer(timeout_s=LONG_S)
        form = await opened(await local.ada.press(menu, f"{CHANGE} · 30"))
        assert fields(form)["prompt"] == "rain"
        assert not (await answer(local, form, prompt="sun")).ephemeral
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 2)
    assert bodies(local)[1]["prompt"] == "sun"


async def test_what_was_typed_is_kept_beside_a_refusal_and_over_a_restart(local: BotHarness) -> None:
    async with local.bot(**PLENTY):
        await local.place(prompt="rain")
        form = await form_on(local, await local.result())
        assert fields(form)["playlist"] == f"https://suno.com/playlist/{FIRST}"
    async with local.bot(**PLENTY):
        refused = await answer(local, form, **WORDS | {"weights": "style a lot"})
        assert refused.ephemeral
        assert "“style a lot” can't be read" in refused.content
    async with local.bot(**PLENTY):
        again = await opened(await local.ada.press(refused, EDIT_AND_TRY))
        assert fields(again) == {
            "playlist": f"https://suno.com/playlist/{FIRST}",
            "prompt": WORDS["prompt"].strip(),
            "model": "v45+",
            "weights": "style a lot",
        }
        mo = local.discord.member("Mo")
        saved = await mo.slash("songs", "playlists add", past_picker=True, name="Salsa", playlist=FIRST)
        await saved.answer(timeout_s=LONG_S)
        again = await opened(await local.ada.press(refused, EDIT_AND_TRY))
        assert fields(again)["playlist"] == FIRST
        refused = await answer(local, again, weights="style 7")
        assert "`style_weight` takes a number from 0 to 1, not 7" in refused.content
        again = await opened(await local.ada.press(refused, EDIT_AND_TRY))
        status = await answer(local, again, weights="")
        await local.shows(status, TITLES[State.DELIVERED])
    assert bodies(local)[1] == {
        "task": "inspiration",
        "model": "v45+",
        "playlistId": FIRST,
        "prompt": WORDS["prompt"].strip(),
    }


async def test_a_refused_command_is_edited_and_tried_again_also_after_a_restart(local: BotHarness) -> None:
    given: dict[str, Any] = {
        "playlist": "neither",
        "prompt": "more *rain*",
        "persona": PERSONA,
        "artist_clip": CLIP,
    }
    async with local.bot(**PLENTY):
        asked = await local.order("Ada", style_weight=0.7, **given)
        refused = await asked.answer(timeout_s=LONG_S)
        assert refused.ephemeral
        assert "neither a playlist link nor" in refused.content
        asked = await local.order("Ada", prompt="more rain", persona="whoever")
        wrong = await asked.answer(timeout_s=LONG_S)
        assert "more rain" in seen(wrong)
        assert wrong.components == ()
    async with local.bot(**PLENTY):
        form = await opened(await local.ada.press(refused, EDIT_AND_TRY))
        filled = {"playlist": "neither", "prompt": "more *rain*", "model": "v55", "weights": "style 0.7"}
        assert fields(form) == filled
        again = await answer(local, form, playlist="nor this")
        form = await opened(await local.ada.press(again, EDIT_AND_TRY))
        await answer(local, form, playlist=FIRST)
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1)
    assert bodies(local) == [
        {
            "task": "inspiration",
            "model": "v55",
            "playlistId": FIRST,
            "prompt": "more *rain*",
            "styleWeight": 0.7,
            "personaId": PERSONA,
            "artistClipId": CLIP,
        }
    ]


async def test_what_was_typed_is_kept_while_the_bot_stops(local: BotHarness) -> None:
    async with local.bot(**PLENTY) as app:
        said = await local.discord.member("Ben").say("songs", f"https://suno.com/playlist/{FIRST}")
        form = await form_on(local, said)
        app.client.draining = True
        kept = [
            await (await local.order("Ada", prompt="more rain")).answer(timeout_s=LONG_S),
            await answer(local, form, prompt="more rain"),
        ]
    async with local.bot(**PLENTY):
        for refused in kept:
            assert RESTARTING in refused.content
            again = await opened(await local.ada.press(refused, EDIT_AND_TRY))
            assert (fields(again)["playlist"], fields(again)["prompt"]) == (
                f"https://suno.com/playlist/{FIRST}",
                "more rain",
            )


async def test_a_song_is_like_the_link_in_a_message(local: BotHarness) -> None:
    async with local.bot(**PLENTY):
        ben = local.discord.member("Ben")
        said = await ben.say("songs", f"listen: <https://suno.com/playlist/{SECOND}?si=x>, 50% rain")
        form = await form_on(local, said)
        assert form.modal is not None
        assert text(form.modal, "title") == "Song like this · 30 credits"
        assert fields(form)["playlist"] == f"https://suno.com/playlist/{SECOND}"
        await answer(local, form)
        said = await ben.say("songs", f"https://suno.com/song/{CLIP}")
        form = await form_on(local, said)
        assert fields(form) == {"playlist": "", "prompt": "", "model": "v55", "weights": ""}
        refused = await answer(local, form, playlist="neither")
        assert "neither a playlist link nor" in refused.content
        form = await opened(await local.ada.press(refused, EDIT_AND_TRY))
        assert fields(form)["playlist"] == "neither"
        await answer(local, form, playlist=FIRST)
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 2)
    assert bodies(local) == [
        {"task": "inspiration", "model": "v55", "playlistId": SECOND},
        {"task": "inspiration", "model": "v55", "playlistId": FIRST, "artistClipId": CLIP},
    ]


async def test_where_no_song_can_be_made_like_it_the_answer_says_why(local: BotHarness) -> None:
    async with local.bot(**PLENTY):
        said = await local.discord.member("Ben").say("songs", "just words, and https://example.org")
        asked = await local.ada.use_on(said, SONG_LIKE_THIS)
        refused = await asked.answer(timeout_s=LONG_S)
        assert refused.ephemeral
        assert NOTHING_TO_MAKE in refused.content


async def test_what_was_typed_outlives_a_slow_and_failing_database(local: BotHarness) -> None:
    local.hurry({"chat.defer_s": 0.1})
    faults = local.faulty_store()
    async with local.bot(**PLENTY):
        said = await local.discord.member("Ben").say("songs", f"https://suno.com/playlist/{FIRST}")
        form = await form_on(local, said)
        faults.hang("placement.place")
        sent = await local.ada.submit_modal(form, {"prompt": "rain"})
        await sent.acknowledged(timeout_s=LONG_S)
        faults.fail("placement.place", error=StoreError("as if it was down"), times=1)
        (refused,) = await local.discord.wait_for(lambda: sent.followups, timeout_s=LONG_S)
        assert refused.ephemeral
        assert "can't use its database" in seen(refused)
        again = await opened(await local.ada.press(refused, EDIT_AND_TRY))
        assert not (await answer(local, again)).ephemeral
        await local.provider.wait_for(lambda provider: len(provider.tasks) == 1)
    assert bodies(local)[0]["prompt"] == "rain"
