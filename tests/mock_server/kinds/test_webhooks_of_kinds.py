"""Webhooks of kinds of jobs: several states, bodies, and what they say of the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from aisa_testkit.mock_server import HttpReceiver
from aisa_testkit.mock_server.webhooks.delivery_attempt import Receiver
from aisa_testkit.mock_server.webhooks.signature import new_secret
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.mock_server.webhooks.worker import deliver_on_moves
from aisa_testkit.openapi.json import Json
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


def api_with_hook(**changes: Json) -> JobApi:
    """An API whose create names the URL of its webhook."""
    return JobApi(
        request=request_schema(hook=TEXT),
        kind={"webhooks": [{"address": "/hook"}], **changes},
    )


def deliver(api: JobApi, **options: Any) -> Webhooks:
    """The webhooks of the API, which are delivered when the clock is moved."""
    webhooks = Webhooks(api.document, clock=api.clock, secret=new_secret(), **options)
    api.serve(api.document, clock=api.clock, webhooks=webhooks)
    deliver_on_moves(webhooks, clock=api.clock)
    return webhooks


def test_webhook_goes_to_the_url_that_the_request_names() -> None:
    api, sent = api_with_hook(), list[tuple[str, Json]]()

    def receiver_at(url: str) -> Receiver:
        def receive(headers: Mapping[str, str], body: bytes) -> None:
            sent.append((url, orjson.loads(body)["id"]))

        return receive

    webhooks = deliver(api, receiver=receiver_at("setting"), receiver_at=receiver_at)
    urls = ["http://one.test/h", "http://two.test/h", "http://one.test/h"]
    jobs = [api.create(hook=url)["id"] for url in urls]
    other = api.create()["id"]
    api.clock.advance(100)
    assert sent == [*zip(urls, jobs, strict=True), ("setting", other)]
    assert [attempt.error for attempt in webhooks.attempts] == [None] * 4


def test_webhook_without_any_url_is_not_sent() -> None:
    api, urls = api_with_hook(), list[str]()

    def receiver_at(url: str) -> Receiver:
        urls.append(url)
        return lambda headers, body: 200

    webhooks = deliver(api, receiver=None, receiver_at=receiver_at)
    api.create()
    named = api.create(hook="http://one.test/h")["id"]
    api.clock.advance(100)
    assert urls == ["http://one.test/h"]
    assert [attempt.job for attempt in webhooks.attempts] == [named]
    assert webhooks.next_due() is None


def test_failed_delivery_to_the_url_of_a_request_is_repeated_and_shows_no_credentials() -> None:
    api = api_with_hook()
    webhooks = deliver(api, receiver=None, receiver_at=HttpReceiver)
    api.create(hook="ftp://user:s3cret@one.test/h?token=t0ken")
    api.clock.advance(6)
    api.clock.advance(6)
    first, second = webhooks.attempts
    assert (first.number, second.number) == (1, 2)
    assert "must begin with http://" in (first.error or "")
    assert "s3cret" not in str(webhooks.to_json())
    assert "t0ken" not in str(webhooks.to_json())


def test_all_webhooks_go_to_the_receiver_unless_urls_of_requests_are_allowed() -> None:
    api, sent = api_with_hook(), list[Json]()

    def receive(headers: Mapping[str, str], body: bytes) -> None:
        sent.append(orjson.loads(body)["id"])

    deliver(api, receiver=receive)
    job = api.create(hook="http://one.test/h")["id"]
    api.clock.advance(100)
    assert sent == [job]


def test_webhook_that_a_callback_describes_matches_its_schema() -> None:
    message = object_of(
        {"id": TEXT, "kind": {"const": "news"}, "size": WHOLE}, "id", "kind", "size"
    )
    create = operation("createJob", JOB, request=request_schema(hook=TEXT))
    create["callbacks"] = {
        "news": {
            "{$request.body#/hook}": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": message}}},
                    "responses": {"200": {"description": "Received."}},
                }
            }
        }
    }
    api = JobApi(
        paths={"/jobs": {"post": create}},
        kind={"webhooks": [{"name": "news", "body": {"/id": {"field": "/id"}}}]},
    )
    sent = list[tuple[str, Json]]()

    def receiver_at(url: str) -> Receiver:
        return lambda headers, body: sent.append((url, orjson.loads(body)))

    deliver(api, receiver=None, receiver_at=receiver_at)
    job = api.create(hook="http://one.test/h")["id"]
    api.clock.advance(100)
    ((url, body),) = sent
    assert (url, body["id"], body["kind"]) == ("http://one.test/h", job, "news")
    assert isinstance(body["size"], int)


def test_body_of_a_webhook_is_that_of_the_poll_of_its_own_create() -> None:
    still = object_of({"id": TEXT, "status": {"enum": [*STATES]}, "still": TEXT}, "id", "status")
    api = JobApi(
        request=request_schema(hook=TEXT),
        paths={
            "/stills": {"post": operation("createStill", still, request=request_schema(hook=TEXT))},
            "/stills/{id}": {"get": operation("getStill", still)},
        },
        kind={
            "create": [
                "createJob",
                {
                    "operation": "createStill",
                    "poll": "getStill",
                    "fields": {"/still": {"file": "image/png"}},
                },
            ],
            "webhooks": [{"address": "/hook"}],
        },
    )
    bodies = list[Json]()
    deliver(api, receiver=lambda headers, body: bodies.append(orjson.loads(body)))
    api.create("/stills")
    api.clock.advance(100)
    assert bodies[0]["still"].startswith("https://")
