"""Documents as text and data, YAML or JSON, with line numbers for error messages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path as FilePath

import orjson
import yaml

from .errors import DocumentError, Problem
from .json import Json
from .pointer import Path, format_pointer, parse_pointer

BUNDLED = "aisa-videos.yaml"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Source:
    """A document as text and as data.

    name: its name in error messages, usually its path
    text: the YAML or JSON text
    data: the content as JSON
    """

    name: str
    text: str
    data: Json

    def error(self, *problems: Problem) -> DocumentError:
        """Return an error with these problems, sorted by line."""
        root = _parse_nodes(self.text)
        placed = [
            Problem(p.pointer, p.reason, _line_of(root, parse_pointer(p.pointer))) for p in problems
        ]
        return DocumentError(
            self.name, tuple(sorted(placed, key=lambda p: (p.line or 0, p.pointer)))
        )


def read_resource(name: str) -> str:
    """Return the text of a file in this folder."""
    return FilePath(__file__).with_name(name).read_text(encoding="utf-8")


def read_source(path: str | FilePath | None) -> Source:
    """Read a file, or the bundled document if there is no path.

    Raises DocumentError if the file is unreadable or neither YAML nor JSON.
    """
    if path is None:
        return parse_source(read_resource(BUNDLED), name=BUNDLED)
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(str(path), (Problem("", f"cannot be read: {reason}"),)) from error
    return parse_source(text, name=str(path))


def parse_source(text: str, *, name: str) -> Source:
    """Parse a text; raises DocumentError if it is neither YAML nor JSON or has duplicate keys."""
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        problems = [] if root is None else _yaml_problems(root, (), set())
        if problems:
            raise DocumentError(name, tuple(problems))
        data = None if root is None else loader.construct_document(root)
        # As JSON, keys are strings and dates are text, whatever types YAML gives them.
        data = orjson.loads(orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS))
    except yaml.YAMLError as error:
        raise DocumentError(name, (_syntax_problem(error),)) from error
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(name, (Problem("", f"is not JSON data: {error}"),)) from error
    return Source(name, text, data)


def _syntax_problem(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    return Problem("", f"is neither YAML nor JSON: {reason}", mark.line + 1 if mark else None)


def _parse_nodes(text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = _Loader(text).get_single_node()
    except yaml.YAMLError:
        return None
    return node


def _line_of(node: yaml.Node | None, path: Path) -> int | None:
    """Return the line of the longest part of the path that exists in the text."""
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    if not path:
        return line
    step, rest = path[0], path[1:]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return _line_of(value, rest) if rest else int(key.start_mark.line + 1)
    elif isinstance(node, yaml.SequenceNode) and step.isdecimal() and int(step) < len(node.value):
        return _line_of(node.value[int(step)], rest)
    return line


def _yaml_problems(node: yaml.Node, path: Path, visited: set[int]) -> list[Problem]:
    """Return what YAML allows but JSON does not: duplicate keys, and some numbers.

    `visited` holds the ids of nodes, so that the target of many aliases is checked once.
    """
    if id(node) in visited:
        return []
    visited.add(id(node))
    problems: list[Problem] = []
    if isinstance(node, yaml.SequenceNode):
        for index, below in enumerate(node.value):
            problems += _yaml_problems(below, (*path, str(index)), visited)
    elif isinstance(node, yaml.ScalarNode):
        if node.tag.endswith(":float") and node.value.lower().lstrip("+-") in (".inf", ".nan"):
            problems.append(Problem(format_pointer(path), f"{node.value} is not a JSON number"))
        elif node.tag.endswith(":int") and len(node.value) > _MAX_DIGITS:
            problems.append(Problem(format_pointer(path), "must be a number of at most 64 bits"))
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            place = (*path, str(key.value))
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                line = key.start_mark.line + 1
                problems.append(Problem(format_pointer(place), "is a duplicate key", line))
            names.add(str(key.value))
            problems += _yaml_problems(value, place, visited)
    return problems


# Every integer of up to 19 digits fits into 64 bits.
_MAX_DIGITS = 19
