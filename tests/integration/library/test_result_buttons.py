import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import discord
import pytest

from bot.chat.delivery.status_message import REMOVED, REMOVED_BY_MODERATOR, TITLES
from bot.chat.messages.buttons import button
from bot.chat.text import labels as labels_
from bot.chat.text.confirmations import song_removed
from bot.chat.text.errors import COOLDOWN, ONLY_IN_SERVERS, SECOND_PRESS, price_changed
from bot.chat.text.formatting import are_back
from bot.chat.text.labels import love, more_like, priced
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
from tests.harness.message_readers import labels, seen
from tests.integration.engines import on_both

pytestmark = on_both

CALLBACK = "POST /interactions/*"
AGAIN, TRY_AGAIN = priced(labels_.AGAIN, 30), priced(labels_.TRY_AGAIN, 30)
HEARTS = [love(1, 0), love(2, 0)]
CHANGE = priced(labels_.CHANGE, 30)
MORE = [priced(more_like(clip), 30) for clip in (1, 2)]


async def pressed(local: BotHarness, who: str, message: Message, label: str) -> Invocation:
    asked = await local.discord.member(who).press(message, label)
    await asked.acknowledged(timeout_s=LONG_S)
    return asked


async def refused(local: BotHarness, who: str, message: Message, label: str) -> str:
    """What the member alone reads who pressed the button."""
    answer = await (await local.discord.member(who).press(message, label)).answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return answer.content


async def menu(local: BotHarness, who: str, message: Message) -> Message:
    """What More... shows to the member alone."""
    answer = await (await local.discord.member(who).press(message, labels_.MENU)).answer(timeout_s=LONG_S)
    assert answer.ephemeral
    return answer


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
        assert DETAILS_ERASED in await refused(local, "Ben", result, AGAIN)
        assert DETAILS_ERASED in await refused(local, "Ben", await menu(local, "Ben", result), MORE[0])
        assert (await local.credits("Ben"))["On hold"] == 0
        assert len(local.submissions) == 1


