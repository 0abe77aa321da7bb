"""What the live, paid API may cost in one run."""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation

import pytest

from ..contracts.budget import Budget
from .environment import KEY_VARIABLE


class LiveBudget(Budget):
    """The ledger of a run. `key` opens the live API, and `upstream` is where it was."""

    def __init__(self, limit: Decimal, key: str) -> None:
        super().__init__(max_spend=limit)
        self.key, self.upstream = key, ""

    def __str__(self) -> str:
        where = f"live API at {self.upstream}" if self.upstream else "live API, not used"
        return f"{where}: {super().__str__()}"


def live_budget(config: pytest.Config) -> LiveBudget:
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
    return LiveBudget(limit, key)
