"""`/settings playlists` and `/settings words` as moderators use them, and what members read."""

from bot.chat.delivery.status_message import TITLES
from bot.chat.panel.setting import OTHER
from bot.chat.text import confirmations, labels, panel
from bot.domain.audit import Action
from bot.domain.guild_settings import ApprovalRules
from bot.domain.requests import State
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.moderation.test_panel import choose, control, go_to, settings_of
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


async def test_all_rules_are_set_in_the_panel(local: BotHarness) -> None:
    helpers, boosters = (local.discord.add.role(local.discord.guild, name=name) for name in ("Help", "Boost"))
    general, mo = local.discord.channel("general"), local.discord.member("Mo")
    async with local.bot() as app:
        shown = await told(local, "settings show")
        await go_to(local, shown, "songs", Action.APPROVAL)
        await choose(local, shown, Action.APPROVAL, "channel", general.id)
        await local.shows(shown, f"In <#{general.id}>")
        await choose(local, shown, Action.APPROVAL, "ping", helpers.id)
        await local.shows(shown, panel.pinged(helpers.id), "doesn't let the bot notify")
        await choose(local, shown, Action.APPROVAL, "deciders", helpers.id)
        await local.shows(shown, panel.can_decide(helpers.id))
        await choose(local, shown, Action.APPROVAL, "ping")
        await local.discord.wait_for(lambda: panel.pinged(helpers.id) not in seen(shown), timeout_s=LONG_S)
        await go_to(local, shown, "songs", "exemptions")
        await choose(local, shown, "exemptions", "exempt", boosters.id, helpers.id)
        await local.shows(shown, f"<@&{boosters.id}>, <@&{helpers.id}>")
        await choose(local, shown, "exemptions", "free", 2)
        await local.shows(shown, "each member's first 2 requests a day")
        await choose(local, shown, "exemptions", "saved", "skip")
        await local.shows(shown, ", saved playlists")
        settings = await settings_of(app, local)
        assert settings.approval == ApprovalRules(
            exempt_role_ids=(boosters.id, helpers.id),
            free_per_day=2,
            skips_saved=True,
            decider_role_id=helpers.id,
        )
        await mo.press(shown, labels.BACK_TO_DEFAULT)
        await local.shows(shown, "Nothing: every request needs it")
        await go_to(local, shown, "songs", Action.WORDS)
        form = await mo.choose(shown, words_control(shown), OTHER)
        await form.acknowledged(timeout_s=LONG_S)
        await mo.submit_modal(form, {labels.WORDS_HINT: "damn, *heck*"})
        await local.shows(shown, "`*heck*` `damn`")
        await choose(local, shown, Action.WORDS, "word", "damn")
        await local.shows(shown, "1 word can't be in prompts now.")
        settings = await settings_of(app, local)
        assert (settings.words, settings.approval.decider_role_id) == (("*heck*",), helpers.id)


def words_control(shown: Message) -> str:
    return control(shown, Action.WORDS, "word")
