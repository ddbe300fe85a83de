import pytest

from bot.domain.audit import Action
from bot.domain.errors import (
    ConflictError,
    InvalidMessageError,
    MessageGoneError,
    ModelError,
    NoAccessError,
    RequestNotFoundError,
    RetryableError,
)
from bot.domain.moderator_errors import (
    AmountError,
    ApprovalChannelError,
    DecidedError,
    ReasonError,
    ShowcaseChannelError,
)
from bot.domain.requests import FailureKind, State
from bot.services.audit_log import Actor
from bot.services.moderation.approvals import Approvals
from bot.services.repositories.outbox import MessageKind
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, MODERATOR, ServicesHarness
from tests.unit.services.conflicting_store import ConflictingStore

MODS, RADIO = CHANNEL + 50, CHANNEL + 51


async def actions(harness: ServicesHarness) -> list[Action]:
    return [change.action for change in await harness.services.allowances.audit_log(GUILD)]


async def test_what_is_left_out_of_the_showcase_stays_as_it_was(harness: ServicesHarness) -> None:
    rules = harness.services.guild_settings
    with pytest.raises(ShowcaseChannelError):
        await rules.set_showcase(harness.actor(), loves=5)
    with pytest.raises(AmountError):
        await rules.set_showcase(harness.actor(), channel_id=RADIO, loves=1001)
    for channel_id, loves, expected in (
        (RADIO, None, (RADIO, 3)),
        (None, 5, (RADIO, 5)),
        (MODS, None, (MODS, 5)),
    ):
        changed = await rules.set_showcase(harness.actor(), channel_id=channel_id, loves=loves)
        assert (changed.showcase_channel_id, changed.showcase_loves) == expected
    assert MODS in (await rules.effective(GUILD)).settings.channel_ids
    await rules.reset(harness.actor(), Action.SHOWCASE)
    assert (await rules.effective(GUILD)).settings.showcase_channel_id is None
    assert await actions(harness) == [Action.SHOWCASE] * 4


async def test_each_rule_is_settled_once_and_in_force(harness: ServicesHarness) -> None:
    rules, by = harness.services.guild_settings, harness.actor()
    for channel in (MODS, RADIO):
        await rules.set_request_channel(by, channel)
    await rules.set_results(harness.actor(), channel_id=RADIO)
    await rules.set_log(harness.actor(), channel_id=MODS)
    await rules.set_default_model(harness.actor(), "v40")
    await rules.set_limits(harness.actor(), active=5, cooldown_s=60)
    in_force = await rules.effective(GUILD)
    settings = in_force.settings
    assert (settings.requests_channel_id, settings.results_channel_id) == (MODS, RADIO)
    assert (in_force.model, in_force.policy.max_active, in_force.policy.cooldown_s) == ("v40", 5, 60)
    assert await actions(harness) == [
        Action.LIMITS,
        Action.MODEL,
        Action.LOG_CHANNEL,
        Action.RESULTS_CHANNEL,
        Action.REQUESTS_CHANNEL,
    ]
    assert await harness.dispatch() == 3, "a new log channel hears of itself"
    for action in (Action.MODEL, Action.LIMITS):
        await rules.reset(harness.actor(), action)
    in_force = await rules.effective(GUILD)
    assert (in_force.model, in_force.policy.max_active, in_force.policy.cooldown_s) == ("v55", 3, 0)


async def test_rules_that_will_not_do_change_nothing(harness: ServicesHarness) -> None:
    rules = harness.services.guild_settings
    with pytest.raises(ModelError):
        await rules.set_default_model(harness.actor(), "v99")
    with pytest.raises(AmountError):
        await rules.set_limits(harness.actor(), active=0, cooldown_s=None)
    with pytest.raises(AmountError):
        await rules.set_limits(harness.actor(), active=None, cooldown_s=86_401)
    with pytest.raises(ApprovalChannelError):
        await rules.set_approval(harness.actor(), is_on=True)
    assert await actions(harness) == []


async def asked(harness: ServicesHarness) -> int:
    """A request that the moderators see."""
    await harness.services.guild_settings.set_approval(harness.actor(), channel_id=MODS)
    card = await harness.place()
    assert await harness.dispatch() == 1
    return card.request_id


async def test_an_approved_request_stands_in_line(harness: ServicesHarness) -> None:
    request_id = await asked(harness)
    posted, cards = harness.messenger.approvals[request_id]
    assert (posted.channel_id, cards[0].state, cards[0].cost) == (MODS, State.AWAITING, 30)
    harness.clock.advance(4)
    touched = harness.clock.now
    await harness.store.write(
        lambda work: work.outbox.mark_due(request_id, MessageKind.APPROVAL, due_at=touched)
    )
    assert (await harness.dispatch(), len(cards)) == (1, 1), "nothing new is not said again"
    by = harness.actor()
    await harness.services.approvals.approve(by, request_id)
    request = await harness.services.approvals.approve(by, request_id)
    assert request.state is State.WAITING
    harness.clock.advance(4)
    await harness.dispatch()
    assert (cards[-1].state, cards[-1].decided_by) == (State.WAITING, MODERATOR)
    assert harness.messenger.edits[-1].card.state is State.WAITING
    assert await harness.submit() == 1
    with pytest.raises(DecidedError) as caught:
        await harness.services.approvals.decline(harness.actor(), request_id, reason="late")
    assert caught.value.state == State.MAKING
    assert await actions(harness) == [Action.APPROVE, Action.APPROVAL]


