"""What a document says of jobs and the toolkit doubts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, REMOVED, SCHEMA, warnings_of

TAKEN = "/paths/~1films/post/responses/200/content"
LOST = (
    "order is answered with a body that has no place /id and with no address of the poll, so that a"
    " client cannot find the job; needs a field with the id in its schema, or one with {url: poll}"
)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/states/spoilt": REMOVED},
            [("/x-jobs/film/states", "leaves out spoilt, which the schema lists")],
            id="enum member left out",
        ),
        pytest.param(
            {
                f"{FILM}/states/drawing": {"next": ["ready"]},
                f"{FILM}/states/waiting": {"next": ["drawing"]},
            },
            [("/x-jobs/film/states/spoilt", "no state leads to it; name it in next of drawing")],
            id="unreachable",
        ),
        pytest.param(
            {f"{SCHEMA}/additionalProperties": True, f"{FILM}/fields": {"/extra": 1}},
            [
                (
                    "/x-jobs/film/fields/~1extra",
                    "no schema describes this place, though none forbids it",
                )
            ],
            id="open place",
        ),
        pytest.param(
            {f"{SCHEMA}/additionalProperties": True, f"{FILM}/fields": {"/sinse": 1}},
            [
                (
                    "/x-jobs/film/fields/~1sinse",
                    "no schema describes this place, though none forbids it; did you mean /since?",
                )
            ],
            id="open place like another",
        ),
        pytest.param(
            {f"{SCHEMA}/additionalProperties": True, f"{FILM}/id": "/idd"},
            [
                (
                    "/x-jobs/film/id",
                    "no schema describes this place, though none forbids it; did you mean /id?",
                )
            ],
            id="open place of the id",
        ),
        pytest.param(
            {f"{SCHEMA}/additionalProperties": True, f"{FILM}/state": "/fase"},
            [
                (
                    "/x-jobs/film/state",
                    "no schema describes this place, though none forbids it; did you mean /phase?",
                )
            ],
            id="open place of the state",
        ),
        pytest.param(
            {
                "/components/schemas/Order/additionalProperties": True,
                f"{FILM}/fields": {"/scene": {"request": "/scen"}},
            },
            [
                (
                    "/x-jobs/film/fields/~1scene/request",
                    "no schema describes this place; did you mean /scene?",
                )
            ],
            id="open place of the request like another",
        ),
        pytest.param(
            {
                "/components/schemas/Order/additionalProperties": True,
                f"{FILM}/fields": {"/scene": {"request": "/other"}},
            },
            [],
            id="open place of the request",
        ),
        pytest.param(
            {
                f"{SCHEMA}/required": ["id", "phase", "address"],
                f"{SCHEMA}/properties/address": {"type": "string"},
                f"{FILM}/fields": {"/address": {"file": "video/mp4"}},
            },
            [
                (
                    "/x-jobs/film/fields/~1address",
                    "is required and cannot be null, so that it is made from the "
                    "schema in the states waiting, drawing, spoilt",
                )
            ],
            id="required",
        ),
        pytest.param(
            {
                f"{SCHEMA}/required": ["id", "phase", "address"],
                f"{FILM}/fields": {"/address": {"file": "video/mp4"}},
            },
            [],
            id="required nullable",
        ),
        pytest.param(
            {
                f"{SCHEMA}/properties/trouble/required": ["why"],
                f"{FILM}/fields": {"/trouble/why": {"failure": "code"}},
            },
            [],
            id="required in optional",
        ),
        pytest.param(
            {f"{FILM}/fields": {"header.Retry-After": {"retry": "seconds"}}},
            [
                (
                    "/x-jobs/film/fields/header.Retry-After",
                    "no response documents the header retry-after",
                )
            ],
            id="header",
        ),
        pytest.param(
            {
                f"{SCHEMA}/properties/phase/enum": ["pending", "drawing", "ready"],
                f"{FILM}/states": {"pending": "pending", "drawing": "pending", "ready": "success"},
            },
            [
                (
                    "/x-jobs/film/states/pending",
                    "is also a word for several states; here, it selects this state alone",
                )
            ],
            id="class word",
        ),
        pytest.param(
            {
                "/paths/~1clips": {
                    "post": {
                        "operationId": "clip",
                        "requestBody": {"content": {"application/json": {"schema": {}}}},
                        "responses": {
                            "200": {
                                "description": "",
                                "content": {
                                    "application/json": {
                                        "schema": {"$ref": "#/components/schemas/Film"}
                                    }
                                },
                            }
                        },
                    }
                }
            },
            [
                (
                    "/paths/~1clips/post",
                    "answers like order, which creates jobs of film, but creates none",
                )
            ],
            id="like a create",
        ),
        pytest.param(
            {
                "/paths/~1clips": {
                    "post": {
                        "operationId": "clip",
                        "responses": {
                            "200": {
                                "description": "",
                                "content": {
                                    "application/json": {
                                        "schema": {"$ref": "#/components/schemas/Film"}
                                    }
                                },
                            }
                        },
                    }
                }
            },
            [],
            id="like a create without body",
        ),
        pytest.param(
            {f"{TAKEN}/application~1json/schema": {"type": "object"}},
            [(f"{FILM}/create", LOST)],
            id="create without id or address",
        ),
        pytest.param(
            {
                TAKEN: REMOVED,
                f"{FILM}/fields": {"header.Location": {"url": "poll"}},
            },
            [(f"{FILM}/fields/header.Location", "no response documents the header location")],
            id="create with an address",
        ),
    ],
)
def test_doubtful_entry_is_a_warning(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert warnings_of(changes) == problems


FILM_REPLY: Json = {
    "description": "The film.",
    "content": {"application/json": {"schema": {"$ref": f"#{SCHEMA}"}}},
}


@pytest.mark.parametrize(
    ("left", "others", "problems"),
    [
        ("waiting drawing ready", "waiting drawing ready spoilt", []),
        ("waiting drawing ready spoilt", "waiting ready", []),
        (
            "waiting drawing ready",
            "waiting ready",
            [("/x-jobs/film/states", "leaves out spoilt, which the schema lists")],
        ),
    ],
    ids=["second kind has it", "first kind has it", "none has it"],
)
def test_states_that_kinds_share_are_left_out_once(
    left: str, others: str, problems: list[tuple[str, str]]
) -> None:
    changes = {
        "/paths/~1clips": {"post": {"operationId": "clip", "responses": {"200": FILM_REPLY}}},
        f"{FILM}/states": _states(left),
        "/x-jobs/clip": {"create": "clip", "poll": "look", "states": _states(others)},
    }
    assert warnings_of(changes) == problems


def _states(names: str) -> Json:
    means = {"ready": "success", "spoilt": "failure"}
    return {name: means.get(name, "pending") for name in names.split()}
