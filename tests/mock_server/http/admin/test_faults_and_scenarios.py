"""Faults, scenarios, limits and webhooks in the control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, ManualClock, create_app
from aisa_testkit.mock_server.http.admin.admin_document import admin_document
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas
from tests.support.asgi import send_request

CreateJob = Callable[[], str]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def outcomes(app: ASGIApp, create_job: CreateJob, number: int) -> list[str]:
    """The final states of new jobs."""
    created = [create_job() for _ in range(number)]
    send_request(app, "POST /__admin/clock", {"advance": 1000})
    return [send_request(app, f"GET /v1/videos/{job_id}").json()["status"] for job_id in created]


def test_fault_applies_until_it_is_deleted(app: ASGIApp) -> None:
    fault = {"operation": "listVideos", "status": 503, "times": 5}
    added = send_request(app, "POST /__admin/faults", fault)
    assert added.status_code == 200
    assert send_request(app, "GET /v1/videos").status_code == 503
    (listed,) = send_request(app, "GET /__admin/faults").json()["faults"]
    assert listed == {"id": added.json()["id"], **fault, "struck": 1}
    removed = send_request(app, f"DELETE /__admin/faults/{added.json()['id']}")
    assert (removed.status_code, removed.json()) == (200, {"faults": []})
    assert send_request(app, "GET /v1/videos").status_code == 200


def test_all_faults_can_be_deleted_at_once(app: ASGIApp) -> None:
    for status in (500, 503):
        send_request(app, "POST /__admin/faults", {"operation": "listVideos", "status": status})
    cleared = send_request(app, "DELETE /__admin/faults")
    assert (cleared.status_code, cleared.json()) == (200, {"faults": []})
    assert send_request(app, "GET /v1/videos").status_code == 200


def test_deleting_one_fault_keeps_the_others(app: ASGIApp) -> None:
    first, second = [
        send_request(
            app, "POST /__admin/faults", {"operation": "listVideos", "status": status}
        ).json()["id"]
        for status in (500, 503)
    ]
    remaining = send_request(app, f"DELETE /__admin/faults/{first}").json()["faults"]
    assert [fault["id"] for fault in remaining] == [second]
    assert send_request(app, "GET /v1/videos").status_code == 503


def test_faults_do_not_affect_the_control_api(app: ASGIApp) -> None:
    send_request(app, "POST /__admin/faults", {"status": 500})
    assert send_request(app, "GET /v1/videos").status_code == 500
    assert send_request(app, "GET /__admin/jobs").status_code == 200


def test_limits_list_the_remaining_requests_and_redact_the_api_key(
    document: Document, clock: ManualClock
) -> None:
    key = "sk-a-secret-key"
    service = JobService(document, clock=clock, limits="free", strict=True)
    app = create_app(service=service)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    send_request(app, "POST /v1/videos", {"prompt": "A lighthouse"}, headers=headers)
    for _ in range(100):
        assert send_request(app, "GET /__admin/health", headers=headers).status_code == 200
    response = send_request(app, "GET /__admin/limits")
    (limit,) = response.json()["limits"]
    assert key not in response.text
    assert (limit["requests_left"], limit["pending"]) == (59, 1)
    schema = Schemas(admin_document().data).at("/components/schemas/Limit")
    assert [*schema.errors(limit)] == []
    assert limit.keys() == schema.raw["properties"].keys()


def test_webhook_attempts_are_listed_newest_first(document: Document, clock: ManualClock) -> None:
    statuses = iter([500, 204])

    def receive(headers: Mapping[str, str], body: bytes) -> int:
        return next(statuses)

    webhooks = Webhooks(document, clock=clock, receiver=receive, secret=SECRET)
    service = JobService(document, clock=clock, webhooks=webhooks, strict=True)
    app = create_app(service=service)
    assert send_request(app, "GET /__admin/webhooks").json() == {"next_due": None, "attempts": []}
    job_id = send_request(app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    for path in (f"jobs/{job_id}/complete", "clock"):
        send_request(app, f"POST /__admin/{path}", {"advance": 100} if path == "clock" else None)
        webhooks.deliver()
    report = send_request(app, "GET /__admin/webhooks").json()
    assert [attempt["status"] for attempt in report["attempts"]] == [204, 500]
    assert report["attempts"][1]["job"] == job_id
    assert report["next_due"] is None


def test_scenarios_are_listed_with_their_purpose(app: ASGIApp, service: JobService) -> None:
    listed = send_request(app, "GET /__admin/scenarios").json()
    assert listed == {
        "scenarios": service.scenarios.to_json(),
        "chosen": service.scenarios.selection(),
    }
    assert {"completes", "fails"} <= {scenario["name"] for scenario in listed["scenarios"]}
    assert all(scenario["about"] for scenario in listed["scenarios"])


@pytest.mark.parametrize(
    ("choice", "states"),
    [
        pytest.param({}, ["failed", "failed", "failed"], id="all jobs"),
        pytest.param({"next": 2}, ["failed", "failed", "completed"], id="next jobs"),
        pytest.param({"share": 1}, ["failed", "failed", "failed"], id="share of all"),
        pytest.param({"share": 0}, ["completed", "completed", "completed"], id="share of none"),
    ],
)
def test_scenario_can_be_chosen_for_all_next_or_a_share_of_jobs(
    app: ASGIApp, create_job: CreateJob, choice: dict[str, Json], states: list[str]
) -> None:
    response = send_request(app, "POST /__admin/scenarios", {"scenario": "fails", **choice})
    assert response.status_code == 200
    assert response.json() == send_request(app, "GET /__admin/scenarios").json()
    assert outcomes(app, create_job, 3) == states
