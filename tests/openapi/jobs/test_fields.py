"""The fields of jobs: their places, their sources, and the states in which they are there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.jobs import JobField, parse_place
from aisa_testkit.openapi.jobs.sources import (
    Constant,
    FileAddress,
    FromRequest,
    Made,
    Moment,
    OperationAddress,
    RetryHint,
    Source,
)
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.moment import SECONDS, named_form
from tests.support.film_api import FILM, SCHEMA, parse_api, problems_of

ALL = {"waiting", "drawing", "ready", "spoilt"}


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
                    "gives a value of type string, but the schema allows integer"
                    "; sources of type integer are time, progress, retry, request, value",
                )
            ],
            id="file",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"url": "poll"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/url",
                    "gives a value of type string, but the schema allows integer"
                    "; sources of type integer are time, progress, retry, request, value",
                )
            ],
            id="url",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": "soon"}},
            [
                (
                    "/x-jobs/film/fields/~1since/value",
                    "gives a value of type string, but the schema allows integer"
                    "; sources of type integer are time, progress, retry, request, value",
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
                    "gives a value of type string, but the schema allows number"
                    "; sources of type number are time, progress, retry, request, value",
                )
            ],
            id="progress as text",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"progress": "fraction"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/progress",
                    "gives a value of type number, but the schema allows integer"
                    "; sources of type integer are time, progress, retry, request, value",
                )
            ],
            id="progress as a fraction",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"progress": "percent"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/progress",
                    "gives a value of type integer, but the schema allows string"
                    "; sources of type string are time, file, url, new_id, failure, progress,"
                    " request, value",
                )
            ],
            id="progress in per cent",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"time": "created", "as": "%Y"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/time",
                    "gives a value of type string, but the schema allows integer"
                    "; sources of type integer are time, progress, retry, request, value",
                )
            ],
            id="time as text",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"time": "created", "as": "seconds"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/time",
                    "gives a value of type integer, but the schema allows string"
                    "; sources of type string are time, file, url, new_id, failure, progress,"
                    " request, value",
                )
            ],
            id="time in seconds",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/kept": {"new_id": "^a$"}}},
            [
                (
                    "/x-jobs/film/fields/~1kept/new_id",
                    "gives a value of type string, but the schema allows boolean"
                    "; sources of type boolean are request, value",
                )
            ],
            id="new id",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/kept": {"failure": "message"}}},
            [
                (
                    "/x-jobs/film/fields/~1kept/failure",
                    "gives a value of type string, but the schema allows boolean"
                    "; sources of type boolean are request, value",
                )
            ],
            id="failure message",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/scene": {"retry": "seconds"}}},
            [
                (
                    "/x-jobs/film/fields/~1scene/retry",
                    "gives a value of type integer, but the schema allows string"
                    "; sources of type string are time, file, url, new_id, failure, progress,"
                    " request, value",
                )
            ],
            id="time to wait",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/since": {"request": "/quality"}}},
            [
                (
                    "/x-jobs/film/fields/~1since/request",
                    "gives a value of type string, but the schema allows integer"
                    "; sources of type integer are time, progress, retry, request, value",
                )
            ],
            id="field of the request",
        ),
        pytest.param(
            {
                f"{SCHEMA}/properties/notes": {"type": "array", "items": {"type": "string"}},
                f"{FILM}/fields": {"/notes": {"file": "video/mp4"}},
            },
            [
                (
                    "/x-jobs/film/fields/~1notes/file",
                    "gives a value of type string, but the schema allows array"
                    "; did you mean /notes/0?",
                )
            ],
            id="array in place of its entry",
        ),
    ],
)
def test_source_that_does_not_fit_its_schema_is_reported(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


def field_of(changes: Mapping[str, Json], place: str) -> JobField:
    """Return a field of the jobs of the first create after changes."""
    fields = parse_api(changes).kinds["film"].creates[0].fields
    return next(field for field in fields if str(field.place) == place)


@pytest.mark.parametrize(
    ("place", "value", "due", "possible"),
    [
        ("/scene", "x", ALL, ALL),
        ("/scene", {"request": "/scene"}, ALL, ALL),
        ("/since", {"time": "created"}, ALL, ALL),
        ("/since", {"time": "changed"}, ALL, ALL),
        ("/since", {"time": "drawing"}, {"drawing"}, {"drawing", "ready", "spoilt"}),
        ("/since", {"time": "terminal"}, {"ready", "spoilt"}, {"ready", "spoilt"}),
        ("/since", {"time": "terminal", "in": "ready"}, {"ready"}, {"ready"}),
        ("/since", {"time": "created", "in": "terminal"}, {"ready", "spoilt"}, {"ready", "spoilt"}),
        ("/address", {"file": "video/mp4"}, {"ready"}, {"ready"}),
        (
            "/address",
            {"file": "image/png", "in": ["drawing", "ready"]},
            *[{"drawing", "ready"}] * 2,
        ),
        ("/address", {"url": "poll"}, ALL, ALL),
        ("/scene", {"new_id": "^a$"}, ALL, ALL),
        ("/trouble/why", {"failure": "code"}, {"spoilt"}, {"spoilt"}),
        ("/share", {"progress": "fraction"}, ALL, ALL),
        ("/since", {"retry": "seconds"}, {"waiting", "drawing"}, {"waiting", "drawing"}),
        ("/notes", {"in": "success"}, {"ready"}, {"ready"}),
        ("/scene", {"request": "/scene", "when": {"/quality": ["final"]}}, set(), ALL),
    ],
)
def test_field_is_there_in_its_states(
    place: str, value: Json, due: set[str], possible: set[str]
) -> None:
    field = field_of({f"{FILM}/fields": {place: value}}, place)
    assert ({*field.due}, {*field.possible}) == (due, possible)


@pytest.mark.parametrize(
    ("place", "value", "source"),
    [
        ("/notes", {"value": {"a": 1}}, Constant({"a": 1})),
        ("/scene", "x", Constant("x")),
        (
            "/scene",
            {"request": "/quality", "map": {"final": "best"}},
            FromRequest(parse_place("/quality"), "draft", {"final": "best"}),
        ),
        ("/address", {"file": "video/mp4"}, FileAddress("video/mp4")),
        ("/address", {"url": "poll"}, OperationAddress("look")),
        ("/address", {"url": "GET /films"}, OperationAddress("page")),
        ("/since", {"time": "created", "plus": 5}, Moment("created", frozenset(), 5, SECONDS)),
        (
            "/scene",
            {"time": "success", "as": "date"},
            Moment("entered", frozenset({"ready"}), 0, named_form("date")),
        ),
        ("/notes", {"in": "success"}, Made()),
        ("header.Retry-After", {"retry": "milliseconds"}, RetryHint("milliseconds")),
        ("header.Retry-After", {"retry": "seconds", "most": 2.5}, RetryHint("seconds", 2.5)),
    ],
)
def test_field_has_its_source(place: str, value: Json, source: Source) -> None:
    assert field_of({f"{FILM}/fields": {place: value}}, place.lower()).source == source


def test_fields_of_a_create_replace_those_of_the_kind() -> None:
    own = {"operation": "order", "fields": {"/scene": "own"}}
    shared = {"/scene": "shared", "/kept": True}
    create = parse_api({f"{FILM}/create": own, f"{FILM}/fields": shared}).kinds["film"].creates[0]
    assert [(str(f.place), f.source) for f in create.fields] == [
        ("/kept", Constant(True)),
        ("/scene", Constant("own")),
    ]


def test_form_of_a_time_is_that_of_the_example() -> None:
    example = "2026-04-18 15:16:01.841"
    changes = {
        f"{SCHEMA}/properties/scene/example": example,
        f"{FILM}/fields": {"/scene": {"time": "created"}},
    }
    source = field_of(changes, "/scene").source
    assert isinstance(source, Moment)
    assert source.form.write(1_776_525_361.841) == example
