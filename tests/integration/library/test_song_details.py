"""The lyrics of a song, and how it was made, for the member who presses the buttons."""

from datetime import UTC, datetime

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.labels import LYRICS, RECIPE
from bot.chat.text.moderator_errors import DETAILS_ERASED
from bot.chat.text.songs import INSTRUMENTAL, LYRICS_MISSING
from bot.domain.requests import State
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from bot.suno.report import CUT_OFF
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.reply_variants import ReplyVariant
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import text
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.library.test_result_buttons import delivered, menu

pytestmark = on_both


async def asked(local: BotHarness, who: str, message: Message, label: str) -> Message:
    answer = await (await local.discord.member(who).press(message, label)).answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return answer


async def test_lyrics_and_recipe_are_shown_to_who_presses_also_after_a_restart(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        shown = await menu(local, "Ben", result)
    async with local.bot() as app:
        assert r"\[Verse\]" in (await asked(local, "Ben", result, LYRICS)).content
        recipe = seen(await asked(local, "Ben", shown, RECIPE))
        assert "warm and slow" in recipe
        assert "Weirdness 30% (`0.3`)" in recipe

        def forget(uow: UnitOfWork) -> None:
            uow.personal_data.anonymize(local.ada.id, before=datetime.max.replace(tzinfo=UTC), limit=9)

        await app.store.write(NamedUnit("tests.forget", forget))
        for message, label in ((result, LYRICS), (shown, RECIPE)):
            assert DETAILS_ERASED in (await asked(local, "Ben", message, label)).content


async def test_odd_lyrics_are_shown_as_far_as_they_were_kept(local: BotHarness) -> None:
    async with local.bot(default_allowance=900):
        for variant in (ReplyVariant.INSTRUMENTAL, ReplyVariant.LYRICS_HUGE, ReplyVariant.BARE_CLIPS):
            local.provider.faults.clear()
            local.provider.faults.add(Fault(Phase.DOCUMENT, variant, times=None))
            await local.shows(await local.place(), TITLES[State.DELIVERED])
        instrumental, huge, bare = [await asked(local, "Ben", result, LYRICS) for result in local.results()]
        assert (instrumental.content, bare.content) == (INSTRUMENTAL, LYRICS_MISSING)
        (file,) = huge.attachments
        assert file.filename == "lyrics.txt"
        assert file.content.decode().endswith(CUT_OFF)
        assert len(file.content) < 11_000


async def test_explicit_lyrics_are_marked(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.DOCUMENT, ReplyVariant.EXPLICIT, times=None))
    async with local.bot():
        result = await local.placed_result()
    assert all(" · explicit · " in text(embed, "description") for embed in result.embeds)
