"""Webhooks of kinds of jobs: several states, bodies, and what they say of the job."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from aisa_testkit.mock_server.webhooks.signature import new_secret
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.openapi.json import Json
from tests.support.job_api import JOB, TEXT, WHOLE, JobApi, job_schema, object_of

JOB_MESSAGE: Json = {
    "post": {
        "requestBody": {"content": {"application/json": {"schema": JOB}}},
        "responses": {"200": {"description": "Received."}},
    }
}


def sent_by(api: JobApi, *outcomes: str) -> list[Json]:
    """The bodies of the webhooks about one job of each outcome."""
    bodies: list[Json] = []

    def receive(headers: Mapping[str, str], body: bytes) -> None:
        bodies.append(orjson.loads(body))

    webhooks = Webhooks(api.document, clock=api.clock, receiver=receive, secret=new_secret())
    api.serve(api.document, clock=api.clock, webhooks=webhooks)
    for outcome in outcomes:
        api.controls.next_job(outcome=outcome)
        api.create()
        api.clock.advance(100)
        webhooks.deliver()
    return bodies


def test_webhooks_at_several_states_carry_the_job_as_a_poll_reports_it() -> None:
    api = JobApi(
        job=job_schema(progress=WHOLE, url=TEXT),
        kind={
            "fields": {"/progress": {"progress": "percent"}, "/url": {"file": "image/png"}},
            "webhooks": [{"name": "changed", "in": ["running", "terminal"]}],
        },
        root={"webhooks": {"changed": JOB_MESSAGE}},
    )
    bodies = sent_by(api, "success", "failure")
    assert [body["status"] for body in bodies] == ["running", "done", "running", "failed"]
    assert [body["progress"] for body in bodies] == [1, 100, 1, 50]
    assert ["url" in body for body in bodies] == [False, True, False, False]


def test_webhooks_with_bodies_of_their_own() -> None:
    body = object_of(
        {"event": TEXT, "at": WHOLE, "data": object_of({"id": TEXT}, "id"), "why": TEXT},
        "event",
        "at",
    )
    message = {
        "post": {
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "Received."}},
        }
    }
    values: dict[str, Json] = {"/at": {"time": "changed"}, "/data/id": {"field": "/id"}}
    api = JobApi(
        kind={
            "failures": {"dark": "There was no light."},
            "webhooks": [
                {"name": "done", "in": "success", "body": {"/event": "done", **values}},
                {
                    "name": "failed",
                    "in": "failure",
                    "body": {"/event": "failed", "/why": {"failure": "code"}, **values},
                },
            ],
        },
        root={"webhooks": {"done": message, "failed": message}},
    )
    start = int(api.clock.now())
    done, failed = sent_by(api, "success", "failure")
    ids = [job["id"] for job in api.service.describe_all()]
    assert done == {"event": "done", "at": start + 4, "data": {"id": ids[0]}}
    assert failed == {"event": "failed", "at": start + 103, "data": {"id": ids[1]}, "why": "dark"}
