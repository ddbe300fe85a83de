"""The account at the provider: credits taken on acceptance and given back on failure."""

import math
from dataclasses import dataclass

from sandbox.cqtai.inspiration import RefusedError

CREDITS_PER_TASK = 30
"""Before the account's rate; from the billing section of the provider's page."""


@dataclass(slots=True)
class Account:
    """What the operator has at the provider. `balance` + `spent` never changes, `refunded` only grows."""

    balance: int
    rate: float = 1.0
    spent: int = 0
    """Taken and not given back."""
    refunded: int = 0

    @property
    def cost(self) -> int:
        """Credits for one task, rounded up."""
        return math.ceil(CREDITS_PER_TASK * self.rate)

    def check(self) -> None:
        """Pass when one more task can be paid.

        Raises:
            RefusedError: code 402 when it can't.
        """
        if self.balance < self.cost:
            raise RefusedError(402, "insufficient credits")

    def charge(self) -> int:
        """Take the cost of one task and return it.

        Raises:
            RefusedError: code 402 when the balance is too small; nothing is taken then.
        """
        self.check()
        self.balance -= self.cost
        self.spent += self.cost
        return self.cost

    def refund(self, credits_charged: int) -> None:
        """Give back what a failed task had cost."""
        self.balance += credits_charged
        self.spent -= credits_charged
        self.refunded += credits_charged
