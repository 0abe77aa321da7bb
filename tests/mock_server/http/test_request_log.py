"""The line that is printed for a request."""

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
def test_the_line_of_a_request_holds_no_query(target: str, shown: str) -> None:
    form = '%s - "%s %s HTTP/%s" %d'
    arguments = ("127.0.0.1:5", "GET", target, "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, form, arguments, None)
    assert hide_query(record)
    assert record.getMessage() == f'127.0.0.1:5 - "GET {shown} HTTP/1.1" 200'


def test_a_line_of_another_form_is_left_as_it_is() -> None:
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, "what? %s", None, None)
    assert hide_query(record)
    assert record.getMessage() == "what? %s"
