import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import (
    BlockedError,
    BudgetError,
    ChannelError,
    CreditsError,
    ModelError,
    NotServedError,
    PausedError,
)
from bot.domain.guild_settings import Budget, MemberRecord
from bot.domain.ledger import bonus_account
from bot.domain.quotas import Period, Source
from bot.domain.requests import FailureKind, State
from bot.domain.served_guilds import EVERYWHERE, ServedGuilds
from bot.domain.song_options import SongOptions
from bot.services.requests.placement import APPROVAL_TTL
from bot.services.served_guilds import ServedGuildsCache, store_decisions
from bot.services.unit_of_work import UnitOfWork, unit_of_work
from tests.harness.clock import START
from tests.harness.services import ADA, BEN, CHANNEL, GUILD, PLAYLIST, ServicesHarness, services_harness

ELSEWHERE, VIP = CHANNEL + 70, 71


async def stand(harness: ServicesHarness, user_id: int, **record: object) -> MemberRecord:
    def unit(uow: UnitOfWork) -> MemberRecord:
        settled = replace(uow.members.get_for_update(GUILD, user_id), **record)  # type: ignore[arg-type]
        uow.members.update(GUILD, user_id, settled)
        return settled

    return await harness.store.write(unit)


async def test_a_server_that_is_not_served_takes_no_request(tmp_path: Path) -> None:
    async with services_harness(tmp_path, served=ServedGuilds(frozenset({GUILD + 1}))) as harness:
        with pytest.raises(NotServedError):
            await harness.place()
        assert (await harness.credits()).held == 0


async def failure_of(harness: ServicesHarness, request_id: int) -> FailureKind | None:
    request = await harness.request(request_id)
    assert request.state is State.CANCELLED
    return request.failure.kind if request.failure else None


@unit_of_work("test.deny")
def deny_behind_its_back(uow: UnitOfWork) -> None:
    store_decisions(uow, {GUILD: False})


async def test_a_denial_counts_in_the_transaction_and_a_decision_is_kept(harness: ServicesHarness) -> None:
    operator, served = harness.services.operator, ServedGuildsCache(harness.store, EVERYWHERE)
    first = await harness.place()
    assert await operator.deny(GUILD) == 1
    assert await failure_of(harness, first.request_id) is FailureKind.NOT_SERVED
    assert served.includes(GUILD), "another process does not know yet"
    with pytest.raises(NotServedError):
        await harness.place()
    assert (await harness.credits()).held == 0
    await served.refresh()
    assert not served.includes(GUILD)
    await operator.allow(GUILD)
    await harness.place()


async def test_a_server_that_is_allowed_while_it_is_denied_keeps_its_requests(
    harness: ServicesHarness,
) -> None:
    card = await harness.place()
    operator = harness.services.operator
    cancelled, _ = await asyncio.gather(operator.deny(GUILD), operator.allow(GUILD))
    assert cancelled == 0
    assert (await harness.request(card.request_id)).state is State.WAITING


async def test_a_request_placed_while_its_server_was_denied_is_cancelled_at_its_turn(
    harness: ServicesHarness,
) -> None:
    card = await harness.place()
    await harness.store.write(deny_behind_its_back)
    assert await harness.submitter.claim(5) == []
    assert await failure_of(harness, card.request_id) is FailureKind.NOT_SERVED


