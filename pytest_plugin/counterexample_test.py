"""A test that fails alone, for one finding of an exploration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count

import pytest

from ..contracts.explorer.oracle import Finding
from ..openapi.json import Json
from .explore_options import ExploreOptions

WIDTH = 76
FOUR = 4 * " "


def counterexample_test(item: pytest.Function, finding: Finding, *, taken: set[str]) -> str:
    """Return a test that tries the behaviour of a finding alone, to be pasted below its test.

    Args:
        item: The explored test.
        finding: What goes wrong.
        taken: The names of other tests, to which that of this one is added.
    """
    marker = item.get_closest_marker("video_explore")
    assert marker is not None
    words = {**marker.kwargs, "behaviour": finding.run.behaviour.to_json()}
    arguments = [f"    {name}={literal(value)}," for name, value in _kept(words)]
    names = ", ".join(_parameters(item))
    return "\n".join(
        [
            "@pytest.mark.video_explore(",
            *arguments,
            ")",
            f"def {_new_name(item, finding, taken)}({names}):",
            f"    {item.originalname}({names})",
        ]
    )


def _new_name(item: pytest.Function, finding: Finding, taken: set[str]) -> str:
    """Return a name such as `test_clip_paid_again`."""
    kind = re.sub(r"\W+", "_", finding.kind.partition(" at ")[0]).strip("_").lower()
    name = f"{item.originalname}_{kind}"
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    new = next(name for name in names if name not in taken)
    taken.add(new)
    return new


def _kept(words: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield the options that one behaviour needs."""
    needed = ("raises", "max_seconds", "behaviour")
    assert {*needed} <= {*ExploreOptions.__dataclass_fields__}
    return ((name, words[name]) for name in needed if name in words)


def _parameters(item: pytest.Function) -> list[str]:
    """Return the names of the arguments of the test function."""
    return [*item._fixtureinfo.argnames]  # pyright: ignore[reportPrivateUsage]


def literal(value: object, indent: str = "    ") -> str:
    """Return a value as a formatter writes it in a program, with two levels in lines of their own.

    Args:
        value: An exception class, a tuple of them, or JSON.
        indent: The indent of the line in which it begins.
    """
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))},)"
    if isinstance(value, Mapping):
        items = [f"{literal(name)}: {literal(each, indent + FOUR)}" for name, each in value.items()]
        return _joined("{", items, "}", indent)
    if isinstance(value, list):
        return _joined("[", [literal(each, indent + FOUR) for each in value], "]", indent)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _joined(start: str, items: list[str], end: str, indent: str) -> str:
    line = f"{start}{', '.join(items)}{end}"
    if len(indent) + len(line) <= WIDTH:
        return line
    lines = "".join(f"{indent}{FOUR}{item},\n" for item in items)
    return f"{start}\n{lines}{indent}{end}"
