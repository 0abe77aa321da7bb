"""A job as an unchanging record, and its state as a function of that record and a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import NamedTuple

from ...openapi import Ending
from ...openapi.json import Json
from ...openapi.pointer import Path
from .progression import Phase, Progression


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
    progression: Progression
    source: str | None = None
    owner: str = ""
    scenario: str = ""


class Snapshot(NamedTuple):
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
    plan, created, index = job.progression, job.created, 0
    stages, last = plan.phases, len(plan.phases) - 1
    # Ends are compared as moments, as the stamps are computed, so that rounding cannot set a stamp
    # in the future.
    while index < last and created + stages[index].until <= now:
        index += 1
    stage, elapsed = stages[index], now - created
    # By position: one is made for every poll, and names would take time.
    return Snapshot(
        stage.state,
        stage.ends,
        _progress(stage, elapsed),
        tuple([(at, floor(created + after)) for at, on, after in plan.stamps if on <= index]),
        plan.reason if stage.ends is Ending.FAILURE else None,
        0.0 if stage.ends else _remaining(stages[last], elapsed),
    )


def _remaining(last: Phase, elapsed: float) -> float:
    """The seconds until the last stage begins; of one that is no end it only seems to be near."""
    remaining = last.since - max(0.0, elapsed)
    return max(remaining, 0.0 if last.ends else _PATIENCE)


def _progress(stage: Phase, elapsed: float) -> int:
    length = stage.until - stage.since
    if stage.start == stage.stop or not 0 < length < float("inf"):
        return stage.start
    share = (elapsed - stage.since) / length
    if not share > 0:  # also before the job was made, and for a moment that is no number
        return stage.start
    return min(stage.stop, stage.start + int((stage.stop - stage.start) * share))


# A job that never ends says again and again that it takes some seconds more.
_PATIENCE = 2.0
