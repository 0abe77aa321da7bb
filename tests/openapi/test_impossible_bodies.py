"""Bodies that no value can match are warnings, with what follows for their operation."""

from __future__ import annotations

import json

import pytest

from aisa_testkit.openapi import parse_document
from aisa_testkit.openapi.json import Json
from tests.support.film_api import film_api, warnings_of

CLOSED: Json = {
    "type": "object",
    "properties": {"id": {"type": "string"}},
    "additionalProperties": False,
}
AGAIN: Json = {"type": "object", "required": ["size"], "properties": {"size": {}}}
SPARE = "/components/schemas/Spare"
SPARE_REPLY = "/paths/~1spare"
ANSWERED = "so that no value matches; spare is answered with an error or a body that does not match"


def warnings_about(schema: Json, *, request: bool = False) -> list[tuple[str, str]]:
    """Return the warnings of the films' document with one more operation, which has this body."""
    content = {"content": {"application/json": {"schema": {"$ref": f"#{SPARE}"}}}}
    body = {"requestBody": content} if request else {}
    reply = {"description": "Done."} if request else {"description": "Done.", **content}
    spare = {"post": {"operationId": "spare", **body, "responses": {"200": reply}}}
    return warnings_of({SPARE: schema, SPARE_REPLY: spare})


@pytest.mark.parametrize(
    ("schema", "pointer", "reason"),
    [
        (
            {"allOf": [CLOSED, AGAIN]},
            f"{SPARE}/allOf/0/additionalProperties",
            f"allows no other fields, but size is required by {SPARE}/allOf/1",
        ),
        (
            {**CLOSED, "allOf": [AGAIN]},
            f"{SPARE}/additionalProperties",
            f"allows no other fields, but size is required by {SPARE}/allOf/0",
        ),
        (
            {**CLOSED, "required": ["size"]},
            f"{SPARE}/additionalProperties",
            "allows no other fields, but size is required",
        ),
        (
            {"allOf": [{"type": "string"}, {"type": ["object", "null"]}]},
            f"{SPARE}/allOf/0",
            f"must be of type string, but null or object by {SPARE}/allOf/1",
        ),
        (
            {
                "type": "object",
                "required": ["film"],
                "properties": {"film": {"allOf": [CLOSED, AGAIN]}},
            },
            f"{SPARE}/properties/film/allOf/0/additionalProperties",
            f"allows no other fields, but size is required by {SPARE}/properties/film/allOf/1",
        ),
    ],
    ids=["closed part", "closed around", "closed alone", "types", "required field"],
)
def test_contradiction_is_a_warning(schema: Json, pointer: str, reason: str) -> None:
    assert warnings_about(schema) == [(pointer, f"{reason}, {ANSWERED}")]


def test_request_that_cannot_be_valid_is_a_warning() -> None:
    ((_, reason),) = warnings_about({"allOf": [CLOSED, AGAIN]}, request=True)
    assert reason.endswith("every request of spare with such a body is answered with an error")


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [CLOSED, {"required": ["id"]}]},
        {"allOf": [{**CLOSED, "patternProperties": {"^s": {}}}, AGAIN]},
        {"allOf": [{**CLOSED, "type": ["object", "null"]}, {"required": ["size"]}]},
        {"allOf": [{"type": "integer"}, {"type": "number"}]},
        {"type": "object", "properties": {"film": {"allOf": [CLOSED, AGAIN]}}},
        {"type": "array", "items": {"allOf": [CLOSED, AGAIN]}},
        {"oneOf": [CLOSED, {"allOf": [CLOSED, AGAIN]}]},
        {"allOf": [{"$ref": f"#{SPARE}/$defs/it"}], "$defs": {"it": CLOSED}},
    ],
    ids=["same", "pattern", "null", "numbers", "optional", "entries", "alternative", "reference"],
)
def test_body_that_some_value_matches_has_no_warning(schema: Json) -> None:
    assert warnings_about(schema) == []


def test_contradiction_of_several_operations_is_one_warning_with_its_line() -> None:
    document = film_api()
    film = document["components"]["schemas"]["Film"]
    document["components"]["schemas"]["Film"] = {"allOf": [film, AGAIN]}
    (warning,) = parse_document(json.dumps(document, indent=1)).warnings
    assert warning.pointer == "/components/schemas/Film/allOf/0/additionalProperties"
    assert warning.reason.endswith(
        "so that no value matches; order is answered with an error or a body that does not match"
    )
    assert warning.line is not None
