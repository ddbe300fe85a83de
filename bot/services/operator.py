"""The operator's service: the status over all servers, and pausing all submissions."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.circuit_breaker import CircuitBreaker
from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import State
from bot.domain.scheduling import SNAPSHOT_TTL_S
from bot.services.ports import Clock
from bot.services.provider.submitter import load_breaker
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

PENDING = (State.AWAITING, State.WAITING, State.SUBMITTING, State.MAKING, State.READY)
"""The states of requests that have not ended, in their order."""
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorStatus:
    """The bot's status over all servers and processes."""

    breaker: CircuitBreaker
    """The circuit breaker of the provider."""
    is_open: bool
    """True if nothing may be submitted until `breaker.open_until`."""
    slots: int
    """The configured number of concurrent tasks at the provider."""
    pending: Mapping[State, int]
    paused: int
    """The number of servers whose moderators have paused songs."""
    processes: Mapping[str, int]
    """The number of live processes, by role."""
    used_in_day: int
    """Credits used in the last 24 hours."""
    used_in_week: int
    """Credits used in the last 7 days."""
    cost: int
    """Credits for one song."""


class OperatorService:
    """The operator's view of the bot, and the pause of all submissions."""

    def __init__(self, store: Store, *, slots: int, cost: int, clock: Clock) -> None:
        self._store = store
        self._slots = slots
        self._cost = cost
        self._clock = clock

    async def status(self) -> OperatorStatus:
        """Return the bot's status.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_status, self._slots, self._cost, self._clock())

    async def pause(self) -> int:
        """Pause submissions for all servers until they are resumed; return how many requests wait."""
        waiting = await self._store.write(_pause, self._slots, self._clock())
        log.warning("submissions are paused for all servers, by the operator")
        return waiting

    async def resume(self) -> int:
        """Resume submissions; return how many requests wait.

        Raises:
            NotPausedError: submissions are not paused.
        """
        waiting = await self._store.write(_resume, self._slots, self._clock())
        log.warning("submissions go on for all servers, by the operator")
        return waiting


def _status(uow: UnitOfWork, slots: int, cost: int, now: datetime) -> OperatorStatus:
    breaker = load_breaker(uow, slots)
    return OperatorStatus(
        breaker=breaker,
        is_open=breaker.is_open(now),
        slots=slots,
        pending={state: uow.requests.count(state) for state in PENDING},
        paused=len(uow.guilds.paused()),
        processes=uow.processes.alive(now),
        used_in_day=uow.ledger.used_since(now - DAY),
        used_in_week=uow.ledger.used_since(now - WEEK),
        cost=cost,
    )


@unit_of_work("operator.pause")
def _pause(uow: UnitOfWork, slots: int, now: datetime) -> int:
    uow.requests.lock_queue()
    return _set_paused(uow, replace(load_breaker(uow, slots), paused_by_operator=True), now)


@unit_of_work("operator.resume")
def _resume(uow: UnitOfWork, slots: int, now: datetime) -> int:
    uow.requests.lock_queue()
    breaker = load_breaker(uow, slots)
    if not breaker.paused_by_operator:
        raise NotPausedError(everywhere=True)
    return _set_paused(uow, replace(breaker, paused_by_operator=False), now)


def _set_paused(uow: UnitOfWork, breaker: CircuitBreaker, now: datetime) -> int:
    uow.breakers.put(breaker)
    uow.outbox.mark_queue_due(None, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return uow.requests.count(State.WAITING)
