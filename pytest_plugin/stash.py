"""Where the hooks and the fixtures keep what they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .budget import Budget
    from .contract import Contract
    from .coverage import CoverageLog

CONTRACT: pytest.StashKey[Contract] = pytest.StashKey()
COVERAGE: pytest.StashKey[CoverageLog] = pytest.StashKey()
BUDGET: pytest.StashKey[Budget] = pytest.StashKey()