async def test_a_paused_server_takes_no_request(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(paused="a show")
    with pytest.raises(PausedError) as caught:
        await harness.place()
    assert caught.value.reason == "a show"
    assert (await harness.credits()).held == 0


async def test_songs_are_asked_for_where_moderators_want_it_and_in_its_threads(
    harness: ServicesHarness,
) -> None:
    await harness.set_guild_settings(requests_channel_id=ELSEWHERE)
    with pytest.raises(ChannelError) as caught:
        await harness.place()
    assert caught.value.channel_id == ELSEWHERE
    await harness.requests.place(
        SongOptions(playlist=PLAYLIST), replace(harness.context(), channel_id=ELSEWHERE)
    )
    await harness.requests.place(
        SongOptions(playlist=PLAYLIST), replace(harness.context(), parent_id=ELSEWHERE)
    )


async def test_the_buttons_of_a_song_work_where_results_are_posted_and_nowhere_else(
    harness: ServicesHarness,
) -> None:
    card = await harness.place()
    for results in (None, CHANNEL + 1):
        await harness.set_guild_settings(requests_channel_id=ELSEWHERE, results_channel_id=results)
        with pytest.raises(ChannelError):
            await harness.requests.repeat(card.request_id, harness.context(BEN))
    at_result = replace(harness.context(BEN), channel_id=CHANNEL + 1)
    with pytest.raises(ChannelError):
        await harness.requests.place(SongOptions(playlist=PLAYLIST), at_result)
    again = await harness.requests.repeat(card.request_id, at_result)
    assert (await harness.request(again.request_id)).address.channel_id == CHANNEL + 1


async def test_a_servers_model_is_for_those_who_choose_none(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(model="v40")
    assert (await harness.place()).model == "v40"
    assert (await harness.place(order=SongOptions(playlist=PLAYLIST, model="v55"))).model == "v55"


async def test_a_servers_model_that_the_operator_took_away_is_not_used(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(model="v30")
    assert (await harness.place()).model == "v55"
    with pytest.raises(ModelError):
        await harness.place(order=SongOptions(playlist=PLAYLIST, model="v30"))


async def test_where_a_moderator_approves_a_request_waits_for_that_and_holds_its_credits(
    harness: ServicesHarness,
) -> None:
    await harness.set_guild_settings(approval_channel_id=ELSEWHERE, results_channel_id=CHANNEL + 1)
    card = await harness.place()
    assert (card.state, card.position) == (State.AWAITING, None)
    assert (await harness.credits()).held == 30
    assert await harness.submit() == 0
    assert (await harness.request(card.request_id)).delivery_channel_id == CHANNEL + 1
    assert await harness.store.read(lambda work: work.requests.next_due_at()) == START + APPROVAL_TTL
    await harness.requests.cancel(card.request_id, guild_id=GUILD, user_id=ADA)
    assert (await harness.credits()).held == 0
    assert not await harness.breaches()


async def test_the_policy_in_force_is_kept_with_the_request(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(roles={VIP: 120})
    card = await harness.requests.place(
        SongOptions(playlist=PLAYLIST), replace(harness.context(), role_ids=(VIP,))
    )
    policy = (await harness.request(card.request_id)).policy
    assert (policy.allowance, policy.source, policy.role_id) == (120, Source.ROLE, VIP)
    assert (await harness.credits(ADA, VIP)).available == 90
    assert (await harness.credits(ADA)).available == 60


async def test_a_bonus_pays_what_the_allowance_lacks(harness: ServicesHarness) -> None:
    record = await stand(harness, ADA, allowance=40)
    account = bonus_account(GUILD, ADA, record.pseudonym)
    await harness.store.write(lambda work: work.ledger.grant(account, cause=1, amount=25, now=START))
    assert (await harness.credits()).available == 65
    await harness.place()
    second = await harness.place()
    statement = await harness.credits()
    assert (statement.available, statement.held, statement.bonus) == (5, 60, 5)
    with pytest.raises(CreditsError) as caught:
        await harness.place()
    assert (caught.value.available, caught.value.needed) == (5, 30)
    await harness.requests.cancel(second.request_id, guild_id=GUILD, user_id=ADA)
    statement = await harness.credits()
    assert (statement.available, statement.bonus) == (35, 25)
    assert not await harness.breaches()


async def test_a_blocked_member_is_told_why_and_others_go_on(harness: ServicesHarness) -> None:
    await stand(harness, ADA, blocked="spam")
    with pytest.raises(BlockedError) as caught:
        await harness.place()
    assert caught.value.reason == "spam"
    assert (await harness.credits()).blocked == "spam"
    await harness.place(BEN)


async def test_the_servers_budget_ends_everyones_songs_until_it_renews(harness: ServicesHarness) -> None:
    await harness.set_guild_settings(
        budget=Budget(credits=100, period=Period.DAY, opened_in="2026-11-18", spent_before=30)
    )
    state = (await harness.credits()).limits.budget
    assert state is not None
    assert (state.credits, state.left, state.period) == (100, 70, Period.DAY)
    first = await harness.place()
    await harness.place(BEN)
    with pytest.raises(BudgetError) as caught:
        await harness.place(BEN)
    assert (caught.value.available, caught.value.needed) == (10, 30)
    assert caught.value.resets_at == START.replace(day=19, hour=0)
    await harness.requests.cancel(first.request_id, guild_id=GUILD, user_id=ADA)
    await harness.place(BEN)
    harness.clock.advance(timedelta(days=1).total_seconds())
    state = (await harness.credits()).limits.budget
    assert state is not None
    assert state.left == 100
    assert not await harness.breaches()
