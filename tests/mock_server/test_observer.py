"""Observers of an endpoint: calls, unmatched requests and undelivered replies."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls
from aisa_testkit.openapi import Call, Document, Reply

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
BODY = b'{"prompt": "A lighthouse in a storm"}'


class RecordingObserver:
    """An observer that records everything."""

    def __init__(self) -> None:
        self.calls: list[tuple[Call, Reply]] = []
        self.unmatched_requests: list[tuple[str, str]] = []
        self.invalid_requests: list[tuple[str, str, str, int | None]] = []
        self.undelivered_replies: list[Reply] = []

    def answered(self, call: Call, reply: Reply) -> None:
        self.calls.append((call, reply))

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        self.unmatched_requests.append((method, path))

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.invalid_requests.append((method, path, reason, status))

    def undelivered(self, reply: Reply) -> None:
        self.undelivered_replies.append(reply)


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


@pytest.fixture
def observed(service: JobService, observer: RecordingObserver) -> Endpoint:
    """An endpoint with the recording observer."""
    return Endpoint(service, body_limit=100, observers=[observer])


def send(endpoint: Endpoint, method: str, target: str, body: bytes = b"") -> Reply:
    path, _, query = target.partition("?")
    return endpoint.respond(method, path, query=query, headers=HEADERS, body=body)


def test_observer_gets_each_call_and_its_reply(
    observed: Endpoint, observer: RecordingObserver
) -> None:
    made = send(observed, "POST", "/v1/videos", BODY)
    listed = send(observed, "GET", "/v1/videos?limit=1&order=asc&order=desc&odd=%20")
    missing = send(observed, "GET", "/v1/videos/a%2Fb")
    assert observer.calls == [
        (Call("createVideo", {}, (), HEADERS, BODY), made),
        (
            Call(
                "listVideos",
                {},
                (("limit", "1"), ("order", "asc"), ("order", "desc"), ("odd", " ")),
                HEADERS,
                b"",
            ),
            listed,
        ),
        (Call("getVideo", {"video_id": "a/b"}, (), HEADERS, b""), missing),
    ]
    assert [reply.status for _, reply in observer.calls] == [200, 400, 404]
    assert observer.unmatched_requests == []


def test_observer_gets_simulated_errors(
    observed: Endpoint, observer: RecordingObserver, service: JobService
) -> None:
    MockControls(service).fail("createVideo", status=503)
    send(observed, "POST", "/v1/videos", BODY)
    assert [reply.status for _, reply in observer.calls] == [503]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/vidoes", 404),
        ("GET", "/videos", 404),
        ("PUT", "/v1/videos", 405),
        ("HEAD", "/v1/videos/video_0/remix", 405),
        ("HEAD", "/v1/nowhere", 404),
        ("GET", "/v1/videos/a%2Fb/%63ontent", 404),
    ],
    ids=[
        "misspelt path",
        "no base path",
        "unsupported method",
        "HEAD without GET",
        "HEAD of an unknown path",
        "percent-encoded",
    ],
)
def test_observer_gets_unmatched_requests_as_they_were_sent(
    observed: Endpoint, observer: RecordingObserver, method: str, path: str, status: int
) -> None:
    assert send(observed, method, path).status == status
    assert (observer.unmatched_requests, observer.calls) == ([(method, path)], [])


def test_observer_gets_the_get_reply_for_head(
    observed: Endpoint, observer: RecordingObserver, clock: ManualClock
) -> None:
    job_id = orjson.loads(send(observed, "POST", "/v1/videos", BODY).body)["id"]
    clock.advance(10)
    observer.calls.clear()
    reply = send(observed, "HEAD", f"/v1/videos/{job_id}/content?variant=thumbnail")
    ((call, answer),) = observer.calls
    assert (call.operation_id, call.query) == ("getVideoContent", (("variant", "thumbnail"),))
    assert (reply.status, reply.body) == (answer.status, b"") == (200, b"")
    assert reply.headers["content-length"] == str(len(answer.body))
    assert observer.unmatched_requests == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/video_0"], ids=["success", "error"])
def test_observer_gets_undelivered_replies(
    observed: Endpoint, observer: RecordingObserver, method: str, path: str
) -> None:
    observed.undelivered(send(observed, method, path))
    (undelivered,), ((_, answer),) = observer.undelivered_replies, observer.calls
    assert undelivered is answer


def test_observer_gets_calls_with_too_large_bodies(
    observed: Endpoint, observer: RecordingObserver
) -> None:
    assert send(observed, "POST", "/v1/videos", b" " * 101).status == 413
    send(observed, "POST", "/v1/videos", BODY + b" " * (100 - len(BODY)))
    assert [reply.status for _, reply in observer.calls] == [413, 200]


def test_observer_gets_unread_bodies_as_empty(
    observed: Endpoint, observer: RecordingObserver
) -> None:
    refused = observed.respond_body_too_large("POST", "/v1/videos", query="a=b", headers=HEADERS)
    unmatched = observed.respond_body_too_large("POST", "/v1/vidoes", query="", headers=HEADERS)
    assert observer.calls == [(Call("createVideo", {}, (("a", "b"),), HEADERS, b""), refused)]
    assert (refused.status, unmatched.status) == (413, 404)
    assert observer.unmatched_requests == [("POST", "/v1/vidoes")]


def test_observer_gets_operation_ids_of_any_document(
    other_document: Document, observer: RecordingObserver
) -> None:
    endpoint = Endpoint(JobService(other_document, strict=True), observers=[observer])
    send(endpoint, "GET", "/api/v7/renderings/r-1/film")
    send(endpoint, "GET", "/v7/renderings/r-1/film")
    ((call, reply),) = observer.calls
    assert (call.operation_id, call.path_parameters, reply.status) == ("film", {"ref": "r-1"}, 401)
    assert observer.unmatched_requests == [("GET", "/v7/renderings/r-1/film")]
