import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.delivery.status_message import REMOVED, TITLES
from bot.chat.text.errors import COOLDOWN, ONLY_IN_SERVERS
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import GO_TO_SONG, love, more_like
from bot.chat.text.moderator_errors import DETAILS_ERASED, OWN_SONG, SONG_REMOVED
from bot.chat.text.songs import NO_SONGS, STARS_REPLACED
from bot.domain.requests import State
from bot.services.unit_of_work import NamedUnit, UnitOfWork
from sandbox.cqtai.effects import Drop, Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.discord import Fault as DiscordFault
from sandbox.discord import FaultKind
from sandbox.discord.interactions.invocations import Invocation
from sandbox.discord.model.message import Message
from sandbox.discord.payloads import entries, text
from tests.harness.bot import LONG_S, BotHarness
from tests.harness.message_readers import labels, seen, title
from tests.integration.engines import on_both

pytestmark = on_both

CALLBACK = "POST /interactions/*"
HEARTS = [love(1, 0), love(2, 0)]


async def pressed(local: BotHarness, who: str, message: Message, label: str) -> Invocation:
    asked = await local.discord.member(who).press(message, label)
    await asked.acknowledged(timeout_s=LONG_S)
    return asked


async def refused(local: BotHarness, who: str, message: Message, label: str) -> str:
    """What the member alone reads who pressed the button."""
    answer = await (await local.discord.member(who).press(message, label)).answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return answer.content


async def delivered(local: BotHarness) -> tuple[Message, Message]:
    """The status and the result of Ada's new song."""
    status = await local.place(prompt="warm and slow", weirdness=0.3)
    await local.shows(status, TITLES[State.DELIVERED])
    (result,) = local.results()
    return status, result


async def test_a_song_whose_prompt_was_wiped_is_not_ordered_again(local: BotHarness) -> None:
    async with local.bot() as app:
        _, result = await delivered(local)
        later = datetime.now(UTC) + timedelta(minutes=1)

        def wipe(uow: UnitOfWork) -> int:
            return uow.cleanup.erase_prompts(before=later, now=later, limit=9)

        assert await app.store.write(NamedUnit("tests.wipe", wipe)) == 1
        for label in ("Again", more_like(1)):
            assert DETAILS_ERASED in await refused(local, "Ben", result, label)
        assert (await local.credits("Ben"))["On hold"] == 0
        assert len(local.submissions) == 1


async def test_after_a_restart_others_ask_for_the_same_and_for_more_like_a_clip(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        assert labels(result)[2:] == ["Again", more_like(1), more_like(2), "Remove", *HEARTS]
    async with local.bot():
        for who, label in (("Ben", "Again"), ("Mo", more_like(2))):
            asked = await local.discord.member(who).press(result, label)
            status = await asked.answer(timeout_s=LONG_S)
            assert not status.ephemeral
            await local.shows(
                status, f"<@{local.discord.member(who).id}> requested", TITLES[State.DELIVERED], GO_TO_SONG
            )
            assert (asked.answers, asked.refused) == (1, [])
            assert (await local.credits(who))["Used"] == 30
        assert (await local.credits())["Used"] == 30
    first, again, more = (json.loads(submission.body) for submission in local.submissions)
    assert again == first
    assert more == first | {"artistClipId": str(result.embeds[1]["url"]).rpartition("/")[2]}


async def test_again_goes_through_the_same_refusals_as_the_command(local: BotHarness) -> None:
    async with local.bot(cooldown_s=3600):
        _, result = await delivered(local)
        assert COOLDOWN in await refused(local, "Ada", result, "Again")
        assert COOLDOWN in await refused(local, "Ada", result, more_like(1))
    assert len(local.submissions) == 1


@pytest.mark.usefixtures("patient")
async def test_in_a_direct_message_again_leads_back_to_the_server(
    local: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.hurry({"provider.submit_s": 0.5})
    local.provider.faults.add(Fault(Phase.SUBMIT, Slow(1.0), accepted=False))
    async with local.bot():
        await local.place()
        local.discord.disruptions.delete_channel(local.discord.channel("songs"))
        await local.discord.wait_for(lambda: local.ada.direct_messages, timeout_s=LONG_S)
        (ending,) = local.ada.direct_messages
        await local.shows(ending, TITLES[State.UNCERTAIN])
        assert ONLY_IN_SERVERS in await refused(local, "Ada", ending, "Again")


@pytest.mark.usefixtures("patient")
async def test_what_may_have_been_lost_can_be_asked_for_again(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.SUBMIT, Drop(), accepted=False))
    async with local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.UNCERTAIN], "press **Again**", are_back(30))
        assert labels(status) == ["Again"]
        again = await (await local.ada.press(status, "Again")).answer(timeout_s=LONG_S)
        await local.shows(again, TITLES[State.DELIVERED])
        assert (await local.credits())["Used"] == 30


