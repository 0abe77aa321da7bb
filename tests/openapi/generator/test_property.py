"""Made values match their schemas, whatever a schema from this strategy says."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.openapi.generator import ValueMaker
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas

NAMES = st.sampled_from(["id", "state", "url", "entries", "more"])
FORMATS = st.sampled_from(
    ["date", "date-time", "time", "duration", "uuid", "uri", "email", "hostname", "ipv4", "ipv6"]
)
PATTERNS = st.sampled_from(
    ["^[a-z]+$", "^v_[0-9a-f]{8}$", r"^\d{4}-\d{2}$", "[A-Z]", "^(a|bc)*$", "^.{3,}$", "x$"]
)
SCALARS: st.SearchStrategy[Json] = st.one_of(
    st.text("abc", max_size=3), st.integers(-9, 9), st.booleans(), st.none()
)


@st.composite
def texts(draw: st.DrawFn) -> Json:
    schema: dict[str, Json] = {"type": "string"}
    match draw(st.sampled_from(["", "format", "pattern", "length", "enum"])):
        case "format":
            schema["format"] = draw(FORMATS)
        case "pattern":
            schema["pattern"] = draw(PATTERNS)
            if draw(st.booleans()):
                schema |= {"minLength": 3, "maxLength": 12}
        case "length":
            low = draw(st.integers(0, 40))
            schema |= {"minLength": low, "maxLength": low + draw(st.integers(0, 5))}
        case "enum":
            schema["enum"] = draw(st.lists(st.text("abc", max_size=3), min_size=1, max_size=3))
    return schema


@st.composite
def numbers(draw: st.DrawFn) -> Json:
    whole = draw(st.booleans())
    schema: dict[str, Json] = {"type": "integer" if whole else "number"}
    low = draw(st.integers(-50, 50))
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        high = low + draw(st.integers(4, 30))
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = high
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 0.5, 0.01] if not whole else [1, 2]))
    return schema


@st.composite
def arrays(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    schema: dict[str, Json] = {"type": "array", "items": draw(below)}
    if draw(st.booleans()):
        schema["minItems"] = draw(st.integers(0, 3))
    if draw(st.booleans()):
        schema["maxItems"] = schema.get("minItems", 0) + draw(st.integers(0, 2))
    if schema.get("minItems", 0) < 3 and draw(st.booleans()):
        schema["items"] = {"type": "string", "enum": ["a", "b", "c"]}
        schema["uniqueItems"] = True
    elif draw(st.booleans()):
        schema["prefixItems"] = draw(st.lists(below, min_size=1, max_size=2))
    return schema


@st.composite
def objects(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    properties = draw(st.dictionaries(NAMES, below, max_size=3))
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if draw(st.booleans()) and properties:
        schema["required"] = draw(st.lists(st.sampled_from([*properties]), unique=True))
    if draw(st.booleans()):
        schema["additionalProperties"] = draw(st.one_of(st.booleans(), below))
    if draw(st.booleans()):
        schema["patternProperties"] = {"^k": draw(below)}
    if schema.get("additionalProperties") is not False and draw(st.booleans()):
        schema["minProperties"] = draw(st.integers(0, 4))
    return schema


@st.composite
def unions(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    return {"anyOf": draw(st.lists(below, min_size=1, max_size=3))}


@st.composite
def exclusive_unions(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return objects in oneOf that one field tells apart, and a type of its own."""
    parts: list[Json] = [
        {
            "type": "object",
            "properties": {"kind": {"const": kind}, "value": draw(below)},
            "required": ["kind"],
        }
        for kind in draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
    ]
    return {"oneOf": draw(st.permutations([*parts, {"type": "boolean"}]))}


@st.composite
def combined(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return objects in allOf whose fields have different names, so that they do not contradict."""
    first: Json = {"type": "object", "properties": {"left": draw(below)}, "required": ["left"]}
    second: Json = {"properties": {"right": draw(below)}, "required": ["right"]}
    if draw(st.booleans()):
        second = {"anyOf": [second, {"required": ["other"]}]}
    if draw(st.booleans()):
        return {**first, "allOf": [second]}
    return {"allOf": [first, second]}


@st.composite
def shown(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return a schema with an example or a default, which need not match."""
    word = draw(st.sampled_from(["example", "default", "examples"]))
    value = draw(SCALARS)
    return {**draw(below), word: [value] if word == "examples" else value}


@st.composite
def nullable(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    return {"anyOf": [draw(below), {"type": "null"}]}


LEAVES: st.SearchStrategy[Any] = st.one_of(
    texts(),
    numbers(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({}),
    SCALARS.map(lambda value: {"const": value}),
    st.just({"$ref": "#/schemas/Tree"}),
)
SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        arrays(below),
        objects(below),
        unions(below),
        exclusive_unions(below),
        combined(below),
        shown(below),
        nullable(below),
    ),
    max_leaves=8,
)
TREE: Json = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "left": {"$ref": "#/schemas/Tree"},
        "all": {"type": "array", "items": {"$ref": "#/schemas/Tree"}},
    },
}


@settings(max_examples=300, deadline=None)
@given(SCHEMAS)
def test_made_value_matches_its_schema(schema: Json) -> None:
    root = {"schemas": {"It": schema, "Tree": TREE}}
    compiled = Schemas(root).at("/schemas/It")
    value = ValueMaker(root, seed="1").make(compiled)
    assert [*compiled.errors(value)] == []
