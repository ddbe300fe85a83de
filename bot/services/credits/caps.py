"""The owner's caps: accounts on which every hold in a server has a leg."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from bot.domain.caps import ALL_GUILDS, REACHED, Cap, CapConfig, CapRecord, CapUse
from bot.domain.errors import CapError, CapsNotOpenError, StoreError
from bot.domain.ledger import Balance, Leg, cap_account, refilled
from bot.domain.quotas import Window, window_of
from bot.services.unit_of_work import Store, UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

LARGEST = 10
"""How many servers are shown among the metrics."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SongPayment:
    """What pays for one song."""

    cost: int
    legs: tuple[Leg, ...]
    """The parts of the hold, in the order in which accounts are locked."""
    caps: tuple[Cap, ...] = ()
    """The caps that it passes, as they are without it."""


def caps_of(uow: UnitOfWork, guild_id: int, config: CapConfig, now: datetime) -> tuple[Cap, ...]:
    """Return the caps that are in force for a server: its own or the usual one, and that of all servers."""
    window = window_of(config.period, now)
    return tuple(
        _cap(scope, record, config, window, spent=_spent_now(uow, scope, record, config, window))
        for scope, record in _in_force(uow, guild_id, config)
    )


def server_cap(uow: UnitOfWork, guild_id: int, config: CapConfig, now: datetime) -> Cap | None:
    """Return the cap that is in force for the server alone."""
    return next((cap for cap in caps_of(uow, guild_id, config, now) if not cap.is_total), None)


def largest_uses(uow: UnitOfWork, config: CapConfig, now: datetime) -> dict[str, CapUse]:
    """Return what is spent under the cap on all servers, and under those of the largest by their rank."""
    window = window_of(config.period, now)
    (total,) = uow.caps.find(ALL_GUILDS)
    balance = uow.ledger.balance(cap_account(ALL_GUILDS, window).id)
    is_counted = config.total is not None and total.period is config.period
    uses = {"all": _use(config.total or 0, total, balance, window)} if is_counted else {}
    largest = uow.caps.most_spent(config.period, window, limit=LARGEST)
    for rank, (guild_id, record, held) in enumerate(largest, 1):
        if (limit := record.limit(guild_id, config)) is not None:
            uses[str(rank)] = _use(limit, record, held, window)
    return uses


def _use(limit: int, record: CapRecord, balance: Balance, window: Window) -> CapUse:
    return CapUse(limit=limit, held=balance.held, used=balance.used + record.spent_earlier(window))


def pass_caps(
    uow: UnitOfWork, guild_id: int, payment: SongPayment, config: CapConfig, now: datetime
) -> SongPayment:
    """Return the payment with a leg on each cap that is in force; as a rule no account is locked yet.

    Raises:
        CapError: a cap has too few credits left.
        CapsNotOpenError: a cap has to be opened first, by `open_caps`.
    """
    legs, caps, window = list(payment.legs), list(payment.caps), window_of(config.period, now)
    for scope, record in _in_force(uow, guild_id, config, marks_uncounted=True):
        if record.period is not config.period:
            raise CapsNotOpenError(f"The cap of {scope} does not count everything yet.")
        account = cap_account(scope, window)
        balance = uow.ledger.balance(account.id)
        cap = _cap(scope, record, config, window, spent=_spent(balance, record, window))
        if cap.left < payment.cost:
            raise CapError(cap, payment.cost)
        target = max(0, cap.credits - record.spent_earlier(window))
        if refilled(balance, target) != balance:  # a new window, or another cap
            uow.ledger.set_granted_total(account, target=target, now=now)
        caps.append(cap)
        legs.append(Leg(account.id, payment.cost))
    return replace(payment, legs=tuple(legs), caps=tuple(caps))


def check_caps(uow: UnitOfWork, payment: SongPayment) -> None:
    """Raise CapError if other requests have used up one of the payment's caps at the same moment."""
    for cap in payment.caps:
        available = uow.ledger.balance(cap_account(cap.guild_id, cap.window).id).available
        if available < payment.cost:
            raise CapError(replace(cap, spent=cap.credits - available), payment.cost)


