"""Which requests need approval, who decides about them, and several at once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.audit import Action
from bot.domain.errors import RequestNotFoundError
from bot.domain.guild_settings import ApprovalRules
from bot.domain.moderator_errors import (
    AmountError,
    DecidedError,
    EveryoneRoleError,
    NoneAwaitingError,
    NotDeciderError,
    ReasonHiddenError,
    TooManyRolesError,
)
from bot.domain.requests import State
from bot.domain.song_options import SongOptions
from bot.services.audit_log import Actor
from bot.services.cards import StatusCard
from bot.services.moderation.approvals import MAX_AT_ONCE, PAGE, Approvals
from bot.services.moderation.guild_settings import MAX_EXEMPT_ROLES
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, PLAYLIST, RULES, ServicesHarness
from tests.unit.services.conflicting_store import ConflictingStore

MODS, BOOSTERS, HELPERS = CHANNEL + 50, GUILD + 60, GUILD + 61
CALM = "0b8dbbf0-0000-4000-8000-000000000001"


async def approval_with(harness: ServicesHarness, **rules: object) -> None:
    """Require approval, with these rules."""
    await harness.set_guild_settings(
        approval_channel_id=MODS,
        approval=ApprovalRules(**rules),  # type: ignore[arg-type] # any of its fields
        has_playlists=True,
        max_active=100,
        allowance=30_000,
    )


async def placed(
    harness: ServicesHarness, user_id: int = ADA, *roles: int, playlist: str = PLAYLIST
) -> StatusCard:
    context = replace(harness.context(user_id), role_ids=(GUILD, *roles))
    return await harness.requests.place(SongOptions(playlist=playlist), context)


def decider(harness: ServicesHarness, *roles: int) -> Actor:
    """A member with these roles who is no moderator, as the actor of a new decision."""
    return replace(harness.actor(), is_moderator=False, role_ids=(GUILD, *roles))


async def test_members_with_an_exempt_role_need_no_approval(harness: ServicesHarness) -> None:
    await approval_with(harness, exempt_role_ids=(BOOSTERS,))
    assert (await placed(harness, ADA, BOOSTERS)).state is State.WAITING
    assert (await placed(harness, BEN, HELPERS)).state is State.AWAITING


async def test_the_first_requests_of_a_member_in_a_day_need_no_approval(harness: ServicesHarness) -> None:
    await approval_with(harness, free_per_day=2)
    harness.clock.now = harness.clock.now.replace(hour=23, minute=59, second=59, microsecond=0)
    states = [(await placed(harness)).state for _ in range(3)]
    assert states == [State.WAITING, State.WAITING, State.AWAITING]
    assert (await placed(harness, BEN)).state is State.WAITING
    harness.clock.advance(1)
    assert (await placed(harness)).state is State.WAITING, "the day begins at midnight, UTC"
    harness.clock.advance(60)
    states = [(await placed(harness)).state for _ in range(2)]
    assert states == [State.WAITING, State.AWAITING]


async def test_a_clock_that_was_ahead_gives_a_new_day(harness: ServicesHarness) -> None:
    await approval_with(harness, free_per_day=1)
    assert (await placed(harness)).state is State.WAITING
    harness.clock.now -= timedelta(days=2)
    assert (await placed(harness)).state is State.WAITING
    assert (await placed(harness)).state is State.AWAITING


async def test_saved_playlists_need_no_approval_where_that_is_set(harness: ServicesHarness) -> None:
    await approval_with(harness, skips_saved=True)
    await harness.playlists.add(harness.actor(), "Calm", CALM)
    assert (await placed(harness, playlist=CALM)).state is State.WAITING
    assert (await placed(harness)).state is State.AWAITING
    await approval_with(harness, skips_saved=False)
    assert (await placed(harness, playlist=CALM)).state is State.AWAITING


async def test_a_change_of_a_rule_leaves_the_others_and_is_in_the_audit_log(harness: ServicesHarness) -> None:
    service = harness.services.guild_settings
    await service.set_approval(
        harness.actor(), channel_id=MODS, rules=lambda rules: replace(rules, ping_role_id=HELPERS)
    )
    settings = await service.set_approval(
        harness.actor(), rules=lambda rules: replace(rules, exempt_role_ids=(BOOSTERS,), free_per_day=2)
    )
    rules = ApprovalRules(ping_role_id=HELPERS, exempt_role_ids=(BOOSTERS,), free_per_day=2)
    assert (settings.approval_channel_id, settings.approval) == (MODS, rules)
    (newest, *_) = await harness.services.allowances.audit_log(GUILD)
    assert newest.action is Action.APPROVAL
    assert (newest.before["free"], newest.after["free"]) == (None, 2)
    assert newest.after["exempt_roles"] == str(BOOSTERS)
    assert newest.before["ping_role"] == newest.after["ping_role"] == str(HELPERS)
    assert await service.end_approval(harness.actor()) == 0
    settings = await service.set_approval(harness.actor(), channel_id=MODS)
    assert settings.approval == rules, "kept while approval was off"


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        (ApprovalRules(free_per_day=101), AmountError),
        (ApprovalRules(ping_role_id=GUILD), EveryoneRoleError),
        (ApprovalRules(decider_role_id=GUILD), EveryoneRoleError),
        (ApprovalRules(exempt_role_ids=(BOOSTERS, GUILD)), EveryoneRoleError),
        (ApprovalRules(exempt_role_ids=tuple(range(MAX_EXEMPT_ROLES + 1))), TooManyRolesError),
    ],
)
async def test_rules_that_make_no_sense_are_refused(
    harness: ServicesHarness, rules: ApprovalRules, error: type[Exception]
) -> None:
    service = harness.services.guild_settings
    with pytest.raises(error):
        await service.set_approval(harness.actor(), rules=lambda _: rules)
    assert (await service.effective(GUILD)).settings.approval == ApprovalRules()


async def test_a_role_can_decide_as_long_as_it_is_the_one(harness: ServicesHarness) -> None:
    await approval_with(harness, decider_role_id=HELPERS)
    requests = [(await placed(harness)).request_id for _ in range(3)]
    approvals = harness.services.approvals
    await approvals.check(decider(harness, HELPERS))
    await approvals.approve(decider(harness, HELPERS), requests[0])
    await approvals.decline(decider(harness, HELPERS, BOOSTERS), requests[1], reason="no")
    states = [(await harness.request(one)).state for one in requests]
    assert states == [State.WAITING, State.DECLINED, State.AWAITING]
    for roles in ((), (BOOSTERS,)):
        await refuses(harness, requests[2], decider(harness, *roles), HELPERS)
    await approval_with(harness)
    await refuses(harness, requests[2], decider(harness, HELPERS), None)
    await approvals.check(harness.actor())


async def refuses(harness: ServicesHarness, request_id: int, actor: Actor, role_id: int | None) -> None:
    """Check that the actor can neither decide nor look."""
    approvals = harness.services.approvals
    for refused in (
        approvals.check(actor),
        approvals.pending(actor, 0),
        approvals.approve(actor, request_id),
        approvals.approve_all(actor, ADA),
        approvals.decline(actor, request_id, reason="no"),
    ):
        with pytest.raises(NotDeciderError) as raised:
            await refused
        assert raised.value.role_id == role_id
    assert (await harness.request(request_id)).state is State.AWAITING


async def test_those_that_wait_are_listed_by_page_oldest_first(harness: ServicesHarness) -> None:
    await approval_with(harness)
    await harness.playlists.add(harness.actor(), "Calm", CALM)
    first = await placed(harness, BEN, playlist=CALM)
    rest = [await placed(harness) for _ in range(PAGE)]
    approvals = harness.services.approvals
    page = await approvals.pending(harness.actor(), 0)
    assert (page.total, page.pages, len(page.items)) == (PAGE + 1, 2, PAGE)
    oldest = page.items[0]
    assert (oldest.request.id, oldest.playlist_name, oldest.of_member) == (first.request_id, "Calm", 1)
    assert (page.items[1].playlist_name, page.items[1].of_member) == (None, PAGE)
    last = await approvals.pending(harness.actor(), 9)
    assert [one.request.id for one in last.items] == [rest[-1].request_id]
    for card in (first, *rest):
        await approvals.approve(harness.actor(), card.request_id)
    assert (await approvals.pending(harness.actor(), 0)).items == ()


async def test_all_requests_of_a_member_are_approved_at_once_and_no_others(harness: ServicesHarness) -> None:
    await approval_with(harness)
    mine = [(await placed(harness)).request_id for _ in range(3)]
    other = (await placed(harness, BEN)).request_id
    await harness.dispatch()
    await harness.requests.cancel(mine[1], guild_id=GUILD, user_id=ADA)
    by = harness.actor()
    assert await harness.services.approvals.approve_all(by, ADA) == 2
    assert await harness.services.approvals.approve_all(by, ADA) == 2, "told twice"
    states = [(await harness.request(one)).state for one in (*mine, other)]
    assert states == [State.WAITING, State.CANCELLED, State.WAITING, State.AWAITING]
    entries = await harness.services.allowances.audit_log(GUILD)
    (entry,) = [one for one in entries if one.action is Action.APPROVE]
    assert (entry.subject_id, entry.after) == (ADA, {"request": f"{mine[0]} {mine[2]}"})
    with pytest.raises(NoneAwaitingError):
        await harness.services.approvals.approve_all(harness.actor(), ADA)
    harness.clock.advance(4)
    await harness.dispatch()
    shown = {one: cards[-1].decided_by for one, (_, cards) in harness.messenger.approvals.items()}
    assert {shown[one] for one in (mine[0], mine[2])} == {by.actor_id}


async def test_at_once_are_approved_so_many_at_most(harness: ServicesHarness) -> None:
    await approval_with(harness)
    for _ in range(MAX_AT_ONCE + 1):
        await placed(harness)
    approve_all = harness.services.approvals.approve_all
    assert [await approve_all(harness.actor(), ADA) for _ in range(2)] == [MAX_AT_ONCE, 1]


async def test_of_several_deciders_at_the_same_moment_one_decides(harness: ServicesHarness) -> None:
    await approval_with(harness)
    request_id = (await placed(harness)).request_id
    store = ConflictingStore(harness.store, 1)
    approvals = Approvals(store, clock=harness.clock)
    await approvals.approve(harness.actor(), request_id)
    for late in (
        approvals.decline(harness.actor(), request_id, reason="no"),
        approvals.approve(harness.actor(), request_id),
    ):
        with pytest.raises(DecidedError):
            await late
    with pytest.raises(NoneAwaitingError):
        await approvals.approve_all(harness.actor(), ADA)
    decisions = [one.action for one in await harness.services.allowances.audit_log(GUILD)]
    assert decisions.count(Action.APPROVE) == 1


async def test_the_role_that_is_pinged_is_on_the_card(harness: ServicesHarness) -> None:
    await approval_with(harness, ping_role_id=HELPERS)
    request_id = (await placed(harness)).request_id
    await harness.dispatch()
    _, (card,) = harness.messenger.approvals[request_id]
    assert card.ping_role_id == HELPERS
    assert RULES.cost == card.cost


async def test_a_reason_is_told_to_its_member_and_to_deciders_as_long_as_it_is_stored(
    harness: ServicesHarness,
) -> None:
    await approval_with(harness, decider_role_id=HELPERS)
    declined, pending = [(await placed(harness)).request_id for _ in range(2)]
    approvals = harness.services.approvals
    await approvals.decline(harness.actor(), declined, reason="not tonight")
    ada = replace(decider(harness), actor_id=ADA)
    for actor in (ada, harness.actor(), decider(harness, HELPERS)):
        assert await approvals.reason(actor, declined) == "not tonight"
    for actor, request_id in ((decider(harness, BOOSTERS), declined), (ada, pending)):
        with pytest.raises(ReasonHiddenError):
            await approvals.reason(actor, request_id)
    for actor, request_id in ((ada, 10**19), (ada, 5), (replace(ada, guild_id=GUILD + 1), declined)):
        with pytest.raises(RequestNotFoundError):
            await approvals.reason(actor, request_id)
