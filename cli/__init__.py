"""The command line: `aisa-testkit`."""

from __future__ import annotations

from .interrupts import interrupts_after_imports as _interrupts_after_imports

try:
    with _interrupts_after_imports():
        from .main import main
except KeyboardInterrupt:
    raise SystemExit(130) from None

__all__ = ["main"]
