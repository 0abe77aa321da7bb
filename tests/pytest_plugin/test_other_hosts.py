"""Requests to unknown endpoints, to other hosts, and to the vendor's own server."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.support.plugin_project import Run

IMPORTS = """
import asyncio
import os
import httpx
import httpx2
import pytest
from program import KEY, create, poll

each_client = pytest.mark.parametrize("client", ["httpx", "httpx2", "async httpx", "async httpx2"])

def send(client, method, url):
    library = {"httpx": httpx, "httpx2": httpx2}[client.removeprefix("async ")]
    if not client.startswith("async "):
        return library.request(method, url, headers=KEY)

    async def main():
        async with library.AsyncClient() as client:
            return await client.request(method, url, headers=KEY)

    return asyncio.run(main())

def send_ignoring_errors(client, method, url):
    try:
        send(client, method, url).raise_for_status()
    except Exception:
        pass
"""


@pytest.fixture
def other_server() -> Iterator[str]:
    """The URL of another local server."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from another server")

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/page"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("method", "path", "difference", "nearest"),
    [
        pytest.param(
            "GET",
            "/v1/video/abc",
            "the path has /video where /videos is expected",
            "GET /v1/videos/{video_id} (getVideo)",
            id="unknown path",
        ),
        pytest.param(
            "PATCH",
            "/v1/videos",
            "the method is PATCH",
            "GET /v1/videos (listVideos)",
            id="unknown method",
        ),
        pytest.param(
            "POST",
            "/videos",
            "the path lacks /v1: add it to the base URL",
            "POST /v1/videos (createVideo)",
            id="create without the base path",
        ),
    ],
)
def test_unknown_endpoint_fails_the_test_even_if_the_error_is_caught(
    run: Run, method: str, path: str, difference: str, nearest: str
) -> None:
    result = run(
        f"""{IMPORTS}
@each_client
def test_it(video_mock, client):
    send_ignoring_errors(client, {method!r}, "https://api.aisa.one{path}")
"""
    )
    result.assert_outcomes(failed=4)
    message = f"""
AV701 unknown endpoint
  request   {method} {path}, no. 1
  sent      {difference}
  expected  {nearest}, the nearest operation
"""
    text = re.sub("  sent from .*\n", "", result.stdout.str())
    assert text.count(message) == 4


@pytest.mark.parametrize(
    ("allow", "counts"),
    [((), {"failed": 2}), ("/v1/files", {"passed": 1, "failed": 1}), ("/v1/*", {"passed": 2})],
    ids=["none", "one path", "pattern"],
)
def test_allowed_path_does_not_fail_the_test(
    run: Run, allow: str | tuple[str, ...], counts: dict[str, int]
) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(allow={allow!r})
@pytest.mark.parametrize("path", ["files", "assistants"])
def test_it(video_mock, path):
    httpx.get(f"{{video_mock.base_url}}/{{path}}")
    httpx.get(f"{{video_mock.base_url}}/models")
"""
    )
    result.assert_outcomes(**counts)
    if not allow:
        result.stdout.fnmatch_lines(["To allow this on purpose: *(allow=[[]'/v1/files'[]]) or *"])


def test_poll_without_the_base_path_reports_the_nearest_operation(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    send_ignoring_errors("httpx2", "GET", "https://api.aisa.one/videos/video_1")
"""
    )
    result.assert_outcomes(failed=1)
    assert "GET /v1/videos/{video_id} (getVideo), the nearest operation" in result.stdout.str()


@pytest.mark.parametrize(
    "url",
    ["http://vendor.invalid/v1/videos", "https://vendor.invalid:8443/v1/videos"],
    ids=["http", "other port"],
)
def test_other_scheme_or_port_of_the_api_host_is_blocked(run: Run, url: str) -> None:
    result = run(
        f"""{IMPORTS}
@each_client
@pytest.mark.video_mock(base_url="https://vendor.invalid/v1")
def test_it(video_mock, client):
    send_ignoring_errors(client, "GET", {url!r})
"""
    )
    result.assert_outcomes(failed=4)
    assert result.stdout.str().count(": the code under test broke the contract") == 4


