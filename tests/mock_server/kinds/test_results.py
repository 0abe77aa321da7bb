"""Results of jobs: files that download and expire, JSON, and resources of their own."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server.media_library import MediaLibrary
from aisa_testkit.openapi.json import Json
from tests.support.job_api import (
    TEXT,
    WHOLE,
    JobApi,
    body_of,
    job_schema,
    object_of,
    operation,
    request_schema,
)
from tests.support.media import file_of_job

ADDRESS: Json = {"type": "string", "format": "uri"}


def bytes_of(media_type: str) -> dict[str, Json]:
    """A response with a file."""
    return {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}


def test_addresses_of_files_are_there_on_success_and_download() -> None:
    output = object_of({"video": ADDRESS, "images": {"type": "array", "items": ADDRESS}}, "video")
    api = JobApi(
        job=job_schema(output=output),
        kind={
            "fields": {
                "/output/video": {"file": "video/mp4"},
                "/output/images/0": {"file": "image/png"},
                "/output/images/1": {"file": "image/webp"},
            }
        },
    )
    job = api.create()["id"]
    assert "output" not in api.get(f"/jobs/{job}")
    api.clock.advance(10)
    found = api.get(f"/jobs/{job}")["output"]
    assert api.get(f"/jobs/{job}")["output"] == found
    types = ["video/mp4", "image/png", "image/webp"]
    for url, media_type in zip([found["video"], *found["images"]], types, strict=True):
        file = api.download(url)
        assert (file.status, file.headers["content-type"]) == (200, media_type)
        assert len(file.body) > 30
    assert api.download(found["video"] + "x").status == 404


def test_failed_job_has_no_file() -> None:
    api = JobApi(job=job_schema(url=ADDRESS), kind={"fields": {"/url": {"file": "image/png"}}})
    api.controls.next_job(outcome="failed")
    assert "url" not in api.life(f"/jobs/{api.create()['id']}", step=10, steps=1)[-1]


@pytest.mark.parametrize(
    ("words", "pointer"),
    [({"expires": 60}, ""), ({"expires": "/expires_at"}, "/expires_at")],
    ids=["seconds", "field"],
)
def test_files_expire(words: dict[str, Json], pointer: str) -> None:
    fields: dict[str, Json] = {"/url": {"file": "image/png"}}
    if pointer:
        fields[pointer] = {"time": "success", "plus": 60}
    api = JobApi(job=job_schema(url=ADDRESS, expires_at=WHOLE), kind={"fields": fields, **words})
    created = api.clock.now()
    job = api.create()["id"]
    api.clock.advance(10)
    found = api.get(f"/jobs/{job}")
    assert found.get("expires_at") == (created + 64 if pointer else None)
    api.clock.advance(53)
    assert api.download(found["url"]).status == 200
    api.clock.advance(1)
    gone = api.download(found["url"])
    assert body_of(gone, gone.status)["message"].endswith(
        f"expired at {created + 64:.0f} (Unix time)"
    )
    assert gone.status in (404, 410)


def test_result_as_json_is_made_from_its_schema_and_stays_the_same() -> None:
    result = object_of(
        {"id": TEXT, "words": {"type": "array", "items": TEXT}, "count": WHOLE}, "words"
    )
    api = JobApi(
        paths={"/jobs/{id}/result": {"get": operation("getResult", result)}},
        kind={"result": {"operation": "getResult", "answer": {"/id": {"field": "/id"}}}},
    )
    job = api.create()["id"]
    assert api.get(f"/jobs/{job}/result", status=409)["message"].endswith(
        "is queued and has no files"
    )
    api.clock.advance(10)
    body = api.get(f"/jobs/{job}/result")
    assert body["id"] == job
    assert isinstance(body["words"], list)
    assert api.get(f"/jobs/{job}/result") == body
    assert api.get("/jobs/none/result", status=404)


def test_file_as_a_resource_of_its_own_is_found_by_a_key() -> None:
    api = JobApi(
        job=job_schema(file_id={"type": ["string", "null"]}),
        paths={
            "/files/{file_id}": {"get": operation("getFile", **bytes_of("application/pdf"))},
        },
        kind={
            "result": {"operation": "getFile", "key": "/file_id"},
            "fields": {"/file_id": {"new_id": "^file-[0-9]{8}$", "in": "success"}},
        },
    )
    job, other = api.create()["id"], api.create()["id"]
    api.clock.advance(10)
    first, second = api.get(f"/jobs/{job}")["file_id"], api.get(f"/jobs/{other}")["file_id"]
    assert first != second
    file = api.send(f"GET /files/{first}")
    assert (file.status, file.headers["content-type"]) == (200, "application/pdf")
    assert file.body.startswith(b"%PDF")
    for unknown in ("file-none", job):
        assert body_of(api.send(f"GET /files/{unknown}"), 404)


def test_result_of_a_job_has_its_fields_only_where_they_match_the_schema() -> None:
    result = object_of(
        {
            "id": WHOLE,
            "status": {"enum": ["stored", "lost"]},
            "prompt": {"type": "string", "maxLength": 3},
            "size": TEXT,
        },
        "id",
        "status",
        "prompt",
    )
    api = JobApi(
        job=job_schema(prompt=TEXT, size=TEXT),
        request=request_schema(size=TEXT),
        paths={"/jobs/{id}/result": {"get": operation("getResult", result)}},
        kind={"result": "getResult", "fields": {"/size": {"request": "/size"}}},
    )
    job = api.create(size="small")["id"]
    api.clock.advance(10)
    body = api.get(f"/jobs/{job}/result")
    assert body["status"] in ("stored", "lost")
    assert body["size"] == "small"
    assert isinstance(body["id"], int)
    assert api.get(f"/jobs/{job}/result") == body


def test_resource_of_its_own_has_no_fields_of_the_job_but_those_of_its_answer() -> None:
    file = object_of(
        {"id": WHOLE, "status": {"enum": ["stored", "lost"]}, "prompt": TEXT}, "id", "status"
    )
    api = JobApi(
        job=job_schema(prompt=TEXT, file_id=TEXT),
        paths={"/files/{file_id}": {"get": operation("getFile", file)}},
        kind={
            "result": {
                "operation": "getFile",
                "key": "/file_id",
                "answer": {"/id": {"field": "/file_id"}},
            },
            "fields": {"/file_id": {"new_id": "^[1-9][0-9]{7}$", "in": "success"}},
        },
    )
    job = api.create()["id"]
    api.clock.advance(10)
    file_id = api.get(f"/jobs/{job}")["file_id"]
    body = api.get(f"/files/{file_id}")
    assert body["id"] == int(file_id)
    assert body["status"] in ("stored", "lost")
    assert body.get("prompt") != "A teapot"


def test_address_in_the_answer_of_a_result_downloads() -> None:
    api = JobApi(
        paths={
            "/jobs/{id}/file": {"get": operation("getFile", object_of({"url": ADDRESS}, "url"))}
        },
        kind={"result": {"operation": "getFile", "answer": {"/url": {"file": "video/mp4"}}}},
    )
    job = api.create()["id"]
    api.clock.advance(10)
    file = api.download(api.get(f"/jobs/{job}/file")["url"])
    assert (file.status, file.headers["content-type"]) == (200, "video/mp4")


def test_result_in_a_media_type_that_a_parameter_chooses() -> None:
    types = ["video/mp4", "image/webp"]
    form = {"content": {t: {"schema": {"type": "string", "format": "binary"}} for t in types}}
    parameter = {"name": "kind", "in": "query", "schema": {"enum": ["film", "still"]}}
    api = JobApi(
        paths={
            "/jobs/{id}/file": {"get": operation("getFile", parameters=(parameter,), **form)},
        },
        kind={
            "result": {
                "operation": "getFile",
                "variants": {"query.kind": {"film": types[0], "still": types[1]}},
            }
        },
    )
    job = api.create()["id"]
    api.clock.advance(10)
    for word, media_type in (("film", types[0]), ("still", types[1])):
        reply = api.send(f"GET /jobs/{job}/file?kind={word}")
        assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert api.send(f"GET /jobs/{job}/file").headers["content-type"] == types[0]


@pytest.mark.parametrize(
    ("media", "fields"),
    [
        ({"size": "/size", "duration": "/seconds"}, {"size": "1280x720", "seconds": "8"}),
        ({"size": "/size", "duration": "/seconds"}, {"size": "1280*720", "seconds": "8s"}),
        (
            {"width": "/width", "height": "/height", "duration": "/seconds"},
            {"width": 1280, "height": 720, "seconds": 8},
        ),
        (
            {"resolution": "/resolution", "ratio": "/ratio", "duration": "/seconds"},
            {"resolution": "720p", "ratio": "16:9", "seconds": 8},
        ),
        (
            {"resolution": "/resolution", "duration": "/seconds"},
            {"resolution": "720P", "seconds": 8},
        ),
        ({"ratio": "/ratio", "duration": "/seconds"}, {"ratio": "1280:720", "seconds": 8}),
    ],
    ids=["size", "star and unit", "width and height", "resolution", "no ratio", "ratio in pixels"],
)
def test_files_have_the_shape_that_the_request_asks_for(
    media: dict[str, Json], fields: dict[str, Json]
) -> None:
    schema = request_schema(
        size=TEXT,
        width=WHOLE,
        height=WHOLE,
        resolution=TEXT,
        ratio=TEXT,
        seconds={"type": ["string", "integer"]},
    )
    api = JobApi(
        job=job_schema(url=ADDRESS),
        request=schema,
        kind={"media": media, "fields": {"/url": {"file": "video/mp4"}}},
    )
    job = api.create(**fields)["id"]
    api.clock.advance(10)
    file = api.download(api.get(f"/jobs/{job}")["url"])
    wanted, _ = MediaLibrary().nearest("video/mp4", size="1280x720", seconds="8")
    assert file.body == file_of_job(wanted.name, job)
    assert "x-mock-media" not in file.headers
    other = api.create(**{**fields, "seconds": "99"})["id"]
    api.clock.advance(10)
    nearest = api.download(api.get(f"/jobs/{other}")["url"])
    assert nearest.headers["x-mock-media"] == "1280x720 12s"


def test_file_at_an_address_is_refused_until_the_job_has_it() -> None:
    api = JobApi(job=job_schema(url=ADDRESS), kind={"fields": {"/url": {"file": "video/mp4"}}})
    url = f"https://jobs.test/v1/__files/{api.create()['id']}/url"
    early = api.download(url)
    assert early.status >= 400
    assert "has no files" in body_of(early, early.status)["message"]
    api.clock.advance(60)
    assert api.download(url).status == 200


def test_address_of_a_result_names_its_key() -> None:
    api = JobApi(
        job=job_schema(file=TEXT, link=ADDRESS),
        paths={"/files/{file}": {"get": operation("getFile", object_of({}))}},
        kind={
            "result": {"operation": "getFile", "key": "/file"},
            "fields": {
                "/file": {"new_id": "^f-[a-z]{4}$", "in": "success"},
                "/link": {"url": "getFile", "in": "success"},
            },
        },
    )
    job_id = api.create()["id"]
    api.clock.advance(60)
    job = api.get(f"/jobs/{job_id}")
    assert job["link"] == f"https://jobs.test/v1/files/{job['file']}"
    assert api.get(job["link"]) == {}
