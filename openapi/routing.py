"""Which operation a method and a path mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from .operation import Operation

Methods = dict[str, Operation]


@dataclass(frozen=True, slots=True)
class Match:
    """The operation that a request means, and what its path says."""

    operation: Operation
    path_parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A request that means no operation. `allowed` are the methods of the path; none: there is no
    such path.
    """

    allowed: tuple[str, ...] = ()


class Router:
    """The paths of a document. A path without parameters wins over one with."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._exact: dict[str, Methods] = {}
        self._templates: dict[tuple[str, ...], Methods] = {}
        for operation in operations:
            if "{" in operation.path:
                methods = self._templates.setdefault(tuple(operation.path.split("/")), {})
            else:
                methods = self._exact.setdefault(operation.path, {})
            methods[operation.method] = operation

    def match(self, method: str, path: str) -> Match | Mismatch:
        """The operation of a method, in upper case, and a path below the base path, still
        percent-encoded.
        """
        if path in self._exact:
            return _of_method(self._exact[path], method, {})
        steps = path.split("/")
        for template, methods in self._templates.items():
            parameters = _parameters(template, steps)
            if parameters is not None:
                return _of_method(methods, method, parameters)
        return Mismatch()


def _of_method(methods: Methods, method: str, parameters: Mapping[str, str]) -> Match | Mismatch:
    operation = methods.get(method)
    return Match(operation, parameters) if operation else Mismatch(tuple(methods))


def _parameters(template: tuple[str, ...], steps: list[str]) -> dict[str, str] | None:
    """The values of the path parameters; None if the path is not of this template."""
    if len(template) != len(steps):
        return None
    parameters = {}
    for wanted, step in zip(template, steps, strict=True):
        if wanted[:1] == "{" and step:
            parameters[wanted[1:-1]] = unquote(step)
        elif wanted != step:
            return None
    return parameters
