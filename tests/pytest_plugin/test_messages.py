"""What a test is told of a broken contract, to the letter."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.support.documents import RENDERINGS

Run = Callable[..., pytest.RunResult]


WRONG_ENUM = """\
AV705: the code under test broke the contract of AIsa Videos 1.0.0

AV705 value not allowed
  request   POST /v1/videos (createVideo), no. 1
  field     seconds
  sent      '5'
  expected  one of '4', '8', '12'
  advice    Send a value that the document allows.

To allow this on purpose: @pytest.mark.video_mock(allow=['AV705']) or\
 mock_videos(allow=['AV705']).
"""
UNDOCUMENTED = """\
AV707 unknown field
    request   GET /v1/videos (listVideos), nos. 1 and 2
    field     colour
    sent      a value
    expected  only limit, after, order
    advice    Remove the field: servers ignore it today and may reject it tomorrow.
"""


HEADS = pytest.mark.parametrize(
    "head",
    [
        pytest.param("def test_it(video_mock):", id="a function"),
        pytest.param(
            "class TestIt(unittest.TestCase):\n"
            "    @pytest.fixture(autouse=True)\n"
            "    def with_mock(self, video_mock):\n"
            "        self.mock = video_mock\n"
            "    def test_it(self):\n"
            "        video_mock = self.mock",
            id="a method of unittest",
        ),
    ],
)


def report(result: pytest.RunResult, test: str = "test_it") -> str:
    """What stands under the head of a test in the failures."""
    return re.split(rf"_ (?:TestIt\.)?{test} _+\n", result.stdout.str())[1]


@HEADS
def test_report_of_a_violation_is_only_its_message(run: Run, head: str) -> None:
    result = run(
        f"""
import unittest
import pytest
from program import create

{head}
        create(video_mock, seconds="5")

def test_good(video_mock):
    assert create(video_mock).status_code == 200
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    assert report(result).startswith(WRONG_ENUM + "====")


def test_violations_are_reported_together_without_duplicates(run: Run) -> None:
    result = run(
        """
        from program import ask, create, poll

        def test_it(video_mock):
            create(video_mock, seconds="5")
            create(video_mock, prompt="Another teapot", seconds="5")
            create(video_mock, prompt=7)
            ask("GET", video_mock.base_url + "/videos/video_1")
        """
    )
    result.assert_outcomes(failed=1)
    assert report(result).startswith(
        """\
AV705, AV704, AV711: the code under test broke the contract of AIsa Videos 1.0.0

AV705 value not allowed
  request   POST /v1/videos (createVideo), nos. 1 and 2
  field     seconds
  sent      '5'
  expected  one of '4', '8', '12'
  advice    Send a value that the document allows.

AV704 value of the wrong type
  request   POST /v1/videos (createVideo), no. 3
  field     prompt
  sent      7
  expected  of type string
  advice    Send the type that the document declares.

AV711 unknown job id
  request   GET /v1/videos/{video_id} (getVideo), no. 4
  sent      video_1
  expected  the id of a created job; none was created so far
  advice    Use only ids that the API has returned.

To allow this on purpose: @pytest.mark.video_mock(allow=['AV705', 'AV704', 'AV711']) or\
 mock_videos(allow=['AV705', 'AV704', 'AV711']).
===="""
    )


def test_message_uses_the_names_of_another_document(run: Run) -> None:
    result = run(
        """
        import httpx2

        def test_it(video_mock):
            headers = {"X-Render-Key": "a-key"}
            order = {"scene": "A teapot", "quality": "best"}
            httpx2.post(video_mock.base_url + "/renderings", headers=headers, json=order)
        """,
        ini=f"video_document = {RENDERINGS}",
    )
    result.assert_outcomes(failed=1)
    told = report(result)
    assert told.startswith("AV705: the code under test broke the contract of Renderings 2\n")
    assert "  request   POST /api/v7/renderings (submitRendering), no. 1\n" in told
    assert "  sent      'best'\n  expected  one of 'draft', 'final'\n" in told


