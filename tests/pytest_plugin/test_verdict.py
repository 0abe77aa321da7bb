"""The verdict in a test, and advice, which never fails a test."""

from __future__ import annotations

import pytest

from tests.support.plugin_project import Run


@pytest.mark.parametrize("fixture", ["video_mock", "video_server"])
def test_careful_client_gets_a_clean_verdict(run: Run, fixture: str) -> None:
    result = run(
        f"""
from program import create, poll

def test_it({fixture}):
    job = create({fixture}).json()["id"]
    while poll({fixture}, job) != "completed":
        pass
    assert {fixture}.verdict.clean
    text, count = str({fixture}.verdict), len({fixture}.requests)
    assert text == f"clean: {{count}} requests, 1 job, no findings"
"""
    )
    result.assert_outcomes(passed=1)


def test_advice_is_only_in_the_verdict(run: Run) -> None:
    result = run(
        """
from aisa_testkit.contracts import Severity
from program import create

def test_it(video_mock):
    create(video_mock)
    (finding,) = video_mock.verdict.findings
    assert finding.first.severity is Severity.ADVICE
    assert [v.code for v in video_mock.contract.violations] == [finding.first.code] == ["AV736"]
    video_mock.contract.verify()
    print(video_mock.verdict)
""",
        "-s",
        "-W",
        "error",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*1 finding in 1 request", "AV736 orphaned job"])


def test_failed_test_does_not_report_advice(run: Run) -> None:
    result = run(
        """
from program import create

def test_it(video_mock):
    create(video_mock)
    create(video_mock, seconds="5")
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*AV736*")
    result.stdout.fnmatch_lines(["AV705*"])


def test_verdict_covers_the_requests_since_the_last_reset(run: Run) -> None:
    result = run(
        """
import pytest
from program import create, send

@pytest.mark.video_mock(allow="AV707")
def test_it(video_mock):
    send("GET", video_mock.base_url + "/videos?colour=red")
    assert [f.first.code for f in video_mock.verdict.findings] == ["AV707"]
    video_mock.reset()
    assert video_mock.verdict.seen == 0
    send("GET", video_mock.base_url + "/videos")
    assert video_mock.verdict.clean
"""
    )
    result.assert_outcomes(passed=1)


def test_sleep_by_the_clock_sets_the_client_time(run: Run) -> None:
    result = run(
        """
from program import create, poll

def test_it(video_mock):
    job = create(video_mock).json()["id"]
    poll(video_mock, job)
    assert [r.client_time for r in video_mock.requests] == [None, None]
    video_mock.clock.sleep(30)
    assert poll(video_mock, job) == "completed"
    assert [r.client_time for r in video_mock.requests] == [0.0, 0.0, 30.0]
"""
    )
    result.assert_outcomes(passed=1)


def test_journal_keeps_more_than_a_thousand_requests(run: Run) -> None:
    result = run(
        """
import httpx2
from program import KEY

def test_it(video_mock):
    with httpx2.Client(base_url=video_mock.base_url, headers=KEY) as client:
        for number in range(1100):
            client.get(f"/videos?limit={number % 100}")
            video_mock.clock.advance(1)
    verdict = video_mock.verdict
    assert (verdict.seen, verdict.judged, verdict.forgotten) == (1100, 1100, False)
"""
    )
    result.assert_outcomes(passed=1)
