"""Ignores a warning of the OpenAI SDK while a mock is open: its vendor's video API shuts down.

pytest resets the warning filters before each test. A mock may be open longer than that, so the
plugin then adds the filter again. For the same reason the filters are not restored as a whole at
the end of a mock: they would be those of an earlier test.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast


@contextmanager
def ignore_sdk_warning() -> Iterator[None]:
    """Ignore the warning for the length of the block."""
    _open.append(True)
    add_filter_again()
    try:
        yield
    finally:
        _open.pop()
        filters = cast("list[Any]", warnings.filters)
        if not _open and _FILTER in filters:
            filters.remove(_FILTER)


def add_filter_again() -> None:
    """Add the filter to the present ones if a mock is open."""
    if _open:
        warnings.filterwarnings("ignore", message=_MESSAGE, category=DeprecationWarning)


_MESSAGE = "The Sora API is scheduled to permanently shut down"
_FILTER = ("ignore", re.compile(_MESSAGE, re.IGNORECASE), DeprecationWarning, None, 0)
_open: Final[list[bool]] = []  # one item for each open mock
