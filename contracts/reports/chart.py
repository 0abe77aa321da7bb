"""Charts of the timelines of jobs: states as bands, and progress as a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...openapi import Document
from .timeline import Timeline

WIDTH, HEIGHT = 720.0, 150.0
CHARACTER_WIDTH = 7.0
"""The width of a character of a label with the widest common fonts."""


@dataclass(frozen=True, slots=True)
class Band:
    """A state of the job, in pixels.

    meaning: the meaning of the state: "pending", "success", "failure" or "canceled"
    """

    x: float
    width: float
    state: str
    meaning: str


@dataclass(frozen=True, slots=True)
class StateLabel:
    """The name of a state above its band, in pixels; x is where the text starts."""

    x: float
    state: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the time axis, in pixels."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One response, in pixels, with its number, time, state and progress as a label."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The chart of one job.

    kind: the name of the kind of job
    job_id: the id of the job
    bands: the states of the job
    labels: the names of the states that have room, the last state among them
    dots: the responses that contain the progress
    line: the points of the progress, as SVG writes them
    ticks: the marks of the time axis
    """

    kind: str
    job_id: str
    bands: tuple[Band, ...]
    labels: tuple[StateLabel, ...]
    dots: tuple[Dot, ...]
    line: str
    ticks: tuple[Tick, ...]


def draw_chart(document: Document, timeline: Timeline) -> Chart:
    """Return the chart of a timeline, WIDTH by HEIGHT pixels, progress from 0 to 100 per cent."""
    end = timeline.seconds or 1.0
    dots, bands = tuple(_dots(timeline, end)), tuple(_bands(document, timeline, end))
    return Chart(
        kind=timeline.kind,
        job_id=timeline.job_id,
        bands=bands,
        labels=tuple(reversed([*_labels(bands)])),
        dots=dots,
        line=" ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in dots),
        ticks=tuple(_ticks(end)),
    )


def _bands(document: Document, timeline: Timeline, end: float) -> Iterator[Band]:
    states = document.kinds[timeline.kind].lifecycle.states
    # The last state has no duration, but must be visible.
    starts = [_x(change.seconds, end) for change in timeline.state_changes]
    for change, x, until in zip(timeline.state_changes, starts, [*starts[1:], WIDTH], strict=True):
        meaning = states[change.state].meaning
        yield Band(x, max(_MIN_BAND_WIDTH, until - x), change.state, meaning.value)


def _labels(bands: Sequence[Band]) -> Iterator[StateLabel]:
    """Yield the labels from the last to the first, without those that would reach the next one."""
    limit = WIDTH
    for band in reversed(bands):
        width = len(band.state) * CHARACTER_WIDTH
        x = band.x + _LABEL_GAP
        if band is bands[-1]:  # it may start before its band
            x = max(0.0, min(x, WIDTH - width))
        if x + width <= limit or band is bands[-1]:
            yield StateLabel(x, band.state)
            limit = x - _LABEL_GAP


def _dots(timeline: Timeline, end: float) -> Iterator[Dot]:
    for moment in timeline.moments:
        if moment.progress is not None:
            y = HEIGHT * (1 - min(max(moment.progress, 0.0), 100.0) / 100)
            label = f"no. {moment.number}, {moment.seconds:.1f} s: {moment.state}"
            yield Dot(_x(moment.seconds, end), y, f"{label}, {moment.progress:g} %")


def _ticks(end: float) -> Iterator[Tick]:
    step = next((s for s in _ROUND_STEPS if end / s <= _MAX_TICKS), end / _MAX_TICKS)
    for number in range(int(end / step) + 1):
        yield Tick(_x(number * step, end), f"{number * step:g} s")


def _x(seconds: float, end: float) -> float:
    return (WIDTH - _MIN_BAND_WIDTH) * seconds / end


_MIN_BAND_WIDTH, _LABEL_GAP = 14.0, 5.0
_MAX_TICKS = 8
_ROUND_STEPS = [digit * 10.0**power for power in range(-3, 9) for digit in (1, 2, 5)]
