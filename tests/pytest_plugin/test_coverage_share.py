"""The minimum contract coverage of a run."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Coverage
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.documents import RENDERINGS
from tests.support.plugin_project import STRICT_INI

# This test exercises two items: an operation and a response.
ONE = """
import httpx

def test_one(video_mock):
    key = {"Authorization": "Bearer sk-test"}
    assert httpx.get(f"{video_mock.base_url}/videos", headers=key).status_code == 200
"""
# This test exercises five items: an operation, a response, a state, a field and its value.
OTHER = f"""
import httpx, pytest

@pytest.mark.video_mock(document={str(RENDERINGS)!r})
def test_other(video_mock):
    body = {{"scene": "A teapot", "quality": "final"}}
    url, key = f"{{video_mock.base_url}}/renderings", {{"X-Render-Key": "k"}}
    assert httpx.post(url, json=body, headers=key).status_code == 202
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with one test, which lists the videos."""
    pytester.makefile(".ini", pytest=STRICT_INI)
    pytester.makepyfile(test_one=ONE)
    return pytester


def percent_of(document: Document, covered: int) -> float:
    """Return the coverage of a number of items, in per cent."""
    return 100 * covered / len(Coverage.of(document).hits)


def test_coverage_below_the_minimum_fails_the_run(
    project: pytest.Pytester, document: Document
) -> None:
    # Never rounded up: 100 per cent means that nothing is missing.
    percent = f"{int(10 * percent_of(document, 2)) / 10:.1f} %"
    result = project.runpytest_inprocess("--video-coverage-fail-under=90.5")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            f"  total * 2 of * {percent}",
            f"contract coverage of AIsa Videos 1.0.0 is {percent}, but must be at least 90.5 %",
        ]
    )


def test_coverage_equal_to_the_minimum_passes(project: pytest.Pytester, document: Document) -> None:
    percent = percent_of(document, 2)
    for minimum, code in ((0, 0), (percent, 0), (percent + 1e-9, pytest.ExitCode.TESTS_FAILED)):
        result = project.runpytest_inprocess(
            "--video-coverage", "--video-coverage-fail-under", f"{minimum:.15g}"
        )
        assert (result.ret, "must be at least" in str(result.stdout)) == (code, code != 0)


def test_failed_run_also_reports_too_low_coverage(project: pytest.Pytester) -> None:
    project.makepyfile(test_two="def test_two():\n    assert 0")
    result = project.runpytest_inprocess("--video-coverage-fail-under=100")
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*but must be at least 100 %"])


def test_run_without_tests_keeps_its_exit_code(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--video-coverage-fail-under=50", "-k", "no_such_test")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_run_without_a_mock_has_no_coverage(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(test_one="def test_one():\n    pass")
    assert project.runpytest_inprocess("--video-coverage-fail-under=0").ret == 0
    strict = project.runpytest_inprocess("--video-coverage-fail-under=1")
    assert strict.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("percent", ["-1", "100.5", "nan", "inf", "ninety"])
def test_invalid_minimum_is_a_usage_error(project: pytest.Pytester, percent: str) -> None:
    result = project.runpytest_inprocess(f"--video-coverage-fail-under={percent}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    expected = (
        "*argument --video-coverage-fail-under: invalid float value: 'ninety'"
        if percent == "ninety"
        else f"ERROR: --video-coverage-fail-under must be from 0 to 100 per cent, not {percent}"
    )
    result.stderr.fnmatch_lines([expected])
    assert "passed" not in str(result.stdout)


def test_minimum_applies_to_each_document(
    project: pytest.Pytester, document: Document, other_document: Document
) -> None:
    project.makepyfile(test_other=OTHER)
    percents = {
        f"{document.title} {document.version}": percent_of(document, 2),
        f"{other_document.title} {other_document.version}": percent_of(other_document, 5),
    }
    lower, higher = sorted(percents, key=lambda title: percents[title])
    minimum = (percents[lower] + percents[higher]) / 2
    result = project.runpytest_inprocess(
        "--video-coverage=c.json", f"--video-coverage-fail-under={minimum}"
    )
    result.assert_outcomes(passed=2)
    data: Json = orjson.loads((project.path / "c.json").read_bytes())
    found = {coverage["title"]: coverage["percent"] for coverage in data["coverage"]}
    assert found == {title: round(percent, 2) for title, percent in percents.items()}
    assert {f"contract coverage of {title}" for title in percents} <= {*result.outlines}
    (message,) = (line for line in result.outlines if "must be at least" in line)
    assert message.startswith(f"contract coverage of {lower} is ")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
