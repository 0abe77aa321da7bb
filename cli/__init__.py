"""The command line: `aisa-testkit`."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
