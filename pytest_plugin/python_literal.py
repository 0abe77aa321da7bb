"""Values as they are written in a Python program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import FunctionType

WIDTH = 76
FOUR = 4 * " "


def literal(value: object, indent: str = FOUR) -> str:
    """Return a value as a formatter writes it, in lines of their own where it is long.

    Args:
        value: JSON, a tuple, a class or a function; anything else is written as its `repr`.
        indent: The indent of the line in which it begins.
    """
    if isinstance(value, type | FunctionType):
        return value.__name__
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, Mapping):
        items = [f"{literal(name)}: {literal(each, indent + FOUR)}" for name, each in value.items()]
        return _joined("{", items, "}", indent)
    if isinstance(value, list):
        return _joined("[", [literal(each, indent + FOUR) for each in value], "]", indent)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def arguments(words: Mapping[str, object]) -> str:
    """Return keyword arguments in brackets, each in a line of its own if they are long."""
    items = [f"{name}={literal(value)}" for name, value in words.items()]
    return _joined("(", items, ")", "")


def _joined(start: str, items: list[str], end: str, indent: str) -> str:
    line = f"{start}{', '.join(items)}{end}"
    if len(indent) + len(line) <= WIDTH and "\n" not in line:
        return line
    lines = "".join(f"{indent}{FOUR}{item},\n" for item in items)
    return f"{start}\n{lines}{indent}{end}"
