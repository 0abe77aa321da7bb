"""The journal in the control API: requests, HAR export and verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import httpx2
import orjson
import pytest
from starlette.types import ASGIApp

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, ManualClock, create_app
from aisa_testkit.mock_server.http.admin.admin_document import admin_document
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas
from tests.support.asgi import send_request
from tests.support.operations import find_operation


class RecordingJournal:
    """A journal that records the requests, and the queries of the control API."""

    def __init__(self) -> None:
        self.recorded: list[str] = []
        self.queries: list[Mapping[str, str]] = []

    def answered(self, call: Call, reply: Reply) -> None:
        self.recorded.append(f"{call.operation_id} {reply.status}")

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        self.recorded.append(f"{method} {path}")

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.recorded.append(f"{method} {path}")

    def undelivered(self, reply: Reply) -> None:
        """No client of these tests disconnects."""

    def requests(self, query: Mapping[str, str]) -> Json:
        if query.get("operation") == "nonsense":
            raise ValueError("operation: must be one that there is, not 'nonsense'")
        self.queries.append(query)
        return {"requests": [*self.recorded], "more": False, "total": 2, "forgotten": 0}

    def har(self, query: Mapping[str, str]) -> bytes:
        self.requests(query)
        return b'{"log": {}}'

    def verdict(self) -> Json:
        return {"clean": True}

    def clear(self) -> None:
        self.recorded.clear()

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        raise AssertionError("these tests follow no events")


@pytest.fixture
def journal() -> RecordingJournal:
    return RecordingJournal()


@pytest.fixture
def app(service: JobService, journal: RecordingJournal) -> ASGIApp:
    return create_app(service=service, journal=journal)


def test_journal_records_the_mocked_api_but_not_the_control_api(
    app: ASGIApp, journal: RecordingJournal
) -> None:
    send_request(app, "GET /v1/videos")
    send_request(app, "GET /__admin/jobs")
    send_request(app, "GET /__admin/unknown")
    send_request(app, "GET /v2/unknown")
    assert journal.recorded == ["listVideos 200", "GET /v2/unknown"]


def test_observer_is_notified_of_the_same_requests(
    service: JobService, journal: RecordingJournal
) -> None:
    observer = RecordingJournal()
    app = create_app(service=service, observers=[observer], journal=journal)
    send_request(app, "GET /v1/videos")
    send_request(app, "GET /v2/unknown")
    assert observer.recorded == journal.recorded == ["listVideos 200", "GET /v2/unknown"]


def test_query_is_passed_to_the_journal(app: ASGIApp, journal: RecordingJournal) -> None:
    query = {
        "operation": "createVideo",
        "status": "4xx",
        "key": "…1234",
        "job": "video_1",
        "since": "1780000000.5",
        "until": "1.79e9",
        "order": "newest",
    }
    page = {**query, "limit": "7", "after": "3", "before": "12"}
    send_request(app, "GET /v1/videos")
    response = send_request(app, f"GET /__admin/requests?{httpx2.QueryParams(page)}")
    assert response.json()["requests"] == ["listVideos 200"]
    har = send_request(app, f"GET /__admin/requests.har?{httpx2.QueryParams(query)}")
    assert (har.json(), har.headers["content-type"]) == ({"log": {}}, "application/json")
    assert journal.queries == [page, query]


@pytest.mark.parametrize("path", ["/__admin/requests", "/__admin/requests.har"])
def test_query_that_the_journal_rejects_is_a_bad_request(app: ASGIApp, path: str) -> None:
    rejected = send_request(app, f"GET {path}?operation=nonsense")
    reason = "operation: must be one that there is, not 'nonsense'"
    assert (rejected.status_code, rejected.json()) == (400, {"error": reason})


def test_requests_can_be_deleted(app: ASGIApp, journal: RecordingJournal) -> None:
    send_request(app, "GET /v1/videos")
    assert (
        send_request(app, "DELETE /__admin/requests").json()["requests"] == journal.recorded == []
    )


def test_reset_deletes_the_requests(app: ASGIApp, journal: RecordingJournal) -> None:
    send_request(app, "GET /v1/videos")
    send_request(app, "POST /__admin/reset")
    assert journal.recorded == []


def test_verdict_of_the_journal_is_returned(app: ASGIApp) -> None:
    verdict = send_request(app, "GET /__admin/verdict")
    assert (verdict.status_code, verdict.json()) == (200, {"clean": True})


@pytest.mark.parametrize("name", ["document", "other_document"])
def test_requests_and_verdict_match_their_schemas(
    request: pytest.FixtureRequest, name: str
) -> None:
    document: Document = request.getfixturevalue(name)
    clock, events = ManualClock(1_780_000_000), list[Json]()
    journal = Journal(document, now=clock.now)
    journal.listen(events.append)
    service = JobService(document, clock=clock, strict=True)
    app = create_app(service=service, journal=journal)
    service.faults.add({"operation": "create", "lost": True, "times": 1})
    for _ in range(2):
        with suppress(ConnectionResetError):
            send_request(
                app, f"POST {document.base_path}{find_operation(document, JobRole.CREATE).path}", {}
            )
    send_request(app, f"GET {document.base_path}/unknown")
    schemas = Schemas(admin_document().data)
    page = send_request(app, "GET /__admin/requests").json()
    schema = schemas.at("/components/responses/Requests/content/application~1json/schema")
    assert [*schema.errors(page)] == []
    assert page["requests"] == orjson.loads(orjson.dumps(events))
    assert len(page["requests"]) == 3
    verdict = send_request(app, "GET /__admin/verdict").json()
    assert [*schemas.at("/components/schemas/Verdict").errors(verdict)] == []
    assert verdict["findings"]
    known = schemas.at("/components/schemas/Request").raw["properties"].keys()
    assert {name for request in page["requests"] for name in request} == known


@pytest.mark.parametrize(
    "request_line",
    [
        *("GET /__admin/requests", "DELETE /__admin/requests", "GET /__admin/requests.har"),
        *("GET /__admin/verdict", "GET /__admin/events"),
    ],
)
def test_operations_about_requests_are_not_found_without_a_journal(
    service: JobService, request_line: str
) -> None:
    missing = send_request(create_app(service=service), request_line)
    reason = "this server keeps no requests"
    assert (missing.status_code, missing.json()) == (404, {"error": reason})


def test_webhooks_are_not_found_if_none_are_sent(service: JobService) -> None:
    missing = send_request(create_app(service=service), "GET /__admin/webhooks")
    reason = "this server sends no webhooks"
    assert (missing.status_code, missing.json()) == (404, {"error": reason})
