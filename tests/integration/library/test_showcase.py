from bot.chat.text.confirmations import NO_SHOWCASE
from bot.chat.text.labels import love
from bot.chat.text.moderator_errors import SHOWCASE_MISSING
from sandbox.discord.model.message import Message
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import labels, seen
from tests.integration.engines import on_both

pytestmark = on_both


async def settled(local: BotHarness, command: str, **options: object) -> str:
    """What a moderator reads in answer to the command."""
    used = await local.discord.member("Mo").slash("songs", f"settings {command}", past_picker=True, **options)
    answer = await used.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return seen(answer)


def showcase(local: BotHarness) -> list[Message]:
    messages = local.discord.channel("general").messages
    return [message for message in messages if message.author.is_bot and not message.deleted]


async def test_a_loved_song_is_forwarded_with_its_buttons_beside_it(local: BotHarness) -> None:
    general = local.discord.channel("general")
    async with local.bot():
        assert SHOWCASE_MISSING in await settled(local, "showcase", loves="2")
        assert "doesn't fit" in await settled(local, "showcase", loves="many")
        assert "3 members love it" in await settled(local, "showcase", channel=general)
        assert "2 members love it" in await settled(local, "showcase", loves="2")
        assert f"<#{general.id}>, from 2 loves on" in await settled(local, "show")
        result = await local.placed_result()
        for who in ("Ben", "Mo"):
            await local.discord.member(who).press(result, love(1, 0))
        await local.discord.wait_for(lambda: len(showcase(local)) == 2, timeout_s=LONG_S)
        forward, beside = showcase(local)
        assert forward.snapshots
        assert labels(beside)[:2] == [love(1, 2), love(2, 0)]
        assert beside.pinged == frozenset()
        await local.discord.member("Mo").press(beside, love(2, 0))
        await local.shows(beside, love(2, 1))
        assert NO_SHOWCASE in await settled(local, "showcase", loves="none")
