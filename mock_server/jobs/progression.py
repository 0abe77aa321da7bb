"""The progression of a job, planned when it is created: its phases, timestamps and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from ...openapi import Ending, Lifecycle, State
from ...openapi.json import Json
from ...openapi.pointer import Path

MAX_SECONDS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """The outcome of one job, as far as it differs from the default of the document.

    Args:
        outcome: A final state of the document; by default the first one that means success.
        code: The reason of a failure; by default the first one of the document.
        seconds: The seconds that the job is pending in all.
        scale: A factor for the seconds that the job is pending.
        stalls: True if the job never ends.
        jumps: True if the job shows no progress before it ends.
        expires: The seconds from the end of the job until its files expire.
        failed_at: The progress in per cent at which the job fails; by default half of it.
    """

    outcome: str | None = None
    code: str | None = None
    seconds: float | None = None
    scale: float = 1.0
    stalls: bool = False
    jumps: bool = False
    expires: float | None = None
    failed_at: int | None = None


DEFAULT_OUTCOME = JobOutcome()


@dataclass(frozen=True, slots=True)
class Phase:
    """The time that a job spends in one state.

    Progress rises evenly, and reaches `progress_to` only as the phase ends.

    Args:
        state: The state of the job.
        ends: The kind of ending, None if the state is not final.
        starts_after: The start in seconds after creation.
        ends_after: The end in seconds after creation; infinite for the last phase.
        progress_from: The progress at the start, in per cent.
        progress_to: The progress at the end, in per cent.
    """

    state: str
    ends: Ending | None
    starts_after: float
    ends_after: float
    progress_from: int
    progress_to: int


@dataclass(frozen=True, slots=True)
class Progression:
    """The future of a job. Many jobs share one.

    Args:
        phases: The phases of the job, in their order.
        timestamps: The timestamps that the job will have: the field, the index of the phase that
            sets it, and its value in seconds after creation.
        reason: The code and the message of a failure, None without one.
    """

    phases: tuple[Phase, ...]
    timestamps: tuple[tuple[Path, int, float], ...]
    reason: tuple[str, str] | None

    @property
    def pending_seconds(self) -> float:
        """The seconds that the job is pending; for a stalled job, those that it seems to be."""
        return self.phases[-1].starts_after

    @property
    def ends(self) -> Ending | None:
        """The kind of ending, None if the job never ends."""
        return self.phases[-1].ends


class Planner:
    """Plans the progressions of jobs.

    A progression depends on few fields of the request. So jobs share it, and a store with a million
    jobs stays small.

    Args:
        lifecycle: The lifecycle of the document.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._progressions: dict[tuple[Json, ...], Progression] = {}
        self._scaled = sorted({name for state in lifecycle.states.values() for name in state.scale})

    def plan(
        self, fields: Mapping[str, Json], outcome: JobOutcome = DEFAULT_OUTCOME
    ) -> Progression:
        """Return the progression of a job with these request fields.

        Raises ValueError if the outcome is invalid.
        """
        key = (outcome, *map(fields.get, self._scaled))
        progression = self._progressions.get(key)
        if progression is None:
            progression = plan_progression(self._lifecycle, fields, outcome)
            if len(self._progressions) > _MAX_CACHED_PROGRESSIONS:
                self._progressions.clear()
            self._progressions[key] = progression
        return progression


def plan_progression(
    lifecycle: Lifecycle, fields: Mapping[str, Json], outcome: JobOutcome = DEFAULT_OUTCOME
) -> Progression:
    """Return the progression of a job with these request fields.

    Raises ValueError if the outcome is invalid.
    """
    _require_valid(lifecycle, outcome)
    final_state = outcome.outcome or lifecycle.final_states(Ending.SUCCESS)[0]
    route = [lifecycle.states[name] for name in lifecycle.route_to(final_state)]
    phases = _phases(route, fields, outcome)
    if outcome.stalls:
        last = phases[-2]
        phases[-1] = replace(
            last, starts_after=last.ends_after, ends_after=inf, progress_from=last.progress_to
        )
    return Progression(
        tuple(phases),
        _timestamps(lifecycle, phases, outcome.expires),
        None if outcome.stalls else _failure_reason(lifecycle, route[-1], outcome.code),
    )


