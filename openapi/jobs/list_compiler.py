"""The compiler of the operation that lists jobs, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..json import Json
from ..keywords import types_of
from ..operation import Operation
from ..pointer import Path, format_pointer, parse_pointer
from ..schema import Schema
from ..schema_places import fields_of, schemas_at
from .answer import json_schema
from .long_form import as_operation
from .operations import JobRole, ListOperation
from .place import Place, parse_place
from .problems import Report
from .request_places import check_place
from .role_compiler import RoleCompiler


class ListCompiler:
    """Compiles the list of one kind.

    Args:
        root: The document.
        roles: The compiler of the other operations of the kind.
        report: Is called with the pointer and the reason of each error.
    """

    def __init__(self, root: Json, *, roles: RoleCompiler, report: Report) -> None:
        self._root, self._roles, self._report = root, roles, report

    def compile(self, data: Json, pointer: str) -> ListOperation | None:
        """Return the list."""
        entry = as_operation(data)
        operation = self._roles.find(entry["operation"], pointer)
        if operation is None:
            return None
        items = self._items(operation, entry, pointer)
        if items is None:
            return None
        for word in (w for w in _PAGE_FIELDS if w in entry):
            self._roles.check_answer(operation, entry[word], f"{pointer}/{word}")
        asked: dict[str, Any] = {
            word: self._roles.asked(operation, entry, word, pointer) for word in _PAGE_PLACES
        }
        return ListOperation(
            **self._roles.common(operation, JobRole.LIST, entry, pointer),
            items=items,
            part=parse_pointer(entry.get("part", "")),
            places={w: parse_pointer(entry[w]) for w in _PAGE_FIELDS if w in entry},
            order=self._roles.words_of(operation, entry.get("order"), f"{pointer}/order"),
            filters=self._filters(operation, entry, pointer),
            **asked,
        )

    def _filters(
        self, operation: Operation, data: Mapping[str, Json], pointer: str
    ) -> dict[Place, Path]:
        filters = data.get("filter", {})
        for text in filters:
            at = f"{pointer}/filter{format_pointer((text,))}"
            check_place(text, [operation], at, self._report)
        return {parse_place(text): parse_pointer(path) for text, path in filters.items()}

    def _items(self, operation: Operation, data: Mapping[str, Json], pointer: str) -> Path | None:
        """Return the path of the only array in the response, and report others or none."""
        schema = json_schema(operation)
        if "items" in data:
            self._roles.check_answer(operation, data["items"], f"{pointer}/items")
            return parse_pointer(data["items"])
        arrays = _arrays(self._root, schema) if schema else []
        if len(arrays) != 1:
            found = ", ".join(map(format_pointer, arrays)) or "none"
            self._report(pointer, f"needs items, the place of the array; the response has {found}")
            return None
        return arrays[0]


def _arrays(root: Json, schema: Schema) -> list[Path]:
    """Return the paths of the shallowest arrays of a response."""
    if "array" in types_of(schema.raw):
        return [()]
    fields = fields_of(root, schema.raw)
    found = [path for path, field in fields if _is_array(root, field)]
    depth = min(map(len, found), default=0)
    return [path for path in found if len(path) == depth]


def _is_array(root: Json, schema: Json) -> bool:
    return any("array" in types_of(each) for each in schemas_at(root, schema, ()))


_PAGE_FIELDS = ("first", "last", "more", "next_page", "previous_page", "count", "total")
_PAGE_PLACES = ("limit", "after", "before", "cursor", "offset", "page")
