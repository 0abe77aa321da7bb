"""The life of each job as a check has seen it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...openapi import Document, JobRole
from ..traffic.exchange import Exchange
from ..traffic.job_views import get_or_none, is_number, jobs_in


@dataclass(frozen=True, slots=True)
class Moment:
    """A job as one answer showed it: seconds since it was first seen, the state, the progress in
    per cent if the API tells any, and the number of the request.
    """

    seconds: float
    state: str
    progress: float | None
    number: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of one job, in their order."""

    job_id: str
    moments: tuple[Moment, ...]

    @property
    def seconds(self) -> float:
        """How long the job was watched."""
        return self.moments[-1].seconds

    @property
    def state_changes(self) -> tuple[Moment, ...]:
        """The moments at which the job was first seen in another state than before."""
        before = [None, *(moment.state for moment in self.moments)]
        return tuple(m for m, state in zip(self.moments, before, strict=False) if m.state != state)


def job_timelines(document: Document, history: Iterable[Exchange]) -> tuple[Timeline, ...]:
    """The jobs that were asked for by themselves, in the order in which they were first seen."""
    moments: dict[str, list[Moment]] = {}
    began: dict[str, float] = {}
    place = document.lifecycle.progress_at
    for number, exchange in enumerate(history, start=1):
        if exchange.operation.role is JobRole.LIST:
            continue
        for seen in jobs_in(document, exchange):
            since = began.setdefault(seen.job_id, exchange.at)
            progress = get_or_none(seen.job, place) if place else None
            moment = Moment(
                seconds=max(0.0, exchange.at - since),
                state=seen.state.name,
                progress=progress if is_number(progress) else None,
                number=number,
            )
            moments.setdefault(seen.job_id, []).append(moment)
    return tuple(Timeline(job_id, tuple(seen)) for job_id, seen in moments.items())
