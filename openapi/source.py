"""Documents as text and data, YAML or JSON, with line numbers for error messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

import orjson
import yaml

from .decoding import decode_text
from .errors import DocumentError, Problem
from .json import Json
from .pointer import Path, parse_pointer
from .text import did_you_mean
from .yaml_loader import YamlLoader
from .yaml_rules import is_64_bit, syntax_problem, yaml_problems

BUNDLED = "aisa-videos"
"""The name of the bundled document that is the default."""
OVERLAYS = "overlays"
"""The folder of the bundled overlays."""


@dataclass(frozen=True, slots=True)
class Origin:
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
        lines = _Lines()
        placed = [self._place(problem, lines) for problem in problems]
        ordered = sorted(placed, key=lambda p: (p.file, p.line or 0, p.pointer))
        return DocumentError(self.name, tuple(ordered), warnings)

    def _place(self, problem: Problem, lines: _Lines) -> Problem:
        """Return a problem with its line, and with its file unless that is the document."""
        path = parse_pointer(problem.pointer)
        origin = next(
            (o for o in reversed(self.origins) if path[: len(o.path)] == o.path and o.path), None
        )
        if origin is None:
            return replace(problem, line=lines.of(self.text, path))
        place = (*origin.place, *path[len(origin.path) :])
        return replace(problem, line=lines.of(origin.source.text, place), file=origin.source.name)


class _Lines:
    """The lines of places in texts; each text is parsed once."""

    def __init__(self) -> None:
        self._roots: dict[str, yaml.Node | None] = {}

    def of(self, text: str, path: Path) -> int | None:
        """Return the line of a path in a text, from 1; None if it is unknown."""
        if text not in self._roots:
            self._roots[text] = _parse_nodes(text)
        return _line_of(self._roots[text], path)


def read_resource(name: str) -> str:
    """Return the text of a file in this folder."""
    return (FilePath(__file__).parent / name).read_text(encoding="utf-8")


def bundled_documents() -> tuple[str, ...]:
    """Return the names of the bundled documents, sorted."""
    return _names_in(FilePath(__file__).parent)


def bundled_overlays() -> tuple[str, ...]:
    """Return the names of the bundled overlays, which are those of the documents to change."""
    return _names_in(FilePath(__file__).with_name(OVERLAYS))


def _names_in(folder: FilePath) -> tuple[str, ...]:
    return tuple(sorted(path.name.removesuffix(".yaml") for path in folder.glob("*.yaml")))


def read_bundled(name: str) -> Source:
    """Read a bundled document; `name` is one of `bundled_documents`."""
    return parse_source(read_resource(f"{name}.yaml"), name=name)


def read_source(path: str | FilePath | None) -> Source:
    """Read a file or a bundled document, by default the bundled document of the AIsa video API.

    A name of a bundled document stands for it; `./NAME` is a file with the same name.
    Raises DocumentError if the file is unreadable or neither YAML nor JSON.
    """
    if path is None:
        return read_bundled(BUNDLED)
    if isinstance(path, str) and path in bundled_documents():
        return read_bundled(path)
    return parse_source(read_file(path, names=bundled_documents()), name=str(path))


def read_overlay(path: str | FilePath) -> Source:
    """Read a file or a bundled overlay.

    A name of a bundled overlay stands for it; `./NAME` is a file with the same name.
    Raises DocumentError if the file is unreadable or neither YAML nor JSON.
    """
    if isinstance(path, str) and path in bundled_overlays():
        return parse_source(read_resource(f"{OVERLAYS}/{path}.yaml"), name=path)
    return parse_source(read_file(path, names=bundled_overlays()), name=str(path))


def read_file(path: str | FilePath, *, names: Iterable[str] = ()) -> str:
    """Return the text of a file in UTF-8; raises DocumentError if it cannot be read.

    `names` are those of bundled files, for the message about a file that does not exist.
    """
    try:
        return decode_text(FilePath(path).read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if isinstance(error, FileNotFoundError):
            reason += _suggest_file(FilePath(path), names)
        raise DocumentError(str(path), (Problem("", f"cannot be read: {reason}"),)) from error


def _suggest_file(path: FilePath, names: Iterable[str]) -> str:
    """Return a question with the most similar bundled name or file of the same folder, or ""."""
    try:
        files = sorted(each.name for each in path.parent.iterdir() if each.name.isprintable())
    except OSError:
        files = []
    known = names if path.parent == FilePath() else ()
    return did_you_mean(path.name, [*known, *files])


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
    loader = YamlLoader(_with_yaml_escapes(text))
    root = loader.get_single_node()
    if root is None:
        return None
    problems = yaml_problems(root, loader)
    if problems:
        raise DocumentError(name, tuple(problems))
    # As JSON, keys are strings and dates are text, whatever types YAML gives them.
    data = orjson.dumps(loader.construct_document(root), option=orjson.OPT_NON_STR_KEYS)
    return orjson.loads(data)


def _parse_nodes(text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = YamlLoader(_with_yaml_escapes(text)).get_single_node()
    except yaml.YAMLError:
        return None
    return node


def _with_yaml_escapes(text: str) -> str:
    """Return JSON with the escapes of YAML for characters that JSON escapes as two surrogates."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return _SURROGATES.sub(_escape_for_yaml, text)


def _escape_for_yaml(match: re.Match[str]) -> str:
    character: str = orjson.loads(f'"{match[2]}"')
    return f"{match[1]}\\U{ord(character):08x}"


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


# An even number of backslashes, and an escaped pair of surrogates.
_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
