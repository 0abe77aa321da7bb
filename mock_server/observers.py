"""Several who want to hear of the requests."""

from __future__ import annotations

from collections.abc import Iterable

from ..openapi import Call, Reply
from .endpoint import Observer


class ObserverGroup:
    """Tells each of them, in their order."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = tuple(observers)

    def answered(self, call: Call, reply: Reply) -> None:
        """A call was answered."""
        for each in self._observers:
            each.answered(call, reply)

    def missed(self, method: str, path: str) -> None:
        """A request meant no operation."""
        for each in self._observers:
            each.missed(method, path)

    def undelivered(self, reply: Reply) -> None:
        """The client was gone before this reply came to its end."""
        for each in self._observers:
            each.undelivered(reply)
