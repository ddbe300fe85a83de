import asyncio

import pytest

from bot.domain.audit import Action
from bot.domain.errors import BlockedError, ConflictError, InvalidMessageError, NoAccessError, RetryableError
from bot.domain.moderator_errors import (
    AmountError,
    BotMemberError,
    BudgetMissingError,
    EveryoneRoleError,
    NotBlockedError,
    ReasonError,
)
from bot.domain.quotas import Period, Source
from bot.domain.requests import FailureKind, State
from bot.services.delivery.audit_message import ATTEMPTS, POSTS_AT_ONCE
from bot.services.delivery.dispatcher import OutboxDispatcher
from bot.services.moderation.members import MemberModeration, TargetMember
from bot.services.ports import MessageForm
from bot.services.repositories.outbox import MessageKind
from bot.services.unit_of_work import UnitOfWork
from tests.fakes.messenger import FakeMessenger
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, GUILD, RULES, ServicesHarness
from tests.unit.services.conflicting_store import ConflictingStore

VIP, LOG = 71, 10**17 + 80
SUBJECT = TargetMember(user_id=ADA)


async def actions(harness: ServicesHarness, subject_id: int | None = None) -> list[Action]:
    log = await harness.services.allowances.audit_log(GUILD, subject_id=subject_id)
    return [change.action for change in log]


async def test_a_grant_is_given_once_however_often_it_is_told(harness: ServicesHarness) -> None:
    by = harness.actor()
    effect = await harness.services.members.grant(by, SUBJECT, amount=60, reason=" a prize ")
    assert (effect.before.available, effect.after.available, effect.after.bonus) == (90, 150, 60)
    again = await harness.services.members.grant(by, SUBJECT, amount=60, reason="a prize")
    assert (again.before.bonus, again.after.bonus) == (60, 60)
    (change,) = await harness.services.allowances.audit_log(GUILD)
    assert (change.action, change.subject_id, change.after) == (Action.GRANT, ADA, {"credits": 60})
    assert change.reason == "a prize"
    shown = await harness.quotas.overview(GUILD, ADA, role_ids=())
    assert [line.entry.note for line in shown.lines] == ["a prize"]
    assert not await harness.breaches()


async def test_an_exception_counts_at_once_and_ends_again(harness: ServicesHarness) -> None:
    await harness.place()
    effect = await harness.services.members.make_exception(harness.actor(), SUBJECT, amount=30)
    assert (effect.before.available, effect.after.available) == (60, 0)
    assert effect.after.policy.source is Source.EXCEPTION
    effect = await harness.services.members.make_exception(harness.actor(), SUBJECT, amount=None)
    assert (effect.after.available, effect.after.policy.source) == (60, Source.EVERYONE)
    changes = await harness.services.allowances.audit_log(GUILD)
    assert [(change.before, change.after) for change in changes] == [
        ({"credits": 30}, {"credits": None}),
        ({"credits": None}, {"credits": 30}),
    ]
    by = harness.actor()
    for _ in range(2):
        await harness.services.members.make_exception(by, SUBJECT, amount=10)
    assert len(await harness.services.allowances.audit_log(GUILD)) == 3


async def test_a_reset_begins_the_allowance_anew_once(harness: ServicesHarness) -> None:
    await harness.place_and_finish()
    await harness.place()
    assert (await harness.credits()).available == 30
    by = harness.actor()
    for _ in range(2):
        await harness.services.members.reset(by, SUBJECT)
    statement = await harness.credits()
    assert (statement.available, statement.held, statement.used) == (90, 30, 0)
    assert not await harness.breaches()


async def test_a_block_ends_what_waits_and_leaves_what_the_provider_has(harness: ServicesHarness) -> None:
    await harness.place_and_submit()
    waiting = await harness.place()
    await harness.place(BEN)
    effect = await harness.services.members.block(harness.actor(), SUBJECT, reason="spam")
    assert effect.cancelled == 1
    request = await harness.request(waiting.request_id)
    assert request.state is State.CANCELLED
    assert request.failure is not None
    assert (request.failure.kind, request.failure.detail) == (FailureKind.BLOCKED, "spam")
    assert (effect.after.held, effect.after.blocked) == (30, "spam")
    with pytest.raises(BlockedError):
        await harness.place()
    effect = await harness.services.members.unblock(harness.actor(), SUBJECT)
    assert effect.after.blocked is None
    await harness.place()
    with pytest.raises(NotBlockedError):
        await harness.services.members.unblock(harness.actor(), SUBJECT)
    assert await actions(harness, ADA) == [Action.UNBLOCK, Action.BLOCK]
    assert not await harness.breaches()


