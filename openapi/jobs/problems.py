"""Reports of problems while `x-jobs` is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Report: TypeAlias = Callable[[str, str], None]
"""Reports a problem: the JSON pointer of its place, and its reason."""
