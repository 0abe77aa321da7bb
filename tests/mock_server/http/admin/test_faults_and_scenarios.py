"""Faults and scenarios as they are set over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx2
import pytest
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, ManualClock, create_app
from aisa_testkit.mock_server.http.admin.description import AdminDescription
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas

Ask = Callable[..., httpx2.Response]
Make = Callable[[], str]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def outcomes(ask: Ask, app: ASGIApp, make: Make, number: int) -> list[str]:
    """How so many new jobs end."""
    made = [make() for _ in range(number)]
    ask(app, "POST /__admin/clock", {"advance": 1000})
    return [ask(app, f"GET /v1/videos/{job_id}").json()["status"] for job_id in made]


def test_a_fault_strikes_until_it_is_taken_back(ask: Ask, app: ASGIApp) -> None:
    words = {"operation": "listVideos", "status": 503, "times": 5}
    added = ask(app, "POST /__admin/faults", words)
    assert added.status_code == 200
    assert ask(app, "GET /v1/videos").status_code == 503
    (listed,) = ask(app, "GET /__admin/faults").json()["faults"]
    assert listed == {"id": added.json()["id"], **words, "struck": 1}
    removed = ask(app, f"DELETE /__admin/faults/{added.json()['id']}")
    assert (removed.status_code, removed.json()) == (200, {"faults": []})
    assert ask(app, "GET /v1/videos").status_code == 200


def test_all_faults_are_taken_back_at_once(ask: Ask, app: ASGIApp) -> None:
    for status in (500, 503):
        ask(app, "POST /__admin/faults", {"operation": "listVideos", "status": status})
    cleared = ask(app, "DELETE /__admin/faults")
    assert (cleared.status_code, cleared.json()) == (200, {"faults": []})
    assert ask(app, "GET /v1/videos").status_code == 200


def test_one_fault_is_taken_back_and_the_others_stay(ask: Ask, app: ASGIApp) -> None:
    first, second = [
        ask(app, "POST /__admin/faults", {"operation": "listVideos", "status": status}).json()["id"]
        for status in (500, 503)
    ]
    left = ask(app, f"DELETE /__admin/faults/{first}").json()["faults"]
    assert [fault["id"] for fault in left] == [second]
    assert ask(app, "GET /v1/videos").status_code == 503


def test_no_fault_touches_the_control_api(ask: Ask, app: ASGIApp) -> None:
    ask(app, "POST /__admin/faults", {"status": 500})
    assert ask(app, "GET /v1/videos").status_code == 500
    assert ask(app, "GET /__admin/jobs").status_code == 200


def test_the_limits_tell_what_is_left_to_each_key_and_no_key(
    ask: Ask, document: Document, clock: ManualClock
) -> None:
    key = "sk-a-key-that-nobody-may-read"
    service = JobService(document, clock=clock, limits="free", strict=True)
    app = create_app(service=service)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    ask(app, "POST /v1/videos", {"prompt": "A lighthouse"}, headers=headers)
    for _ in range(100):
        assert ask(app, "GET /__admin/health", headers=headers).status_code == 200
    answer = ask(app, "GET /__admin/limits")
    (limit,) = answer.json()["limits"]
    assert key not in answer.text
    assert (limit["requests_left"], limit["pending"]) == (59, 1)
    schema = Schemas(AdminDescription().data).at("/components/schemas/Limit")
    assert [*schema.errors(limit)] == []
    assert limit.keys() == schema.raw["properties"].keys()


def test_the_attempts_to_deliver_webhooks_are_told_the_newest_first(
    ask: Ask, document: Document, clock: ManualClock
) -> None:
    answers = iter([500, 204])

    def receive(headers: Mapping[str, str], body: bytes) -> int:
        return next(answers)

    webhooks = Webhooks(document, clock=clock, receiver=receive, secret=SECRET)
    service = JobService(document, clock=clock, webhooks=webhooks, strict=True)
    app = create_app(service=service)
    assert ask(app, "GET /__admin/webhooks").json() == {"next_due": None, "attempts": []}
    job_id = ask(app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    for path in (f"jobs/{job_id}/complete", "clock"):
        ask(app, f"POST /__admin/{path}", {"advance": 100} if path == "clock" else None)
        webhooks.deliver()
    told = ask(app, "GET /__admin/webhooks").json()
    assert [attempt["status"] for attempt in told["attempts"]] == [204, 500]
    assert told["attempts"][1]["job"] == job_id
    assert told["next_due"] is None


def test_scenarios_are_listed_with_what_they_are_good_for(
    ask: Ask, app: ASGIApp, service: JobService
) -> None:
    shown = ask(app, "GET /__admin/scenarios").json()
    assert shown == {
        "scenarios": service.scenarios.listed(),
        "chosen": service.scenarios.chosen(),
    }
    assert {"completes", "fails"} <= {scenario["name"] for scenario in shown["scenarios"]}
    assert all(scenario["about"] for scenario in shown["scenarios"])


@pytest.mark.parametrize(
    ("choice", "ends"),
    [
        pytest.param({}, ["failed", "failed", "failed"], id="for the server"),
        pytest.param({"next": 2}, ["failed", "failed", "completed"], id="for the next jobs"),
        pytest.param({"share": 1}, ["failed", "failed", "failed"], id="for all of a share"),
        pytest.param({"share": 0}, ["completed", "completed", "completed"], id="for no share"),
    ],
)
def test_a_scenario_is_chosen(
    ask: Ask, app: ASGIApp, make: Make, choice: dict[str, Json], ends: list[str]
) -> None:
    answer = ask(app, "POST /__admin/scenarios", {"scenario": "fails", **choice})
    assert answer.status_code == 200
    assert answer.json() == ask(app, "GET /__admin/scenarios").json()
    assert outcomes(ask, app, make, 3) == ends
