from pathlib import Path

import pytest

from bot.domain.requests import State
from sandbox.cqtai import Pace
from sandbox.cqtai.effects import Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord import Fault as DiscordFault
from sandbox.discord import FaultKind
from sandbox.discord.model.interaction import CallbackKind
from sandbox.discord.model.permissions import Permission
from tests.crash.deaths import Order, deaths, died, lives_on, points, recovered
from tests.crash.test_cap_kill_points import STEPS as CAP_STEPS
from tests.crash.test_moderators_kill_points import STEPS as MODERATORS_STEPS
from tests.crash.test_news_kill_points import STEPS as NEWS_STEPS
from tests.crash.test_showcase_kill_points import STEPS as SHOWCASE_STEPS
from tests.crash.test_welcome_kill_points import STEPS as WELCOME_STEPS
from tests.harness.crash import LONG_S, SHORT_LEASE_S, SONG_S, Asked, CrashHarness, crash_harness
from tests.harness.failpoints import ANSWER, Failpoint, Side, port_calls, units_written
from tests.harness.invariants import END_TITLES, status_of
from tests.harness.message_readers import title

SONG = {
    "until the provider has it": {
        "placement.place": 1,
        ANSWER: 1,
        "requests.set_status_message": 1,
        "submitter.claim": 1,
        "provider.submit": 1,
        "submitter.record_result": 1,
    },
    "while it is made": {
        "poller.claim": 1,
        "provider.query": 1,
        "poller.reschedule": 1,
        "poller.finish": 1,
    },
    "its status": {
        "outbox.claim": 2,
        "messenger.edit_status": 2,
        "outbox.mark_status_sent": 2,
    },
    "its result": {
        "media.fetch_audio": 1,
        "delivery.record_attempt": 1,
        "messenger.post_result": 1,
        "delivery.record_outcome": 1,
    },
}
"""The steps of a song, and how often each is passed at least."""
START = ("heartbeat.register", "sessions.begin")
STOP = ("sessions.delete", "heartbeat.deregister")
CANCEL, END, FAILED, ENDING = "requests.cancel", "poller.fail", "outbox.reschedule", "messenger.post_ending"
REFUSED = "delivery.clear_attempt"
FORGET, FIND = "outbox.erase_token", "messenger.find_result"
ATTACH, KEEP = "late_tasks.attach", "late_tasks.keep"
LOOK_SOON, FIND_ANSWER = "requests.check_soon", "messenger.find_answer"
LEARN, INTEND = "outbox.set_status_message", "outbox.record_attempt"
"""The steps of requests that end in another way."""
LATE_S = 2 * SHORT_LEASE_S
"""Seconds of a reply to a submission that is not waited for."""
UNFINISHED_S = 3.0
"""Seconds of a song that is polled more than once, also on a busy machine."""
UNHURRIED_S = 1.0
"""Seconds of a song that leaves time to do something before it is made."""
ONE_UNIT = "a single unit, which takes effect or does not"
REPEATED = "repeated after each start"
BY_NONCE = "the post for moderators is found by its nonce, or edited again"
NOT_KILLED_AT = {
    "requests.cancel_duplicate": ONE_UNIT,
    "approvals.expire": ONE_UNIT,
    "operator.resume": ONE_UNIT,
    "operator.pause": ONE_UNIT,
    "operator.cap": ONE_UNIT,
    "operator.serve": ONE_UNIT,
    "operator.cancel_unserved": "the submitter cancels the rest",
    "privacy.erase": "the rest is resumed after each start",
    "privacy.erase_chunk": REPEATED,
    "queue.cancel": ONE_UNIT,
    "news.put_attempt_back": "before it, the refused message is sent again, with its nonce",
    "news.take": ONE_UNIT,
    "news.put_back": ONE_UNIT,
    "queue.move_to_front": ONE_UNIT,
    "library.remove": ONE_UNIT,
    "heartbeat.extend_leases": REPEATED,
    "circuit_breaker.open": REPEATED,
    "key_values.put": REPEATED,
    "cleanup.correct_times": REPEATED,
    "cleanup.erase_guild_requests": REPEATED,
    "cleanup.erase_tokens": REPEATED,
    "cleanup.erase_guild": REPEATED,
    "cleanup.erase_members": REPEATED,
    "cleanup.erase_prompts": REPEATED,
    "guild_membership.confirm": REPEATED,
    "guild_membership.join": REPEATED,
    "guild_membership.leave": REPEATED,
    "guild_membership.reconcile": REPEATED,
    "digests.record_attempt": "once tried, a digest is posted again with its nonce for minutes, then never",
    "messenger.post_digest": "as above",
    "messenger.edit_approval": BY_NONCE,
    "messenger.find_approval": BY_NONCE,
    "messenger.find_reference": "a search, minutes after a post, which changes nothing",
    "messenger.find_inviter": "a look-up, which changes nothing",
    "messenger.find_welcome": "a search, minutes after a post, which changes nothing",
    "outbox.postpone": REPEATED,
    "outbox.clear_attempt": "takes a follow-up that Discord refuses for long and an ending without a status",
}
"""The steps at which no bot is killed, and why."""
pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


