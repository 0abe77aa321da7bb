"""Values that say in each good response that it is no error, such as a code of 0."""

from __future__ import annotations

from tests.support.job_api import (
    JOB,
    STATES,
    TEXT,
    WHOLE,
    JobApi,
    object_of,
    operation,
)

OUTCOME = object_of({"number": WHOLE, "text": TEXT}, "number")
GOOD = {"number": 0, "text": "fine"}


def make_api() -> JobApi:
    """A mock whose responses all have an outcome, though the job does not require it."""
    job = object_of({"id": TEXT, "status": {"enum": [*STATES]}, "outcome": OUTCOME}, "id", "status")
    page = object_of({"jobs": {"type": "array", "items": JOB}, "outcome": OUTCOME}, "jobs")
    other = object_of({"size": WHOLE, "outcome": OUTCOME}, "size", "outcome")
    return JobApi(
        job=job,
        paths={
            "/jobs": {"get": operation("listJobs", page)},
            "/jobs/{id}/result": {"get": operation("getResult", other)},
            "/sizes": {"get": operation("getSize", other)},
            "/names": {"get": operation("getName", object_of({"name": TEXT}, "name"))},
        },
        kind={"list": {"operation": "listJobs", "items": "/jobs"}, "result": "getResult"},
        root={
            "x-errors": {
                "answer": {
                    "/outcome/number": {"error": "code"},
                    "/outcome/text": {"error": "message"},
                },
                "causes": {
                    "none": {"code": 0, "message": "fine"},
                    "default": {"status": 200, "code": 7},
                },
            }
        },
    )


def test_responses_about_jobs_say_that_all_is_well() -> None:
    api = make_api()
    created = api.create()
    assert created["outcome"] == GOOD
    api.clock.advance(10)
    target = f"/jobs/{created['id']}"
    assert api.get(target)["outcome"] == api.get(f"{target}/result")["outcome"] == GOOD


def test_page_says_it_once() -> None:
    api = make_api()
    api.create()
    page = api.get("/jobs")
    assert page["outcome"] == GOOD
    assert "outcome" not in page["jobs"][0]


def test_responses_that_are_not_about_jobs_say_it_where_their_schema_has_it() -> None:
    api = make_api()
    assert api.get("/sizes")["outcome"] == GOOD
    assert "outcome" not in api.get("/names")


def test_errors_have_a_code_of_their_own() -> None:
    assert make_api().get("/jobs/none")["outcome"]["number"] == 7
