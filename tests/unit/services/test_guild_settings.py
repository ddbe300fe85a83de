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
from bot.domain.moderator_errors import AmountError, ApprovalChannelError, DecidedError, ReasonError
from bot.domain.requests import FailureKind, State
from bot.services.moderation.approvals import Approvals
from bot.services.moderation.audit import Actor
from bot.services.repositories.outbox import MessageKind
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, MODERATOR, ServicesHarness
from tests.unit.services.contended import ContendedStore

MODS, RADIO = CHANNEL + 50, CHANNEL + 51


async def actions(home: ServicesHarness) -> list[Action]:
    return [change.action for change in await home.services.allowances.audit_log(GUILD)]


async def test_each_rule_is_settled_once_and_in_force(home: ServicesHarness) -> None:
    rules, by = home.services.guild_settings, home.by()
    for channel in (MODS, RADIO):
        await rules.set_request_channel(by, channel)
    await rules.set_results_channel(home.by(), RADIO)
    await rules.set_log_channel(home.by(), MODS)
    await rules.set_default_model(home.by(), "v40")
    await rules.set_limits(home.by(), active=5, cooldown_s=60)
    in_force = await rules.effective(GUILD)
    settings = in_force.settings
    assert (settings.requests_channel_id, settings.results_channel_id) == (MODS, RADIO)
    assert (in_force.model, in_force.policy.max_active, in_force.policy.cooldown_s) == ("v40", 5, 60)
    assert await actions(home) == [
        Action.LIMITS,
        Action.MODEL,
        Action.LOG_CHANNEL,
        Action.RESULTS_CHANNEL,
        Action.REQUESTS_CHANNEL,
    ]
    assert await home.herald() == 3, "a new log channel hears of itself"
    await rules.set_default_model(home.by(), None)
    await rules.set_limits(home.by(), active=None, cooldown_s=None)
    in_force = await rules.effective(GUILD)
    assert (in_force.model, in_force.policy.max_active, in_force.policy.cooldown_s) == ("v55", 3, 0)


async def test_rules_that_will_not_do_change_nothing(home: ServicesHarness) -> None:
    rules = home.services.guild_settings
    with pytest.raises(ModelError):
        await rules.set_default_model(home.by(), "v99")
    with pytest.raises(AmountError):
        await rules.set_limits(home.by(), active=0, cooldown_s=None)
    with pytest.raises(AmountError):
        await rules.set_limits(home.by(), active=None, cooldown_s=86_401)
    with pytest.raises(ApprovalChannelError):
        await rules.require_approval(home.by(), None)
    assert await actions(home) == []


async def asked(home: ServicesHarness) -> int:
    """A request that the moderators see."""
    await home.services.guild_settings.require_approval(home.by(), MODS)
    card = await home.place()
    assert await home.tell() == 1
    return card.request_id


async def test_an_approved_request_stands_in_line(home: ServicesHarness) -> None:
    request_id = await asked(home)
    posted, cards = home.messenger.approvals[request_id]
    assert (posted.channel_id, cards[0].state, cards[0].cost) == (MODS, State.AWAITING, 30)
    home.clock.advance(4)
    touched = home.clock.now
    await home.store.write(
        lambda work: work.outbox.mark_due(request_id, MessageKind.APPROVAL, due_at=touched)
    )
    assert (await home.tell(), len(cards)) == (1, 1), "nothing new is not said again"
    by = home.by()
    await home.services.approvals.approve(by, request_id)
    request = await home.services.approvals.approve(by, request_id)
    assert request.state is State.WAITING
    home.clock.advance(4)
    await home.tell()
    assert (cards[-1].state, cards[-1].decided_by) == (State.WAITING, MODERATOR)
    assert home.messenger.edits[-1].card.state is State.WAITING
    assert await home.submit() == 1
    with pytest.raises(DecidedError) as caught:
        await home.services.approvals.decline(home.by(), request_id, reason="late")
    assert caught.value.state == State.MAKING
    assert await actions(home) == [Action.APPROVE, Action.APPROVAL]


async def test_a_declined_request_ends_with_the_reason_and_its_credits(home: ServicesHarness) -> None:
    request_id = await asked(home)
    with pytest.raises(ReasonError):
        await home.services.approvals.decline(home.by(), request_id, reason=" ")
    request = await home.services.approvals.decline(home.by(), request_id, reason="not tonight")
    assert (request.state, request.failure is not None) == (State.DECLINED, True)
    assert request.failure is not None
    assert (request.failure.kind, request.failure.detail) == (FailureKind.MODERATOR, "not tonight")
    assert (await home.credits()).held == 0
    home.clock.advance(4)
    await home.tell()
    assert home.messenger.approvals[request_id][1][-1].state is State.DECLINED
    assert not await home.breaches()


