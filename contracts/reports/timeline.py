"""Timelines of jobs: states and progress as the responses of a check show them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...openapi import Document, JobRole
from ...openapi.jobs import JobField
from ...openapi.jobs.sources import Progress
from ...openapi.json import Json, is_number
from ..traffic.exchange import Exchange
from ..traffic.job_views import JobView, jobs_in, kinds_of_jobs


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
    """The moments of one job in their order.

    kind: the name of the kind of job
    job_id: the id of the job
    moments: the job as each response shows it
    """

    kind: str
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


def job_timelines(document: Document, history: Sequence[Exchange]) -> tuple[Timeline, ...]:
    """Return the timelines of jobs, in the order of their first responses; lists are left out."""
    moments: dict[tuple[str, str], list[Moment]] = {}
    first_seen: dict[tuple[str, str], float] = {}
    kinds = kinds_of_jobs(document, history)
    for number, exchange in enumerate(history, start=1):
        if exchange.role is JobRole.LIST:
            continue
        for view in jobs_in(document, exchange, kinds=kinds):
            job = (view.kind.name, view.job_id)
            since = first_seen.setdefault(job, exchange.at)
            moment = Moment(
                seconds=max(0.0, exchange.at - since),
                state=view.state.name,
                progress=_progress(view),
                number=number,
            )
            moments.setdefault(job, []).append(moment)
    return tuple(Timeline(*job, tuple(of_job)) for job, of_job in moments.items())


def _progress(view: JobView) -> float | None:
    """Return the progress of a job in per cent, None if the response does not show it."""
    fields = (field for create in view.kind.creates for field in create.fields)
    values = (_percent(field, view.value_at(field.place.path)) for field in fields)
    return next((value for value in values if value is not None), None)


def _percent(field: JobField, value: Json) -> float | None:
    if not isinstance(field.source, Progress):
        return None
    if field.source.form == "text":
        match = _NUMBER.match(value) if isinstance(value, str) else None
        return float(match[0]) if match else None
    if not is_number(value):
        return None
    return round(100 * value, 6) if field.source.form == "fraction" else value


_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
