"""The operation that comes closest to a request without an operation, and the first difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from .operation import Operation
from .path_template import is_parameter


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The operation that comes closest to a request.

    path: the path of the operation with the base path
    difference: the first difference between the two, in words
    """

    operation: Operation
    path: str
    difference: str

    def __str__(self) -> str:
        return f"{self.operation.method} {self.path} ({self.operation.id}): {self.difference}"


def find_nearest(
    operations: Iterable[Operation], method: str, path: str, *, base_path: str
) -> NearMiss:
    """Return the operation nearest to a method (in upper case) and a path with its base path."""
    steps, base = path[:_MAX_COMPARED].split("/")[1:], base_path.split("/")[1:]

    def similarity(operation: Operation) -> tuple[float, bool]:
        template = operation.path.split("/")[1:]
        lacks_base = bool(base) and _matches(template, steps)
        return lacks_base or _similarity([*base, *template], steps), operation.method == method

    nearest = max(operations, key=similarity)
    template = nearest.path.split("/")[1:]
    if base and _matches(template, steps):
        difference = f"the path lacks {base_path}"
    elif nearest.method != method or not _matches([*base, *template], steps):
        difference = _first_difference(method, [*base, *template], steps)
    else:
        difference = f"the path is longer than {_MAX_COMPARED} characters"
    return NearMiss(nearest, f"{base_path}{nearest.path}", difference)


def _similarity(template: list[str], steps: list[str]) -> float:
    """Return how much of a path matches a template, from 0 to 1."""
    pairs = [*zip_longest(template, steps, fillvalue="")]
    return sum(_step_similarity(*pair) for pair in pairs) / len(pairs)


def _matches(template: list[str], steps: list[str]) -> bool:
    return len(template) == len(steps) and _similarity(template, steps) == 1


def _step_similarity(expected: str, step: str) -> float:
    if is_parameter(expected):
        return 1.0 if step else 0.0
    return SequenceMatcher(None, expected, step).ratio()


def _first_difference(method: str, template: list[str], steps: list[str]) -> str:
    for expected, step in zip_longest(template, steps):
        if expected is None:
            return f"the path continues with /{step[:_MAX_SHOWN]}"
        if step is None:
            return f"the path ends where /{expected} is expected"
        if expected != step and not (is_parameter(expected) and step):
            return f"the path has /{step[:_MAX_SHOWN]} where /{expected} is expected"
    return f"the method is {method}"


# Comparing the characters of a very long path would take too long.
_MAX_COMPARED = 500
_MAX_SHOWN = 60
