"""The number of requests of each API key in windows of a minute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

WINDOW_SECONDS = 60


class RequestWindows:
    """Counts the requests of each API key. A window begins with the first request of its key.

    Moments are Unix seconds of the mock's clock, and must not decrease.
    """

    def __init__(self) -> None:
        # The start of each window and its number of requests, the oldest window first.
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __iter__(self) -> Iterator[str]:
        return iter(self._windows)

    def get(self, key: str, now: float) -> tuple[float, int]:
        """Return the start of the key's window and the number of its requests so far."""
        self.drop_expired(now)
        return self._windows.get(key, (now, 0))

    def count(self, key: str, now: float, *, limit: int) -> float | None:
        """Count a request; if the limit is reached, return the end of the window instead."""
        start, used = self.get(key, now)
        if used >= limit:
            return start + WINDOW_SECONDS
        self._windows[key] = start, used + 1
        return None

    def drop_expired(self, now: float) -> None:
        """Forget all windows that have ended."""
        while self._windows:
            oldest, (start, _) = next(iter(self._windows.items()))
            if now < start + WINDOW_SECONDS:
                break
            del self._windows[oldest]

    def clear(self) -> None:
        """Forget all windows."""
        self._windows.clear()
