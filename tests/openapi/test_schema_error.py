"""Errors of schemas in plain words, with what was received."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas

FAILURE = {
    "type": "object",
    "required": ["code"],
    "properties": {"code": {"type": "string"}, "retry": {"type": "boolean"}},
    "additionalProperties": False,
}
NULLABLE = {"anyOf": [FAILURE, {"type": "null"}]}


def messages(schema: Json, data: Json) -> list[str]:
    """The errors of a value, each with its place."""
    errors = Schemas({"it": schema}).at("/it").errors(data)
    return sorted(f"{'/'.join(error.path)} {error.message}".strip() for error in errors)


@pytest.mark.parametrize(
    ("schema", "data", "expected"),
    [
        (NULLABLE, False, ["must be of type object or of type null, not false"]),
        (NULLABLE, {"code": None}, ["code must be of type string, not null"]),
        (NULLABLE, {}, ["code is required"]),
        (
            NULLABLE,
            {"code": 1, "retry": 2},
            ["code must be of type string, not 1", "retry must be of type boolean, not 2"],
        ),
        (NULLABLE, {"code": "x", "color": 1}, ["color is not known here, only code, retry"]),
        (
            {"anyOf": [{"enum": ["a", "b"]}, {"const": 5}]},
            "c",
            ["must be one of 'a', 'b' or 5, not 'c'"],
        ),
        (
            {"oneOf": [{"minimum": 1}, {"maximum": 9}]},
            5,
            ["must match exactly one of the schemas in oneOf, not 5"],
        ),
        (
            {"anyOf": [{"minimum": 9}, {"multipleOf": 4}]},
            5,
            ["must match one of the schemas in anyOf, not 5"],
        ),
        (
            {"properties": {"x": {"anyOf": [NULLABLE, {"type": "string"}]}}},
            {"x": {"code": 1}},
            ["x/code must be of type string, not 1"],
        ),
    ],
    ids=[
        "no type",
        "a wrong field",
        "a missing field",
        "two wrong fields",
        "an unknown field",
        "lists of values",
        "two of one",
        "none of several of the type",
        "alternatives in alternatives",
    ],
)
def test_alternatives_have_the_errors_of_the_one_for_the_type(
    schema: Json, data: Json, expected: list[str]
) -> None:
    assert messages(schema, data) == expected


@pytest.mark.parametrize(
    ("schema", "data", "expected"),
    [
        ({"exclusiveMinimum": 3}, 3, "must be more than 3, not 3"),
        ({"exclusiveMaximum": 3}, 4, "must be less than 3, not 4"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2, not 3"),
        ({"uniqueItems": True}, [1, 1], "must have no equal entries, not [1, 1]"),
    ],
    ids=["more", "less", "multiple", "equal entries"],
)
def test_error_has_the_expected_and_the_received_value(
    schema: Json, data: Json, expected: str
) -> None:
    assert messages(schema, data) == [expected]