async def test_what_nobody_decides_ends_after_a_day(home: ServicesHarness) -> None:
    request_id = await asked(home)
    home.clock.advance(86_399)
    assert await home.follow() == 0
    home.clock.advance(1)
    assert await home.follow() == 1
    request = await home.request(request_id)
    assert request.state is State.EXPIRED
    assert request.failure is not None
    assert request.failure.kind is FailureKind.UNDECIDED
    assert (await home.credits()).held == 0
    await home.tell()
    assert home.messenger.approvals[request_id][1][-1].state is State.EXPIRED
    assert not await home.breaches()


async def test_a_request_is_decided_only_in_its_own_server(home: ServicesHarness) -> None:
    request_id = await asked(home)
    elsewhere = Actor(interaction_id=1, guild_id=GUILD + 1, actor_id=MODERATOR)
    for unknown in (request_id, 5, 2**70):
        with pytest.raises(RequestNotFoundError):
            await home.services.approvals.approve(elsewhere, unknown)


async def test_a_decision_that_meets_another_move_is_tried_again(home: ServicesHarness) -> None:
    request_id = await asked(home)
    with pytest.raises(ConflictError):
        await Approvals(ContendedStore(home.store, 3), clock=home.clock).approve(home.by(), request_id)
    contended = Approvals(ContendedStore(home.store, 2), clock=home.clock)
    assert (await contended.approve(home.by(), request_id)).state is State.WAITING


async def test_when_approval_ends_what_waited_for_it_stands_in_line(home: ServicesHarness) -> None:
    request_id = await asked(home)
    await home.place(BEN)
    by = home.by()
    assert await home.services.guild_settings.end_approval(by) == 2
    assert (await home.request(request_id)).state is State.WAITING
    assert await home.services.guild_settings.require_approval(home.by(), RADIO) == RADIO
    assert (await home.place()).state is State.AWAITING
    assert await home.services.guild_settings.end_approval(by) == 0, "told twice"
    assert await home.services.guild_settings.require_approval(home.by(), None) == RADIO


async def test_a_closed_channel_is_tried_again_and_the_request_waits(home: ServicesHarness) -> None:
    await home.services.guild_settings.require_approval(home.by(), MODS)
    card = await home.place()
    home.messenger.failures.append(NoAccessError("50001"))
    await home.tell()
    assert not home.messenger.approvals
    home.clock.advance(2)
    await home.tell()
    assert card.request_id in home.messenger.approvals


async def test_what_discord_refuses_to_show_is_tried_again_later(home: ServicesHarness) -> None:
    await home.services.guild_settings.require_approval(home.by(), MODS)
    card = await home.place()
    home.messenger.failures += [InvalidMessageError("400")] * 2
    await home.tell()
    assert not home.messenger.approvals
    home.clock.advance(2)
    await home.tell()
    assert card.request_id in home.messenger.approvals


@pytest.mark.parametrize("error", [MessageGoneError(), NoAccessError("50001"), RetryableError("500")])
async def test_a_moderators_message_that_is_gone_holds_nothing_up(
    home: ServicesHarness, error: Exception
) -> None:
    request_id = await asked(home)
    await home.services.approvals.approve(home.by(), request_id)
    assert isinstance(error, MessageGoneError | NoAccessError | RetryableError)
    home.clock.advance(4)
    home.messenger.failures.extend([error] * 2)
    await home.tell()
    await home.submit()
    assert (await home.request(request_id)).state is State.MAKING


async def test_a_request_that_was_cancelled_first_is_never_shown(home: ServicesHarness) -> None:
    await home.services.guild_settings.require_approval(home.by(), MODS)
    card = await home.place()
    await home.songs.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    home.clock.advance(4)
    await home.tell()
    assert not home.messenger.approvals


async def test_results_go_where_moderators_want_them_and_else_where_they_were_asked_for(
    home: ServicesHarness,
) -> None:
    await home.services.guild_settings.set_results_channel(home.by(), RADIO)
    first, second = await home.ready(), await home.ready(BEN)
    await home.tell()
    requests = [await home.request(request_id) for request_id in (first, second)]
    assert [request.result_channel_id for request in requests] == [RADIO, RADIO]
    home.clock.advance(4)
    await home.tell()
    third = await home.ready()
    home.messenger.failures.append(NoAccessError("50001"))
    await home.tell()
    assert (await home.request(third)).result_channel_id == CHANNEL
    home.clock.advance(4)
    await home.tell()
    url = home.messenger.edits[-1].card.result_url
    assert url is not None
    assert f"/channels/{GUILD}/" in url
