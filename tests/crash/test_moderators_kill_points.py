from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.chat.text.labels import approve_all
from bot.domain.audit import Action, AuditEntry
from bot.domain.requests import State
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import audit_database
from sandbox.cqtai import PLAYLISTS
from sandbox.discord import Fault, FaultKind
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from tests.crash.deaths import died
from tests.harness.crash import LONG_S, CrashHarness, crash_harness
from tests.harness.failpoints import Failpoint, Side
from tests.harness.invariants import all_delivered, assert_invariants
from tests.harness.message_readers import seen

LEASE_S = 0.5
APPROVALS = {
    "approvals.approve_all",
    "approvals.clear_attempt",
    "approvals.decide",
    "approvals.mark_shown",
    "approvals.mark_unseen",
    "approvals.record_attempt",
    "messenger.post_approval",
    "approvals.queue",
    "outbox.mark_sent",
}
LOG = {"messenger.post_audit_entry", "outbox.extend_lease"}
DECISIONS: Mapping[str, list[tuple[str, str, dict[str, object]]]] = {
    "members": [
        ("moderation.grant", "quota grant", {"member": "Ada", "credits": 60, "reason": "won the quiz"}),
        ("moderation.set_allowance", "quota member", {"member": "Ada", "credits": 500}),
        ("moderation.reset", "quota reset", {"member": "Ada"}),
        ("moderation.block", "quota block", {"member": "Ben", "reason": "spam"}),
        ("moderation.unblock", "quota unblock", {"member": "Ben"}),
    ],
    "server": [
        ("allowances.set_role", "quota role", {"role": "Moderators", "credits": 900}),
        ("allowances.set_default", "quota everyone", {"credits": 900}),
        ("allowances.set_budget", "quota budget", {"credits": 9000}),
        ("guild_settings.change", "settings limits", {"active": 7}),
        ("guild_settings.set_role_limits", "settings limits", {"active": 7, "role": "Moderators"}),
        ("playlists.add", "playlists add", {"name": "Calm", "playlist": PLAYLISTS[0].id}),
        ("playlists.set_default", "playlists default", {"name": "Calm"}),
        ("playlists.remove", "playlists remove", {"name": "Calm"}),
        ("words.change", "settings words", {"add": "damn"}),
        ("queue.pause", "requests pause", {"reason": "Exam week"}),
        ("queue.resume", "requests resume", {}),
        ("queue.close", "requests close", {"reason": "Too many"}),
        ("queue.open", "requests open", {}),
    ],
}

STEPS = {unit for group in DECISIONS.values() for unit, _, _ in group} | APPROVALS | LOG
"""The steps before and after which the bot is killed."""

pytestmark = pytest.mark.long


def picked(crash: CrashHarness, option: str, value: object) -> object:
    """Return what the moderator enters for an option of this name."""
    if option == "member":
        return crash.discord.member(str(value))
    return crash.discord.moderators if option == "role" else value


def decisions(crash: CrashHarness) -> list[AuditEntry]:
    return crash.read(_decisions, crash.discord.guild.id)


def _decisions(uow: UnitOfWork, guild_id: int) -> list[AuditEntry]:
    return uow.audit_log.page(guild_id, subject_id=None, limit=100)


async def order_told_to_end(crash: CrashHarness) -> None:
    """Check that the next run makes a song, and that the ledger is correct."""
    assert await crash.start(lease_s=LEASE_S)
    await all_delivered(crash, (await crash.order()).id)
    await crash.stop()
    assert set((await assert_invariants(crash)).values()) == {State.DELIVERED}


