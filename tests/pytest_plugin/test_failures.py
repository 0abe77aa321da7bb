"""What pytest shows of a failure: one line, its location, and no code of the plugin."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.support.plugin_project import TEST_STYLES, Run

WRONG_TYPE = """
import pytest
from program import create
from aisa_testkit.pytest_plugin import mock_videos

def test_fixture(video_mock):
    create(video_mock, seconds=5)

def test_block():
    with mock_videos() as mock:
        create(mock, seconds=5)
"""
SUMMARY = "AV704 createVideo seconds: 5, expected one of '4', '8', '12'"


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """pytest cuts lines at the width of the terminal."""
    monkeypatch.setenv("COLUMNS", "200")


def last_lines(result: pytest.RunResult) -> list[str]:
    """Return the lines about failures at the end of a run, without the names of the tests."""
    return [
        line.partition(" - ")[2] for line in result.outlines if line.startswith(("FAILED", "ERROR"))
    ]


@pytest.mark.parametrize("workers", ["0", "1"], ids=["one process", "xdist"])
def test_last_lines_and_locations_name_the_violation_and_the_test(run: Run, workers: str) -> None:
    result = run(WRONG_TYPE, "-n", workers, "--tb=line", "--junitxml=junit.xml")
    result.assert_outcomes(failed=2)
    assert last_lines(result) == [SUMMARY, SUMMARY]
    result.stdout.fnmatch_lines_random(
        [f"*test_program.py:5: {SUMMARY}", f"*test_program.py:9: {SUMMARY}"]
    )
    failures = ElementTree.parse("junit.xml").iter("failure")
    assert [failure.get("message") for failure in failures] == [SUMMARY, SUMMARY]


def test_last_line_counts_further_violations(run: Run) -> None:
    result = run(
        """
        from program import create, send

        def test_it(video_mock):
            create(video_mock, seconds=5)
            send("GET", video_mock.base_url + "/video")
            send("GET", video_mock.base_url + "/vide")
        """
    )
    assert last_lines(result) == [f"{SUMMARY} (and 2 more)"]


def test_last_line_of_other_failures_at_the_end_of_a_test(run: Run) -> None:
    result = run(
        """
        import pytest
        from program import send

        @pytest.mark.video_mock(no_requests="fail")
        def test_unused(video_mock):
            pass

        def test_warning(video_mock):
            send("GET", video_mock.base_url + "/videos?colour=blue")

        @pytest.fixture
        def late(video_mock):
            yield
            send("GET", video_mock.base_url + "/video")

        def test_teardown(late):
            pass
        """,
        *("-W", "error", "--tb=line"),
    )
    unused, warning, teardown = last_lines(result)
    assert unused.startswith("UnusedMockError: no request has reached the mock of AIsa Videos 1.0")
    assert warning == "AV707 listVideos colour: a value, expected only limit, after, order"
    assert teardown.startswith("AV701 GET /v1/video: the path has /video where /videos is expected")
    result.stdout.fnmatch_lines(
        [f"*test_program.py:4: {unused}*", f"*test_program.py:8: {warning}"]
    )


@TEST_STYLES
def test_infinite_loop_ends_at_the_program(run: Run, head: str) -> None:
    source = f"""
import unittest
import httpx2
import pytest
from program import KEY, create

{head}
        video_mock.next_job(outcome="failed")
        job = create(video_mock).json()["id"]
        with httpx2.Client(headers=KEY) as client:
            while True:
                client.get(video_mock.base_url + "/videos/" + job)
"""
    result = run(source)
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    line = (
        source.strip()
        .splitlines()
        .index('                client.get(video_mock.base_url + "/videos/" + job)')
    )
    assert f"\ntest_program.py:{line + 1}: InfiniteLoop\n" in text
    assert "httpx2/_client.py" not in text
    assert "pytest_plugin/" not in text
    (last_line,) = last_lines(result)
    assert last_line.startswith("InfiniteLoop: getVideo for video_")


def test_full_trace_shows_the_code_of_the_plugin(run: Run) -> None:
    result = run(WRONG_TYPE, "--full-trace")
    result.assert_outcomes(failed=2)
    assert "fixtures.py" in result.stdout.str()
    assert last_lines(result) == [SUMMARY, SUMMARY]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_simulated_network_errors_are_shown_at_the_program(run: Run, library: str) -> None:
    result = run(
        f"""
        import asyncio
        from {library} import AsyncClient, Client
        import pytest
        from program import KEY

        def test_reset(video_mock):
            video_mock.fault("createVideo", reset="before")
            with Client(headers=KEY) as client:
                client.post(video_mock.base_url + "/videos", json={{"prompt": "x"}})

        async def make_clip(url):
            async with AsyncClient(headers=KEY, timeout=5) as client:
                await client.post(url, json={{"prompt": "x"}})

        @pytest.mark.video_mock(clock="program")
        def test_timeout(video_mock):
            video_mock.fault("createVideo", latency=90)
            asyncio.run(make_clip(video_mock.base_url + "/videos"))

        def test_cut(video_mock):
            video_mock.fault("listVideos", cut=0.5)
            with Client(headers=KEY) as client:
                client.get(video_mock.base_url + "/videos")
        """
    )
    result.assert_outcomes(failed=3)
    places = {9: "ReadError", 13: "ReadTimeout", 23: "RemoteProtocolError"}
    result.stdout.fnmatch_lines([f"test_program.py:{n}: {name}" for n, name in places.items()])
    text = result.stdout.str()
    assert "site-packages" not in text
    assert "pytest_plugin/" not in text
    assert "direct cause" not in text


def test_blocked_connections_are_shown_at_the_program(run: Run) -> None:
    result = run(
        """
        import socket
        import httpx2

        def test_request(video_mock):
            httpx2.get("https://elsewhere.invalid/")

        def test_connection(video_mock):
            socket.create_connection(("elsewhere.invalid", 443))
        """,
        ini="video_other_hosts = fail",
    )
    result.assert_outcomes(failed=2)
    lines = ["test_program.py:5: ConnectError", "test_program.py:8: ConnectionRefusedError"]
    result.stdout.fnmatch_lines(lines)
    assert "pytest_plugin/" not in result.stdout.str()


def test_error_of_a_side_effect_is_shown_where_it_was_raised(run: Run) -> None:
    result = run(
        """
        import httpx
        import httpx2

        def time_out(request):
            raise httpx.ReadTimeout("too late")

        def test_it(video_mock):
            video_mock.routes["createVideo"].side_effect = time_out
            httpx2.post(video_mock.base_url + "/videos")
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test_program.py:5: ReadTimeout"])
    assert last_lines(result) == ["httpx2.ReadTimeout: too late"]
    assert "pytest_plugin/" not in result.stdout.str()


def test_internal_error_keeps_its_traceback(run: Run) -> None:
    result = run(
        """
        import httpx2

        def test_it(video_mock):
            video_mock.service.answer = None
            httpx2.post(video_mock.base_url + "/videos")
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*mock_server/endpoint.py:*: TypeError"])
