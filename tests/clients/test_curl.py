"""curl against the mock on a socket: the vendor's example, downloads, huge bodies, CORS."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest

from aisa_testkit.mock_server import VideoServer
from tests.support.media import file_of_job

MEDIA = files("aisa_testkit.mock_server").joinpath("media")
KEY = "Authorization: Bearer sk-test"
HUGE = 100_000_000

# The exact example on the vendor's reference page.
EXAMPLE = r"""
curl --request POST \
  --url https://api.aisa.one/v1/videos \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: multipart/form-data' \
  --form 'prompt=<string>' \
  --form model=sora-2 \
  --form input_reference='@example-file' \
  --form seconds=4 \
  --form size=720x1280
"""


@dataclass(frozen=True, slots=True)
class Response:
    """A response, and the number of body bytes that curl had sent before it."""

    status: int
    headers: dict[str, str]
    body: bytes
    uploaded: int

    @property
    def error(self) -> dict[str, Any]:
        """The error object of the body."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        return error


@dataclass(frozen=True, slots=True)
class Curl:
    """The curl program."""

    path: str

    def __call__(self, *arguments: str) -> Response:
        report = ("--include", "--silent", "--write-out", "%{stderr}%{size_upload}")
        done = self.run(*report, *arguments)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 100 "):
            head, _, body = body.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        fields = (line.partition(": ") for line in lines)
        headers = {name.lower(): value for name, _, value in fields}
        return Response(int(first.split()[1]), headers, body, int(done.stderr))

    def run(
        self, *arguments: str, folder: Path | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self.path, *arguments], cwd=folder, check=True, capture_output=True, timeout=30
        )


@pytest.fixture
def curl(tool: Callable[[str], str]) -> Curl:
    """The installed curl."""
    return Curl(tool("curl"))


@pytest.fixture
def content_url(video_server: VideoServer) -> str:
    """The URL of the file of a completed job."""
    url = f"{video_server.base_url}/videos"
    with httpx2.Client(headers={"Authorization": "Bearer sk-test"}) as client:
        job = client.post(url, json={"prompt": "A teapot", "model": "sora-2"}).json()
        while client.get(f"{url}/{job['id']}").json()["status"] != "completed":
            pass
    return f"{url}/{job['id']}/content"


def job_in(content_url: str) -> str:
    """Return the id of the job of a file."""
    return content_url.split("/")[-2]


def example(server: VideoServer, media_type: str = "") -> list[str]:
    """Return the arguments of the vendor's example, with values for its placeholders.

    curl sends a file whose name has no known extension as application/octet-stream.
    """
    text = EXAMPLE.replace("\\\n", " ").replace("https://api.aisa.one/v1", server.base_url)
    text = text.replace("<token>", "sk-test").replace("<string>", "Sea")
    file = "@example-file"
    return shlex.split(text.replace(file, f"{file};type={media_type}" if media_type else file))[1:]


@pytest.mark.parametrize(
    ("name", "media_type"), [("720x1280-4s.webp", "image/webp"), ("720x1280-4s.jpg", "image/jpeg")]
)
def test_vendor_example_creates_a_job(
    curl: Curl, video_server: VideoServer, tmp_path: Path, name: str, media_type: str
) -> None:
    tmp_path.joinpath("example-file").write_bytes(MEDIA.joinpath(name).read_bytes())
    job = json.loads(curl.run(*example(video_server, media_type), folder=tmp_path).stdout)
    assert (job["object"], job["status"]) == ("video", "queued")
    assert (job["prompt"], job["seconds"], job["size"]) == ("Sea", "4", "720x1280")


def test_image_without_its_media_type_is_rejected(
    curl: Curl, video_server: VideoServer, tmp_path: Path
) -> None:
    image = MEDIA.joinpath("720x1280-4s.jpg").read_bytes()
    tmp_path.joinpath("example-file").write_bytes(image)
    error = json.loads(curl.run(*example(video_server), folder=tmp_path).stdout)["error"]
    assert error["param"] == "input_reference"
    assert "application/octet-stream" in error["message"]


