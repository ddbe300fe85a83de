import pytest

from bot.domain.audit import Action
from bot.domain.errors import BlockedError, ConflictError, InvalidMessageError, NoAccessError, RetryableError
from bot.domain.moderator_errors import (
    AmountError,
    BotMemberError,
    EveryoneRoleError,
    NotBlockedError,
    ReasonError,
)
from bot.domain.quotas import Period, Source
from bot.domain.requests import FailureKind, State
from bot.services.delivery.audit_message import ATTEMPTS, AuditLogDispatcher
from bot.services.delivery.message_forms import MessageForm
from bot.services.moderation.members import MemberModeration, TargetMember
from bot.services.unit_of_work import UnitOfWork
from tests.fakes.messenger import FakeMessenger
from tests.harness.services import ADA, BEN, GUILD, RULES, START, ServicesHarness
from tests.unit.services.contended import ContendedStore

VIP, LOG = 71, 10**17 + 80
SUBJECT = TargetMember(user_id=ADA)


async def actions(home: ServicesHarness, subject_id: int | None = None) -> list[Action]:
    log = await home.services.allowances.audit_log(GUILD, subject_id=subject_id)
    return [change.action for change in log]


async def test_a_grant_is_given_once_however_often_it_is_told(home: ServicesHarness) -> None:
    by = home.by()
    effect = await home.services.members.grant(by, SUBJECT, amount=60, reason=" a prize ")
    assert (effect.before.available, effect.after.available, effect.after.bonus) == (90, 150, 60)
    again = await home.services.members.grant(by, SUBJECT, amount=60, reason="a prize")
    assert (again.before.bonus, again.after.bonus) == (60, 60)
    (change,) = await home.services.allowances.audit_log(GUILD)
    assert (change.action, change.subject_id, change.after) == (Action.GRANT, ADA, {"credits": 60})
    assert change.reason == "a prize"
    assert (await home.credits()).entries[0].note == "a prize"
    assert not await home.breaches()


async def test_an_exception_counts_at_once_and_ends_again(home: ServicesHarness) -> None:
    await home.place()
    effect = await home.services.members.make_exception(home.by(), SUBJECT, amount=30)
    assert (effect.before.available, effect.after.available) == (60, 0)
    assert effect.after.policy.source is Source.EXCEPTION
    effect = await home.services.members.make_exception(home.by(), SUBJECT, amount=None)
    assert (effect.after.available, effect.after.policy.source) == (60, Source.EVERYONE)
    changes = await home.services.allowances.audit_log(GUILD)
    assert [(change.before, change.after) for change in changes] == [
        ({"credits": 30}, {"credits": None}),
        ({"credits": None}, {"credits": 30}),
    ]
    by = home.by()
    for _ in range(2):
        await home.services.members.make_exception(by, SUBJECT, amount=10)
    assert len(await home.services.allowances.audit_log(GUILD)) == 3


async def test_a_reset_begins_the_allowance_anew_once(home: ServicesHarness) -> None:
    await home.ready()
    await home.place()
    assert (await home.credits()).available == 30
    by = home.by()
    for _ in range(2):
        await home.services.members.reset(by, SUBJECT)
    statement = await home.credits()
    assert (statement.available, statement.held, statement.used) == (90, 30, 0)
    assert not await home.breaches()


async def test_a_block_ends_what_waits_and_leaves_what_the_provider_has(home: ServicesHarness) -> None:
    await home.making()
    waiting = await home.place()
    await home.place(BEN)
    effect = await home.services.members.block(home.by(), SUBJECT, reason="spam")
    assert effect.cancelled == 1
    request = await home.request(waiting.request_id)
    assert request.state is State.CANCELLED
    assert request.failure is not None
    assert (request.failure.kind, request.failure.detail) == (FailureKind.BLOCKED, "spam")
    assert (effect.after.held, effect.after.blocked) == (30, "spam")
    with pytest.raises(BlockedError):
        await home.place()
    effect = await home.services.members.unblock(home.by(), SUBJECT)
    assert effect.after.blocked is None
    await home.place()
    with pytest.raises(NotBlockedError):
        await home.services.members.unblock(home.by(), SUBJECT)
    assert await actions(home, ADA) == [Action.UNBLOCK, Action.BLOCK]
    assert not await home.breaches()


