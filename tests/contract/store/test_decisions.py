"""Concurrent decisions and holds: either order, never a mixture."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

from bot.domain.errors import BlockedError, BudgetError, CreditsError, PausedError, RefusalError
from bot.domain.guild_settings import Budget
from bot.domain.quotas import Period, Policy
from bot.domain.requests import ACTIVE
from bot.domain.song_options import SongOptions
from bot.domain.transitions import CANCEL_FROM
from bot.services.requests.placement import RequestContext, place
from bot.services.requests.transitions import apply_transition
from bot.services.unit_of_work import UnitOfWork
from bot.storage.store import SqlStore
from tests.harness.databases import ledger_breaches
from tests.harness.services import PLAYLIST, RULES
from tests.unit.storage.factories import GUILD, NOW, USER

HOLDS = 30
MEMBERS = (USER, USER + 1, USER + 2)
GENEROUS = replace(RULES, policy=Policy(allowance=10_000, period=Period.WEEK, max_active=1000, cooldown_s=0))
Decision: TypeAlias = Callable[[UnitOfWork], int]
"""Decide, and return how many requests came before."""


def settled(**changes: object) -> Decision:
    """Change the server's settings so that no request is accepted."""

    def unit(uow: UnitOfWork) -> int:
        settings = uow.guilds.get_for_update(GUILD)
        uow.guilds.update(GUILD, replace(settings, **changes))  # type: ignore[arg-type] # any of its fields
        return uow.requests.count(*ACTIVE)

    return unit


def excepted(uow: UnitOfWork) -> int:
    """Set everyone's allowance to zero."""
    for user in MEMBERS:
        uow.members.update(GUILD, user, replace(uow.members.get_for_update(GUILD, user), allowance=0))
    return uow.requests.count(*ACTIVE)


def blocked(uow: UnitOfWork) -> int:
    """Block all members, and cancel their waiting requests."""
    for user in MEMBERS:
        uow.members.update(GUILD, user, replace(uow.members.get_for_update(GUILD, user), blocked="spam"))
        for request in uow.requests.active_of(GUILD, user):
            apply_transition(uow, request, CANCEL_FROM[request.state], now=NOW)
    return uow.requests.count(*ACTIVE)


NO_BUDGET = Budget(credits=0, period=Period.WEEK, opened_in="2026-W47")


@pytest.mark.parametrize(
    ("decision", "refusal"),
    [
        (settled(allowance=0), CreditsError),
        (settled(budget=NO_BUDGET), BudgetError),
        (settled(paused="a show"), PausedError),
        (excepted, CreditsError),
        (blocked, BlockedError),
    ],
    ids=["everyone", "budget", "pause", "exception", "block"],
)
async def test_what_a_decision_found_is_all_that_there_is(
    store: SqlStore, decision: Decision, refusal: type[RefusalError]
) -> None:
    refused: list[RefusalError] = []

    async def ask(number: int) -> None:
        try:
            await store.write(_place, number)
        except RefusalError as error:
            refused.append(error)

    async def decide() -> int:
        await asyncio.gather(*(ask(number) for number in range(2, 5)))  # some certainly come before it
        return await store.write(decision)

    await store.write(_place, 1)
    found, *_ = await asyncio.gather(decide(), *(ask(number) for number in range(10, 10 + HOLDS)))
    assert await store.read(lambda work: work.requests.count(*ACTIVE)) == found
    assert {type(error) for error in refused} <= {refusal}
    await ask(99)
    assert type(refused[-1]) is refusal
    assert await ledger_breaches(store) == []


def _place(uow: UnitOfWork, number: int) -> None:
    asked = RequestContext(
        interaction_id=number,
        guild_id=GUILD,
        user_id=MEMBERS[number % len(MEMBERS)],
        channel_id=1,
        application_id=2,
        token="token",
        attachment_limit=1,
    )
    place(uow, SongOptions(playlist=PLAYLIST), asked, GENEROUS, NOW)
