from pathlib import Path

import pytest
from playwright.async_api import expect

from sandbox.cqtai.reply_variants import HOSTILE_TITLE
from sandbox.discord import LocalDiscord
from sandbox.discord.messages.service import NOTHING_SENT, forwarding, post
from sandbox.discord.model.message import Origin
from tests.harness.page import SIZES, BrowserUser, Scheme, page_harness
from tests.page.gallery import (
    COMMANDS,
    MARKDOWN,
    SHORT_EVIL,
    clip,
    clip_files,
    components,
    embed,
    files,
)
from tests.page.page_commands import register, send, write_to

pytestmark = pytest.mark.long
DARK: Scheme = "dark"
LIGHT: Scheme = "light"
ELSEWHERE = "https://example.invalid/elsewhere.png"
UNDRAWN = f"This page cannot draw the picture at {ELSEWHERE}, which is not on this machine."


def fill(discord: LocalDiscord) -> None:
    """#songs holds one of everything."""
    ada = discord.member("Ada")
    send(discord, {"content": MARKDOWN + f"\n{SHORT_EVIL} <@{ada.id}> <#{discord.channel('moderators').id}>"})
    everything = send(discord, {"embeds": [embed()], "components": components()}, files=files())
    send(discord, {"content": "> what was asked", "embeds": [clip()]}, files=clip_files())
    send(discord, {"content": "an answer"}, answering=everything)
    quoted = send(discord, {"content": "> a **quote**\n-# with [more](https://example.invalid/) ||told||"})
    send(discord, {"content": "another answer"}, answering=quoted)
    posting = forwarding(discord.state, everything, author=discord.state.world.bot, origin=Origin.BOT)
    post(discord.state, channel=discord.channel("general"), sent=NOTHING_SENT, posting=posting)
    send(discord, {"content": "for Ada's eyes"}, to=ada)


async def test_all_that_a_message_can_hold_is_drawn_and_none_of_it_is_markup(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        register(here.world.discord, COMMANDS)
        fill(here.world.discord)
        ada = await here.visit("Ada")
        drawn = await ada.sees(SHORT_EVIL, "Clip 1 of 2")
        await expect(drawn.locator(".embed > .image")).to_have_js_property("complete", True)
        await expect(drawn.locator("audio")).to_have_count(1)
        await expect(drawn.locator(".undrawn")).to_have_text([UNDRAWN])
        for name in ("Primary", SHORT_EVIL, "Approve", "Decline", "Off"):
            await expect(drawn.get_by_role("button", name=name, exact=True)).to_have_count(1)
        await drawn.get_by_role("combobox", name="A member").click()
        await expect(drawn.get_by_role("option", name="@Ben")).to_be_visible()
        await ada.page.keyboard.press("Escape")
        await expect(drawn.get_by_role("link", name="evil.html")).to_have_attribute("download", "evil.html")
        await expect(drawn.locator("a", has_text="click")).to_have_count(0)
        above = ada.page.locator(".above")
        await expect(above.first).to_have_text(f"Inspire {HOSTILE_TITLE}")
        await expect(above.last).to_have_text("Inspire a quote with more ▇▇▇")
        assert await ada.page.evaluate("typeof hacked") == "undefined"
        assert await ada.page.locator("#messages script, #messages img[src=x]").count() == 0
        assert ada.errors == []
        await measures_are_discords(ada)
        await markdown_is_read(ada)
        await nobody_is_kept_out(ada)


async def markdown_is_read(ada: BrowserUser) -> None:
    message = await ada.sees("Heading", "small print")
    for tag, words in (
        ("strong", ["bold", "over two\nlines", "bold"]),
        ("em", ["italic", "also italic"]),
        ("u", ["underlined"]),
        ("s", ["struck"]),
        ("small", ["small print"]),
        ("code", ["code *as it is*", 'print("**plain**")']),
        ("blockquote", ["quoted\ntwice"]),
        ("ul ul li", ["inner"]),
        ("ol li", ["first", "second"]),
        (".mention", ["/inspire", "@Ada", "#No Access"]),
        ("a", ["a masked link", "https://example.invalid/bare", "https://example.invalid/angle"]),
    ):
        await expect(message.locator(f".content {tag}")).to_have_text(words)
    for kept in (
        "*not italic*",
        "style_weight_s",
        "2 * 3 * 4",
        "@everyone",
        "years ago",
        ":note:",
        SHORT_EVIL,
    ):
        await expect(message).to_contain_text(kept)


async def measures_are_discords(ada: BrowserUser) -> None:
    """Files stand above embeds, a player is 110 px tall, and a short embed is as tall as its cover."""
    message = await ada.sees("what was asked")
    boxes = []
    for part in (".file", ".embed", ".thumbnail"):
        box = await message.locator(part).bounding_box()
        assert box is not None
        boxes.append(box)
    player, short, cover = boxes
    assert (player["width"], player["height"]) == (432, 110)
    assert (short["height"], cover["width"], cover["height"]) == (112, 80, 80)
    assert player["y"] + player["height"] + 4 == short["y"]


async def nobody_is_kept_out(ada: BrowserUser) -> None:
    """axe finds nothing serious in dark and light, and nothing is cut off on any screen."""
    await ada.page.locator("#words").fill("/")
    for scheme in (DARK, LIGHT):
        for size in SIZES:
            await ada.photograph("everything", scheme=scheme, size=size)
            width = await ada.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert width <= 0, (scheme, size)
            assert await ada.faults() == [], (scheme, size)
    for drawer in ("Channels", "World"):
        await ada.page.get_by_role("button", name=drawer).click()
        assert await ada.faults() == [], drawer
        await ada.page.keyboard.press("Escape")
        await expect(ada.page.get_by_role("button", name=drawer)).to_be_focused()


async def test_a_forward_shows_what_was_said_and_leads_there(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        fill(here.world.discord)
        ada = await here.visit("Ada", channel="general")
        copy = await ada.sees("Forwarded", "Clip 1 of 2")
        await expect(copy.locator("audio")).to_have_count(1)
        await expect(copy.locator(".embed .image")).to_have_js_property("complete", True)
        await expect(copy.get_by_role("button")).to_have_count(0)
        assert await ada.faults() == []
        await ada.photograph("forwarded", scheme="dark", size="wide")
        await copy.get_by_role("link", name="#songs").click()
        await expect(ada.page.locator("#messages .found")).to_contain_text("Clip 1 of 2")
        assert ada.errors == []


async def test_each_sees_only_what_they_may(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        register(here.world.discord, COMMANDS)
        fill(here.world.discord)
        ada, mo = await here.visit("Ada"), await here.visit("Mo", channel="moderators")
        await ada.sees("for Ada's eyes", "Only you can see this")
        await expect(ada.page.locator("#channels")).not_to_contain_text("moderators")
        await mo.sees("Only moderators read along here.")
        await mo.page.locator("#words").fill("/quo")
        await expect(mo.page.locator("#choices").get_by_role("option")).to_have_count(2)
        await ada.page.locator("#words").fill("/quo")
        await expect(ada.page.locator("#hint")).to_contain_text("No command begins like this.")
        write_to(here.world.discord.member("Ada"), discord=here.world.discord, words="a song for you alone")
        await ada.goes_to("Inspire")
        await ada.sees("a song for you alone")
        await ada.becomes("Ben")
        await expect(ada.page.locator("#channels")).not_to_contain_text("Inspire")
        await expect(ada.message("for Ada's eyes")).to_have_count(0)
        await ada.becomes("Mo")
        await ada.goes_to("moderators")
        await ada.sees("Only moderators read along here.")
        assert ada.errors == mo.errors == []
