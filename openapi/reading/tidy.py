"""Documents without the parts that have no valid form, so that the rest can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path as FilePath

import jsonschema_rs

from ..errors import Problem
from ..json import Json
from ..pointer import Path, format_pointer, get, parse_pointer, pointer_of
from ..shape import shape_of
from .walk import objects_in

Report = Callable[[Problem], None]

MAX_ROUNDS = 20
"""The rounds of leaving out; each can show new problems in what is left."""


def tidy(root: dict[str, Json], *, warn: Report) -> None:
    """Remove what has no valid form from a document, and warn of each removed part.

    Args:
        root: The document.
        warn: Is called with each part that is left out.
    """
    shape = shape_of(_SHAPE, unknown="is not known")
    for _ in range(MAX_ROUNDS):
        problems = [*shape.problems(root)]
        if not problems:
            break
        for problem in problems:
            if _remove(root, parse_pointer(problem.pointer)):
                warn(_left_out(problem.pointer, problem.reason))
    _remove_broken_references(root, warn)
    _remove_patterns(root, warn)


def _left_out(pointer: str, reason: str) -> Problem:
    return Problem(pointer, f"is left out: {reason}")


def _remove(root: Json, path: Path) -> bool:
    """Remove the value at a path, or the object that lacks it; return False if it is gone."""
    while path:
        try:
            holder = get(root, path[:-1])
        except LookupError:
            return False
        if isinstance(holder, dict):
            if path[-1] in holder:
                del holder[path[-1]]
                return True
            path = path[:-1]  # a required word is missing, so that the object goes
        elif isinstance(holder, list) and int(path[-1]) < len(holder):
            del holder[int(path[-1])]
            return True
        else:
            return False
    return False


def _remove_broken_references(root: Json, warn: Report) -> None:
    """Replace references to nothing and in circles by what accepts anything."""
    valid = set[str]()
    for path, data in [*objects_in(root)]:
        target = data.get("$ref")
        if not isinstance(target, str):
            continue
        reason = _reference_problem(root, target, valid)
        if reason:
            warn(_left_out(format_pointer((*path, "$ref")), reason))
            del data["$ref"]


def _reference_problem(root: Json, target: str, valid: set[str]) -> str:
    """Return what is wrong with a reference; "" if it leads to something.

    Args:
        root: The document.
        target: The target of the reference.
        valid: The targets that are known to lead to something; more are added.
    """
    seen = set[str]()
    while target not in valid:
        if not target.startswith("#"):
            return f"{target} is another document"
        if target in seen:
            return f"{target} refers to itself"
        seen.add(target)
        try:
            data = get(root, parse_pointer(pointer_of(target)))
        except LookupError:
            return f"{target} does not exist"
        if not isinstance(data, dict) or not isinstance(data.get("$ref"), str):
            break
        target = data["$ref"]
    valid |= seen
    return ""


def _remove_patterns(root: Json, warn: Report) -> None:
    """Remove the patterns that no validator can be compiled from."""
    for path, data in [*objects_in(root)]:
        pattern = data.get("pattern")
        if isinstance(pattern, str) and not _compiles(pattern):
            reason = "is too large, or not a regular expression that can be compiled"
            warn(_left_out(format_pointer((*path, "pattern")), reason))
            del data["pattern"]
        for name in _bad_names(data.get("patternProperties")):
            place = format_pointer((*path, "patternProperties", name))
            warn(_left_out(place, "cannot be compiled"))
            del data["patternProperties"][name]


def _bad_names(data: Json) -> Iterator[str]:
    if isinstance(data, dict):
        yield from [name for name in data if not _compiles(name)]


def _compiles(pattern: str) -> bool:
    try:
        jsonschema_rs.validator_for({"pattern": pattern})
    except ValueError:
        return False
    return True


_SHAPE = FilePath(__file__).with_name("openapi.schema.json")
