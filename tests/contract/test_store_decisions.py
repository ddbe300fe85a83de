"""A moderator's decision and members' holds at the same instant: one order or the other, never a mixture."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

from bot.domain.errors import BlockedError, BudgetError, CreditsError, PausedError, RefusalError
from bot.domain.guild_settings import Budget
from bot.domain.quota import Period, Policy
from bot.domain.requests import ACTIVE, CANCEL_FROM
from bot.domain.songs import Order
from bot.services.moves import make_move
from bot.services.placing import Asked, place
from bot.services.work import Work
from bot.storage.store import SqlStore
from tests.unit.services.house import PLAYLIST, RULES
from tests.unit.storage.making import GUILD, NOW, USER

HOLDS = 30
MEMBERS = (USER, USER + 1, USER + 2)
GENEROUS = replace(RULES, policy=Policy(allowance=10_000, period=Period.WEEK, max_active=1000, cooldown_s=0))
Decision: TypeAlias = Callable[[Work], int]
"""Decides, and gives how many requests it was too late for."""


def settled(**changes: object) -> Decision:
    """A change of the server's settings after which no request is taken."""

    def unit(work: Work) -> int:
        settings = work.guilds.lock(GUILD)
        work.guilds.settle(GUILD, replace(settings, **changes))  # type: ignore[arg-type] # any of its fields
        return work.requests.count(*ACTIVE)

    return unit


def excepted(work: Work) -> int:
    """Nobody has an allowance of their own any more."""
    for user in MEMBERS:
        work.members.settle(GUILD, user, replace(work.members.meet(GUILD, user), allowance=0))
    return work.requests.count(*ACTIVE)


def blocked(work: Work) -> int:
    """All are blocked, and nothing of theirs waits any more."""
    for user in MEMBERS:
        work.members.settle(GUILD, user, replace(work.members.meet(GUILD, user), blocked="spam"))
        for request in work.requests.active_of(GUILD, user):
            make_move(work, request, CANCEL_FROM[request.state], now=NOW)
    return work.requests.count(*ACTIVE)


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
        await asyncio.gather(*(ask(number) for number in range(2, 5)))  # some are surely before it
        return await store.write(decision)

    await store.write(_place, 1)
    found, *_ = await asyncio.gather(decide(), *(ask(number) for number in range(10, 10 + HOLDS)))
    assert await store.read(lambda work: work.requests.count(*ACTIVE)) == found
    assert {type(error) for error in refused} <= {refusal}
    await ask(99)
    assert type(refused[-1]) is refusal
    assert await store.audit() == []


def _place(work: Work, number: int) -> None:
    asked = Asked(
        interaction_id=number,
        guild_id=GUILD,
        user_id=MEMBERS[number % len(MEMBERS)],
        channel_id=1,
        application_id=2,
        token="token",
        attachment_limit=1,
    )
    place(work, Order(playlist=PLAYLIST), asked, GENEROUS, NOW)
