"""The stash keys that the hooks and the fixtures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .contract import Contract
    from .coverage_log import CoverageLog
    from .live_budget import LiveBudget

FAILURE: pytest.StashKey[Exception] = pytest.StashKey()
UNREAD_MARKERS: pytest.StashKey[set[str]] = pytest.StashKey()
CONTRACT: pytest.StashKey[Contract] = pytest.StashKey()
COVERAGE: pytest.StashKey[CoverageLog] = pytest.StashKey()
BUDGET: pytest.StashKey[LiveBudget] = pytest.StashKey()