async def test_a_block_told_twice_ends_nothing_new(home: ServicesHarness) -> None:
    by = home.by()
    await home.services.members.block(by, SUBJECT, reason="spam")
    await home.services.members.unblock(home.by(), SUBJECT)
    await home.place()
    effect = await home.services.members.block(by, SUBJECT, reason="spam")
    assert (effect.cancelled, effect.after.blocked) == (0, None)


@pytest.mark.parametrize("times", [1, 2])
async def test_a_block_that_meets_a_moving_request_is_tried_again(home: ServicesHarness, times: int) -> None:
    await home.place()
    contended = MemberModeration(ContendedStore(home.store, times), policy=RULES.policy, clock=home.clock)
    assert (await contended.block(home.by(), SUBJECT, reason="spam")).cancelled == 1


async def test_a_block_that_always_meets_a_moving_request_is_given_up(home: ServicesHarness) -> None:
    contended = MemberModeration(ContendedStore(home.store, 3), policy=RULES.policy, clock=home.clock)
    with pytest.raises(ConflictError):
        await contended.block(home.by(), SUBJECT, reason="spam")


@pytest.mark.parametrize("amount", [0, -1, 1_000_001, 1.5])
async def test_a_grant_is_a_whole_number_within_bounds(home: ServicesHarness, amount: float) -> None:
    with pytest.raises(AmountError) as caught:
        await home.services.members.grant(home.by(), SUBJECT, amount=amount, reason="x")  # type: ignore[arg-type] # a client may send anything
    assert (caught.value.least, caught.value.most) == (1, 1_000_000)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_a_reason_has_words_and_not_too_many(home: ServicesHarness, reason: str) -> None:
    with pytest.raises(ReasonError):
        await home.services.members.block(home.by(), SUBJECT, reason=reason)
    assert await actions(home) == []


async def test_nothing_is_settled_for_a_bot(home: ServicesHarness) -> None:
    with pytest.raises(BotMemberError):
        await home.services.members.grant(
            home.by(), TargetMember(user_id=ADA, is_bot=True), amount=30, reason="x"
        )


async def test_a_roles_allowance_counts_for_its_members_until_it_ends(home: ServicesHarness) -> None:
    settle = home.services.allowances.set_role_allowance
    by = home.by()
    assert (await settle(by, VIP, amount=120)).roles == {VIP: 120}
    assert (await settle(by, VIP, amount=999)).roles == {VIP: 120}
    assert (await home.credits(ADA, VIP)).available == 120
    assert (await home.credits(ADA)).available == 90
    assert (await settle(home.by(), VIP + 1, amount=0)).roles == {VIP: 120, VIP + 1: 0}
    assert (await settle(home.by(), VIP, amount=None)).roles == {VIP + 1: 0}
    with pytest.raises(EveryoneRoleError):
        await settle(home.by(), GUILD, amount=5)
    assert await actions(home, VIP) == [Action.ROLE_ALLOWANCE] * 2


async def test_everyones_allowance_and_period_count_at_once(home: ServicesHarness) -> None:
    settle = home.services.allowances.set_default_allowance
    await home.place()
    await settle(home.by(), amount=120, period=None)
    assert (await home.credits()).available == 90
    by = home.by()
    for amount in (200, 1):
        await settle(by, amount=amount, period=Period.MONTH)
    statement = await home.credits()
    assert (statement.available, statement.held, statement.policy.period) == (200, 30, Period.MONTH)
    changes = await home.services.allowances.audit_log(GUILD)
    assert (changes[0].before, changes[0].after) == (
        {"credits": 120, "period": "week"},
        {"credits": 200, "period": "month"},
    )
    assert not await home.breaches()


async def test_a_budget_counts_what_was_spent_before_it_but_not_twice(home: ServicesHarness) -> None:
    settle = home.services.allowances.set_budget
    await home.ready()
    await home.place(BEN)

    async def left() -> int | None:
        budget = (await home.credits()).budget
        return budget.left if budget else None

    by = home.by()
    for amount in (100, 5):
        await settle(by, amount=amount, period=None)
    assert await left() == 40
    await home.place()
    assert await left() == 10
    await settle(home.by(), amount=None, period=None)
    assert await left() is None
    await settle(home.by(), amount=150, period=Period.WEEK)
    assert await left() == 60
    await settle(home.by(), amount=200, period=None)
    assert await left() == 110
    await settle(home.by(), amount=200, period=Period.DAY)
    assert await left() == 110
    assert not await home.breaches()


