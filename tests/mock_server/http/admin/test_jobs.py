"""Jobs in the control API: listing, completing, failing and reset."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, create_app
from aisa_testkit.openapi import Document, JobRole
from tests.support.asgi import send_request
from tests.support.operations import find_operation

CreateJob = Callable[[], str]


def test_health_returns_the_document_and_the_number_of_jobs(
    app: ASGIApp, create_job: CreateJob
) -> None:
    create_job()
    assert send_request(app, "GET /__admin/health").json() == {
        "status": "ok",
        "title": "AIsa Videos",
        "version": "1.0.0",
        "base_path": "/v1",
        "jobs": 1,
    }


def test_jobs_are_listed_in_pages_as_clients_see_them(
    app: ASGIApp, create_job: CreateJob, clock: ManualClock
) -> None:
    created = [create_job() for _ in range(5)]
    clock.advance(2)
    page = send_request(app, "GET /__admin/jobs?limit=2").json()
    assert page["jobs"][0] == send_request(app, f"GET /v1/videos/{created[4]}").json()
    assert (page["jobs"][0]["status"], page["more"]) == ("in_progress", True)
    rest = send_request(app, f"GET /__admin/jobs?after={page['jobs'][-1]['id']}").json()
    assert [job["id"] for job in rest["jobs"]] == created[2::-1]
    assert rest["more"] is False


def test_jobs_of_all_api_keys_are_listed(app: ASGIApp) -> None:
    prompt, kind = {"prompt": "A lighthouse"}, {"content-type": "application/json"}
    created = [
        send_request(
            app, "POST /v1/videos", prompt, headers={**kind, "authorization": f"Bearer {key}"}
        )
        for key in ("sk-one", "sk-two")
    ]
    listed = send_request(app, "GET /__admin/jobs").json()["jobs"]
    assert [job["id"] for job in listed] == [
        response.json()["id"] for response in reversed(created)
    ]


def test_pending_job_can_be_completed_once(app: ASGIApp, create_job: CreateJob) -> None:
    job_id, other = create_job(), create_job()
    done = send_request(app, f"POST /__admin/jobs/{job_id}/complete")
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert done.json() == send_request(app, f"GET /v1/videos/{job_id}").json()
    assert send_request(app, f"GET /v1/videos/{other}").json()["status"] == "queued"
    second = send_request(app, f"POST /__admin/jobs/{job_id}/fail")
    assert (second.status_code, second.json()["error"]) == (400, f"{job_id} has ended already")
    assert send_request(app, f"GET /__admin/jobs/{job_id}").json() == done.json()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(None, None, id="default code"),
        pytest.param({}, None, id="empty body"),
        pytest.param({"code": "moderation_blocked"}, "moderation_blocked", id="given code"),
    ],
)
def test_pending_job_can_be_failed(
    app: ASGIApp, create_job: CreateJob, body: dict[str, str] | None, code: str | None
) -> None:
    job_id = create_job()
    failed = send_request(app, f"POST /__admin/jobs/{job_id}/fail", body).json()
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == code or code is None
    assert failed == send_request(app, f"GET /v1/videos/{job_id}").json()


def test_jobs_of_another_document_can_be_completed_and_failed(other_document: Document) -> None:
    app = create_app(
        service=JobService(other_document, clock=ManualClock(1_780_000_000), strict=True)
    )
    headers = {"x-render-key": "k", "content-type": "application/json"}
    body = {"scene": "A teapot"}
    first, second = [
        send_request(app, "POST /api/v7/renderings", body, headers=headers).json()["job"]["ref"]
        for _ in range(2)
    ]
    done = send_request(app, f"POST /__admin/jobs/{first}/complete").json()
    failed = send_request(app, f"POST /__admin/jobs/{second}/fail").json()
    for job_id, shown in ((first, done), (second, failed)):
        path = find_operation(other_document, JobRole.POLL).template.expand({"ref": job_id})
        assert send_request(app, f"GET /api/v7{path}", headers=headers).json() == shown
    assert done["job"]["phase"] != failed["job"]["phase"]


def test_reset_deletes_jobs_faults_and_scenarios_but_keeps_the_clock(
    app: ASGIApp, create_job: CreateJob, service: JobService, clock: ManualClock
) -> None:
    old, initial = create_job(), send_request(app, "GET /__admin/scenarios").json()["chosen"]
    MockControls(service).next_job(outcome="failed", seconds=0)
    send_request(app, "POST /__admin/scenarios", {"scenario": "fails"})
    send_request(app, "POST /__admin/faults", {"operation": "getVideo", "status": 500})
    clock.advance(5)
    now = clock.now()
    reset = send_request(app, "POST /__admin/reset")
    assert (reset.status_code, reset.json()) == (200, {"jobs": 0})
    assert send_request(app, f"GET /v1/videos/{old}").status_code == 404
    assert send_request(app, "GET /__admin/scenarios").json()["chosen"] == initial
    assert send_request(app, "GET /__admin/faults").json() == {"faults": []}
    new = create_job()
    assert (new != old, clock.now()) == (True, now)
    assert send_request(app, f"GET /v1/videos/{new}").json()["status"] == "queued"
