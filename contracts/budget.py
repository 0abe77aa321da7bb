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
    spent: the total of the known prices
    creates: the number of jobs
    unpriced: the number of jobs whose price is unknown
    """

    def __init__(
        self,
        *,
        max_spend: Decimal | None = None,
        max_creates: int | None = None,
        currency: str = "",
    ) -> None:
        self.max_spend, self.max_creates = max_spend, max_creates
        self.spent, self.creates, self.unpriced = Decimal(0), 0, 0
        self.currency = currency
        self._lock = Lock()

    @property
    def total(self) -> Decimal | None:
        """The price of all jobs, None if one is unknown."""
        return None if self.unpriced else self.spent

    def reserve(self, price: Decimal | None, currency: str) -> None:
        """Reserve the price of one job, None if it is unknown.

        Raises BudgetExceeded and reserves nothing if a limit would be exceeded.
        """
        with self._lock:
            self.currency = currency
            self._check_spend(price, currency)
            if self.max_creates is not None and self.creates >= self.max_creates:
                jobs = count_of(self.max_creates, "job")
                raise BudgetExceeded(f"the limit of {jobs} is reached")
            self._count(price, 1)

    def allows(self, price: Decimal | None, creates: int) -> bool:
        """Return True if a number of further jobs at this price are within the limits."""
        with self._lock:
            if self.max_creates is not None and self.creates + creates > self.max_creates:
                return False
            if self.max_spend is None:
                return True
            return price is not None and self.spent + price * creates <= self.max_spend

    def release(self, price: Decimal | None) -> None:
        """Release the price of a job that certainly was not created."""
        with self._lock:
            self._count(price, -1)

    def __str__(self) -> str:
        jobs = count_of(self.creates, "job")
        if self.max_spend is None and self.unpriced == self.creates:
            return f"{jobs} at {UNKNOWN_PRICE}" if self.creates else jobs
        limit = f" of {format_amount(self.max_spend)}" if self.max_spend is not None else ""
        spent = f"{jobs}, at most {format_amount(self.spent)}{limit} {self.currency}".rstrip()
        return f"{spent}, and {self.unpriced} at {UNKNOWN_PRICE}" if self.unpriced else spent

    def _check_spend(self, price: Decimal | None, currency: str) -> None:
        if self.max_spend is None:
            return
        if price is None:
            raise BudgetExceeded(
                f"its price is unknown, and the limit is {format_amount(self.max_spend)}"
            )
        if self.spent + price > self.max_spend:
            raise BudgetExceeded(
                f"it costs {format_amount(price)} {currency}, and {format_amount(self.spent)}"
                f" of {format_amount(self.max_spend)} is already spent"
            )

    def _count(self, price: Decimal | None, jobs: int) -> None:
        self.creates += jobs
        if price is None:
            self.unpriced += jobs
        else:
            self.spent += price * jobs


def format_price(price: Decimal | None, currency: str) -> str:
    """Return a price with its currency, or words for an unknown price."""
    return UNKNOWN_PRICE if price is None else f"{format_amount(price)} {currency}".rstrip()


def format_amount(value: Decimal) -> str:
    """Return an amount of money with at least two decimal places."""
    exponent = value.normalize().as_tuple().exponent
    return f"{value:.{max(2, -exponent) if isinstance(exponent, int) else 2}f}"


UNKNOWN_PRICE = "an unknown price"
