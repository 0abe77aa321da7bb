"""The access log."""

from __future__ import annotations

import logging

import pytest

from aisa_testkit.mock_server.http.server import hide_query


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v1/videos", "/v1/videos"),
        ("/v1/videos?api_key=sk-secret", "/v1/videos?..."),
        ("/v1/videos?sk-secret", "/v1/videos?..."),
        ("/v1/videos?a=b?c\nd", "/v1/videos?..."),
        ("/v1/a%3Fb", "/v1/a%3Fb"),
    ],
)
def test_request_log_hides_the_query(target: str, shown: str) -> None:
    form = '%s - "%s %s HTTP/%s" %d'
    arguments = ("127.0.0.1:5", "GET", target, "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, form, arguments, None)
    assert hide_query(record)
    assert record.getMessage() == f'127.0.0.1:5 - "GET {shown} HTTP/1.1" 200'


def test_log_record_without_arguments_is_unchanged() -> None:
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "what? %s", None, None)
    assert hide_query(record)
    assert record.getMessage() == "what? %s"
