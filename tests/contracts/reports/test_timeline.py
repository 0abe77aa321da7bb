"""Timelines of jobs, made from the responses that show them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.properties import strategies
from aisa_testkit.contracts.reports.timeline import job_timelines
from aisa_testkit.openapi import Call, Document, JobRole, Reply, load_document
from tests.support.operations import find_operation
from tests.support.scripted_client import exchanges_of_script

DOCUMENT = load_document()


def poll(
    document: Document, state: object, at: float, *, progress: object = 0, job: str = "video_1"
) -> Exchange:
    """A response that shows a job in this state."""
    body = {"id": job, "status": state, "progress": progress}
    reply = Reply(200, {"content-type": "application/json"}, orjson.dumps(body))
    call = Call(find_operation(document, JobRole.POLL).id, {"video_id": job})
    return read_exchange(document, call, reply, at=at)


def test_empty_history_has_no_timelines(document: Document) -> None:
    assert job_timelines(document, []) == ()


def test_timeline_has_the_state_changes_of_a_job(document: Document) -> None:
    states = ["queued", "queued", "in_progress", "in_progress", "completed", "completed"]
    (timeline,) = job_timelines(
        document, [poll(document, s, 100.0 + n) for n, s in enumerate(states)]
    )
    changes = [(change.state, change.seconds) for change in timeline.state_changes]
    assert changes == [("queued", 0.0), ("in_progress", 2.0), ("completed", 4.0)]
    assert (timeline.seconds, len(timeline.moments), len(timeline.state_changes)) == (5.0, 6, 3)


def test_state_that_returns_is_another_state_change(document: Document) -> None:
    states = ["completed", "in_progress", "completed"]
    (timeline,) = job_timelines(
        document, [poll(document, s, float(n)) for n, s in enumerate(states)]
    )
    assert [change.state for change in timeline.state_changes] == states


def test_timelines_are_in_the_order_of_first_responses(document: Document) -> None:
    history = [
        poll(document, "queued", 5.0, job="b"),
        poll(document, "queued", 7.0, job="a"),
        poll(document, "completed", 9.0, job="b"),
    ]
    b, a = job_timelines(document, history)
    assert (b.job_id, a.job_id) == ("b", "a")
    assert [(m.seconds, m.number) for m in b.moments] == [(0.0, 1), (4.0, 3)]
    assert [(m.seconds, m.number) for m in a.moments] == [(0.0, 2)]


@pytest.mark.parametrize("progress", [None, "50", True, [1], {}], ids=repr)
def test_progress_that_is_not_a_number_is_none(document: Document, progress: object) -> None:
    (timeline,) = job_timelines(document, [poll(document, "queued", 0.0, progress=progress)])
    assert timeline.moments[0].progress is None


@pytest.mark.parametrize("state", ["on fire", None, 5, ["queued"]], ids=repr)
def test_undocumented_state_is_left_out(document: Document, state: object) -> None:
    assert job_timelines(document, [poll(document, state, 0.0)]) == ()


def test_seconds_are_not_negative_if_the_clock_goes_back(document: Document) -> None:
    history = [poll(document, "queued", 9.0), poll(document, "completed", 5.0)]
    (timeline,) = job_timelines(document, history)
    assert [moment.seconds for moment in timeline.moments] == [0.0, 0.0]


def test_lists_and_errors_are_left_out(document: Document) -> None:
    history = exchanges_of_script(document, "create, poll other, wait, poll, list, drop, poll")
    (timeline,) = job_timelines(document, history)
    assert [moment.number for moment in timeline.moments] == [1, 3, 5]


def test_timeline_of_another_api(other_document: Document) -> None:
    (timeline,) = job_timelines(
        other_document, exchanges_of_script(other_document, "create, wait, poll")
    )
    assert len(timeline.state_changes) == 2


@given(st.data())
def test_moments_of_any_history_are_ordered_by_time(data: st.DataObject) -> None:
    history = data.draw(strategies.histories(DOCUMENT))
    (timeline,) = job_timelines(DOCUMENT, history)
    assert [m.number for m in timeline.moments] == list(range(1, len(history) + 1))
    assert [m.seconds for m in timeline.moments] == sorted(m.seconds for m in timeline.moments)
