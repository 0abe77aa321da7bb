"""The faulty server conforms to the document when no fault is switched on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import httpx2
import pytest
from faulty_server import FAULTS, KEY, PREFIX, VARIANTS, Family, create_app, serve
from starlette.testclient import TestClient

from tests.support.media import MP4

BEARER = {"authorization": f"Bearer {KEY}"}
FORM = {"prompt": (None, "Ein Löwe im Schnee")}
JSON = {"prompt": "A pier", "model": "sora-2-pro", "size": "1280x720", "seconds": "8"}


@dataclass(slots=True)
class Clock:
    """A clock that only moves when a test moves it, in Unix seconds."""

    now: float = 1_780_000_000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[TestClient]:
    url = f"http://testserver{PREFIX}"
    with TestClient(create_app(now=clock), url, headers=BEARER) as client:
        yield client


def completed_job(client: TestClient, clock: Clock) -> str:
    job_id = client.post("/videos", files=FORM).json()["id"]
    clock.now += 1
    return str(job_id)


def test_job_is_queued_in_progress_and_completed(client: TestClient, clock: Clock) -> None:
    views = [client.post("/videos", files=FORM).json()]
    for _ in range(6):
        clock.now += 0.09
        views.append(client.get(f"/videos/{views[0]['id']}").json())
    assert [v["status"] for v in views] == ["queued"] * 2 + ["in_progress"] * 4 + ["completed"]
    assert [view["progress"] for view in views] == [0, 0, 20, 42, 64, 86, 100]
    assert views[-1] == {
        **views[0],
        "status": "completed",
        "progress": 100,
        "completed_at": 1_780_000_000,
        "expires_at": 1_780_086_400,
    }


def test_job_echoes_the_fields_of_its_create(client: TestClient) -> None:
    created = client.post("/videos", json=JSON)
    assert created.json().items() >= JSON.items()
    assert created.headers["openai-poll-after-ms"] == "50"


def test_content_is_served_whole_by_range_and_by_etag(client: TestClient, clock: Clock) -> None:
    path, video = f"/videos/{completed_job(client, clock)}/content", MP4.read_bytes()
    whole = client.get(path)
    assert (whole.content, whole.headers["content-type"]) == (video, "video/mp4")
    part = client.get(path, headers={"range": "bytes=9-18"})
    assert (part.status_code, part.content) == (206, video[9:19])
    assert part.headers["content-range"] == f"bytes 9-18/{len(video)}"
    unchanged = client.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert unchanged.status_code == 304


def test_content_expires(client: TestClient, clock: Clock) -> None:
    job_id = completed_job(client, clock)
    clock.now = client.get(f"/videos/{job_id}").json()["expires_at"]
    assert client.get(f"/videos/{job_id}/content").status_code == 404


def test_pagination_returns_every_job_once(client: TestClient, clock: Clock) -> None:
    job_ids = [completed_job(client, clock) for _ in range(5)]
    query = {"limit": "2", "order": "asc"}
    page = client.get("/videos", params=query).json()
    pages = [[job["id"] for job in page["data"]]]
    while page["has_more"]:
        page = client.get("/videos", params={**query, "after": page["last_id"]}).json()
        pages.append([job["id"] for job in page["data"]])
    assert pages == [job_ids[:2], job_ids[2:4], job_ids[4:]]
    newest_first = client.get("/videos").json()["data"]
    assert [job["id"] for job in newest_first] == job_ids[::-1]


def test_deleted_job_is_not_found(client: TestClient, clock: Clock) -> None:
    job_id = completed_job(client, clock)
    deleted = {"id": job_id, "object": "video.deleted", "deleted": True}
    assert client.delete(f"/videos/{job_id}").json() == deleted
    assert client.get("/videos").json()["data"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content"), ("POST", "/remix")):
        assert client.request(method, f"/videos/{job_id}{path}").status_code == 404


def test_running_job_has_no_content_and_cannot_be_remixed_or_deleted(client: TestClient) -> None:
    path = f"/videos/{client.post('/videos', files=FORM).json()['id']}"
    rejected = [client.get(f"{path}/content"), client.delete(path)]
    rejected.append(client.post(f"{path}/remix", json=JSON))
    assert [response.status_code for response in rejected] == [409] * 3


def test_remix_names_its_source(client: TestClient, clock: Clock) -> None:
    source = completed_job(client, clock)
    remix = client.post(f"/videos/{source}/remix", json={"prompt": "At night"}).json()
    assert (remix["remixed_from_video_id"], remix["prompt"]) == (source, "At night")


def test_invalid_creates_are_rejected_and_create_no_job(client: TestClient) -> None:
    file = {"input_reference": ("a", b"x", "text/plain")}
    malformed = {"content": b"{", "headers": {"content-type": "application/json"}}
    requests: list[tuple[dict[str, Any], int, str]] = [
        ({"json": {}}, 400, "missing_parameter"),
        ({"json": {"prompt": ""}}, 400, "invalid_request"),
        ({"json": {**JSON, "seconds": 8}}, 400, "invalid_parameter_type"),
        ({"json": {**JSON, "size": "1x1"}}, 400, "invalid_request"),
        ({"json": {**JSON, "model": "sora-9"}}, 404, "unknown_model"),
        ({"files": {**FORM, **file}}, 400, "invalid_request"),
        (malformed, 400, "json_parse_error"),
    ]
    for request, status, code in requests:
        response = client.post("/videos", **request)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert client.get("/videos").json()["data"] == []


def test_invalid_page_parameters_are_rejected(client: TestClient) -> None:
    queries = ["limit=101", "limit=-1", "limit=two", "order=up"]
    assert {client.get(f"/videos?{query}").status_code for query in queries} == {400}


def test_missing_and_invalid_keys_are_rejected(client: TestClient) -> None:
    for key in ("", "Basic abc", "Bearer ", "Bearer sk-other"):
        response = client.get("/videos", headers={"authorization": key})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


def test_catalogue_has_unique_names_and_every_family() -> None:
    names = [fault.name for fault in FAULTS] + [variant.name for variant in VARIANTS]
    assert len(set(names)) == len(names)
    assert {fault.family for fault in FAULTS} == set(get_args(Family))


def test_fault_and_variant_cannot_be_combined() -> None:
    with pytest.raises(ValueError, match="not both"):
        create_app(fault=FAULTS[0].name, variant=VARIANTS[0].name)


def test_truncated_response_breaks_off_on_a_socket() -> None:
    with serve(fault="create-cut") as base_url, pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(f"{base_url}/videos", files=FORM, headers=BEARER)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(base_url)
