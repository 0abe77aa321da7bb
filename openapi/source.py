"""Documents as text and data, YAML or JSON, with line numbers for error messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import orjson
import yaml

from .errors import DocumentError, Problem
from .json import Json
from .pointer import Path, parse_pointer
from .source_lines import Lines
from .yaml_loader import YamlLoader
from .yaml_rules import is_64_bit, syntax_problem, yaml_problems


class Origin(NamedTuple):
    """Where a part of a document was written, if not in the document itself.

    path: the path of the part in the document
    source: the file with the part, such as an overlay
    place: the path of the part in that file
    """

    path: Path
    source: Source
    place: Path


@dataclass(frozen=True, slots=True)
class Source:
    """A document as text and as data.

    name: its name in error messages, usually its path
    text: the YAML or JSON text
    data: the content as JSON
    origins: where parts were written that are not in the text, the latest last
    unread: the references that cannot be followed to other files, and why
    """

    name: str
    text: str
    data: Json
    origins: tuple[Origin, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def other_files(self) -> tuple[str, ...]:
        """The names of the other files that parts of the document are from, sorted."""
        return tuple(sorted({origin.source.name for origin in self.origins}))

    def error(self, *problems: Problem, warnings: tuple[Problem, ...] = ()) -> DocumentError:
        """Return an error with these problems, sorted by file and line, and with warnings."""
        lines = Lines()
        placed = [self._place(problem, lines) for problem in problems]
        ordered = sorted(placed, key=lambda p: (p.file, p.line or 0, p.pointer))
        return DocumentError(self.name, tuple(ordered), warnings)

    def _place(self, problem: Problem, lines: Lines) -> Problem:
        """Return a problem with its line, and with its file unless that is the document."""
        path = parse_pointer(problem.pointer)
        origin = next(
            (o for o in reversed(self.origins) if path[: len(o.path)] == o.path and o.path), None
        )
        if origin is None:
            return replace(problem, line=lines.of(self.text, path))
        place = (*origin.place, *path[len(origin.path) :])
        return replace(problem, line=lines.of(origin.source.text, place), file=origin.source.name)


def parse_source(text: str, *, name: str) -> Source:
    """Parse a text; raises DocumentError if it is neither YAML nor JSON or has duplicate keys.

    JSON is read as JSON: YAML 1.1 has other numbers and other escapes.
    """
    try:
        data = orjson.loads(text) if _is_json(text) else _parse_yaml(text, name)
    except yaml.YAMLError as error:
        raise DocumentError(name, (syntax_problem(error, text),)) from error
    except RecursionError as error:
        raise DocumentError(name, (Problem("", "is nested too deeply"),)) from error
    except orjson.JSONDecodeError as error:
        problem = Problem("", f"is not JSON: {error.msg}", error.lineno)
        raise DocumentError(name, (problem,)) from error
    except (LookupError, TypeError, ValueError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(name, (Problem("", f"is not JSON data: {error}"),)) from error
    return Source(name, text, data)


def _is_json(text: str) -> bool:
    """Return False also for JSON with problems that `yaml_problems` reports with their places."""
    try:
        json.loads(text, object_pairs_hook=_unique_keys, parse_int=_parse_integer)
    except (ValueError, RecursionError):
        return False
    return True


def _unique_keys(pairs: list[tuple[str, Json]]) -> Json:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("duplicate key")
    return data


def _parse_integer(text: str) -> int | float:
    number = int(text)
    return number if is_64_bit(number) else float(number)


def _parse_yaml(text: str, name: str) -> Json:
    loader = YamlLoader(text)
    root = loader.get_single_node()
    if root is None:
        return None
    problems = yaml_problems(root, loader)
    if problems:
        raise DocumentError(name, tuple(problems))
    # As JSON, keys are strings and dates are text, whatever types YAML gives them.
    data = orjson.dumps(loader.construct_document(root), option=orjson.OPT_NON_STR_KEYS)
    return orjson.loads(data)
