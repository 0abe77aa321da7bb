"""What the live, paid API may cost in one run."""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation
from threading import Lock

import pytest

from .surroundings import KEY_VARIABLE


class BudgetExceeded(Exception):
    """A request would cost more than is left."""


class Budget:
    """What the live API may cost in one run, and what it has cost at most. `key` opens it, and
    `upstream` is where it was.
    """

    def __init__(self, limit: Decimal, key: str) -> None:
        self.limit, self.key = limit, key
        self.spent, self.creates, self.currency, self.upstream = Decimal(0), 0, "", ""
        self._lock = Lock()

    def reserve(self, price: Decimal, currency: str) -> None:
        """Takes a price from the budget; raises BudgetExceeded if it is not there."""
        with self._lock:
            self.currency = currency
            if self.spent + price > self.limit:
                raise BudgetExceeded(
                    f"it costs {shown(price)} {currency}, and {shown(self.spent)} of the"
                    f" {shown(self.limit)} that --video-max-spend allows are spent"
                )
            self.spent += price
            self.creates += 1

    def release(self, price: Decimal) -> None:
        """Gives back what was not billed after all."""
        with self._lock:
            self.spent -= price
            self.creates -= 1

    def __str__(self) -> str:
        jobs = "1 job" if self.creates == 1 else f"{self.creates} jobs"
        where = f"live API at {self.upstream}" if self.upstream else "live API, not used"
        spent = f"at most {shown(self.spent)} of {shown(self.limit)} {self.currency}".rstrip()
        return f"{where}: {jobs}, {spent}"


def shown(amount: Decimal) -> str:
    """An amount of money with at least two decimal places."""
    exponent = amount.normalize().as_tuple().exponent
    return f"{amount:.{max(2, -exponent) if isinstance(exponent, int) else 2}f}"


def budget_of(config: pytest.Config) -> Budget:
    """The budget of a run against the live API; UsageError, in one line, if it cannot be had."""
    text, key = config.getoption("video_max_spend"), os.environ.get(KEY_VARIABLE, "")
    if not key:
        raise pytest.UsageError(f"--video-target=live needs a key in {KEY_VARIABLE}")
    if text is None:
        raise pytest.UsageError(
            "--video-target=live costs money: say how much, --video-max-spend=1"
        )
    # Each worker of pytest-xdist would spend all of it.
    if config.getoption("tx", None) or config.getoption("dist", "no") != "no":
        raise pytest.UsageError("--video-target=live has one budget: run it without -n")
    try:
        limit = Decimal(text)
    except InvalidOperation:
        limit = Decimal(-1)
    if not limit.is_finite() or limit < 0:
        raise pytest.UsageError(f"--video-max-spend must be an amount such as 1.50, not {text!r}")
    # Nothing in the run but the gateway has the key.
    del os.environ[KEY_VARIABLE]
    config.add_cleanup(lambda: os.environ.update({KEY_VARIABLE: key}))
    return Budget(limit, key)
