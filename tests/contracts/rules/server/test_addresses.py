"""Addresses of operations in responses: they must name the job that they are shown with."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_server
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_places
from tests.support.exchanges import json_reply, make_exchange
from tests.support.job_api import JOB, TEXT, JobApi, job_schema, object_of, operation, query

POLL: Json = {"fields": {"/self": {"url": "poll"}}}
FILE: Json = {
    "result": {"operation": "getFile", "key": "/file"},
    "fields": {"/file": {"new_id": "^f-[a-z]{4}$"}, "/self": {"url": "getFile"}},
}


def document(kind: Json = None, **more: Json) -> Document:
    return JobApi(job=job_schema(self=TEXT, file=TEXT), kind=kind or POLL, **more).document


def found(api: Document, **fields: Json) -> list[str]:
    """Return the violations of a poll for the job `a`."""
    job = {"id": "a", "status": "done", **fields}
    exchange = make_exchange(api, "getJob", json_reply(job), job_id="a")
    return codes_with_places(check_server(api, [exchange]))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://jobs.test/v1/jobs/a", []),
        ("/v1/jobs/a", []),
        ("/proxy/below/v1/jobs/a", []),
        ("https://jobs.test/elsewhere/a", []),
        ("https://jobs.test/v1/jobs/b", ["AV245 /self"]),
        ("https://other.test/jobs/b", ["AV245 /self"]),
        ("/v1/jobs/b", ["AV245 /self"]),
    ],
)
def test_address_names_the_job_of_the_response(address: str, expected: list[str]) -> None:
    assert found(document(), self=address) == expected


@pytest.mark.parametrize(
    ("address", "expected"), [("/v1/job?no=a", []), ("/v1/job?no=b", ["AV245 /self"])]
)
def test_id_may_stand_in_the_query(address: str, expected: list[str]) -> None:
    look = operation("look", job_schema(self=TEXT), parameters=[query("no", required=True)])
    api = document({**POLL, "poll": "look"}, paths={"/job": {"get": look}})
    job: Json = {"id": "a", "status": "done", "self": address}
    exchange = make_exchange(api, "look", json_reply(job), query={"no": "a"})
    assert codes_with_places(check_server(api, [exchange])) == expected


@pytest.mark.parametrize(("file", "expected"), [("f-abcd", []), ("a", ["AV245 /self"])])
def test_address_of_a_result_names_its_key(file: str, expected: list[str]) -> None:
    paths = {"/files/{file}": {"get": operation("getFile", object_of({}))}}
    api = document(FILE, paths=paths)
    assert found(api, self=f"/v1/files/{file}", file="f-abcd") == expected


def test_addresses_in_lists_and_headers_are_looked_at() -> None:
    listed = operation("listJobs", object_of({"jobs": {"type": "array", "items": JOB}}))
    fields = {"/self": {"url": "poll"}, "header.Location": {"url": "poll"}}
    api = document({"fields": fields, "list": "listJobs"}, paths={"/jobs": {"get": listed}})
    wrong: Json = {"id": "a", "status": "queued", "self": "/v1/jobs/b"}
    right: Json = {"id": "b", "status": "queued", "self": "/v1/jobs/b"}
    page = make_exchange(api, "listJobs", json_reply({"jobs": [wrong, right]}))
    made = make_exchange(
        api,
        "createJob",
        json_reply({**right, "id": "c", "self": "/v1/jobs/c"}, location="/v1/jobs/d"),
        fields={"prompt": "A teapot"},
    )
    assert codes_with_places(check_server(api, [page])) == ["AV245 /self"]
    assert codes_with_places(check_server(api, [made])) == ["AV245 header.location"]
