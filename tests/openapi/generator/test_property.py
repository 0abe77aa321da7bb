"""Made values match their schemas, whatever a schema from this strategy says."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from aisa_testkit.openapi.generator import NoValueError, ValueMaker
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
def overlapping_numbers(draw: st.DrawFn) -> list[Json]:
    """Return numbers of which some are in one of the ranges alone."""
    low, high = draw(st.integers(-50, 50)), draw(st.integers(60, 70))
    whole = draw(st.sampled_from(["integer", "number"]))
    first: dict[str, Json] = {"type": whole, "minimum": low, "maximum": high}
    word, value = draw(
        st.sampled_from(
            [
                ("type", "number" if whole == "integer" else "integer"),
                ("maximum", high + 1),
                ("maximum", high - 1),
                ("minimum", low - 1),
                ("multipleOf", 2),
            ]
        )
    )
    return [first, {**first, word: value}]


@st.composite
def overlapping_texts(draw: st.DrawFn) -> list[Json]:
    """Return texts of which some are in one of the schemas alone."""
    length = draw(st.integers(1, 30))
    pairs: list[tuple[Json, Json]] = [
        ({"type": "string"}, {"type": "string", "maxLength": length}),
        ({"type": "string"}, {"type": "string", "minLength": length}),
        ({"type": "string"}, {"enum": ["text", "auto"]}),
        ({"type": "string", "pattern": "^[a-z]+$"}, {"type": "string", "pattern": "^[a-z0-9]+$"}),
        ({"type": "string", "pattern": "^v"}, {"type": "string", "pattern": "x$"}),
        ({"type": ["string", "null"]}, {"type": ["integer", "null"]}),
        ({"type": ["string", "null"]}, {"type": "string"}),
        ({"enum": ["a", "b", None]}, {"enum": ["b", None, "c"]}),
        ({"enum": ["auto"]}, {"type": "string", "pattern": "^[a-z]+$"}),
        ({"type": "string"}, {"not": {"maxLength": length}}),
        ({"type": "boolean"}, {"const": draw(st.booleans())}),
    ]
    return [*draw(st.sampled_from(pairs))]


@st.composite
def overlapping_objects(draw: st.DrawFn, parts: list[Json]) -> list[Json]:
    """Return objects, or arrays, that only one field, its value or one entry tells apart."""
    one, other = parts
    text: Json = {"type": "string"}
    base: dict[str, Json] = {"type": "object", "properties": {"a": text, "b": text}}
    closed: dict[str, Json] = {"type": "object", "additionalProperties": False}
    field = [{"type": "object", "properties": {"a": p}, "required": ["a"]} for p in parts]
    choices: list[list[Json]] = [
        [{**base, "required": ["a"]}, {**base, "required": ["b"]}],
        [{**base, "required": ["a"]}, {**base, "required": ["a", "b"]}],
        [{**closed, "properties": {"a": text}}, {**closed, "properties": {"b": text}}],
        [{**closed, "properties": {"a": text}}, {"type": "object", "properties": {"a": text}}],
        [
            {"type": "object", "properties": {"a": text}},
            {"type": "object", "properties": {"b": {"type": "integer"}}},
        ],
        field,
        [{"allOf": [field[0], {"properties": {"b": text}}]}, field[1]],
        [{"type": "array", "items": one}, {"type": "array", "items": other}],
        [{"type": "array", "items": text, "maxItems": n} for n in (3, 5)],
        [{"type": "array", "items": text, "minItems": 1}, {"type": "array", "maxItems": 3}],
    ]
    return draw(st.sampled_from(choices))


@st.composite
def overlapping_unions(draw: st.DrawFn) -> Json:
    """Return a oneOf of schemas that share values, and in which other values match one alone."""
    parts = draw(st.one_of(overlapping_numbers(), overlapping_texts()))
    for _ in range(draw(st.integers(0, 2))):
        parts = draw(overlapping_objects(parts))
    if parts[0] == parts[1]:
        reject()
    parts = draw(st.permutations(parts))
    return (
        {"oneOf": [{"$ref": "#/schemas/Tree"}, *parts]} if draw(st.booleans()) else {"oneOf": parts}
    )


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


@st.composite
def several_patterns(draw: st.DrawFn) -> Json:
    """Return a text with two patterns that one text can match."""
    pairs = [("^[a-z]+$", "^.{5,}$"), ("^v_", "[0-9]{4}$"), ("[A-Z]", "[0-9]"), ("x$", "^y")]
    first, second = draw(st.permutations(draw(st.sampled_from(pairs))))
    return {"allOf": [{"type": "string", "pattern": first}, {"pattern": second}]}


@st.composite
def excluding(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return a schema with a `not` beside which values are left."""
    return draw(
        st.sampled_from(
            [
                {"type": "string", "not": {"enum": ["text", "left", "entries"]}},
                {"type": "integer", "minimum": 0, "maximum": 3, "not": {"const": 1}},
                {"not": {"type": "string"}},
                {"type": "string", "not": {"pattern": "^[a-z]$"}},
            ]
        )
    )


