"""Raw requests on their way to the service: paths, methods, HEAD, ranges."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock
from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.json import Json


def ask(
    endpoint: Endpoint,
    request: str,
    *,
    json: Json = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """The reply to a request such as `GET /v1/videos?limit=1`, sent with a key."""
    method, target = request.split(" ")
    path, _, query = target.partition("?")
    body = b"" if json is None else orjson.dumps(json)
    sent = {"authorization": "Bearer sk-test", "content-type": "application/json"}
    sent |= headers or {}
    return endpoint.respond(method, path, query=query, headers=sent, body=body)


def error_of(reply: Reply, status: int) -> Json:
    assert reply.status == status, reply.body
    return orjson.loads(reply.body)["error"]


@pytest.fixture
def finished(endpoint: Endpoint, clock: ManualClock) -> str:
    """The path of a completed job."""
    made = ask(endpoint, "POST /v1/videos", json={"prompt": "A lighthouse in a storm"})
    clock.advance(10)
    return f"/v1/videos/{orjson.loads(made.body)['id']}"


def test_head_answers_as_get_does_without_the_body(endpoint: Endpoint, finished: str) -> None:
    for path in ("/v1/videos", finished, f"{finished}/content", "/v1/videos/video_0"):
        got = ask(endpoint, f"GET {path}")
        # A range means nothing to HEAD (RFC 9110, section 14.2).
        head = ask(endpoint, f"HEAD {path}", headers={"range": "bytes=5-9"})
        expected = {**got.headers, "content-length": str(len(got.body))}
        expected["x-request-id"] = head.headers["x-request-id"]
        assert (head.status, head.headers, head.body) == (got.status, expected, b"")


def test_a_part_of_a_file_can_be_had_but_none_behind_its_end(
    endpoint: Endpoint, finished: str
) -> None:
    path = f"GET {finished}/content"
    whole = ask(endpoint, path)
    size = len(whole.body)
    part = ask(endpoint, path, headers={"range": f"bytes={size - 3}-{size + 3}"})
    assert (part.status, part.body) == (206, whole.body[-3:])
    assert part.headers["content-range"] == f"bytes {size - 3}-{size - 1}/{size}"
    behind = ask(endpoint, path, headers={"range": f"bytes={size}-"})
    assert error_of(behind, 416)["param"] == "Range"
    assert behind.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_file_that_the_client_has_is_not_sent_again(
    endpoint: Endpoint, finished: str, method: str
) -> None:
    etag = ask(endpoint, f"GET {finished}/content").headers["etag"]
    reply = ask(endpoint, f"{method} {finished}/content", headers={"if-none-match": etag})
    assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)
    # It would have to be the length of the file (RFC 9110, section 8.6).
    assert reply.headers.get("content-length") != "0"


def test_query_and_path_are_decoded_once(endpoint: Endpoint) -> None:
    by_path = error_of(ask(endpoint, "GET /v1/videos/a%2Fb%2520c"), 404)
    assert by_path["message"] == "there is no job 'a/b%20c'"
    by_query = error_of(ask(endpoint, "GET /v1/videos?after=a%2520+%C3%A9"), 404)
    assert by_query["message"] == "after: there is no job 'a%20 é'"


def test_the_order_and_company_of_query_parameters_do_not_matter(endpoint: Endpoint) -> None:
    made = [
        orjson.loads(ask(endpoint, "POST /v1/videos", json={"prompt": "x"}).body)["id"]
        for _ in range(3)
    ]
    reply = ask(endpoint, "GET /v1/videos?unheard=of&order=asc&limit=2&")
    assert [job["id"] for job in orjson.loads(reply.body)["data"]] == made[:2]


@pytest.mark.parametrize(
    "path", ["/videos", "/v2/videos", "/", "", "/v1", "/v1/", "/v1videos", "/v1/videos/"]
)
def test_a_path_that_no_operation_has_is_unknown(endpoint: Endpoint, path: str) -> None:
    error = error_of(ask(endpoint, f"GET {path}"), 404)
    assert error["code"] == "unknown_endpoint"
    assert error["message"].startswith(f"there is no path {path}; ")


def test_a_path_with_a_slip_is_told_the_one_that_was_meant(endpoint: Endpoint) -> None:
    error = error_of(ask(endpoint, "POST /v1/vidoes"), 404)
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
def test_a_method_that_the_path_lacks_is_told_those_it_has(
    endpoint: Endpoint, request_line: str, allowed: str
) -> None:
    reply = ask(endpoint, request_line)
    assert reply.headers["allow"] == allowed
    method, path = request_line.split(" ")
    assert error_of(reply, 405)["message"] == f"{path} takes {allowed}, not {method}"


def test_whether_a_path_exists_is_told_without_a_key(endpoint: Endpoint) -> None:
    keyless = {"authorization": ""}
    assert ask(endpoint, "GET /v1/nowhere", headers=keyless).status == 404
    assert ask(endpoint, "PUT /v1/videos", headers=keyless).status == 405
    assert ask(endpoint, "HEAD /v1/videos", headers=keyless).status == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/v1/nowhere", 404, id="no path"),
        pytest.param("PUT", "/v1/videos", 405, id="no method"),
        pytest.param("POST", "/v1/videos", 413, id="a body that was not read"),
    ],
)
def test_a_refusal_at_the_door_tells_the_limits_of_the_sender_and_takes_nothing_of_them(
    document: Document, method: str, path: str, status: int
) -> None:
    service = JobService(document, clock=ManualClock(), limits="free", strict=True)
    endpoint = Endpoint(service)

    def left(key: str) -> str | None:
        headers = {"authorization": key}
        reply = endpoint.respond_body_too_large(method, path, query="", headers=headers)
        assert reply.status == status
        return reply.headers.get("x-ratelimit-remaining-requests")

    ask(endpoint, "GET /v1/videos")
    assert [left(key) for key in ("Bearer sk-test", "Bearer sk-other")] == ["59", "60"]
    assert [left(key) for key in ("Bearer sk-test", "", "Basic x")] == ["59", None, None]


def test_a_fault_and_a_body_too_large_are_answered_in_the_envelope(document: Document) -> None:
    endpoint = Endpoint(JobService(document, clock=ManualClock(), strict=True), body_limit=77)
    fault = error_of(endpoint.internal_error("the disk is full"), 500)
    assert (fault["type"], fault["code"]) == ("api_error", "internal_error")
    assert fault["message"] == "the disk is full"
    error = error_of(ask(endpoint, "POST /v1/videos", json="x" * 76), 413)
    assert error["message"] == "the body is larger than the limit of 77 bytes"
