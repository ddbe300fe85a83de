from collections.abc import Iterable
from pathlib import Path

import pytest

from bot.domain.requests import State
from sandbox.cqtai.effects import Slow
from sandbox.cqtai.faults import Fault, Phase
from sandbox.cqtai.timeline import Fail
from sandbox.discord import Fault as DiscordFault
from sandbox.discord import FaultKind
from sandbox.discord.model.interaction import CallbackKind
from sandbox.discord.model.permissions import Permission
from tests.crash.test_moderators_kill_points import STEPS as MODERATORS_STEPS
from tests.harness.crash import LONG_S, SHORT_LEASE_S, SONG_S, Asked, CrashHarness, crash_harness
from tests.harness.failpoints import ANSWER, Failpoint, Side, port_calls, units_written
from tests.harness.invariants import END_TITLES, all_delivered, assert_invariants, status_of
from tests.harness.message_readers import title

SONG = {
    "placement.place": 1,
    ANSWER: 1,
    "requests.set_status_message": 1,
    "submitter.claim": 1,
    "provider.submit": 1,
    "submitter.record_result": 1,
    "poller.claim": 1,
    "provider.query": 1,
    "poller.reschedule": 1,
    "poller.finish": 1,
    "outbox.claim": 2,
    "messenger.edit_status": 2,
    "outbox.mark_status_sent": 2,
    "media.fetch_audio": 1,
    "delivery.record_attempt": 1,
    "messenger.post_result": 1,
    "delivery.record_outcome": 1,
}
"""The steps of a song, and how often each is passed at least."""
START = ("heartbeat.register", "sessions.begin")
STOP = ("sessions.delete", "heartbeat.deregister")
CANCEL, END, FAILED, ENDING = "requests.cancel", "poller.fail", "outbox.reschedule", "messenger.post_ending"
REFUSED = "delivery.clear_attempt"
FORGET, FIND = "outbox.erase_token", "messenger.find_result"
ATTACH, KEEP = "late_tasks.attach", "late_tasks.keep"
LOOK_SOON, FIND_ANSWER = "requests.check_soon", "messenger.find_answer"
LEARN, INTEND, TAKE_BACK = "outbox.set_status_message", "outbox.record_attempt", "outbox.clear_attempt"
"""The steps of requests that end in another way."""
LATE_S = 2 * SHORT_LEASE_S
"""Seconds of a reply to a submission that is not waited for."""
UNFINISHED_S = 3.0
"""Seconds of a song that is polled more than once, also on a busy machine."""
DECISIONS = {
    "requests.cancel_duplicate",
    "approvals.expire",
    "operator.resume",
    "operator.pause",
    "privacy.erase",
    "queue.cancel",
    "library.rate",
    "library.remove",
}
"""No process is killed at these commands and expiries: each is a single unit."""
CLEANUP = {
    "heartbeat.extend_leases",
    "circuit_breaker.open",
    "key_values.put",
    "cleanup.correct_times",
    "cleanup.erase_guild",
    "cleanup.erase_tokens",
    "cleanup.erase_guild_requests",
    "cleanup.erase_members",
    "cleanup.erase_prompts",
    "guild_membership.confirm",
    "guild_membership.join",
    "guild_membership.leave",
    "guild_membership.reconcile",
}
"""Nor at these, which are repeated after each start."""
MODERATORS_POSTS = {
    "messenger.edit_approval",
    "messenger.find_approval",
    "audit_log.reschedule",
}
"""Nor at these edits and repeated posts for moderators, which are found by their nonces."""
ON_ITS_WAY = {
    "submitter.claim:after",
    "provider.submit:before",
    "provider.submit:after",
    "submitter.record_result:before",
}
"""The failpoints after which it is unknown whether the provider was reached."""

pytestmark = pytest.mark.long


def points(steps: Iterable[str], *, nth: int = 1) -> list[Failpoint]:
    return [Failpoint(step, side, nth) for step in steps for side in Side]


SONG_POINTS = [p for step, most in SONG.items() for nth in range(most) for p in points([step], nth=nth + 1)]
END_POINTS, FAILED_POINTS = points([END]), points([FAILED])


