"""A disk without room for large files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """Let no file of this process grow beyond this number of bytes; skips without such limits."""
    resource = pytest.importorskip("resource", reason="limits of file sizes are needed")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
