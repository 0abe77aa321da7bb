"""A job as an unchanging record, and its state as a function of that record and a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from ..openapi import Ending, Lifecycle, State
from ..openapi.json import Json
from ..openapi.pointer import Path

LONGEST_SECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of a job's life. `until` is its end in seconds after creation, infinite for the
    last stage.

    Progress rises from `start` to `stop` per cent over the stage, so that `stop` is reached only as
    the stage ends.
    """

    state: str
    ends: Ending | None
    since: float
    until: float
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to happen to a job. Many jobs share one. `reason` is the code and the words of
    a failure.
    """

    stages: tuple[Stage, ...]
    stamps: tuple[tuple[Path, int, float], ...]
    reason: tuple[str, str] | None

    @property
    def seconds(self) -> float:
        """How long the job is pending, in seconds."""
        return self.stages[-1].since


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted create. `created` is Unix time, `sequence` the order of creation, `source` the
    id of a remix's source, `owner` the key that it was made with: nobody else's calls reach it.
    """

    id: str
    sequence: int
    created: float
    fields: Mapping[str, Json]
    plan: Plan
    source: str | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A job at one moment.

    `stamps` are the moments set so far, in Unix seconds; `remaining` the seconds until the job
    ends, 0 when it has.
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
        remaining=0.0 if stage.ends else max(0.0, job.plan.seconds - max(0.0, now - created)),
    )


def _progress(stage: Stage, elapsed: float) -> int:
    length = stage.until - stage.since
    if stage.start == stage.stop or not 0 < length < float("inf"):
        return stage.start
    share = (elapsed - stage.since) / length
    if not share > 0:  # also before the job was made, and for a moment that is no number
        return stage.start
    return min(stage.stop, stage.start + int((stage.stop - stage.start) * share))


def make_plan(
    lifecycle: Lifecycle,
    fields: Mapping[str, Json],
    *,
    outcome: str | None = None,
    code: str | None = None,
    seconds: float | None = None,
) -> Plan:
    """The plan of a job with these request fields.

    `outcome` is a final state (by default the first that means success), `code` the reason of a
    failure, `seconds` how long the job is pending in all (by default as the document says). Raises
    ValueError for an outcome or a code that cannot be.
    """
    outcome = outcome or lifecycle.endings(Ending.SUCCESS)[0]
    route = [lifecycle.states[name] for name in lifecycle.route_to(outcome)]
    lengths = _lengths(route, fields, seconds=seconds)
    stages: list[Stage] = []
    since, reached = 0.0, 0
    for state, length in zip(route, lengths, strict=True):
        start, stop = state.progress or (reached, reached)
        if state is route[-2] and route[-1].ends is Ending.FAILURE:
            stop = start + (stop - start) // 2  # a job that fails does so half-way
        stages.append(Stage(state.name, state.ends, since, since + length, start, stop))
        since, reached = since + length, stop
    return Plan(tuple(stages), _stamps(lifecycle, stages), _reason(lifecycle, route[-1], code))


def _lengths(
    route: list[State], fields: Mapping[str, Json], *, seconds: float | None
) -> list[float]:
    nominal = [state.seconds * _factor(state, fields) for state in route[:-1]]
    if route[-1].ends is Ending.FAILURE:
        nominal[-1] /= 2
    total = sum(nominal)
    if seconds is not None:
        if not 0 <= seconds <= LONGEST_SECONDS:
            raise ValueError(
                f"seconds must be 0 or more, not {seconds!r}, and at most {LONGEST_SECONDS:g}"
            )
        nominal = [
            length * seconds / total if total else seconds / len(nominal) for length in nominal
        ]
    return [*nominal, float("inf")]


def _factor(state: State, fields: Mapping[str, Json]) -> float:
    factor = 1.0
    for name, factors in state.scale.items():
        factor *= factors.get(str(fields.get(name)), 1.0)
    return factor


def _stamps(lifecycle: Lifecycle, stages: list[Stage]) -> tuple[tuple[Path, int, float], ...]:
    """The stamps that this route sets: where, from which stage on, and how many seconds after
    creation they lie.
    """
    place = {stage.state: index for index, stage in enumerate(stages)}
    return tuple(
        (
            stamp.at,
            place[stamp.set_on],
            stages[place[stamp.counted_from]].since + stamp.plus_seconds,
        )
        for stamp in lifecycle.stamps
        if stamp.set_on in place and stamp.counted_from in place
    )


def _reason(lifecycle: Lifecycle, last: State, code: str | None) -> tuple[str, str] | None:
    reasons = lifecycle.failure.reasons if lifecycle.failure else {}
    if last.ends is not Ending.FAILURE:
        if code is not None:
            raise ValueError(f"a job that ends as {last.name!r} has no failure code {code!r}")
        return None
    code = code or next(iter(reasons), "")
    return code, reasons.get(code, f"The job failed: {code}.")
