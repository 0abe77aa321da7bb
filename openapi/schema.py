"""The JSON Schemas of a document: compiled validators, and lookups in raw schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator

import jsonschema_rs

from .json import Json
from .pointer import Path, get, parse_pointer, pointer_of, set_at
from .schema_error import SchemaError, schema_errors
from .text import truncate_depth


class Schema:
    """A schema of a document, compiled at its first use.

    pointer: its JSON pointer
    raw: the schema as JSON, with references at its top resolved; {} for `true` and `false`
    """

    __slots__ = ("_root", "_validator", "pointer", "raw")

    def __init__(self, root: Json, pointer: str) -> None:
        self.pointer = pointer
        self.raw = as_object(resolve(root, get(root, parse_pointer(pointer))))
        self._root = root
        self._validator: jsonschema_rs.Validator | None = None

    def accepts(self, data: Json) -> bool:
        """Return True if the data matches; takes microseconds."""
        try:
            return self._compile().is_valid(data)
        except ValueError:  # the data is nested too deeply for the validator
            return self._compile().is_valid(truncate_depth(data))

    def errors(self, data: Json) -> Iterator[SchemaError]:
        """Return every way in which the data does not match."""
        try:
            errors = [*self._compile().iter_errors(data)]
        except ValueError:
            errors = [*self._compile().iter_errors(truncate_depth(data))]
        return schema_errors(errors, self._bundle())

    def _compile(self) -> jsonschema_rs.Validator:
        if self._validator is None:
            self._validator = jsonschema_rs.validator_for(self._bundle())
        return self._validator

    def _bundle(self) -> dict[str, Json]:
        """Return the schema with all schemas that it may refer to."""
        schema = get(self._root, parse_pointer(self.pointer))
        keywords = schema if isinstance(schema, dict) else {} if schema else {"not": {}}
        # References within schemas lead to components/schemas alone.
        components = {"schemas": self._root.get("components", {}).get("schemas", {})}
        return {"$schema": _DIALECT, **keywords, "components": components}


class Schemas:
    """The schemas of a document by pointer; references to one schema share one object."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self._by_pointer: dict[str, Schema] = {}

    def at(self, pointer: str) -> Schema:
        """Return the schema at this pointer.

        Raises LookupError if the pointer leads to nothing.
        """
        data = get(self.root, parse_pointer(pointer))
        while isinstance(data, dict) and data.keys() == {"$ref"}:
            pointer = pointer_of(data["$ref"])
            data = get(self.root, parse_pointer(pointer))
        if pointer not in self._by_pointer:
            self._by_pointer[pointer] = Schema(self.root, pointer)
        return self._by_pointer[pointer]


def follow(root: Json, pointer: str) -> str:
    """Return the pointer that references at this pointer lead to, or the pointer itself.

    Only for objects whose other keywords are ignored beside `$ref`; see `resolve` for schemas.
    """
    while "$ref" in (data := get(root, parse_pointer(pointer))):
        pointer = pointer_of(data["$ref"])
    return pointer


def resolve(root: Json, schema: Json) -> Json:
    """Return the schema with references at its top resolved.

    Keywords beside a reference override those of the referenced schema.
    """
    while isinstance(schema, dict) and "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = get(root, parse_pointer(pointer_of(schema["$ref"])))
        if isinstance(schema, dict):
            schema = {**schema, **beside}
    return schema


def as_object(schema: Json) -> dict[str, Json]:
    """Return the keywords of a schema; none for the schemas `true` and `false`."""
    return schema if isinstance(schema, dict) else {}


def types_of(schema: Json) -> tuple[str, ...]:
    """Return the types that a schema lists under `type`; empty if it allows any type."""
    types = schema.get("type", ()) if isinstance(schema, dict) else ()
    return (types,) if isinstance(types, str) else tuple(types)


def property_at(root: Json, schema: Json, path: Path) -> Json | None:
    """Return the schema of the property at a path, also within references and combinations.

    Returns None if the schema does not declare it.
    """
    schema = resolve(root, schema)
    if not path:
        return schema
    if not isinstance(schema, dict):
        return None
    declared = schema.get("properties", {}).get(path[0])
    found = [] if declared is None else [property_at(root, declared, path[1:])]
    for keyword in ("allOf", "anyOf", "oneOf"):
        found += [property_at(root, branch, path) for branch in schema.get(keyword, ())]
    return next((schema for schema in found if schema is not None), None)


def template_of(root: Json, schema: Json) -> dict[str, Json]:
    """Return data with every required property: its constant, its default, or None."""
    template: dict[str, Json] = {}
    for path, value in _required_values(root, resolve(root, schema), ()):
        set_at(template, path, value)
    return template


def _required_values(root: Json, schema: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    for name in (n for n in schema.get("properties", {}) if n in schema.get("required", ())):
        below = resolve(root, schema["properties"][name])
        is_object = types_of(below) == ("object",)
        if "const" in below:
            yield (*path, name), below["const"]
        elif is_object and "properties" in below:
            yield from _required_values(root, below, (*path, name))
        else:
            yield (*path, name), below.get("default", {} if is_object else None)


def value_from_text(text: str, schema: Json) -> Json:
    """Return a text as a value of the type in the schema.

    Returns the text itself if it does not fit the type; the validator then reports it.
    """
    types = types_of(schema)
    if not types or "string" in types:
        return text
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return text


_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?(e[+-]?[0-9]{1,2})?")
