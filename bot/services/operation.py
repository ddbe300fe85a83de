"""What the bot's operator sees of all servers together, and stopping everything for a while."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.moderator_errors import NotPausedError
from bot.domain.requests import State
from bot.services.gate import Gate
from bot.services.line import LINE_S
from bot.services.ports import Clock
from bot.services.submitting import gate_of
from bot.services.work import Store, Work, unit_of_work

log = logging.getLogger(__name__)

UNDER_WAY = (State.AWAITING, State.WAITING, State.SUBMITTING, State.MAKING, State.READY)
"""The states from which a request still goes somewhere, in their order."""
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """How the bot is, over all servers and processes."""

    gate: Gate
    """What is known of the provider's readiness."""
    is_shut: bool
    """True while nothing may be submitted until `gate.shut_until`."""
    places: int
    """Tasks at the provider at once, by the settings."""
    under_way: Mapping[State, int]
    paused: int
    """Servers whose moderators have paused songs."""
    processes: Mapping[str, int]
    """How many are alive, by their role."""
    used_in_day: int
    """Credits for songs of the last 24 hours."""
    used_in_week: int
    """The same of the last 7 days."""
    cost: int
    """Credits for one song."""


class Operation:
    """The bot as its operator runs it."""

    def __init__(self, store: Store, *, places: int, cost: int, clock: Clock) -> None:
        self._store = store
        self._places = places
        self._cost = cost
        self._clock = clock

    async def status(self) -> OperationView:
        """How the bot is now.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_status, self._places, self._cost, self._clock())

    async def pause(self) -> int:
        """Nothing more is submitted for any server until it is resumed; gives how many requests wait."""
        waiting = await self._store.write(_halt, self._places, self._clock())
        log.warning("submissions are paused for all servers, by the operator")
        return waiting

    async def resume(self) -> int:
        """The line moves again; gives how many requests wait.

        Raises:
            NotPausedError: it was not paused.
        """
        waiting = await self._store.write(_go_on, self._places, self._clock())
        log.warning("submissions go on for all servers, by the operator")
        return waiting


def _status(work: Work, places: int, cost: int, now: datetime) -> OperationView:
    gate = gate_of(work, places)
    return OperationView(
        gate=gate,
        is_shut=gate.is_shut(now),
        places=places,
        under_way={state: work.requests.count(state) for state in UNDER_WAY},
        paused=len(work.guilds.paused()),
        processes=work.presence.alive(now),
        used_in_day=work.ledger.used_since(now - DAY),
        used_in_week=work.ledger.used_since(now - WEEK),
        cost=cost,
    )


@unit_of_work("operator.pause")
def _halt(work: Work, places: int, now: datetime) -> int:
    work.requests.lock_line()
    return _set_halted(work, replace(gate_of(work, places), halted=True), now)


@unit_of_work("operator.resume")
def _go_on(work: Work, places: int, now: datetime) -> int:
    work.requests.lock_line()
    gate = gate_of(work, places)
    if not gate.halted:
        raise NotPausedError(everywhere=True)
    return _set_halted(work, replace(gate, halted=False), now)


def _set_halted(work: Work, gate: Gate, now: datetime) -> int:
    work.gates.put(gate)
    work.notices.touch_line(None, due_at=now + timedelta(seconds=LINE_S))
    return work.requests.count(State.WAITING)
