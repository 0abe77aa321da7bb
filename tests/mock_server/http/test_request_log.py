"""The log of requests, without API keys."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest

from aisa_testkit.mock_server.http.app import create_app
from aisa_testkit.mock_server.http.request_log import RequestLog
from tests.support.asgi import send_request

LOGGER = "aisa_testkit.requests"


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("/v1/videos", '/v1/videos HTTP/1.1" 200 OK'),
        ("/v1/videos?api_key=sk-secret", '/v1/videos?... HTTP/1.1" 200 OK'),
        ("/v1/videos?sk-secret", '/v1/videos?... HTTP/1.1" 200 OK'),
        ("/v1/videos/a%3Fb", '/v1/videos/a%3Fb HTTP/1.1" 404 Not Found'),
        ("/v1/videos/sk-test", '/v1/videos/(key) HTTP/1.1" 404 Not Found'),
    ],
)
def test_line_has_neither_the_query_nor_keys(
    target: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    def redact_path(path: str, headers: Mapping[str, str]) -> str:
        return path.replace(headers["authorization"].removeprefix("Bearer "), "(key)")

    caplog.set_level(logging.INFO, LOGGER)
    send_request(RequestLog(create_app(), redact_path=redact_path), f"GET {target}")
    (message,) = [r.getMessage() for r in caplog.records if r.name == LOGGER]
    assert message.endswith(f'- "GET {line}')
