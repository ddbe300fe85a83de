from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from sandbox.discord.limits import Limits
from sandbox.discord.model.interaction import CallbackKind
from sandbox.discord.payloads import Payload, entries, entry
from tests.harness.page import BrowserUser, PageHarness, page_harness
from tests.page.gallery import COMMANDS, SHORT_EVIL, components
from tests.page.page_commands import asked, register, reply, send

pytestmark = pytest.mark.long
HASTY = Limits(interaction_deadline_s=0.2)
MODAL: Payload = {
    "custom_id": "why",
    "title": SHORT_EVIL,
    "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "short", "style": 1, "label": "Title"}]},
        {
            "type": 18,
            "label": "Model",
            "component": {
                "type": 3,
                "custom_id": "model",
                "options": [
                    {"label": "v5.5", "value": "v55", "description": "the newest", "default": True},
                    {"label": "v4.5", "value": "v45"},
                ],
            },
        },
        {"type": 18, "label": "Who", "component": {"type": 5, "custom_id": "who", "required": False}},
        {
            "type": 18,
            "label": "Why",
            "description": "The member reads it",
            "component": {"type": 4, "custom_id": "long", "style": 2, "min_length": 5, "max_length": 50},
        },
        {"type": 10, "content": "-# small print"},
    ],
}


