"""The routing of requests to operations, by method and path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from .operation import Operation
from .path_template import PathTemplate

OperationsByMethod = dict[str, Operation]


class OperationMatch(NamedTuple):
    """The operation of a request, and the decoded parameters of its path by name."""

    operation: Operation
    path_parameters: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The result for a request without an operation.

    allowed_methods: the methods of the path in upper case; empty if the path is unknown
    """

    allowed_methods: tuple[str, ...] = ()


MatchFunction = Callable[[str, str], OperationMatch | NoMatch]


class Router:
    """The paths of a document. Paths with fewer parameters come first."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._literal: dict[str, OperationsByMethod] = {}
        templates: dict[PathTemplate, OperationsByMethod] = {}
        for operation in operations:
            if operation.template.parameters:
                methods = templates.setdefault(operation.template, {})
            else:
                methods = self._literal.setdefault(operation.path, {})
            methods[operation.method] = operation
        self._templates = sorted(templates.items(), key=lambda item: len(item[0].parameters))
        # A client that polls a job requests the same path again and again.
        self.match: MatchFunction = lru_cache(maxsize=_CACHED_PATHS)(self._match)

    def _match(self, method: str, path: str) -> OperationMatch | NoMatch:
        """Match a method, in upper case, and a percent-encoded path below the base path."""
        if path in self._literal:
            return _select(self._literal[path], method, {})
        for template, methods in self._templates:
            parameters = template.match(path)
            if parameters is not None:
                return _select(methods, method, parameters)
        return NoMatch()


def _select(
    methods: OperationsByMethod, method: str, parameters: Mapping[str, str]
) -> OperationMatch | NoMatch:
    operation = methods.get(method)
    return OperationMatch(operation, parameters) if operation else NoMatch(tuple(methods))


_CACHED_PATHS = 256
