"""Values that are made from schemas, and what is known of them before."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.generator import NoValueError, ValueMaker
from aisa_testkit.openapi.generator.alternatives import alternatives_of
from aisa_testkit.openapi.generator.layout import Layout
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas

MOMENT = 1_800_000_000.0
JOB: Json = {
    "type": "object",
    "required": ["id", "phase"],
    "properties": {
        "id": {"type": "string"},
        "phase": {"enum": ["waiting", "ready"]},
        "film": {"type": "object", "properties": {"url": {"type": "string"}}},
        "frames": {"type": "array", "items": {"type": "string"}},
        "trouble": {"type": ["object", "null"], "properties": {"why": {"type": "string"}}},
    },
}


def make(schema: Json, *, layout: Layout | None = None, key: str = "", **schemas: Json) -> Json:
    """Return the value for a schema, which must match it."""
    root = {"schemas": {"It": schema, **schemas}}
    compiled = Schemas(root).at("/schemas/It")
    maker = ValueMaker(root, seed="1", moment=MOMENT)
    value = maker.make(compiled, key=key, layout=layout or Layout())
    assert [*compiled.errors(value)] == []
    return value


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("date", "2027-01-15"),
        ("date-time", "2027-01-15T08:00:00Z"),
        ("time", "08:00:00Z"),
        ("duration", "PT"),
        ("uri", "https://"),
        ("url", "https://"),
        ("uri-reference", "/"),
        ("ipv4", "192.0.2."),
        ("ipv6", "2001:db8::"),
        ("json-pointer", "/"),
        ("regex", "^"),
    ],
)
def test_text_has_the_format(name: str, start: str) -> None:
    assert make({"type": "string", "format": name}).startswith(start)


@pytest.mark.parametrize("name", ["email", "hostname", "uuid", "byte", "unheard-of"])
def test_text_of_any_format_is_made(name: str) -> None:
    assert len(make({"type": "string", "format": name})) >= 4


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^v_[0-9a-f]{8}$"},
        {"pattern": r"^\d{4}-\d{2}$"},
        {"pattern": "^(draft|final)(-[a-z]+)*$"},
        {"pattern": r"^(\w)\1$"},
        {"pattern": "^[^a-z]{3}$"},
        {"pattern": "^[a-z]+$", "minLength": 30, "maxLength": 31},
        {"pattern": "[A-Z]", "minLength": 5},
        {"pattern": "[A-Z]$", "minLength": 5},
        {"minLength": 10, "maxLength": 12},
        {"maxLength": 2},
        {"enum": ["a", "b"]},
        {"not": {"const": "text"}},
    ],
)
def test_text_matches_its_keywords(schema: Json) -> None:
    make({"type": "string", **schema})


def test_pattern_that_python_does_not_know_has_another_text() -> None:
    assert make({"type": "string", "pattern": r"^\p{L}+$"}) == "text"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 5, "maximum": 5},
        {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
        {"type": "integer", "multipleOf": 7, "minimum": 20},
        {"type": "integer", "maximum": -3},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "number", "multipleOf": 0.01, "maximum": 0.05, "minimum": 0.03},
        {"minimum": 3},
    ],
)
def test_number_is_within_its_bounds(schema: Json) -> None:
    make(schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "array", "minItems": 2, "items": {"type": "boolean"}}, [False, True]),
        ({"type": "array", "maxItems": 0, "items": {"type": "string"}}, []),
        ({"type": "array", "prefixItems": [{"const": 1}], "items": False}, [1]),
        (
            {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"enum": [1, 2]}},
            [1, 2],
        ),
        ({"type": "array", "items": {"type": "integer"}, "contains": {"const": 5}}, [5]),
        ({"type": "object", "properties": {"a": False, "b": {"const": 1}}}, {"b": 1}),
        ({"type": "object", "propertyNames": {"enum": ["a"]}, "minProperties": 1}, {"a": "a"}),
    ],
)
def test_arrays_and_objects_match_their_keywords(schema: Json, value: Json) -> None:
    assert make(schema) == value


def test_additional_fields_have_names_that_the_schema_allows() -> None:
    names = {"pattern": "^x_"}
    assert len(make({"type": "object", "propertyNames": names, "minProperties": 3})) == 3
    fields = {"type": "object", "patternProperties": {"^x_": {"const": 1}}}
    value = make({**fields, "additionalProperties": False, "minProperties": 1})
    assert [*value.values()] == [1]


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_first_alternative_that_is_valid_is_made(keyword: str) -> None:
    assert make({keyword: [{"const": 1}, {"const": 2}]}) == 1
    assert make({keyword: [{"type": "string", "enum": []}, {"const": 2}]}) == 2


def test_all_parts_of_a_combination_hold() -> None:
    parts = [{"required": ["a"], "properties": {"a": {"const": 1}}}, {"properties": {"b": {}}}]
    assert make({"type": "object", "allOf": parts, "required": ["b"]}) == {"a": 1, "b": "b"}


def test_discriminator_names_the_alternative() -> None:
    still: Json = {"type": "object", "required": ["kind"], "properties": {"kind": {}}}
    union: Json = {
        "oneOf": [{"$ref": "#/schemas/Still"}],
        "discriminator": {"propertyName": "kind", "mapping": {"still": "#/schemas/Still"}},
    }
    assert make(union, Still=still) == {"kind": "still"}
    assert make({**union, "discriminator": {"propertyName": "kind"}}, Still=still) == {
        "kind": "Still"
    }


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        ([{"type": "integer", "minimum": 0, "maximum": high} for high in (9, 10)], 10),
        ([{"type": "string"}, {"type": "string", "maxLength": 5}], "textte"),
        ([{"enum": ["a", "b"]}, {"enum": ["b", "a", "c"]}], "c"),
        ([{"type": ["string", "null"]}, {"type": "string"}], None),
        ([{"required": ["a"]}, {"required": ["a", "b"]}], {"a": "a"}),
        ([{"properties": {"a": {}}, "additionalProperties": False}, {"type": "object"}], None),
        ([{"type": "array", "items": {"const": 1}}, {"type": "array", "maxItems": 1}], [1, 1]),
    ],
)
def test_value_matches_exactly_one_of_schemas_that_overlap(parts: list[Json], value: Json) -> None:
    made = make({"oneOf": parts})
    if value is not None:
        assert made == value


@pytest.mark.parametrize("below", [{}, {"example": 2}])
def test_number_that_must_be_no_integer_has_a_fraction(below: Json) -> None:
    number: Json = {"oneOf": [{"type": "integer"}, {"type": "number"}], **below}
    assert make(number) % 1
    assert make({"type": "object", "properties": {"n": number}})["n"] % 1


def test_text_that_is_excluded_is_made_again() -> None:
    assert make({"type": "string", "not": {"pattern": "^text"}}) == "2"


def test_recursion_ends() -> None:
    tree: Json = {"type": "object", "required": ["name"], "properties": {"name": {"const": 1}}}
    tree["properties"]["below"] = {"$ref": "#/schemas/It"}
    tree["properties"]["all"] = {"type": "array", "items": {"$ref": "#/schemas/It"}}
    assert make(tree)["below"]["below"]["name"] == 1


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": []},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "object", "required": ["n"], "properties": {"n": {"$ref": "#/schemas/It"}}},
        {"type": "array", "minItems": 1, "items": {"$ref": "#/schemas/It"}},
        {"not": {}},
    ],
    ids=["empty enum", "bounds", "endless object", "endless array", "nothing"],
)
def test_schema_without_values_is_an_error(schema: Json) -> None:
    with pytest.raises(NoValueError, match=r"^/schemas/It: no value matches this schema"):
        make(schema)


@pytest.mark.parametrize(
    "schema", [{"allOf": [{"$ref": "#/schemas/It"}] * 2}, {"anyOf": [{"$ref": "#/schemas/It"}] * 9}]
)
def test_schema_that_contains_itself_ends(schema: Json) -> None:
    root = {"schemas": {"It": {**schema, "type": "string"}}}
    found = alternatives_of(root, {"$ref": "#/schemas/It"}, (), Layout())
    assert {**next(iter(found))} == {"type": "string"}


def test_example_that_does_not_match_is_passed_over() -> None:
    schema = {"type": "integer", "example": "many", "examples": ["some", 7], "default": 8}
    assert make(schema) == 7
    assert make({"type": "integer", "default": 8}) == 8
    whole = {"type": "object", "properties": {"n": {"const": 1}}, "example": {"n": 2}}
    assert make(whole) == {"n": 1}


def test_same_key_has_the_same_value() -> None:
    schema = {"type": "string", "format": "uuid"}
    assert make(schema, key="a") == make(schema, key="a") != make(schema, key="b")


def test_layout_has_the_known_values() -> None:
    layout = Layout(values={("id",): "f1", ("frames", "1"): "x"})
    value = make(JOB, layout=layout)
    assert value["id"] == "f1"
    assert value["frames"][1] == "x"


def test_sparse_layout_leaves_out_what_is_optional() -> None:
    assert make(JOB, layout=Layout(sparse=())).keys() == {"id", "phase"}
    included = Layout(sparse=(), included=frozenset({("film", "url")}))
    assert make(JOB, layout=included)["film"] == {"url": "url"}


def test_empty_place_is_left_out_or_null() -> None:
    layout = Layout(empty=frozenset({("trouble",), ("film",)}))
    assert make(JOB, layout=layout).keys() == {"id", "phase", "frames"}
    required = {**JOB, "required": ["trouble"]}
    assert make(required, layout=layout)["trouble"] is None


def test_known_state_chooses_the_alternative() -> None:
    def variant(phase: str) -> Json:
        return {
            "type": "object",
            "required": ["phase", phase],
            "properties": {"phase": {"const": phase}, phase: {"const": 1}},
        }

    union = {"anyOf": [variant("waiting"), variant("ready")]}
    layout = Layout(values={("phase",): "ready"}, state=(("phase",), "ready"))
    assert make(union, layout=layout) == {"phase": "ready", "ready": 1}