def test_vendor_example_without_an_image_is_rejected(
    curl: Curl, video_server: VideoServer, tmp_path: Path
) -> None:
    tmp_path.joinpath("example-file").write_bytes(b"not an image")
    response = json.loads(curl.run(*example(video_server), folder=tmp_path).stdout)
    assert response["error"]["param"] == "input_reference"


def test_download_is_resumed_with_a_range(curl: Curl, content_url: str, tmp_path: Path) -> None:
    whole = file_of_job("720x1280-4s.mp4", job_in(content_url))
    target = tmp_path / "video.mp4"
    target.write_bytes(whole[:1000])
    curl.run("-H", KEY, "--continue-at", "-", "--output", str(target), content_url)
    assert target.read_bytes() == whole


def test_range_request_returns_part_of_the_file(curl: Curl, content_url: str) -> None:
    whole = file_of_job("720x1280-4s.mp4", job_in(content_url))
    part = curl("-H", KEY, "-r", "100-199", content_url)
    assert (part.status, part.body) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    end = curl("-H", KEY, "-r", "-100", content_url)
    assert (end.status, end.body) == (206, whole[-100:])
    beyond = curl("-H", KEY, "-r", f"{len(whole)}-", content_url)
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")


def test_head_has_the_headers_of_get(curl: Curl, content_url: str) -> None:
    head, got = curl("-H", KEY, "-I", content_url), curl("-H", KEY, content_url)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(got.body))
    for name in ("content-type", "etag", "accept-ranges", "content-disposition"):
        assert head.headers[name] == got.headers[name]


def test_cors_allows_requests_from_any_origin(curl: Curl, video_server: VideoServer) -> None:
    url, origin = f"{video_server.base_url}/videos", "Origin: https://page.example"
    requested = (
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
    )
    preflight = curl("-X", "OPTIONS", "-H", origin, "-H", requested[0], "-H", requested[1], url)
    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (200, "*")
    assert "POST" in preflight.headers["access-control-allow-methods"].split(", ")
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    got = curl("-H", origin, "-H", KEY, url)
    assert (got.status, got.headers["access-control-allow-origin"]) == (200, "*")
    rejected = curl("-H", origin, url)
    # Without these headers, a page could not read the error.
    assert (rejected.status, rejected.headers["access-control-allow-origin"]) == (401, "*")
    assert rejected.headers["access-control-expose-headers"] == "*"
    plain = curl("-H", KEY, url)
    assert not [name for name in plain.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    ("header", "max_uploaded"),
    [
        pytest.param("Expect: 100-continue", 0, id="expect-100-continue"),
        pytest.param("Expect:", HUGE // 2, id="no-expect"),
        pytest.param("Transfer-Encoding: chunked", HUGE - 1, id="chunked"),
    ],
)
def test_too_large_body_is_rejected_before_it_is_sent(
    curl: Curl, video_server: VideoServer, tmp_path: Path, header: str, max_uploaded: int
) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(HUGE)
    url, form = f"{video_server.base_url}/videos", ("-F", "prompt=x", "-F")
    response = curl("-H", KEY, "-H", header, *form, f"input_reference=@{huge}", url)
    assert (response.status, response.error["code"]) == (413, "invalid_request")
    assert response.uploaded <= max_uploaded
    assert curl("-H", KEY, url).status == 200


def test_multipart_form_with_too_many_parts_is_rejected(
    curl: Curl, video_server: VideoServer, tmp_path: Path
) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nSea\r\n'
    body = tmp_path / "body"
    body.write_bytes(part * 100_000 + b"--x--\r\n")
    url, form = f"{video_server.base_url}/videos", "Content-Type: multipart/form-data; boundary=x"
    response = curl("-H", KEY, "-H", form, "--data-binary", f"@{body}", url)
    assert (response.status, response.error["code"]) == (400, "invalid_request")
    assert "1000 parts" in response.error["message"]
    assert curl("-H", KEY, url).status == 200
