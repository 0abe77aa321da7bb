"""Limits on the cost and the number of jobs at a paid API."""

from __future__ import annotations

from decimal import Decimal
from threading import Lock

from ..openapi.text import count_of
from .errors import BudgetExceeded


class Budget:
    """The amount spent and the number of jobs created, with limits. Safe to use from threads.

    A price is reserved before a request is sent. It is released only if the request certainly was
    not billed.

    max_spend: the highest total price in the document's currency, None for no limit
    max_creates: the highest number of jobs, None for no limit
    currency: the code of the currency, such as USD
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
        """Reserve the price of one job.

        Raises BudgetExceeded and reserves nothing if a limit would be exceeded.
        """
        with self._lock:
            self.currency = currency
            if self.max_spend is not None and self.spent + price > self.max_spend:
                raise BudgetExceeded(
                    f"it costs {format_amount(price)} {currency}, and {format_amount(self.spent)}"
                    f" of {format_amount(self.max_spend)} is already spent"
                )
            if self.max_creates is not None and self.creates >= self.max_creates:
                jobs = count_of(self.max_creates, "job")
                raise BudgetExceeded(f"the limit of {jobs} is reached")
            self.spent += price
            self.creates += 1

    def release(self, price: Decimal) -> None:
        """Release the price of a job that certainly was not created."""
        with self._lock:
            self.spent -= price
            self.creates -= 1

    def __str__(self) -> str:
        limit = f" of {format_amount(self.max_spend)}" if self.max_spend is not None else ""
        jobs = count_of(self.creates, "job")
        return f"{jobs}, at most {format_amount(self.spent)}{limit} {self.currency}".rstrip()


def format_amount(value: Decimal) -> str:
    """Return an amount of money with at least two decimal places."""
    exponent = value.normalize().as_tuple().exponent
    return f"{value:.{max(2, -exponent) if isinstance(exponent, int) else 2}f}"
