"""The stash keys and the names that the hooks and the fixtures share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from .contract import Contract
    from .coverage_log import CoverageLog
    from .explored_run import ExploredRun
    from .live_budget import LiveBudget

FAILURE: pytest.StashKey[Exception] = pytest.StashKey()
UNREAD_MARKERS: pytest.StashKey[set[str]] = pytest.StashKey()
CONTRACT: pytest.StashKey[Contract] = pytest.StashKey()
EXPLORED: pytest.StashKey[ExploredRun] = pytest.StashKey()
COVERAGE: pytest.StashKey[CoverageLog] = pytest.StashKey()
BUDGET: pytest.StashKey[LiveBudget] = pytest.StashKey()

# The title of a section of a report: what was explored, and that nothing goes wrong.
EXPLORATION_SECTION: Final = "video exploration"

# The argument of a test that says which part of all behaviours is explored by one worker.
EXPLORATION_PART: Final = "video_explore_part"
