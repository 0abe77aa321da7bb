"""`whose` of the controls: the job of a downloaded file, and whether the file is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from aisa_testkit.mock_server import ManualClock
from aisa_testkit.openapi.json import Json
from aisa_testkit.pytest_plugin import JobFile, ObservedMock, mock_videos, serve_videos
from tests.support.job_api import TEXT, JobApi, job_schema, operation
from tests.support.media import MP4

KEY = {"authorization": "Bearer sk-test"}
Open = Callable[..., AbstractContextManager[ObservedMock]]


@pytest.fixture(params=[mock_videos, serve_videos])
def mock(request: pytest.FixtureRequest) -> Iterator[ObservedMock]:
    """A mock in process, and one on a socket."""
    open_mock: Open = request.param
    # These tests do not look after their jobs.
    with open_mock(check=False, clock=ManualClock(1_780_000_000)) as mock:
        yield mock


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(headers=KEY) as client:
        yield client


def finished_jobs(mock: ObservedMock, client: httpx.Client, count: int = 1) -> list[str]:
    """Create jobs, end them, and return their ids."""
    url = f"{mock.base_url}/videos"
    made = [client.post(url, json={"prompt": "A lighthouse"}).json() for _ in range(count)]
    mock.clock.advance(3600)
    return [str(job["id"]) for job in made]


def file_url(mock: ObservedMock, job: str, variant: str = "video") -> str:
    return f"{mock.base_url}/videos/{job}/content?variant={variant}"


def save(content: bytes, folder: Path) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("variant", ["video", "thumbnail", "spritesheet"])
def test_files_of_two_jobs_differ(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path, variant: str
) -> None:
    replies = {}
    for job in finished_jobs(mock, client, 2):
        replies[job] = client.get(file_url(mock, job, variant))
        path = save(replies[job].content, tmp_path)
        assert mock.whose(path) == mock.whose(str(path)) == JobFile(job, whole=True)
    first, second = replies.values()
    assert first.content != second.content
    assert first.headers["etag"] != second.headers["etag"]


def test_deleted_jobs_and_those_of_another_mock_are_known(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path
) -> None:
    (job,) = finished_jobs(mock, client)
    path = save(client.get(file_url(mock, job)).content, tmp_path)
    client.delete(f"{mock.base_url}/videos/{job}").raise_for_status()
    assert mock.whose(path) == JobFile(job, whole=True)
    mock.reset()
    assert mock.whose(path) == JobFile(job, whole=True)
    with serve_videos(check=False) as other:
        assert other.whose(path) == JobFile(job, whole=True)


def test_truncated_download_is_not_whole(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path
) -> None:
    (job,) = finished_jobs(mock, client)
    mock.fault("getVideoContent", body="truncated", times=1)
    path = save(client.get(file_url(mock, job)).content, tmp_path)
    assert mock.whose(path) == JobFile(job, whole=False)


def test_download_that_breaks_off_is_not_whole_until_it_is_resumed(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path
) -> None:
    (job,) = finished_jobs(mock, client)
    url, chunks = file_url(mock, job), list[bytes]()
    mock.fault("getVideoContent", cut=0.3, times=1)
    with client.stream("GET", url) as response, pytest.raises(httpx.TransportError):
        chunks.extend(response.iter_raw())
    received = b"".join(chunks)
    assert mock.whose(save(received, tmp_path)) == JobFile(job, whole=False)
    condition = {"range": f"bytes={len(received)}-", "if-range": response.headers["etag"]}
    rest = client.get(url, headers=condition)
    assert rest.status_code == 206
    assert mock.whose(save(received + rest.content, tmp_path)) == JobFile(job, whole=True)


def test_ranges_put_together_are_a_whole_file(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path
) -> None:
    (job,) = finished_jobs(mock, client)
    url, content = file_url(mock, job), b""
    size = int(client.head(url).headers["content-length"])
    while len(content) < size:
        wanted = {"range": f"bytes={len(content)}-{len(content) + 4999}"}
        content += client.get(url, headers=wanted).content
        found = mock.whose(save(content, tmp_path))
        assert found == JobFile(job, whole=len(content) == size)
    assert len(content) == size


def test_range_of_the_file_of_another_job_is_not_sent(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path
) -> None:
    first, second = finished_jobs(mock, client, 2)
    etag = client.head(file_url(mock, first)).headers["etag"]
    url = file_url(mock, second)
    reply = client.get(url, headers={"range": "bytes=100-", "if-range": etag})
    assert reply.status_code == 200
    assert mock.whose(save(reply.content, tmp_path)) == JobFile(second, whole=True)
    assert client.get(url, headers={"if-none-match": etag}).status_code == 200
    own = client.head(url).headers["etag"]
    assert client.get(url, headers={"if-none-match": own}).status_code == 304


def test_files_of_something_else_are_of_no_job(
    mock: ObservedMock, client: httpx.Client, tmp_path: Path
) -> None:
    error = client.get(file_url(mock, "video_0"))
    assert error.status_code == 404
    for content in (b"", error.content, MP4.read_bytes()):
        assert mock.whose(save(content, tmp_path)) is None


def test_missing_file_is_an_error(mock: ObservedMock, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        mock.whose(tmp_path / "missing.mp4")


ADDRESS: Json = {"type": "string", "format": "uri"}
BINARY: Json = {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}


def test_files_at_addresses_and_with_ids_of_their_own_name_their_job(tmp_path: Path) -> None:
    pdf: Any = BINARY
    api = JobApi(
        job=job_schema(url=ADDRESS, file_id={"type": ["string", "null"]}),
        paths={"/files/{file_id}": {"get": operation("getFile", **pdf)}},
        kind={
            "result": {"operation": "getFile", "key": "/file_id"},
            "fields": {
                "/url": {"file": "audio/mpeg"},
                "/file_id": {"new_id": "^file-[0-9]{8}$", "in": "success"},
            },
        },
    )
    jobs = [str(api.create()["id"]) for _ in range(2)]
    api.clock.advance(10)
    for job in jobs:
        found = api.get(f"/jobs/{job}")
        at_address = api.download(found["url"])
        by_id = api.send(f"GET /files/{found['file_id']}")
        for reply in (at_address, by_id):
            path = save(reply.body, tmp_path)
            assert api.controls.whose(path) == JobFile(job, whole=True)


def test_result_in_json_is_of_no_job(tmp_path: Path) -> None:
    """It is a response that has to match its schema."""
    api = JobApi(
        paths={"/jobs/{id}/result": {"get": operation("getResult", job_schema(text=TEXT))}},
        kind={"result": "getResult"},
    )
    job = api.create()["id"]
    api.clock.advance(10)
    reply = api.send(f"GET /jobs/{job}/result")
    assert reply.status == 200
    assert api.controls.whose(save(reply.body, tmp_path)) is None
