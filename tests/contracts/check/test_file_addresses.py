"""Files at addresses that jobs show: each is read once, and must be there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisa_testkit.contracts.traffic.file_read import FileReply
from aisa_testkit.openapi import Document, load_document
from tests.support.documents import DUBBINGS
from tests.support.job_api import TEXT, JobApi, object_of, operation
from tests.support.local_server import LocalServer


@pytest.fixture(scope="module")
def dubbings() -> Document:
    return load_document(DUBBINGS, strict=True)


class Files:
    """Reads files; every address has the same response."""

    def __init__(self, reply: FileReply) -> None:
        self.reply = reply
        self.read: list[tuple[str, dict[str, str]]] = []

    def read_file(self, url: str, credentials: dict[str, str]) -> FileReply:
        self.read.append((url, dict(credentials)))
        return self.reply


GOOD = FileReply(200, "video/mp4", 9)


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
    ("reply", "received"),
    [
        (replace(GOOD, status=404), "status 404"),
        (replace(GOOD, status=304), "status 304"),
        (replace(GOOD, size=0), "an empty file"),
        (replace(GOOD, media_type="text/html"), "a page of type text/html"),
        (replace(GOOD, media_type="application/json"), "a page of type application/json"),
        (FileReply(None, problem="it is late"), "no response (it is late)"),
    ],
)
def test_file_that_is_not_there_is_a_violation(
    dubbings: Document, reply: FileReply, received: str
) -> None:
    result = LocalServer(dubbings).run_check(files=Files(reply))
    (violation,) = result.violations
    assert (violation.code, violation.place) == ("AV222", "/sound")
    assert violation.received == f"{received} at the address in {result.jobs[0]}"
    shown = result.history[violation.numbers[0] - 1]
    assert shown.reply
    assert b'"sound"' in shown.reply.body


@pytest.mark.parametrize("media_type", ["video/mp4", "application/octet-stream", ""])
def test_storage_may_name_another_type_of_file(dubbings: Document, media_type: str) -> None:
    files = Files(replace(GOOD, media_type=media_type))
    assert LocalServer(dubbings).run_check(files=files).violations == ()


def test_picture_in_place_of_a_sound_is_a_violation(dubbings: Document) -> None:
    result = LocalServer(dubbings).run_check(files=Files(replace(GOOD, media_type="image/png")))
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
    files = Files(replace(GOOD, status=404))
    result = LocalServer(api.document).run_check(files=files)
    ((url, _),) = files.read
    assert url.endswith(f"/__files/{result.jobs[0]}/url")
    (violation,) = result.violations
    assert (violation.code, violation.operation_id, violation.place) == ("AV222", "getFile", "/url")