@pytest.mark.parametrize(
    ("base", "path"),
    [("/api", "/v1/videos"), ("/v1beta", "/v1betas/videos")],
    ids=["base path of the document", "longer path"],
)
def test_path_outside_the_base_url_is_an_unknown_endpoint(run: Run, base: str, path: str) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(base_url="https://elsewhere.test{base}")
def test_it(video_mock):
    assert send("httpx2", "GET", "https://elsewhere.test{path}").status_code == 404
"""
    )
    result.assert_outcomes(failed=1)
    assert f"  request   GET {path}, no. 1\n" in result.stdout.str()


@pytest.mark.parametrize(
    "where",
    ["ini", "fixture", "marker"],
    ids=["ini file", "fixture", "marker"],
)
def test_vendor_url_is_mocked_with_any_base_url(run: Run, where: str) -> None:
    url = "https://staging.test/v1"
    head = {
        "ini": "",
        "fixture": f"@pytest.fixture\ndef video_base_url():\n    return {url!r}\n",
        "marker": f"@pytest.mark.video_mock(base_url={url!r})",
    }[where]
    result = run(
        f"""{IMPORTS}
{head}
def test_it(video_mock):
    assert os.environ["OPENAI_BASE_URL"] == video_mock.base_url == {url!r}
    job = create(video_mock).json()["id"]
    for client in ("httpx", "httpx2"):
        response = send(client, "GET", "https://api.aisa.one/v1/videos/" + job)
        assert response.json()["id"] == job
""",
        ini=f"video_base_url = {url}" if where == "ini" else "",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("fixture", ["video_mock", "video_server"])
def test_environment_is_restored_after_a_test(
    run: Run, monkeypatch: pytest.MonkeyPatch, fixture: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://real.test/v1")
    monkeypatch.delenv("AISA_API_KEY", raising=False)
    result = run(
        f"""{IMPORTS}
def variables():
    names = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "AISA_API_KEY")
    return tuple(os.environ.get(name) for name in names)

BEFORE = ("https://real.test/v1", "sk-real", None)

def test_before():
    assert variables() == BEFORE

def test_with({fixture}):
    assert variables() == ({fixture}.base_url, "sk-aisa-dummy", "sk-aisa-dummy")
    assert {fixture}.base_url != BEFORE[0]

def test_that_changes_it({fixture}):
    del os.environ["OPENAI_API_KEY"]
    os.environ["AISA_API_KEY"] = "sk-changed"
    assert variables() == BEFORE, "on purpose"

def test_after():
    assert variables() == BEFORE
"""
    )
    result.assert_outcomes(passed=3, failed=1)


@pytest.mark.parametrize(
    "ini", ["", "video_other_hosts = fail"], ids=["default", "other_hosts=fail"]
)
def test_other_local_servers_are_reachable(run: Run, other_server: str, ini: str) -> None:
    result = run(
        f"""{IMPORTS}
@each_client
def test_it(video_mock, client):
    assert send(client, "GET", {other_server!r}).text == "from another server"
    assert send(client, "GET", video_mock.base_url + "/videos").status_code == 200
    assert [request.operation_id for request in video_mock.requests] == ["listVideos"]
""",
        ini=ini,
    )
    result.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("ini", "mark"),
    [
        ("video_other_hosts = fail", ""),
        ("", "@pytest.mark.video_mock(other_hosts='fail')"),
        ("video_other_hosts = pass", "@pytest.mark.video_mock(other_hosts='fail')"),
    ],
    ids=["ini file", "marker", "marker over ini file"],
)
def test_blocked_requests_to_other_hosts_fail_the_test(run: Run, ini: str, mark: str) -> None:
    result = run(
        f"""{IMPORTS}
{mark}
@each_client
def test_it(video_mock, client):
    send_ignoring_errors(client, "GET", "https://elsewhere.invalid/a?b=c")
    send_ignoring_errors(client, "GET", "https://elsewhere.invalid/a?b=c")
""",
        ini=ini,
    )
    result.assert_outcomes(failed=4)
    message = """
AV708 request blocked
  request   GET https://elsewhere.invalid/a?b=c, nos. 1 and 2
  sent      requests to elsewhere.invalid are blocked (other_hosts is 'fail')
"""
    text = re.sub("  sent from .*\n", "", result.stdout.str())
    assert text.count(message) == 4


def test_invalid_other_hosts_in_the_ini_file_is_an_error(run: Run) -> None:
    result = run("def test_it(video_mock): pass", ini="video_other_hosts = block")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*other_hosts must be 'pass' or 'fail', not 'block'"])
