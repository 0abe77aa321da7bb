"""Rules for the structure of a document: supported keywords, extensions, and valid references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path as FilePath

import jsonschema_rs

from .errors import Problem
from .json import Json
from .pointer import Path, format_pointer, get, parse_pointer, pointer_of
from .references import missing_step
from .shape import shape_of


def structure_problems(root: Json) -> Iterator[Problem]:
    """Yield every violation of `supported.schema.json`, and every misspelled extension.

    Raises RecursionError if the document is nested too deeply.
    """
    yield from shape_of(_SUPPORTED, unknown="is not a supported keyword").problems(root)
    yield from _misspelled_extensions(root, ())


def reference_problems(root: Json) -> Iterator[Problem]:
    """Yield every reference to nothing, and every schema that refers to itself."""
    references = [*_references(root)]
    near = {
        target: missing_step(root, parse_pointer(pointer_of(target))) for _, target in references
    }
    dangling = [(path, target) for path, target in references if near[target] is not None]
    for path, target in dangling:
        yield Problem(format_pointer((*path, "$ref")), f"{target} does not exist{near[target]}")
    if dangling:
        return
    for pointer in circular_pointers(root, {*near}):
        yield Problem(pointer, "refers to itself")


def pattern_problems(root: Json) -> Iterator[Problem]:
    """Yield every pattern that is valid, but that no validator can be compiled from."""
    for path, data in _objects(root, ()):
        patterns = [((*path, "pattern"), data.get("pattern"))]
        if isinstance(data.get("patternProperties"), dict):
            patterns += [
                ((*path, "patternProperties", name), name) for name in data["patternProperties"]
            ]
        for place, pattern in patterns:
            if isinstance(pattern, str) and not _compiles(pattern):
                reason = "is too large, or not a regular expression that can be compiled"
                yield Problem(format_pointer(place), reason)


def _compiles(pattern: str) -> bool:
    try:
        jsonschema_rs.validator_for({"pattern": pattern})
    except ValueError:
        return False
    return True


def _objects(data: Json, path: Path) -> Iterator[tuple[Path, dict[str, Json]]]:
    """Yield every object after its place; examples and constants are data without schemas."""
    if isinstance(data, dict):
        yield path, data
        for key, below in data.items():
            if key not in _DATA_KEYWORDS or path[-1:] in (("properties",), ("schemas",)):
                yield from _objects(below, (*path, key))
    elif isinstance(data, list):
        for index, below in enumerate(data):
            yield from _objects(below, (*path, str(index)))


def _references(root: Json) -> Iterator[tuple[Path, str]]:
    for path, data in _objects(root, ()):
        if isinstance(data.get("$ref"), str):
            yield path, data["$ref"]


def circular_pointers(root: Json, references: Iterable[str]) -> Iterator[str]:
    """Yield every target of a reference whose references for the same data lead back to it.

    Args:
        root: The document.
        references: The targets, all of which exist.
    """
    targets = {
        pointer: {*_references_in_place(get(root, parse_pointer(pointer)))}
        for pointer in map(pointer_of, references)
    }
    while True:
        try:
            TopologicalSorter(targets).prepare()
        except CycleError as error:
            for pointer in set(error.args[1]):
                yield pointer
                del targets[pointer]
        else:
            return


def _references_in_place(data: Json) -> Iterator[str]:
    if not isinstance(data, dict):
        return
    if isinstance(data.get("$ref"), str):
        yield pointer_of(data["$ref"])
    for keyword in ("allOf", "anyOf", "oneOf"):
        for below in data.get(keyword, ()):
            yield from _references_in_place(below)
    for keyword in ("not", "if", "then", "else"):
        yield from _references_in_place(data.get(keyword))


def _misspelled_extensions(data: Json, path: Path) -> Iterator[Problem]:
    """Report extensions whose name is almost a supported one; all others are allowed."""
    if isinstance(data, dict):
        for key, below in data.items():
            yield from _misspelled(key, _EXTENSIONS, path)
            yield from _misspelled_extensions(below, (*path, key))
    elif isinstance(data, list):
        for index, below in enumerate(data):
            yield from _misspelled_extensions(below, (*path, str(index)))


def misspelled_words(root: Mapping[str, Json]) -> Iterator[Problem]:
    """Yield the keys at the root of a document that are almost those of the toolkit there."""
    for key in root:
        yield from _misspelled(key, [word for word in _ROOT_WORDS if word not in root], ())


def _misspelled(key: str, words: Iterable[str], path: Path) -> Iterator[Problem]:
    near = get_close_matches(key, words, n=1, cutoff=0.85) if key.startswith("x-") else []
    if near and key not in _EXTENSIONS:
        reason = f"is not an extension; did you mean {near[0]}?"
        yield Problem(format_pointer((*path, key)), reason)


_SUPPORTED = FilePath(__file__).with_name("supported.schema.json")
_ROOT_WORDS = ("x-errors", "x-jobs", "x-limits")
_EXTENSIONS = ("x-cause", "x-provenance", *_ROOT_WORDS)
_DATA_KEYWORDS = ("const", "default", "enum", "example", "value")
