"""Timelines of jobs: states and progress as the responses of a check show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...openapi import Document, JobRole
from ..traffic.exchange import Exchange
from ..traffic.job_views import get_or_none, is_number, jobs_in


@dataclass(frozen=True, slots=True)
class Moment:
    """A job as one response shows it.

    seconds: the seconds since the first response with the job
    state: the state of the job
    progress: the progress in per cent, None if the API has none
    number: the number of the exchange
    """

    seconds: float
    state: str
    progress: float | None
    number: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of one job in their order."""

    job_id: str
    moments: tuple[Moment, ...]

    @property
    def seconds(self) -> float:
        """The seconds from the first to the last response."""
        return self.moments[-1].seconds

    @property
    def state_changes(self) -> tuple[Moment, ...]:
        """The moments with another state than the one before."""
        before = [None, *(moment.state for moment in self.moments)]
        return tuple(m for m, state in zip(self.moments, before, strict=False) if m.state != state)


def job_timelines(document: Document, history: Iterable[Exchange]) -> tuple[Timeline, ...]:
    """Return the timelines of jobs, in the order of their first responses; lists are left out."""
    moments: dict[str, list[Moment]] = {}
    first_seen: dict[str, float] = {}
    place = document.lifecycle.progress_at
    for number, exchange in enumerate(history, start=1):
        if exchange.operation.role is JobRole.LIST:
            continue
        for view in jobs_in(document, exchange):
            since = first_seen.setdefault(view.job_id, exchange.at)
            progress = get_or_none(view.job, place) if place else None
            moment = Moment(
                seconds=max(0.0, exchange.at - since),
                state=view.state.name,
                progress=progress if is_number(progress) else None,
                number=number,
            )
            moments.setdefault(view.job_id, []).append(moment)
    return tuple(Timeline(job_id, tuple(of_job)) for job_id, of_job in moments.items())
