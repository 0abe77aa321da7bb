"""The operation that comes closest to a request without an operation, and the first difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
    """Return the operation nearest to a method (in upper case) and a path with its base path.

    An operation whose path fits comes first, whatever the method, unless the base path is wrong.
    Then come the operations with the same method, and of these the one with the most similar path.
    """
    operations = [*operations]
    base, steps = _split(base_path), _split(path[:_MAX_COMPARED])
    end = _end_of_base_path(steps, base, {_split(each.path)[0] for each in operations})
    prefix, rest = steps[:end], steps[end:]

    def closeness(operation: Operation) -> tuple[bool, bool, float]:
        same_method = operation.method == ("GET" if method == "HEAD" else method)
        similarity = _similarity(_split(operation.path), rest)
        return similarity == 1 and (same_method or prefix == base), same_method, similarity

    nearest = max(operations, key=closeness)
    difference = (
        _base_path_difference(prefix, rest, base, _split(nearest.path))
        or _first_difference(_split(nearest.path), rest)
        or (f"the method is {method}" if nearest.method != method else "")
        or f"the path is longer than {_MAX_COMPARED} characters"
    )
    return NearMiss(nearest, f"{base_path}{nearest.path}", difference)


def _split(path: str) -> list[str]:
    return path.split("/")[1:]


def _join(steps: Iterable[str]) -> str:
    return "".join(f"/{step}" for step in steps)


def _end_of_base_path(steps: list[str], base: list[str], first_steps: Collection[str]) -> int:
    """Return how many steps of a path stand for the base path, which may be wrong or missing.

    Args:
        steps: the steps of the path.
        base: the steps of the base path.
        first_steps: the first steps of the paths of all operations.
    """
    for index, step in enumerate(steps):
        if step in first_steps:
            return index
    for index in range(len(steps) if base else 0):
        if _starts_at(steps, index, base):
            return _end_of_repetitions(steps, index, base)
    begin = steps[: len(base)]
    without_base = max(
        (_ratio(first, step) for first in first_steps for step in steps[:1]), default=0
    )
    return len(begin) if _ratio(_join(base), _join(begin)) >= without_base else 0


def _end_of_repetitions(steps: list[str], index: int, base: list[str]) -> int:
    """Return the index after this base path, its repetitions and empty steps."""
    while _starts_at(steps, index, base) or (index < len(steps) - 1 and steps[index] == ""):
        index += len(base) if steps[index] else 1
    return index


def _starts_at(steps: list[str], index: int, base: list[str]) -> bool:
    return steps[index : index + len(base)] == base


def _similarity(template: list[str], steps: list[str]) -> float:
    """Return how much of a path matches a template, from 0 to 1."""
    matching = sum(map(_step_similarity, template, steps))
    # The base path counts as one step that matches, so that the shortest of unlike paths is best.
    return (1 + matching) / (1 + max(len(template), len(steps)))


def _step_similarity(expected: str, step: str) -> float:
    if is_parameter(expected):
        return 1.0 if step else 0.0
    return _ratio(expected, step)


def _ratio(expected: str, text: str) -> float:
    return SequenceMatcher(None, expected, text).ratio()


def _base_path_difference(
    prefix: list[str], rest: list[str], base: list[str], template: list[str]
) -> str:
    """Return the fault of the base URL in words, "" if there is none.

    Args:
        prefix: the steps that stand for the base path.
        rest: the steps after them.
        base: the steps of the base path.
        template: the steps of the path of the nearest operation.
    """
    if prefix == base:
        return ""
    steps, base_path = [step for step in prefix if step], _join(base)
    if steps == base:
        return "the path has // where / is expected: remove a slash from the base URL"
    if not steps:
        return f"the path lacks {base_path}: add it to the base URL"
    if base and steps == base * (len(steps) // len(base)):
        return f"the path repeats {base_path}: remove it from the base URL"
    if steps[len(steps) - len(base) :] == base:
        extra, where = steps[: len(steps) - len(base)], f"before {base_path or _join(rest[:1])}"
    elif steps[: len(base)] == base:
        extra, where = steps[len(base) :], f"after {base_path}"
    else:
        advice = ": correct the base URL" if rest[:1] == template[:1] else ""
        return f"the path has {_shown(_join(steps))} where {base_path} is expected{advice}"
    return f"the path has {_shown(_join(extra))} {where}: remove it from the base URL"


def _first_difference(template: list[str], steps: list[str]) -> str:
    """Return the first difference between the two in words, "" if there is none."""
    for expected, step in zip_longest(template, steps):
        if expected is None:
            return f"the path continues with /{_shown(step)}"
        if step is None:
            return f"the path ends where /{expected} is expected"
        if expected != step and not (is_parameter(expected) and step):
            return f"the path has /{_shown(step)} where /{expected} is expected"
    return ""


def _shown(text: str) -> str:
    return text[:_MAX_SHOWN]


# Comparing the characters of a very long path would take too long.
_MAX_COMPARED = 500
_MAX_SHOWN = 60
