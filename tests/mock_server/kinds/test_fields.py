"""Fields of jobs: progress, times and failures in every form, and when each field is there."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.job_api import (
    START,
    TEXT,
    WHOLE,
    JobApi,
    body_of,
    job_schema,
    object_of,
    operation,
    request_schema,
)

NUMBER: Json = {"type": "number"}


def field_api(schema: Json, source: Json, **words: Json) -> JobApi:
    """An API whose jobs have a field `field`."""
    return JobApi(job=job_schema(field=schema), kind={"fields": {"/field": source}, **words})


@pytest.mark.parametrize(
    ("form", "schema", "expected"),
    [
        ("percent", WHOLE, [0, 0, 1, 50, 100]),
        ("fraction", NUMBER, [0, 0, 0.01, 0.5, 1]),
        ("text", TEXT, ["0%", "0%", "1%", "50%", "100%"]),
    ],
)
def test_progress(form: str, schema: Json, expected: list[Json]) -> None:
    api = field_api(schema, {"progress": form})
    assert [body["field"] for body in api.life(f"/jobs/{api.create()['id']}", steps=4)] == expected
    api.controls.next_job(outcome="failed")
    failed = api.life(f"/jobs/{api.create()['id']}", steps=9)
    assert failed[-1]["field"] == failed[-2]["field"] != expected[-1]


@pytest.mark.parametrize(
    ("schema", "form", "expected"),
    [
        pytest.param(WHOLE, None, START + 4, id="seconds"),
        pytest.param(NUMBER, None, START + 4, id="seconds as a number"),
        pytest.param(
            {"type": "integer", "minimum": 10**12}, None, (START + 4) * 1000, id="milliseconds"
        ),
        pytest.param(WHOLE, "milliseconds", (START + 4) * 1000, id="milliseconds by word"),
        pytest.param(
            {"type": "string", "format": "date-time"},
            None,
            "2026-05-28T20:26:44.000Z",
            id="ISO 8601",
        ),
        pytest.param({"type": "string", "format": "date"}, None, "2026-05-28", id="date"),
        pytest.param(
            {"type": "string", "examples": ["2026-04-18 15:16:01.841"]},
            None,
            "2026-05-28 20:26:44.000",
            id="as the example",
        ),
        pytest.param(TEXT, "%d.%m.%Y %H:%M", "28.05.2026 20:26", id="strftime"),
    ],
)
def test_times_have_the_form_of_their_schema(
    schema: Json, form: str | None, expected: Json
) -> None:
    source: dict[str, Json] = {"time": "success"} | ({"as": form} if form else {})
    api = field_api(schema, source)
    job = api.create()["id"]
    shown = [body.get("field") for body in api.life(f"/jobs/{job}")]
    assert shown == [None] * 4 + [expected] * 2


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"time": "created"}, [0, 0, 0, 0, 0, 0]),
        ({"time": "created", "plus": 60}, [60] * 6),
        ({"time": "changed"}, [0, 0, 2, 2, 4, 4]),
        ({"time": "running"}, [None, None, 2, 2, 2, 2]),
        ({"time": "terminal", "plus": 9}, [None] * 4 + [13, 13]),
        ({"time": "running", "in": "success"}, [None] * 4 + [2, 2]),
        ({"time": "failure"}, [None] * 6),
    ],
)
def test_times_of_the_life(source: Json, expected: list[int | None]) -> None:
    api = field_api(WHOLE, source)
    shown = [body.get("field") for body in api.life(f"/jobs/{api.create()['id']}")]
    assert shown == [None if second is None else START + second for second in expected]


FAILURES: Json = {
    "too_dark": "There was no light.",
    "not_allowed": {"message": "A policy forbids it.", "moderation": True},
}


@pytest.mark.parametrize(
    ("schema", "fields", "expected"),
    [
        pytest.param(
            {"error": object_of({"code": TEXT, "message": TEXT}, "code", "message")},
            {"/error/code": {"failure": "code"}, "/error/message": {"failure": "message"}},
            {"error": {"code": "too_dark", "message": "There was no light."}},
            id="object",
        ),
        pytest.param(
            {"error": TEXT},
            {"/error": {"failure": "message"}},
            {"error": "There was no light."},
            id="text",
        ),
        pytest.param(
            {"code": TEXT, "reason": TEXT},
            {"/code": {"failure": "code"}, "/reason": {"failure": "message"}},
            {"code": "too_dark", "reason": "There was no light."},
            id="beside the state",
        ),
    ],
)
@pytest.mark.parametrize("nullable", [False, True], ids=["absent before", "null before"])
def test_failure(
    schema: dict[str, Json], fields: Json, expected: dict[str, Json], nullable: bool
) -> None:
    if nullable:
        schema = {name: {"anyOf": [field, {"type": "null"}]} for name, field in schema.items()}
    job = job_schema(*(schema if nullable else ()), **schema)
    api = JobApi(job=job, kind={"fields": fields, "failures": FAILURES})
    created = api.create()
    before = {name: created.get(name) for name in expected}
    assert before == dict.fromkeys(expected)
    assert (created.keys() >= schema.keys()) is nullable
    api.controls.next_job(outcome="failed")
    failed = api.life(f"/jobs/{api.create()['id']}", step=9, steps=1)[-1]
    assert failed.items() >= expected.items()


def test_failure_codes_that_are_numbers() -> None:
    api = field_api(WHOLE, {"failure": "code"}, failures={"1026": "The text is not allowed."})
    api.controls.next_job(outcome="failed")
    assert api.life(f"/jobs/{api.create()['id']}", step=9, steps=1)[-1]["field"] == 1026


def test_certain_requests_always_fail() -> None:
    failures = {
        "usual": "It failed.",
        "huge": {"message": "It is too large.", "when": {"/size": [9]}},
    }
    api = JobApi(
        job=job_schema(why=TEXT),
        request=request_schema(size={"type": "integer", "default": 1}),
        kind={"failures": failures, "fields": {"/why": {"failure": "message"}}},
    )
    jobs = [api.create(**fields)["id"] for fields in ({"size": 9}, {"size": 8}, {})]
    api.clock.advance(10)
    ended = [api.get(f"/jobs/{job}") for job in jobs]
    assert [job["status"] for job in ended] == ["failed", "done", "done"]
    assert ended[0]["why"] == "It is too large."


def test_field_for_some_requests_only() -> None:
    api = JobApi(
        job=job_schema(field=TEXT),
        request=request_schema(size=WHOLE),
        kind={"fields": {"/field": {"value": "large", "when": {"/size": [9, None]}}}},
    )
    shown = [api.create(**fields).get("field") for fields in ({"size": 9}, {"size": 8}, {})]
    assert shown == ["large", None, "large"]


def test_value_of_the_request_is_translated_and_has_the_default_of_its_schema() -> None:
    size = {"type": "string", "enum": ["S", "L"], "default": "S"}
    api = JobApi(
        job=job_schema("pixels", pixels=WHOLE),
        request=request_schema(size=size),
        kind={"fields": {"/pixels": {"request": "/size", "map": {"S": 480, "L": 1080}}}},
    )
    assert [api.create()["pixels"], api.create(size="L")["pixels"]] == [480, 1080]


def test_required_field_that_is_not_due_is_null_or_made() -> None:
    nullable = {"type": ["integer", "null"]}
    api = JobApi(
        job=job_schema("ended", "score", ended=nullable, score=WHOLE, extra=WHOLE),
        kind={
            "fields": {
                "/ended": {"time": "success"},
                "/score": {"in": "success"},
                "/extra": {"in": "success"},
            }
        },
    )
    history = api.life(f"/jobs/{api.create()['id']}")
    assert [body["ended"] for body in history[:4]] == [None] * 4
    assert [type(body["score"]) for body in history] == [int] * 6
    assert ["extra" in body for body in history] == [False] * 4 + [True] * 2
    assert history[-1] == history[-2]


def test_undeclared_fields_with_the_name_of_a_request_field_come_back_as_sent() -> None:
    options = object_of({"tags": {"type": "array", "items": TEXT}, "depth": WHOLE})
    api = JobApi(
        job=job_schema(
            prompt=TEXT,
            size=TEXT,
            options=options,
            note=TEXT,
            strength={"type": "integer", "maximum": 5},
        ),
        request=request_schema(
            size={"type": "string", "default": "small"},
            options=options,
            strength=WHOLE,
            secret=TEXT,
            status=TEXT,
        ),
    )
    sent = {"options": {"tags": ["a"], "depth": 3}, "strength": 4, "secret": "x", "status": "x"}
    created = body_of(api.send("POST /jobs", {"prompt": "A cup", **sent}), 200)
    expected = {"prompt": "A cup", "size": "small", "options": sent["options"], "strength": 4}
    history = [created, *api.life(f"/jobs/{created['id']}")]
    for body in history:
        assert {name: body.get(name) for name in expected} == expected
        assert body.keys() == {"id", "status", *expected}
    assert history[0]["status"] == "queued"
    other = api.create(strength=9)
    assert other.keys() == {"id", "status", "prompt", "size"}


def test_request_that_comes_back_matches_the_schema_of_its_place() -> None:
    film = object_of({"prompt": TEXT, "kind": {"const": "film"}, "length": WHOLE}, "prompt", "kind")
    still = object_of({"prompt": TEXT, "kind": {"const": "still"}}, "prompt", "kind")
    api = JobApi(
        job=job_schema(
            "request",
            request={"oneOf": [film, still]},
            share={"type": "integer", "maximum": 5},
            label={"type": "string", "maxLength": 3},
        ),
        request=request_schema(
            kind={"enum": ["film", "still"]},
            length=WHOLE,
            other=TEXT,
            share=TEXT,
            label=TEXT,
        ),
        kind={
            "fields": {
                "/request": {"request": ""},
                "/share": {"request": "/share"},
                "/label": {"request": "/label"},
            }
        },
    )
    whole: dict[str, Json] = {"kind": "film", "length": 4}
    assert api.create(**whole)["request"] == {"prompt": "A teapot", **whole}
    fitting = api.create(kind="still", other="x", share="4", label="long")
    assert fitting["request"] == {"prompt": "A teapot", "kind": "still"}
    assert fitting["share"] == 4
    assert "label" not in fitting
    assert api.create(other="x", share="40")["request"]["prompt"] == "A teapot"


def test_required_field_of_the_jobs_of_another_create_is_null_where_it_may_be() -> None:
    api = JobApi(
        job=job_schema("film", "still", film=dict(NULL_OR_TEXT), still=dict(NULL_OR_TEXT)),
        paths={
            "/stills": {
                "post": operation(
                    "createStill", {"$ref": "#/components/schemas/Job"}, request=request_schema()
                )
            }
        },
        kind={
            "create": [
                {"operation": "createJob", "fields": {"/film": {"file": "video/mp4"}}},
                {"operation": "createStill", "fields": {"/still": {"file": "image/png"}}},
            ]
        },
    )
    for target, own, other in (("/jobs", "film", "still"), ("/stills", "still", "film")):
        created = api.create(target)
        assert (created["film"], created["still"]) == (None, None)
        api.clock.advance(10)
        ended = api.get(f"/jobs/{created['id']}")
        assert ended[own].startswith("https://")
        assert ended[other] is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^[0-9-]{10}T[0-9:]{8}$", "2026-05-28T20:26:40"),
        (r"^[0-9-]{10} [0-9:]{8}$", "2026-05-28 20:26:40"),
        (r"^[0-9-]{10}$", "2026-05-28"),
    ],
)
def test_time_has_the_form_that_its_pattern_allows(pattern: str, expected: str) -> None:
    api = JobApi(
        job=job_schema(made={"type": "string", "pattern": pattern}),
        kind={"fields": {"/made": {"time": "created"}}},
    )
    assert api.create()["made"] == expected


def test_undeclared_fields_below_a_declared_object_come_back() -> None:
    order = object_of({"scene": TEXT, "frames": WHOLE, "made": WHOLE}, "scene")
    api = JobApi(
        job=job_schema("order", order=order),
        request=request_schema(order=object_of({"scene": TEXT, "frames": WHOLE}, "scene")),
        kind={"fields": {"/order/scene": {"request": "/order/scene"}}},
    )
    sent = {"scene": "A harbour", "frames": 9}
    assert api.create(order=sent)["order"] == sent
    assert api.create(order={"scene": "A harbour"})["order"] == {"scene": "A harbour"}


def test_undeclared_constants_and_required_fields_are_made_and_optional_ones_left_out() -> None:
    api = JobApi(
        job=job_schema(
            "cost",
            "error",
            object={"const": "job"},
            cost=WHOLE,
            guess=TEXT,
            error=dict(NULL_OR_TEXT),
        )
    )
    created = api.create()
    assert isinstance(created["cost"], int)
    assert "guess" not in created
    assert api.get(f"/jobs/{created['id']}") == created
    other = api.create()
    assert other["id"] != created["id"]


NULL_OR_TEXT: dict[str, Json] = {"type": ["string", "null"]}
