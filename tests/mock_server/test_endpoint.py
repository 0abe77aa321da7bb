"""Raw requests: paths, methods, HEAD, ranges and limits."""

from __future__ import annotations

import gzip
import zlib

import orjson
import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock
from aisa_testkit.openapi import Document, Reply
from tests.support.requests import error_of, send


@pytest.fixture
def finished(endpoint: Endpoint, clock: ManualClock) -> str:
    """The path of a completed job."""
    made = send(endpoint, "POST /v1/videos", json={"prompt": "A lighthouse in a storm"})
    clock.advance(10)
    return f"/v1/videos/{orjson.loads(made.body)['id']}"


def test_head_returns_the_headers_of_get(endpoint: Endpoint, finished: str) -> None:
    for path in ("/v1/videos", finished, f"{finished}/content", "/v1/videos/video_0"):
        got = send(endpoint, f"GET {path}")
        # Ranges do not apply to HEAD (RFC 9110, section 14.2).
        head = send(endpoint, f"HEAD {path}", headers={"range": "bytes=5-9"})
        expected = {**got.headers, "content-length": str(len(got.body))}
        expected["x-request-id"] = head.headers["x-request-id"]
        assert (head.status, head.headers, head.body) == (got.status, expected, b"")


def test_range_request_returns_a_part_or_416(endpoint: Endpoint, finished: str) -> None:
    path = f"GET {finished}/content"
    whole = send(endpoint, path)
    size = len(whole.body)
    part = send(endpoint, path, headers={"range": f"bytes={size - 3}-{size + 3}"})
    assert (part.status, part.body) == (206, whole.body[-3:])
    assert part.headers["content-range"] == f"bytes {size - 3}-{size - 1}/{size}"
    behind = send(endpoint, path, headers={"range": f"bytes={size}-"})
    assert error_of(behind, 416)["param"] == "Range"
    assert behind.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_returns_304(endpoint: Endpoint, finished: str, method: str) -> None:
    etag = send(endpoint, f"GET {finished}/content").headers["etag"]
    reply = send(endpoint, f"{method} {finished}/content", headers={"if-none-match": etag})
    assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)
    # It would have to be the length of the file (RFC 9110, section 8.6).
    assert reply.headers.get("content-length") != "0"


def test_query_and_path_are_percent_decoded_once(endpoint: Endpoint) -> None:
    by_path = error_of(send(endpoint, "GET /v1/videos/a%2Fb%2520c"), 404)
    assert by_path["message"] == "there is no job 'a/b%20c'"
    by_query = error_of(send(endpoint, "GET /v1/videos?after=a%2520+%C3%A9"), 404)
    assert by_query["message"] == "after: there is no job 'a%20 é'"


def test_unknown_query_parameters_and_their_order_are_ignored(endpoint: Endpoint) -> None:
    made = [
        orjson.loads(send(endpoint, "POST /v1/videos", json={"prompt": "x"}).body)["id"]
        for _ in range(3)
    ]
    reply = send(endpoint, "GET /v1/videos?unknown=1&order=asc&limit=2&")
    assert [job["id"] for job in orjson.loads(reply.body)["data"]] == made[:2]


@pytest.mark.parametrize(
    "path", ["/videos", "/v2/videos", "/", "", "/v1", "/v1/", "/v1videos", "/v1/videos/"]
)
def test_unknown_path_is_404(endpoint: Endpoint, path: str) -> None:
    error = error_of(send(endpoint, f"GET {path}"), 404)
    assert error["code"] == "unknown_endpoint"
    assert error["message"].startswith(f"there is no path {path}; ")


def test_unknown_path_names_the_nearest_operation(endpoint: Endpoint) -> None:
    error = error_of(send(endpoint, "POST /v1/vidoes"), 404)
    assert error["message"] == (
        "there is no path /v1/vidoes; nearest is POST /v1/videos (createVideo):"
        " the path has /vidoes where /videos is expected"
    )


