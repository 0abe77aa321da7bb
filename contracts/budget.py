"""What a paid API may cost, and what it has cost at most."""

from __future__ import annotations

from decimal import Decimal
from threading import Lock

from ..openapi.text import count_of
from .errors import BudgetExceeded


class Budget:
    """What is spent, in the currency of the document, and how many jobs were made for it.

    A price is reserved before a request is sent, and given back only if it was surely not billed.
    `max_spend` and `max_creates` are limits, None for no limit.
    """

    def __init__(
        self,
        *,
        max_spend: Decimal | None = None,
        max_creates: int | None = None,
        currency: str = "",
    ) -> None:
        self.max_spend, self.max_creates = max_spend, max_creates
        self.spent, self.creates, self.currency = Decimal(0), 0, currency
        self._lock = Lock()

    def reserve(self, price: Decimal, currency: str) -> None:
        """Takes the price of one job; raises BudgetExceeded, and takes nothing, if it is not
        there.
        """
        with self._lock:
            self.currency = currency
            if self.max_spend is not None and self.spent + price > self.max_spend:
                raise BudgetExceeded(
                    f"it costs {amount(price)} {currency}, and {amount(self.spent)} of at most"
                    f" {amount(self.max_spend)} are spent"
                )
            if self.max_creates is not None and self.creates >= self.max_creates:
                raise BudgetExceeded(f"{self.creates} of at most {self.max_creates} jobs are made")
            self.spent += price
            self.creates += 1

    def release(self, price: Decimal) -> None:
        """Gives back the price of a job that was surely not made."""
        with self._lock:
            self.spent -= price
            self.creates -= 1

    def __str__(self) -> str:
        limit = f" of {amount(self.max_spend)}" if self.max_spend is not None else ""
        jobs = count_of(self.creates, "job")
        return f"{jobs}, at most {amount(self.spent)}{limit} {self.currency}".rstrip()


def amount(value: Decimal) -> str:
    """An amount of money with at least two decimal places."""
    exponent = value.normalize().as_tuple().exponent
    return f"{value:.{max(2, -exponent) if isinstance(exponent, int) else 2}f}"
