"""The command line: `aisa-testkit`."""

from __future__ import annotations

try:
    from .main import main
except KeyboardInterrupt:  # Ctrl-C in the first moment
    raise SystemExit(130) from None

__all__ = ["main"]
