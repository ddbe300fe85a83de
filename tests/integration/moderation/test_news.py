"""What moderators decide for members, as the members read it."""

import asyncio

import pytest

from bot.chat.messages.audit import NEWS
from bot.chat.text.confirmations import NEWS_AT_ONCE
from bot.services.audit_log import Actor
from bot.services.moderation.members import TargetMember
from sandbox.cqtai import PLAYLISTS
from sandbox.discord import Fault, FaultKind
from sandbox.discord.interactions.invocations import Invocation
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both

pytestmark = on_both


async def used(local: BotHarness, line: str, who: str = "Ada", /, **options: object) -> Invocation:
    asked = await local.discord.member(who).slash("songs", line, past_picker=True, **options)
    await asked.answer(timeout_s=LONG_S)
    return asked


async def grant(local: BotHarness, reason: str = "won the quiz") -> None:
    await used(local, "quota grant", "Mo", member=local.ada, credits=60, reason=reason)


async def settled(local: BotHarness) -> None:
    """Use a command whose answer comes after all that was told before."""
    await used(local, "queue", "Ben")


async def test_a_bonus_is_told_privately_after_the_next_public_answer_and_not_again(
    local: BotHarness,
) -> None:
    async with local.bot():
        await grant(local)
        asked = await used(local, "inspire", playlist=PLAYLISTS[0].id)
        await local.discord.wait_for(lambda: len(asked.followups) == 1, timeout_s=LONG_S)
        (told,) = asked.followups
        assert told.ephemeral
        assert not asked.ephemeral
        assert told.content == (
            f"{NEWS}\nYou received a bonus of **60 credits**; it does not expire. Reason: won the quiz"
        )
        again = await used(local, "credits")
        await settled(local)
        assert (again.answers, again.followups) == (1, [])


async def test_of_commands_at_once_one_tells_it(local: BotHarness) -> None:
    async with local.bot():
        await grant(local)
        asked = await asyncio.gather(*(used(local, "credits") for _ in range(5)))

        def told() -> int:
            return sum(len(one.followups) for one in asked)

        await local.discord.wait_for(lambda: told() == 1, timeout_s=LONG_S)
        await settled(local)
        assert told() == 1


async def test_what_discord_does_not_take_is_told_at_the_command_after(local: BotHarness) -> None:
    async with local.bot() as app:
        await grant(local)
        fault = Fault(kind=FaultKind.REFUSED, on="POST /webhooks/*", status=403, code=50_001)
        local.discord.faults.add(fault)
        asked = await used(local, "credits")
        await local.discord.wait_for(lambda: local.discord.faults.struck, timeout_s=LONG_S)
        guild_id, ada = local.discord.guild.id, local.ada.id
        async with asyncio.timeout(LONG_S):
            while not await app.store.read(lambda work: work.audit_log.news(guild_id, ada)):
                await settled(local)
        assert asked.followups == []
        next_one = await used(local, "credits")
        await local.discord.wait_for(lambda: len(next_one.followups) == 1, timeout_s=LONG_S)


async def test_where_the_server_says_so_a_member_is_told_by_direct_message_and_not_again(
    local: BotHarness,
) -> None:
    async with local.bot():
        said = await used(local, "settings news", "Mo", at_once="on")
        assert (await said.answer(timeout_s=LONG_S)).content == NEWS_AT_ONCE
        await grant(local)
        await local.discord.wait_for(lambda: local.ada.direct_messages, timeout_s=LONG_S)
        (message,) = local.ada.direct_messages
        assert message.content == (
            "**From the moderators of Songwriters** (`/credits` there shows what you have):\n"
            "You received a bonus of **60 credits**; it does not expire. Reason: won the quiz"
        )
        asked = await used(local, "credits")
        await settled(local)
        assert (asked.answers, asked.followups) == (1, [])
        log = await (await used(local, "quota log", "Mo")).answer(timeout_s=LONG_S)
        assert "changed how members are told of bonuses and the like" in seen(log)
        assert "by command" in seen(log)
        assert "by message" in seen(log)


@pytest.mark.parametrize("has_left", [True, False])
async def test_who_takes_no_direct_messages_or_was_gone_is_told_at_the_next_command(
    local: BotHarness, *, has_left: bool
) -> None:
    ada, guild = local.ada, local.discord.guild
    member = guild.members[ada.id]
    async with local.bot() as app:
        await used(local, "settings news", "Mo", at_once="on")
        if has_left:
            local.discord.disruptions.remove_member(ada)
        else:
            local.discord.disruptions.close_direct_messages(ada)
        actor = Actor(interaction_id=10**18, guild_id=guild.id, actor_id=1)
        await app.client.services.members.grant(
            actor, TargetMember(user_id=ada.id), amount=60, reason="a prize"
        )
        async with asyncio.timeout(LONG_S):
            while await app.store.read(lambda work: work.outbox.next_due_at()) is not None:
                await settled(local)
        guild.members[ada.id] = member
        asked = await used(local, "credits")
        await local.discord.wait_for(lambda: len(asked.followups) == 1, timeout_s=LONG_S)
        assert ada.direct_messages == []
