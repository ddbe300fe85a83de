"""A cap over all servers whose account is split into parts; the bot has one account, which it takes last.

A song's credits come from one part, which its id chooses; from the next one that has enough, if that part
has too little. Only the benchmarks use it: the bot places its requests as ever, on a ledger that is replaced.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, bindparam, select
from typing_extensions import override

from bot.domain.errors import InsufficientFundsError
from bot.domain.ledger import Account, Balance, Leg
from bot.services.ports import Clock, WakeUp, WorkQueue
from bot.services.unit_of_work import NamedUnit, Store, UnitOfWork
from bot.storage.repositories.ledger import SqlLedger
from bot.storage.tables import accounts
from bot.storage.unit_of_work import SqlUnitOfWork

P = ParamSpec("P")
T = TypeVar("T")

PARTS = 8
_TOTAL = "cap:all:"
_a = accounts.c
_BALANCES = select(_a.id, _a.credits_posted, _a.debits_pending, _a.debits_posted).where(
    _a.id.in_(bindparam("parts", expanding=True))
)


class SplitLedger(SqlLedger):
    """The ledger, with `PARTS` accounts in place of that of all servers."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._available: dict[str, int] = {}

    @override
    def set_granted_total(self, account: Account, *, target: int, now: datetime) -> Balance:
        if not account.id.startswith(_TOTAL):
            return super().set_granted_total(account, target=target, now=now)
        parts = [replace(account, id=name) for name in _names(account.id)]
        balances = [super(SplitLedger, self).lock(part) for part in parts]  # in one order: no deadlock
        # what is left, and not the whole cap, is shared out: a part that spent more than the others keeps it
        left = max(0, target - sum(one.held + one.used for one in balances))
        for number, (part, one) in enumerate(zip(parts, balances, strict=True)):
            share = left // PARTS + (number < left % PARTS)
            super().set_granted_total(part, target=one.held + one.used + share, now=now)
        return self.balance(account.id)

    @override
    def lock(self, account: Account) -> Balance:
        if not account.id.startswith(_TOTAL):
            return super().lock(account)
        return _sum([super(SplitLedger, self).lock(replace(account, id=name)) for name in _names(account.id)])

    @override
    def balance(self, account_id: str) -> Balance:
        if not account_id.startswith(_TOTAL):
            return super().balance(account_id)
        rows = self._conn.execute(_BALANCES, {"parts": _names(account_id)}).all()
        balances = {row.id: Balance(*row[1:]) for row in rows}
        self._available = {name: one.available for name, one in balances.items()}
        return _sum(list(balances.values()))

    @override
    def hold(self, request_id: int, legs: Sequence[Leg], *, now: datetime) -> None:
        super().hold(request_id, [self._from_part(request_id, leg) for leg in legs], now=now)

    def _from_part(self, request_id: int, leg: Leg) -> Leg:
        """Return the leg on the part that pays for the request, by what the unit has read of the parts."""
        if not leg.account_id.startswith(_TOTAL):
            return leg
        names = _names(leg.account_id)
        first = request_id % PARTS
        for name in names[first:] + names[:first]:
            if self._available.get(name, 0) >= leg.amount:
                return replace(leg, account_id=name)
        raise InsufficientFundsError(f"No part of {leg.account_id} has {leg.amount} credits.")


class SplitCapStore(Store):
    """A store of SQL whose units that write see the split account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    @override
    def clock(self) -> Clock:
        return self._store.clock

    @override
    def subscribe(self, queue: WorkQueue, wake_up: WakeUp) -> None:
        self._store.subscribe(queue, wake_up)

    @override
    async def write(self, unit: NamedUnit[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        def on_parts(uow: UnitOfWork, /, *args: P.args, **kwargs: P.kwargs) -> T:
            assert isinstance(uow, SqlUnitOfWork)
            uow.ledger = SplitLedger(uow.connection)
            return unit(uow, *args, **kwargs)

        for _ in range(PARTS - 1):
            try:
                return await self._store.write(NamedUnit(unit.name, on_parts), *args, **kwargs)
            except InsufficientFundsError:  # others have used up the part meanwhile; the next one may do
                continue
        return await self._store.write(NamedUnit(unit.name, on_parts), *args, **kwargs)

    @override
    async def read(
        self, unit: Callable[Concatenate[UnitOfWork, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._store.read(unit, *args, **kwargs)


def _names(account_id: str) -> list[str]:
    return [f"{account_id}/{number}" for number in range(PARTS)]


def _sum(balances: Sequence[Balance]) -> Balance:
    return Balance(
        granted=sum(one.granted for one in balances),
        held=sum(one.held for one in balances),
        used=sum(one.used for one in balances),
    )
