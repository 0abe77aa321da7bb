"""Places of a job in a response, and the ids and states that stand there."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer
from tests.support.job_api import (
    JOB,
    STATES,
    TEXT,
    WHOLE,
    JobApi,
    job_schema,
    object_of,
    operation,
    request_schema,
)

LIFE = ["queued", "queued", "running", "running", "done", "done"]


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        pytest.param(
            "/data", object_of({"data": JOB, "code": {"const": 0}}, "data", "code"), id="data"
        ),
        pytest.param(
            "/data/0", object_of({"data": {"type": "array", "items": JOB}}, "data"), id="list"
        ),
        pytest.param(
            "/output/job",
            object_of({"output": object_of({"job": JOB}, "job")}, "output"),
            id="deep",
        ),
    ],
)
def test_job_within_the_response(place: str, answer: Json) -> None:
    api = JobApi(
        paths={
            "/jobs": {"post": operation("createJob", answer, request=request_schema())},
            "/jobs/{id}": {"get": operation("getJob", answer)},
        },
        kind={"job": place},
    )
    job = get(api.create(), parse_pointer(place))
    history = api.life(f"/jobs/{job['id']}")
    assert [get(body, parse_pointer(place))["status"] for body in history] == LIFE
    if place == "/data":
        assert {body["code"] for body in history} == {0}
    if place == "/data/0":
        assert {len(body["data"]) for body in history} == {1}
    (record,) = api.service.store.page(after=None, limit=2, newest_first=True).jobs
    assert api.service.describe(record)["status"] == "done"


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        pytest.param(WHOLE, r"\d+", id="integer"),
        pytest.param({"type": "string", "format": "uuid"}, r"[0-9a-f]{8}-.*", id="uuid"),
        pytest.param({"type": "string", "pattern": "^job-[0-9]{6}$"}, r"job-\d{6}", id="pattern"),
        pytest.param(TEXT, r"[0-9a-f]{32}", id="text"),
    ],
)
def test_ids_have_the_form_of_their_schema(schema: Json, pattern: str) -> None:
    api = JobApi(job=job_schema(id=schema))
    jobs = [api.create()["id"] for _ in range(3)]
    assert len({*jobs}) == 3
    for job in jobs:
        assert re.fullmatch(pattern, str(job))
        assert isinstance(job, int) == (schema == WHOLE)
        assert api.get(f"/jobs/{job}")["id"] == job
    if schema.get("format") == "uuid":
        assert {UUID(job).version for job in jobs} == {4}


def test_ids_have_the_form_that_the_create_alone_says() -> None:
    made = operation("createJob", object_of({"id": {"type": "string", "format": "uuid"}}, "id"))
    made["requestBody"] = operation("", request=request_schema())["requestBody"]
    api = JobApi(paths={"/jobs": {"post": made}})
    assert UUID(api.create()["id"]).version == 4


def test_pattern_of_new_ids_in_the_kind() -> None:
    api = JobApi(kind={"id": {"at": "/id", "pattern": "^run_[A-Z]{4}$"}})
    job = api.create()["id"]
    assert re.fullmatch("run_[A-Z]{4}", job)
    assert api.get(f"/jobs/{job}")["id"] == job


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        pytest.param({"type": "integer", "enum": [0, 1, 2, 3]}, [0, 1, 2, 3], id="integers"),
        pytest.param({"type": "boolean"}, [False, False, True, True], id="booleans"),
        pytest.param(TEXT, ["wait", "work", "end", "end"], id="texts"),
    ],
)
def test_states_are_written_as_the_document_says(schema: Json, values: list[Json]) -> None:
    names = ["queued", "running", "done", "failed"]
    means = [*STATES.values()]
    states = {
        name: {"means": meaning, "value": value}
        for name, meaning, value in zip(names, means, values, strict=True)
    }
    job = object_of({"id": TEXT, "state": schema, "why": TEXT}, "id", "state")
    api = JobApi(
        job=job, kind={"state": "/state", "states": states, "fields": {"/why": {"failure": "code"}}}
    )
    history = api.life(f"/jobs/{api.create()['id']}", step=2, steps=2)
    assert [body["state"] for body in history] == values[:3]
    assert [type(body["state"]) for body in history] == [type(value) for value in values[:3]]
    api.controls.next_job(outcome="failed")
    failed = api.life(f"/jobs/{api.create()['id']}", step=3)[-1]
    assert (failed["state"], "why" in failed) == (values[3], True)


def test_unknown_id_is_answered_with_a_state() -> None:
    states = {**STATES, "unknown": "unknown"}
    schema = object_of({"id": TEXT, "status": {"enum": [*states]}, "text": TEXT}, "id", "status")
    api = JobApi(
        job=schema, kind={"states": states, "fields": {"/text": {"value": "x", "in": "success"}}}
    )
    assert api.get("/jobs/none") == {"id": "none", "status": "unknown"}
    job = api.create()["id"]
    assert [body["status"] for body in api.life(f"/jobs/{job}")] == LIFE
    assert api.get(f"/jobs/{job}")["text"] == "x"
    assert "unknown" not in {each["status"] for each in api.service.describe_all()}


@pytest.mark.parametrize("state", ["queued", "done"])
def test_each_state_has_its_own_schema_in_a_union(state: str) -> None:
    pending = object_of({"id": TEXT, "status": {"enum": ["queued", "running"]}}, "id", "status")
    ended = object_of(
        {"id": TEXT, "status": {"enum": ["done", "failed"]}, "seconds": WHOLE},
        "id",
        "status",
        "seconds",
    )
    api = JobApi(job={"oneOf": [pending, ended]}, kind={"state": "/status", "id": "/id"})
    job = api.create()["id"]
    api.clock.advance(0 if state == "queued" else 100)
    body = api.get(f"/jobs/{job}")
    assert (body["status"], "seconds" in body) == (state, state == "done")
