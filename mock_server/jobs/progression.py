"""What is to become of a job, and the plan that is made of it: stages and stamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from ...openapi import Ending, Lifecycle, State
from ...openapi.json import Json
from ...openapi.pointer import Path

LONGEST_SECONDS = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """What is to become of one job, where that differs from what the document calls usual.

    `outcome` is a final state of the document, by default the first that means success; `code` the
    reason of a failure. `seconds` is how long the job is pending in all, `scale` how many times as
    long as usual. A job that `stalls` never ends, one that `jumps` shows no progress before its
    end. `expires` is how many seconds after its end its files go, `reached` the per cent of the
    work that was done when it fails, by default half of it.
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
class Progression:
    """What is going to happen to a job. Many jobs share one. `reason` is the code and the words of
    a failure.
    """

    phases: tuple[Phase, ...]
    stamps: tuple[tuple[Path, int, float], ...]
    reason: tuple[str, str] | None

    @property
    def seconds(self) -> float:
        """How long the job is pending, in seconds; how long it seems to go on, if it never ends."""
        return self.phases[-1].since

    @property
    def ends(self) -> Ending | None:
        """How the job ends, None if it never does."""
        return self.phases[-1].ends


def plan_progression(
    lifecycle: Lifecycle, fields: Mapping[str, Json], fate: JobOutcome = DEFAULT_OUTCOME
) -> Progression:
    """The plan of a job with these request fields; raises ValueError for a fate that cannot be."""
    _require_possible(lifecycle, fate)
    outcome = fate.outcome or lifecycle.endings(Ending.SUCCESS)[0]
    route = [lifecycle.states[name] for name in lifecycle.route_to(outcome)]
    lengths = _lengths(route, fields, fate)
    stages: list[Phase] = []
    since, reached = 0.0, 0
    for state, length in zip(route, lengths, strict=True):
        start, stop = state.progress or (reached, reached)
        if state is route[-2] and route[-1].ends is Ending.FAILURE:
            half = start + (stop - start) // 2  # a job that fails does so half-way
            stop = half if fate.failed_at is None else max(start, fate.failed_at)
        if fate.jumps and not state.ends:
            start = stop = reached
        stages.append(Phase(state.name, state.ends, since, since + length, start, stop))
        since, reached = since + length, stop
    if fate.stalls:
        last = stages[-2]
        stages[-1] = replace(last, since=last.until, until=inf, start=last.stop)
    return Progression(
        tuple(stages),
        _stamps(lifecycle, stages, fate.expires),
        None if fate.stalls else _reason(lifecycle, route[-1], fate.code),
    )


def _require_possible(lifecycle: Lifecycle, fate: JobOutcome) -> None:
    seconds, scale, expires = fate.seconds, fate.scale, fate.expires
    if fate.stalls and (fate.outcome or fate.code):
        raise ValueError("a job that stalls has no outcome and no code")
    if seconds is not None and not 0 <= seconds <= LONGEST_SECONDS:
        raise ValueError(
            f"seconds must be 0 or more, not {seconds!r}, and at most {LONGEST_SECONDS:g}"
        )
    if not 0 < scale <= LONGEST_SECONDS:
        raise ValueError(
            f"scale must be more than 0, not {scale!r}, and at most {LONGEST_SECONDS:g}"
        )
    if expires is not None and not 0 <= expires <= LONGEST_SECONDS:
        raise ValueError(
            f"expires must be 0 or more, not {expires!r}, and at most {LONGEST_SECONDS:g}"
        )
    if expires is not None and lifecycle.expiry_at is None:
        raise ValueError("expires: the document names no place for it (x-lifecycle/expiry)")


def _lengths(route: list[State], fields: Mapping[str, Json], fate: JobOutcome) -> list[float]:
    nominal = [state.seconds * _factor(state, fields) * fate.scale for state in route[:-1]]
    if route[-1].ends is Ending.FAILURE:
        nominal[-1] /= 2
    total = sum(nominal)
    if fate.seconds is not None:
        nominal = [
            length * fate.seconds / total if total else fate.seconds / len(nominal)
            for length in nominal
        ]
    return [*nominal, inf]


def _factor(state: State, fields: Mapping[str, Json]) -> float:
    factor = 1.0
    for name, factors in state.scale.items():
        factor *= factors.get(str(fields.get(name)), 1.0)
    return factor


def _stamps(
    lifecycle: Lifecycle, stages: list[Phase], expires: float | None
) -> tuple[tuple[Path, int, float], ...]:
    """The stamps that this route sets: where, from which stage on, and how many seconds after
    creation they lie.
    """
    # A job that stalls is twice in its last state; it enters it once.
    place = {stages[index].state: index for index in reversed(range(len(stages)))}
    return tuple(
        (
            stamp.at,
            place[stamp.set_on],
            stages[place[stamp.counted_from]].since + stamp.plus_seconds
            if expires is None or stamp.at != lifecycle.expiry_at
            else stages[-1].since + expires,
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
