"""The forms of times in jobs, from what the document says and shows."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.jobs.sources import Moment
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.moment import (
    DATE,
    DATE_TIME,
    MILLISECONDS,
    SECONDS,
    MomentForm,
    named_form,
)
from tests.support.job_api import JOB, JobApi, job_schema, operation

SPACED = MomentForm("text", "%Y-%m-%d %H:%M:%S.%3f")
TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}


def form_of(schema: Json, shown: Json, *, named: bool = False, stated: Json = None) -> MomentForm:
    """The form of a time whose value a response shows, in `example` or in `examples`."""
    job = {"id": "x", "status": "done", "at": shown}
    media = {"examples": {"one": {"value": job}}} if named else {"example": job}
    content = {"application/json": {"schema": JOB, **media}}
    api = JobApi(
        paths={"/jobs/{id}": {"get": operation("getJob", content=content)}},
        job=job_schema(at=schema),
        kind={"fields": {"/at": {"time": "created", **(stated or {})}}},
    )
    (field,) = api.document.kinds["work"].fields
    assert isinstance(field.source, Moment)
    return field.source.form


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("schema", "shown", "form"),
    [
        (TEXT, "2026-04-18 15:16:01.841", SPACED),
        (TEXT, "2026-04-18", DATE),
        (TEXT, "soon", DATE_TIME),
        (NUMBER, 1_780_000_000, SECONDS),
        (NUMBER, 1_780_000_000_000, MILLISECONDS),
        ({"type": "string", "example": "2026-04-18"}, "2026-04-18 15:16:01.841", DATE),
    ],
    ids=str,
)
def test_form_is_that_of_the_example_of_a_response(
    schema: Json, shown: Json, form: MomentForm, *, named: bool
) -> None:
    assert form_of(schema, shown, named=named) == form


def test_form_that_is_stated_counts_before_examples() -> None:
    assert form_of(TEXT, "2026-04-18 15:16:01.841", stated={"as": "date"}) == named_form("date")


def test_time_is_served_in_the_form_of_the_example() -> None:
    content = {
        "application/json": {
            "schema": JOB,
            "example": {"id": "x", "status": "done", "at": "2026-04-18 15:16:01.841"},
        }
    }
    api = JobApi(
        paths={"/jobs/{id}": {"get": operation("getJob", content=content)}},
        job=job_schema(at=TEXT),
        kind={"fields": {"/at": {"time": "created"}}},
    )
    assert api.create()["at"] == "2026-05-28 20:26:40.000"
