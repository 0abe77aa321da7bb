"""One attempt to make a value that matches a schema."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from random import Random

import jsonschema_rs

from ..json import Json
from ..keywords import types_of
from ..pointer import Path, format_pointer
from .alternatives import alternatives_of
from .entry_names import entry_name, schema_of_undeclared
from .layout import Layout
from .merging import EXCLUDED, FORBIDDEN
from .numbers import make_number
from .texts import make_text
from .usual_values import shown_values, usual_types

MAX_DEPTH = 5
"""Optional fields are made down to this depth, required ones down to twice of it."""

MAX_EQUAL = 20
"""So often an entry of an array without equal entries is made again."""

MAX_EXCLUDED = 40
"""So often a value that a schema excludes is made again."""

USUAL_SHARES, MANY_SHARES = 100, 10_000
"""Among so many numbers between two bounds is chosen."""


class Attempt:
    """One attempt to make a value, with one choice of alternatives."""

    def __init__(
        self,
        root: Json,
        seed: str,
        moment: float,
        layout: Layout,
        choices: dict[Path, int],
        apart: set[Path],
    ) -> None:
        self._root, self._seed, self._moment = root, seed, moment
        self._layout, self._choices, self._apart = layout, choices, apart
        self.options: dict[Path, int] = {}
        self._unique = set[Path]()
        self._again = 0  # how often an entry is made again, because another one is equal

    def make(self, schema: Json, path: Path, *, required: bool) -> Json:
        """Return a value for the schema at a place."""
        if path in self._layout.values:
            return self._layout.values[path]
        apart = path in self._apart
        branches = alternatives_of(self._root, schema, path, self._layout, apart=apart)
        makers = [maker for branch in branches for maker in self._makers(branch, path)]
        if path in self._layout.empty and _null in makers:
            makers.remove(_null)
            makers.insert(0, _null)
        if not required:  # an optional field without a valid value is left out
            makers.append(_omit)
        self.options[path] = len(makers)
        if not makers:  # an empty enum: nothing is valid
            return None
        chosen = min(self._choices.get(path, 0), len(makers) - 1)
        if path[:-1] in self._unique:  # the next one, if the value equals another entry
            chosen = (chosen + self._again) % len(makers)
        return makers[chosen]()

    def _makers(self, schema: dict[str, Json], path: Path) -> list[Callable[[], Json]]:
        """Return a function for each way to make a value from a schema without alternatives."""
        types = types_of(schema)
        if "const" in schema:
            return [partial(deepcopy, v) for v in (schema["const"],) if not _is_excluded(v, schema)]
        makers: list[Callable[[], Json]] = []
        if path in self._layout.empty and not types:
            makers.append(_null)
        if "enum" in schema:
            allowed = (value for value in schema["enum"] if not _is_excluded(value, schema))
            return makers + [partial(deepcopy, value) for value in allowed]
        if not self._layout.reaches(path):
            shown = (value for value in shown_values(schema) if not _is_excluded(value, schema))
            makers += [partial(deepcopy, value) for value in shown]
        wanted = [name for name in types if name != "null"]
        if not types:
            wanted = usual_types(schema, known=self._layout.type_at(path))
        makers += [partial(self._of_type, name, schema, path) for name in wanted]
        if "null" in types:
            makers.append(_null)
        return makers

    def _of_type(self, type_name: str, schema: dict[str, Json], path: Path) -> Json:
        """Return a value of a type; it is made again while the schema excludes it."""
        outer = self._again
        value = self._usual(type_name, schema, path)
        for again in range(1, MAX_EXCLUDED if EXCLUDED in schema else 0):
            if not _is_excluded(value, schema):
                break
            self._again = outer + again
            value = self._usual(type_name, schema, path)
        self._again = outer
        return value

    def _usual(self, type_name: str, schema: dict[str, Json], path: Path) -> Json:
        random = self._random(path)
        entry_index = next((int(step) for step in reversed(path) if step.isdecimal()), 0)
        match type_name:
            case "object":
                return self._object(schema, path)
            case "array":
                return self._array(schema, path)
            case "integer" | "number":
                # Between 0 and 100, the usual steps lead to whole numbers alone.
                shares = MANY_SHARES if EXCLUDED in schema else USUAL_SHARES
                whole = type_name == "integer"
                return make_number(schema, random=random, whole=whole, shares=shares)
            case "boolean":
                return (entry_index + self._again) % 2 == 1
            case "null":
                return None
        name = next((step for step in reversed(path) if not step.isdecimal()), "")
        name = f"{name or 'text'}{entry_index + 1}" if entry_index else name
        if self._again:
            forms = _OTHER_NAMES if EXCLUDED in schema else _OTHER_NAMES[:1]
            form = forms[(self._again - 1) % len(forms)]
            name = form.format(name=name or "text", number=self._again)
        moment = self._moment + self._again * _DAY
        return make_text(schema, random=random, moment=moment, name=name)

    def _random(self, path: Path) -> Random:
        again = f" {self._again}" if self._again else ""
        return Random(f"{self._seed} {format_pointer(path)}{again}")

    def _object(self, schema: dict[str, Json], path: Path) -> dict[str, Json]:
        required, properties = schema.get("required", ()), schema.get("properties", {})
        forbidden = schema.get(FORBIDDEN, ())
        value: dict[str, Json] = {}
        for name in dict.fromkeys([*properties, *required, *self._given(path)]):
            below = (*path, name)
            if name in forbidden and not self._layout.reaches(below):
                continue
            if self._is_made(below, path, required=name in required):
                declared = properties.get(name, schema_of_undeclared(schema, name))
                needed = name in required or self._layout.reaches(below)
                made = self.make(declared, below, required=needed)
                if made is not _OMITTED:
                    value[name] = made
        self._add_dependent(value, schema, path)
        self._add_entries(value, schema, path)
        return value

    def _add_dependent(self, value: dict[str, Json], schema: dict[str, Json], path: Path) -> None:
        """Add the fields that must be there because others are."""
        needed = schema.get("dependentRequired", {})
        names = [*value]
        for name in names:
            for other in needed.get(name, ()):
                if other not in value:
                    below = schema.get("properties", {}).get(other)
                    if below is None:
                        below = schema_of_undeclared(schema, other)
                    value[other] = self.make(below, (*path, other), required=True)
                    names.append(other)

    def _given(self, path: Path) -> list[str]:
        """Return the names of the fields of an object that have a value."""
        size = len(path)
        places = (place for place in self._layout.places() if len(place) > size)
        return [place[size] for place in places if place[:size] == path]

    def _is_made(self, path: Path, parent: Path, *, required: bool) -> bool:
        if self._layout.reaches(path):
            return True
        if required:
            return len(path) <= 2 * MAX_DEPTH
        if path in self._layout.empty or self._layout.is_sparse(parent):
            return False
        return len(path) <= MAX_DEPTH

    def _add_entries(self, value: dict[str, Json], schema: dict[str, Json], path: Path) -> None:
        """Add fields with names of our own until there are as many as the schema requires."""
        missing = schema.get("minProperties", 0) - len(value)
        for index in range(missing):
            name = entry_name(self._root, schema, index, random=self._random((*path, str(index))))
            value[name] = self.make(
                schema_of_undeclared(schema, name), (*path, name), required=True
            )

    def _array(self, schema: dict[str, Json], path: Path) -> list[Json]:
        prefix, items = schema.get("prefixItems", []), schema.get("items", {})
        usual = 0 if self._layout.is_sparse(path) or len(path) > MAX_DEPTH else 1
        size = max(schema.get("minItems", 0), self._layout.entries(path), usual)
        size = min(size, schema.get("maxItems", size))
        if items is False:
            size = min(size, len(prefix))
        if len(path) > 2 * MAX_DEPTH:  # an array that must contain itself
            size = 0
        schemas = [*prefix[:size], *[items] * (size - len(prefix))]
        if "contains" in schema and size > len(prefix):
            needed = max(1, schema.get("minContains", 1))
            schemas[len(prefix) : len(prefix) + needed] = [
                {"allOf": [items, schema["contains"]]}
            ] * needed
        if schema.get("uniqueItems"):
            self._unique.add(path)
        entries: list[Json] = []
        for index, below in enumerate(schemas):
            entries.append(self._entry(below, (*path, str(index)), entries))
        return entries

    def _entry(self, schema: Json, path: Path, before: list[Json]) -> Json:
        """Return an entry of an array; one that differs from those before, where it must."""
        value = self.make(schema, path, required=True)
        if path[:-1] not in self._unique:
            return value
        outer = self._again
        for again in range(1, MAX_EQUAL):
            if value not in before:
                break
            self._again = outer + again
            value = self.make(schema, path, required=True)
        self._again = outer
        return value


def _is_excluded(value: Json, schema: dict[str, Json]) -> bool:
    return any(jsonschema_rs.is_valid(each, value) for each in schema.get(EXCLUDED, ()))


def _null() -> None:
    return None


def _omit() -> Json:
    return _OMITTED


_OMITTED = object()
_OTHER_NAMES = ("{name}-{number}", "{number}", "other-{name}", "OTHER", "")
_DAY = 86400