@unit_of_work("caps.open")
def open_caps(uow: UnitOfWork, guild_id: int, config: CapConfig, now: datetime) -> None:
    """Let the accounts of the server's caps count every request from now on, and what was spent before.

    It is a unit of its own, because a refused request is rolled back.
    """
    uow.guilds.get_for_share(guild_id)  # the owner cannot change the server's own cap meanwhile
    window = window_of(config.period, now)
    for scope, _ in _in_force(uow, guild_id, config):
        counted = uow.ledger.lock(cap_account(scope, window))
        (record,) = uow.caps.find(scope)
        if record.period is config.period:  # it was open, or another process was first
            continue
        spent = uow.usage.spent(scope, since=window.starts_at.date()) - counted.held - counted.used
        opened = replace(
            record,
            period=config.period,
            opened_in=window.key,
            opened_at=now,
            spent_before=max(0, spent),
        )
        uow.caps.put(scope, opened)


async def with_open_caps(
    store: Store, guild_id: int, config: CapConfig, write: Callable[[], Awaitable[T]]
) -> T:
    """Run a write that passes the server's caps; open them first if they have to be."""
    try:
        return await write()
    except CapsNotOpenError:
        await store.write(open_caps, guild_id, config, store.clock())
        return await write()


async def tell_owner(store: Store, caps: tuple[Cap, ...], cost: int) -> None:
    """Log for the owner which of the caps are used up, or nearly so, each once a period."""
    for cap in caps:
        percent = cap.news(cost)
        if percent is None:
            continue
        try:
            is_news = await store.write(_mark_told, cap, percent)
        except StoreError as error:  # the next request says it
            log.warning("it could not be stored that a cap is used up: %s", error)
            continue
        if is_news:
            _log_for_owner(cap, percent)


@unit_of_work("caps.mark_told")
def _mark_told(uow: UnitOfWork, cap: Cap, percent: int) -> bool:
    return uow.caps.mark_told(cap.guild_id, cap.occasion, percent)


def _log_for_owner(cap: Cap, percent: int) -> None:
    if cap.is_total and percent == REACHED:
        log.error(
            "OPERATOR: a cap is reached: no more songs in all servers in this period, %d of %d credits are"
            " used or on hold",
            cap.spent,
            cap.credits,
        )
    elif cap.is_total:
        log.warning(
            "OPERATOR: a cap is nearly reached: all servers together, %d of %d credits of this period are"
            " used or on hold",
            cap.spent,
            cap.credits,
        )
    elif percent == REACHED:
        log.error(
            "OPERATOR: a cap is reached: no more songs in server %d in this period, %d of %d credits are"
            " used or on hold",
            cap.guild_id,
            cap.spent,
            cap.credits,
        )
    else:
        log.warning(
            "OPERATOR: a cap is nearly reached: server %d, %d of %d credits of this period are used or on"
            " hold",
            cap.guild_id,
            cap.spent,
            cap.credits,
        )


def _in_force(
    uow: UnitOfWork, guild_id: int, config: CapConfig, *, marks_uncounted: bool = False
) -> Iterator[tuple[int, CapRecord]]:
    """Yield the scopes with a cap, the server before all servers; mark the others as not counted any more."""
    scopes = tuple(dict.fromkeys((guild_id, ALL_GUILDS)))
    for scope, record in zip(scopes, uow.caps.find(*scopes), strict=True):
        if record.limit(scope, config) is not None:
            yield scope, record
        elif marks_uncounted and record.period is not None:
            uow.caps.put(scope, replace(record, period=None, opened_at=None))


def _cap(guild_id: int, record: CapRecord, config: CapConfig, window: Window, *, spent: int) -> Cap:
    """Return a cap that is in force, as it is now."""
    return Cap(
        guild_id=guild_id,
        credits=record.limit(guild_id, config) or 0,
        spent=spent,
        period=config.period,
        window=window,
        told_of=record.told_of,
        told=record.told,
    )


def _spent(balance: Balance, record: CapRecord, window: Window) -> int:
    return balance.held + balance.used + record.spent_earlier(window)


def _spent_now(uow: UnitOfWork, guild_id: int, record: CapRecord, config: CapConfig, window: Window) -> int:
    """Return what is spent of a cap, also while its account does not count everything."""
    if record.period is not config.period:
        return uow.usage.spent(guild_id, since=window.starts_at.date())
    return _spent(uow.ledger.balance(cap_account(guild_id, window).id), record, window)
