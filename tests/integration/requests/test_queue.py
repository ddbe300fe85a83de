import re

import pytest

from bot.chat.delivery.status_message import TITLES, queue_position
from bot.chat.messages.queue import EMPTY
from bot.chat.text import confirmations
from bot.chat.text.errors import ALREADY_ENDED, ALREADY_MAKING, NO_SUCH_REQUEST, NOT_MODERATOR
from bot.chat.text.formatting import are_back
from bot.chat.text.moderator_errors import NOT_PAUSED, NOTHING_CHANGED
from bot.chat.text.requests import PAUSED
from bot.domain.requests import State
from bot.services.requests.queue_service import PausedQueue
from sandbox.cqtai import PLAYLISTS
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Stall
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.model.world import Guild
from sandbox.discord.people.person import Person, PickerError
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import seen
from tests.integration.engines import on_both

pytestmark = on_both

NO_RIGHT = f"{NOT_MODERATOR}{NOTHING_CHANGED}"
STALLED = PLAYLISTS[1].id


@pytest.fixture(autouse=True)
def busy(local: BotHarness) -> None:
    """Give the provider one slot, which a request for this playlist keeps."""
    changes = {"max_running": 1, "default_allowance": 3000, "max_active_per_member": 600}
    local.settings = local.settings.model_copy(update=changes)
    local.provider.faults.add(Fault(Phase.TASK, Stall(), times=None, playlist_id=STALLED))


@pytest.fixture
def mo(local: BotHarness) -> Person:
    return local.discord.member("Mo")


def other_server(local: BotHarness, member: str = "Cas") -> Person:
    """A member of another server with the bot."""
    guild: Guild = local.discord.add.guild("Band room", owner=local.discord.state.world.owner)
    local.discord.add.channel(guild, name="songs")
    user = local.discord.add.user(member)
    local.discord.add.member(guild, user=user)
    return local.discord.member(member, guild=guild)


async def told(asked: Invocation) -> str:
    answer = await asked.answer(timeout_s=LONG_S)
    assert answer.ephemeral
    assert (asked.answers, asked.refused) == (1, [])
    return answer.content or seen(answer)


async def queue(local: BotHarness, who: str) -> list[str]:
    """The lines of what `/queue` shows the member."""
    asked = await local.discord.member(who).slash("songs", "queue")
    await told(asked)
    assert asked.shown is not None
    (embed,) = asked.shown.embeds
    return [line for line in str(embed["description"]).split("\n") if line]


async def being_made(local: BotHarness) -> None:
    """Fill the provider's only slot with Ben's request."""
    await local.place("Ben", playlist=STALLED)
    await local.provider.wait_for(lambda _: bool(local.polls), timeout_s=LONG_S)


async def waiting(local: BotHarness, who: str = "Ada") -> Message:
    status = await local.place(who)
    assert "in the queue" in seen(status)
    return status


async def test_the_queue_of_nobody_says_how_to_begin(local: BotHarness) -> None:
    async with local.bot():
        (words,) = await queue(local, "Ada")
        assert EMPTY in words


async def test_everybody_sees_who_is_served_and_who_comes_next(local: BotHarness) -> None:
    async with local.bot():
        await being_made(local)
        cas = other_server(local)
        await waiting(local)
        for _ in range(2):
            await (await cas.slash("songs", "inspire", playlist=PLAYLISTS[0].id)).answer(timeout_s=LONG_S)
        await waiting(local, "Mo")
        ada, mo, ben = (local.discord.member(name).id for name in ("Ada", "Mo", "Ben"))
        lines = await queue(local, "Ada")
        shown = [
            re.sub(r" · <t:\d+:R>|\[playlist\]\(https://suno.com/playlist/([^)]+)\)", "", x) for x in lines
        ]
        assert shown == [
            "**Being made**",
            f"• <@{ben}> · ",
            "**Waiting**",
            # the other server has nothing running, so that its first song comes before all of ours
            f"➤ **2** · <@{ada}> · ",
            f"• **4** · <@{mo}> · ",
        ]
        assert all("<t:" in line for line in lines if "<@" in line)
        asked = await cas.slash("songs", "queue")
        assert await told(asked)
        assert asked.shown is not None
        assert str(ada) not in seen(asked.shown)