@pytest.mark.parametrize("group", DECISIONS)
async def test_a_decision_and_its_audit_entry_are_kept_together_or_not_at_all(
    tmp_path: Path, database: str, group: str
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        kept = 0
        for unit, line, given in DECISIONS[group]:
            options = {name: picked(crash, name, value) for name, value in given.items()}
            for side in Side:
                point = Failpoint(unit, side)
                await crash.start(dies_at=point, lease_s=LEASE_S)
                await crash.discord.member("Mo").slash("songs", line, past_picker=True, **options)
                await died(crash, point)
                kept += side is Side.AFTER
                assert len(decisions(crash)) == kept, point
                assert audit_database(crash.database_url)[0] == []
        await order_told_to_end(crash)


def moderators_messages(crash: CrashHarness) -> list[Message]:
    messages = crash.discord.channel("general").messages
    return [message for message in messages if message.nonce is not None and not message.deleted]


async def ask_for_approval(crash: CrashHarness) -> None:
    await crash.start(lease_s=LEASE_S)
    asked = await crash.discord.member("Mo").slash(
        "songs", "settings approval", mode="on", channel=crash.discord.channel("general")
    )
    await asked.answer(timeout_s=LONG_S)
    await crash.stop()


async def test_a_request_is_shown_to_moderators_once_and_decided_once(tmp_path: Path, database: str) -> None:
    posting = (
        "approvals.record_attempt",
        "messenger.post_approval",
        "approvals.mark_shown",
        "outbox.mark_sent",
    )
    steps = [Failpoint(step, side) for step in posting for side in Side]
    async with crash_harness(tmp_path, database_url=database) as crash:
        await ask_for_approval(crash)
        await crash.start(dies_at=steps[0], lease_s=LEASE_S)
        asked = await crash.order()
        await died(crash, steps[0])
        for point in steps[1:]:
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await died(crash, point)
        for side in Side:
            point = Failpoint("approvals.decide", side)
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await crash.until(lambda: moderators_messages(crash))
            (shown,) = moderators_messages(crash)
            await crash.discord.member("Mo").press(shown, "Approve")
            await died(crash, point)
            made = [one for one in decisions(crash) if one.action is Action.APPROVE]
            assert len(made) == (side is Side.AFTER)
        await crash.start(lease_s=LEASE_S)
        await all_delivered(crash, asked.id)
        await crash.until(lambda: "Approved" in seen(moderators_messages(crash)[0]))
        await crash.stop()
        assert (await assert_invariants(crash))[asked.id] is State.DELIVERED
        assert len(moderators_messages(crash)) == 1


async def test_several_requests_are_approved_together_or_not_at_all(tmp_path: Path, database: str) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await ask_for_approval(crash)
        await crash.start(lease_s=LEASE_S)
        asked = [await crash.order() for _ in range(2)]
        for one in asked:
            await one.invocation.answer(timeout_s=LONG_S)
        listed = await (await crash.discord.member("Mo").slash("songs", "requests pending")).answer(
            timeout_s=LONG_S
        )
        await crash.stop()
        for side in Side:
            point = Failpoint("approvals.approve_all", side)
            await crash.start(dies_at=point, lease_s=LEASE_S)
            await crash.discord.member("Mo").press(listed, approve_all(2))
            await died(crash, point)
            requests = crash.requests()
            assert {requests[one.id].state is State.AWAITING for one in asked} == {side is Side.BEFORE}
            made = [one for one in decisions(crash) if one.action is Action.APPROVE]
            assert len(made) == (side is Side.AFTER)
        await crash.start()  # with time enough to submit both
        await all_delivered(crash, *(one.id for one in asked))
        await crash.idle()
        await crash.stop()
        assert set((await assert_invariants(crash)).values()) == {State.DELIVERED}


async def test_a_request_for_approval_that_discord_did_not_take_is_shown_once(
    tmp_path: Path, database: str
) -> None:
    busy = Fault(kind=FaultKind.RATE_LIMITED, on="POST /channels/*", times=None, after_s=60.0)
    before, after = (Failpoint("approvals.clear_attempt", side) for side in Side)
    async with crash_harness(tmp_path, database_url=database) as crash:
        await ask_for_approval(crash)
        crash.discord.faults.add(busy)
        await crash.start(dies_at=before, lease_s=LEASE_S)
        asked = await crash.order()
        await died(crash, before)
        await crash.start(dies_at=after, lease_s=LEASE_S)
        await died(crash, after)
        crash.discord.faults.clear()
        await crash.start(lease_s=LEASE_S)
        await crash.until(lambda: moderators_messages(crash))
        await crash.discord.member("Mo").press(moderators_messages(crash)[0], "Approve")
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert (await assert_invariants(crash))[asked.id] is State.DELIVERED
        assert len(moderators_messages(crash)) == 1


async def test_a_request_that_moderators_cannot_see_waits_for_them_though_the_bot_dies(
    tmp_path: Path, database: str
) -> None:
    async with crash_harness(tmp_path, database_url=database) as crash:
        await ask_for_approval(crash)
        crash.discord.disruptions.deny(crash.discord.channel("general"), Permission.SEND_MESSAGES)
        missed = Failpoint("approvals.mark_unseen", Side.BEFORE)
        await crash.start(dies_at=missed, lease_s=LEASE_S)
        asked = await crash.order()
        await died(crash, missed)
        missed = Failpoint("approvals.mark_unseen", Side.AFTER)
        await crash.start(dies_at=missed, lease_s=LEASE_S)
        await died(crash, missed)
        assert (crash.requests())[asked.id].is_undelivered
        assert audit_database(crash.database_url)[0] == []
        for side in Side:
            point = Failpoint("approvals.queue", side)
            await crash.start(dies_at=point, lease_s=LEASE_S)
            if side is Side.BEFORE:  # what it leaves is done after the next start
                await crash.discord.member("Mo").slash("songs", "settings approval", mode="off")
            await died(crash, point)
            freed = (crash.requests())[asked.id].state is not State.AWAITING
            assert freed == (side is Side.AFTER)
        await crash.start(lease_s=LEASE_S)
        await all_delivered(crash, asked.id)
        await crash.stop()
        assert (await assert_invariants(crash))[asked.id] is State.DELIVERED


async def test_a_decision_is_posted_to_the_log_channel_once_wherever_the_bot_dies(
    tmp_path: Path, database: str
) -> None:
    posting = (
        ("outbox.extend_lease", Side.BEFORE),
        ("outbox.extend_lease", Side.AFTER),
        ("messenger.post_audit_entry", Side.AFTER),
        ("outbox.mark_sent", Side.BEFORE),
        ("outbox.mark_sent", Side.AFTER),
    )
    async with crash_harness(tmp_path, database_url=database) as crash:
        await crash.start(dies_at=Failpoint(*posting[0]), lease_s=LEASE_S)
        await crash.discord.member("Mo").slash(
            "songs", "settings log", channel=crash.discord.channel("general")
        )
        await died(crash, Failpoint(*posting[0]))
        for step in posting[1:]:
            await crash.start(dies_at=Failpoint(*step), lease_s=LEASE_S)
            await died(crash, Failpoint(*step))
        await order_told_to_end(crash)
        assert len(moderators_messages(crash)) == 1
        assert len(decisions(crash)) == 1
