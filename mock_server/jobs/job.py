"""A job as an immutable record, and its state as a function of that record and a moment."""

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
    """A job that was created by one request.

    Args:
        id: The id of the job, with the prefix of the document.
        sequence: The position in the order of creation.
        created: The time of creation (Unix seconds).
        fields: The request fields that the job keeps.
        progression: The future of the job.
        source: The id of the job that this one is a remix of.
        owner: The API key of the request. Calls with other keys do not find the job.
        scenario: The name of its scenario, empty without one.
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

    Args:
        state: The state of the job.
        ends: The kind of ending, None while the job is pending.
        progress: The progress in per cent.
        timestamps: The timestamps that are set so far: the field and its value (Unix seconds).
        reason: The code and the message of a failure, None without one.
        remaining_seconds: The seconds until the job ends, 0 if it has ended; a small constant for
            a stalled job.
    """

    state: str
    ends: Ending | None
    progress: int
    timestamps: tuple[tuple[Path, int], ...]
    reason: tuple[str, str] | None
    remaining_seconds: float


def observe(job: Job, now: float) -> Snapshot:
    """Return the job at a moment (Unix seconds).

    The function is pure and accepts any moment. A later moment never shows an earlier state.
    """
    progression, created, index = job.progression, job.created, 0
    phases, last = progression.phases, len(progression.phases) - 1
    # Moments are compared in the same way as timestamps are computed, so that rounding cannot set a
    # timestamp in the future.
    while index < last and created + phases[index].ends_after <= now:
        index += 1
    phase, elapsed = phases[index], now - created
    # By position, because a snapshot is made for every poll, and names would take time.
    return Snapshot(
        phase.state,
        phase.ends,
        _progress(phase, elapsed),
        tuple(
            [
                (at, floor(created + after))
                for at, on, after in progression.timestamps
                if on <= index
            ]
        ),
        progression.reason if phase.ends is Ending.FAILURE else None,
        0.0 if phase.ends else _remaining_seconds(phases[last], elapsed),
    )


def _remaining_seconds(last: Phase, elapsed: float) -> float:
    """The seconds until the last phase starts, at least a constant if that is not final."""
    remaining = last.starts_after - max(0.0, elapsed)
    return max(remaining, 0.0 if last.ends else _STALLED_SECONDS)


def _progress(phase: Phase, elapsed: float) -> int:
    duration = phase.ends_after - phase.starts_after
    if phase.progress_from == phase.progress_to or not 0 < duration < float("inf"):
        return phase.progress_from
    share = (elapsed - phase.starts_after) / duration
    if not share > 0:  # before the job was created, or if the moment is not a number
        return phase.progress_from
    rise = int((phase.progress_to - phase.progress_from) * share)
    return min(phase.progress_to, phase.progress_from + rise)


# A stalled job always seems to end in so many seconds.
_STALLED_SECONDS = 2.0