async def test_decisions_are_posted_where_the_server_wants_them(home: ServicesHarness) -> None:
    await home.services.members.reset(home.by(), SUBJECT)
    assert await home.herald() == 0
    await home.settle(log_channel_id=LOG)
    await home.services.members.grant(home.by(), SUBJECT, amount=30, reason="x")
    assert await home.heralding.next_due_at() == START
    assert await home.herald() == 1
    ((change, posted),) = home.messenger.changes.values()
    assert (change.action, posted.channel_id) == (Action.GRANT, LOG)
    assert await home.herald() == 0
    assert await home.heralding.next_due_at() is None


async def test_a_decision_that_discord_does_not_take_is_posted_later(home: ServicesHarness) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.reset(home.by(), SUBJECT)
    home.messenger.failures.append(RetryableError("reset"))
    assert (await home.herald(), await home.herald()) == (1, 0)
    home.clock.advance(5)
    assert await home.herald() == 1
    assert len(home.messenger.changes) == 1


async def test_a_decision_that_can_never_be_posted_is_given_up(home: ServicesHarness) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.reset(home.by(), SUBJECT)
    home.messenger.failures.append(NoAccessError("50001"))
    assert (await home.herald(), await home.herald()) == (1, 0)
    await home.services.members.reset(home.by(), SUBJECT)
    home.messenger.failures.extend(RetryableError("500", retry_after_s=1) for _ in range(ATTEMPTS))
    tries = 0
    while await home.heralding.next_due_at() is not None:
        home.clock.advance(601)
        tries += await home.herald()
    assert tries == ATTEMPTS
    assert not home.messenger.changes


async def test_a_refused_decision_is_posted_without_what_people_wrote(home: ServicesHarness) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.grant(home.by(), SUBJECT, amount=30, reason="x")
    home.messenger.failures.append(InvalidMessageError("200000"))
    await home.herald()
    assert home.messenger.forms == [MessageForm.BARE]


async def test_a_decision_that_is_refused_in_every_form_is_posted_later(home: ServicesHarness) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.reset(home.by(), SUBJECT)
    home.messenger.failures.extend([InvalidMessageError("200000")] * 2)
    assert (await home.herald(), await home.herald()) == (1, 0)
    home.clock.advance(5)
    assert await home.herald() == 1
    assert len(home.messenger.changes) == 1


async def test_a_decision_is_posted_nowhere_when_the_log_channel_was_unset_meanwhile(
    home: ServicesHarness,
) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.reset(home.by(), SUBJECT)
    await home.settle()
    assert (await home.herald(), await home.herald()) == (1, 0)
    assert not home.messenger.changes


async def test_a_decision_whose_herald_died_is_taken_over(home: ServicesHarness) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.reset(home.by(), SUBJECT)
    (due,) = await home.heralding.claim(1)
    assert await home.herald() == 0
    home.clock.advance(91)
    assert await home.herald() == 1

    def late(uow: UnitOfWork) -> None:
        uow.audit_log.reschedule(due, next_at=home.clock.now)

    await home.store.write(late)
    assert await home.heralding.next_due_at() is None


async def test_a_decision_that_another_herald_has_by_now_is_left_to_it(
    home: ServicesHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await home.settle(log_channel_id=LOG)
    await home.services.members.reset(home.by(), SUBJECT)
    other = AuditLogDispatcher(home.store, FakeMessenger(), owner="w2", clock=home.clock)
    (theirs,) = await other.claim(1)
    home.clock.advance(91)
    (mine,) = await home.heralding.claim(1)
    await other.handle(theirs)
    assert "left to whoever has it now" in caplog.text
    home.clock.advance(80)
    home.messenger.failures.append(RetryableError("reset"))
    await home.heralding.handle(mine)
    home.clock.advance(5)
    assert await home.herald() == 1
    assert len(home.messenger.changes) == 1
