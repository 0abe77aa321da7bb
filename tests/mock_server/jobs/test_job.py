"""Jobs at any moment whatever: for any request, outcome and length, of either document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import inf, nan, nextafter

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.mock_server import Job, JobOutcome, observe, plan_progression
from aisa_testkit.mock_server.jobs.rendering import Renderer
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
PROPER = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in VALUES.items()}
    | {name: st.text(min_size=1) for name in ("prompt", "scene")}
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
IMPROPER = st.dictionaries(st.sampled_from([*VALUES, "prompt"]), JSON)
CREATED = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-9, 9) | st.floats(0, 1e10)


@dataclass(frozen=True)
class Life:
    """A job, and the document that it obeys."""

    document: Document
    job: Job

    @cached_property
    def lifecycle(self) -> Lifecycle:
        return self.document.lifecycle

    @cached_property
    def states(self) -> list[str]:
        return [stage.state for stage in self.job.progression.phases]

    def moments(self) -> st.SearchStrategy[float]:
        """Any moment, and more often one close to a change of state."""
        changes = [
            self.job.created,
            *[self.job.created + s.ends_after for s in self.job.progression.phases],
        ]
        near = [nextafter(change, towards) for change in changes for towards in (-inf, change, inf)]
        return st.sampled_from(near) | st.floats() | st.floats(-10, 1e5).map(changes[0].__add__)


@st.composite
def lives(
    draw: st.DrawFn,
    *documents: Document,
    fields: st.SearchStrategy[dict[str, Json]] = IMPROPER | PROPER,
    created: st.SearchStrategy[float] = CREATED,
) -> Life:
    """Jobs of one of the documents, with any outcome and any length."""
    document = draw(st.sampled_from(documents))
    lifecycle = document.lifecycle
    ends = [name for name, state in lifecycle.states.items() if state.ends]
    outcome = draw(st.none() | st.sampled_from(ends))
    fails = outcome in lifecycle.final_states(Ending.FAILURE)
    chosen = draw(fields)
    plan = plan_progression(
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
    return Life(document, Job("id", 0, draw(created), chosen, plan, source))


@settings(deadline=None)
@given(data=st.data())
def test_at_any_moment_a_job_is_as_its_document_declares(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    life = data.draw(lives(document, other_document))
    now = data.draw(life.moments())
    seen = observe(life.job, now)
    state = life.lifecycle.states[seen.state]
    visited = life.states[: life.states.index(seen.state) + 1]
    assert seen.ends is state.ends
    assert (seen.reason is not None) == (seen.ends is Ending.FAILURE)
    low, high = state.progress or (0, 100)
    assert low <= seen.progress <= high
    if life.lifecycle.progress_at:
        assert (seen.progress == 100) == (seen.ends is Ending.SUCCESS)
    declared = [stamp for stamp in life.lifecycle.timestamps if stamp.set_on in visited]
    assert [at for at, _ in seen.stamps] == [stamp.at for stamp in declared]
    latest = now if now > life.job.created else life.job.created
    for stamp, (_, moment) in zip(declared, seen.stamps, strict=True):
        assert type(moment) is int
        assert moment >= seen.stamps[0][1]
        assert moment <= latest + stamp.plus_seconds
    assert 0 <= seen.remaining_seconds <= life.job.progression.pending_seconds
    assert seen.ends is None or seen.remaining_seconds == 0


@settings(deadline=None)
@given(data=st.data())
def test_as_moments_go_on_nothing_about_a_job_goes_back(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    life = data.draw(lives(document, other_document))
    moments = data.draw(st.lists(life.moments(), min_size=2, max_size=20))
    history = [observe(life.job, now) for now in sorted(now for now in moments if now == now)]
    for before, after in pairwise(history):
        assert life.states.index(before.state) <= life.states.index(after.state)
        assert before.progress <= after.progress
        assert before.remaining_seconds >= after.remaining_seconds
        assert after.stamps[: len(before.stamps)] == before.stamps
        assert before.ends is None or after == before


@settings(deadline=None)
@given(data=st.data())
def test_a_job_goes_from_its_initial_to_a_final_state_by_declared_steps_alone(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    life = data.draw(lives(document, other_document))
    assert life.states[0] == life.lifecycle.initial
    for before, after in pairwise(life.states):
        assert after in life.lifecycle.states[before].next
    assert observe(life.job, -inf).state == observe(life.job, nan).state == life.states[0]
    assert observe(life.job, inf).state == life.states[-1]
    assert [life.lifecycle.states[name].ends is None for name in life.states] == [
        *[True] * (len(life.states) - 1),
        False,
    ]


@settings(deadline=None)
@given(data=st.data(), created=st.integers(0, 10**10), elapsed=st.integers(0, 10**8))
def test_a_pending_job_has_some_time_left_and_that_much_later_it_has_ended(
    document: Document, other_document: Document, data: st.DataObject, created: int, elapsed: int
) -> None:
    life = data.draw(lives(document, other_document, created=st.just(float(created))))
    now = created + elapsed / 1000
    seen = observe(life.job, now)
    assert (seen.remaining_seconds == 0) == (seen.ends is not None)
    # A moment of these years is rounded to a few millionths of a second.
    assert observe(life.job, now + seen.remaining_seconds + 1e-5).ends is not None
    if seen.remaining_seconds > 1e-5:
        assert observe(life.job, now + seen.remaining_seconds - 1e-5).ends is None


@settings(deadline=None)
@given(data=st.data())
def test_at_any_moment_a_job_is_shown_as_the_schema_of_its_document_demands(
    document: Document, other_document: Document, data: st.DataObject
) -> None:
    life = data.draw(lives(document, other_document, fields=PROPER, created=st.floats(0, 9e10)))
    renderer, lifecycle = Renderer(life.document), life.lifecycle
    first = renderer.render_job(life.job, observe(life.job, life.job.created))
    now = data.draw(life.moments())
    body = orjson.loads(orjson.dumps(renderer.render_job(life.job, observe(life.job, now))))
    assert [str(finding) for finding in life.document.job.errors(body)] == []
    assert get(body, lifecycle.id_at) == "id"
    for echo in lifecycle.echoes:
        assert get(body, echo.at) == life.job.fields[echo.field]
    for path in lifecycle.immutable:
        assert get(body, path) == get(first, path)
    if lifecycle.source_at:
        assert get(body, lifecycle.source_at) == life.job.source
