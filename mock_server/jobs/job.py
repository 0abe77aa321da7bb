"""A job as an immutable record, and its state as a function of that record and a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from ...openapi.jobs import Meaning
from ...openapi.json import Json
from .progression import Phase, Progression


class Job(NamedTuple):
    """A job that was created by one request.

    Args:
        id: The id of the job.
        kind: The name of its kind.
        create: The id of the operation that created it.
        sequence: The position in the order of creation.
        created: The time of creation (Unix seconds).
        request: The values of the request that the job keeps, by place, such as "/prompt".
        progression: The future of the job.
        source: The id of the job that this one was made from.
        source_fields: The fields of that job that this one keeps, by pointer.
        owner: The API key of the request. Calls with other keys do not find the job.
        scenario: The name of its scenario, empty without one.
    """

    id: str
    kind: str
    create: str
    sequence: int
    created: float
    request: Mapping[str, Json]
    progression: Progression
    source: str | None = None
    source_fields: Mapping[str, Json] = MappingProxyType({})
    owner: str = ""
    scenario: str = ""

    def with_progression(self, progression: Progression) -> Job:
        """Return the same job with another future."""
        return self._replace(progression=progression)


@dataclass(slots=True)  # made and read for each response: a NamedTuple is slower to read
class Snapshot:
    """A job at one moment.

    Args:
        state: The name of its state.
        meaning: The meaning of the state.
        progress: The progress in per cent, a whole number.
        phase: The number of phases that the job has left behind.
        reason: The code and the message of a failure, None without one.
        remaining_seconds: The seconds until the job ends, 0 if it has ended; a small constant for
            a stalled job.
    """

    state: str
    meaning: Meaning
    progress: int
    phase: int
    reason: tuple[str, str] | None
    remaining_seconds: float

    @property
    def has_ended(self) -> bool:
        """True if the job stays in its state."""
        return self.meaning is not _PENDING


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
    pending = phase.meaning is _PENDING
    # By position, because a snapshot is made for every poll, and names would take time.
    return Snapshot(
        phase.state,
        phase.meaning,
        _progress(phase, elapsed),
        index,
        progression.reason if phase.meaning is _FAILURE else None,
        _remaining_seconds(phases[last], elapsed) if pending else 0.0,
    )


def _remaining_seconds(last: Phase, elapsed: float) -> float:
    """The seconds until the last phase starts, at least a constant if that is not final."""
    remaining = last.starts_after - max(0.0, elapsed)
    return max(remaining, _STALLED_SECONDS if last.meaning is _PENDING else 0.0)


def _progress(phase: Phase, elapsed: float) -> int:
    duration = phase.ends_after - phase.starts_after
    if phase.progress_from == phase.progress_to or not 0 < duration < float("inf"):
        return phase.progress_from
    share = (elapsed - phase.starts_after) / duration
    if not share > 0:  # before the job was created, or if the moment is not a number
        return phase.progress_from
    rise = int((phase.progress_to - phase.progress_from) * share)
    return min(phase.progress_to, phase.progress_from + rise)


# Look-ups of members at their class are slow.
_PENDING, _FAILURE = Meaning.PENDING, Meaning.FAILURE
# A stalled job always seems to end in so many seconds.
_STALLED_SECONDS = 2.0
