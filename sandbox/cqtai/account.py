"""The account at the provider: credits charged on acceptance and refunded on failure."""

import math
from dataclasses import dataclass

from sandbox.cqtai.inspiration import RefusedError

CREDITS_PER_TASK = 30
"""Before the account's rate; from the billing section of the provider's page."""


@dataclass(slots=True)
class Account:
    """The operator's account at the provider. `balance` + `spent` never changes, `refunded` only grows."""

    balance: int
    rate: float = 1.0
    spent: int = 0
    """Taken and not given back."""
    refunded: int = 0

    @property
    def cost(self) -> int:
        """Return the credits for one task, rounded up."""
        return math.ceil(CREDITS_PER_TASK * self.rate)

    def check(self) -> None:
        """Raise unless one more task can be paid for.

        Raises:
            RefusedError: code 402 when it can't.
        """
        if self.balance < self.cost:
            raise RefusedError(402, "insufficient credits")

    def charge(self) -> int:
        """Charge one task and return its cost.

        Raises:
            RefusedError: code 402 when the balance is too small; nothing is taken then.
        """
        self.check()
        self.balance -= self.cost
        self.spent += self.cost
        return self.cost

    def refund(self, credits_charged: int) -> None:
        """Refund the cost of a failed task."""
        self.balance += credits_charged
        self.spent -= credits_charged
        self.refunded += credits_charged