@pytest.mark.parametrize(
    ("request_line", "allowed"),
    [
        ("PUT /v1/videos", "GET, HEAD, POST"),
        ("POST /v1/videos/video_0", "GET, HEAD, DELETE"),
        ("DELETE /v1/videos/video_0/content", "GET, HEAD"),
        ("HEAD /v1/videos/video_0/remix", "POST"),
        ("get /v1/videos", "GET, HEAD, POST"),
    ],
)
def test_unsupported_method_is_405_with_allow_header(
    endpoint: Endpoint, request_line: str, allowed: str
) -> None:
    reply = send(endpoint, request_line)
    assert reply.headers["allow"] == allowed
    method, path = request_line.split(" ")
    assert error_of(reply, 405)["message"] == f"{path} takes {allowed}, not {method}"


def test_unknown_path_and_method_are_reported_without_an_api_key(endpoint: Endpoint) -> None:
    keyless = {"authorization": ""}
    assert send(endpoint, "GET /v1/nowhere", headers=keyless).status == 404
    assert send(endpoint, "PUT /v1/videos", headers=keyless).status == 405
    assert send(endpoint, "HEAD /v1/videos", headers=keyless).status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/v1/nowhere", 404, id="unknown path"),
        pytest.param("PUT", "/v1/videos", 405, id="unsupported method"),
        pytest.param("POST", "/v1/videos", 413, id="large body"),
    ],
)
def test_unmatched_requests_report_rate_limits_without_using_them(
    document: Document, method: str, path: str, status: int
) -> None:
    service = JobService(document, clock=ManualClock(1_780_000_000), limits="free", strict=True)
    endpoint = Endpoint(service)

    def remaining(key: str) -> str | None:
        headers = {"authorization": key}
        reply = endpoint.respond_body_too_large(method, path, query="", headers=headers)
        assert reply.status == status
        return reply.headers.get("x-ratelimit-remaining-requests")

    send(endpoint, "GET /v1/videos")
    assert [remaining(key) for key in ("Bearer sk-test", "Bearer sk-other")] == ["59", "60"]
    assert [remaining(key) for key in ("Bearer sk-test", "", "Basic x")] == ["59", None, None]


def test_internal_errors_and_large_bodies_have_the_error_envelope(document: Document) -> None:
    endpoint = Endpoint(
        JobService(document, clock=ManualClock(1_780_000_000), strict=True), body_limit=77
    )
    internal = error_of(endpoint.respond_internal_error("the disk is full"), 500)
    assert (internal["type"], internal["code"]) == ("api_error", "internal_error")
    assert internal["message"] == "the disk is full"
    error = error_of(send(endpoint, "POST /v1/videos", json="x" * 76), 413)
    assert error["message"] == "the body is larger than the limit of 77 bytes"


JSON_BODY = orjson.dumps({"prompt": "A ferry"})


def post(endpoint: Endpoint, body: bytes, encoding: str) -> Reply:
    """Send an encoded body that creates a job."""
    headers = {
        "authorization": "Bearer sk-test",
        "content-type": "application/json",
        "content-encoding": encoding,
    }
    return endpoint.respond("POST", "/v1/videos", query="", headers=headers, body=body)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(JSON_BODY, mtime=0)), ("deflate", zlib.compress(JSON_BODY))],
)
def test_compressed_body_creates_a_job(endpoint: Endpoint, encoding: str, body: bytes) -> None:
    reply = post(endpoint, body, encoding)
    assert (reply.status, orjson.loads(reply.body)["prompt"]) == (200, "A ferry")


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("br", b"\x0b\x0a", "the Content-Encoding must be gzip or deflate, not 'br'"),
        ("gzip", JSON_BODY, "the body is not valid gzip: "),
    ],
)
def test_body_with_an_unknown_content_encoding_is_415(
    endpoint: Endpoint, encoding: str, body: bytes, reason: str
) -> None:
    reply = post(endpoint, body, encoding)
    error = error_of(reply, 415)
    assert error["message"].startswith(reason)
    assert error["param"] == "Content-Encoding"
    assert reply.headers["accept-encoding"] == "gzip, deflate"
    assert len(endpoint.service.store) == 0


def test_body_limit_holds_for_the_decompressed_body(service: JobService) -> None:
    body = gzip.compress(orjson.dumps({"prompt": "x" * 10_000}))
    small = Endpoint(service, body_limit=9_000)
    error_of(post(small, body, "gzip"), 413)