def _require_valid(lifecycle: Lifecycle, outcome: JobOutcome) -> None:
    seconds, scale, expires = outcome.seconds, outcome.scale, outcome.expires
    if outcome.stalls and (outcome.outcome or outcome.code):
        raise ValueError("a job that stalls has no outcome and no code")
    if seconds is not None and (isinstance(seconds, str) or not 0 <= seconds <= MAX_SECONDS):
        raise ValueError(f"seconds must be 0 or more, not {seconds!r}, and at most {MAX_SECONDS:g}")
    if not 0 < scale <= MAX_SECONDS:
        raise ValueError(f"scale must be more than 0, not {scale!r}, and at most {MAX_SECONDS:g}")
    if expires is not None and not 0 <= expires <= MAX_SECONDS:
        raise ValueError(f"expires must be 0 or more, not {expires!r}, and at most {MAX_SECONDS:g}")
    if expires is not None and lifecycle.expiry_at is None:
        raise ValueError("expires: the document names no place for it (x-lifecycle/expiry)")


def _phases(route: list[State], fields: Mapping[str, Json], outcome: JobOutcome) -> list[Phase]:
    """The phases of a job that passes through these states."""
    phases: list[Phase] = []
    elapsed, progress = 0.0, 0
    for state, seconds in zip(route, _durations(route, fields, outcome), strict=True):
        start, end = state.progress or (progress, progress)
        if state is route[-2] and route[-1].ends is Ending.FAILURE:
            half = start + (end - start) // 2
            end = half if outcome.failed_at is None else max(start, outcome.failed_at)
        if outcome.jumps and not state.ends:
            start = end = progress
        phases.append(Phase(state.name, state.ends, elapsed, elapsed + seconds, start, end))
        elapsed, progress = elapsed + seconds, end
    return phases


def _durations(route: list[State], fields: Mapping[str, Json], outcome: JobOutcome) -> list[float]:
    """The seconds in each state; the last one lasts infinitely."""
    durations = [state.seconds * _scale(state, fields) * outcome.scale for state in route[:-1]]
    if route[-1].ends is Ending.FAILURE:
        durations[-1] /= 2
    total = sum(durations)
    if outcome.seconds is not None:
        durations = [
            seconds * outcome.seconds / total if total else outcome.seconds / len(durations)
            for seconds in durations
        ]
    return [*durations, inf]


def _scale(state: State, fields: Mapping[str, Json]) -> float:
    """The factor for the seconds in a state that the request fields cause."""
    scale = 1.0
    for name, factors in state.scale.items():
        scale *= factors.get(str(fields.get(name)), 1.0)
    return scale


def _timestamps(
    lifecycle: Lifecycle, phases: list[Phase], expires: float | None
) -> tuple[tuple[Path, int, float], ...]:
    # A stalled job has two phases in its last state, but enters the state once.
    index_of = {phases[index].state: index for index in reversed(range(len(phases)))}
    return tuple(
        (
            timestamp.at,
            index_of[timestamp.set_on],
            phases[index_of[timestamp.counted_from]].starts_after + timestamp.plus_seconds
            if expires is None or timestamp.at != lifecycle.expiry_at
            else phases[-1].starts_after + expires,
        )
        for timestamp in lifecycle.timestamps
        if timestamp.set_on in index_of and timestamp.counted_from in index_of
    )


def _failure_reason(lifecycle: Lifecycle, final: State, code: str | None) -> tuple[str, str] | None:
    reasons = lifecycle.failure.reasons if lifecycle.failure else {}
    if final.ends is not Ending.FAILURE:
        if code is not None:
            raise ValueError(f"a job that ends as {final.name!r} has no failure code {code!r}")
        return None
    code = code or next(iter(reasons), "")
    return code, reasons.get(code, f"The job failed: {code}.")


_MAX_CACHED_PROGRESSIONS = 1000
