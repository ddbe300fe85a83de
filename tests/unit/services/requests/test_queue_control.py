from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.audit import Action
from bot.domain.errors import PausedError, RequestNotFoundError
from bot.domain.moderator_errors import (
    NotClosedError,
    NotPausedError,
    NotQueuedError,
    PauseEndError,
    ReasonError,
)
from bot.domain.queue_errors import ClosedError
from bot.domain.requests import MAX_ID, State
from bot.domain.scheduling import SNAPSHOT_TTL_S, Pause
from bot.domain.song_options import SongOptions
from bot.services.audit_log import Actor
from bot.services.cards import StatusCard
from tests.harness.services import ADA, BEN, GUILD, PLAYLIST, ServicesHarness, services_harness

MO = 10**17 + 9
CAS = 10**17 + 10
ELSEWHERE = GUILD + 50
TWO_HOURS = timedelta(hours=2)


def by(interaction_id: int, guild_id: int = GUILD) -> Actor:
    return Actor(interaction_id=interaction_id, guild_id=guild_id, actor_id=MO)


async def place_elsewhere(harness: ServicesHarness, user_id: int) -> int:
    context = replace(harness.context(user_id), guild_id=ELSEWHERE)
    card = await harness.requests.place(SongOptions(playlist=PLAYLIST), context)
    await harness.requests.record_answer(card.request_id, 3)
    return card.request_id


async def order(harness: ServicesHarness, guild_id: int = GUILD) -> list[int]:
    view = await harness.services.queue.view(guild_id, MO)
    return [card.request_id for card in view.waiting.cards]


async def status_of(harness: ServicesHarness, request_id: int) -> StatusCard:
    harness.clock.advance(SNAPSHOT_TTL_S + 4)
    await harness.dispatch()
    return [edit.card for edit in harness.messenger.edits if edit.card.request_id == request_id][-1]


async def test_a_pause_with_an_end_ends_by_itself_also_after_a_restart(tmp_path: Path) -> None:
    async with services_harness(tmp_path) as harness:
        card = await harness.place()
        paused = await harness.services.queue.pause(by(1), "Exam time", "2h")
        end = harness.clock() + TWO_HOURS
        assert (paused.waiting, paused.until) == (1, end)
        with pytest.raises(PausedError) as caught:
            await harness.place(BEN)
        assert caught.value.until == end
        assert (await status_of(harness, card.request_id)).pause == Pause("Exam time", end)
        assert await harness.submit() == 0
    async with services_harness(tmp_path) as harness:
        harness.clock.advance(TWO_HOURS.total_seconds() - 1)
        assert (await harness.services.queue.view(GUILD, ADA)).pause == Pause("Exam time", end)
        assert await harness.submitter.next_due_at() is None
        harness.clock.advance(1)
        assert (await harness.services.queue.view(GUILD, ADA)).pause is None
        assert await harness.submitter.next_due_at() == harness.clock()
        assert (await harness.services.guild_settings.effective(GUILD)).settings.paused is None
        with pytest.raises(NotPausedError):
            await harness.services.queue.resume(by(2))
        assert await harness.submit() == 1
        settings = await harness.store.read(lambda work: work.guilds.settings(GUILD))
        assert (settings.paused, settings.paused_until) == (None, None)


async def test_those_still_waiting_are_told_soon_that_the_pause_has_ended(tmp_path: Path) -> None:
    async with services_harness(tmp_path, slots=1) as harness:
        await harness.place()
        second = await harness.place(BEN)
        await harness.services.queue.pause(by(1), "Exam time", "30 min")
        assert (await status_of(harness, second.request_id)).pause is not None
        harness.clock.advance(1800)
        await harness.submit()
        shown = await status_of(harness, second.request_id)
        assert (shown.pause, shown.position) == (None, 1)


async def test_an_end_that_is_left_out_stays_and_none_clears_it(harness: ServicesHarness) -> None:
    queue, end = harness.services.queue, harness.clock() + TWO_HOURS
    assert (await queue.pause(by(1), "Exam time", "2h")).until == end
    assert (await queue.pause(by(2), "Holidays")).until == end
    assert (await queue.pause(by(3), "Holidays", " None ")).until is None
    assert (await queue.pause(by(4), "Holidays", "2h")).until == end
    harness.clock.advance(2 * 3600)
    assert (await queue.pause(by(5), "Again")).until is None, "the earlier pause has ended, and its end too"
    entries = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))
    ends = [(entry.before["until"], entry.after["until"]) for entry in reversed(entries)]
    at = int(end.timestamp())
    assert ends == [(None, at), (at, at), (at, None), (None, at), (None, None)]


