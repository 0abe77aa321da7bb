"""One wait of a thread: until its deadline, or until something is ready."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from threading import current_thread

from . import real


class Wait:
    """A thread that waits.

    Args:
        deadline: when it ends, in seconds of the clock's `client_time`; infinite without a timeout.
        poll: looks, without waiting for longer than some real seconds, whether that for which the
            thread waits is ready; anything true is the result. None if only time ends the wait.
        outside: True if something outside the program, such as a socket, may end the wait.
        number: the place in the order of all waits.
    """

    def __init__(
        self,
        deadline: float,
        poll: Callable[[float], object] | None,
        *,
        outside: bool,
        number: tuple[int, int],
    ) -> None:
        self.thread = current_thread()
        self.order = (deadline, number)
        self.result: object = None
        self._poll, self._lock, self._bell = poll, real.new_lock(), real.new_lock()
        self._bell.acquire()
        self._polls_itself = outside
        self._outside_until = real.monotonic() + _OUTSIDE_SECONDS if outside else -inf

    @property
    def deadline(self) -> float:
        return self.order[0]

    def is_ready(self, seconds: float = 0.0) -> bool:
        """Return whether there is a result. Any thread may ask, and results are kept: some are
        given only once, as those of trio's epoll.
        """
        if not self.result and self._poll is not None:
            with self._lock:
                if not self.result:
                    self.result = self._poll(seconds)
        return bool(self.result)

    def may_end_outside(self) -> bool:
        """Return whether a socket may still bring a response, for which the clock must not move."""
        return real.monotonic() < self._outside_until

    def ring(self) -> None:
        """Let the thread look again at once."""
        if self._bell.locked():
            self._bell.release()

    def pause(self, seconds: float) -> None:
        """Let other threads work for some real seconds, or until something may have changed."""
        if self._polls_itself:
            self.is_ready(seconds)
        else:
            self._bell.acquire(True, seconds)


# How long a socket of this machine may take for a response: while one is open, the clock stands
# still for so long before it moves.
_OUTSIDE_SECONDS = 0.02
