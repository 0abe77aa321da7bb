"""The time on a server's clock, as estimated from the first job that it created."""

from __future__ import annotations

from dataclasses import dataclass

from ....openapi import JobKind
from ....openapi.jobs.sources import Moment
from ....openapi.moment import DATE
from ....openapi.pointer import Path
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView
from .job_fields import is_constant
from .timestamps import read_time


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

    def __init__(self) -> None:
        self._first_created_at: float | None = None
        self._offset, self._uncertainty = 0.0, 60.0

    def learn(self, exchange: Exchange, view: JobView) -> None:
        """Estimate the difference from the first job of the history that a server created."""
        created_at = creation_time(view)
        if created_at is not None and self._first_created_at is None:
            self._first_created_at = created_at
            self._offset = exchange.at - created_at
            # The job was created at any moment of the request; stamps are in whole seconds.
            self._uncertainty = exchange.took + 2.0

    def time_of(self, exchange: Exchange) -> ServerTime:
        """Return the time on the server's clock at the end of an exchange."""
        return ServerTime(exchange.at - self._offset, self._uncertainty)

    def is_older_than_history(self, view: JobView) -> bool:
        """Return True if the job was created before the first job of the history."""
        created_at, first = creation_time(view), self._first_created_at
        return created_at is not None and first is not None and created_at < first


def creation_time(view: JobView) -> float | None:
    """Return when a job was created, in Unix seconds; None if it does not say so."""
    path = created_at_path(view.kind)
    return None if path is None else read_time(view.kind, path, view.value_at(path))


def created_at_path(kind: JobKind) -> Path | None:
    """Return the path of the time of creation in the jobs of a kind; None if there is none."""
    for field in (field for create in kind.creates for field in create.fields):
        source = field.source
        dated = isinstance(source, Moment) and source.form == DATE  # too coarse for a clock
        if isinstance(source, Moment) and is_constant(field) and not dated:
            return field.place.path
    return None