async def test_an_end_that_means_nothing_pauses_nothing(harness: ServicesHarness) -> None:
    with pytest.raises(PauseEndError):
        await harness.services.queue.pause(by(1), "Exam time", "soon")
    await harness.place()


async def test_a_closed_server_takes_no_more_and_finishes_what_waits_also_after_a_restart(
    tmp_path: Path,
) -> None:
    async with services_harness(tmp_path) as harness:
        await harness.place()
        assert await harness.services.queue.close(by(1), "The contest is over") == 1
    async with services_harness(tmp_path) as harness:
        harness.actor()  # another id than before the restart
        with pytest.raises(ClosedError) as caught:
            await harness.place(BEN)
        assert caught.value.reason == "The contest is over"
        assert (await harness.services.queue.view(GUILD, ADA)).closed == "The contest is over"
        assert (await harness.credits(BEN)).held == 0
        assert await harness.submit() == 1
        await harness.services.queue.close(by(2), "Really")
        for _ in range(2):  # the same command twice
            await harness.services.queue.open(by(3))
        await harness.services.queue.close(by(2), "Really")
        await harness.place(BEN)
        with pytest.raises(NotClosedError):
            await harness.services.queue.open(by(4))
        with pytest.raises(ReasonError):
            await harness.services.queue.close(by(5), " ")
        entries = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))
        assert [entry.action for entry in entries] == [Action.OPEN, Action.CLOSE, Action.CLOSE]
        assert (entries[1].before, entries[1].after) == (
            {"closed": "The contest is over"},
            {"closed": "Really"},
        )


async def test_one_is_moved_to_the_front_of_its_own_server_only(harness: ServicesHarness) -> None:
    first, second, bens = await harness.place(), await harness.place(), await harness.place(BEN)
    theirs = [await place_elsewhere(harness, CAS), await place_elsewhere(harness, MO)]
    ids = [card.request_id for card in (first, bens, second)]
    assert await order(harness) == ids
    before = [card.position for card in (await harness.services.queue.view(ELSEWHERE, CAS)).waiting.cards]
    moved = await harness.services.queue.move_to_front(by(1), second.request_id)
    assert (moved.request_id, moved.position, moved.user_id) == (second.request_id, 1, ADA)
    assert await order(harness) == [second.request_id, bens.request_id, first.request_id]
    view = await harness.services.queue.view(ELSEWHERE, CAS)
    assert [card.request_id for card in view.waiting.cards] == theirs
    assert [card.position for card in view.waiting.cards] == before
    harness.clock.advance(1)
    await harness.services.queue.move_to_front(by(2), bens.request_id)
    await harness.services.queue.move_to_front(by(1), second.request_id)
    assert await order(harness) == [bens.request_id, second.request_id, first.request_id]
    assert (await status_of(harness, bens.request_id)).position == 1
    assert [request.id for request in await harness.submitter.claim(2)] == [bens.request_id, theirs[0]]
    entries = await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10))
    assert [(entry.action, entry.subject_id) for entry in entries] == [(Action.NEXT, BEN), (Action.NEXT, ADA)]


async def test_only_what_waits_in_the_servers_queue_is_moved(harness: ServicesHarness) -> None:
    move = harness.services.queue.move_to_front
    making = await harness.place_and_submit()
    theirs = await place_elsewhere(harness, CAS)
    for number in (theirs, 1, MAX_ID + 1):
        with pytest.raises(RequestNotFoundError):
            await move(by(1), number)
    with pytest.raises(NotQueuedError) as caught:
        await move(by(2), making)
    assert caught.value.state == State.MAKING
    await harness.set_guild_settings(approval_channel_id=5)
    with pytest.raises(NotQueuedError) as caught:
        await move(by(3), (await harness.place(BEN)).request_id)
    assert caught.value.state == State.AWAITING
    assert await harness.store.read(lambda work: work.audit_log.page(GUILD, limit=10)) == []


async def test_one_of_a_paused_server_is_first_when_that_resumes(harness: ServicesHarness) -> None:
    first, second = await harness.place(), await harness.place(BEN)
    await harness.services.queue.pause(by(1), "Exam time")
    moved = await harness.services.queue.move_to_front(by(2), second.request_id)
    assert moved.position is None
    await harness.services.queue.resume(by(3))
    assert await order(harness) == [second.request_id, first.request_id]
