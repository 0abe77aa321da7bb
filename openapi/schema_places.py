"""The schemas of places in JSON data: what a schema declares there, and what it leaves open."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from .json import Json
from .keywords import types_of
from .pointer import Path, format_pointer, get, parse_pointer, pointer_of
from .references import resolve

MAX_DEPTH = 6
"""Fields are looked for this deep in a job. No known API has its id or its state deeper."""


def schemas_at(
    root: Json, schema: Json, path: Path, *, state: tuple[Path, Json] | None = None
) -> list[dict[str, Json]]:
    """Return the schemas that are declared for a place, within references and combinations.

    Args:
        root: The document.
        schema: The schema of the whole value.
        path: The place in the value.
        state: The path and the value of a state. Of alternatives, only those count that allow it.

    The list is empty if the schema does not declare the place.
    """
    found: list[dict[str, Json]] = []
    for each in _alternatives(root, schema, state, set()):
        if not path:
            found.append(each)
        else:
            below = _below(each, path[0])
            if below is not None:
                rest = _state_below(state, path[0])
                found += schemas_at(root, below, path[1:], state=rest)
    return found


def pointers_at(root: Json, pointer: str, path: Path) -> Iterator[str]:
    """Yield the JSON pointers of the schemas that are declared for a place; see `schemas_at`."""
    schema = get(root, parse_pointer(pointer))
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from pointers_at(root, pointer_of(schema["$ref"]), path)
    if not path:
        if "$ref" not in schema:
            yield pointer
        return
    for steps in _steps_below(schema, path[0]):
        yield from pointers_at(root, pointer + format_pointer(steps), path[1:])
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index in range(len(schema.get(keyword, ()))):
            yield from pointers_at(root, f"{pointer}/{keyword}/{index}", path)


def _steps_below(schema: dict[str, Json], step: str) -> list[tuple[str, ...]]:
    """Return the steps from a schema to that of a property or an entry, none if there is none."""
    if step in schema.get("properties", {}):
        return [("properties", step)]
    if not step.isdecimal():
        return []
    if int(step) < len(schema.get("prefixItems", ())):
        return [("prefixItems", step)]
    return [("items",)] if "items" in schema else []


def is_open_at(root: Json, schema: Json, path: Path) -> bool:
    """Return True if the schema allows a value at a place that it does not declare."""
    for each in _alternatives(root, schema, None, set()):
        if not path:
            return True
        below = _below(each, path[0])
        if below is None:
            types = types_of(each)
            if each.get("additionalProperties") is not False and (not types or "object" in types):
                return True
        elif is_open_at(root, below, path[1:]):
            return True
    return False


def requires_value_at(
    root: Json, schema: Json, path: Path, *, state: tuple[Path, Json] | None = None, depth: int = 20
) -> bool:
    """Return True if the schema requires a value at a place, and does not allow null there.

    Args:
        root: The document.
        schema: The schema of the whole value.
        path: The place in the value.
        state: The path and the value of a state. Of alternatives, only those count that allow it.
        depth: The number of references and combinations to go through.
    """
    schema = resolve(root, schema)
    if not isinstance(schema, dict) or not depth or "null" in types_of(schema):
        return False
    for keyword in ("oneOf", "anyOf"):
        parts = [p for p in schema.get(keyword, ()) if not state or allows_state(root, p, *state)]
        if parts and all(
            requires_value_at(root, part, path, state=state, depth=depth - 1) for part in parts
        ):
            return True
    for part in schema.get("allOf", ()):
        if requires_value_at(root, part, path, state=state, depth=depth - 1):
            return True
    if not path:
        return bool(types_of(schema)) or ("const" in schema and schema["const"] is not None)
    below = _below(schema, path[0])
    if path[0] not in schema.get("required", ()) or below is None:
        return False
    rest = _state_below(state, path[0])
    return requires_value_at(root, below, path[1:], state=rest, depth=depth - 1)


def fields_of(root: Json, schema: Json, *, depth: int = MAX_DEPTH) -> Iterator[tuple[Path, Json]]:
    """Yield the path and the schema of every declared field, the shallowest first.

    Entries of arrays are not fields of their own.
    """
    left: deque[tuple[Path, Json]] = deque([((), schema)])
    while left:
        path, below = left.popleft()
        declared: dict[str, Json] = {}
        for each in _alternatives(root, below, None, set()):
            for name, field in each.get("properties", {}).items():
                declared.setdefault(name, field)
        for name, field in declared.items():
            yield (*path, name), field
            if len(path) + 1 < depth:
                left.append(((*path, name), field))


def values_of(root: Json, schema: Json) -> list[Json]:
    """Return the values that a schema lists, by `enum` or `const`, in all its alternatives."""
    values: list[Json] = []
    for each in _alternatives(root, schema, None, set()):
        listed = [*each.get("enum", ()), *([each["const"]] if "const" in each else [])]
        values += [value for value in listed if value not in values]
    return values


def examples_of(root: Json, schema: Json) -> list[Json]:
    """Return the examples that stand in a schema itself."""
    examples: list[Json] = []
    for each in _alternatives(root, schema, None, set()):
        examples += [each["example"]] if "example" in each else []
        listed = each.get("examples", ())
        examples += listed if isinstance(listed, list) else []
    return examples


def _alternatives(
    root: Json, schema: Json, state: tuple[Path, Json] | None, visited: set[int]
) -> Iterator[dict[str, Json]]:
    """Yield a schema and all that is combined with it, references resolved, each once."""
    schema = resolve(root, schema)
    if schema is True:
        schema = _ANYTHING
    if not isinstance(schema, dict) or id(schema) in visited:
        return
    visited.add(id(schema))
    yield schema
    for each in schema.get("allOf", ()):
        yield from _alternatives(root, each, state, visited)
    for keyword in ("oneOf", "anyOf"):
        for each in schema.get(keyword, ()):
            if state is None or allows_state(root, each, *state):
                yield from _alternatives(root, each, state, visited)


def allows_state(root: Json, schema: Json, path: Path, value: Json) -> bool:
    """Return True unless a schema lists values for a place, and this one is not among them."""
    declared = schemas_at(root, schema, path)
    listed = [one for each in declared for one in values_of(root, each)]
    return not listed or value in listed


def _below(schema: dict[str, Json], step: str) -> Json | None:
    """Return the schema that is declared for a property or an entry; None if there is none."""
    declared = schema.get("properties", {}).get(step)
    if declared is not None:
        return declared
    if not step.isdecimal():
        return None
    prefix = schema.get("prefixItems", ())
    return prefix[int(step)] if int(step) < len(prefix) else schema.get("items")


def _state_below(state: tuple[Path, Json] | None, step: str) -> tuple[Path, Json] | None:
    if state is None or state[0][:1] != (step,):
        return None
    return state[0][1:], state[1]


_ANYTHING: dict[str, Json] = {}
