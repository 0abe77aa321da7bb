"""What the control API asks of whoever writes the requests down: it is given, for the mock does not
judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ..openapi.json import Json
from .endpoint import Observer


class RequestJournal(Observer, Protocol):
    """The requests that came in, and what they say about their clients."""

    def requests(self, query: Mapping[str, str]) -> Json:
        """A page of the requests that a query means; raises ValueError for one that cannot be."""
        ...

    def har(self, query: Mapping[str, str]) -> bytes:
        """The same requests, all of them, as HAR 1.2."""
        ...

    def verdict(self) -> Json:
        """What the clients did wrong."""
        ...

    def clear(self) -> None:
        """Forgets every request."""
        ...

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        """Calls the listener with each request as it is answered, until the callable that this
        gives is called.
        """
        ...
