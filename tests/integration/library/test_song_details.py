"""The lyrics of a song, and how it was made, for the member who presses the buttons."""

from dataclasses import replace

from bot.chat.messages.buttons import lyrics_button, recipe_button
from bot.chat.text.labels import LYRICS, RECIPE
from bot.chat.text.moderator_errors import DETAILS_ERASED
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entries, text
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both
from tests.integration.library.test_result_buttons import delivered

pytestmark = on_both


async def asked(local: BotHarness, who: str, message: Message, label: str) -> Message:
    answer = await (await local.discord.member(who).press(message, label)).answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return answer


def with_both(result: Message) -> None:
    """Put both buttons into the last row of a result."""
    *rows, hearts = result.components
    hearted = entries(hearts, "components")
    request_id = int(text(hearted[0], "custom_id").split(":")[1])
    built = (lyrics_button(request_id), recipe_button(request_id))
    shown = [
        heart | {"label": button.label, "custom_id": button.custom_id}
        for heart, button in zip(hearted, built, strict=True)
    ]
    result.states.append(replace(result.now, components=(*rows, hearts | {"components": shown})))


async def test_lyrics_and_recipe_are_shown_to_who_presses_also_after_a_restart(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        with_both(result)
    async with local.bot() as app:
        assert r"\[Verse\]" in (await asked(local, "Ben", result, LYRICS)).content
        recipe = seen(await asked(local, "Ben", result, RECIPE))
        assert "warm and slow" in recipe
        assert "Weirdness 30% (`0.3`)" in recipe

        def forget(uow: UnitOfWork) -> None:
            uow.personal_data.anonymize(local.ada.id)

        await app.store.write(NamedUnit("tests.forget", forget))
        for label in (LYRICS, RECIPE):
            assert DETAILS_ERASED in (await asked(local, "Ada", result, label)).content
