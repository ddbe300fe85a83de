"""`/settings playlists` and `/settings words` as moderators use them, and what members read."""

from bot.chat.delivery.status_message import TITLES
from bot.chat.text import confirmations, panel
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.moderation.test_quota import told

pytestmark = on_both


async def refusal(local: BotHarness, **options: object) -> str:
    """Return what a member reads whose request is refused."""
    message = await (await local.order(past_picker=False, **options)).answer(timeout_s=LONG_S)
    assert message.ephemeral
    return message.content


async def test_only_saved_playlists_are_taken_until_all_are_again(local: BotHarness) -> None:
    async with local.bot():
        await told(local, "playlists add", name="Calm", playlist=PLAYLISTS[1].id)
        on = await told(local, "settings playlists", only_saved="on")
        assert on.content == confirmations.ONLY_SAVED
        assert "saved playlists only. Choose one: “Calm”." in await refusal(local)
        await local.shows(await local.place(playlist="calm"), TITLES[State.DELIVERED])
        shown = seen(await told(local, "settings playlists"))
        assert panel.SAVED_PLAYLISTS[1:] in shown
        off = await told(local, "settings playlists", only_saved="off")
        assert off.content == confirmations.ANY_PLAYLIST
        await local.shows(await local.place(), TITLES[State.DELIVERED])


async def test_a_member_reads_which_word_is_forbidden(local: BotHarness) -> None:
    async with local.bot():
        added = await told(local, "settings words", add="damn, *heck*")
        assert added.content == "2 words can't be in prompts now. `/settings words` lists them."
        assert "don't allow “damn” in prompts" in await refusal(local, prompt="d4mn good")
        assert "don't allow “\\*heck\\*” in prompts" in await refusal(local, prompt="heckling")
        assert "`*heck*` `damn`" in seen(await told(local, "settings words"))
        (choice,) = await local.discord.member("Mo").autocomplete("songs", "settings words", remove="he")
        await told(local, "settings words", remove=choice.value)
        log = seen(await told(local, "quota log"))
        assert "changed the forbidden words" in log
        assert "removed: \\*heck\\*" in log
        await local.shows(await local.place(prompt="heckling"), TITLES[State.DELIVERED])
        assert panel.NO_WORDS in (await told(local, "settings words", none=True)).content
        await local.shows(await local.place(prompt="damn"), TITLES[State.DELIVERED])
