"""The fields of jobs: their places, their sources, and the states in which they are there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, SCHEMA, problems_of


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/fields": {"/since": {"time": "created", "value": 1}}},
            [("/x-jobs/film/fields/~1since", "has two sources, value and time; one is allowed")],
            id="two sources",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/sinse": {"time": "created"}}},
            [
                (
                    "/x-jobs/film/fields/~1sinse",
                    "no response has a place /sinse; did you mean /since?",
                )
            ],
            id="field missing",
        ),
        pytest.param(
            {f"{FILM}/fields": {"query.x": {"time": "created"}}},
            [
                (
                    "/x-jobs/film/fields/query.x",
                    "query.x is a place in requests; responses have headers alone",
                )
            ],
            id="place in a request",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"time": "created", "in": ["redy"]}}},
            [
                (
                    "/x-jobs/film/fields/~1since/in",
                    "redy is not one of the states; did you mean ready?",
                )
            ],
            id="in unknown",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"time": "start"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/time",
                    "start is not one of the states; known are waiting, drawing, "
                    "ready, spoilt, pending, success, failure, canceled, terminal",
                )
            ],
            id="time unknown",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "answer": {"/mor": True}}},
            [
                (
                    "/x-jobs/film/list/answer/~1mor",
                    "no response has a place /mor; did you mean /more?",
                )
            ],
            id="answer place",
        ),
        pytest.param(
            {f"{FILM}/create": {"operation": "order", "answer": {"/film/id": 1}}},
            [("/x-jobs/film/create/answer/~1film~1id", "no response has a place /film/id")],
            id="answer of a create",
        ),
        pytest.param(
            {
                f"{SCHEMA}/additionalProperties": True,
                f"{FILM}/fields": {"/extra": {"in": "success"}},
            },
            [
                (
                    "/x-jobs/film/fields/~1extra",
                    "needs a source, such as value, because no schema describes this place",
                )
            ],
            id="place without source",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"request": "/scen"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/request",
                    "no request of order has a place /scen; did you mean /scene?",
                )
            ],
            id="request place",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"request": "/quality", "map": {"finest": "x"}}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/map",
                    "finest is not a value of this place; known are draft, final",
                )
            ],
            id="unknown word to map",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"request": "/scene", "when": {"/qality": ["final"]}}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/when/~1qality",
                    "no request of order has a place /qality; did you mean /quality?",
                )
            ],
            id="when place",
        ),
        pytest.param(
            {
                f"{FILM}/fields": {
                    "/scene": {"request": "/scene", "when": {"/quality": ["finest", None]}}
                }
            },
            [
                (
                    "/x-jobs/film/fields/~1scene/when/~1quality",
                    "finest is not a value of this place; known are draft, final",
                )
            ],
            id="when value",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/address": {"url": "pol"}}},
            [("/x-jobs/film/fields/~1address/url", "pol is not an operation; did you mean poll?")],
            id="url unknown",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/source": {"source": "/id"}}},
            [
                (
                    "/x-jobs/film/fields/~1source",
                    "no create of this kind has source, the id of the job to take the value from",
                )
            ],
            id="value of source without source",
        ),
        pytest.param(
            {
                f"{FILM}/create": {"operation": "order", "source": "/scene"},
                f"{FILM}/fields": {"/source": {"source": "/ident"}},
            },
            [
                (
                    "/x-jobs/film/fields/~1source/source",
                    "no response has a place /ident; did you mean /id?",
                )
            ],
            id="source field missing",
        ),
    ],
)
def test_invalid_field_is_reported_with_its_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/fields": {"/since": {"file": "video/mp4"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/file",
                    "gives a value of type string, but the schema allows integer",
                )
            ],
            id="file",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"url": "poll"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/url",
                    "gives a value of type string, but the schema allows integer",
                )
            ],
            id="url",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": "soon"}},
            [
                (
                    "/x-jobs/film/fields/~1since/value",
                    "gives a value of type string, but the schema allows integer",
                )
            ],
            id="constant",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/trouble/why": "wet"}},
            [
                (
                    "/x-jobs/film/fields/~1trouble~1why/value",
                    "wet is not a value of this place; known are dark, cold",
                )
            ],
            id="constant that is not listed",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/share": {"progress": "text"}}},
            [
                (
                    "/x-jobs/film/fields/~1share/progress",
                    "gives a value of type string, but the schema allows number",
                )
            ],
            id="progress as text",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"progress": "fraction"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/progress",
                    "gives a value of type number, but the schema allows integer",
                )
            ],
            id="progress as a fraction",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"progress": "percent"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/progress",
                    "gives a value of type integer, but the schema allows string",
                )
            ],
            id="progress in per cent",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"time": "created", "as": "%Y"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/time",
                    "gives a value of type string, but the schema allows integer",
                )
            ],
            id="time as text",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"time": "created", "as": "seconds"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/time",
                    "gives a value of type integer, but the schema allows string",
                )
            ],
            id="time in seconds",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/kept": {"new_id": "^a$"}}},
            [
                (
                    "/x-jobs/film/fields/~1kept/new_id",
                    "gives a value of type string, but the schema allows boolean",
                )
            ],
            id="new id",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/kept": {"failure": "message"}}},
            [
                (
                    "/x-jobs/film/fields/~1kept/failure",
                    "gives a value of type string, but the schema allows boolean",
                )
            ],
            id="failure message",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"retry": "seconds"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/retry",
                    "gives a value of type integer, but the schema allows string",
                )
            ],
            id="time to wait",
        ),
    ],
)
def test_source_that_does_not_fit_its_schema_is_reported(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems
