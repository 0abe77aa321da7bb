"""JSON Schemas of a document, compiled once, and their findings in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import jsonschema_rs

from .json import Json
from .pointer import Path, get, parse_pointer, pointer_of
from .text import count_of, expected_but_got, quote, truncate_depth


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One way in which data breaks a schema: the place in the data, the keyword that it breaks, and
    in words what was expected and what came (None where nothing did, or it says nothing).
    """

    path: Path
    keyword: str
    expected: str
    received: str | None

    @property
    def message(self) -> str:
        """Both in one sentence, without the place."""
        return expected_but_got(self.expected, self.received)


class Schema:
    """A schema that stands at a pointer of a document; compiled when it is first needed."""

    __slots__ = ("_root", "_validator", "pointer", "raw")

    def __init__(self, root: Json, pointer: str) -> None:
        self.pointer = pointer
        self.raw = as_object(resolve(root, get(root, parse_pointer(pointer))))
        self._root = root
        self._validator: jsonschema_rs.Validator | None = None

    def accepts(self, data: Json) -> bool:
        """Whether the data fits; microseconds."""
        try:
            return self._compile().is_valid(data)
        except ValueError:  # nested more deeply than the validator goes
            return self._compile().is_valid(truncate_depth(data))

    def errors(self, data: Json) -> Iterator[SchemaError]:
        """Every way in which the data does not fit."""
        try:
            errors = [*self._compile().iter_errors(data)]
        except ValueError:
            errors = [*self._compile().iter_errors(truncate_depth(data))]
        return (schema_error(error) for error in errors)

    def _compile(self) -> jsonschema_rs.Validator:
        if self._validator is None:
            schema = get(self._root, parse_pointer(self.pointer))
            alone = schema if isinstance(schema, dict) else {} if schema else {"not": {}}
            # All that references in a schema can lead to, and no more, is there to be found.
            named = {"schemas": self._root.get("components", {}).get("schemas", {})}
            bundle = {"$schema": _DIALECT, **alone, "components": named}
            self._validator = jsonschema_rs.validator_for(bundle)
        return self._validator


class Schemas:
    """The schemas of a document, each made once, however many references lead to it."""

    def __init__(self, root: Json) -> None:
        self.root = root
        self._made: dict[str, Schema] = {}

    def at(self, pointer: str) -> Schema:
        """The schema at this pointer; raises LookupError where there is nothing."""
        data = get(self.root, parse_pointer(pointer))
        if isinstance(data, dict) and data.keys() == {"$ref"}:
            return self.at(pointer_of(data["$ref"]))
        if pointer not in self._made:
            self._made[pointer] = Schema(self.root, pointer)
        return self._made[pointer]


def follow(root: Json, pointer: str) -> str:
    """The pointer behind any references, for places where nothing beside a reference counts."""
    data = get(root, parse_pointer(pointer))
    return follow(root, pointer_of(data["$ref"])) if "$ref" in data else pointer


def resolve(root: Json, schema: Json) -> Json:
    """The schema with references at its top followed; keywords beside a reference win over the
    referred ones.
    """
    while isinstance(schema, dict) and "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = get(root, parse_pointer(pointer_of(schema["$ref"])))
        if isinstance(schema, dict):
            schema = {**schema, **beside}
    return schema


def as_object(schema: Json) -> dict[str, Json]:
    """A schema that can be asked for its keywords; `true` and `false` have none."""
    return schema if isinstance(schema, dict) else {}


def types_of(schema: Json) -> tuple[str, ...]:
    """The types that a schema names; none if it names none."""
    named = schema.get("type", ()) if isinstance(schema, dict) else ()
    return (named,) if isinstance(named, str) else tuple(named)


def schema_error(error: jsonschema_rs.ValidationError) -> SchemaError:
    """What the validator found, in words that name what was expected and what came."""
    path = tuple(str(step) for step in error.instance_path)
    kind = error.kind.as_dict()
    keyword, wanted, received = error.kind.name, error.kind.value, error.instance
    if keyword == "required":
        return SchemaError((*path, str(wanted)), keyword, "is required", None)
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        unknown = [str(name) for name in kind.get("unexpected", ())] or [""]
        return SchemaError((*path, unknown[0]), keyword, _describe_unknown(unknown), None)
    expected, came = _describe(keyword, wanted, received) or (error.message, None)
    return SchemaError(path, keyword, expected, came)


def _describe_unknown(names: list[str]) -> str:
    return (
        "is not known here" if len(names) == 1 else f"is not known here, nor {', '.join(names[1:])}"
    )


def _describe(keyword: str, wanted: Json, received: Json) -> tuple[str, str] | None:
    """What the keyword asks for, and what came; None where the validator's words are as good."""
    match keyword:
        case "type":
            types = wanted if isinstance(wanted, list) else [wanted]
            return f"must be of type {' or '.join(sorted(types))}", quote(received)
        case "enum":
            return f"must be one of {', '.join(map(quote, wanted))}", quote(received)
        case "const":
            return f"must be {quote(wanted)}", quote(received)
        case "minLength" | "maxLength":
            bound = "at least" if keyword == "minLength" else "at most"
            return f"must have {bound} {count_of(wanted, 'character')}", str(len(received))
        case "minimum" | "maximum":
            bound = "at least" if keyword == "minimum" else "at most"
            return f"must be {bound} {wanted}", quote(received)
        case "minItems" | "maxItems" | "minProperties" | "maxProperties":
            bound = "at least" if keyword.startswith("min") else "at most"
            entries = count_of(wanted, "entry", "entries")
            return f"must have {bound} {entries}", str(len(received))
        case "pattern":
            return f"must match {wanted}", quote(received)
    return None


_DIALECT = "https://json-schema.org/draft/2020-12/schema"
