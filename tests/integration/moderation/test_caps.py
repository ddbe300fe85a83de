"""The owner's caps: what a stranger, a moderator and the owner read, whatever the moderators allow."""

import re

import pytest

from bot.chat.text.errors import NOT_OPERATOR
from bot.chat.text.labels import NEXT_PAGE
from bot.chat.text.moderator_errors import CAP_SERVER_MISSING, NO_GUILD_ID
from sandbox.cqtai import PLAYLISTS
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.people.person import Choice, Person
from tests.harness.bot import LONG_S, BotHarness
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


async def said(asked: Invocation) -> str:
    answer = await asked.answer(timeout_s=LONG_S)
    assert (asked.answers, asked.refused) == (1, [])
    return seen(answer)


async def inspire(person: Person) -> str:
    return await said(await person.slash("songs", "inspire", playlist=PLAYLISTS[0].id))


async def test_a_stranger_spends_no_more_than_the_cap_and_reads_whose_it_is(
    local: BotHarness, stranger: Person
) -> None:
    async with local.bot(server_credit_cap=70, total_credit_cap=100):
        await said(await stranger.slash("songs", "quota everyone", credits=1_000_000))
        await said(await stranger.slash("songs", "quota budget", credits=900_000, period="month"))
        for _ in range(2):
            assert "30 credits" in await inspire(stranger)
        assert "the bot owner's limit for this server has 10 left for everyone" in await inspire(stranger)
        assert "until the bot owner's limit for this server resets" in await said(
            await stranger.slash("songs", "credits")
        )
        for command in ("quota budget", "quota report"):
            shown = await said(await stranger.slash("songs", command))
            assert "The bot owner's limit for this server: **10** of 70 credits left." in shown
        assert "70 credits every month, 10 left" in await said(
            await stranger.slash("songs", "quota everyone")
        )
        assert "30 credits" in await inspire(local.ada)
        refused = await inspire(local.ada)
        assert "the bot owner's limit for all servers has too few credits left" in refused


async def test_the_owner_gives_a_server_a_cap_of_its_own(local: BotHarness, stranger: Person) -> None:
    owner, elsewhere = local.discord.member("Odile"), str(stranger.guild.id)

    async def cap(**options: object) -> str:
        return await said(await owner.slash("songs", "operator cap", past_picker=False, **options))

    async with local.bot(operator_guild_id=local.discord.guild.id):
        assert "Each server (`SERVER_CREDIT_CAP`): no cap." in await cap()
        assert "30 credits" in await inspire(stranger)
        below = await cap(server=elsewhere, credits="20")
        assert f"The server **Elsewhere** (`{elsewhere}`) has a cap of its own: 20 credits every" in below
        assert "every month. **30** used" in below
        assert "it is too small for a song, which costs 30" in below
        assert "is too small for a song" in await inspire(stranger)
        assert "**30** used or on hold: 1 more song until it resets" in await cap(
            server=elsewhere, credits="60"
        )
        assert "30 credits" in await inspire(stranger)
        assert "limit for this server has 0 left" in await inspire(stranger)
        assert f"Own caps of 1 server: **Elsewhere** (`{elsewhere}`) 60" in await cap()
        assert "has no cap" in await cap(server=elsewhere, credits="none")
        assert "30 credits" in await inspire(stranger)


async def test_only_the_owner_sets_caps_and_only_right_ones(local: BotHarness, stranger: Person) -> None:
    owner, mo, elsewhere = local.discord.member("Odile"), local.discord.member("Mo"), str(stranger.guild.id)
    async with local.bot(operator_guild_id=local.discord.guild.id):
        assert NOT_OPERATOR in await said(await mo.slash("songs", "operator cap", credits="5"))
        for wrong, words in (
            ({"credits": "300"}, CAP_SERVER_MISSING),
            ({"server": "my server", "credits": "300"}, NO_GUILD_ID),
            ({"server": elsewhere, "credits": "-1"}, "`credits` can't be -1"),
            ({"server": elsewhere, "credits": "1,000,000,001"}, "`credits` can't be 1,000,000,001"),
            ({"server": elsewhere, "credits": "much"}, "doesn't fit this option"),
        ):
            assert words in await said(await owner.slash("songs", "operator cap", past_picker=False, **wrong))
        assert "no cap" in await said(await owner.slash("songs", "operator cap", server=elsewhere))


async def test_the_owner_sees_what_each_server_spends_and_finds_them_by_name(
    local: BotHarness, stranger: Person
) -> None:
    owner, mo = local.discord.member("Odile"), local.discord.member("Mo")
    elders = local.discord.add.guild("Elders", owner=local.discord.add.user("Eve"))
    home = local.discord.guild
    async with local.bot(operator_guild_id=home.id, server_credit_cap=90):
        for person in (stranger, stranger, local.ada):
            await inspire(person)
        shown = await said(await owner.slash("songs", "operator servers"))
        assert re.search(r"All servers this month, until <t:\d+:f>: \*\*90 credits\*\* for 3 songs", shown)
        first, second, third = (shown.index(f"`{one.id}`") for one in (stranger.guild, home, elders))
        assert first < second < third
        assert "**60 credits** for 2 songs · cap 90 · last used" in shown[first:second]
        assert "**Elders**" in shown[second:]
        assert "**0 credits** · cap 90" in shown[third:]
        assert "**90 credits** for 3 songs" in await said(await owner.slash("songs", "operator status"))
        for command in ("operator allow", "operator deny", "operator cap"):
            found = await owner.autocomplete("songs", command, server="ELSE", timeout_s=LONG_S)
            assert found == [Choice(f"Elsewhere ({stranger.guild.id})", str(stranger.guild.id))]
        assert await mo.autocomplete("songs", "operator deny", server="ELSE", timeout_s=LONG_S) == []
        assert NOT_OPERATOR in await said(await mo.slash("songs", "operator servers"))


async def test_a_long_list_of_servers_has_pages(local: BotHarness) -> None:
    owner = local.discord.member("Odile")
    eve = local.discord.add.user("Eve")
    for number in range(12):
        local.discord.add.guild(f"Server {number}", owner=eve)
    async with local.bot(operator_guild_id=local.discord.guild.id):
        asked = await owner.slash("songs", "operator servers")
        first = await asked.answer(timeout_s=LONG_S)
        assert "Page 1 of 2 · 13 in all" in seen(first)
        turned = await owner.press(first, NEXT_PAGE)
        await turned.acknowledged(timeout_s=LONG_S)
        await local.discord.wait_for(lambda: "Page 2 of 2" in seen(first), timeout_s=LONG_S)
        assert "no cap" in seen(first)
