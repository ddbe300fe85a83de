import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.labels import EDIT_AND_TRY
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import HOSTILE_TITLE, ReplyVariant
from tests.harness.page import LONG_S, page_harness

HEIGHTS = {"wide": 560, "phone": 620}
"""The most pixels of a result: two players, two embeds with a cover, and one row of buttons."""
PLAYLIST, OTHER = PLAYLISTS[0].id, PLAYLISTS[1].id


async def test_a_member_asks_for_a_song_and_plays_both_clips(tmp_path: Path) -> None:
    async with page_harness(tmp_path) as here:
        ada = await here.visit("Ada")
        await ada.command("inspire", playlist=PLAYLIST)
        status = await ada.sees("Ada used /inspire")
        result = await ada.sees("@Ada your song from this playlist is ready.")
        await expect(result.locator("audio")).to_have_count(2)
        await expect(result.locator(".embed img")).to_have_count(2)
        for size, most_px in HEIGHTS.items():
            await ada.looks(scheme="dark", size=size)
            box = await result.bounding_box()
            assert box is not None
            assert box["height"] <= most_px, size
        await ada.looks(scheme="dark", size="wide")
        for number in range(2):
            await ada.plays(result, number)
        await expect(status).to_contain_text(TITLES[State.DELIVERED])
        await status.get_by_role("link").click()
        await expect(result).to_have_class(re.compile("found"))
        assert ada.errors == []


@pytest.mark.long
async def test_a_member_without_credits_is_refused_and_nobody_else_sees_it(tmp_path: Path) -> None:
    async with page_harness(tmp_path, DEFAULT_ALLOWANCE="30") as here:
        ada, ben = await here.visit("Ada"), await here.visit("Ben")
        await ada.command("inspire", playlist=PLAYLIST)
        await ada.sees("your song from this playlist is ready.")
        await ada.command("inspire", playlist=OTHER)
        refusal = await ada.sees("Only you can see this", "and you have 0.")
        await ben.sees("@Ada your song from this playlist is ready.")
        await expect(ben.message("and you have 0.")).to_have_count(0)
        await refusal.get_by_role("button", name="Dismiss message").click()
        await expect(ada.message("and you have 0.")).to_have_count(0)
        assert ada.errors == ben.errors == []


@pytest.mark.long
async def test_a_member_takes_a_waiting_request_back(tmp_path: Path) -> None:
    async with page_harness(tmp_path, song_s=2.0) as here:
        with here.world.songs_unfinished():
            ada, ben = await here.visit("Ada"), await here.visit("Ben")
            await ada.command("inspire", playlist=PLAYLIST)
            await ada.sees(TITLES[State.MAKING])
            await ben.command("inspire", playlist=OTHER, prompt="second thoughts")
            status = await ben.sees("Ben used /inspire", TITLES[State.WAITING])
            await ben.press(status, "Cancel")
            await expect(status).to_contain_text("Cancelled")
            await expect(status).to_contain_text("Your 30 credits are back")
            await expect(status.get_by_role("button", name="Cancel")).to_have_count(0)
        assert ada.errors == ben.errors == []


@pytest.mark.long
@pytest.mark.timeout(180)
async def test_a_bot_that_is_killed_half_way_and_started_again_brings_the_song(tmp_path: Path) -> None:
    async with page_harness(tmp_path, song_s=2.0, POLL_MIN_S="1", POLL_MAX_S="1") as here:
        ada = await here.visit("Ada")
        with here.world.songs_unfinished():
            await ada.command("inspire", playlist=PLAYLIST)
            status = await ada.sees(TITLES[State.MAKING])
            await ada.turns("Kill it")
            await expect(ada.page.locator("#world")).to_contain_text("The bot does not run")
            assert here.world.bot.pid is None
        await ada.turns("Start it")
        await expect(ada.page.locator("#world")).to_contain_text("The bot runs")
        await ada.sees("@Ada your song from this playlist is ready.")
        await expect(status).to_contain_text(TITLES[State.DELIVERED])
        await ada.turns("Check it")
        await expect(ada.page.locator("#world pre")).to_contain_text("exit code 0", timeout=1000 * LONG_S)
        assert len(here.world.provider.tasks) == 1
        assert ada.errors == []


@pytest.mark.long
async def test_a_title_and_a_prompt_that_are_html_are_read_as_text(tmp_path: Path) -> None:
    async with page_harness(tmp_path) as here:
        here.world.provider.faults.add(Fault(Phase.DOCUMENT, ReplyVariant.TITLE_HTML, times=None))
        ada = await here.visit("Ada")
        await ada.command("inspire", playlist=PLAYLIST, prompt=HOSTILE_TITLE)
        result = await ada.sees("your song from this playlist is ready.")
        await expect(result.locator(".title").first).to_have_text(f"1 · {HOSTILE_TITLE}")
        await ada.command("inspire", playlist=HOSTILE_TITLE)
        await ada.sees("Only you can see this", "neither a playlist link nor")
        assert await ada.page.evaluate("typeof hacked") == "undefined"
        assert await ada.page.locator("#messages script, #messages img[src=x]").count() == 0
        assert ada.errors == []


@pytest.mark.long
async def test_a_song_is_changed_in_a_form_that_keeps_what_was_typed(tmp_path: Path) -> None:
    async with page_harness(tmp_path) as here:
        ada = await here.visit("Ada")
        await ada.command("inspire", playlist=PLAYLIST)
        result = await ada.sees("@Ada your song from", "is ready.")
        await result.hover()
        await result.get_by_role("button", name="Apps").click()
        await ada.page.get_by_role("menuitem", name="Song like this").click()
        form = ada.page.get_by_role("dialog", name="Change and make again · 30 credits")
        await form.get_by_label("Prompt").fill("more rain")
        await form.get_by_label("Weights").fill("style a lot")
        await form.get_by_role("button", name="Submit").click()
        refused = await ada.sees("Only you can see this", "can't be read", "more rain")
        await ada.press(refused, EDIT_AND_TRY)
        await expect(form.get_by_label("Prompt")).to_have_value("more rain")
        await form.get_by_label("Weights").fill("style 0.7")
        await form.get_by_role("button", name="Submit").click()
        await ada.sees("requested a song from", "more rain", "v5.5 · 30 credits")
        assert ada.errors == []