async def test_two_who_love_at_once_both_count_and_a_double_click_is_one_press(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
    async with local.bot():
        embeds, files, before = result.embeds, result.attachments, labels(result)
        assert OWN_SONG in await refused(local, "Ada", result, love(1, 0))
        presses = await asyncio.gather(
            *(pressed(local, who, result, love(1, 0)) for who in ("Ben", "Mo", "Ben", "Mo"))
        )
        await local.shows(result, love(1, 2))
        presses.append(await pressed(local, "Ben", result, love(2, 0)))
        await local.shows(result, love(2, 1))
        assert all((asked.answers, asked.refused, asked.followups) == (1, [], []) for asked in presses)
        assert (result.embeds, result.attachments) == (embeds, files)
        assert labels(result) == [*before[:-2], love(1, 2), love(2, 1)]
    assert len(local.results()) == 1


async def test_a_song_of_an_earlier_version_has_hearts_once_its_stars_are_pressed(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        await pressed(local, "Ben", result, love(1, 0))
        content, before = result.content, labels(result)
        *rows, hearts = result.components
        (heart, _) = entries(hearts, "components")
        rate = text(heart, "custom_id").replace("love", "rate").removesuffix(":1")
        stars = [heart | {"label": f"{n} ★", "custom_id": f"{rate}:{n}"} for n in range(1, 6)]
        components = (*rows, hearts | {"components": stars})
        old = replace(result.now, content=f"{content}\n-# ★ 4.5 (2 votes)", components=components)
        result.states.append(old)
        asked = await pressed(local, "Mo", result, "5 ★")
        await local.shows(result, love(1, 1), STARS_REPLACED)
        assert (asked.answers, asked.refused, asked.followups) == (1, [], [])
        assert labels(result) == [*before[:-2], love(1, 1), love(2, 0)]
        assert result.content == f"{content}\n{STARS_REPLACED}"
        await pressed(local, "Mo", result, love(2, 0))
        await local.shows(result, love(2, 1))


async def test_a_requester_removes_a_song_also_where_the_bot_sees_no_channel(local: BotHarness) -> None:
    async with local.bot():
        status, result = await delivered(local)
        assert "**Manage Server**" in await refused(local, "Ben", result, "Remove")
        assert not result.deleted
        local.discord.disruptions.hide(local.discord.channel("songs"))
        asked = await pressed(local, "Ada", result, "Remove")
        await local.discord.wait_for(lambda: result.deleted, timeout_s=LONG_S)
        assert (asked.answers, asked.refused) == (1, [])
        assert title(status) == TITLES[State.DELIVERED]
        listed = await (await local.ada.slash("songs", "songs list")).answer(timeout_s=LONG_S)
        assert NO_SONGS in seen(listed)
        assert (await local.credits())["Used"] == 30


async def test_a_moderator_removes_a_song_and_its_copies_do_nothing_more(local: BotHarness) -> None:
    async with local.bot():
        status, result = await delivered(local)
        (choice,) = await local.ada.autocomplete("songs", "songs show", song="", timeout_s=LONG_S)
        copies = [
            await (await local.ada.slash("songs", "songs show", song=choice.value)).answer(timeout_s=LONG_S)
            for _ in range(2)
        ]
        assert labels(copies[0]) == labels(result)
    async with local.bot():
        await pressed(local, "Mo", copies[0], "Remove")
        await local.shows(status, "Removed", REMOVED)
        await local.discord.wait_for(lambda: result.deleted and copies[0].deleted, timeout_s=LONG_S)
        assert labels(status) == []
        for label in ("Again", love(1, 0)):
            assert SONG_REMOVED in await refused(local, "Ben", copies[1], label)
        assert (
            SONG_REMOVED
            in (
                await (await local.ada.slash("songs", "songs show", song=choice.value)).answer(
                    timeout_s=LONG_S
                )
            ).content
        )
        await pressed(local, "Ada", copies[1], "Remove")
        await local.discord.wait_for(lambda: copies[1].deleted, timeout_s=LONG_S)


@pytest.mark.parametrize(("who", "label"), [("Ben", love(1, 0)), ("Ada", "Remove")])
async def test_a_press_whose_answer_is_cut_off_is_answered_all_the_same(
    local: BotHarness, who: str, label: str
) -> None:
    async with local.bot():
        _, result = await delivered(local)
        local.discord.faults.add(DiscordFault(kind=FaultKind.RESET, on=CALLBACK))
        await local.discord.member(who).press(result, label)
        await local.discord.wait_for(lambda: result.deleted or love(1, 1) in labels(result), timeout_s=LONG_S)
        assert len(local.discord.faults.struck) == 1
