"""The life of each job, put together from the answers that showed it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.properties import strategies
from aisa_testkit.contracts.reports.timeline import job_timelines
from aisa_testkit.openapi import Call, Document, JobRole, Reply, load_document

DOCUMENT = load_document()


def poll(
    document: Document, state: object, at: float, *, progress: object = 0, job: str = "video_1"
) -> Exchange:
    """An answer that shows a job so."""
    body = {"id": job, "status": state, "progress": progress}
    reply = Reply(200, {"content-type": "application/json"}, orjson.dumps(body))
    call = Call(document.by_role[JobRole.RETRIEVE].id, {"video_id": job})
    return read_exchange(document, call, reply, at=at)


def test_no_history_has_no_job(document: Document) -> None:
    assert job_timelines(document, []) == ()


def test_a_job_is_told_by_its_stages(document: Document) -> None:
    states = ["queued", "queued", "in_progress", "in_progress", "completed", "completed"]
    (line,) = job_timelines(document, [poll(document, s, 100.0 + n) for n, s in enumerate(states)])
    seen = [(stage.state, stage.seconds) for stage in line.state_changes]
    assert seen == [("queued", 0.0), ("in_progress", 2.0), ("completed", 4.0)]
    assert (line.seconds, len(line.moments), len(line.state_changes)) == (5.0, 6, 3)


def test_a_state_that_comes_back_is_a_stage_again(document: Document) -> None:
    states = ["completed", "in_progress", "completed"]
    (line,) = job_timelines(document, [poll(document, s, float(n)) for n, s in enumerate(states)])
    assert [stage.state for stage in line.state_changes] == states


def test_jobs_are_apart_and_in_the_order_in_which_they_were_seen(document: Document) -> None:
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
def test_progress_that_is_no_number_is_none(document: Document, progress: object) -> None:
    (line,) = job_timelines(document, [poll(document, "queued", 0.0, progress=progress)])
    assert line.moments[0].progress is None


@pytest.mark.parametrize("state", ["on fire", None, 5, ["queued"]], ids=repr)
def test_a_state_that_nobody_knows_is_no_moment(document: Document, state: object) -> None:
    assert job_timelines(document, [poll(document, state, 0.0)]) == ()


def test_a_clock_that_went_back_makes_no_time_before_the_first(document: Document) -> None:
    history = [poll(document, "queued", 9.0), poll(document, "completed", 5.0)]
    (line,) = job_timelines(document, history)
    assert [moment.seconds for moment in line.moments] == [0.0, 0.0]


def test_lists_and_refusals_are_no_moments(
    document: Document, play: Callable[[Document, str], Sequence[Exchange]]
) -> None:
    history = play(document, "create, poll other, wait, poll, list, drop, poll")
    (line,) = job_timelines(document, history)
    assert [moment.number for moment in line.moments] == [1, 3, 5]


def test_another_api_has_timelines_as_well(
    other_document: Document, play: Callable[[Document, str], Sequence[Exchange]]
) -> None:
    (line,) = job_timelines(other_document, play(other_document, "create, wait, poll"))
    assert len(line.state_changes) == 2


@given(st.data())
def test_any_life_is_told_in_the_order_of_time(data: st.DataObject) -> None:
    history = data.draw(strategies.histories(DOCUMENT))
    (line,) = job_timelines(DOCUMENT, history)
    assert [m.number for m in line.moments] == list(range(1, len(history) + 1))
    assert [m.seconds for m in line.moments] == sorted(m.seconds for m in line.moments)
