"""The lines that `serve --verbose` prints for requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_the_line_of_a_request_holds_no_key_of_its_query(serve: Callable[..., Any]) -> None:
    served = serve("--verbose")
    assert served.ask("GET", "/videos?api_key=sk-secret&limit=1").status_code == 200
    line = served.lines.get()
    assert '"GET /v1/videos?... HTTP/1.1" 200 OK' in line