def polls(crash: CrashHarness) -> int:
    return sum("/info/" in line.path for line in crash.provider.requests)


async def polled(crash: CrashHarness, *, more_than: int) -> None:
    """Wait until the bot has recorded the task, which it then polls."""
    await crash.until(lambda: polls(crash) > more_than)


async def a_song(crash: CrashHarness) -> Asked:
    crash.provider.pace = Pace(SONG_S)
    return await crash.order()


async def a_slow_song(crash: CrashHarness) -> Asked:
    crash.provider.pace = Pace(UNFINISHED_S)
    return await crash.order()


async def a_song_that_fails(crash: CrashHarness) -> Asked:
    crash.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    return await a_song(crash)


async def a_song_whose_answer_is_cut_off(crash: CrashHarness) -> Asked:
    """A busy bot defers its answer first: it is asked until an answer is cut off that is the status."""
    crash.discord.faults.add(DiscordFault(kind=FaultKind.REFUSED, on="GET /webhooks/*", status=403))
    while True:
        crash.discord.faults.add(DiscordFault(kind=FaultKind.RESET_AFTER, on="POST /interactions/*"))
        asked = await a_song(crash)
        interaction = asked.invocation.interaction
        await crash.until(lambda: interaction.callback or not crash.bot.alive)  # noqa: B023 - awaited here
        if interaction.callback is not CallbackKind.DEFERRED_MESSAGE or not crash.bot.alive:
            return asked


async def a_song_whose_status_discord_does_not_take(crash: CrashHarness) -> Asked:
    crash.discord.faults.add(DiscordFault(kind=FaultKind.UNKNOWN_MESSAGE, on="PATCH /webhooks/*"))
    return await a_song(crash)


async def a_song_that_fails_without_a_status(crash: CrashHarness) -> Asked:
    crash.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
    crash.provider.pace = Pace(UNHURRIED_S)
    asked = await crash.order()
    crash.discord.disruptions.delete_message(await asked.invocation.answer(timeout_s=LONG_S))
    return asked


async def a_song_whose_token_dies_early(crash: CrashHarness) -> Asked:
    crash.provider.pace, before = Pace(UNHURRIED_S), polls(crash)
    asked = await crash.order()
    await asked.invocation.answer(timeout_s=LONG_S)
    await polled(crash, more_than=before)
    crash.discord.disruptions.end_token(asked.invocation)
    return asked


async def a_song_that_is_cancelled(crash: CrashHarness) -> Asked:
    """The second of two, of which one runs at a time."""
    crash.provider.pace, before = Pace(2 * UNHURRIED_S), polls(crash)
    await crash.order("Ada")
    await polled(crash, more_than=before)
    second = await crash.order("Ben")
    await second.invocation.answer(timeout_s=LONG_S)
    await crash.discord.member("Ben").slash("songs", "cancel", request=str(second.id))
    return second


@pytest.mark.parametrize("stage", SONG)
async def test_a_song_is_made_once_and_paid_once_wherever_the_bot_dies(
    tmp_path: Path, database: str, stage: str
) -> None:
    times = [(step, nth) for step, most in SONG[stage].items() for nth in range(1, most + 1)]
    async with crash_harness(tmp_path, database_url=database) as crash:
        found = await deaths(
            crash,
            *(
                (a_slow_song if step == "poller.reschedule" else a_song, point)
                for step, nth in times
                for point in points(step, nth=nth)
            ),
        )
        ends = await lives_on(crash)
        assert [death for death in found if ends.get(death.asked.id) not in death.possible] == []


