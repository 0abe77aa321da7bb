"""Fields of the request at any depth that come back: as sent, by default, or translated."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_server
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_places
from tests.support.exchanges import json_reply, make_exchange
from tests.support.job_api import (
    JOB,
    TEXT,
    WHOLE,
    JobApi,
    body_of,
    job_schema,
    object_of,
    operation,
    query,
    request_schema,
)

LENGTH: Json = {"type": "integer", "default": 7}
FORM: Json = object_of(
    {
        "cut": object_of({"length": LENGTH, "loud": {"type": "boolean"}}),
        "parts": {"type": "array", "items": object_of({"x": WHOLE})},
    }
)
USAGE: Json = object_of(
    {
        "length": WHOLE,
        "loud": TEXT,
        "form": {"type": "object"},
        "parts": {"type": "array"},
        "first": WHOLE,
        "area": TEXT,
    }
)
FIELDS: Json = {
    "/usage/length": {"request": "/form/cut/length", "map": {"5": 50}},
    "/usage/loud": {"request": "/form/cut/loud", "map": {"true": "yes", "false": "no"}},
    "/usage/form": {"request": "/form"},
    "/usage/parts": {"request": "/form/parts"},
    "/usage/first": {"request": "/form/parts/0/x"},
    "/usage/area": {"request": "query.area"},
}
SENT: Json = {"cut": {"length": 5, "loud": True}, "parts": [{"x": 1}]}
GOOD: Json = {
    "length": 50,
    "loud": "yes",
    "form": SENT,
    "parts": [{"x": 1}],
    "first": 1,
    "area": "north",
}


@pytest.fixture(scope="module")
def api() -> JobApi:
    request = request_schema(form=FORM)
    create = operation("createJob", JOB, request=request, parameters=[query("area")])
    paths = {"/jobs": {"post": create}}
    return JobApi(job=job_schema(usage=USAGE), paths=paths, kind={"fields": FIELDS})


def found(document: Document, form: Json, usage: Json) -> list[str]:
    job: Json = {"id": "a", "status": "queued", "usage": usage}
    sent: Json = {"prompt": "A kite", "form": form}
    exchange = make_exchange(
        document, "createJob", json_reply(job), fields=sent, query={"area": "north"}
    )
    return codes_with_places(check_server(document, [exchange]))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("length", 5),
        ("loud", "no"),
        ("form", {**SENT, "cut": {"length": 6, "loud": True}}),
        ("form", {**SENT, "parts": [{"x": 2}]}),
        ("parts", [{"x": 1}, {"x": 1}]),
        ("parts", []),
        ("first", 2),
        ("area", "south"),
    ],
)
def test_another_value_is_reported(api: JobApi, name: str, wrong: Json) -> None:
    assert found(api.document, SENT, {**GOOD, name: wrong}) == [f"AV107 /usage/{name}"]


def test_missing_values_are_reported(api: JobApi) -> None:
    expected = [f"AV107 /usage/{name}" for name in GOOD]
    assert sorted(found(api.document, SENT, {})) == sorted(expected)


def test_server_may_add_members_at_any_depth(api: JobApi) -> None:
    added: Json = {"cut": {**SENT["cut"], "more": 1}, "parts": [{"x": 1, "more": 1}]}
    assert found(api.document, SENT, {**GOOD, "form": added, "parts": added["parts"]}) == []


@pytest.mark.parametrize(("length", "expected"), [(7, []), (8, ["AV108 /usage/length"])])
def test_nested_default_is_applied(api: JobApi, length: int, expected: list[str]) -> None:
    form: Json = {"cut": {}}
    assert found(api.document, form, {"length": length, "form": form, "area": "north"}) == expected


@pytest.mark.parametrize(("loud", "word"), [(True, "yes"), (False, "no")])
def test_mock_obeys(api: JobApi, loud: bool, word: str) -> None:
    form: Json = {**SENT, "cut": {"length": 5, "loud": loud}}
    usage = body_of(api.send("POST /jobs?area=north", {"prompt": "A kite", "form": form}))["usage"]
    assert usage == {**GOOD, "form": form, "loud": word}
    assert found(api.document, form, usage) == []
