"""Lines about requests to the mock."""

from __future__ import annotations

from collections.abc import Mapping

import click
import pytest

from aisa_testkit.cli.request_line import request_line
from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService
from aisa_testkit.mock_server.endpoint import Endpoint
from aisa_testkit.openapi import Reply

KEY = "sk-aisa-of-a-client"


class Mock:
    """A mock with a journal, and the line about its latest request."""

    def __init__(self) -> None:
        self.service = JobService()
        self.journal = Journal(self.service.document, now=lambda: 0.0)
        self.endpoint = Endpoint(self.service, observers=[self.journal])

    def send(self, request: str, body: str = "", headers: Mapping[str, str] | None = None) -> Reply:
        method, path = request.split(" ", 1)
        sent = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        return self.endpoint.respond(
            method,
            path,
            query="",
            headers={**sent, **(headers or {})},
            body=body.encode(),
        )

    def line(self, *, verbose: bool = False) -> str | None:
        line = request_line(self.journal, self.journal.log.entries[-1], verbose=verbose)
        return None if line is None else click.unstyle(line)


@pytest.fixture
def mock() -> Mock:
    return Mock()


@pytest.mark.parametrize(
    ("request_line", "body", "line"),
    [
        (
            "POST /v1/videos",
            '{"prompt": "a", "seconds": 5}',
            "400 POST /v1/videos  AV704 seconds: 5, expected one of '4', '8', '12'",
        ),
        (
            "POST /v1/videos",
            '{"seconds": 5}',
            "400 POST /v1/videos  AV703 prompt: nothing, expected a value (and 1 more)",
        ),
        (
            "GET /v1/videos/video_1",
            "",
            "404 GET /v1/videos/video_1  resource_not_found: there is no job 'video_1'",
        ),
        (
            "GET /v1/video",
            "",
            "404 GET /v1/video  AV701 unknown endpoint: the path has /video where /videos is"
            " expected, expected GET /v1/videos (listVideos), the nearest operation",
        ),
        ("GET /v1/videos", "", None),
        ("POST /v1/videos", '{"prompt": "a"}', None),
        ("GET /favicon.ico", "", None),
    ],
    ids=["type", "two violations", "job", "path", "list", "create", "automatic"],
)
def test_unusual_request_has_a_line(
    mock: Mock, request_line: str, body: str, line: str | None
) -> None:
    mock.send(request_line, body)
    assert mock.line() == line


def test_ignored_field_is_unusual_and_the_line_names_the_job(mock: Mock) -> None:
    reply = mock.send("POST /v1/videos", '{"prompt": "a", "second": "8"}')
    assert reply.notes is not None
    assert reply.notes.ignored_names == ("second",)
    (job,) = mock.service.describe_all()
    line = mock.line() or ""
    assert line.startswith("200 POST /v1/videos  AV707 second: ")
    assert line.endswith(f"; the nearest is seconds  job {job['id']}")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {"status": 503},
            "503 GET /v1/videos  upstream_unavailable: Simulated error response of listVideos."
            "  fault operation: list, status: 503",
        ),
        ({"latency": 2}, "200 GET /v1/videos  fault operation: list, latency: 2"),
        (
            {"reset": "before", "key": KEY},
            "--- GET /v1/videos  the client did not receive the response"
            "  fault operation: list, reset: before, key: …ient",
        ),
    ],
    ids=["status", "latency", "reset"],
)
def test_line_names_the_fault(mock: Mock, options: Mapping[str, object], line: str) -> None:
    mock.service.faults.add({"operation": "list", **options})
    mock.send("GET /v1/videos")
    assert mock.line() == line


def test_verbose_line_of_a_usual_request(mock: Mock) -> None:
    mock.send("GET /v1/videos")
    assert mock.line(verbose=True) == "200 GET /v1/videos"
    mock.send("GET /favicon.ico")
    assert (mock.line(verbose=True) or "").startswith("404 GET /favicon.ico  ")


@pytest.mark.parametrize(
    "text", ["\\n200 GET /v1/videos", "\\u001b[2J\\u009b2J", "\\u202e\\u2028\\ud800", "x" * 100_000]
)
def test_line_is_short_and_has_no_control_characters(mock: Mock, text: str) -> None:
    mock.send("POST /v1/videos", f'{{"prompt": "a", "model": "{text}", "{text}": 1}}')
    line = mock.line() or ""
    assert line.startswith("404 POST /v1/videos  AV705 model: ")
    assert line.isprintable()
    assert len(line) < 500


def test_path_is_short_and_has_no_control_characters(mock: Mock) -> None:
    mock.send("GET /v1/\x1b[31m\n200 GET /" + "z" * 100_000)
    line = mock.line() or ""
    assert line.startswith("404 GET /v1/\\x1b[31m\\n200 GET /zzz")
    assert line.isprintable()
    assert len(line) < 700


@pytest.mark.parametrize("path", [f"/v1/videos/{KEY}", f"/v1/{KEY}/videos"])
def test_path_has_no_keys_of_this_request(mock: Mock, path: str) -> None:
    mock.send(f"GET {path}")
    assert KEY not in (mock.line() or KEY)


def test_colours_distinguish_refused_from_accepted_requests(mock: Mock) -> None:
    mock.send("GET /v1/videos/video_1")
    refused = request_line(mock.journal, mock.journal.log.entries[-1], verbose=False)
    mock.send("POST /v1/videos", '{"prompt": "a", "second": "8"}')
    accepted = request_line(mock.journal, mock.journal.log.entries[-1], verbose=False)
    assert (refused or "").startswith(click.style("404 GET /v1/videos/video_1", fg="red"))
    assert (accepted or "").startswith(click.style("200 POST /v1/videos", fg="yellow"))
