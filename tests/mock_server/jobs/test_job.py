"""Properties of jobs at any moment, for any request and outcome of two documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf, nan, nextafter

import orjson
from aisa_testkit.mock_server.jobs.rendering import Renderer
from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.mock_server import Job, JobOutcome, observe, plan_progression
from aisa_testkit.openapi import Document, Ending, Lifecycle
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

VALUES: dict[str, list[Json]] = {
    "model": ["sora-2", "sora-2-pro"],
    "size": ["720x1280", "1280x720", "1024x1792", "1792x1024"],
    "seconds": ["4", "8", "12"],
    "quality": ["draft", "final"],
    "frames": list(range(1, 101)),
}
VALID_FIELDS = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in VALUES.items()}
    | {name: st.text(min_size=1) for name in ("prompt", "scene")}
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
INVALID_FIELDS = st.dictionaries(st.sampled_from([*VALUES, "prompt"]), JSON)
CREATED = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-9, 9) | st.floats(0, 1e10)


@dataclass(frozen=True)
class JobCase:
    """A job and its document."""

    document: Document
    job: Job

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return self.document.lifecycle

    @cached_property
    def states(self) -> list[str]:
        return [phase.state for phase in self.job.progression.phases]

    def moments(self) -> st.SearchStrategy[float]:
        """Any moment, most often one close to a change of state."""
        changes = [
            self.job.created,
            *[self.job.created + s.ends_after for s in self.job.progression.phases],
        ]
        near = [nextafter(change, towards) for change in changes for towards in (-inf, change, inf)]
        return st.sampled_from(near) | st.floats() | st.floats(-10, 1e5).map(changes[0].__add__)


@st.composite
def job_cases(
    draw: st.DrawFn,
    *documents: Document,
    fields: st.SearchStrategy[dict[str, Json]] = INVALID_FIELDS | VALID_FIELDS,
    created: st.SearchStrategy[float] = CREATED,
) -> JobCase:
    """Jobs of one of the documents, with any outcome and duration."""
    document = draw(st.sampled_from(documents))
    lifecycle = document.lifecycle
    ends = [name for name, state in lifecycle.states.items() if state.ends]
    outcome = draw(st.none() | st.sampled_from(ends))
    fails = outcome in lifecycle.final_states(Ending.FAILURE)
    chosen = draw(fields)
    progression = plan_progression(
        lifecycle,
        chosen,
        JobOutcome(
            outcome=outcome,
            code=draw(st.none() | st.text(min_size=1)) if fails else None,
            seconds=draw(st.none() | st.floats(0, 1e9)),
            scale=draw(st.floats(1e-3, 1e3)),
            expires=draw(st.none() | st.floats(0, 86_400)) if lifecycle.expiry_at else None,
        ),
    )
    source = draw(st.none() | st.text(min_size=1))
    return JobCase(document, Job("id", 0, draw(created), chosen, progression, source))


@settings(deadline=None)
@given(data=st.data())
def test_snapshot_is_as_the_document_declares(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    case = data.draw(job_cases(document, other_document))
    now = data.draw(case.moments())
    snapshot = observe(case.job, now)
    state = case.lifecycle.states[snapshot.state]
    entered = case.states[: case.states.index(snapshot.state) + 1]
    assert snapshot.ends is state.ends
    assert (snapshot.reason is not None) == (snapshot.ends is Ending.FAILURE)
    low, high = state.progress or (0, 100)
    assert low <= snapshot.progress <= high
    if case.lifecycle.progress_at:
        assert (snapshot.progress == 100) == (snapshot.ends is Ending.SUCCESS)
    declared = [timestamp for timestamp in case.lifecycle.timestamps if timestamp.set_on in entered]
    assert [at for at, _ in snapshot.timestamps] == [timestamp.at for timestamp in declared]
    latest_time = now if now > case.job.created else case.job.created
    for timestamp, (_, moment) in zip(declared, snapshot.timestamps, strict=True):
        assert type(moment) is int
        assert moment >= snapshot.timestamps[0][1]
        assert moment <= latest_time + timestamp.plus_seconds
    assert 0 <= snapshot.remaining_seconds <= case.job.progression.pending_seconds
    assert snapshot.ends is None or snapshot.remaining_seconds == 0


@settings(deadline=None)
@given(data=st.data())
def test_snapshots_never_go_back_over_time(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    case = data.draw(job_cases(document, other_document))
    moments = data.draw(st.lists(case.moments(), min_size=2, max_size=20))
    history = [observe(case.job, now) for now in sorted(now for now in moments if now == now)]
    for before, after in pairwise(history):
        assert case.states.index(before.state) <= case.states.index(after.state)
        assert before.progress <= after.progress
        assert before.remaining_seconds >= after.remaining_seconds
        assert after.timestamps[: len(before.timestamps)] == before.timestamps
        assert before.ends is None or after == before


@settings(deadline=None)
@given(data=st.data())
def test_jobs_use_declared_transitions_only(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    case = data.draw(job_cases(document, other_document))
    assert case.states[0] == case.lifecycle.initial
    for before, after in pairwise(case.states):
        assert after in case.lifecycle.states[before].next
    assert observe(case.job, -inf).state == observe(case.job, nan).state == case.states[0]
    assert observe(case.job, inf).state == case.states[-1]
    assert [case.lifecycle.states[name].ends is None for name in case.states] == [
        *[True] * (len(case.states) - 1),
        False,
    ]


@settings(deadline=None)
@given(data=st.data(), created=st.integers(0, 10**10), elapsed=st.integers(0, 10**8))
def test_remaining_seconds_are_exact(
    document: Document, other_document: Document, data: st.DataObject, created: int, elapsed: int
) -> None:
    case = data.draw(job_cases(document, other_document, created=st.just(float(created))))
    now = created + elapsed / 1000
    snapshot = observe(case.job, now)
    assert (snapshot.remaining_seconds == 0) == (snapshot.ends is not None)
    # A moment of these years is rounded to a few millionths of a second.
    assert observe(case.job, now + snapshot.remaining_seconds + 1e-5).ends is not None
    if snapshot.remaining_seconds > 1e-5:
        assert observe(case.job, now + snapshot.remaining_seconds - 1e-5).ends is None


@settings(deadline=None)
@given(data=st.data())
def test_rendered_jobs_conform_to_the_schema(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    case = data.draw(
        job_cases(document, other_document, fields=VALID_FIELDS, created=st.floats(0, 9e10))
    )
    renderer, lifecycle = Renderer(case.document), case.lifecycle
    first = renderer.render_job(case.job, observe(case.job, case.job.created))
    now = data.draw(case.moments())
    body = orjson.loads(orjson.dumps(renderer.render_job(case.job, observe(case.job, now))))
    assert [str(finding) for finding in case.document.job.errors(body)] == []
    assert get(body, lifecycle.id_at) == "id"
    for echo in lifecycle.echoes:
        assert get(body, echo.at) == case.job.fields[echo.field]
    for path in lifecycle.immutable:
        assert get(body, path) == get(first, path)
    if lifecycle.source_at:
        assert get(body, lifecycle.source_at) == case.job.source
