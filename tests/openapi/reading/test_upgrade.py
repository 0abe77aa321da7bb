"""The words of OpenAPI 3.0 as those of 3.1."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.reading.upgrade import upgrade

TEXT: Json = {"type": "string"}
OTHER: Json = {"$ref": "#/components/schemas/Other"}


def upgraded(schema: Json) -> Json:
    """Return a schema of a document after its upgrade."""
    root: dict[str, Json] = {"components": {"schemas": {"It": schema}}}
    upgrade(root)
    return root["components"]["schemas"]["It"]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": ["string", "null"], "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": ["string", "integer"], "nullable": True},
            {"type": ["string", "integer", "null"]},
        ),
        (
            {"type": "string", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"type": "string", "enum": ["a", None], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"enum": ["a"], "nullable": True}, {"enum": ["a", None]}),
        ({**OTHER, "nullable": True}, {"anyOf": [OTHER, {"type": "null"}]}),
        ({"allOf": [OTHER], "nullable": True}, {"anyOf": [{"allOf": [OTHER]}, {"type": "null"}]}),
        ({"anyOf": [TEXT], "nullable": True}, {"anyOf": [TEXT, {"type": "null"}]}),
        ({"oneOf": [TEXT], "nullable": True}, {"oneOf": [TEXT, {"type": "null"}]}),
        ({"nullable": True}, {}),
        (
            {"properties": {"a": {"type": "object", "nullable": True}}},
            {"properties": {"a": {"type": ["object", "null"]}}},
        ),
        (
            {"items": {"type": "integer", "nullable": True}},
            {"items": {"type": ["integer", "null"]}},
        ),
        (
            {"additionalProperties": {"type": "integer", "nullable": True}},
            {"additionalProperties": {"type": ["integer", "null"]}},
        ),
    ],
)
def test_nullable_allows_null(schema: Json, expected: Json) -> None:
    assert upgraded(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 9, "exclusiveMaximum": True}, {"exclusiveMaximum": 9}),
        ({"minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
        ({"exclusiveMinimum": True}, {}),
        ({"exclusiveMinimum": 1}, {"exclusiveMinimum": 1}),
    ],
)
def test_exclusive_bound_is_a_number(schema: Json, expected: Json) -> None:
    assert upgraded(schema) == expected


def test_data_and_names_stay() -> None:
    schema: dict[str, Json] = {
        "properties": {"nullable": {"type": "boolean"}},
        "example": {"type": "string", "nullable": True},
        "default": {"exclusiveMinimum": True},
        "x-form": {"nullable": True, "type": "string"},
    }
    assert upgraded(dict(schema)) == schema


def test_schemas_outside_of_components_are_upgraded() -> None:
    schema = {"type": "string", "nullable": True}
    content = {"application/json": {"schema": schema}}
    parameter = {"name": "a", "in": "query", "schema": dict(schema)}
    operation = {"parameters": [parameter], "responses": {"200": {"content": content}}}
    upgrade({"paths": {"/a": {"get": operation}}})
    assert schema == parameter["schema"] == {"type": ["string", "null"]}
