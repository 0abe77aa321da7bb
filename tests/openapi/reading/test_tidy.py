"""Parts of a document that are left out, each with a warning, so that the rest can be used."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import SCHEMA, parse_api, warnings_of

LOOK = "/paths/~1films~1{film_id}/get"
SPARE = "/components/schemas/Spare"
SCENE, NOTES = f"{SCHEMA}/properties/scene", f"{SCHEMA}/properties/notes"
TYPES = "'null', 'boolean', 'object', 'array', 'number', 'string', 'integer'"
NO_PATTERN = "is too large, or not a regular expression that can be compiled"


@pytest.mark.parametrize(
    ("pointer", "value", "place", "reason"),
    [
        ("/info/title", 5, "", "must be of type string, not 5"),
        ("/servers", [{"uri": "x"}], "/0/url", "is required"),
        ("/paths/films", {}, "", "must be a path that begins with /"),
        ("/paths/~1x", {"get": []}, "/get", "must be of type object, not []"),
        ("/paths/~1films/get/operationId", 5, "", "must be of type string, not 5"),
        (
            f"{LOOK}/responses/2oo",
            {},
            "",
            "must be an HTTP status such as 200, a range such as 4XX, or default",
        ),
        (f"{LOOK}/responses/200/content", [], "", "must be of type object, not []"),
        (f"{LOOK}/responses/200/headers", {"a": 5}, "/a", "must be of type object, not 5"),
        (f"{LOOK}/responses/200/links", {"a": 5}, "/a", "must be of type object, not 5"),
        (f"{LOOK}/parameters", [{"name": "x"}], "/0/in", "is required"),
        (
            f"{LOOK}/parameters",
            [{"name": "x", "in": "query", "schema": []}],
            "/0/schema",
            "must be of type boolean or object, not []",
        ),
        ("/components/responses", None, "", "must be of type object, not null"),
        ("/components/examples", {"a": 5}, "/a", "must be of type object, not 5"),
        ("/webhooks", {"a": []}, "/a", "must be of type object, not []"),
        (f"{SCENE}/type", "text", "", f"must be one of {TYPES}, not 'text'"),
        (f"{SCENE}/enum", "a", "", "must be of type array, not 'a'"),
        (f"{SCENE}/minLength", -1, "", "must be at least 0, not -1"),
        (f"{SCENE}/format", 5, "", "must be of type string, not 5"),
        (f"{SPARE}/$ref", 5, "", "must be of type string, not 5"),
        (f"{NOTES}/required", True, "", "must be of type array, not true"),
        (f"{NOTES}/properties", ["a"], "", 'must be of type object, not ["a"]'),
        (f"{NOTES}/oneOf", {}, "", "must be of type array, not {}"),
        (f"{SCHEMA}/discriminator", {"mapping": {}}, "/propertyName", "is required"),
        (f"{SCENE}/pattern", "(", "", NO_PATTERN),
        (f"{SCENE}/pattern", "((a{1000}){1000}){1000}", "", NO_PATTERN),
        (f"{NOTES}/patternProperties", {"(": {}}, "/(", NO_PATTERN),
        (f"{SPARE}/$ref", "#/components/schemas/S", "", "#/components/schemas/S does not exist"),
        (f"{SPARE}/$ref", "other.yaml#/Scene", "", "other.yaml#/Scene is another document"),
    ],
)
def test_part_without_a_valid_form_is_left_out(
    pointer: str, value: Json, place: str, reason: str
) -> None:
    assert warnings_of({pointer: value}) == [(pointer + place, f"is left out: {reason}")]


@pytest.mark.parametrize(
    ("pointer", "target"),
    [
        ("/paths/~1x/get/responses/404", "#/components/responses/None"),
        ("/paths/~1x/get/responses/200/headers/x", "#/components/headers/None"),
        ("/paths/~1x", "#/components/pathItems/None"),
        ("/paths/~1films/get/parameters/0", "#/components/parameters/None"),
        ("/components/requestBodies/Other", "#/components/requestBodies/None"),
    ],
)
def test_entry_with_a_broken_reference_is_left_out(pointer: str, target: str) -> None:
    reason = f"is left out: {target} does not exist"
    changes: dict[str, Json] = {pointer: {"$ref": target}}
    if pointer.endswith("/0"):
        listed = [{"$ref": target}, {"name": "size", "in": "query"}]
        changes = {pointer.removesuffix("/0"): listed}
    assert warnings_of(changes) == [(f"{pointer}/$ref", reason)]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        (
            {
                "/components/schemas/A": {"$ref": "#/components/schemas/B"},
                "/components/schemas/B": {"$ref": "#/components/schemas/A"},
            },
            ["/components/schemas/A/$ref", "/components/schemas/B/$ref"],
        ),
        (
            {
                "/components/schemas/A": {"allOf": [{"$ref": "#/components/schemas/A"}]},
                NOTES: {"$ref": "#/components/schemas/A"},
            },
            ["/components/schemas/A/allOf"],
        ),
        ({f"{NOTES}/properties": {"below": {"$ref": f"#{NOTES}"}}}, []),
    ],
    ids=["references", "combination", "recursion"],
)
def test_schema_that_is_itself_is_left_out(
    changes: Mapping[str, Json], pointers: list[str]
) -> None:
    assert [pointer for pointer, _ in warnings_of(changes)] == pointers


def test_other_entries_of_a_list_stay() -> None:
    listed = [{"name": "a"}, {"name": "b", "in": "query"}, {}, {"name": "c", "in": "query"}]
    operation = parse_api({f"{LOOK}/parameters": listed}).operations["look"]
    assert [*operation.query] == ["b", "c"]


def test_words_in_data_are_no_keywords() -> None:
    data = {"$ref": "#/none", "type": 5, "pattern": "("}
    assert warnings_of({f"{SCENE}/example": data, f"{NOTES}/default": data}) == []
    assert warnings_of({f"{SCHEMA}/properties/$ref": {"type": "string"}}) == []


def test_warnings_have_their_lines() -> None:
    (warning,) = parse_api({f"{SCENE}/pattern": "("}).warnings
    assert warning.line == 1