def test_every_step_that_the_services_can_take_has_its_points() -> None:
    assert units_written() | port_calls() | {ANSWER} == {
        *SONG,
        *START,
        *STOP,
        CANCEL,
        END,
        FAILED,
        ENDING,
        FORGET,
        FIND,
        LOOK_SOON,
        FIND_ANSWER,
        LEARN,
        INTEND,
        TAKE_BACK,
        REFUSED,
        *DECISIONS,
        *CLEANUP,
        ATTACH,
        KEEP,
        *MODERATORS_POSTS,
        *MODERATORS_STEPS,
    }


async def died(crash: CrashHarness, point: Failpoint) -> set[str]:
    """Run the bot until it is killed at this failpoint, and return what it passed before."""
    await crash.bot.ended()
    passed = crash.bot.passed()
    assert f"{point.step}:{point.side}" in passed, crash.bot.log()[-3000:]
    return passed


async def is_followed(crash: CrashHarness) -> None:
    """Wait until the bot has recorded the task, which it then polls."""
    await crash.until(lambda: any("/info/" in line.path for line in crash.provider.requests))


async def lives_on(crash: CrashHarness) -> dict[int, State]:
    """Start the bot again, request one more song and stop it; return how all requests ended."""
    placed = set(await crash.requests())
    assert await crash.start()
    fresh = await crash.order()
    await all_delivered(crash, *placed, fresh.id)
    await crash.stop()
    ends = await assert_invariants(crash)
    assert ends[fresh.id] is State.DELIVERED
    return ends


def possible(point: Failpoint, passed: set[str]) -> set[State | None]:
    """Return how a request can end after this failpoint; the other loops may or may not have run."""
    place = f"{point.step}:{point.side}"
    if place == "placement.place:before":
        return {None}
    if place in ON_ITS_WAY or (
        "submitter.claim:after" in passed and not passed & {"submitter.record_result:before"}
    ):
        return {State.UNCERTAIN}
    if "submitter.record_result:after" in passed or place == "submitter.claim:before":
        return {State.DELIVERED}
    return {State.DELIVERED, State.UNCERTAIN}


