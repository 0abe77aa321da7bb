"""Clients that download files at the addresses in jobs, mostly without the API key."""

from __future__ import annotations

from urllib.parse import urlsplit

import orjson
import pytest

from aisa_testkit.contracts import Coverage, read_recording
from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes, codes_with_numbers
from tests.support.job_api import TEXT, JobApi, job_schema, request_schema
from tests.support.journaled_mock import KEY, JournaledMock


@pytest.fixture(scope="module")
def document() -> Document:
    return JobApi(
        job=job_schema(output={"type": "object", "properties": {"film": TEXT, "still": TEXT}}),
        request=request_schema(seconds={"type": "integer"}),
        kind={
            "fields": {
                "/output/film": {"file": "video/mp4"},
                "/output/still": {"file": "image/webp"},
            },
            "media": {"duration": "/seconds"},
            "expires": 60,
        },
        security_schemes={"key": {"type": "http", "scheme": "bearer"}},
        root={"security": [{"key": []}]},
    ).document


class Client:
    """A client that polls with its key, and downloads without it."""

    def __init__(self, document: Document) -> None:
        self.mock = JournaledMock(document)
        self.controls = MockControls(self.mock.service)

    def create(self, **fields: Json) -> str:
        reply = self.mock.send("createJob", fields={"prompt": "A kite", **fields})
        return str(orjson.loads(reply.body)["id"])

    def poll(self, job_id: str, *, after: float = 60) -> None:
        self.mock.clock.advance(after)
        self.mock.send("getJob", job_id=job_id)

    def download(
        self, job_id: str, field: str = "film", method: str = "GET", **headers: str
    ) -> Reply:
        url = f"https://jobs.test/v1/__files/{job_id}/output/{field}"
        path = urlsplit(url).path
        return self.mock.endpoint.respond(method, path, query="t=1", headers=headers, body=b"")

    @property
    def codes(self) -> list[str]:
        return codes_with_numbers(self.mock.journal.client_verdict().violations)


@pytest.fixture
def client(document: Document) -> Client:
    return Client(document)


def test_download_is_an_exchange_about_its_job(client: Client, document: Document) -> None:
    job_id = client.create()
    client.poll(job_id)
    assert client.download(job_id).status == 200
    assert client.download(job_id, method="HEAD").body == b""
    page = client.mock.journal.requests({"operation": "__files", "order": "newest"})
    shown = page["requests"][0]
    assert {name: shown[name] for name in ("operation", "method", "path", "status", "jobs")} == {
        "operation": "__files",
        "method": "GET",
        "path": f"/v1/__files/{job_id}/output/film",
        "status": 200,
        "jobs": [job_id],
    }
    assert (shown["number"], shown["violations"], shown["warnings"]) == (4, [], [])
    assert client.codes == []
    with_files, without = Coverage.of(document), Coverage.of(document)
    with_files.observe(document, client.mock.journal.log.requests)
    without.observe(document, client.mock.journal.log.requests[:2])
    assert with_files.hits == without.hits


@pytest.mark.parametrize("key", [{}, {"authorization": f"Bearer {KEY}"}])
@pytest.mark.parametrize(("fails", "after", "code"), [(False, 1, "AV713 3"), (True, 60, "AV714 3")])
def test_download_of_a_job_without_files_is_reported(
    client: Client, fails: bool, after: float, code: str, key: dict[str, str]
) -> None:
    if fails:
        client.controls.next_job(outcome="failed")
    job_id = client.create()
    client.poll(job_id, after=after)
    assert client.download(job_id, **key).status >= 400
    assert client.codes == [code]


def test_download_after_the_expiry_is_reported(client: Client) -> None:
    job_id = client.create()
    client.poll(job_id)
    client.mock.clock.advance(100)
    assert client.download(job_id).status >= 400
    assert client.codes == ["AV735 3"]


def test_download_of_an_unknown_job_is_reported(client: Client) -> None:
    assert client.download("none").status == 404
    assert client.codes == ["AV711 1"]


def test_partial_downloads_and_other_files_are_no_repetition(client: Client) -> None:
    job_id = client.create()
    client.poll(job_id)
    assert client.download(job_id, range="bytes=0-9").status == 206
    assert client.download(job_id, range="bytes=10-19").status == 206
    assert client.download(job_id, "still").headers["content-type"] == "image/webp"
    assert client.codes == []


@pytest.mark.parametrize(("seconds", "expected"), [(4, []), (30, ["AV226"])])
def test_downloads_are_recorded_and_judged_as_results(
    client: Client, document: Document, seconds: int, expected: list[str]
) -> None:
    job_id = client.create(seconds=4)
    client.poll(job_id)
    client.download(job_id)
    client.download(job_id, "still")
    har = client.mock.journal.har({}).replace(b'\\"seconds\\":4', b'\\"seconds\\":%d' % seconds)
    urls = [entry["request"]["url"] for entry in orjson.loads(har)["log"]["entries"]]
    assert urls[2] == f"https://jobs.test/v1/__files/{job_id}/output/film?t=1"
    recording = read_recording(document, har)
    assert (len(recording.exchanges), recording.notes) == (4, ())
    assert codes(CheckPolicy().violations(document, recording.exchanges)) == expected
