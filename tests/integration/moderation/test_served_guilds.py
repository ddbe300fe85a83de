"""Servers that the bot's owner does not serve: one sentence to everything, and nothing is held."""

import pytest

from bot.chat.text import confirmations
from bot.chat.text.errors import NOT_OPERATOR, NOT_SERVED
from bot.chat.text.failures import FAILURES
from bot.chat.text.labels import SONG_LIKE_THIS
from bot.chat.text.moderator_errors import NO_GUILD_ID, OWN_GUILD
from bot.domain.requests import FailureKind
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.people.person import Person
from tests.harness.bot import ANSWER_TO_COMMAND, LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both

pytestmark = on_both


@pytest.fixture
def stranger(local: BotHarness) -> Person:
    """Sam, who owns another server: there is nothing that he can't do in it."""
    sam = local.discord.add.user("Sam")
    guild = local.discord.add.guild("Elsewhere", owner=sam)
    local.discord.add.channel(guild, name="songs")
    return local.discord.member("Sam", guild=guild)


async def told(asked: Invocation) -> str:
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return answer.content or seen(answer)


def home(local: BotHarness) -> tuple[int, ...]:
    return (local.discord.guild.id,)


async def test_elsewhere_everything_says_one_sentence_and_nothing_is_held(
    local: BotHarness, stranger: Person
) -> None:
    link = f"https://suno.com/playlist/{PLAYLISTS[0].id}"
    async with local.bot():
        await (await stranger.slash("songs", "inspire", playlist=link)).answer(timeout_s=LONG_S)
        result = await local.discord.wait_for(lambda: _results(stranger), timeout_s=LONG_S)
        said = await stranger.say("songs", link)
        form = await stranger.use_on(said, SONG_LIKE_THIS)
        await local.discord.wait_for(lambda: form.modal, timeout_s=LONG_S)
    async with local.bot(allowed_guild_ids=home(local)) as app:
        for asked in (
            await stranger.slash("songs", "inspire", playlist=link),
            await stranger.slash("songs", "inspire"),
            await stranger.slash("songs", "credits"),
            await stranger.slash("songs", "help"),
            await stranger.slash("songs", "quota everyone", credits=1_000_000, period="day"),
            await stranger.slash("songs", "settings show"),
            await stranger.slash("songs", "privacy notice"),
            await stranger.use_on(said, SONG_LIKE_THIS),
            await stranger.press(result[0], "More..."),
            await stranger.press(result[0], "♥ 1 · 0"),
            await stranger.submit_modal(form, {"prompt": "rain"}),
        ):
            assert await told(asked) == NOT_SERVED
        choices = await stranger.autocomplete("songs", "inspire", playlist="")
        assert choices == []
        await local.placed_result()
        quotas = app.client.services.quotas
        left = await quotas.statement(stranger.guild.id, stranger.id, role_ids=())
        assert (left.held, left.used) == (0, 30)
    assert len(local.submissions) == 2


async def test_what_waits_when_its_server_is_no_longer_served_is_cancelled(
    local: BotHarness, stranger: Person
) -> None:
    async with local.bot() as app:
        await app.client.services.operator.pause()
        asked = await stranger.slash("songs", "inspire", playlist=PLAYLISTS[0].id)
        status = await asked.answer(timeout_s=LONG_S)
    async with local.bot(allowed_guild_ids=home(local)) as app:
        await app.client.services.operator.resume()
        text = await local.shows(status, FAILURES[FailureKind.NOT_SERVED])
        assert "30 credits are back" in text
        await local.placed_result()
    assert len(local.submissions) == 1


async def test_the_operators_own_server_is_always_served(local: BotHarness, stranger: Person) -> None:
    own, listed = local.discord.guild.id, (stranger.guild.id,)
    async with local.bot(operator_guild_id=own, allowed_guild_ids=listed):
        await local.placed_result()
        answer = await (await stranger.slash("songs", "credits")).answer(timeout_s=LONG_S)
        assert NOT_SERVED not in seen(answer)


async def test_the_owner_denies_a_server_and_allows_it_again(local: BotHarness, stranger: Person) -> None:
    owner, elsewhere = local.discord.member("Odile"), str(stranger.guild.id)
    async with local.bot(operator_guild_id=local.discord.guild.id) as app:
        await app.client.services.operator.pause()
        asked = await stranger.slash("songs", "inspire", playlist=PLAYLISTS[0].id)
        status = await asked.answer(timeout_s=LONG_S)
        said = await told(await owner.slash("songs", "operator deny", server=elsewhere))
        assert said == confirmations.guild_denied(stranger.guild.id, "Elsewhere", 1)
        assert "30 credits are back" in await local.shows(status, FAILURES[FailureKind.NOT_SERVED])
        assert await told(await stranger.slash("songs", "credits")) == NOT_SERVED
        await app.client.services.operator.resume()
        await local.placed_result()
    async with local.bot(operator_guild_id=local.discord.guild.id) as app:
        await local.discord.wait_for(lambda: not app.client.services.served.includes(stranger.guild.id))
        assert await told(await stranger.slash("songs", "inspire")) == NOT_SERVED
        said = await told(await owner.slash("songs", "operator allow", server=elsewhere))
        assert said == confirmations.guild_allowed(stranger.guild.id, "Elsewhere")
        asked = await stranger.slash("songs", "inspire", playlist=PLAYLISTS[0].id)
        assert not (await asked.answer(timeout_s=LONG_S)).ephemeral


async def test_nobody_else_and_no_wrong_id_changes_anything(local: BotHarness, stranger: Person) -> None:
    owner, own = local.discord.member("Odile"), str(local.discord.guild.id)
    async with local.bot(operator_guild_id=local.discord.guild.id):
        said = await told(await owner.slash("songs", "operator deny", server=own))
        assert said.startswith(OWN_GUILD)
        for wrong in ("my server", "12", "9" * 19, "-1"):
            said = await told(await owner.slash("songs", "operator allow", server=wrong))
            assert said.startswith(NO_GUILD_ID)
        mo = local.discord.member("Mo")
        said = await told(await mo.slash("songs", "operator deny", server=str(stranger.guild.id)))
        assert NOT_OPERATOR in said
        asked = await stranger.slash("songs", "inspire", playlist=PLAYLISTS[0].id)
        assert not (await asked.answer(timeout_s=LONG_S)).ephemeral
        unknown = "123456789012345678"
        said = await told(await owner.slash("songs", "operator deny", server=unknown))
        assert said == confirmations.guild_denied(int(unknown), None, 0)


def _results(person: Person) -> list[Message]:
    return [
        message
        for message in person.sees("songs")
        if message.author.is_bot and message.kind != ANSWER_TO_COMMAND and not message.ephemeral
    ]
