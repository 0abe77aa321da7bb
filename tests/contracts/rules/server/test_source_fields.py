"""Fields that a job has from the job that it was made from."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_server
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_numbers
from tests.support.exchanges import json_reply, make_exchange
from tests.support.job_api import (
    JOB,
    TEXT,
    JobApi,
    job_schema,
    object_of,
    operation,
    request_schema,
)

NULLABLE: Json = {"type": ["string", "null"]}


def document(*, title: Json = None, answer: Json = JOB) -> Document:
    """A document whose jobs can be made from another job, from which they have two fields."""
    fields: Json = {
        "/from": {"source": "/id"},
        "/first": {"source": "/title", **(title or {})},
    }
    again = operation("again", answer, request=request_schema("of", of=TEXT))
    return JobApi(
        job=job_schema(**{"title": NULLABLE, "from": NULLABLE, "first": TEXT}),
        paths={"/again": {"post": again}},
        kind={
            "create": ["createJob", {"operation": "again", "source": "/of", "fields": fields}],
        },
    ).document


def found(api: Document, first: Json, *polls: Json, title: Json = "A kite") -> list[str]:
    """Return the violations of a job b, made from a: in the create, and in later polls."""

    def poll(job: Json) -> Json:
        return make_exchange(api, "getJob", json_reply(job), job_id=job["id"])

    request: Json = {"prompt": "Again", "of": "a"}
    history = [
        poll({"id": "a", "status": "done", "title": title}),
        make_exchange(api, "again", json_reply({"id": "b", **first}), fields=request),
        *(poll({"id": "b", "status": "queued", **job}) for job in polls),
    ]
    return codes_with_numbers(check_server(api, history))


GOOD: Json = {"status": "queued", "from": "a", "first": "A kite"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"first": "A boat"}, ["AV218 2"]),
        ({"from": "c"}, ["AV218 2"]),
        ({"from": "c", "first": "A boat"}, ["AV218 2", "AV218 2"]),
    ],
)
def test_fields_of_the_other_job_come_back(changed: Json, expected: list[str]) -> None:
    assert found(document(), {**GOOD, **changed}) == expected


def test_missing_field_is_reported_once_unless_it_is_optional() -> None:
    missing: Json = {"status": "queued", "from": "a"}
    assert found(document(), missing, {"from": "a"}) == ["AV218 2"]
    assert found(document(title={"optional": True}), missing, {"from": "a"}) == []


def test_field_that_the_other_job_lacks_is_not_expected() -> None:
    assert found(document(), {"status": "queued", "from": "a"}, title=None) == []


def test_later_responses_are_looked_at_where_the_create_shows_nothing() -> None:
    api = document(answer=object_of({"id": TEXT}))
    assert found(api, {}, {"from": "a", "first": "A kite"}) == []
    assert found(api, {}, {"from": "c", "first": "A boat"}) == ["AV218 3", "AV218 3"]


def test_field_never_changes() -> None:
    changed = found(document(), GOOD, {"from": "a", "first": "A boat"})
    assert changed == ["AV205 2 3"]


def test_nothing_is_expected_of_a_job_that_may_still_change() -> None:
    api = document()
    request: Json = {"prompt": "Again", "of": "a"}
    running: Json = {"id": "a", "status": "running", "title": "A kite"}
    made: Json = {"id": "b", **GOOD, "first": "A boat"}
    history = [
        make_exchange(api, "getJob", json_reply(running), job_id="a"),
        make_exchange(api, "again", json_reply(made), fields=request),
    ]
    assert "AV218 2" not in codes_with_numbers(check_server(api, history))
