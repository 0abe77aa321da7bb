"""Charts of jobs, whose elements stay inside for any timeline."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts.reports.chart import (
    CHARACTER_WIDTH,
    HEIGHT,
    WIDTH,
    Chart,
    draw_chart,
)
from aisa_testkit.contracts.reports.timeline import Moment, Timeline
from aisa_testkit.openapi import Document, load_document
from tests.support.operations import only_kind

DOCUMENT = load_document()
STATES = st.sampled_from(sorted(only_kind(DOCUMENT).lifecycle.states))
PROGRESS = st.none() | st.floats(-1e9, 1e9) | st.integers(0, 100).map(float)


def timeline(*moments: tuple[float, str, float | None]) -> Timeline:
    """A timeline of seconds, state and progress."""
    moments_of_job = tuple(Moment(*m, number=n + 1) for n, m in enumerate(moments))
    return Timeline("video", "job", moments_of_job)


def meanings(chart: Chart) -> list[tuple[str, str]]:
    return [(band.state, band.meaning) for band in chart.bands]


def test_chart_has_a_band_for_each_state(document: Document) -> None:
    chart = draw_chart(
        document,
        timeline((0, "queued", 0), (5, "in_progress", 40), (10, "completed", 100)),
    )
    assert meanings(chart) == [
        ("queued", "pending"),
        ("in_progress", "pending"),
        ("completed", "success"),
    ]
    queued, running, done = chart.bands
    assert (queued.x, running.x) == (0.0, queued.width)
    assert done.width > 0
    assert [dot.y for dot in chart.dots] == [HEIGHT, HEIGHT * 0.6, 0.0]
    assert len(chart.line.split()) == 3


def test_failed_job_has_a_failure_band(document: Document) -> None:
    chart = draw_chart(document, timeline((0, "queued", 0), (3, "failed", 0)))
    assert meanings(chart)[-1] == ("failed", "failure")


@pytest.mark.parametrize("state", ["queued", "completed"])
def test_job_with_one_response_has_one_band_and_one_dot(document: Document, state: str) -> None:
    chart = draw_chart(document, timeline((0, state, 0)))
    assert [state for state, _ in meanings(chart)] == [state]
    assert (len(chart.dots), chart.dots[0].x) == (1, 0.0)
    assert chart.ticks[0].label == "0 s"


def test_missing_progress_has_no_dot(document: Document) -> None:
    chart = draw_chart(document, timeline((0, "queued", None), (4, "completed", 100)))
    assert [dot.label for dot in chart.dots] == ["no. 2, 4.0 s: completed, 100 %"]


def test_progress_out_of_range_stays_in_the_chart_with_its_number(
    document: Document,
) -> None:
    chart = draw_chart(document, timeline((0, "queued", -20), (4, "queued", 250)))
    assert [dot.y for dot in chart.dots] == [HEIGHT, 0.0]
    assert [dot.label.rpartition(", ")[2] for dot in chart.dots] == ["-20 %", "250 %"]


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.004, ["0 s", "0.001 s", "0.002 s", "0.003 s", "0.004 s"]),
        (10.0, ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]),
        (300.0, ["0 s", "50 s", "100 s", "150 s", "200 s", "250 s", "300 s"]),
    ],
    ids=["milliseconds", "seconds", "minutes"],
)
def test_time_axis_has_round_numbers(document: Document, seconds: float, labels: list[str]) -> None:
    chart = draw_chart(document, timeline((0, "queued", 0), (seconds, "completed", 100)))
    assert [tick.label for tick in chart.ticks] == labels


@pytest.mark.parametrize("seconds", [1e-9, 86400.0, 1e9, 7e10, 1e300], ids=repr)
def test_timeline_of_any_duration_can_be_drawn(document: Document, seconds: float) -> None:
    chart = draw_chart(document, timeline((0, "queued", 0), (seconds, "completed", 100)))
    assert 1 <= len(chart.ticks) <= 10


@given(st.lists(st.tuples(st.floats(0, 1e6), STATES, PROGRESS), min_size=1, max_size=12))
def test_every_element_stays_in_the_chart(moments: list[tuple[float, str, float | None]]) -> None:
    sorted_ = sorted(moments, key=lambda moment: moment[0])
    first = sorted_[0][0]
    chart = draw_chart(DOCUMENT, timeline(*((s - first, state, p) for s, state, p in sorted_)))
    assert all(band.width > 0 for band in chart.bands)
    assert all(0 <= band.x <= band.x + band.width <= WIDTH + 0.01 for band in chart.bands)
    assert all(a.x <= b.x for a, b in pairwise(chart.bands))
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in chart.dots)
    assert all(0 <= tick.x <= WIDTH for tick in chart.ticks)
    assert chart.labels[-1].state == chart.bands[-1].state
    starts = [label.x for label in chart.labels]
    ends = [label.x + len(label.state) * CHARACTER_WIDTH for label in chart.labels]
    assert all(end <= start for end, start in zip(ends, [*starts[1:], WIDTH], strict=True))
    assert 1 <= len(chart.ticks) <= 10
