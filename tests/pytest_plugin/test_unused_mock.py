"""Tests that pass although no request has reached their mock."""

from __future__ import annotations

from typing import Any

import pytest

from aisa_testkit.pytest_plugin import UnusedMockError, mock_videos, serve_videos
from tests.support.plugin_project import Run

TESTS = """
import pytest
from program import create

{mark}
@pytest.mark.parametrize("fixture", ["video_mock", "video_server"])
def test_unused(request, fixture):
    request.getfixturevalue(fixture)

{mark}
def test_used(video_mock):
    create(video_mock)
    video_mock.reset()

def test_without_a_mock():
    pass
"""
MESSAGE = "no request has reached the mock of AIsa Videos 1.0.0: the test checks nothing"


def test_unused_mocks_are_advice(run: Run) -> None:
    result = run(TESTS.format(mark=""))
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "advice: no request has reached a mock of 2 tests that passed, such as"
            " test_program.py::test_unused?video_mock?;"
            " video_no_requests = fail makes this an error"
        ]
    )


@pytest.mark.parametrize(
    ("ini", "mark"),
    [
        ("video_no_requests = fail", ""),
        ("", "@pytest.mark.video_mock(no_requests='fail')"),
        ("video_no_requests = pass", "@pytest.mark.video_mock(no_requests='fail')"),
    ],
    ids=["ini file", "marker", "marker over ini file"],
)
def test_unused_mocks_are_errors_on_request(run: Run, ini: str, mark: str) -> None:
    result = run(TESTS.format(mark=mark), ini=ini)
    result.assert_outcomes(passed=2, failed=2)
    assert result.stdout.str().count(f"\n{MESSAGE}") == 2
    assert "advice:" not in result.stdout.str()


@pytest.mark.parametrize("end", ["assert False", "pytest.skip()", "pytest.xfail()"])
def test_tests_that_do_not_pass_get_no_advice(run: Run, end: str) -> None:
    result = run(f"import pytest\ndef test_it(video_mock):\n    {end}\n", "--no-header")
    assert "no request has reached" not in result.stdout.str()


def test_tests_without_checks_get_no_advice(run: Run) -> None:
    result = run(TESTS.format(mark="@pytest.mark.video_mock(check=False, no_requests='fail')"))
    result.assert_outcomes(passed=4)
    assert "no request has reached" not in result.stdout.str()


def test_advice_of_one_test(run: Run) -> None:
    result = run("def test_it(video_mock):\n    pass\n")
    assert "a mock of 1 test that passed, such as test_program.py::test_it;" in result.stdout.str()


@pytest.mark.parametrize("open_mock", [mock_videos, serve_videos])
def test_block_without_requests_is_an_error_on_request(open_mock: Any) -> None:
    with open_mock():
        pass
    with pytest.raises(UnusedMockError, match=MESSAGE), open_mock(no_requests="fail"):
        pass


def test_error_of_the_block_is_not_replaced() -> None:
    with pytest.raises(KeyError), mock_videos(no_requests="fail"):
        raise KeyError
