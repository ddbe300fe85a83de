"""The operator's service: the status over all servers, pausing all submissions, servers and their caps."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.caps import ALL_GUILDS, MAX_CAP, Cap, CapConfig
from bot.domain.circuit_breaker import CircuitBreaker
from bot.domain.moderator_errors import CapServerError, NotPausedError, OwnGuildError
from bot.domain.requests import Failure, FailureKind, State
from bot.domain.scheduling import SNAPSHOT_TTL_S
from bot.domain.served_guilds import ServedGuilds
from bot.domain.spending import PeriodSpending
from bot.domain.transitions import CANCEL_FROM
from bot.services.credits.caps import caps_of
from bot.services.moderation.members import check_amount
from bot.services.ports import Clock
from bot.services.privacy.guild_membership import VisibleGuilds
from bot.services.provider.submitter import load_breaker
from bot.services.requests.placement import SongConfig
from bot.services.requests.transitions import apply_transition
from bot.services.served_guilds import ServedGuildsCache, load_served, store_decisions
from bot.services.spending import ServersPage, period_spending, servers_page
from bot.services.unit_of_work import Share, Store, UnitOfWork, reads, unit_of_work

log = logging.getLogger(__name__)

PENDING = (State.AWAITING, State.WAITING, State.SUBMITTING, State.MAKING, State.READY)
"""The states of requests that have not ended, in their order."""
MAX_CANCELLED = 10
"""How many requests a denial cancels in one unit of work; if it is cut off, the submitter does it."""
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
    spending: PeriodSpending
    """What this period of the caps costs."""
    expected: int | None
    """What it comes to at this pace; None: too early to say."""
    total_cap: int | None
    """Credits per period for all servers together; None: no cap."""
    cost: int
    """Credits for one song."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsView:
    """The owner's caps, as they are in force."""

    config: CapConfig
    own: Mapping[int, int]
    """The servers' own caps, by server."""
    guild_id: int | None
    """The server that is asked about; None: all."""
    server: Cap | None
    """Its cap."""
    total: Cap | None
    cost: int
    """Credits for one song."""


class OperatorService:
    """The operator's view of the bot, and the pause of all submissions."""

    def __init__(self, store: Store, served: ServedGuildsCache, *, config: SongConfig, clock: Clock) -> None:
        self._store = store
        self._served = served
        self._configured = config.served
        self._slots = config.slots
        self._cost = config.cost
        self._caps = config.caps
        self._clock = clock

    async def status(self) -> OperatorStatus:
        """Return the bot's status.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_status, self._slots, self._caps, self._cost, self._clock())

    async def servers(self, number: int, visible: VisibleGuilds) -> ServersPage:
        """Return a page of all servers, the most expensive first.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(
            servers_page, number, visible, self._caps, self._configured, self._clock()
        )

    async def pause(self) -> int:
        """Pause submissions for all servers until they are resumed; return how many requests wait."""
        waiting = await self._store.write(_pause, self._slots, self._clock())
        log.warning("submissions are paused for all servers, by the operator")
        return waiting

    async def allow(self, guild_id: int) -> None:
        """Serve the server from now on, whatever the setting says."""
        await self._store.write(_serve, guild_id, self._configured, is_served=True)
        await self._served.refresh()
        log.warning("a server is allowed by the operator", extra={"guild": guild_id})

    async def deny(self, guild_id: int) -> int:
        """Serve the server no longer; cancel its waiting requests, and return how many those were.

        Songs that the provider makes already are finished and posted.

        Raises:
            OwnGuildError: it is the operator's own server; nothing was changed.
        """
        if guild_id == self._configured.operator_guild_id:
            raise OwnGuildError
        await self._store.write(_serve, guild_id, self._configured, is_served=False)
        await self._served.refresh()
        cancelled = 0
        while some := await self._store.write(_cancel_unserved, guild_id, self._configured, self._clock()):
            cancelled += some
        log.warning("a server is denied by the operator", extra={"guild": guild_id})
        return cancelled

    async def caps(self, guild_id: int | None = None) -> CapsView:
        """Return the caps that are in force, for a server or for all of them.

        Raises:
            StoreError: the database cannot be used.
        """
        return await self._store.read(_view, guild_id, self._caps, self._cost, self._clock())

    async def set_cap(self, guild_id: int | None, amount: int | None) -> CapsView:
        """Give the server a cap of its own, or that of the settings again (None); return what is in force.

        Raises:
            CapServerError: no server is given; nothing was changed.
            AmountError: the amount is out of range; nothing was changed.
        """
        if guild_id is None:
            raise CapServerError
        checked = None if amount is None else check_amount("credits", amount, most=MAX_CAP)
        await self._store.write(_set_cap, guild_id, checked)
        log.warning("a server's cap is set by the operator: %s", checked, extra={"guild": guild_id})
        return await self.caps(guild_id)

    async def resume(self) -> int:
        """Resume submissions; return how many requests wait.

        Raises:
            NotPausedError: submissions are not paused.
        """
        waiting = await self._store.write(_resume, self._slots, self._clock())
        log.warning("submissions go on for all servers, by the operator")
        return waiting


