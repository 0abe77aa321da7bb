"""`python -m aisa_testkit`, the same as `aisa-testkit`."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