@st.composite
def conditional(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return an object whose further fields depend on one of its fields, or on its presence."""
    schema: Json = {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
    }
    more: Json = {"properties": {"more": draw(below)}, "required": ["more"]}
    match draw(st.sampled_from(["if", "else", "required", "schemas"])):
        case "if":
            schema |= {"if": {"properties": {"kind": {"const": "a"}}}, "then": more}
        case "else":
            schema |= {"if": {"properties": {"kind": {"const": "c"}}}, "else": more}
        case "required":
            schema |= {"dependentRequired": {"kind": ["more"], "more": ["most"]}}
        case "schemas":
            schema |= {"dependentSchemas": {"kind": more}}
    return schema


@st.composite
def entries(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return an array whose entries all differ, or some of which match a schema of their own."""
    if draw(st.booleans()):
        low = draw(st.integers(1, 3))
        some: Json = {"minimum": 1000} if draw(st.booleans()) else {"const": 7}
        return {
            "type": "array",
            "items": {"type": "integer"},
            "contains": some,
            "minContains": low,
        }
    different: Json = draw(
        st.sampled_from(
            [
                {"type": "integer", "minimum": 1, "maximum": 5},
                {"type": "string"},
                {"type": "string", "format": "uuid"},
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": "^[a-e]$"},
                {"type": "string", "example": "one"},
                {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                {"anyOf": [{"const": 1}, {"const": 2}, {"const": 3}, {"const": 4}]},
            ]
        )
    )
    size = draw(st.integers(0, 4))
    return {"type": "array", "items": different, "minItems": size, "uniqueItems": True}


@st.composite
def named_entries(draw: st.DrawFn, below: st.SearchStrategy[Json]) -> Json:
    """Return an object whose names have a form."""
    schema: Json = {"type": "object", "minProperties": draw(st.integers(0, 3))}
    if draw(st.booleans()):
        names = [{"pattern": "^[A-Z]{3}$"}, {"enum": ["a", "b", "c"]}, {"maxLength": 2}]
        schema["propertyNames"] = draw(st.sampled_from(names))
        schema["additionalProperties"] = draw(below)
    else:
        schema |= {"patternProperties": {"^[a-z]{9}$": draw(below)}, "additionalProperties": False}
    return schema


@st.composite
def multiples(draw: st.DrawFn) -> Json:
    """Return numbers that are multiples of two numbers, within bounds that hold one of them."""
    first, second = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    low = draw(st.integers(-200, 200))
    whole = draw(st.booleans())
    bounds = {"minimum": low, "maximum": low + first * second}
    step = second if whole else second / 2
    return {
        "allOf": [
            {"type": "integer" if whole else "number", "multipleOf": first, **bounds},
            {"multipleOf": step},
        ]
    }


LEAVES: st.SearchStrategy[Any] = st.one_of(
    texts(),
    several_patterns(),
    multiples(),
    numbers(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({}),
    SCALARS.map(lambda value: {"const": value}),
    st.just({"$ref": "#/schemas/Tree"}),
    overlapping_unions(),
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
        excluding(below),
        conditional(below),
        entries(below),
        named_entries(below),
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


@settings(max_examples=300, deadline=None)
@given(overlapping_unions())
def test_made_value_matches_exactly_one_of_schemas_that_overlap(schema: Json) -> None:
    root = {"schemas": {"It": schema, "Tree": TREE}}
    compiled = Schemas(root).at("/schemas/It")
    value = ValueMaker(root, seed="1").make(compiled)
    assert [*compiled.errors(value)] == []


KEYWORDS: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", "array", "object", "null"]),
        "minLength": st.integers(0, 300),
        "maxLength": st.integers(0, 300),
        "pattern": st.sampled_from(["^a+$", "(?=.*[0-9])", r"^\p{L}+$", "[", "^$", "(a|b){2}"]),
        "format": FORMATS,
        "minimum": st.integers(-5, 5),
        "exclusiveMaximum": st.integers(-5, 5),
        "multipleOf": st.sampled_from([0.3, 1, 2.5]),
        "minItems": st.integers(0, 4),
        "maxItems": st.integers(0, 4),
        "uniqueItems": st.booleans(),
        "minProperties": st.integers(0, 3),
        "maxProperties": st.integers(0, 3),
        "required": st.lists(NAMES, unique=True, max_size=2),
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, unique=True), max_size=2),
        "enum": st.lists(SCALARS, max_size=2),
        "const": SCALARS,
    },
)
ANY: st.SearchStrategy[Any] = st.recursive(
    st.one_of(KEYWORDS, st.booleans(), st.just({"$ref": "#/schemas/It"})),
    lambda below: st.builds(
        lambda schema, more: {**schema, **more},
        KEYWORDS,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(NAMES, below, max_size=2),
                "patternProperties": st.dictionaries(st.just("^i"), below, max_size=1),
                "propertyNames": below,
                "additionalProperties": below,
                "items": below,
                "prefixItems": st.lists(below, min_size=1, max_size=2),
                "contains": below,
                "not": below,
                "if": below,
                "then": below,
                "else": below,
                "dependentSchemas": st.dictionaries(NAMES, below, max_size=1),
                "allOf": st.lists(below, min_size=1, max_size=2),
                "anyOf": st.lists(below, min_size=1, max_size=2),
                "oneOf": st.lists(below, min_size=1, max_size=2),
            },
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(ANY)
def test_schema_of_any_keywords_has_a_value_or_an_error_with_its_place(schema: Json) -> None:
    if isinstance(schema, dict) and schema.keys() == {"$ref"}:
        reject()  # a reference to itself, which no document may have
    root = {"schemas": {"It": schema}}
    compiled = Schemas(root).at("/schemas/It")
    try:
        assert compiled.accepts({}) in (True, False)
    except (ValueError, RecursionError):  # not a schema that a document can have
        reject()
    message, value = "", None
    try:
        value = ValueMaker(root, seed="1").make(compiled)
    except NoValueError as error:
        message = str(error)
    if message:
        assert message.startswith("/schemas/It: no value matches this schema (")
    else:
        assert compiled.accepts(value)


@pytest.mark.parametrize("extra", [{}, {"minLength": 40}, {"minLength": 20, "maxLength": 90}])
@pytest.mark.parametrize(
    "name",
    [
        *("uri", "url", "iri", "uri-reference", "iri-reference", "uri-template", "json-pointer"),
        *("email", "idn-email", "hostname", "idn-hostname", "regex", "byte", "password"),
    ],
)
def test_text_of_a_format_has_any_length(name: str, extra: dict[str, Json]) -> None:
    schema = {"type": "string", "format": name, **extra}
    root = {"schemas": {"It": schema}}
    value = ValueMaker(root, seed="1").make(Schemas(root).at("/schemas/It"))
    assert jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(value)


@pytest.mark.parametrize(
    "name", ["date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6", "json-pointer"]
)
def test_text_has_its_format(name: str) -> None:
    schema = {"type": "string", "format": name}
    root = {"schemas": {"It": schema}}
    value = ValueMaker(root, seed="1", moment=1_800_000_000).make(Schemas(root).at("/schemas/It"))
    assert jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(value)
