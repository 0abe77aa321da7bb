"""A job as an unchanging record, and its state as a function of that record and a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from ...openapi import Ending
from ...openapi.json import Json
from ...openapi.pointer import Path
from .plan import Plan, Stage


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted create. `created` is Unix time, `sequence` the order of creation, `source` the
    id of a remix's source, `owner` the key that it was made with: nobody else's calls reach it.
    `scenario` is the name of the one that it takes part in, empty for none.
    """

    id: str
    sequence: int
    created: float
    fields: Mapping[str, Json]
    plan: Plan
    source: str | None = None
    owner: str = ""
    scenario: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A job at one moment.

    `stamps` are the moments set so far, in Unix seconds; `remaining` the seconds until the job
    ends, 0 when it has, and as long as a client can believe in an end where there is none.
    """

    state: str
    ends: Ending | None
    progress: int
    stamps: tuple[tuple[Path, int], ...]
    reason: tuple[str, str] | None
    remaining: float


def observe(job: Job, now: float) -> Snapshot:
    """The job at a moment (Unix seconds): pure, for any moment whatever, and never going back as
    moments go on.
    """
    stages, created = job.plan.stages, job.created
    index, last = 0, len(stages) - 1
    # Ends are compared as moments, as the stamps are computed, so that rounding cannot set a stamp
    # in the future.
    while index < last and created + stages[index].until <= now:
        index += 1
    stage = stages[index]
    return Snapshot(
        state=stage.state,
        ends=stage.ends,
        progress=_progress(stage, now - created),
        stamps=tuple(
            [(at, floor(created + after)) for at, on, after in job.plan.stamps if on <= index]
        ),
        reason=job.plan.reason if stage.ends is Ending.FAILURE else None,
        remaining=0.0 if stage.ends else _remaining(job.plan, max(0.0, now - created)),
    )


def _remaining(plan: Plan, elapsed: float) -> float:
    remaining = max(0.0, plan.seconds - elapsed)
    return remaining if plan.ends else max(remaining, _PATIENCE)


def _progress(stage: Stage, elapsed: float) -> int:
    length = stage.until - stage.since
    if stage.start == stage.stop or not 0 < length < float("inf"):
        return stage.start
    share = (elapsed - stage.since) / length
    if not share > 0:  # also before the job was made, and for a moment that is no number
        return stage.start
    return min(stage.stop, stage.start + int((stage.stop - stage.start) * share))


# A job that never ends says again and again that it takes some seconds more.
_PATIENCE = 2.0
