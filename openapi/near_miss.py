"""The operation that a request which means none comes closest to, and where the two part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from .operation import Operation


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An operation with its whole path, and the first difference in words."""

    operation: Operation
    path: str
    difference: str

    def __str__(self) -> str:
        return f"{self.operation.method} {self.path} ({self.operation.id}): {self.difference}"


def nearest(operations: Iterable[Operation], method: str, path: str, *, base_path: str) -> NearMiss:
    """The nearest of some operations to a method (in upper case) and a path from the root."""
    steps, base = path[:_READ].split("/")[1:], base_path.split("/")[1:]

    def closeness(operation: Operation) -> tuple[float, bool]:
        template = operation.path.split("/")[1:]
        lacks_base = bool(base) and _fits(template, steps)
        return lacks_base or _alike([*base, *template], steps), operation.method == method

    found = max(operations, key=closeness)
    template = found.path.split("/")[1:]
    if base and _fits(template, steps):
        difference = f"the path lacks {base_path}"
    elif found.method != method or not _fits([*base, *template], steps):
        difference = _difference(method, [*base, *template], steps)
    else:
        difference = f"the path is longer than {_READ} characters"
    return NearMiss(found, f"{base_path}{found.path}", difference)


def _alike(template: list[str], steps: list[str]) -> float:
    """How much of a path is as in a template, from 0 to 1."""
    pairs = [*zip_longest(template, steps, fillvalue="")]
    return sum(_likeness(*pair) for pair in pairs) / len(pairs)


def _fits(template: list[str], steps: list[str]) -> bool:
    return len(template) == len(steps) and _alike(template, steps) == 1


def _likeness(wanted: str, step: str) -> float:
    if wanted[:1] == "{":
        return 1.0 if step else 0.0
    return SequenceMatcher(None, wanted, step).ratio()


def _difference(method: str, template: list[str], steps: list[str]) -> str:
    for wanted, step in zip_longest(template, steps):
        if wanted is None:
            return f"the path goes on with /{step[:_SHOWN]}"
        if step is None:
            return f"the path ends where /{wanted} is expected"
        if wanted != step and not (wanted[:1] == "{" and step):
            return f"the path has /{step[:_SHOWN]} where /{wanted} is expected"
    return f"the method is {method}"


# A path of a megabyte is not worth a comparison, nor a message.
_READ = 500
_SHOWN = 60
