"""The broken references that the operations of jobs need, so that they cannot be left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .errors import Problem
from .jobs.long_form import operations_of
from .json import Json
from .operation import Operation
from .pointer import Path, format_pointer, get, parse_pointer, pointer_of
from .reading.walk import NAME_MAPS, objects_in


def needed_references(
    root: Json, operations: Mapping[str, Operation], left_out: Iterable[Problem]
) -> Iterator[tuple[Problem, Problem]]:
    """Yield each broken reference that an operation of a kind needs, as the error at the first
    such operation in `x-jobs`, and the warning that it was left out.

    Args:
        root: The document without what was left out.
        operations: The operations by id, and by method and path.
        left_out: The warnings about what was left out.
    """
    broken = {parse_pointer(w.pointer): w for w in left_out if w.pointer.endswith("/$ref")}
    if not broken:
        return
    for name, pointer in _named_operations(root.get("x-jobs", {})):
        operation = operations.get(name)
        for path in [*broken] if operation else ():
            if operation and _is_needed(path, _parts_of(root, operation)):
                warning = broken.pop(path)
                reason = warning.reason.removeprefix("is left out: ")
                stands = replace(warning, reason=reason)
                yield Problem(pointer, f"{name} needs the reference at {stands}"), warning


def _named_operations(kinds: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Yield the names of the operations of all kinds, each with its JSON pointer."""
    for kind, data in kinds.items():
        entries = {word: data[word] for word in _ROLES if word in data}
        for word, entry in entries.items():
            at = format_pointer(("x-jobs", kind, word))
            for name, words, pointer in operations_of(entry, at):
                yield name, pointer
                if "poll" in words:
                    polls = operations_of(words["poll"], f"{pointer}/poll")
                    yield from ((poll, place) for poll, _, place in polls)


def _parts_of(root: Json, operation: Operation) -> set[Path]:
    """Return the paths of an operation and of all that its references lead to."""
    item = parse_pointer(operation.pointer)[:-1]
    parts = {("paths", operation.path, "$ref"), parse_pointer(operation.pointer)}
    parts.add((*item, "parameters"))
    unread = [path for path in parts if path[-1] != "$ref"]
    while unread:
        path = unread.pop()
        try:
            data = get(root, path)
        except LookupError:
            continue  # the path item has no parameters
        for place, part in objects_in(data, path):
            target = part.get("$ref")
            if isinstance(target, str) and not _is_annotation(place):
                found = parse_pointer(pointer_of(target))
                if found not in parts:
                    parts.add(found)
                    unread.append(found)
    return parts


def _is_needed(broken: Path, parts: Iterable[Path]) -> bool:
    return not _is_annotation(broken) and any(broken[: len(part)] == part for part in parts)


def _is_annotation(path: Path) -> bool:
    """Return True for a place that no request and no response depends on."""
    before = ("", *path)
    return any(
        step in _ANNOTATIONS and holder not in NAME_MAPS
        for holder, step in zip(before, path, strict=False)
    )


_ROLES = ("create", "poll", "list", "cancel", "delete", "result")
_ANNOTATIONS = {"callbacks", "examples", "links"}