async def test_a_command_is_typed_with_nothing_but_the_keyboard(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        register(discord, COMMANDS)
        mo = await here.visit("Mo")
        await mo.page.locator("#words").focus()
        keys = mo.page.keyboard
        await keys.type("/quota gr")
        await expect(mo.page.locator("#choices").get_by_role("option")).to_have_count(1)
        await keys.press("Enter")
        await keys.type("be")
        await expect(mo.page.locator("#choices").get_by_role("option")).to_have_text(["@Ben "])
        await keys.press("Tab")
        await expect(option(mo, "credits")).to_be_focused()
        await keys.type("1001")
        await keys.press("Enter")
        await expect(mo.page.locator("#hint")).to_contain_text("Must be between 1 and 1000.")
        await expect(option(mo, "credits")).to_have_attribute("aria-invalid", "true")
        await keys.press("Backspace")
        await keys.press("Enter")
        sent = await asked(discord, count=1)
        chosen = entries(entries(sent.data, "options")[0], "options")
        assert {one["name"]: one["value"] for one in chosen} == {
            "member": str(discord.member("Ben").id),
            "credits": 100,
        }
        reply(discord, sent, CallbackKind.MESSAGE, {"content": "100 credits for Ben"})
        await mo.sees("Mo used /quota grant", "100 credits for Ben")
        assert mo.errors == []


async def test_every_kind_of_option_can_be_given_and_taken_away(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        register(discord, COMMANDS)
        mo = await here.visit("Mo")
        await begin(mo, "quota grant")
        await mo.page.get_by_role("button", name="Send").click()
        await expect(mo.page.locator("#hint")).to_contain_text("This option is required. Specify a value.")
        wanted = {"member": "Ada", "credits": "7", "role": "VIP", "where": "moderators", "quietly": "True"}
        for name, words in wanted.items():
            await give(mo, name, words)
        await give(mo, "reason", "far too long")
        await mo.page.get_by_role("button", name="Send").click()
        await expect(mo.page.locator("#hint")).to_contain_text("Must be 10 or fewer characters.")
        assert await mo.faults() == []
        await option(mo, "reason").fill("")
        await option(mo, "reason").press("Backspace")
        await expect(option(mo, "reason")).to_have_count(0)
        await mo.page.get_by_role("button", name="Send").click()
        sent = await asked(discord, count=1)
        chosen = {one["name"]: one["value"] for one in entries(entries(sent.data, "options")[0], "options")}
        vip = next(role for role in discord.guild.roles.values() if role.name == "VIP")
        assert chosen == {
            "member": str(discord.member("Ada").id),
            "credits": 7,
            "role": str(vip.id),
            "where": str(discord.channel("moderators").id),
            "quietly": True,
        }
        assert mo.errors == []


async def test_suggestions_come_while_one_types(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        register(discord, COMMANDS)
        ada = await here.visit("Ada")
        await begin(ada, "rate")
        choices: Payload = {"choices": [{"name": SHORT_EVIL, "value": "song-1"}]}
        reply(discord, await asked(discord, count=1), CallbackKind.CHOICES, choices)
        await expect(ada.page.locator("#choices").get_by_role("option")).to_have_text([f"{SHORT_EVIL} "])
        await ada.page.keyboard.press("ArrowDown")
        await ada.page.keyboard.press("Enter")
        await give(ada, "model", "v5 (new)")
        await give(ada, "weight", "0.25")
        await ada.page.keyboard.press("Enter")
        sent = await asked(discord, count=2)
        chosen = {one["name"]: one["value"] for one in entries(sent.data, "options")}
        assert chosen == {"song": "song-1", "model": "v55", "weight": 0.25}
        assert ada.errors == []


async def test_a_modal_is_filled_in_and_sent(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        send(discord, {"content": "pending", "components": components()})
        mo = await here.visit("Mo")
        await mo.press(await mo.sees("pending"), "Decline")
        reply(discord, await asked(discord, count=1), CallbackKind.MODAL, MODAL)
        dialog = mo.page.get_by_role("dialog", name=SHORT_EVIL)
        await dialog.get_by_label("Title").fill("Not tonight")
        await dialog.get_by_label("Why").fill("It is too late for that.")
        await expect(dialog.locator(".field > small")).to_have_text("The member reads it")
        await keyboard_chooses(mo, dialog)
        await mo.photograph("modal", scheme="dark", size="wide")
        assert await mo.faults() == []
        await dialog.get_by_role("button", name="Submit").click()
        sent = await asked(discord, count=2)
        reply(discord, sent, CallbackKind.MESSAGE, {"content": "Declined.", "flags": 1 << 6})
        await expect(dialog).to_have_count(0)
        await mo.sees("Declined.", "Only you can see this")
        short, model, who, long, _ = entries(sent.data, "components")
        assert entry(model, "component")["values"] == ["v45"]
        assert entry(who, "component")["values"] == [str(discord.member("Ben").id)]
        assert entries(short, "components")[0]["value"] == "Not tonight"
        assert entry(long, "component")["value"] == "It is too late for that."
        assert mo.errors == []


async def test_a_command_is_used_from_a_message_s_menu(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False) as here:
        discord = here.world.discord
        register(discord, [*COMMANDS, {"name": "Song like this", "type": 3}])
        said = await discord.member("Ben").say("songs", "https://suno.com/song/1")
        ada = await here.visit("Ada")
        message = await ada.sees("https://suno.com/song/1")
        await message.hover()
        await ada.photograph("apps", scheme="dark", size="wide")
        await message.get_by_role("button", name="Apps").click()
        await ada.page.keyboard.press("Escape")
        await expect(message.get_by_role("button", name="Apps")).to_be_focused()
        await ada.page.keyboard.press("Enter")
        assert await ada.faults() == []
        await message.get_by_role("menuitem", name="Song like this").press("Enter")
        sent = await asked(discord, count=1)
        assert (sent.data["type"], sent.data["target_id"]) == (3, str(said.id))
        reply(discord, sent, CallbackKind.MESSAGE, {"content": "here it is"})
        await ada.sees("https://suno.com/song/1", "here it is")
        await ada.page.locator("#words").fill("/song")
        await expect(ada.page.locator("#hint")).to_contain_text("No command begins like this.")
        assert ada.errors == []


async def keyboard_chooses(mo: BrowserUser, dialog: Locator) -> None:
    """A select is opened, searched and closed by keys, and the dialog stays open."""
    keys = mo.page.keyboard
    model = dialog.get_by_role("combobox", name="Model")
    await expect(model).to_contain_text("v5.5")
    await model.focus()
    await keys.press("Enter")
    await keys.press("ArrowDown")
    await keys.press("Escape")
    await expect(model).to_contain_text("v5.5")
    await keys.press("Space")
    await keys.press("End")
    await keys.press("Enter")
    await expect(model).to_contain_text("v4.5")
    await keys.press("Tab")
    await keys.press("Enter")
    await keys.type("be")
    await expect(dialog.get_by_role("option", name="@Ben")).to_have_class("active")
    await keys.press("Enter")
    await expect(dialog.get_by_role("combobox", name="Who")).to_contain_text("@Ben")


async def test_selects_and_buttons_say_what_was_chosen_or_that_nobody_answered(tmp_path: Path) -> None:
    async with page_harness(tmp_path, bot=False, limits=HASTY) as here:
        discord = here.world.discord
        send(discord, {"content": "choose", "components": components()})
        ada = await here.visit("Ada")
        message = await ada.sees("choose")
        await ada.press(message, "Primary")
        await ada.sees("This interaction failed", "Only you can see this")
        await ada.choose(message, "Rate it", "🎵 Second")
        await asked(discord, count=2)
        await ada.choose(message, "A member", "@Ben")
        await asked(discord, count=3)
        await ada.choose(message, "Several", SHORT_EVIL, "🎵 Second")
        await asked(discord, count=4)
        data = [one.data for one in discord.state.interactions.by_token.values()]
        ben = str(discord.member("Ben").id)
        assert [one.get("values") for one in data] == [None, ["b"], [ben], ["a", "b"]]
        assert list(entry(entry(data[2], "resolved"), "users")) == [ben]
        await nobody_answers_a_command(here, ada)
        assert ada.errors == []


async def nobody_answers_a_command(here: PageHarness, ada: BrowserUser) -> None:
    register(here.world.discord, [{"name": "credits", "description": "See your credits"}])
    await begin(ada, "credits")
    await ada.page.keyboard.press("Enter")
    await ada.sees("The application did not respond", "Only you can see this")


def option(user: BrowserUser, name: str) -> Locator:
    return user.page.locator(f"#command input[name={name}]")


async def begin(user: BrowserUser, line: str) -> None:
    await user.page.locator("#words").fill(f"/{line}")
    await user.page.locator("#choices").get_by_role("option").filter(has_text=f"/{line}").first.click()


async def give(user: BrowserUser, name: str, words: str) -> None:
    if not await option(user, name).count():
        await user.page.locator("#optional").get_by_role("button", name=name, exact=True).click()
    await option(user, name).fill(words)
    await user.pick(words)