async def test_a_block_told_twice_ends_nothing_new(harness: ServicesHarness) -> None:
    by = harness.actor()
    await harness.services.members.block(by, SUBJECT, reason="spam")
    await harness.services.members.unblock(harness.actor(), SUBJECT)
    await harness.place()
    effect = await harness.services.members.block(by, SUBJECT, reason="spam")
    assert (effect.cancelled, effect.after.blocked) == (0, None)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_block_that_meets_a_moving_request_is_tried_again(
    harness: ServicesHarness, times: int
) -> None:
    await harness.place()
    contended = MemberModeration(
        ConflictingStore(harness.store, times), policy=RULES.policy, clock=harness.clock
    )
    assert (await contended.block(harness.actor(), SUBJECT, reason="spam")).cancelled == 1


async def test_a_block_that_always_meets_a_moving_request_is_given_up(harness: ServicesHarness) -> None:
    contended = MemberModeration(ConflictingStore(harness.store, 3), policy=RULES.policy, clock=harness.clock)
    with pytest.raises(ConflictError):
        await contended.block(harness.actor(), SUBJECT, reason="spam")


@pytest.mark.parametrize("amount", [0, -1, 1_000_001, 1.5])
async def test_a_grant_is_a_whole_number_within_bounds(harness: ServicesHarness, amount: float) -> None:
    with pytest.raises(AmountError) as caught:
        await harness.services.members.grant(harness.actor(), SUBJECT, amount=amount, reason="x")  # type: ignore[arg-type] # a client may send anything
    assert (caught.value.least, caught.value.most) == (1, 1_000_000)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_reason_has_words_and_not_too_many(harness: ServicesHarness, reason: str) -> None:
    with pytest.raises(ReasonError):
        await harness.services.members.block(harness.actor(), SUBJECT, reason=reason)
    assert await actions(harness) == []


async def test_nothing_is_settled_for_a_bot(harness: ServicesHarness) -> None:
    with pytest.raises(BotMemberError):
        await harness.services.members.grant(
            harness.actor(), TargetMember(user_id=ADA, is_bot=True), amount=30, reason="x"
        )


async def test_a_roles_allowance_counts_for_its_members_until_it_ends(harness: ServicesHarness) -> None:
    settle = harness.services.allowances.set_role_allowance
    by = harness.actor()
    assert (await settle(by, VIP, amount=120)).roles == {VIP: 120}
    assert (await settle(by, VIP, amount=999)).roles == {VIP: 120}
    assert (await harness.credits(ADA, VIP)).available == 120
    assert (await harness.credits(ADA)).available == 90
    assert (await settle(harness.actor(), VIP + 1, amount=0)).roles == {VIP: 120, VIP + 1: 0}
    assert (await settle(harness.actor(), VIP, amount=None)).roles == {VIP + 1: 0}
    with pytest.raises(EveryoneRoleError):
        await settle(harness.actor(), GUILD, amount=5)
    assert await actions(harness, VIP) == [Action.ROLE_ALLOWANCE] * 2


async def test_everyones_allowance_and_period_count_at_once(harness: ServicesHarness) -> None:
    settle = harness.services.allowances.set_default_allowance
    await harness.place()
    await settle(harness.actor(), amount=120, period=None)
    assert (await harness.credits()).available == 90
    by = harness.actor()
    for amount in (200, 1):
        await settle(by, amount=amount, period=Period.MONTH)
    statement = await harness.credits()
    assert (statement.available, statement.held, statement.policy.period) == (200, 30, Period.MONTH)
    changes = await harness.services.allowances.audit_log(GUILD)
    assert (changes[0].before, changes[0].after) == (
        {"credits": 120, "period": "week"},
        {"credits": 200, "period": "month"},
    )
    assert not await harness.breaches()


async def test_a_budget_counts_what_was_spent_before_it_but_not_twice(harness: ServicesHarness) -> None:
    settle = harness.services.allowances.set_budget
    await harness.place_and_finish()
    await harness.place(BEN)

    async def left() -> int | None:
        budget = (await harness.credits()).limits.budget
        return budget.left if budget else None

    by = harness.actor()
    for amount in (100, 5):
        await settle(by, amount=amount, period=None)
    assert await left() == 40
    await harness.place()
    assert await left() == 10
    await settle(harness.actor())
    assert await left() == 10, "what is left out stays as it was"
    await harness.services.guild_settings.reset(harness.actor(), Action.BUDGET)
    assert await left() is None
    with pytest.raises(BudgetMissingError):
        await settle(harness.actor(), period=Period.DAY)
    await settle(harness.actor(), amount=150, period=Period.WEEK)
    assert await left() == 60
    await settle(harness.actor(), amount=200, period=None)
    assert await left() == 110
    await settle(harness.actor(), amount=200, period=Period.DAY)
    assert await left() == 110
    assert not await harness.breaches()


