"""The progression of a job, planned when it is created: its phases, timestamps and outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from ...openapi.jobs import CreateOperation, FailureReason, JobKind, Lifecycle, Meaning, State
from ...openapi.json import Json
from .request_values import holds

MAX_SECONDS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """The outcome of one job, as far as it differs from the default of the document.

    Args:
        outcome: A final state, or success, failure or canceled for the first one that means that;
            by default success.
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


class Phase(NamedTuple):
    """The time that a job spends in one state.

    Progress rises evenly, and reaches `progress_to` only as the phase ends.

    Args:
        state: The name of the state.
        meaning: The meaning of the state.
        starts_after: The start in seconds after creation.
        ends_after: The end in seconds after creation; infinite for the last phase.
        progress_from: The progress at the start, in per cent.
        progress_to: The progress at the end, in per cent.
    """

    state: str
    meaning: Meaning
    starts_after: float
    ends_after: float
    progress_from: int
    progress_to: int


class Progression(NamedTuple):
    """The future of a job. Many jobs share one.

    Args:
        phases: The phases of the job, in their order.
        reason: The code and the message of a failure, None without one.
        expires_after: The seconds after creation until its files expire, if a scenario says so.
    """

    phases: tuple[Phase, ...]
    reason: tuple[str, str] | None
    expires_after: float | None = None

    @property
    def pending_seconds(self) -> float:
        """The seconds that the job is pending; for a stalled job, those that it seems to be."""
        return self.phases[-1].starts_after

    @property
    def ends(self) -> bool:
        """False if the job never ends."""
        return self.phases[-1].meaning is not Meaning.PENDING


class Planner:
    """Plans the progressions of the jobs of one kind.

    A progression depends on few values of the request. So jobs share it, and a store with a million
    jobs stays small.

    Args:
        kind: The kind of job.
    """

    def __init__(self, kind: JobKind) -> None:
        self._kind = kind
        self._progressions: dict[tuple[Json, ...], Progression] = {}
        self._creates = {create.operation.id: create for create in kind.creates}
        places = {str(p) for s in kind.lifecycle.states.values() for p in s.scale}
        places |= {
            str(place)
            for create in kind.creates
            for failure in create.failures
            if failure.when
            for place in failure.when.values
        }
        self._places = sorted(places)

    def plan(
        self, create: str, request: Mapping[str, Json], outcome: JobOutcome = DEFAULT_OUTCOME
    ) -> Progression:
        """Return the progression of a job.

        Args:
            create: The id of the operation that creates the job.
            request: The values of its request, by place.
            outcome: What differs from the usual progression.

        Raises ValueError if the outcome is invalid.
        """
        key: tuple[Json, ...] = (create, outcome, *map(request.get, self._places))
        try:
            progression = self._progressions.get(key)
        except TypeError:  # an array or an object
            key = tuple(map(repr, key))
            progression = self._progressions.get(key)
        if progression is None:
            progression = plan_progression(self._kind, self._creates[create], request, outcome)
            if len(self._progressions) > _MAX_CACHED_PROGRESSIONS:
                self._progressions.clear()
            self._progressions[key] = progression
        return progression


def plan_progression(
    kind: JobKind,
    create: CreateOperation,
    request: Mapping[str, Json],
    outcome: JobOutcome = DEFAULT_OUTCOME,
) -> Progression:
    """Return the progression of a job; the arguments are those of `Planner.plan`.

    Raises ValueError if the outcome is invalid.
    """
    _require_valid(kind, outcome)
    lifecycle = kind.lifecycle
    forced = _forced_failure(create, request) if outcome == DEFAULT_OUTCOME else None
    final_state = (
        final_state_of(lifecycle, outcome.outcome)
        if outcome.outcome
        else _usual_outcome(lifecycle, forced)
    )
    route = [lifecycle.states[name] for name in lifecycle.route_to(final_state)]
    phases = _phases(route, request, outcome)
    if outcome.stalls:
        last = phases[-2]
        phases[-1] = last._replace(
            starts_after=last.ends_after, ends_after=inf, progress_from=last.progress_to
        )
    return Progression(
        tuple(phases),
        None if outcome.stalls else _failure_reason(create, route[-1], outcome.code, forced),
        None if outcome.expires is None else phases[-1].starts_after + outcome.expires,
    )


def continue_to(
    progression: Progression, lifecycle: Lifecycle, state: str, *, elapsed: float
) -> Progression:
    """Return the progression of a job that leaves its state for another one now.

    Args:
        progression: The progression so far.
        lifecycle: The states of the kind.
        state: The name of the state that the job enters.
        elapsed: The seconds since its creation.
    """
    past = [phase for phase in progression.phases if phase.starts_after <= elapsed]
    phases = [*past[:-1], past[-1]._replace(ends_after=elapsed)]
    progress = past[-1].progress_to if past[-1].ends_after <= elapsed else past[-1].progress_from
    start, current = elapsed, lifecycle.states[state]
    while not current.meaning.is_terminal:
        end = start + current.seconds
        phases.append(Phase(current.name, current.meaning, start, end, progress, progress))
        start, current = end, lifecycle.states[current.next[0]]
    phases.append(Phase(current.name, current.meaning, start, inf, progress, progress))
    return Progression(tuple(phases), None)


