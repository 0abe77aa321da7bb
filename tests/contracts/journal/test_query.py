"""Queries for requests of a journal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.contracts.journal.query import read_query
from aisa_testkit.openapi import Delivery, Document, JobRole, Reply
from tests.support.journaled_mock import JournaledMock

OTHER_KEY = "sk-aisa-of-another-90c1"


@pytest.fixture
def mock_with_requests(mock: JournaledMock) -> JournaledMock:
    """A mock with eight requests, one second apart."""
    job = mock.create("one")
    steps: list[Callable[[], object]] = [
        lambda: mock.send(JobRole.POLL, job_id=job),
        lambda: mock.send(JobRole.LIST, key=OTHER_KEY),
        lambda: mock.send(JobRole.POLL, job_id="video_unknown"),
        lambda: mock.send(JobRole.CREATE, fields={"seconds": "5"}),
        lambda: mock.journal.unmatched("GET", "/nowhere"),
        lambda: mock.journal.unmatched("PUT", "/v1/videos"),
        lambda: mock.journal.answered(
            mock.call(JobRole.RESULT, job_id=job),
            Reply(200, {}, b"film", Delivery(bytes_delivered=2)),
        ),
    ]
    for step in steps:
        mock.clock.advance(1)
        step()
    return mock


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8]),
        ({"operation": "getVideo"}, [2, 4]),
        ({"status": "404"}, [4, 6]),
        ({"status": "4xx"}, [4, 5, 6, 7]),
        ({"status": "405"}, [7]),
        ({"status": "2xx"}, [1, 2, 3]),
        ({"status": "broken"}, [8]),
        ({"key": "…90c1"}, [3]),
        ({"key": "90c1"}, [3]),
        ({"key": OTHER_KEY}, [3]),
        ({"key": "sk-aisa-unknown-0000"}, []),
        ({"job": "video_unknown"}, [4]),
        ({"since": "1780000005"}, [6, 7, 8]),
        ({"since": "1780000001", "until": "1.780000002e9"}, [2, 3]),
        ({"after": "3", "before": "6"}, [4, 5]),
        ({"limit": "2"}, [1, 2]),
        ({"order": "newest", "limit": "3"}, [8, 7, 6]),
        ({"order": "newest", "before": "6", "limit": "2"}, [5, 4]),
        ({"status": "4xx", "operation": "createVideo"}, [5]),
    ],
    ids=[
        *("all", "operation", "status", "status class", "method not allowed", "success", "broken"),
        *("masked key", "end of a key", "whole key", "unknown key", "unknown job"),
        *("since", "since and until", "after and before", "limit", "newest first"),
        *("newest before a number", "status and operation"),
    ],
)
def test_query_selects_requests(
    mock_with_requests: JournaledMock, query: dict[str, str], numbers: list[int]
) -> None:
    assert mock_with_requests.numbers(**query) == numbers


def test_job_is_found_in_paths_and_responses(mock_with_requests: JournaledMock) -> None:
    (job,) = mock_with_requests.requests()[0]["jobs"]
    # Its create, a poll and an incomplete download; the list belongs to another key.
    assert mock_with_requests.numbers(job=job) == [1, 2, 8]


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_pagination_returns_every_request_once(
    mock_with_requests: JournaledMock, order: str
) -> None:
    found, query = list[int](), {"order": order, "limit": "3"}
    more = True
    while more:
        page = mock_with_requests.journal.requests(query)
        found += [entry["number"] for entry in page["requests"]]
        more = page["more"]
        query["after" if order == "oldest" else "before"] = str(found[-1])
    assert found == [1, 2, 3, 4, 5, 6, 7, 8][:: 1 if order == "oldest" else -1]


def test_default_limit_of_a_page_is_a_hundred(mock: JournaledMock) -> None:
    for _ in range(101):
        mock.send(JobRole.LIST)
    page = mock.journal.requests({})
    assert (len(page["requests"]), page["more"]) == (100, True)
    page = mock.journal.requests({"limit": "101"})
    assert (len(page["requests"]), page["more"]) == (101, False)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"operation": "getFilm"}, r"operation: must be one of .*createVideo.*, not 'getFilm'"),
        (
            {"operation": "creatVideo"},
            r"operation: .* not 'creatVideo'; did you mean createVideo\?",
        ),
        ({"status": "4yy"}, r"status: must be a number such as 404, .* or broken, not '4yy'"),
        ({"status": "600"}, "status: must be"),
        ({"status": "404\n"}, "status: must be"),
        ({"since": "yesterday"}, r"since: must be a time in Unix seconds, not 'yesterday'"),
        ({"until": "nan"}, "until: must be a time"),
        ({"until": "1e999"}, "until: must be a time"),
        ({"limit": "0"}, r"limit: must be a whole number from 1 to 1000, not '0'"),
        ({"limit": "1001"}, "limit: must be"),
        ({"limit": "-1"}, "limit: must be"),
        ({"limit": "٣"}, "limit: must be"),
        ({"after": "-1"}, r"after: must be the number of a request, 0 or more, not '-1'"),
        ({"before": "9" * 5000}, "before: must be the number"),
        ({"order": "up"}, r"order: must be oldest or newest, not 'up'"),
        ({"order": ""}, "order: must be"),
        (
            {"colour": "red"},
            r"'colour': unknown parameter, not one of operation, status, key, job,",
        ),
    ],
    ids=[
        *("unknown operation", "misspelled operation"),
        *("invalid status class", "status too large", "status with newline"),
        *("time is text", "time is not a number", "time is infinite"),
        *("limit of 0", "limit too large", "negative limit", "non-ASCII digits"),
        *("negative number", "number too long"),
        *("unknown order", "empty order", "unknown parameter"),
    ],
)
def test_invalid_query_is_rejected_with_its_name_and_the_expected_value(
    document: Document, query: dict[str, str], reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^{reason}") as caught:
        read_query(document, query)
    assert len(str(caught.value)) < 300