async def test_decisions_are_posted_where_the_server_wants_them(harness: ServicesHarness) -> None:
    await harness.services.members.reset(harness.actor(), SUBJECT)
    assert await harness.dispatch() == 0
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.grant(harness.actor(), SUBJECT, amount=30, reason="x")
    assert await harness.dispatcher.next_due_at() == START
    assert await harness.dispatch() == 1
    ((change, posted),) = harness.messenger.changes.values()
    assert (change.action, posted.channel_id) == (Action.GRANT, LOG)
    assert await harness.dispatch() == 0
    assert await harness.dispatcher.next_due_at() is None


async def test_a_decision_that_discord_does_not_take_is_posted_later(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    harness.messenger.failures.append(RetryableError("reset"))
    assert (await harness.dispatch(), await harness.dispatch()) == (1, 0)
    harness.clock.advance(5)
    assert await harness.dispatch() == 1
    assert len(harness.messenger.changes) == 1


async def test_a_decision_that_can_never_be_posted_is_given_up(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    harness.messenger.failures.append(NoAccessError("50001"))
    assert (await harness.dispatch(), await harness.dispatch()) == (1, 0)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    harness.messenger.failures.extend(RetryableError("500", retry_after_s=1) for _ in range(ATTEMPTS))
    tries = 0
    while await harness.dispatcher.next_due_at() is not None:
        harness.clock.advance(601)
        tries += await harness.dispatch()
    assert tries == ATTEMPTS
    assert not harness.messenger.changes


async def test_a_refused_decision_is_posted_without_what_people_wrote(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.grant(harness.actor(), SUBJECT, amount=30, reason="x")
    harness.messenger.failures.append(InvalidMessageError("200000"))
    await harness.dispatch()
    assert harness.messenger.forms == [MessageForm.BARE]


async def test_a_decision_that_is_refused_in_every_form_is_posted_later(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    harness.messenger.failures.extend([InvalidMessageError("200000")] * 2)
    assert (await harness.dispatch(), await harness.dispatch()) == (1, 0)
    harness.clock.advance(5)
    assert await harness.dispatch() == 1
    assert len(harness.messenger.changes) == 1


async def test_a_decision_is_posted_nowhere_when_the_log_channel_was_unset_meanwhile(
    harness: ServicesHarness,
) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    await harness.set_guild_settings()
    assert (await harness.dispatch(), await harness.dispatch()) == (1, 0)
    assert not harness.messenger.changes


async def test_a_decision_whose_dispatcher_died_is_taken_over(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    (due,) = await harness.dispatcher.claim(1)
    assert await harness.dispatch() == 0
    harness.clock.advance(181)
    assert await harness.dispatch() == 1

    def late(uow: UnitOfWork) -> None:
        uow.outbox.reschedule(due, next_at=harness.clock.now)

    await harness.store.write(late)
    assert await harness.dispatcher.next_due_at() is None


async def test_a_decision_that_another_dispatcher_has_by_now_is_left_to_it(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    await harness.services.members.reset(harness.actor(), SUBJECT)
    slow = FakeMessenger()
    other = OutboxDispatcher(
        harness.store,
        slow,
        harness.media,
        harness.delivery,
        owner="w2",
        config=harness.config,
        clock=harness.clock,
    )
    (theirs,) = await other.claim(1)
    harness.clock.advance(181)
    (mine,) = await harness.dispatcher.claim(1)
    await other.handle(theirs)
    assert "another worker has leased the message" in caplog.text
    harness.clock.advance(170)
    harness.messenger.failures.append(RetryableError("reset"))
    await harness.dispatcher.handle(mine)
    harness.clock.advance(5)
    assert await harness.dispatch() == 1
    assert len(harness.messenger.changes) == 1


async def test_only_a_few_decisions_are_posted_at_a_time(
    harness: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.set_guild_settings(log_channel_id=LOG)
    for _ in range(POSTS_AT_ONCE + 1):
        await harness.services.members.reset(harness.actor(), SUBJECT)
    messages = await harness.dispatcher.claim(16)
    await asyncio.gather(*(harness.dispatcher.handle(message) for message in messages))
    assert len(harness.messenger.changes) == POSTS_AT_ONCE
    assert "did not accept" not in caplog.text
    harness.clock.advance(2)
    (waited,) = await harness.dispatcher.claim(1)
    assert waited.attempts == 0, "nothing was tried"
    await harness.dispatcher.handle(waited)
    assert len(harness.messenger.changes) == POSTS_AT_ONCE + 1


async def test_a_decision_about_which_nothing_is_known_any_more_is_not_posted(
    harness: ServicesHarness,
) -> None:
    await harness.store.write(lambda uow: uow.outbox.mark_due(5, MessageKind.AUDIT, due_at=harness.clock()))
    assert (await harness.dispatch(), await harness.dispatch()) == (1, 0)
    assert not harness.messenger.changes
