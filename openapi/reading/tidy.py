"""Documents without the parts that have no valid form, so that the rest can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath

import jsonschema_rs

from ..errors import Problem
from ..json import Json
from ..pointer import Path, format_pointer, get, parse_pointer, pointer_of
from ..references import missing_step
from ..shape import shape_of
from ..structure import circular_pointers
from .walk import objects_in

Report = Callable[[Problem], None]

MAX_ROUNDS = 20
"""The rounds of leaving out; each can show new problems in what is left."""


def tidy(root: dict[str, Json], unread: Mapping[str, str], *, warn: Report) -> None:
    """Remove what has no valid form from a document, and warn of each removed part.

    Args:
        root: The document.
        unread: The references that cannot be followed to other files, and why.
        warn: Is called with each part that is left out.
    """
    _remove_misshapen(root, unread, warn)
    _remove_broken_references(root, unread, warn)
    _remove_circles(root, warn)
    _remove_patterns(root, warn)
    root.setdefault("paths", {})


def _left_out(pointer: str, reason: str) -> Problem:
    return Problem(pointer, f"is left out: {reason}")


def _remove_misshapen(root: dict[str, Json], unread: Mapping[str, str], warn: Report) -> None:
    """Remove the parts that have another form than those of OpenAPI."""
    shape = shape_of(_SHAPE, unknown="is not known")
    for _ in range(MAX_ROUNDS):
        problems = [(parse_pointer(p.pointer), p) for p in shape.problems(root)]
        if not problems:
            break
        removed: Path | None = None
        # The last entries of arrays go first, so that the others keep their numbers.
        for path, problem in sorted(problems, key=lambda p: _order(p[0]), reverse=True):
            if removed is not None and path[: len(removed)] == removed:
                continue  # it went together with the part before
            reason = _unread_reason(root, path, unread) or problem.reason
            gone = _remove(root, path)
            if gone is not None:
                removed = gone
                warn(_left_out(problem.pointer, reason))


def _unread_reason(root: Json, path: Path, unread: Mapping[str, str]) -> str:
    """Return why a reference in place of a map, such as that of all paths, cannot be followed."""
    if path[-1:] != ("$ref",):
        return ""
    target = get(root, path)
    return unread.get(target, "") if isinstance(target, str) else ""


def _order(path: Path) -> list[tuple[int, str]]:
    return [(int(step), "") if step.isdecimal() else (-1, step) for step in path]


def _remove(root: Json, path: Path) -> Path | None:
    """Remove the value at a path, or the object that lacks it.

    Returns the path of what was removed; None if it is gone already.
    """
    while path:
        try:
            holder = get(root, path[:-1])
        except LookupError:
            return None
        if isinstance(holder, dict):
            if path[-1] in holder:
                del holder[path[-1]]
                return path
            path = path[:-1]  # a required word is missing, so that the object goes
        elif isinstance(holder, list) and int(path[-1]) < len(holder):
            del holder[int(path[-1])]
            return path
        else:
            return None
    return None


def _remove_broken_references(root: Json, unread: Mapping[str, str], warn: Report) -> None:
    """Remove references to nothing and in circles: schemas then accept anything, others go."""
    while broken := [*_broken_references(root, unread)]:
        # From the end, so that the places of other entries of an array stay.
        for path, reason in reversed(broken):
            warn(_left_out(format_pointer((*path, "$ref")), reason))
            del get(root, path)["$ref"]
            if path[-1:] == ("requestBody",) or path[-2:-1] in _WHOLE:
                _remove(root, path)


def _broken_references(root: Json, unread: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield the paths of references that lead to nothing, and why."""
    valid = set[str]()
    for path, data in objects_in(root):
        target = data.get("$ref")
        if isinstance(target, str):
            reason = _reference_problem(root, target, unread, valid)
            if reason:
                yield path, reason


def _reference_problem(root: Json, target: str, unread: Mapping[str, str], valid: set[str]) -> str:
    """Return what is wrong with a reference; "" if it leads to something.

    Args:
        root: The document.
        target: The target of the reference.
        unread: The references that cannot be followed to other files, and why.
        valid: The targets that are known to lead to something; more are added.
    """
    seen = set[str]()
    while target not in valid:
        if target in unread or not target.startswith("#"):
            return unread.get(target, f"{target} is another document")
        if target in seen:
            return f"{target} refers to itself"
        seen.add(target)
        path = parse_pointer(pointer_of(target))
        near = missing_step(root, path)
        if near is not None:
            return f"{target} does not exist{near}"
        data = get(root, path)
        if not isinstance(data, dict) or not isinstance(data.get("$ref"), str):
            break
        target = data["$ref"]
    valid |= seen
    return ""


def _remove_circles(root: Json, warn: Report) -> None:
    """Remove the combinations of schemas that contain themselves for the same value."""
    references = {d["$ref"] for _, d in objects_in(root) if isinstance(d.get("$ref"), str)}
    for pointer in [*circular_pointers(root, references)]:
        schema = get(root, parse_pointer(pointer))
        for keyword in [word for word in _COMBINING if word in schema]:
            warn(_left_out(f"{pointer}/{keyword}", "refers to itself"))
            del schema[keyword]


def _remove_patterns(root: Json, warn: Report) -> None:
    """Remove the patterns that no validator can be compiled from."""
    for path, data in [*objects_in(root)]:
        pattern = data.get("pattern")
        if isinstance(pattern, str) and not _compiles(pattern):
            warn(_left_out(format_pointer((*path, "pattern")), _NO_PATTERN))
            del data["pattern"]
        for name in _bad_names(data.get("patternProperties")):
            place = format_pointer((*path, "patternProperties", name))
            warn(_left_out(place, _NO_PATTERN))
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


_NO_PATTERN = "is too large, or not a regular expression that can be compiled"
# The maps and lists whose entries are left out with their broken reference.
_WHOLE = [
    (word,)
    for word in (
        "callbacks",
        "examples",
        "headers",
        "links",
        "parameters",
        "pathItems",
        "requestBodies",
        "responses",
    )
]
_COMBINING = ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_SHAPE = FilePath(__file__).with_name("openapi.schema.json")
