"""Properties of jobs at any moment, for any request and outcome of two documents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import floor, inf, nan, nextafter

from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.mock_server import Job, JobOutcome, JobService, ManualClock, observe
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.jobs import JobKind, Meaning, Part
from aisa_testkit.openapi.jobs.sources import FromRequest, FromSource, Moment
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get
from tests.support.operations import id_in, only_kind
from tests.support.planned_jobs import planned_job

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
    def kind(self) -> JobKind:
        return only_kind(self.document)

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
    kind = only_kind(document)
    ends = [state.name for state in kind.lifecycle.of_job() if state.meaning.is_terminal]
    outcome = draw(st.none() | st.sampled_from(ends))
    fails = outcome in kind.lifecycle.named(Meaning.FAILURE)
    job = planned_job(
        document,
        "id",
        created=draw(created),
        request={f"/{name}": value for name, value in draw(fields).items()},
        outcome=JobOutcome(
            outcome=outcome,
            code=draw(st.none() | st.text(min_size=1)) if fails else None,
            seconds=draw(st.none() | st.floats(0, 1e9)),
            scale=draw(st.floats(1e-3, 1e3)),
            expires=draw(st.none() | st.floats(0, 86_400)) if kind.expires_at else None,
        ),
        source=draw(st.none() | st.text(min_size=1)),
    )
    return JobCase(document, job)


@settings(deadline=None)
@given(data=st.data())
def test_snapshot_is_as_the_document_declares(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    case = data.draw(job_cases(document, other_document))
    now = data.draw(case.moments())
    snapshot = observe(case.job, now)
    assert snapshot.meaning is case.kind.lifecycle.states[snapshot.state].meaning
    assert snapshot.has_ended is snapshot.meaning.is_terminal
    assert case.states[snapshot.phase] == snapshot.state
    assert (snapshot.reason is not None) == (snapshot.meaning is Meaning.FAILURE)
    assert 0 <= snapshot.progress <= 100
    assert (snapshot.progress == 100) == (snapshot.meaning is Meaning.SUCCESS)
    if snapshot.state == case.kind.lifecycle.initial.name and len(case.states) > 2:
        assert snapshot.progress == 0
    assert 0 <= snapshot.remaining_seconds <= case.job.progression.pending_seconds
    assert not snapshot.has_ended or snapshot.remaining_seconds == 0


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
        assert not before.has_ended or after == before


@settings(deadline=None)
@given(data=st.data())
def test_jobs_use_declared_transitions_only(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    case = data.draw(job_cases(document, other_document))
    assert case.states[0] == case.kind.lifecycle.initial.name
    for before, after in pairwise(case.states):
        assert after in case.kind.lifecycle.states[before].next
    assert observe(case.job, -inf).state == observe(case.job, nan).state == case.states[0]
    assert observe(case.job, inf).state == case.states[-1]
    assert [
        case.kind.lifecycle.states[name].meaning is Meaning.PENDING for name in case.states
    ] == [
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
    assert (snapshot.remaining_seconds == 0) == snapshot.has_ended
    # A moment of these years is rounded to a few millionths of a second.
    assert observe(case.job, now + snapshot.remaining_seconds + 1e-5).has_ended
    if snapshot.remaining_seconds > 1e-5:
        assert not observe(case.job, now + snapshot.remaining_seconds - 1e-5).has_ended


@settings(deadline=None)
@given(data=st.data(), elapsed=st.lists(st.floats(0, 1e5), min_size=2, max_size=5))
def test_reported_jobs_conform_to_the_schema_and_keep_their_fields(
    document: Document, other_document: Document, data: st.DataObject, elapsed: list[float]
) -> None:
    case = data.draw(
        job_cases(document, other_document, fields=VALID_FIELDS, created=st.floats(0, 9e9))
    )
    schema = case.kind.creates[0].poll.operation.success.content["application/json"]
    assert schema
    clock = ManualClock(start=case.job.created)
    service = JobService(case.document, clock=clock)
    history = []
    for moment in sorted(elapsed):
        clock.advance(max(0.0, case.job.created + moment - clock.now()))
        history.append(service.describe(case.job))
        assert [str(error) for error in schema.errors(history[-1])] == []
        assert id_in(case.document, history[-1]) == "id"
        for field in case.kind.fields:
            if isinstance(field.source, FromRequest):
                assert (
                    get(history[-1], field.place.path) == case.job.request[str(field.source.place)]
                )
            if isinstance(field.source, FromSource):
                assert get(history[-1], field.place.path) == case.job.source
    for field in case.kind.fields:
        if isinstance(field.source, Moment) and field.place.part is Part.BODY:
            check_times(
                [get(view, field.place.path) for view in history], field.source, case, clock
            )


def check_times(times: list[Json], source: Moment, case: JobCase, clock: ManualClock) -> None:
    """A time is a whole number of seconds that is set once, not before it has come."""
    known = [moment for moment in times if moment is not None]
    assert times == [*[None] * (len(times) - len(known)), *known]
    assert len({*known}) <= 1
    for moment in known:
        assert type(moment) is int
        assert moment >= floor(case.job.created)
        assert moment <= clock.now() + source.plus_seconds