def _usual_outcome(lifecycle: Lifecycle, forced: FailureReason | None) -> str:
    if forced is None:
        return lifecycle.named(Meaning.SUCCESS)[0]
    return failure_state(lifecycle, moderation=forced.moderation)


def final_state_of(lifecycle: Lifecycle, outcome: str) -> str:
    """Return the name of the final state that an outcome names, by its name or by its meaning."""
    if outcome not in lifecycle.states and outcome in _OUTCOMES:
        return next(iter(lifecycle.named(Meaning(outcome))), outcome)
    return outcome


def failure_state(lifecycle: Lifecycle, *, moderation: bool) -> str:
    """Return the state in which jobs fail; one for rejections by moderation, if there is one.

    Raises ValueError if the document has no failure state.
    """
    failures = [lifecycle.states[name] for name in lifecycle.named(Meaning.FAILURE)]
    fitting = [state.name for state in failures if state.moderation is moderation]
    if not failures:
        raise ValueError("this document has no failure state")
    return (fitting or [failures[0].name])[0]


def _forced_failure(create: CreateOperation, request: Mapping[str, Json]) -> FailureReason | None:
    """Return the failure that the document declares for a request; None if there is none."""
    return next((f for f in create.failures if f.when and holds(f.when, request)), None)


def _require_valid(kind: JobKind, outcome: JobOutcome) -> None:
    seconds, scale, expires = outcome.seconds, outcome.scale, outcome.expires
    if outcome.stalls and (outcome.outcome or outcome.code):
        raise ValueError("a job that stalls has no outcome and no code")
    if seconds is not None and (isinstance(seconds, str) or not 0 <= seconds <= MAX_SECONDS):
        raise ValueError(f"seconds must be 0 or more, not {seconds!r}, and at most {MAX_SECONDS:g}")
    if not 0 < scale <= MAX_SECONDS:
        raise ValueError(f"scale must be more than 0, not {scale!r}, and at most {MAX_SECONDS:g}")
    if expires is not None and not 0 <= expires <= MAX_SECONDS:
        raise ValueError(f"expires must be 0 or more, not {expires!r}, and at most {MAX_SECONDS:g}")
    if expires is not None and kind.expires_at is None and kind.expires_after is None:
        raise ValueError(f"expires: the files of a {kind.name} do not expire (x-jobs)")


def _phases(route: list[State], request: Mapping[str, Json], outcome: JobOutcome) -> list[Phase]:
    """The phases of a job that passes through these states."""
    phases: list[Phase] = []
    durations = _durations(route, request, outcome)
    elapsed, progress = 0.0, 0
    for state, seconds, end in zip(route, durations, _progress(route, durations), strict=True):
        start = progress if state is route[0] or end in (progress, 100) else max(1, progress)
        if state.meaning is not Meaning.PENDING:
            start = end = 100 if state.meaning is Meaning.SUCCESS else progress
        elif state is route[-2] and route[-1].meaning is not Meaning.SUCCESS:
            half = start + (end - start) // 2
            end = half if outcome.failed_at is None else max(start, outcome.failed_at)
        if outcome.jumps and state.meaning is Meaning.PENDING:
            start = end = progress
        phases.append(Phase(state.name, state.meaning, elapsed, elapsed + seconds, start, end))
        elapsed, progress = elapsed + seconds, end
    return phases


def _progress(route: list[State], durations: list[float]) -> list[int]:
    """The progress at the end of each state: 0 after the first one, then up to 99, then 100."""
    later = sum(durations[1:-1])
    progress, elapsed = [0], 0.0
    for seconds in durations[1:-1]:
        elapsed += seconds
        progress.append(round(99 * elapsed / later) if later else 0)
    if len(route) == 2:  # one pending state, in which all progress is made
        progress = [99]
    return [*progress, 100]


def _durations(route: list[State], request: Mapping[str, Json], outcome: JobOutcome) -> list[float]:
    """The seconds in each state; the last one lasts infinitely."""
    durations = [state.seconds * _scale(state, request) * outcome.scale for state in route[:-1]]
    if route[-1].meaning is not Meaning.SUCCESS:
        durations[-1] /= 2
    total = sum(durations)
    if outcome.seconds is not None:
        durations = [
            seconds * outcome.seconds / total if total else outcome.seconds / len(durations)
            for seconds in durations
        ]
    return [*durations, inf]


def _scale(state: State, request: Mapping[str, Json]) -> float:
    """The factor for the seconds in a state that the values of the request cause."""
    scale = 1.0
    for place, factors in state.scale.items():
        scale *= factors.get(str(request.get(str(place))), 1.0)
    return scale


def _failure_reason(
    create: CreateOperation, final: State, code: str | None, forced: FailureReason | None
) -> tuple[str, str] | None:
    if forced is not None:
        return forced.code, forced.message
    reasons = {failure.code: failure.message for failure in reversed(create.failures)}
    if final.meaning is not Meaning.FAILURE:
        if code is not None:
            raise ValueError(f"a job that ends as {final.name!r} has no failure code {code!r}")
        return None
    code = code or (create.failures[0].code if create.failures else "")
    return code, reasons.get(code, f"The job failed: {code}.")


_OUTCOMES = (Meaning.SUCCESS, Meaning.FAILURE, Meaning.CANCELED)
_MAX_CACHED_PROGRESSIONS = 1000
