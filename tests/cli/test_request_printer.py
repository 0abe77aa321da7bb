"""The thread that prints lines about requests."""

from __future__ import annotations

from threading import Event

import pytest

from aisa_testkit.cli.request_printer import RequestPrinter
from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService
from aisa_testkit.mock_server.endpoint import Endpoint
from aisa_testkit.openapi import Reply

HEADERS = {"authorization": "Bearer sk-aisa-of-a-client"}
SECONDS = 30.0


def connect(printer: RequestPrinter) -> Endpoint:
    """A mock whose requests the printer gets."""
    service = JobService()
    journal = Journal(service.document, now=lambda: 0.0)
    return Endpoint(service, observers=[printer.observe(journal), journal])


def get(endpoint: Endpoint, path: str) -> Reply:
    return endpoint.respond("GET", path, query="", headers=HEADERS, body=b"")


@pytest.mark.parametrize("verbose", [False, True])
def test_lines_come_in_the_order_of_the_requests(verbose: bool) -> None:
    lines: list[str] = []
    with RequestPrinter(lines.append, verbose=verbose) as printer:
        endpoint = connect(printer)
        for path in ("/v1/videos/video_1", "/v1/videos", "/v1/videos/video_2"):
            get(endpoint, path)
        endpoint.respond_invalid("GET", "/v1/videos", "cut short")
    words = [line.split("  ")[-1] for line in lines]
    assert words.pop() == "cut short"
    assert words[0].endswith("'video_1'")
    assert words[-1].endswith("'video_2'")
    assert len(words) == (3 if verbose else 2)


def test_client_that_disconnects_has_a_line() -> None:
    lines: list[str] = []
    with RequestPrinter(lines.append) as printer:
        endpoint = connect(printer)
        endpoint.undelivered(get(endpoint, "/v1/videos"))
    (line,) = lines
    assert line.endswith("  the client did not receive the response")


def test_request_does_not_wait_for_a_terminal_that_blocks() -> None:
    """Lines that come too fast are counted."""
    lines, continues = list[str](), Event()

    def write(line: str) -> None:
        assert continues.wait(SECONDS)
        lines.append(line)

    with RequestPrinter(write) as printer:
        endpoint = connect(printer)
        for _ in range(1100):
            get(endpoint, "/v1/videos/video_1")
        continues.set()
    assert 1000 <= len(lines) - 1 <= 1002
    assert lines[-1] == f"{1101 - len(lines)} lines left out"


def test_output_that_is_closed_stops_the_lines_only() -> None:
    written = Event()

    def write(line: str) -> None:
        written.set()
        raise BrokenPipeError

    with RequestPrinter(write) as printer:
        endpoint = connect(printer)
        get(endpoint, "/v1/videos/video_1")
        assert written.wait(SECONDS)
        for _ in range(1100):
            assert get(endpoint, "/v1/videos/video_1").status == 404
