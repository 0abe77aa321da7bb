"""Those who want to be told that something has happened."""

from __future__ import annotations

from collections.abc import Callable


class Listeners:
    """Callables without arguments; each is told once, however often it was added, in the order in
    which they came.
    """

    def __init__(self) -> None:
        self._listeners: dict[Callable[[], None], None] = {}

    def add(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tells the listener from now on, until the callable that this gives is called."""
        self._listeners[listener] = None

        def remove() -> None:
            self._listeners.pop(listener, None)

        return remove

    def notify(self) -> None:
        """Calls every listener, in this thread; what one of them raises is raised here."""
        for listener in tuple(self._listeners):
            listener()
