"""What moderators decide for members, as the members read it."""

import asyncio

from bot.chat.messages.audit import NEWS
from sandbox.cqtai import PLAYLISTS
from sandbox.discord import Fault, FaultKind
from sandbox.discord.interactions.invocations import Invocation
from tests.harness.bot import LONG_S, BotHarness
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
            while not await app.store.read(lambda work: work.audit_log.has_news(guild_id, ada)):
                await settled(local)
        assert asked.followups == []
        next_one = await used(local, "credits")
        await local.discord.wait_for(lambda: len(next_one.followups) == 1, timeout_s=LONG_S)