@pytest.mark.parametrize("point", SONG_POINTS, ids=str)
async def test_a_song_is_made_once_and_paid_once_wherever_the_bot_dies(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    song_s = UNFINISHED_S if point.step == "poller.reschedule" else SONG_S
    async with crash_harness(tmp_path, database_url=database, song_s=song_s) as crash:
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        passed = await died(crash, point)
        ends = await lives_on(crash)
        assert ends.get(asked.id) in possible(point, passed)


@pytest.mark.parametrize("point", points(step for step in START if step in units_written()), ids=str)
async def test_a_bot_that_dies_while_it_starts_can_be_started(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await crash.start(dies_at=point)
        await died(crash, point)
        await lives_on(crash)


@pytest.mark.parametrize("point", points(step for step in STOP if step in units_written()), ids=str)
async def test_a_bot_that_dies_while_it_stops_can_be_started(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await crash.start(dies_at=point)
        crash.bot.terminate()
        await died(crash, point)
        await lives_on(crash)


@pytest.mark.parametrize("point", END_POINTS, ids=str)
async def test_a_failed_song_is_refunded_once(tmp_path: Path, database: str, point: Failpoint) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.FAILED


@pytest.mark.parametrize("point", END_POINTS, ids=str)
async def test_a_submission_that_was_cut_off_is_refunded_once(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await crash.start(dies_at=Failpoint("provider.submit", Side.AFTER), lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await crash.bot.ended()
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.UNCERTAIN
        assert len(crash.provider.tasks) == 2


async def cut_off(crash: CrashHarness) -> Asked:
    """Request songs until an answer is cut off that is the status: a busy bot defers it first."""
    while True:
        crash.discord.faults.add(DiscordFault(kind=FaultKind.RESET_AFTER, on="POST /interactions/*"))
        asked = await crash.order()
        answer = await asked.invocation.acknowledged(timeout_s=LONG_S)
        if answer is not CallbackKind.DEFERRED_MESSAGE:
            return asked


@pytest.mark.parametrize("point", points([LOOK_SOON, FIND_ANSWER, LEARN]), ids=str)
async def test_a_song_whose_answer_was_cut_off_is_made(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.discord.faults.add(DiscordFault(kind=FaultKind.REFUSED, on="GET /webhooks/*", status=403))
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await cut_off(crash)
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.DELIVERED


@pytest.mark.parametrize("point", FAILED_POINTS, ids=str)
async def test_a_status_that_discord_did_not_take_is_said_later(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.discord.faults.add(DiscordFault(kind=FaultKind.UNKNOWN_MESSAGE, on="PATCH /webhooks/*"))
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        passed = await died(crash, point)
        assert (await lives_on(crash))[asked.id] in possible(point, passed)


@pytest.mark.parametrize("point", points([ENDING]), ids=str)
async def test_an_ending_without_a_status_message_is_told_once(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=1.0) as crash:
        crash.provider.faults.add(Fault(Phase.TASK, Fail("timeout")))
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        crash.discord.disruptions.delete_message(await asked.invocation.answer(timeout_s=LONG_S))
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.FAILED


@pytest.mark.parametrize("point", points([CANCEL]), ids=str)
async def test_a_cancelled_request_is_refunded_once_and_never_made(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=2.0, MAX_RUNNING="1") as crash:
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        first = await crash.order("Ada")
        await is_followed(crash)
        second = await crash.order("Ben")
        await second.invocation.answer(timeout_s=LONG_S)
        await crash.discord.member("Ben").slash("songs", "cancel", request=str(second.id))
        await died(crash, point)
        ends = await lives_on(crash)
        assert ends[first.id] is State.DELIVERED
        assert ends[second.id] is (State.CANCELLED if point.side is Side.AFTER else State.DELIVERED)


@pytest.mark.parametrize("point", points([FORGET]), ids=str)
async def test_a_token_that_died_early_is_forgotten_and_the_song_delivered(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database, song_s=1.0) as crash:
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await asked.invocation.answer(timeout_s=LONG_S)
        await is_followed(crash)
        crash.discord.disruptions.end_token(asked.invocation)
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.DELIVERED
        assert (await crash.requests())[asked.id].address.token is None


@pytest.mark.parametrize("point", points([REFUSED]), ids=str)
async def test_a_song_goes_another_way_though_the_bot_dies_over_the_refusal_of_the_first(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        crash.discord.disruptions.deny(crash.discord.channel("songs"), Permission.SEND_MESSAGES)
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.DELIVERED


@pytest.mark.parametrize("point", points([FIND]), ids=str)
async def test_a_result_is_posted_once_though_two_couriers_die_over_it(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await crash.start(dies_at=Failpoint("messenger.post_result", Side.AFTER), lease_s=SHORT_LEASE_S)
        asked = await crash.order()
        await crash.bot.ended()
        await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
        await died(crash, point)
        assert (await lives_on(crash))[asked.id] is State.DELIVERED


async def order_given_up(crash: CrashHarness, point: Failpoint) -> Asked:
    """Place a request that is shown as lost; the bot is killed there once the provider's answer comes."""
    crash.provider.faults.add(Fault(Phase.SUBMIT, Slow(LATE_S), accepted=True))
    await crash.start(dies_at=point, lease_s=SHORT_LEASE_S)
    asked = await crash.order()
    await says(crash, asked, State.UNCERTAIN)
    return asked


async def says(crash: CrashHarness, asked: Asked, state: State) -> None:
    def read() -> bool:
        status = status_of(crash, asked)
        return status is not None and title(status) == END_TITLES[state]

    await crash.until(read)


@pytest.mark.parametrize("point", points([ATTACH]), ids=str)
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


@pytest.mark.parametrize("point", points([KEEP]), ids=str)
async def test_a_late_task_of_a_member_who_ordered_again_is_charged_to_nobody(
    tmp_path: Path, database: str, point: Failpoint
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        asked = await order_given_up(crash, point)
        again = await crash.order()
        await died(crash, point)
        ends = await lives_on(crash)
        assert (ends[asked.id], ends[again.id]) == (State.UNCERTAIN, State.DELIVERED)
        kept = (await crash.requests())[asked.id].task_id
        assert (kept is not None) == (point.side is Side.AFTER)