async def test_after_a_restart_others_ask_for_the_same_and_for_more_like_a_clip(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        assert labels(result) == [*HEARTS, AGAIN, labels_.LYRICS, labels_.MENU]
        shown = await menu(local, "Mo", result)
        assert labels(await menu(local, "Ada", result)) == [CHANGE, *MORE, labels_.RECIPE, labels_.REMOVE]
        assert labels(await menu(local, "Ben", result)) == [CHANGE, *MORE, labels_.RECIPE]
    async with local.bot():
        for who, message, label in (("Ben", result, AGAIN), ("Mo", shown, MORE[1])):
            asked = await local.discord.member(who).press(message, label)
            status = await asked.answer(timeout_s=LONG_S)
            assert not status.ephemeral
            await local.shows(status, TITLES[State.DELIVERED])
            assert (asked.answers, asked.refused) == (1, [])
            assert (await local.credits(who))["Used"] == 30
        assert (await local.credits())["Used"] == 30
    first, again, more = (json.loads(submission.body) for submission in local.submissions)
    assert again == first
    assert more == first | {"artistClipId": str(result.embeds[1]["url"]).rpartition("/")[2]}


async def test_again_goes_through_the_same_refusals_as_the_command(local: BotHarness) -> None:
    async with local.bot(cooldown_s=3600):
        _, result = await delivered(local)
        assert COOLDOWN in await refused(local, "Ada", result, AGAIN)
        assert COOLDOWN in await refused(local, "Ada", await menu(local, "Ada", result), MORE[0])
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
        assert ONLY_IN_SERVERS in await refused(local, "Ada", ending, TRY_AGAIN)


@pytest.mark.usefixtures("patient")
async def test_what_may_have_been_lost_can_be_asked_for_again(local: BotHarness) -> None:
    local.provider.faults.add(Fault(Phase.SUBMIT, Drop(), accepted=False))
    async with local.bot():
        status = await local.place()
        await local.shows(status, TITLES[State.UNCERTAIN], "press **Try again**", are_back(30))
        assert labels(status) == [TRY_AGAIN]
        again = await (await local.ada.press(status, TRY_AGAIN)).answer(timeout_s=LONG_S)
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
        assert labels(result) == [love(1, 2), love(2, 1), *before[2:]]
    assert len(local.results()) == 1


async def test_a_song_of_an_earlier_version_has_hearts_once_its_stars_are_pressed(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        await pressed(local, "Ben", result, love(1, 0))
        content, before = result.content, labels(result)
        (row,) = result.components
        heart, _, *others = entries(row, "components")
        rate = text(heart, "custom_id").replace("love", "rate").removesuffix(":1")
        stars = [heart | {"label": f"{n} ★", "custom_id": f"{rate}:{n}"} for n in range(1, 6)]
        components = (row | {"components": others}, row | {"components": stars})
        old = replace(result.now, content=f"{content}\n-# ★ 4.5 (2 votes)", components=components)
        result.states.append(old)
        asked = await pressed(local, "Mo", result, "5 ★")
        await local.shows(result, love(1, 1), STARS_REPLACED)
        assert (asked.answers, asked.refused, asked.followups) == (1, [], [])
        assert labels(result) == [*before[2:], love(1, 1), love(2, 0)]
        assert result.content == f"{content}\n{STARS_REPLACED}"
        await pressed(local, "Mo", result, love(2, 0))
        await local.shows(result, love(2, 1))


async def test_a_double_click_orders_one_song(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        local.song_takes(1.0)  # as long as it is pending
        ben = local.discord.member("Ben")
        presses = [await ben.press(result, AGAIN) for _ in range(3)]
        answers = [await asked.answer(timeout_s=LONG_S) for asked in presses]
        refusals = [answer for answer in answers if answer.ephemeral]
        assert len(refusals) == 2
        assert all(SECOND_PRESS in answer.content for answer in refusals)
        (status,) = (answer for answer in answers if not answer.ephemeral)
        await local.shows(status, TITLES[State.DELIVERED])
        assert (await local.credits("Ben"))["Used"] == 30


async def test_a_button_with_an_old_price_asks_before_it_spends(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
    async with local.bot(credit_rate=0.5):
        ben = local.discord.member("Ben")
        shown = await menu(local, "Ben", result)
        for message, old, new in ((result, AGAIN, "Again · 15"), (shown, MORE[1], priced(more_like(2), 15))):
            asked = await (await ben.press(message, old)).answer(timeout_s=LONG_S)
            assert (asked.ephemeral, asked.content, labels(asked)) == (True, price_changed(15), [new])
            used = (await local.credits("Ben"))["Used"]
            status = await (await ben.press(asked, new)).answer(timeout_s=LONG_S)
            await local.shows(status, TITLES[State.DELIVERED], "15 credits")
            assert (await local.credits("Ben"))["Used"] == used + 15


async def test_a_requester_is_asked_once_more_before_a_song_is_removed(local: BotHarness) -> None:
    async with local.bot():
        status, result = await delivered(local)
        question = await menu(local, "Ada", result)
        await pressed(local, "Ada", question, labels_.REMOVE)
        await local.shows(question, "for everyone? Its 30 credits stay used.")
        assert not result.deleted
    async with local.bot():
        asked = await pressed(local, "Ada", question, labels_.REMOVE)
        await local.shows(question, song_removed(30, is_post_left=False))
        assert labels(question) == []
        await local.discord.wait_for(lambda: result.deleted)
        assert (asked.answers, asked.refused) == (1, [])
        await local.shows(status, REMOVED)
        assert (status.embeds, labels(status)) == ((), [])
        listed = await (await local.ada.slash("songs", "songs list")).answer(timeout_s=LONG_S)
        assert NO_SONGS in seen(listed)
        assert (await local.credits())["Used"] == 30


async def test_a_post_that_the_bot_cannot_delete_is_spoken_of(local: BotHarness) -> None:
    async with local.bot():
        _, result = await delivered(local)
        question = await menu(local, "Ada", result)
        local.discord.disruptions.hide(local.discord.channel("songs"))
        await pressed(local, "Ada", question, labels_.REMOVE)
        await local.shows(question, "for everyone?")
        await pressed(local, "Ada", question, labels_.REMOVE)
        await local.shows(question, *song_removed(30, is_post_left=True).splitlines())


async def test_a_moderator_gives_a_reason_and_its_copies_do_nothing_more(local: BotHarness) -> None:
    async with local.bot():
        status, result = await delivered(local)
        (choice,) = await local.ada.autocomplete("songs", "songs show", song="", timeout_s=LONG_S)
        copies = [
            await (await local.ada.slash("songs", "songs show", song=choice.value)).answer(timeout_s=LONG_S)
            for _ in range(2)
        ]
        assert labels(copies[0]) == labels(result)
        shown = await menu(local, "Ben", copies[1])
    async with local.bot():
        mo = local.discord.member("Mo")
        form = await pressed(local, "Mo", await menu(local, "Mo", copies[0]), labels_.REMOVE)
        sent = await mo.submit_modal(form, {labels_.REASON: "too *loud*"})
        removal = await sent.answer(timeout_s=LONG_S)
        assert removal.content == song_removed(30, is_post_left=False)
        assert removal.ephemeral
        await local.shows(status, REMOVED_BY_MODERATOR, "[Why?]")
        why = await (await local.ada.press(status, labels_.WHY)).answer(timeout_s=LONG_S)
        assert (why.ephemeral, why.content) == (True, "Reason: too \\*loud\\*")
        assert result.deleted
        assert copies[0].deleted
        for message, label in (
            (copies[1], AGAIN),
            (copies[1], love(1, 0)),
            (shown, MORE[0]),
        ):
            assert SONG_REMOVED in await refused(local, "Ben", message, label)
        assert (
            SONG_REMOVED
            in (
                await (await local.ada.slash("songs", "songs show", song=choice.value)).answer(
                    timeout_s=LONG_S
                )
            ).content
        )


async def test_the_buttons_of_earlier_versions_still_answer(local: BotHarness) -> None:
    async with local.bot() as app:
        _, result = await delivered(local)
        request_id = str(result.nonce)
        view = discord.ui.View()
        for label, name in (("Again", "again"), ("More", "more"), ("Remove", "remove")):
            suffix = ":2" if name == "more" else ""
            view.add_item(button(label, f"{name}:{request_id}{suffix}"))
        await app.client.get_partial_messageable(result.channel_id).send("earlier", view=view)
        old = local.discord.channel("songs").messages[-1]
        for who, label in (("Ben", "Again"), ("Mo", "More")):
            status = await (await local.discord.member(who).press(old, label)).answer(timeout_s=LONG_S)
            await local.shows(status, TITLES[State.DELIVERED])
        assert "**Manage Server**" in await refused(local, "Ben", old, "Remove")
        question = await (await local.ada.press(old, "Remove")).answer(timeout_s=LONG_S)
        await pressed(local, "Ada", question, labels_.REMOVE)
        await local.shows(question, song_removed(30, is_post_left=False))
        assert old.deleted
        assert result.deleted


@pytest.mark.parametrize(("who", "label"), [("Ben", love(1, 0)), ("Ada", labels_.REMOVE)])
async def test_a_press_whose_answer_is_cut_off_is_answered_all_the_same(
    local: BotHarness, who: str, label: str
) -> None:
    async with local.bot():
        _, result = await delivered(local)
        removes = label == labels_.REMOVE
        message = await menu(local, "Ada", result) if removes else result
        local.discord.faults.add(DiscordFault(kind=FaultKind.RESET, on=CALLBACK))
        await local.discord.member(who).press(message, label)
        await local.shows(message, "for everyone?" if removes else love(1, 1))
        assert len(local.discord.faults.struck) == 1