@reads(Share.REPORTS)
def _status(uow: UnitOfWork, slots: int, caps: CapConfig, cost: int, now: datetime) -> OperatorStatus:
    breaker, spending = load_breaker(uow, slots), period_spending(uow, caps, now)
    return OperatorStatus(
        breaker=breaker,
        is_open=breaker.is_open(now),
        slots=slots,
        pending={state: uow.requests.count(state) for state in PENDING},
        paused=len(uow.guilds.paused(now)),
        processes=uow.processes.alive(now),
        used_in_day=uow.requests.used_since(now - DAY),
        used_in_week=uow.requests.used_since(now - WEEK),
        spending=spending,
        expected=spending.expected(now),
        total_cap=caps.total,
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


@reads(Share.REPORTS)
def _view(uow: UnitOfWork, guild_id: int | None, config: CapConfig, cost: int, now: datetime) -> CapsView:
    caps = {cap.is_total: cap for cap in caps_of(uow, guild_id or ALL_GUILDS, config, now)}
    own = {known: record.credits or 0 for known, record in uow.caps.own().items()}
    return CapsView(
        config=config, own=own, guild_id=guild_id, server=caps.get(False), total=caps.get(True), cost=cost
    )


@unit_of_work("operator.cap")
def _set_cap(uow: UnitOfWork, guild_id: int, amount: int | None) -> None:
    uow.guilds.get_for_update(guild_id)  # what is being placed there is counted first
    (record,) = uow.caps.find(guild_id)
    uow.caps.put(guild_id, replace(record, credits=amount))


@unit_of_work("operator.serve")
def _serve(uow: UnitOfWork, guild_id: int, configured: ServedGuilds, *, is_served: bool) -> None:
    uow.requests.lock_queue()  # decisions follow each other
    decided = load_served(uow, configured).decided
    store_decisions(uow, {**decided, guild_id: is_served})


@unit_of_work("operator.cancel_unserved")
def _cancel_unserved(uow: UnitOfWork, guild_id: int, configured: ServedGuilds, now: datetime) -> int:
    """Cancel some of what waits in a server that is not served; return how many those are."""
    uow.requests.lock_queue()  # no submitter claims what this cancels
    if load_served(uow, configured).includes(guild_id):
        return 0
    pending = uow.requests.of_guild(guild_id, *CANCEL_FROM, limit=MAX_CANCELLED)
    failure = Failure(FailureKind.NOT_SERVED, "the operator denied the server")
    for request in pending:
        apply_transition(uow, request, CANCEL_FROM[request.state], now=now, failure=failure)
    return len(pending)


def _set_paused(uow: UnitOfWork, breaker: CircuitBreaker, now: datetime) -> int:
    uow.breakers.put(breaker)
    uow.outbox.mark_queue_due(None, due_at=now + timedelta(seconds=SNAPSHOT_TTL_S))
    return uow.requests.count(State.WAITING)
