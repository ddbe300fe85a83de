"""A stranger's server on the page: what its moderator, and the bot's owner, see of the owner's limits."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from bot.chat.messages.operator import SERVERS_TITLE
from bot.chat.text import labels, panel
from bot.chat.text.errors import NOT_SERVED
from sandbox.cqtai import PLAYLISTS
from sandbox.page.seed import ELSEWHERE, LOG
from tests.harness.page import BrowserUser, PageHarness, Scheme, page_harness

pytestmark = pytest.mark.long
LOOKS: tuple[tuple[Scheme, str], ...] = (
    ("light", "wide"),
    ("light", "phone"),
    ("dark", "phone"),
    ("dark", "wide"),
)
LIMIT = "The bot owner's limit for this server: 10 of 70 credits left."


async def test_a_stranger_with_every_right_spends_no_more_than_the_owner_allows(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        await start_for_owner(here)
        odile, sam = await here.visit("Odile"), await here.visit("Sam")
        await expect(sam.page.locator("#guild")).to_have_text(ELSEWHERE)
        await sam.command("inspire", playlist=PLAYLISTS[0].id)
        await sam.sees(NOT_SERVED, "Only you can see this")
        await photograph(sam, "stranger-not-served")
        await sam.looks(scheme="dark", size="phone")
        await sam.page.get_by_role("button", name="Channels").click()
        await sam.photograph("stranger-places", scheme="dark", size="phone")
        await sam.page.keyboard.press("Escape")
        await owner_allows(odile)
        await stranger_spends(sam)
        await moderator_reads_the_limit(sam)
        await owner_reads_the_spending(odile)
        for user in (odile, sam):
            assert await user.faults() == []
            assert user.errors == []


async def start_for_owner(here: PageHarness) -> None:
    """Start the bot as the first server's, which is the only one that it serves."""
    home = str(here.world.discord.guild.id)
    here.world.bot.settings |= {
        "OPERATOR_GUILD_ID": home,
        "ALLOWED_GUILD_IDS": home,
        "OPERATOR_CHANNEL_ID": str(here.world.discord.channel(LOG).id),
    }
    await here.page.controls.start()


async def owner_allows(odile: BrowserUser) -> None:
    await odile.begin("operator allow")
    await find_server(odile)
    await send(odile)
    await odile.sees(f"The server {ELSEWHERE}", "can use the bot", "Only you can see this")
    await odile.begin("operator cap")
    await find_server(odile)
    await (await option(odile, "credits")).fill("70")
    await send(odile)
    await odile.sees(f"The server {ELSEWHERE}", "has a cap of its own: 70 credits every month")
    await photograph(odile, "owner-allows")


async def stranger_spends(sam: BrowserUser) -> None:
    await sam.command("quota everyone", credits="1000000")
    await sam.sees("1,000,000 credits", "Only you can see this")
    await sam.command("quota budget", credits="900000", period="month")
    await sam.sees("900,000 credits", LIMIT.replace("10 of", "70 of"))
    await photograph(sam, "stranger-allowances")
    for prompt in ("rain on a tin roof", "the last bus home"):
        await sam.command("inspire", playlist=PLAYLISTS[0].id, prompt=prompt)
        await sam.sees("@Sam your song from", prompt)
    await sam.command("inspire", playlist=PLAYLISTS[0].id, prompt="one more")
    await sam.sees("the bot owner's limit for this server has 10 left for everyone", "Only you can see this")
    await photograph(sam, "stranger-stopped")
    await sam.command("credits")
    await sam.sees("until the bot owner's limit for this server resets")
    await photograph(sam, "stranger-credits")


async def moderator_reads_the_limit(sam: BrowserUser) -> None:
    await sam.command("settings show")
    shown = await sam.sees(panel.TITLE)
    await sam.press(shown, labels.PANEL_PAGES["credits"])
    await expect(shown).to_contain_text("70 credits every month, 10 left")
    await photograph(sam, "moderator-panel")
    for line in ("quota budget", "quota report"):
        await sam.command(line)
        await sam.sees(f"/{line}", LIMIT)
        await photograph(sam, f"moderator-{line.replace(' ', '-')}")


async def owner_reads_the_spending(odile: BrowserUser) -> None:
    await odile.command("operator servers")
    await odile.sees(SERVERS_TITLE, ELSEWHERE, "60 credits for 2 songs · own cap 70")
    await photograph(odile, "owner-servers")
    await odile.command("operator status")
    await odile.sees("Bot status", "60 credits for 2 songs")
    await photograph(odile, "owner-status")
    await odile.command("operator cap")
    await odile.sees("Own caps of 1 server", ELSEWHERE)
    await odile.begin("operator deny")
    await find_server(odile)
    await send(odile)
    await odile.sees(f"The server {ELSEWHERE}", "can no longer use the bot")
    await photograph(odile, "owner-denies")
    await odile.goes_to(LOG)
    await odile.sees("OPERATOR:")
    await photograph(odile, "owner-channel")


async def option(user: BrowserUser, name: str) -> Locator:
    """Return the command's option, which is added if it is left out."""
    found = user.page.locator(f"#command input[name={name}]")
    if not await found.count():
        await user.page.locator("#optional").get_by_role("button", name=name, exact=True).click()
    return found


async def find_server(user: BrowserUser) -> None:
    """Choose the stranger's server by the beginning of its name."""
    await (await option(user, "server")).fill(ELSEWHERE[:4].lower())
    await user.page.get_by_role("option").filter(has_text=ELSEWHERE).click()


async def send(user: BrowserUser) -> None:
    await user.page.locator("#composer").get_by_role("button", name="Send").click()


async def photograph(user: BrowserUser, name: str) -> None:
    """Save the screen in both colours and sizes; nothing is wider than it."""
    for scheme, size in LOOKS:
        await user.photograph(name, scheme=scheme, size=size)
        width = await user.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0, (name, scheme, size)
