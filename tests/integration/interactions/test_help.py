from bot.chat.text.songs import NO_PLAYLISTS, NO_SONGS
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen, title
from tests.integration.engines import on_both

pytestmark = on_both

TITLES = {"My credits": "Your credits", "Queue": "Song queue", "Songs": "Songs of this server"}


async def shown_to(local: BotHarness, who: str) -> Message:
    asked = await local.discord.member(who).slash("songs", "help")
    message = await asked.answer(timeout_s=LONG_S)
    assert message.ephemeral
    return message


async def test_its_buttons_answer_like_the_commands_also_after_a_restart(local: BotHarness) -> None:
    async with local.bot():
        message = await shown_to(local, "Ada")
    async with local.bot():
        answers = {
            label: await (await local.ada.press(message, label)).answer(timeout_s=LONG_S)
            for label in ("My credits", "Queue", "Songs", "Playlists")
        }
    assert all(answer.ephemeral for answer in answers.values())
    assert {label: title(answers[label]) for label in TITLES} == TITLES
    assert NO_SONGS in seen(answers["Songs"])
    assert NO_PLAYLISTS in seen(answers["Playlists"])


async def test_moderators_see_theirs_below(local: BotHarness) -> None:
    async with local.bot():
        assert "For moderators" in seen(await shown_to(local, "Mo"))
        assert "For moderators" not in seen(await shown_to(local, "Ada"))


async def test_each_reads_it_in_the_language_of_their_client(local: BotHarness) -> None:
    ada, ben = (local.discord.member(name) for name in ("Ada", "Ben"))
    ada.member.user.locale, ben.member.user.locale = "es-419", "tlh"
    async with local.bot():
        spanish, english = await shown_to(local, "Ada"), await shown_to(local, "Ben")
        assert title(spanish) == "Canciones en este servidor"
        assert "Tienes **90 créditos**: 3 canciones más esta semana, 90 nuevos" in seen(spanish)
        assert title(english) == "Songs in this server"
        answer = await (await local.ada.press(spanish, "Mis créditos")).answer(timeout_s=LONG_S)
        assert answer.ephemeral
