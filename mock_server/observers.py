"""Observers: interfaces of the objects that are informed of requests, and a list of callbacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ..openapi import Call, Reply
from ..openapi.json import Json


class Observer(Protocol):
    """An object that is informed of every request."""

    def answered(self, call: Call, reply: Reply) -> None:
        """A call was answered."""
        ...

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        """A request matched no operation.

        Args:
            method: The HTTP method in upper case.
            path: The path as it was sent.
            headers: The headers by name in lower case, None if they are not known.
        """
        ...

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A request was not valid HTTP, or it did not arrive completely.

        Args:
            method: The HTTP method in upper case, "?" if it is unknown.
            path: The path as it was sent, "?" if it is unknown.
            reason: The problem in words.
            status: The HTTP status of the response, None if the client had disconnected.
            headers: The headers by name in lower case, None if they are not known.
        """
        ...

    def undelivered(self, reply: Reply) -> None:
        """A client disconnected before it received all of this reply, which was passed to
        `answered` before.
        """
        ...


class RequestJournal(Observer, Protocol):
    """An observer that keeps the requests and judges the clients, for the control API."""

    def requests(self, query: Mapping[str, str]) -> Json:
        """Return a page of the requests that match a query; raises ValueError if it is invalid."""
        ...

    def har(self, query: Mapping[str, str]) -> bytes:
        """Return all requests that match a query as HAR 1.2; raises ValueError if it is invalid."""
        ...

    def verdict(self) -> Json:
        """Return the violations by the clients."""
        ...

    def clear(self) -> None:
        """Forget all requests."""
        ...

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        """Call the listener with each request once it is answered.

        Returns a function that stops this.
        """
        ...


class Listeners:
    """Callbacks without arguments, in the order in which they were added.

    A callback that was added twice is called once.
    """

    def __init__(self) -> None:
        self._listeners: dict[Callable[[], None], None] = {}

    def add(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Add a callback. Returns a function that removes it."""
        self._listeners[listener] = None

        def remove() -> None:
            self._listeners.pop(listener, None)

        return remove

    def notify(self) -> None:
        """Call every callback in this thread; exceptions are passed on."""
        for listener in tuple(self._listeners):
            listener()
