"""The budget of the live API, and the requests that are not sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.plugin_project import Run

Spending = Callable[[pytest.RunResult], str]


def test_create_over_budget_is_not_sent_and_fails_the_test(
    live: Run,
    spending_of: Spending,
) -> None:
    result = live(
        """
        def test_it(video_api, upstream):
            assert create(seconds="8").status_code == 200
            rejected = create(model="sora-2-pro", seconds="4", size="1024x1792")
            assert rejected.status_code == 403
            assert "costs 2.00 USD" in rejected.json()["error"]["message"]
            assert len(upstream.jobs) == 1

        def test_next(video_api, upstream):
            assert create(seconds="4").status_code == 200
            assert len(upstream.jobs) == 2
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "AV708 request blocked",
            "  request   POST http://127.0.0.1:*/v1/videos, no. 2",
            "  sent      it costs 2.00 USD, and 0.80 of 1.50 is already spent",
        ]
    )
    assert spending_of(result) == "2 jobs, at most 1.20 of 1.50 USD"


def test_budget_can_be_spent_exactly(live: Run, spending_of: Spending) -> None:
    result = live(
        """
        import pytest

        @pytest.mark.video_mock(allow="AV708")
        def test_it(video_api):
            statuses = [create(prompt=str(number)).status_code for number in range(4)]
            assert statuses == [200, 200, 200, 403]
        """,
        spend="1.2",
    )
    result.assert_outcomes(passed=1)
    assert spending_of(result) == "3 jobs, at most 1.20 of 1.20 USD"


def test_rejected_create_does_not_count_against_the_budget(
    live: Run, spending_of: Spending
) -> None:
    result = live(
        """
        def test_it(video_api, upstream):
            upstream.fail("createVideo", status=422)
            assert create(prompt="y").json()["error"]["code"] == "content_policy_violation"
            upstream.fail("createVideo", status=500)
            assert [create().status_code for _ in range(2)] == [500, 200]
        """,
        spend="0.8",
    )
    result.assert_outcomes(passed=1)
    # A create that fails with 500 may be billed.
    assert spending_of(result) == "2 jobs, at most 0.80 of 0.80 USD"


@pytest.mark.parametrize("status", [409, 429])
def test_create_with_any_other_error_counts_against_the_budget(
    live: Run, spending_of: Spending, status: int
) -> None:
    """The API may have created the job before it failed."""
    result = live(
        f"""
        import pytest

        @pytest.mark.video_mock(check=False)
        def test_it(video_api, upstream):
            upstream.fail("createVideo", status={status}, times=3)
            assert [create().status_code for _ in range(3)] == [{status}, {status}, 403]
        """,
        spend="0.8",
    )
    result.assert_outcomes(passed=1)
    assert spending_of(result) == "2 jobs, at most 0.80 of 0.80 USD"


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ("seconds='13'", "AV705", "seconds: must be one of '4', '8', '12', not '13'"),
        ("prompt=7", "AV704", "prompt: must be of type string, not 7"),
    ],
    ids=["value", "type"],
)
def test_invalid_create_is_not_sent(
    live: Run, spending_of: Spending, fields: str, code: str, message: str
) -> None:
    result = live(
        f"""
        def test_it(video_api, upstream):
            rejected = create(**dict({fields}))
            assert rejected.status_code == 400
            text = "not sent: " + {message!r}
            assert rejected.json()["error"]["message"] == text
            assert upstream.jobs == []
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{code}: the code under test broke the contract of *"])
    assert spending_of(result) == "0 jobs, at most 0.00 of 1.50"


def test_operation_without_a_price_is_not_sent(live: Run, spending_of: Spending) -> None:
    result = live(
        """
        def test_it(video_api, upstream):
            job = finished()
            with client() as http:
                rejected = http.post(f"/videos/{job['id']}/remix", json={"prompt": "y"})
            assert rejected.status_code == 403
            assert len(upstream.jobs) == 1
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  sent      its price is unknown, and the limit is 1.50"])
    assert spending_of(result) == "1 job, at most 0.40 of 1.50 USD"
