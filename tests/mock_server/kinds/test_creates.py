"""Creates: several of them, and responses that are not the job."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.job_api import (
    JOB,
    STATES,
    TEXT,
    WHOLE,
    JobApi,
    body_of,
    job_schema,
    object_of,
    operation,
    query,
    request_schema,
)

RETRY = {"retry": "seconds"}
LIFE = ["queued", "queued", "running", "running", "done", "done"]


def states_of(history: list[Json]) -> list[str]:
    return [job["status"] for job in history]


def test_create_that_answers_an_id_alone() -> None:
    made = operation("createJob", object_of({"id": TEXT}, "id"), request=request_schema())
    api = JobApi(paths={"/jobs": {"post": made}})
    created = api.create()
    assert created.keys() == {"id"}
    assert states_of(api.life(f"/jobs/{created['id']}")) == LIFE


@pytest.mark.parametrize("name", ["Location", "Operation-Location"])
def test_create_that_answers_with_an_address_and_no_body(name: str) -> None:
    headers = {name: {"schema": {"type": "string", "format": "uri"}}}
    made = operation("createJob", status=202, request=request_schema(), headers=headers)
    api = JobApi(
        paths={"/jobs": {"post": made}},
        kind={
            "fields": {
                f"header.{name}": {"url": "poll"},
                "header.Retry-After": {"retry": "seconds"},
            }
        },
    )
    reply = api.send("POST /jobs", {"prompt": "A teapot"})
    assert (reply.status, reply.body) == (202, b"")
    assert "content-type" not in reply.headers
    address = reply.headers[name.lower()]
    assert address.startswith("https://jobs.test/v1/jobs/")
    polled = api.send(f"GET {address}")
    assert body_of(polled, 200)["id"] == address.rpartition("/")[2]
    assert reply.headers["retry-after"] == polled.headers["retry-after"]
    api.clock.advance(10)
    assert "retry-after" not in api.send(f"GET {address}").headers


def test_job_without_an_id_in_its_body() -> None:
    schema = object_of({"status": {"enum": [*STATES]}}, "status")
    made = operation("createJob", status=202, request=request_schema())
    api = JobApi(
        job=schema,
        paths={"/jobs": {"post": made}},
        kind={"fields": {"header.Operation-Location": {"url": "poll"}}},
    )
    address = api.send("POST /jobs", {"prompt": "A teapot"}).headers["operation-location"]
    assert states_of(api.life(address)) == LIFE


def test_several_creates_of_one_kind_with_fields_and_polls_of_their_own() -> None:
    image, sized = job_schema("pixels", pixels=WHOLE), request_schema(pixels=WHOLE)
    api = JobApi(
        paths={
            "/images": {"post": operation("createImage", image, request=sized)},
            "/images/{id}": {"get": operation("getImage", image)},
        },
        kind={
            "create": [
                "createJob",
                {
                    "operation": "createImage",
                    "poll": "getImage",
                    "fields": {"/pixels": {"request": "/pixels"}},
                },
            ]
        },
    )
    work, picture = api.create()["id"], api.create("/images", pixels=9)["id"]
    assert "pixels" not in api.get(f"/jobs/{work}")
    assert api.get(f"/images/{picture}")["pixels"] == 9
    assert states_of(api.life(f"/images/{picture}")) == LIFE


def test_address_of_the_poll_is_that_of_the_own_poll_of_a_create() -> None:
    addressed = job_schema(address={"type": "string", "format": "uri"})
    api = JobApi(
        job=addressed,
        paths={
            "/images": {"post": operation("createImage", addressed, request=request_schema())},
            "/images/{id}": {"get": operation("getImage", addressed)},
        },
        kind={
            "create": ["createJob", {"operation": "createImage", "poll": "getImage"}],
            "fields": {"/address": {"url": "poll"}},
        },
    )
    for path in ("/jobs", "/images"):
        made = api.create(path)
        assert made["address"] == f"https://jobs.test/v1{path}/{made['id']}"
        assert api.get(made["address"]) == made


def test_several_kinds_have_their_own_states_and_unknown_ids() -> None:
    states = {"waiting": {"lasts": 1}, "ready": "success"}
    batch = job_schema(states=states)
    api = JobApi(
        paths={
            "/batches": {"post": operation("createBatch", batch, request=request_schema())},
            "/batches/{id}": {"get": operation("getBatch", batch)},
        },
        kinds={"batch": {"create": "createBatch", "poll": "getBatch", "states": states}},
    )
    work, batch_id = api.create()["id"], api.create("/batches")["id"]
    assert states_of(api.life(f"/batches/{batch_id}", steps=2)) == ["waiting", "ready", "ready"]
    assert api.get(f"/jobs/{work}")["status"] == "running"
    assert api.get(f"/jobs/{batch_id}", status=404)["message"] == f"there is no job '{batch_id}'"
    assert api.get(f"/batches/{work}", status=404)["code"] == "error"
    kinds = [api.service.describe(job)["status"] for job in stored(api)]
    assert kinds == ["running", "ready"]


def test_headers_that_a_response_requires_are_made_if_nothing_declares_them() -> None:
    headers = {
        "X-Region": {"required": True, "schema": {"enum": ["north"]}},
        "X-Hint": {"schema": TEXT},
    }
    item = object_of({"items": {"type": "array", "items": JOB}}, "items")
    api = JobApi(
        paths={
            "/jobs": {
                "post": operation("createJob", JOB, request=request_schema(), headers=headers),
                "get": operation("listJobs", item, headers=headers),
            }
        },
        kind={"list": "listJobs"},
    )
    made, listed = api.send("POST /jobs", {"prompt": "A teapot"}), api.send("GET /jobs")
    assert [reply.headers.get("x-region") for reply in (made, listed)] == ["north", "north"]
    assert "x-hint" not in made.headers


def stored(api: JobApi) -> list[Json]:
    return [*api.service.store.page(after=None, limit=9, newest_first=False).jobs]


def test_only_requests_that_meet_the_condition_make_a_job() -> None:
    answer = {"anyOf": [JOB, object_of({"text": {"const": "At once."}}, "text")]}
    made = operation(
        "createJob",
        answer,
        request=request_schema(background={"type": "boolean", "default": False}),
    )
    api = JobApi(
        paths={"/jobs": {"post": made}},
        kind={"create": {"operation": "createJob", "when": {"/background": [True]}}},
    )
    assert api.create(background=True)["status"] == "queued"
    assert len(api.service.store) == 1
    for fields in ({}, {"background": False}):
        assert api.create(**fields)
    assert len(api.service.store) == 1


def test_source_in_the_body_gives_the_new_job_its_request_and_its_id() -> None:
    remix = request_schema("source", source=TEXT, size=TEXT)
    remix["required"] = ["source"]
    schema = job_schema("size", size=TEXT, made_from={"type": ["string", "null"]})
    api = JobApi(
        job=schema,
        request=request_schema(size={"type": "string", "default": "small"}),
        paths={"/remixes": {"post": operation("remixJob", JOB, request=remix)}},
        kind={
            "create": ["createJob", {"operation": "remixJob", "source": "/source"}],
            "fields": {"/size": {"request": "/size"}, "/made_from": {"source": "/id"}},
        },
    )
    first = api.create(size="large")
    assert "made_from" not in first
    refused = body_of(api.send("POST /remixes", {"source": first["id"]}), 409)
    assert refused["message"] == f"{first['id']} is queued; only a finished job can be remixed"
    api.clock.advance(10)
    second = body_of(api.send("POST /remixes", {"source": first["id"]}), 200)
    assert (second["size"], second["made_from"]) == ("large", first["id"])
    third = body_of(api.send("POST /remixes", {"source": first["id"], "size": "tiny"}), 200)
    assert (third["size"], third["made_from"]) == ("tiny", first["id"])
    assert body_of(api.send("POST /remixes", {"source": "none"}), 404)["message"]


def test_poll_by_a_query_parameter() -> None:
    polled = operation("getJob", JOB, parameters=(query("job_id", required=True),))
    api = JobApi(paths={"/status": {"get": polled}, "/jobs/{id}": {"get": operation("other", JOB)}})
    job = api.create()["id"]
    assert states_of(api.life(f"/status?job_id={job}")) == LIFE
    assert api.get("/status?job_id=none", status=404)


def test_poll_below_the_resource_of_its_create() -> None:
    api = JobApi(
        paths={
            "/models/{model}/jobs": {"post": operation("createOf", JOB, request=request_schema())},
            "/models/{model}/jobs/{id}": {"get": operation("getOf", JOB)},
        },
        kind={
            "create": "createOf",
            "poll": "getOf",
            "fields": {"header.Location": {"url": "poll"}},
        },
    )
    reply = api.send("POST /models/m-1/jobs", {"prompt": "A teapot"})
    job = body_of(reply, 200)["id"]
    assert reply.headers["location"] == f"https://jobs.test/v1/models/m-1/jobs/{job}"
    assert states_of(api.life(reply.headers["location"])) == LIFE
