"""What requests may contain, for contract coverage: fields, their values and their variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import orjson

from ..openapi import Document, Operation, Schema
from ..openapi.json import Json
from ..openapi.keywords import value_from_text
from ..openapi.pointer import Path, get
from .traffic.exchange import Exchange

MAX_DEPTH = 3
"""The depth of the fields that are counted; a field of the body itself has a depth of 1."""


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter or a field of a request.

    name: its name; of a field in an object, its path; empty for the body itself
    path: the path of a field in the body; None for a parameter
    required: True if the object that has it must have it
    values: the values that its schema lists, within references and combinations
    entry_values: the values that its schema lists for the entries of a list
    variants: the alternatives of its schema by name
    """

    name: str
    path: Path | None
    required: bool
    values: tuple[Json, ...]
    entry_values: tuple[Json, ...]
    variants: Mapping[str, Schema]


class Inputs:
    """The inputs of the operations of a document, each read when it is needed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._inputs: dict[str, tuple[Input, ...]] = {}

    def of(self, operation_id: str) -> tuple[Input, ...]:
        """Return the inputs of an operation: its parameters, then the fields of its bodies."""
        if operation_id not in self._inputs:
            operation = self._document.operations[operation_id]
            self._inputs[operation_id] = tuple(_inputs(operation))
        return self._inputs[operation_id]


@lru_cache(maxsize=8)
def inputs_of(document: Document) -> Inputs:
    """Return the inputs of a document."""
    return Inputs(document)


def sent_values(exchange: Exchange, inputs: tuple[Input, ...]) -> Iterator[tuple[Input, Json]]:
    """Yield the inputs that a request contains, each with its value."""
    call, operation = exchange.call, exchange.operation
    sent = {name: exchange.arguments.query.get(name) for name, _ in call.query}
    for name, parameter in operation.headers.items():
        if name.lower() in call.headers:
            sent[name] = value_from_text(call.headers[name.lower()], parameter.schema.raw)
    fields = {**exchange.fields, **exchange.files}
    for each in inputs:
        with suppress(LookupError):
            yield each, sent[each.name] if each.path is None else get(fields, each.path)


def _inputs(operation: Operation) -> Iterator[Input]:
    for parameter in [*operation.query.values(), *operation.headers.values()]:
        schema = parameter.schema
        values, entries = _values(schema, ()), _values(schema, ("0",))
        yield Input(parameter.name, None, parameter.required, values, entries, {})
    fields: dict[str, Input] = {}
    for body in operation.bodies.values():
        for path in [(), *dict.fromkeys(path for path, _ in body.schema.fields())]:
            if len(path) <= MAX_DEPTH:
                field = _field(body.schema, path)
                fields[field.name] = _combined(fields.get(field.name, field), field)
    yield from fields.values()


def _field(schema: Schema, path: Path) -> Input:
    holders = schema.schemas_at(path[:-1]) if path else ()
    required = not path or any(path[-1] in each.get("required", ()) for each in holders)
    variants = {
        name: variant for each in schema.all_below(path) for name, variant in each.variants()
    }
    return Input(
        "/".join(path),
        path,
        required,
        _values(schema, path),
        _values(schema, (*path, "0")),
        variants if len(variants) > 1 else {},
    )


def _combined(one: Input, other: Input) -> Input:
    """Return the same field of two media types as one."""
    return replace(
        other,
        values=(*one.values, *(v for v in other.values if v not in one.values)),
        entry_values=(
            *one.entry_values,
            *(v for v in other.entry_values if v not in one.entry_values),
        ),
        variants={**one.variants, **other.variants},
    )


def _values(schema: Schema, path: Path) -> tuple[Json, ...]:
    """Return the values that a schema lists at a place; a single constant is not a choice."""
    found, constants = dict[bytes, Json](), dict[bytes, Json]()
    for each in schema.schemas_at(path):
        found |= {orjson.dumps(value): value for value in each.get("enum", ())}
        if "const" in each:
            constants[orjson.dumps(each["const"])] = each["const"]
    every = found | constants
    return tuple(every.values() if len(every) > 1 else found.values())
