"""The exact messages of a broken contract."""

from __future__ import annotations

import re

import pytest

from tests.support.documents import RENDERINGS
from tests.support.plugin_project import TEST_STYLES, Run

VALUE_NOT_ALLOWED = """\
AV705: the code under test broke the contract of AIsa Videos 1.0.0

AV705 value not allowed
  request   POST /v1/videos (createVideo), no. 1
  sent from program.py:10 in send
  field     seconds
  sent      '5'
  expected  one of '4', '8', '12'
  advice    Send a value that the document allows.
  explain   aisa-testkit explain AV705

To allow this on purpose: @pytest.mark.video_mock(allow=['AV705']) or\
 mock_videos(allow=['AV705']).
"""
UNKNOWN_FIELD = """\
AV707 unknown field
    request   GET /v1/videos (listVideos), nos. 1 and 2
    sent from program.py:10 in send
    field     colour
    sent      a value
    expected  only limit, after, order
    advice    Remove the field: servers ignore it today and may reject it tomorrow.
    explain   aisa-testkit explain AV707
"""


def report(result: pytest.RunResult, test: str = "test_it") -> str:
    """Return the text below the title of a test in the failures."""
    return re.split(rf"_ (?:TestIt\.)?{test} _+\n", result.stdout.str())[1]


@TEST_STYLES
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
    assert report(result).startswith(VALUE_NOT_ALLOWED + "====")


def test_violations_are_reported_together_without_duplicates(run: Run) -> None:
    result = run(
        """
        from program import create, poll, send

        def test_it(video_mock):
            create(video_mock, seconds="5")
            create(video_mock, prompt="Another teapot", seconds="5")
            create(video_mock, prompt=7)
            send("GET", video_mock.base_url + "/videos/video_1")
        """
    )
    result.assert_outcomes(failed=1)
    assert report(result).startswith(
        """\
AV705, AV704, AV711: the code under test broke the contract of AIsa Videos 1.0.0

AV705 value not allowed
  request   POST /v1/videos (createVideo), nos. 1 and 2
  sent from program.py:10 in send
  field     seconds
  sent      '5'
  expected  one of '4', '8', '12'
  advice    Send a value that the document allows.
  explain   aisa-testkit explain AV705

AV704 value of the wrong type
  request   POST /v1/videos (createVideo), no. 3
  sent from program.py:10 in send
  field     prompt
  sent      7
  expected  of type string
  advice    Send the type that the document declares.
  explain   aisa-testkit explain AV704

AV711 unknown job id
  request   GET /v1/videos/{video_id} (getVideo), no. 4
  sent from program.py:10 in send
  sent      video_1
  expected  the id of a created job; none was created so far
  advice    Use only ids that the API has returned.
  explain   aisa-testkit explain AV711

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
    text = report(result)
    assert text.startswith("AV705: the code under test broke the contract of Renderings 2\n")
    assert "  request   POST /api/v7/renderings (submitRendering), no. 1\n" in text
    assert "  sent      'best'\n  expected  one of 'draft', 'final'\n" in text


@TEST_STYLES
def test_failed_test_reports_violations_in_a_section(run: Run, head: str) -> None:
    result = run(
        f"""
import unittest
import pytest
from program import create

{head}
        create(video_mock, seconds="5")
        assert "another reason" == ""
"""
    )
    result.assert_outcomes(failed=1)
    assert "AssertionError: assert 'another reason' == ''" in result.stdout.str()
    sections = re.split(r"-+ video contract -+\n", result.stdout.str())
    assert [s.startswith(VALUE_NOT_ALLOWED + "====") for s in sections] == [False, True]


SENDS_UNKNOWN_FIELD = """
from program import send

def test_it(video_mock):
    send("GET", video_mock.base_url + "/videos?colour=blue")
    send("GET", video_mock.base_url + "/videos?colour=blue")
"""


def test_unknown_field_is_one_warning(run: Run) -> None:
    result = run(SENDS_UNKNOWN_FIELD)
    result.assert_outcomes(passed=1, warnings=1)
    assert f"ContractWarning: {UNKNOWN_FIELD}" in result.stdout.str()


def test_unknown_field_can_be_allowed(run: Run) -> None:
    run(SENDS_UNKNOWN_FIELD, "-W", "error", ini="video_allow = AV707").assert_outcomes(passed=1)


def test_unknown_field_fails_the_test_if_warnings_are_errors(run: Run) -> None:
    result = run(SENDS_UNKNOWN_FIELD, "-W", "error")
    result.assert_outcomes(failed=1)
    assert "AV707 unknown field" in result.stdout.str()
    assert "wrapper=True" not in result.stdout.str(), "the report shows the code of the plugin"


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
    text = report(result)
    assert text.startswith("AV705, AV707: the code under test broke the contract")
    assert "  field     seconds\n  sent      '5'\n" in text
    assert "  field     colour\n" in text


@pytest.mark.parametrize(
    ("mark", "outcome"),
    [
        ("@pytest.mark.xfail", {"xfailed": 1}),
        ("@pytest.mark.xfail(strict=True)", {"xfailed": 1}),
        ("@pytest.mark.xfail(raises=ZeroDivisionError)", {"failed": 1}),
    ],
    ids=["xfail", "strict xfail", "xfail of another exception"],
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


@pytest.mark.parametrize("where", ["test", "setup"])
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
            if {where == "setup"}:
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
    assert report(result).startswith(VALUE_NOT_ALLOWED + "====")


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
    assert report(result).startswith(VALUE_NOT_ALLOWED + "====")
    at_teardown = report(result, "ERROR at teardown of test_it")
    assert at_teardown.startswith("AV705: the code under test broke the contract")
    assert result.stdout.str().count("  field     seconds\n") == 1
    assert result.stdout.str().count("  field     size\n") == 1