async def test_a_declined_request_ends_with_the_reason_and_its_credits(harness: ServicesHarness) -> None:
    request_id = await asked(harness)
    with pytest.raises(ReasonError):
        await harness.services.approvals.decline(harness.actor(), request_id, reason=" ")
    request = await harness.services.approvals.decline(harness.actor(), request_id, reason="not tonight")
    assert (request.state, request.failure is not None) == (State.DECLINED, True)
    assert request.failure is not None
    assert (request.failure.kind, request.failure.detail) == (FailureKind.MODERATOR, "not tonight")
    assert (await harness.credits()).held == 0
    harness.clock.advance(4)
    await harness.dispatch()
    assert harness.messenger.approvals[request_id][1][-1].state is State.DECLINED
    assert not await harness.breaches()


async def test_what_nobody_decides_ends_after_a_day(harness: ServicesHarness) -> None:
    request_id = await asked(harness)
    harness.clock.advance(86_399)
    assert await harness.poll() == 0
    harness.clock.advance(1)
    assert await harness.poll() == 1
    request = await harness.request(request_id)
    assert request.state is State.EXPIRED
    assert request.failure is not None
    assert request.failure.kind is FailureKind.UNDECIDED
    assert (await harness.credits()).held == 0
    await harness.dispatch()
    assert harness.messenger.approvals[request_id][1][-1].state is State.EXPIRED
    assert not await harness.breaches()


async def test_a_request_is_decided_only_in_its_own_server(harness: ServicesHarness) -> None:
    request_id = await asked(harness)
    elsewhere = Actor(interaction_id=1, guild_id=GUILD + 1, actor_id=MODERATOR, is_moderator=True)
    for unknown in (request_id, 5, 2**70):
        with pytest.raises(RequestNotFoundError):
            await harness.services.approvals.approve(elsewhere, unknown)


async def test_a_decision_that_meets_another_move_is_tried_again(harness: ServicesHarness) -> None:
    request_id = await asked(harness)
    with pytest.raises(ConflictError):
        await Approvals(ConflictingStore(harness.store, 3), clock=harness.clock).approve(
            harness.actor(), request_id
        )
    contended = Approvals(ConflictingStore(harness.store, 2), clock=harness.clock)
    assert (await contended.approve(harness.actor(), request_id)).state is State.WAITING


async def test_when_approval_ends_what_waited_for_it_stands_in_line(harness: ServicesHarness) -> None:
    request_id = await asked(harness)
    await harness.place(BEN)
    by = harness.actor()
    assert await harness.services.guild_settings.end_approval(by) == 2
    assert (await harness.request(request_id)).state is State.WAITING
    await harness.services.guild_settings.set_approval(harness.actor(), channel_id=RADIO)
    assert (await harness.place()).state is State.AWAITING
    assert await harness.services.guild_settings.end_approval(by) == 0, "told twice"
    settings = await harness.services.guild_settings.set_approval(harness.actor(), is_on=True)
    assert settings.approval_channel_id == RADIO


async def test_a_closed_channel_is_tried_again_and_the_request_waits(harness: ServicesHarness) -> None:
    await harness.services.guild_settings.set_approval(harness.actor(), channel_id=MODS)
    card = await harness.place()
    harness.messenger.failures.append(NoAccessError("50001"))
    await harness.dispatch()
    assert not harness.messenger.approvals
    harness.clock.advance(2)
    await harness.dispatch()
    assert card.request_id in harness.messenger.approvals


async def test_what_discord_refuses_to_show_is_tried_again_later(harness: ServicesHarness) -> None:
    await harness.services.guild_settings.set_approval(harness.actor(), channel_id=MODS)
    card = await harness.place()
    harness.messenger.failures += [InvalidMessageError("400")] * 2
    await harness.dispatch()
    assert not harness.messenger.approvals
    harness.clock.advance(2)
    await harness.dispatch()
    assert card.request_id in harness.messenger.approvals


@pytest.mark.parametrize("error", [MessageGoneError(), NoAccessError("50001"), RetryableError("500")])
async def test_a_moderators_message_that_is_gone_holds_nothing_up(
    harness: ServicesHarness, error: Exception
) -> None:
    request_id = await asked(harness)
    await harness.services.approvals.approve(harness.actor(), request_id)
    assert isinstance(error, MessageGoneError | NoAccessError | RetryableError)
    harness.clock.advance(4)
    harness.messenger.failures.extend([error] * 2)
    await harness.dispatch()
    await harness.submit()
    assert (await harness.request(request_id)).state is State.MAKING


async def test_a_request_that_was_cancelled_first_is_never_shown(harness: ServicesHarness) -> None:
    await harness.services.guild_settings.set_approval(harness.actor(), channel_id=MODS)
    card = await harness.place()
    await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    harness.clock.advance(4)
    await harness.dispatch()
    assert not harness.messenger.approvals


async def test_results_go_where_moderators_want_them_and_else_where_they_were_asked_for(
    harness: ServicesHarness,
) -> None:
    await harness.services.guild_settings.set_results(harness.actor(), channel_id=RADIO)
    first, second = await harness.place_and_finish(), await harness.place_and_finish(BEN)
    await harness.dispatch()
    requests = [await harness.request(request_id) for request_id in (first, second)]
    assert [request.result_channel_id for request in requests] == [RADIO, RADIO]
    harness.clock.advance(4)
    await harness.dispatch()
    third = await harness.place_and_finish()
    harness.messenger.failures.append(NoAccessError("50001"))
    await harness.dispatch()
    assert (await harness.request(third)).result_channel_id == CHANNEL
    harness.clock.advance(4)
    await harness.dispatch()
    url = harness.messenger.edits[-1].card.result_url
    assert url is not None
    assert f"/channels/{GUILD}/" in url
