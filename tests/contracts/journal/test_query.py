"""Which requests of a journal a query means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aisa_testkit.contracts.journal.query import read_query
from aisa_testkit.openapi import Delivery, Document, JobRole, Reply

KEY, OTHER = "sk-aisa-of-a-client-7f3a", "sk-aisa-of-another-90c1"


@pytest.fixture
def busy(mock: Any) -> Any:
    """A mock to which eight requests have come, a second after each other."""
    job = mock.create("one")
    steps: list[Callable[[], object]] = [
        lambda: mock.ask(JobRole.RETRIEVE, job=job),
        lambda: mock.ask(JobRole.LIST, key=OTHER),
        lambda: mock.ask(JobRole.RETRIEVE, job="video_of_nobody"),
        lambda: mock.ask(JobRole.CREATE, fields={"seconds": "5"}),
        lambda: mock.journal.unmatched("GET", "/nowhere"),
        lambda: mock.journal.unmatched("PUT", "/v1/videos"),
        lambda: mock.journal.answered(
            mock.call(JobRole.CONTENT, job=job),
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
        ({"key": OTHER}, [3]),
        ({"key": "sk-aisa-of-nobody-0000"}, []),
        ({"job": "video_of_nobody"}, [4]),
        ({"since": "1780000005"}, [6, 7, 8]),
        ({"since": "1780000001", "until": "1.780000002e9"}, [2, 3]),
        ({"after": "3", "before": "6"}, [4, 5]),
        ({"limit": "2"}, [1, 2]),
        ({"order": "newest", "limit": "3"}, [8, 7, 6]),
        ({"order": "newest", "before": "6", "limit": "2"}, [5, 4]),
        ({"status": "4xx", "operation": "createVideo"}, [5]),
    ],
    ids=[
        *("all", "an operation", "a status", "a class", "a wrong method", "successes", "broken"),
        *(
            "a masked key",
            "the end of a key",
            "a whole key",
            "a key of nobody",
            "a job that nobody made",
        ),
        *("since a moment", "between moments", "between numbers", "a page", "the newest"),
        *("the page before", "two conditions"),
    ],
)
def test_a_query_means_these_requests(busy: Any, query: dict[str, str], numbers: list[int]) -> None:
    assert busy.numbers(**query) == numbers


def test_a_job_is_found_by_all_that_name_it(busy: Any) -> None:
    (job,) = busy.requests()[0]["jobs"]
    # Its create and polls, and a download that broke off; the list is another sender's.
    assert busy.numbers(job=job) == [1, 2, 8]


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_pages_hold_every_request_once(busy: Any, order: str) -> None:
    found, query = list[int](), {"order": order, "limit": "3"}
    more = True
    while more:
        page = busy.journal.requests(query)
        found += [entry["number"] for entry in page["requests"]]
        more = page["more"]
        query["after" if order == "oldest" else "before"] = str(found[-1])
    assert found == [1, 2, 3, 4, 5, 6, 7, 8][:: 1 if order == "oldest" else -1]


def test_a_page_holds_a_hundred_requests_unless_more_are_asked_for(mock: Any) -> None:
    for _ in range(101):
        mock.ask(JobRole.LIST)
    page = mock.journal.requests({})
    assert (len(page["requests"]), page["more"]) == (100, True)
    page = mock.journal.requests({"limit": "101"})
    assert (len(page["requests"]), page["more"]) == (101, False)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"operation": "getFilm"}, r"operation: must be one of .*createVideo.*, not 'getFilm'"),
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
        *("an unknown operation", "an unknown class", "no status", "a status and more"),
        *("a word for a moment", "no number", "too large a number"),
        *("a page of none", "too large a page", "less than none", "digits of another script"),
        *("before the first", "digits without end"),
        *("an unknown order", "an empty order", "an unknown parameter"),
    ],
)
def test_a_query_that_cannot_be_is_refused_with_its_name_and_what_was_expected(
    document: Document, query: dict[str, str], reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^{reason}") as caught:
        read_query(document, query)
    assert len(str(caught.value)) < 300
