"""Errors of JSON Schema validation, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import jsonschema_rs

from .json import Json
from .pointer import Path, get_or_none
from .text import count_of, did_you_mean, expected_but_got, quote


class SchemaError(NamedTuple):
    """One way in which data does not match a schema.

    path: the place in the data
    keyword: the keyword of the schema that is violated
    expected: the expectation in words, such as "must be at least 1"
    received: the value in words; None if the value is missing or adds no information
    suggestion: the known name or value that is most similar, as a question; "" without one
    """

    path: Path
    keyword: str
    expected: str
    received: str | None
    suggestion: str = ""

    @property
    def message(self) -> str:
        """Expected and received in one sentence, without the place, and the suggestion."""
        return expected_but_got(self.expected, self.received) + self.suggestion


def schema_errors(
    errors: Iterable[jsonschema_rs.ValidationError], schema: Json
) -> Iterator[SchemaError]:
    """Yield the errors of one validation by a schema in plain words.

    A value of the wrong type is one error, which names the allowed values if the schema lists them.
    Alternatives (anyOf, oneOf) have the errors of the only one that allows this type of value.
    """
    found = [plain for error in errors for plain in _plain_errors(error, schema)]
    wrong_types = {error.path for error in found if error.keyword == "type"}
    listed = {error.path: error.expected for error in found if error.keyword in _LISTING}
    for error in found:
        if error.keyword == "type":
            yield error._replace(expected=listed.get(error.path, error.expected))
        elif error.keyword not in _LISTING or error.path not in wrong_types:
            yield error


def _plain_errors(error: jsonschema_rs.ValidationError, schema: Json) -> list[SchemaError]:
    if error.kind.name not in _ALTERNATIVES:
        return [schema_error(error, schema)]
    path = tuple(str(step) for step in error.instance_path)
    alternatives = [[*schema_errors(errors, schema)] for errors in error.kind.value]
    mismatches = [
        next((e for e in errors if e.path == path and e.keyword in _ABOUT_THE_WHOLE), None)
        for errors in alternatives
    ]
    suitable = [e for e, other in zip(alternatives, mismatches, strict=True) if other is None]
    if len(suitable) == 1:
        return suitable[0]
    number = "exactly one" if error.kind.name == "oneOf" else "one"
    expected = f"must match {number} of the schemas in {error.kind.name}"
    if not suitable:
        texts = [mismatch.expected.removeprefix("must be ") for mismatch in mismatches if mismatch]
        expected = f"must be {' or '.join(dict.fromkeys(texts))}"
    return [SchemaError(path, error.kind.name, expected, quote(error.instance))]


def schema_error(error: jsonschema_rs.ValidationError, schema: Json) -> SchemaError:
    """Return an error of the validator of a schema in plain words."""
    path = tuple(str(step) for step in error.instance_path)
    violated = _violated_schema(error, schema)
    keyword, wanted, instance = error.kind.name, error.kind.value, error.instance
    if keyword == "required":
        return SchemaError((*path, str(wanted)), keyword, "is required", None)
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        names = [str(name) for name in error.kind.as_dict().get("unexpected", ())] or [""]
        known = violated.get("properties") or {}
        expected, suggestion = _describe_unknown(names, known), did_you_mean(names[0], known)
        return SchemaError((*path, names[0]), keyword, expected, None, suggestion)
    described = _describe(keyword, wanted, instance, _range(violated))
    expected, received = described or (error.message, None)
    return SchemaError(path, keyword, expected, received, _suggest_value(keyword, wanted, instance))


def _violated_schema(error: jsonschema_rs.ValidationError, schema: Json) -> Mapping[str, Json]:
    """Return the part of a schema with the keyword of an error, {} if it is elsewhere."""
    part = get_or_none(schema, tuple(map(str, error.schema_path[:-1])))
    return part if isinstance(part, dict) else {}


def _describe_unknown(names: list[str], known: Iterable[str]) -> str:
    others = f", nor {', '.join(names[1:])}" if len(names) > 1 else ""
    only = f", only {', '.join(known)}" if known else ""
    return f"is not known here{others}{only}"


def _suggest_value(keyword: str, wanted: Json, instance: Json) -> str:
    if keyword != "enum" or not isinstance(instance, str):
        return ""
    return did_you_mean(instance, [each for each in wanted if isinstance(each, str)])


def _range(schema: Mapping[str, Json]) -> str:
    """Return the bounds of a number in words: "at least 0 and less than 1"; "" without bounds."""
    bounds = [f"{text} {schema[keyword]}" for keyword, text in _BOUNDS.items() if keyword in schema]
    return " and ".join(bounds)


def _describe(keyword: str, wanted: Json, instance: Json, bounds: str) -> tuple[str, str] | None:
    """Return expected and received in words; None where the message of the validator is as good."""
    if keyword in _BOUNDS:
        return f"must be {bounds or f'{_BOUNDS[keyword]} {wanted}'}", quote(instance)
    match keyword:
        case "type":
            types = wanted if isinstance(wanted, list) else [wanted]
            limits = f", {'numbers ' if len(types) > 1 else ''}{bounds}" if bounds else ""
            return f"must be of type {' or '.join(sorted(types))}{limits}", quote(instance)
        case "enum":
            return f"must be one of {', '.join(map(quote, wanted))}", quote(instance)
        case "const":
            return f"must be {quote(wanted)}", quote(instance)
        case "minLength" | "maxLength":
            bound = "at least" if keyword == "minLength" else "at most"
            return f"must have {bound} {count_of(wanted, 'character')}", str(len(instance))
        case "minItems" | "maxItems" | "minProperties" | "maxProperties":
            bound = "at least" if keyword.startswith("min") else "at most"
            entries = count_of(wanted, "entry", "entries")
            return f"must have {bound} {entries}", str(len(instance))
        case "multipleOf":
            return f"must be a multiple of {wanted}", quote(instance)
        case "uniqueItems":
            return "must have no equal entries", quote(instance)
        case "format":
            return f"must have the format {wanted}", quote(instance)
        case "pattern":
            return f"must match {wanted}", quote(instance)
    return None


# Keywords that list the allowed values.
_LISTING = ("enum", "const")
_ABOUT_THE_WHOLE = ("type", *_LISTING)
_ALTERNATIVES = ("anyOf", "oneOf")
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
