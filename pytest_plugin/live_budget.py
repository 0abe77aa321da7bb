"""The spending limit of one run against the live, paid API."""

from __future__ import annotations

import os
from decimal import Decimal, InvalidOperation

import pytest

from ..contracts.budget import Budget
from ..mock_server.client_variables import API_KEY_VARIABLE
from ..openapi.text import mask_url


class LiveBudget(Budget):
    """The budget of a run.

    Args:
        limit: the most that the run may cost, in the currency of the document.
        key: the API key of the live API.

    `upstream` is the URL of the live API, "" until it is used.
    """

    def __init__(self, limit: Decimal, key: str) -> None:
        super().__init__(max_spend=limit)
        self.key, self.upstream = key, ""
        self._process = os.getpid()

    def require_own_process(self) -> None:
        """Fail the test in a forked process: each copy of the budget would be spent."""
        if os.getpid() != self._process:
            pytest.fail(
                f"the live API has a single budget, which belongs to process {self._process}: run"
                " this test in that process, not in a child process",
                pytrace=False,
            )

    def __str__(self) -> str:
        where = f"live API at {mask_url(self.upstream)}" if self.upstream else "live API, not used"
        return f"{where}: {super().__str__()}"


def read_live_budget(config: pytest.Config) -> LiveBudget:
    """Return the budget of a run against the live API; UsageError for invalid options."""
    text, key = config.getoption("video_max_spend"), os.environ.get(API_KEY_VARIABLE, "")
    if not key:
        raise pytest.UsageError(f"--video-target=live needs a key in {API_KEY_VARIABLE}")
    if text is None:
        raise pytest.UsageError(
            "--video-target=live costs money: set a limit, such as --video-max-spend=1"
        )
    # Each worker of pytest-xdist, and each child of pytest-forked, would spend the whole budget.
    if config.getoption("tx", None) or config.getoption("dist", "no") != "no":
        raise pytest.UsageError("--video-target=live has a single budget: run it without -n")
    if config.getoption("forked", False):
        raise pytest.UsageError("--video-target=live has a single budget: run it without --forked")
    try:
        limit = Decimal(text)
    except InvalidOperation:
        limit = Decimal(-1)
    if not limit.is_finite() or limit < 0:
        raise pytest.UsageError(f"--video-max-spend must be an amount such as 1.50, not {text!r}")
    # Only the gateway has the key during the run.
    del os.environ[API_KEY_VARIABLE]
    config.add_cleanup(lambda: os.environ.update({API_KEY_VARIABLE: key}))
    return LiveBudget(limit, key)
