import pytest

from bot.chat.delivery.status_message import TITLES
from bot.chat.text.formatting import are_back
from bot.domain.requests import State
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import SONG_LINK, labels, listen_links, seen, song_link, title
from tests.integration.engines import on_both

BACK = are_back(30)
READY = TITLES[State.DELIVERED]
pytestmark = [on_both, pytest.mark.usefixtures("patient")]


@pytest.fixture(autouse=True)
def unhurried(local: BotHarness) -> None:
    """Seconds of a song: enough to change something while it is made."""
    local.song_takes(0.4)


async def in_the_making(local: BotHarness) -> Message:
    status = await local.place()
    await local.shows(status, TITLES[State.MAKING])
    return status


async def direct_message(local: BotHarness) -> Message:
    return (await local.discord.wait_for(lambda: local.ada.direct_messages, timeout_s=LONG_S))[-1]


def is_whole(result: Message, local: BotHarness) -> bool:
    return (
        len(result.embeds) == len(result.attachments) == len(listen_links(result)) == 2
        and result.now.mentions == (local.ada.id,)
        and len(local.submissions) == 1
    )


async def test_a_deleted_status_message_does_not_cost_the_result(local: BotHarness) -> None:
    async with local.bot():
        status = await in_the_making(local)
        local.discord.disruptions.delete_message(status)
        result = await local.result()
        assert is_whole(result, local)
        assert (await local.credits())["Used"] == 30
    assert len(local.results()) == 1


async def test_a_failure_is_told_anew_where_the_status_message_was_deleted(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        status = await in_the_making(local)
        local.discord.disruptions.delete_message(status)
        ending = await local.result()
        await local.shows(ending, f"<@{local.ada.id}>", TITLES[State.FAILED], BACK)
    assert ending.pinged == {local.ada.id}
    assert len(local.results()) == 1


async def test_a_hidden_channel_gets_the_result_as_a_follow_up_and_its_edits_by_token(
    local: BotHarness,
) -> None:
    async with local.bot():
        status = await in_the_making(local)
        local.discord.disruptions.hide(local.discord.channel("songs"))
        result = await local.result()
        await local.shows(status, READY, SONG_LINK)
    assert is_whole(result, local)
    assert result.webhook_id == local.discord.application_id
    assert song_link(status).endswith(f"/{result.channel_id}/{result.id}")
    assert local.ada.direct_messages == []


async def test_a_channel_where_the_bot_may_not_post_gets_a_follow_up(local: BotHarness) -> None:
    local.discord.disruptions.deny(local.discord.channel("songs"), Permission.SEND_MESSAGES)
    async with local.bot():
        status = await local.place()
        await local.shows(status, READY)
    assert is_whole(local.results()[0], local)


async def test_a_failure_in_a_hidden_channel_is_shown_by_the_status_message(local: BotHarness) -> None:
    local.discord.disruptions.hide(local.discord.channel("songs"))
    local.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        await local.shows(await local.place(), TITLES[State.FAILED], BACK)
    assert local.results() == []


async def test_a_hidden_channel_and_a_dead_token_leave_a_direct_message(local: BotHarness) -> None:
    async with local.bot():
        asked = await local.order()
        status = await asked.answer(timeout_s=LONG_S)
        await local.shows(status, TITLES[State.MAKING])
        local.discord.disruptions.hide(local.discord.channel("songs"))
        local.discord.disruptions.end_token(asked)
        result = await direct_message(local)
    assert is_whole(result, local)
    assert labels(result) == [], "songs are rated and removed in servers"


async def test_a_deleted_channel_sends_the_song_to_its_member(local: BotHarness) -> None:
    async with local.bot():
        await in_the_making(local)
        local.discord.disruptions.delete_channel(local.discord.channel("songs"))
        result = await direct_message(local)
        assert is_whole(result, local)
        asked = await local.ada.slash("general", "credits")
        assert "30" in seen(await asked.answer(timeout_s=LONG_S))
    assert len(local.ada.direct_messages) == 1


async def test_a_deleted_channel_sends_the_failure_to_its_member(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        await in_the_making(local)
        local.discord.disruptions.delete_channel(local.discord.channel("songs"))
        ending = await direct_message(local)
    assert title(ending) == TITLES[State.FAILED]
    assert BACK in seen(ending)


async def test_a_member_who_can_be_reached_nowhere_is_said_to_the_operator(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    async with local.bot():
        await in_the_making(local)
        local.discord.disruptions.close_direct_messages(local.ada)
        local.discord.disruptions.delete_channel(local.discord.channel("songs"))
        words = "OPERATOR: the song can be posted nowhere; it is kept"
        await local.discord.wait_for(lambda: words in caplog.text, timeout_s=LONG_S)
    assert local.ada.direct_messages == []
    assert len(local.submissions) == 1


async def test_a_failure_that_can_be_told_nowhere_is_said_to_the_operator(
    local: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    local.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    async with local.bot():
        await in_the_making(local)
        local.discord.disruptions.close_direct_messages(local.ada)
        local.discord.disruptions.delete_channel(local.discord.channel("songs"))
        words = "OPERATOR: the member could not be told how it ended"
        await local.discord.wait_for(lambda: words in caplog.text, timeout_s=LONG_S)


async def test_a_song_that_can_be_posted_nowhere_says_so_in_its_status(local: BotHarness) -> None:
    songs = local.discord.channel("songs")
    local.discord.disruptions.deny(songs, Permission.SEND_MESSAGES)
    local.discord.disruptions.close_direct_messages(local.ada)
    async with local.bot():
        asked = await local.order()
        status = await asked.answer(timeout_s=LONG_S)
        await local.shows(status, TITLES[State.MAKING])
        local.discord.disruptions.end_token(asked)
        await local.shows(status, TITLES[State.UNDELIVERABLE])
        assert (await local.credits())["Used"] == 30


async def test_the_bot_thrown_out_of_the_server_still_delivers_by_token(local: BotHarness) -> None:
    async with local.bot():
        status = await in_the_making(local)
        local.discord.disruptions.remove_bot(local.discord.guild)
        await local.shows(status, READY)
    assert len(local.results()) + len(local.ada.direct_messages) == 1
