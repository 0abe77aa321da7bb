"""Operations that cancel pending jobs, and operations that delete jobs."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.job_api import JOB, JobApi, body_of, job_schema, object_of, operation

STATES: Json = {
    "queued": {"next": ["running", "cancelling"]},
    "running": {"next": ["done", "failed", "cancelling"]},
    "cancelling": {"next": ["cancelled"], "lasts": 3},
    "done": "success",
    "failed": "failure",
    "cancelled": "canceled",
}
CANCEL = {"/jobs/{id}/cancel": {"post": operation("cancelJob", JOB)}}


def canceling_api(**cancel: Json) -> JobApi:
    return JobApi(
        job=job_schema(states=STATES),
        paths=CANCEL,
        kind={"states": STATES, "cancel": {"operation": "cancelJob", **cancel}},
    )


def cancel(api: JobApi, job: str, status: int = 200) -> Json:
    return body_of(api.send(f"POST /jobs/{job}/cancel"), status)


@pytest.mark.parametrize("age", [0, 1.5, 2, 3.9])
def test_cancel_ends_a_pending_job_at_once(age: float) -> None:
    api = canceling_api()
    job = api.create()["id"]
    api.clock.advance(age)
    assert cancel(api, job)["status"] == "cancelled"
    history = api.life(f"/jobs/{job}")
    assert {body["status"] for body in history} == {"cancelled"}


def test_cancel_leads_through_a_state_on_the_way() -> None:
    api = canceling_api(next="cancelling")
    job = api.create()["id"]
    api.clock.advance(1)
    assert cancel(api, job)["status"] == "cancelling"
    states = [body["status"] for body in api.life(f"/jobs/{job}")]
    assert states == ["cancelling"] * 3 + ["cancelled"] * 3
    assert cancel(api, job, 409)["message"] == f"{job} is cancelled and cannot be canceled"


def test_cancel_of_an_ended_job_is_refused_or_ignored() -> None:
    for otherwise, status in (("refuse", 409), ("ignore", 200)):
        api = canceling_api(otherwise=otherwise)
        job = api.create()["id"]
        api.clock.advance(10)
        assert cancel(api, job, status)
        assert api.get(f"/jobs/{job}")["status"] == "done"
        assert cancel(api, "none", 404)


def test_cancel_in_some_states_only() -> None:
    api = canceling_api(**{"in": ["queued"]})
    first, second = api.create()["id"], api.create()["id"]
    assert cancel(api, first)["status"] == "cancelled"
    api.clock.advance(2)
    assert cancel(api, second, 409)["message"] == f"{second} is running and cannot be canceled"


def test_time_of_the_cancellation_is_reported() -> None:
    schema = job_schema(states=STATES, ended={"type": "integer"}, moved={"type": "integer"})
    api = JobApi(
        job=schema,
        paths=CANCEL,
        kind={
            "states": STATES,
            "cancel": "cancelJob",
            "fields": {"/ended": {"time": "terminal"}, "/moved": {"time": "changed"}},
        },
    )
    job = api.create()["id"]
    api.clock.advance(3)
    canceled = cancel(api, job)
    assert canceled["ended"] == canceled["moved"] == int(api.clock.now())


def test_delete_cancels_pending_jobs_and_deletes_the_others() -> None:
    answer = object_of({"id": {"type": "string"}, "deleted": {"type": "boolean"}}, "id", "deleted")
    api = JobApi(
        job=job_schema(states=STATES),
        paths={"/jobs/{id}": {"delete": operation("deleteJob", answer)}},
        kind={
            "states": STATES,
            "cancel": {"operation": "deleteJob", "answer": {"/deleted": False}},
            "delete": {"operation": "deleteJob", "in": "terminal", "answer": {"/deleted": True}},
        },
    )
    job = api.create()["id"]
    assert body_of(api.send(f"DELETE /jobs/{job}"), 200) == {"id": job, "deleted": False}
    assert api.get(f"/jobs/{job}")["status"] == "cancelled"
    assert body_of(api.send(f"DELETE /jobs/{job}"), 200) == {"id": job, "deleted": True}
    assert api.get(f"/jobs/{job}", status=404)
    assert body_of(api.send(f"DELETE /jobs/{job}"), 404)


def test_delete_without_states_deletes_any_job_and_may_have_no_body() -> None:
    api = JobApi(
        paths={"/jobs/{id}": {"delete": operation("deleteJob", status=204)}},
        kind={"delete": "deleteJob"},
    )
    for age in (0, 10):
        job = api.create()["id"]
        api.clock.advance(age)
        reply = api.send(f"DELETE /jobs/{job}")
        assert (reply.status, reply.body) == (204, b"")
        assert api.get(f"/jobs/{job}", status=404)
