"""The timeline of a job as a drawing: its states as bands, its progress as a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...openapi import Document, Ending
from .timeline import Timeline

WIDTH, HEIGHT = 720.0, 150.0


@dataclass(frozen=True, slots=True)
class Band:
    """A state from one moment to the next, in pixels; `kind` is how it ends, or that it goes on."""

    x: float
    width: float
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis of time."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One answer, and what it said."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that there is to draw for a job. `line` are the points of its progress, for SVG."""

    job_id: str
    bands: tuple[Band, ...]
    dots: tuple[Dot, ...]
    line: str
    ticks: tuple[Tick, ...]


def draw_chart(document: Document, timeline: Timeline) -> Chart:
    """The drawing of a timeline, WIDTH by HEIGHT pixels, progress from 0 to 100 per cent."""
    end = timeline.seconds or 1.0
    dots = tuple(_dots(timeline, end))
    return Chart(
        job_id=timeline.job_id,
        bands=tuple(_bands(document, timeline, end)),
        dots=dots,
        line=" ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in dots),
        ticks=tuple(_ticks(end)),
    )


def _bands(document: Document, timeline: Timeline, end: float) -> Iterator[Band]:
    starts = [stage.seconds for stage in timeline.state_changes]
    for stage, until in zip(timeline.state_changes, [*starts[1:], end], strict=True):
        x = _x(stage.seconds, end)
        ends = document.lifecycle.states[stage.state].ends
        kind = "success" if ends is Ending.SUCCESS else "failure" if ends else "pending"
        # A last state has no length; a narrow band shows that it was there.
        yield Band(x, max(_NARROW, _x(until, end) - x), stage.state, kind)


def _dots(timeline: Timeline, end: float) -> Iterator[Dot]:
    for moment in timeline.moments:
        if moment.progress is not None:
            y = HEIGHT * (1 - min(max(moment.progress, 0.0), 100.0) / 100)
            label = f"no. {moment.number}, {moment.seconds:.1f} s: {moment.state}"
            yield Dot(_x(moment.seconds, end), y, f"{label}, {moment.progress:g} %")


def _ticks(end: float) -> Iterator[Tick]:
    step = next((s for s in _STEPS if end / s <= _MOST_TICKS), end / _MOST_TICKS)
    for number in range(int(end / step) + 1):
        yield Tick(_x(number * step, end), f"{number * step:g} s")


def _x(seconds: float, end: float) -> float:
    return (WIDTH - _NARROW) * seconds / end


_NARROW = 14.0
_MOST_TICKS = 8
_STEPS = [digit * 10.0**power for power in range(-3, 9) for digit in (1, 2, 5)]
