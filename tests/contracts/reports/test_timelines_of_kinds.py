"""Timelines, charts and coverage of several kinds of jobs in one document."""

from __future__ import annotations

import orjson

from aisa_testkit.contracts import Coverage, CoverageGroup, Exchange
from aisa_testkit.contracts.reports.chart import draw_chart
from aisa_testkit.contracts.reports.timeline import job_timelines
from aisa_testkit.openapi import Document, load_document
from tests.support.documents import WORKSHOP
from tests.support.journaled_mock import JournaledMock

JOBS = (("orderPrint", "lookUp"), ("orderPoster", "lookUp"), ("startCast", "readCast"))


def history() -> tuple[Document, list[Exchange]]:
    """A print, a poster and a cast, each polled in its first and its last state."""
    mock = JournaledMock(load_document(WORKSHOP))
    polls = []
    for create, poll in JOBS:
        body = orjson.loads(mock.send(create, fields={"subject": "a ship"}).body)
        job_id = body["data"]["ticket"] if "data" in body else body["id"]
        polls.append((poll, job_id))
    for _ in range(2):
        for poll, job_id in polls:
            mock.send(poll, job_id=job_id, query=(("ticket", job_id),) * (poll == "lookUp"))
        mock.clock.advance(60)
    requests = mock.journal.log.requests
    return mock.document, [item for item in requests if isinstance(item, Exchange)]


def test_each_job_has_the_timeline_of_its_kind() -> None:
    document, exchanges = history()
    timelines = {t.kind: t for t in job_timelines(document, exchanges)}
    states = {kind: [m.state for m in t.state_changes] for kind, t in timelines.items()}
    assert states == {
        "print": ["waiting", "printed"],
        "poster": ["waiting", "hung"],
        "cast": ["running", "whole"],
    }
    assert [m.progress for m in timelines["print"].moments] == [0, 100]


def test_bands_have_the_meanings_of_the_kind() -> None:
    document, exchanges = history()
    charts = [draw_chart(document, t) for t in job_timelines(document, exchanges)]
    assert {chart.kind: [band.meaning for band in chart.bands] for chart in charts} == {
        "print": ["pending", "success"],
        "poster": ["pending", "success"],
        "cast": ["pending", "success"],
    }


def test_states_are_covered_by_kind() -> None:
    document, exchanges = history()
    coverage = Coverage.of(document)
    coverage.observe(document, exchanges)
    states = {str(i): n for i, n in coverage.hits.items() if i.group is CoverageGroup.STATES and n}
    assert states == {
        "print waiting": 1,
        "print printed": 1,
        "poster waiting": 1,
        "poster hung": 1,
        "cast running": 2,
        "cast whole": 1,
    }