@HEADS
def test_failed_test_reports_violations_in_a_section(run: Run, head: str) -> None:
    result = run(
        f"""
import unittest
import pytest
from program import create

{head}
        create(video_mock, seconds="5")
        assert "its own reason" == ""
"""
    )
    result.assert_outcomes(failed=1)
    assert "AssertionError: assert 'its own reason' == ''" in result.stdout.str()
    sections = re.split(r"-+ video contract -+\n", result.stdout.str())
    assert [s.startswith(WRONG_ENUM + "====") for s in sections] == [False, True]


ODD = """
from program import ask

def test_it(video_mock):
    ask("GET", video_mock.base_url + "/videos?colour=blue")
    ask("GET", video_mock.base_url + "/videos?colour=blue")
"""


def test_unknown_field_is_one_warning(run: Run) -> None:
    result = run(ODD)
    result.assert_outcomes(passed=1, warnings=1)
    assert f"ContractWarning: {UNDOCUMENTED}" in result.stdout.str()


def test_unknown_field_can_be_allowed(run: Run) -> None:
    run(ODD, "-W", "error", ini="video_allow = AV707").assert_outcomes(passed=1)


def test_unknown_field_fails_the_test_if_warnings_are_errors(run: Run) -> None:
    result = run(ODD, "-W", "error")
    result.assert_outcomes(failed=1)
    assert "AV707 unknown field" in result.stdout.str()
    assert "wrapper=True" not in result.stdout.str(), "the code of the plugin is shown"


@pytest.mark.parametrize("strictness", [(), ("-W", "error")], ids=["warnings", "errors"])
def test_unknown_field_does_not_hide_an_error(run: Run, strictness: tuple[str, ...]) -> None:
    result = run(
        """
        from program import create

        def test_it(video_mock):
            create(video_mock, seconds="5", colour="blue")
        """,
        *strictness,
    )
    result.assert_outcomes(failed=1)
    told = report(result)
    assert told.startswith("AV705, AV707: the code under test broke the contract")
    assert "  field     seconds\n  sent      '5'\n" in told
    assert "  field     colour\n" in told


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        ("@pytest.mark.xfail", {"xfailed": 1}),
        ("@pytest.mark.xfail(strict=True)", {"xfailed": 1}),
        ("@pytest.mark.xfail(raises=ZeroDivisionError)", {"failed": 1}),
    ],
    ids=["expected", "strictly expected", "another failure expected"],
)
def test_xfail_treats_a_violation_like_any_failure(
    run: Run, mark: str, outcome: dict[str, int]
) -> None:
    result = run(
        f"""
        import pytest
        from program import create

        {mark}
        def test_it(video_mock):
            create(video_mock, seconds="5")
        """
    )
    result.assert_outcomes(**outcome)


@pytest.mark.parametrize("where", ["in the test", "in its set-up"])
def test_skipped_test_is_not_checked(run: Run, where: str) -> None:
    result = run(
        f"""
        import pytest
        from program import create

        def give_up(mock):
            create(mock, seconds="5")
            pytest.skip("not here")

        @pytest.fixture
        def prepared(video_mock):
            if {where == "in its set-up"}:
                give_up(video_mock)

        def test_it(prepared, video_mock):
            give_up(video_mock)
        """
    )
    result.assert_outcomes(skipped=1)


def test_violation_in_a_fixture_setup_fails_the_test(run: Run) -> None:
    result = run(
        """
        import pytest
        from program import create

        @pytest.fixture
        def prepared(video_mock):
            create(video_mock, seconds="5")

        def test_it(prepared):
            pass
        """
    )
    result.assert_outcomes(failed=1)
    assert report(result).startswith(WRONG_ENUM + "====")


def test_violation_in_a_fixture_teardown_is_an_error_and_reported_once(run: Run) -> None:
    result = run(
        """
        import pytest
        from program import create

        @pytest.fixture
        def prepared(video_mock):
            yield
            create(video_mock, size="1x1")

        def test_it(video_mock, prepared):
            create(video_mock, seconds="5")
        """
    )
    result.assert_outcomes(failed=1, errors=1)
    assert report(result).startswith(WRONG_ENUM + "====")
    at_teardown = report(result, "ERROR at teardown of test_it")
    assert at_teardown.startswith("AV705: the code under test broke the contract")
    assert result.stdout.str().count("  field     seconds\n") == 1
    assert result.stdout.str().count("  field     size\n") == 1
