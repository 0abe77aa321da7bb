"""Addresses that jobs show: each file is read once, and must be there; operations must answer."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts.traffic.file_read import FileReply
from aisa_testkit.openapi import Document, Reply, load_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.messages import NEAREST_FILE_HEADER
from tests.support.documents import DUBBINGS
from tests.support.job_api import (
    JOB,
    TEXT,
    JobApi,
    job_schema,
    object_of,
    operation,
    request_schema,
)
from tests.support.local_server import LocalServer
from tests.support.media import MP4


@pytest.fixture(scope="module")
def dubbings() -> Document:
    return load_document(DUBBINGS, strict=True)


class Files:
    """Reads files; every address has the same response."""

    def __init__(self, reply: FileReply, *, owned: bool = True) -> None:
        self.reply, self._owned = reply, owned
        self.read: list[tuple[str, dict[str, str]]] = []

    def read_file(self, url: str, headers: dict[str, str]) -> FileReply:
        self.read.append((url, dict(headers)))
        return self.reply

    def owns(self, url: str) -> bool:
        return self._owned


def reply(
    status: int = 200, media_type: str = "video/mp4", body: bytes = MP4.read_bytes()
) -> FileReply:
    return FileReply(Reply(status, {"content-type": media_type}, body))


GOOD = reply()


def test_file_of_the_finished_job_is_read(dubbings: Document) -> None:
    files = Files(GOOD)
    result = LocalServer(dubbings).run_check(creates=2, files=files)
    assert (result.violations, result.notes[1:]) == ((), ())
    ((url, credentials),) = files.read  # the second job is canceled
    assert url.endswith(f"/v3/__files/{result.jobs[0]}/sound")
    assert credentials == {"authorization": "Bearer sk-of-the-check"}


def test_check_without_a_key_has_no_credentials_for_files(dubbings: Document) -> None:
    files = Files(GOOD)
    LocalServer(dubbings, lambda w, c, r: w.reply_with_key(c)).run_check(key=None, files=files)
    assert [credentials for _, credentials in files.read] == [{}]


@pytest.mark.parametrize(
    ("found", "received"),
    [
        (reply(404), "status 404"),
        (reply(304), "status 304"),
        (reply(body=b""), "an empty file"),
        (reply(media_type="text/html"), "a page of type text/html"),
        (reply(media_type="application/json"), "a page of type application/json"),
        (FileReply(None, problem="it is late"), "no response (it is late)"),
    ],
)
def test_file_that_is_not_there_is_a_violation(
    dubbings: Document, found: FileReply, received: str
) -> None:
    result = LocalServer(dubbings).run_check(files=Files(found))
    (violation,) = result.violations
    assert (violation.code, violation.place) == ("AV222", "/sound")
    assert violation.received == f"{received} at the address in {result.jobs[0]}"
    shown = result.history[violation.numbers[0] - 1]
    assert shown.reply
    assert b'"sound"' in shown.reply.body


@pytest.mark.parametrize("media_type", ["video/mp4", "application/octet-stream", ""])
def test_storage_may_name_another_type_of_file(dubbings: Document, media_type: str) -> None:
    files = Files(reply(media_type=media_type))
    assert LocalServer(dubbings).run_check(files=files).violations == ()


def test_picture_in_place_of_a_sound_is_a_violation(dubbings: Document) -> None:
    result = LocalServer(dubbings).run_check(files=Files(reply(media_type="image/png")))
    (violation,) = result.violations
    assert (violation.code, violation.place, violation.expected) == (
        "AV224",
        "/sound",
        "video/mp4",
    )
    assert violation.received == f"image/png at the address in {result.jobs[0]}"


def test_files_that_cannot_be_read_are_noted(dubbings: Document) -> None:
    result = LocalServer(dubbings).run_check(files=None)
    assert "the file at /sound was not read" in result.notes


def test_api_key_in_a_problem_is_masked(dubbings: Document) -> None:
    files = Files(FileReply(None, problem="no route to sk-of-the-check"))
    (violation,) = LocalServer(dubbings).run_check(files=files).violations
    assert "sk-of-the-check" not in str(violation)


def test_address_in_the_answer_of_a_result_is_read() -> None:
    answer = operation("getFile", object_of({"url": TEXT}, "url"))
    api = JobApi(
        paths={"/jobs/{id}/file": {"get": answer}},
        kind={"result": {"operation": "getFile", "answer": {"/url": {"file": "video/mp4"}}}},
    )
    files = Files(reply(404))
    result = LocalServer(api.document).run_check(files=files)
    ((url, _),) = files.read
    assert url.endswith(f"/__files/{result.jobs[0]}/url")
    (violation,) = result.violations
    assert (violation.code, violation.operation_id, violation.place) == ("AV222", "getFile", "/url")


def test_operation_at_its_address_is_requested_once_with_what_it_needs(dubbings: Document) -> None:
    files = Files(reply(media_type="application/json", body=b"{}"))
    result = LocalServer(dubbings).run_check(kind="caption", files=files)
    assert result.violations == ()
    (address,) = [read for read in files.read if "/captions/" in read[0]]
    assert address[1].keys() >= {"authorization"}


@pytest.mark.parametrize(
    ("found", "received"),
    [(reply(404), "status 404"), (FileReply(None, problem="late"), "no response (late)")],
)
def test_operation_that_does_not_answer_at_its_address_is_a_violation(
    found: FileReply, received: str
) -> None:
    api = JobApi(job=job_schema(self=TEXT), kind={"fields": {"/self": {"url": "poll"}}})
    result = LocalServer(api.document).run_check(files=Files(found))
    (violation,) = result.violations
    assert (violation.code, violation.place) == ("AV245", "/self")
    assert violation.received == f"{received} at the address in {result.jobs[0]}"


def test_addresses_of_other_servers_are_noted_and_not_requested() -> None:
    api = JobApi(job=job_schema(self=TEXT), kind={"fields": {"/self": {"url": "poll"}}})
    files = Files(GOOD, owned=False)
    result = LocalServer(api.document).run_check(files=files)
    assert (result.violations, files.read) == ((), [])
    assert "the address at /self was not requested: it is of another server" in result.notes


@pytest.mark.parametrize("word", ["stop", "getFile"])
def test_operations_that_change_the_job_or_must_refuse_it_are_not_requested(word: str) -> None:
    api = JobApi(
        job=job_schema(link=TEXT),
        paths={
            "/jobs/{id}/stop": {"post": operation("stop", JOB)},
            "/jobs/{id}/file": {"get": operation("getFile", object_of({}))},
        },
        kind={
            "result": {"operation": "getFile", "in": "failure"},
            "fields": {"/link": {"url": word}},
        },
    )
    files = Files(GOOD)
    LocalServer(api.document).run_check(files=files)
    assert files.read == []


MEDIA: Json = {
    "job": job_schema(url=TEXT),
    "request": request_schema(size=TEXT, length={"type": "integer", "default": 4}),
    "kind": {
        "fields": {"/url": {"file": "video/mp4"}},
        "media": {"size": "/size", "duration": "/length"},
    },
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"size": "720x1280", "length": "4"}, []),
        ({"size": "1280x720"}, ["AV225"]),
        ({"length": "5"}, ["AV226"]),
    ],
)
@pytest.mark.parametrize("media_type", ["video/mp4", "application/octet-stream"])
def test_film_at_an_address_has_the_requested_size_and_length(
    fields: dict[str, str], expected: list[str], media_type: str
) -> None:
    files = Files(reply(media_type=media_type))
    result = LocalServer(JobApi(**MEDIA).document).run_check(files=files, fields=fields)
    assert [violation.code for violation in result.violations] == expected
    assert all(violation.place == "/url" for violation in result.violations)


def test_bytes_that_are_no_film_are_a_violation() -> None:
    result = LocalServer(JobApi(**MEDIA).document).run_check(files=Files(reply(body=b"ftyp")))
    assert [violation.code for violation in result.violations] == ["AV224"]


def test_stand_in_of_a_mock_is_not_measured_and_noted() -> None:
    film = Reply(
        200, {"content-type": "video/mp4", NEAREST_FILE_HEADER: "720x1280-4s"}, MP4.read_bytes()
    )
    result = LocalServer(JobApi(**MEDIA).document).run_check(
        files=Files(FileReply(film)), fields={"length": "5"}
    )
    assert result.violations == ()
    assert any("no file of the requested size and length" in note for note in result.notes)
