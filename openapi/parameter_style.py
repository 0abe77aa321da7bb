"""Styles of parameters and of fields in forms: how a value becomes text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from .json import Json

Pairs = list[tuple[str, str]]


class ParameterStyle(NamedTuple):
    """The style of a parameter, or of a field of a form.

    name: "form", "simple", "label", "matrix", "spaceDelimited", "pipeDelimited" or "deepObject"
    explode: True if each entry of an array or an object is written on its own
    is_json: True if the value is written as JSON
    prefix: the text before the value in a path, such as ";color="
    separator: the text between the entries of an array or an object; None if each has its own pair
    """

    name: str
    explode: bool
    is_json: bool = False
    prefix: str = ""
    separator: str | None = None

    def text(self, value: Json) -> str:
        """Return a value as one text, without the prefix."""
        if self.is_json:
            return orjson.dumps(value).decode()
        separator = self.separator or ","
        if isinstance(value, dict):
            between = "=" if self.explode else separator
            return separator.join(f"{k}{between}{scalar_text(v)}" for k, v in _present(value))
        if isinstance(value, list):
            return separator.join(map(scalar_text, value))
        return scalar_text(value)

    def pairs(self, name: str, value: Json) -> Pairs:
        """Return a value as pairs of a query, of a cookie, or of a URL-encoded form."""
        if self.name == "deepObject" and isinstance(value, dict):
            return [*_deep_pairs(name, value)]
        if self.separator is None and not self.is_json:
            if isinstance(value, list):
                return [(name, scalar_text(entry)) for entry in value]
            if isinstance(value, dict):
                return [(key, scalar_text(entry)) for key, entry in _present(value)]
        return [(name, self.text(value))]


def compile_style(data: Json, place: str, *, is_object: bool = False) -> ParameterStyle:
    """Return the style of a parameter, or of the encoding of a field.

    Args:
        data: The parameter as the document has it.
        place: The place of the parameter, such as "path"; "form" for a field of a form.
        is_object: True if its value is an object.
    """
    style = data.get("style", "simple" if place in ("path", "header") else "form")
    explode = data.get("explode", style == "form")
    prefix, separator = "", _SEPARATORS.get(style, ",")
    if style == "label":
        prefix, separator = ".", "." if explode else ","
    elif style == "matrix":
        prefix = ";" if explode and is_object else f";{data.get('name', '')}="
        separator = prefix if explode else ","
    elif style in ("form", "deepObject") and explode:
        return ParameterStyle(style, explode)
    return ParameterStyle(style, explode, prefix=prefix, separator=separator)


def scalar_text(value: Json) -> str:
    """Return a value that is not an array or an object as text; others as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _present(value: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    return ((key, entry) for key, entry in value.items() if entry is not None)


def _deep_pairs(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, entry in _present(value):
            yield from _deep_pairs(f"{name}[{key}]", entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _deep_pairs(f"{name}[]", entry)
    else:
        yield name, scalar_text(value)


JSON_STYLE = ParameterStyle("content", explode=False, is_json=True, separator=",")
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
