"""What the control API hands on of the requests, and what it says where nobody keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import httpx2
import orjson
import pytest
from starlette.types import ASGIApp

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, ManualClock, create_app
from aisa_testkit.mock_server.http.admin.document import admin_document
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas
from tests.support.asgi import send_request


class Notebook:
    """Keeps the names of the requests, and the queries that it was asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.asked: list[Mapping[str, str]] = []

    def answered(self, call: Call, reply: Reply) -> None:
        self.seen.append(f"{call.operation_id} {reply.status}")

    def unmatched(self, method: str, path: str) -> None:
        self.seen.append(f"{method} {path}")

    def undelivered(self, reply: Reply) -> None:
        """Every client of these tests stays to the end."""

    def requests(self, query: Mapping[str, str]) -> Json:
        if query.get("operation") == "nonsense":
            raise ValueError("operation: must be one that there is, not 'nonsense'")
        self.asked.append(query)
        return {"requests": [*self.seen], "more": False, "total": 2, "forgotten": 0}

    def har(self, query: Mapping[str, str]) -> bytes:
        self.requests(query)
        return b'{"log": {}}'

    def verdict(self) -> Json:
        return {"clean": True}

    def clear(self) -> None:
        self.seen.clear()

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        raise AssertionError("nobody listens here")


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def app(service: JobService, notebook: Notebook) -> ASGIApp:
    return create_app(service=service, journal=notebook)


def test_the_requests_to_the_api_are_kept_and_those_to_the_control_api_are_not(
    app: ASGIApp, notebook: Notebook
) -> None:
    send_request(app, "GET /v1/videos")
    send_request(app, "GET /__admin/jobs")
    send_request(app, "GET /__admin/nowhere")
    send_request(app, "GET /v2/nowhere")
    assert notebook.seen == ["listVideos 200", "GET /v2/nowhere"]


def test_an_observer_hears_of_the_same_requests(service: JobService, notebook: Notebook) -> None:
    beside = Notebook()
    app = create_app(service=service, observers=[beside], journal=notebook)
    send_request(app, "GET /v1/videos")
    send_request(app, "GET /v2/nowhere")
    assert beside.seen == notebook.seen == ["listVideos 200", "GET /v2/nowhere"]


def test_the_requests_are_filtered_by_what_the_query_says(app: ASGIApp, notebook: Notebook) -> None:
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
    answer = send_request(app, f"GET /__admin/requests?{httpx2.QueryParams(page)}")
    assert answer.json()["requests"] == ["listVideos 200"]
    har = send_request(app, f"GET /__admin/requests.har?{httpx2.QueryParams(query)}")
    assert (har.json(), har.headers["content-type"]) == ({"log": {}}, "application/json")
    assert notebook.asked == [page, query]


@pytest.mark.parametrize("path", ["/__admin/requests", "/__admin/requests.har"])
def test_a_query_that_the_journal_does_not_understand_is_refused(app: ASGIApp, path: str) -> None:
    refused = send_request(app, f"GET {path}?operation=nonsense")
    reason = "operation: must be one that there is, not 'nonsense'"
    assert (refused.status_code, refused.json()) == (400, {"error": reason})


def test_the_requests_are_forgotten(app: ASGIApp, notebook: Notebook) -> None:
    send_request(app, "GET /v1/videos")
    assert send_request(app, "DELETE /__admin/requests").json()["requests"] == notebook.seen == []


def test_a_reset_forgets_the_requests_too(app: ASGIApp, notebook: Notebook) -> None:
    send_request(app, "GET /v1/videos")
    send_request(app, "POST /__admin/reset")
    assert notebook.seen == []


def test_the_verdict_is_handed_on(app: ASGIApp) -> None:
    verdict = send_request(app, "GET /__admin/verdict")
    assert (verdict.status_code, verdict.json()) == (200, {"clean": True})


@pytest.mark.parametrize("name", ["document", "other_document"])
def test_what_the_journal_tells_is_as_the_document_of_this_api_says(
    request: pytest.FixtureRequest, name: str
) -> None:
    document: Document = request.getfixturevalue(name)
    clock, told = ManualClock(), list[Json]()
    journal = Journal(document, now=clock.now)
    journal.listen(told.append)
    service = JobService(document, clock=clock, strict=True)
    app = create_app(service=service, journal=journal)
    service.faults.add({"operation": "create", "lost": True, "times": 1})
    for _ in range(2):
        with suppress(ConnectionResetError):
            send_request(
                app, f"POST {document.base_path}{document.by_role[JobRole.CREATE].path}", {}
            )
    send_request(app, f"GET {document.base_path}/nowhere")
    schemas = Schemas(admin_document().data)
    page = send_request(app, "GET /__admin/requests").json()
    answer = schemas.at("/components/responses/Requests/content/application~1json/schema")
    assert [*answer.errors(page)] == []
    assert page["requests"] == orjson.loads(orjson.dumps(told))
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
def test_where_nobody_keeps_the_requests_nothing_can_be_asked_about_them(
    service: JobService, request_line: str
) -> None:
    missing = send_request(create_app(service=service), request_line)
    reason = "this server keeps no requests"
    assert (missing.status_code, missing.json()) == (404, {"error": reason})


def test_where_no_webhooks_are_sent_there_are_no_attempts(service: JobService) -> None:
    missing = send_request(create_app(service=service), "GET /__admin/webhooks")
    reason = "this server sends no webhooks"
    assert (missing.status_code, missing.json()) == (404, {"error": reason})
