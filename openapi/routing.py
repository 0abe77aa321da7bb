"""Which operation a method and a path mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

from .operation import Operation

Methods = dict[str, Operation]


class Match(NamedTuple):
    """The operation that a request means, and what its path says."""

    operation: Operation
    path_parameters: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A request that means no operation. `allowed` are the methods of the path; none: there is no
    such path.
    """

    allowed: tuple[str, ...] = ()


Matcher = Callable[[str, str], Match | Mismatch]


class Router:
    """The paths of a document. A path without parameters wins over one with."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._exact: dict[str, Methods] = {}
        templates: dict[str, Methods] = {}
        for operation in operations:
            paths = templates if "{" in operation.path else self._exact
            paths.setdefault(operation.path, {})[operation.method] = operation
        self._templates = [(*_pattern(path), methods) for path, methods in templates.items()]
        # Who polls a job asks for the same path again and again.
        self.match: Matcher = lru_cache(maxsize=_REMEMBERED)(self._match)

    def _match(self, method: str, path: str) -> Match | Mismatch:
        """The operation of a method, in upper case, and a path below the base path, still
        percent-encoded.
        """
        if path in self._exact:
            return _of_method(self._exact[path], method, {})
        for pattern, names, methods in self._templates:
            found = pattern.fullmatch(path)
            if found:
                values = map(unquote, found.groups())
                return _of_method(methods, method, dict(zip(names, values, strict=True)))
        return Mismatch()


def _of_method(methods: Methods, method: str, parameters: Mapping[str, str]) -> Match | Mismatch:
    operation = methods.get(method)
    return Match(operation, parameters) if operation else Mismatch(tuple(methods))


def _pattern(template: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """What the paths of a template look like, and the names of its parameters: a step of each."""
    steps = template.split("/")
    names = tuple(step[1:-1] for step in steps if step[:1] == "{")
    pattern = "/".join("([^/]+)" if step[:1] == "{" else re.escape(step) for step in steps)
    return re.compile(pattern), names


_REMEMBERED = 256