async def test_a_bot_that_dies_while_it_starts_can_be_started(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        for point in points(*START):
            await crash.start(dies_at=point)
            await died(crash, point)
        await lives_on(crash)


async def test_a_bot_that_dies_while_it_stops_can_be_started(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        for point in points(*STOP):
            assert await crash.start(dies_at=point)
            crash.bot.terminate()
            await died(crash, point)
        await lives_on(crash)


TROUBLES: dict[str, tuple[Order, tuple[str, ...], State | None]] = {
    "a failed song is refunded once": (a_song_that_fails, (END,), State.FAILED),
    "an answer that was cut off is found": (
        a_song_whose_answer_is_cut_off,
        (LOOK_SOON, FIND_ANSWER, LEARN),
        State.DELIVERED,
    ),
    "a status that Discord did not take is said later": (
        a_song_whose_status_discord_does_not_take,
        (FAILED,),
        None,
    ),
    "an ending without a status message is told once": (
        a_song_that_fails_without_a_status,
        (INTEND, ENDING),
        State.FAILED,
    ),
    "a token that died early is forgotten": (a_song_whose_token_dies_early, (FORGET,), State.DELIVERED),
}
"""What goes wrong, the steps that it leads to, and how the request ends, where that is certain."""


KILLED_AT = {
    *(step for stage in SONG.values() for step in stage),
    *(step for _, steps, _ in TROUBLES.values() for step in steps),
    *START,
    *STOP,
    CANCEL,
    REFUSED,
    FIND,
    ATTACH,
    KEEP,
    *MODERATORS_STEPS,
    *SHOWCASE_STEPS,
    *WELCOME_STEPS,
    *NEWS_STEPS,
    *CAP_STEPS,
}


def test_every_step_of_the_services_is_one_to_be_killed_at_or_has_a_reason() -> None:
    assert KILLED_AT.isdisjoint(NOT_KILLED_AT)
    assert units_written() | port_calls() | {ANSWER} == KILLED_AT | NOT_KILLED_AT.keys()


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_what_goes_wrong_is_settled_once_wherever_the_bot_dies(
    tmp_path: Path, database: str, trouble: str
) -> None:
    order, steps, end = TROUBLES[trouble]
    async with crash_harness(tmp_path, database_url=database) as crash:
        found = await deaths(crash, *((order, point) for point in points(*steps)))
        ends = await lives_on(crash)
        for death in found:
            assert ends[death.asked.id] in ({end} if end else death.possible), death
        if FORGET in steps:
            assert {(crash.requests())[death.asked.id].address.token for death in found} == {None}


async def test_a_late_failure_pings_once_wherever_the_bot_dies(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.bot.ping_after_s = 0.0
        found = await deaths(crash, *((a_song_that_fails, point) for point in points(INTEND, ENDING)))
        await recovered(crash)
        await crash.stop()
        ends = await lives_on(crash)
        assert {ends[death.asked.id] for death in found} == {State.FAILED}


async def test_a_submission_that_was_cut_off_is_refunded_once(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        found = []
        for point in points(END):
            found += await deaths(crash, (a_song, Failpoint("provider.submit", Side.AFTER)))
            await crash.start(dies_at=point, lease_s=SHORT_LEASE_S, is_hasty=True)
            await died(crash, point)
        ends = await lives_on(crash)
        assert {ends[death.asked.id] for death in found} == {State.UNCERTAIN}
        assert len(crash.provider.tasks) == len(found) + 1


async def test_a_cancelled_request_is_refunded_once_and_never_made(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database, MAX_RUNNING="1") as crash:
        before, after = await deaths(crash, *((a_song_that_is_cancelled, point) for point in points(CANCEL)))
        ends = await lives_on(crash)
        assert ends.pop(after.asked.id) is State.CANCELLED
        assert before.asked.id in ends
        assert set(ends.values()) == {State.DELIVERED}


async def test_a_song_goes_another_way_though_the_bot_dies_over_the_refusal_of_the_first(
    tmp_path: Path, database: str
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.discord.disruptions.deny(crash.discord.channel("songs"), Permission.SEND_MESSAGES)
        await deaths(crash, *((a_song, point) for point in points(REFUSED)))
        assert set((await lives_on(crash)).values()) == {State.DELIVERED}


async def test_a_result_is_posted_once_though_two_bots_die_over_it(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        for point in points(FIND):
            await deaths(crash, (a_song, Failpoint("messenger.post_result", Side.AFTER)))
            await crash.start(dies_at=point, lease_s=SHORT_LEASE_S, is_hasty=True)
            await died(crash, point)
        assert set((await lives_on(crash)).values()) == {State.DELIVERED}


async def order_given_up(crash: CrashHarness, point: Failpoint) -> Asked:
    """Place a request that is shown as lost; the bot is killed there once the provider's answer comes."""
    crash.provider.faults.add(Fault(Phase.SUBMIT, Slow(LATE_S), accepted=True))
    await crash.start(dies_at=point, lease_s=SHORT_LEASE_S, is_hasty=True)
    asked = await crash.order()
    await says(crash, asked, State.UNCERTAIN)
    return asked


async def says(crash: CrashHarness, asked: Asked, state: State) -> None:
    def read() -> bool:
        status = status_of(crash, asked)
        return status is not None and title(status) == END_TITLES[state]

    await crash.until(read)


@pytest.mark.parametrize("point", points(ATTACH), ids=str)
async def test_a_late_task_goes_on_once_or_stays_given_up(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        asked = await order_given_up(crash, point)
        await died(crash, point)
        assert await crash.start(lease_s=SHORT_LEASE_S)
        end = State.DELIVERED if point.side is Side.AFTER else State.UNCERTAIN
        await says(crash, asked, end)
        await crash.stop()
        assert (await lives_on(crash))[asked.id] is end
        assert len(crash.provider.tasks) == 2


@pytest.mark.parametrize("point", points(KEEP), ids=str)
async def test_a_late_task_of_a_member_who_ordered_again_is_charged_to_nobody(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        asked = await order_given_up(crash, point)
        again = await crash.order()
        await died(crash, point)
        ends = await lives_on(crash)
        assert (ends[asked.id], ends[again.id]) == (State.UNCERTAIN, State.DELIVERED)
        kept = (crash.requests())[asked.id].task_id
        assert (kept is not None) == (point.side is Side.AFTER)
