"""The JSON Schemas of a document: compiled validators, and lookups in raw schemas."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import jsonschema_rs

from .json import Json
from .keywords import as_object, types_of
from .pointer import Path, get, parse_pointer, pointer_of
from .references import resolve
from .schema_error import SchemaError, schema_errors
from .schema_places import fields_of, is_open_at, pointers_at, requires_value_at, schemas_at
from .text import truncate_depth


class Schema:
    """A schema of a document, compiled at its first use.

    pointer: its JSON pointer
    raw: the schema as JSON, with references at its top resolved; {} for `true` and `false`
    """

    __slots__ = ("_root", "_schemas", "_validator", "pointer", "raw")

    def __init__(self, schemas: Schemas, pointer: str) -> None:
        root = schemas.root
        self.pointer = pointer
        self.raw = as_object(resolve(root, get(root, parse_pointer(pointer))))
        self._root, self._schemas = root, schemas
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
        return schema_errors(errors, self._root)

    def schemas_at(
        self, path: Path, *, state: tuple[Path, Json] | None = None
    ) -> list[dict[str, Json]]:
        """Return the schemas that are declared for a place in the data; see `schema_places`."""
        return schemas_at(self._root, self.raw, path, state=state)

    def fields(self) -> Iterator[tuple[Path, dict[str, Json]]]:
        """Yield the path and the schema of every declared field, the shallowest first."""
        for path, field in fields_of(self._root, self.raw):
            for schema in schemas_at(self._root, field, ())[:1]:
                yield path, schema

    def is_open_at(self, path: Path) -> bool:
        """Return True if the data may have a value at a place that is not declared."""
        return is_open_at(self._root, self.raw, path)

    def requires(self, part: Json, path: Path, *, state: tuple[Path, Json] | None = None) -> bool:
        """Return True if a part of the schema requires a value at a path that is not null."""
        return requires_value_at(self._root, part, path, state=state)

    def field_paths(self, path: Path = ()) -> Iterator[Path]:
        """Yield the paths of the declared fields below a place, the shallowest first."""
        for schema in self.schemas_at(path)[:1]:
            yield from (field for field, _ in fields_of(self._root, schema))

    def below(self, path: Path) -> Schema | None:
        """Return the first schema that is declared for a place in the data; None if none is."""
        found = next(pointers_at(self._root, self.pointer, path), None)
        return None if found is None else self._schemas.at(found)

    def all_below(self, path: Path) -> list[Schema]:
        """Return all schemas that are declared for a place in the data, by its alternatives."""
        found = pointers_at(self._root, self.pointer, path)
        return [self._schemas.at(pointer) for pointer in dict.fromkeys(found)]

    def variants(self) -> list[tuple[str, Schema]]:
        """Return the alternatives of `oneOf` and `anyOf`, each with a name, without null.

        The name is that of a reference, or the title, the type or the number of the alternative.
        """
        found = list[tuple[str, Schema]]()
        for keyword in ("oneOf", "anyOf"):
            for index, part in enumerate(self.raw.get(keyword, ())):
                variant = self._schemas.at(f"{self.pointer}/{keyword}/{index}")
                if types_of(variant.raw) != ("null",):
                    found.append((_name_of(part, variant.raw) or str(index + 1), variant))
        return found

    def _compile(self) -> jsonschema_rs.Validator:
        if self._validator is None:
            reference = _DOCUMENT + "#" + quote(self.pointer, safe=_FRAGMENT_CHARACTERS)
            self._validator = jsonschema_rs.validator_for(
                {"$schema": _DIALECT, "$ref": reference}, registry=self._schemas.registry
            )
        return self._validator


def _name_of(part: Json, resolved: dict[str, Json]) -> str:
    """Return the name of an alternative; an empty one if it has none."""
    keywords = as_object(part)
    if "$ref" in keywords:
        return str(keywords["$ref"]).rpartition("/")[2]
    return str(resolved.get("title", "")) or " or ".join(types_of(resolved))


class Schemas:
    """The schemas of a document by pointer; references to one schema share one object."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self._document: jsonschema_rs.Registry | None = None
        self._anything: Schema | None = None
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
            self._by_pointer[pointer] = Schema(self, pointer)
        return self._by_pointer[pointer]

    @property
    def anything(self) -> Schema:
        """The schema that accepts anything, for places without a schema."""
        if self._anything is None:
            self._anything = Schemas({"anything": {}}).at("/anything")
        return self._anything

    @property
    def registry(self) -> jsonschema_rs.Registry:
        """The document as the validators know it, so that each compiles what it reaches."""
        if self._document is None:
            self._document = jsonschema_rs.Registry(
                [(_DOCUMENT, self.root)], draft=jsonschema_rs.Draft202012
            )
        return self._document


_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DOCUMENT = "urn:document"
_FRAGMENT_CHARACTERS = "/~!$&'()*+,;=:@?-._"