async def test_a_moderator_cancels_a_request_and_its_member_reads_why(local: BotHarness, mo: Person) -> None:
    async with local.bot():
        await being_made(local)
        status = await waiting(local)
        (choice,) = await mo.autocomplete("songs", "requests cancel", request="ada", timeout_s=LONG_S)
        assert choice.name == f"Ada · waiting, position 1 · playlist {PLAYLISTS[0].id[:8]}… · v5.5"
        assert await mo.autocomplete("songs", "requests cancel", request="zzz", timeout_s=LONG_S) == []
        said = await told(
            await mo.slash("songs", "requests cancel", request=choice.value, reason="*Too* loud")
        )
        assert said.startswith("Cancelled. Its 30 credits went back to the member.")
        await local.shows(status, "Cancelled", are_back(30), "[Why?]")
        assert await told(await local.ada.press(status, "Why?")) == r"Reason: \*Too\* loud"
        assert (await local.credits())["On hold"] == 0
        again = await told(await mo.slash("songs", "requests cancel", request=choice.value, reason="again"))
        assert ALREADY_ENDED in again


async def test_what_a_moderator_cannot_cancel_is_answered_so(local: BotHarness, mo: Person) -> None:
    async with local.bot():
        await being_made(local)
        cas = other_server(local)
        asked = await cas.slash("songs", "inspire", playlist=PLAYLISTS[0].id)
        await asked.answer(timeout_s=LONG_S)
        assert await mo.autocomplete("songs", "requests cancel", request="", timeout_s=LONG_S) == []
        for text in (str(asked.interaction.id), "nonsense", "0", str(2**63), "9" * 100):
            said = await told(await mo.slash("songs", "requests cancel", request=text, reason="no"))
            assert said.startswith(NO_SUCH_REQUEST)
        (own,) = await local.discord.member("Ben").autocomplete("songs", "cancel", request="")
        said = await told(await mo.slash("songs", "requests cancel", request=own.value, reason="no"))
        assert ALREADY_MAKING in said


async def test_a_paused_server_keeps_its_places_while_another_goes_on(local: BotHarness, mo: Person) -> None:
    async with local.bot():
        await being_made(local)
        status = await waiting(local)
        said = await told(await mo.slash("songs", "requests pause", reason="Exam week"))
        assert said == confirmations.paused(PausedQueue(1, None))
        await local.shows(status, PAUSED, "Exam week")
        refused = await told(await local.order("Ben"))
        assert "Reason: Exam week" in refused
        assert "Exam week" in (await queue(local, "Ada"))[0]
        await told(await mo.slash("songs", "requests pause", reason="Holidays"))
        await local.shows(status, "Holidays")
        local.settings = local.settings.model_copy(update={"max_running": 2})
    async with local.bot():
        cas = other_server(local)
        await (await cas.slash("songs", "inspire", playlist=PLAYLISTS[0].id)).answer(timeout_s=LONG_S)
        place = local.discord.channel("songs", guild=cas.guild)
        await local.discord.wait_for(
            lambda: any(message.attachments for message in place.messages), timeout_s=LONG_S
        )
        assert len(local.submissions) == 2
        assert (await local.credits())["On hold"] == 30
        said = await told(await mo.slash("songs", "requests resume"))
        assert said == confirmations.resumed(1)
        await local.shows(status, TITLES[State.DELIVERED])
        said = await told(await mo.slash("songs", "requests resume"))
        assert said.startswith(NOT_PAUSED)


async def test_a_member_of_a_paused_server_can_still_cancel(local: BotHarness, mo: Person) -> None:
    async with local.bot():
        await being_made(local)
        status = await waiting(local)
        await told(await mo.slash("songs", "requests pause", reason="Exam week"))
        await local.shows(status, "Exam week")
        await (await local.ada.press(status, "Cancel")).acknowledged(timeout_s=LONG_S)
        await local.shows(status, "Cancelled")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("requests cancel", {"request": "1" * 18, "reason": "no"}),
        ("requests pause", {"reason": "no"}),
        ("requests resume", {}),
        ("requests next", {"request": "1" * 18}),
        ("requests close", {"reason": "no"}),
        ("requests open", {}),
    ],
)
async def test_a_member_may_do_none_of_it(local: BotHarness, command: str, options: dict[str, str]) -> None:
    async with local.bot():
        with pytest.raises(PickerError, match="not offered"):
            await local.ada.slash("songs", command, past_picker=False, **options)
        assert await told(await local.ada.slash("songs", command, past_picker=True, **options)) == NO_RIGHT


async def test_places_move_as_others_go(local: BotHarness) -> None:
    async with local.bot() as app:
        await app.client.services.operator.pause()
        near, far = await local.place("Ada", playlist=STALLED), await local.place("Mo")
        assert queue_position(1) in seen(near)
        assert queue_position(2) in seen(far)
        await app.client.services.operator.resume()
        await local.shows(far, f"{queue_position(1)}. Expected")
        assert len(far.states) <= 3
