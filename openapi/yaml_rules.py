"""Rules for YAML that is read as JSON: what YAML allows, but JSON does not."""

from __future__ import annotations

from math import isfinite

import yaml
from yaml.reader import ReaderError

from .errors import Problem
from .pointer import Path, format_pointer

# The characters that all aliases of a document together may copy. Each alias can copy others, so a
# few lines could fill the memory.
MAX_COPIED_CHARACTERS = 1_000_000


def yaml_problems(root: yaml.Node, loader: yaml.SafeLoader) -> list[Problem]:
    """Return the duplicate keys, the numbers that are not JSON, and aliases that copy too much.

    Raises ValueError if an alias contains itself, ValueError or LookupError for malformed numbers.
    """
    rules = _YamlRules(loader)
    rules.check(root, ())
    return rules.problems


def syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    """Return the problem of a text that is neither YAML nor JSON, with its line."""
    line: int | None
    if text.lstrip().startswith(("<!", "<?", "<html")):
        line, reason = 1, "it begins as HTML and XML do"
    elif isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        reason = f"the character U+{error.character:04X} is not allowed"
    elif isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line = error.problem_mark.line + 1
        reason = _syntax_reason(error, text.splitlines()[line - 1 :][:1])
    else:
        line, reason = None, str(error)
    if "nesting depth" in reason:
        return Problem("", "is nested too deeply", line)
    return Problem("", f"is neither YAML nor JSON: {reason}", line)


def _syntax_reason(error: yaml.MarkedYAMLError, lines: list[str]) -> str:
    mark, reason = error.problem_mark, error.problem or ""
    if mark and any(line[mark.column :].startswith("\t") for line in lines):
        return "a tab is not allowed here; YAML is indented with spaces"
    if reason.startswith("but "):
        return f"{error.context}, {reason}"
    return reason


def is_64_bit(number: int) -> bool:
    """Return True for a number that fits into 64 bits, with or without a sign."""
    return -(2**63) <= number < 2**64


class _YamlRules:
    """A walk over nodes, which visits the target of many aliases once."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.problems: list[Problem] = []
        self._loader, self._copied = loader, 0
        # The characters of nodes with all copies in them, by id; None while a node is walked over.
        self._sizes: dict[int, int | None] = {}

    def check(self, node: yaml.Node, path: Path) -> int:
        """Check a node and all below it, and return its characters with all copies in it."""
        if id(node) in self._sizes:
            return self._check_alias(self._sizes[id(node)], path)
        self._sizes[id(node)] = None
        size = 1
        if isinstance(node, yaml.ScalarNode):
            self._check_number(node, path)
            size += len(node.value)
        elif isinstance(node, yaml.SequenceNode):
            for index, below in enumerate(node.value):
                size += self.check(below, (*path, str(index)))
        elif isinstance(node, yaml.MappingNode):
            size += self._check_mapping(node, path)
        self._sizes[id(node)] = size
        return size

    def _check_alias(self, size: int | None, path: Path) -> int:
        if size is None:
            raise ValueError("an alias contains itself")
        before, self._copied = self._copied, self._copied + size
        if before <= MAX_COPIED_CHARACTERS < self._copied:
            reason = f"aliases may copy {MAX_COPIED_CHARACTERS:,} characters, not {self._copied:,}"
            self.problems.append(Problem(format_pointer(path), reason))
        return size

    def _check_mapping(self, node: yaml.MappingNode, path: Path) -> int:
        size, names = 0, set[str]()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            place = (*path, name)
            if isinstance(key, yaml.ScalarNode) and name in names:
                line = key.start_mark.line + 1
                self.problems.append(Problem(format_pointer(place), "is a duplicate key", line))
            names.add(name)
            size += self.check(key, place) + self.check(value, place)
        return size

    def _check_number(self, node: yaml.ScalarNode, path: Path) -> None:
        reason = ""
        if node.tag.endswith(":float") and not isfinite(self._loader.construct_yaml_float(node)):
            reason = f"{node.value} is not a JSON number"
        if reason:
            self.problems.append(Problem(format_pointer(path), reason))
