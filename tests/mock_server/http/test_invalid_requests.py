"""Invalid methods, paths, queries, API keys and upload sizes over a real socket."""

from __future__ import annotations

import socket
from http.client import HTTPResponse
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from aisa_testkit.mock_server import VideoServer
from tests.support.error_responses import error_of

KEY = {"Authorization": "Bearer sk-test"}
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        ("limit=-1", 400, "limit: must be at least 0 and at most 100, not -1"),
        ("limit=1e9", 400, "limit: must be of type integer, at least 0 and at most 100, not '1e9'"),
        ("limit=1000000000", 400, "limit: must be at least 0 and at most 100, not 1000000000"),
        (
            "limit=" + "9" * 5000,
            400,
            "limit: must be of type integer, at least 0 and at most 100, not '999",
        ),
        ("limit=", 400, "limit: must be of type integer, at least 0 and at most 100, not ''"),
        ("limit=%zz", 400, "limit: must be of type integer, at least 0 and at most 100, not '%zz'"),
        ("limit=1&limit=2", 400, "limit: must be given once, not twice"),
        ("order=sideways", 400, "order: must be one of 'asc', 'desc', not 'sideways'"),
        ("after=unknown", 404, "after: there is no job 'unknown'"),
        ("after=%ff%", 404, "after: there is no job '\ufffd%'"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_invalid_query_parameter_is_reported_with_the_expected_value(
    safe_client: httpx2.Client, query: str, status: int, expected: str
) -> None:
    request = safe_client.build_request("GET", "/videos")
    request.url = request.url.copy_with(query=query.encode())
    error = error_of(safe_client.send(request), status)
    assert error["message"].startswith(expected)
    assert error["param"] == expected.partition(":")[0]


SENT_AS = "authorization: must be sent as Bearer <key>"


@pytest.mark.parametrize(
    ("header", "code", "expected"),
    [
        (None, "missing_api_key", SENT_AS),
        ("", "missing_api_key", SENT_AS),
        ("Bearer", "invalid_api_key", f"{SENT_AS}, not "),
        ("sk-test", "invalid_api_key", f"{SENT_AS}, not "),
        ("Basic c2stdGVzdA==", "invalid_api_key", f"{SENT_AS}, not "),
        ("Basic two keys", "invalid_api_key", f"{SENT_AS}, not "),
        ("Bearer sk-invalid", "invalid_api_key", "this server does not accept the API key"),
    ],
)
def test_missing_or_malformed_api_key_is_rejected_with_the_expected_header(
    safe_client: httpx2.Client, header: str | None, code: str, expected: str
) -> None:
    request = safe_client.build_request("POST", "/videos", json={"prompt": "x"})
    del request.headers["authorization"]
    if header is not None:
        request.headers["authorization"] = header
    response = safe_client.send(request)
    error = error_of(response, 401)
    assert (error["type"], error["code"]) == ("authentication_error", code)
    assert error["message"].startswith(expected)
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/videos", "GET, HEAD, POST"),
        ("/videos/video_0", "GET, HEAD, DELETE"),
        ("/videos/video_0/content", "GET, HEAD"),
        ("/videos/video_0/remix", "POST"),
    ],
)
def test_unsupported_method_is_rejected_with_the_allowed_ones(
    safe_client: httpx2.Client, path: str, allowed: str, method: str
) -> None:
    response = safe_client.request(method, path)
    if method == "HEAD" and "HEAD" in allowed:
        got = safe_client.get(path)
        assert (response.status_code, response.content) == (got.status_code, b"")
        assert response.headers["content-length"] == str(len(got.content))
        return
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        assert error_of(response, 405)["message"] == f"/v1{path} takes {allowed}, not {method}"


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("/videos/a%2Fb", "resource_not_found", "there is no job 'a/b'"),
        ("/videos/..%2f..%2fetc", "unknown_endpoint", "there is no path /v1/videos/..%2f..%2fetc;"),
        ("%2Fvideos", "unknown_endpoint", "there is no path /v1/%2Fvideos; nearest is"),
        ("/videos/" + "a" * 60_000, "resource_not_found", "there is no job 'aaa"),
        ("/" + "a/" * 30_000, "unknown_endpoint", "there is no path /v1/a/a/a"),
    ],
    ids=["encoded slash", "encoded parent", "encoded separator", "long id", "many segments"],
)
def test_unusual_path_is_not_found(
    safe_client: httpx2.Client, path: str, code: str, expected: str
) -> None:
    error = error_of(safe_client.get(path), 404)
    assert error["code"] == code
    assert error["message"].startswith(expected)
    assert len(error["message"]) < 400


TOO_LARGE = "the body is larger than the limit of 33554432 bytes"


def test_upload_of_50_megabytes_is_rejected_after_it_was_sent(
    safe_client: httpx2.Client,
) -> None:
    files = {"input_reference": ("a.png", bytes(50 * MEGABYTE))}
    response = safe_client.post("/videos", data={"prompt": "x"}, files=files)
    assert error_of(response, 413)["message"] == TOO_LARGE


@pytest.mark.parametrize(
    ("header", "chunk", "chunks"),
    [
        (f"Content-Length: {50 * MEGABYTE}", b"", 0),
        ("Transfer-Encoding: chunked", b"100000\r\n" + bytes(MEGABYTE) + b"\r\n", 33),
    ],
    ids=["Content-Length", "chunked"],
)
def test_upload_over_the_limit_is_rejected_before_its_end(
    server: VideoServer, safe_client: httpx2.Client, header: str, chunk: bytes, chunks: int
) -> None:
    url = urlsplit(server.base_url)
    assert url.hostname is not None
    assert url.port is not None
    head = f"POST /v1/videos HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer k\r\n{header}\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode())
        for _ in range(chunks):
            connection.sendall(chunk)
        response = HTTPResponse(connection)  # before the end of the body is sent
        response.begin()
        assert response.status == 413
        assert orjson.loads(response.read())["error"]["message"] == TOO_LARGE
