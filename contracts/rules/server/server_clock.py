"""The time on a server's clock, as estimated from the first job that it created."""

from __future__ import annotations

from dataclasses import dataclass

from ....openapi import Document
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView, get_or_none, is_number


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The time on a server's clock.

    unix_time: the estimate in Unix seconds
    uncertainty: the seconds by which the estimate may be wrong
    """

    unix_time: float
    uncertainty: float


class ServerClock:
    """The difference between our clock and the server's.

    Until a job is created, the clocks are assumed to agree within a minute.
    """

    def __init__(self, document: Document) -> None:
        lifecycle = document.lifecycle
        stamps = [stamp.at for stamp in lifecycle.timestamps if stamp.set_on == lifecycle.initial]
        self._created_at_path = stamps[0] if stamps else None
        self._first_created_at: float | None = None
        self._offset, self._uncertainty = 0.0, 60.0

    def learn(self, exchange: Exchange, view: JobView) -> None:
        """Estimate the difference from the first job of the history that a server created."""
        created_at = self._created_at(view)
        if created_at is not None:
            self._first_created_at = created_at
            self._offset = exchange.at - created_at
            # The job was created at any moment of the request; stamps are in whole seconds.
            self._uncertainty = exchange.took + 2.0

    def time_of(self, exchange: Exchange) -> ServerTime:
        """Return the time on the server's clock at the end of an exchange."""
        return ServerTime(exchange.at - self._offset, self._uncertainty)

    def is_older_than_history(self, view: JobView) -> bool:
        """Return True if the job was created before the first job of the history."""
        created_at, first = self._created_at(view), self._first_created_at
        return created_at is not None and first is not None and created_at < first

    def _created_at(self, view: JobView) -> float | None:
        if self._created_at_path is None:
            return None
        created_at = get_or_none(view.job, self._created_at_path)
        return created_at if is_number(created_at) else None
