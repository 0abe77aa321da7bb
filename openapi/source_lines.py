"""The lines of the places of a document in its text, for error messages."""

from __future__ import annotations

import yaml

from .pointer import Path
from .yaml_loader import YamlLoader


class Lines:
    """The lines of places in texts; each text is parsed once."""

    def __init__(self) -> None:
        self._roots: dict[str, yaml.Node | None] = {}

    def of(self, text: str, path: Path) -> int | None:
        """Return the line of a path in a text, from 1; None if it is unknown."""
        if text not in self._roots:
            self._roots[text] = _parse_nodes(text)
        return _line_of(self._roots[text], path)


def _parse_nodes(text: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = YamlLoader(text).get_single_node()
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
