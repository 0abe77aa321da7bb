"""Values that requests write as text, in the types of the document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import orjson

from .json import Json, parse_json
from .keywords import as_object, types_of, value_from_text
from .operation import Parameter
from .pointer import Path

Entry = tuple[Path, str]
"""The steps in brackets behind a name, "" for an empty pair of brackets, and the text."""


class NamedTexts:
    """The texts of a query, a cookie or a form, by the parameter that they belong to.

    Names may have steps in brackets: `filter[state]`, `include[]`, `tags[0]`. The properties of an
    object may be parameters of their own (style `form` with `explode`).

    entries: the texts of each parameter in order
    unknown: the names that belong to no parameter
    """

    def __init__(
        self, pairs: Iterable[tuple[str, str]], parameters: Mapping[str, Parameter]
    ) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.unknown: list[str] = []
        owners: Mapping[str, str] | None = None
        for name, text in pairs:
            owner, steps = owner_of(name, parameters)
            if owner not in parameters:
                owners = owners or _owners(parameters)
                owner, steps = owners.get(name, owners.get(_ANY, "")), (name,)
            if owner in parameters:
                self.entries.setdefault(owner, []).append((steps, text))
            else:
                self.unknown.append(name)


def owner_of(name: str, parameters: Mapping[str, object]) -> tuple[str, Path]:
    """Return the parameter that a name belongs to, and the steps in the brackets behind it."""
    if name in parameters or not name.endswith("]"):
        return name, ()
    owner, *steps = name.split("[")
    if not all(step.endswith("]") for step in steps):
        return name, ()
    return owner, tuple(step[:-1] for step in steps)


def is_given_twice(parameter: Parameter, entries: Sequence[Entry]) -> bool:
    """Return True if a value that is not an array has several texts."""
    return len([steps for steps, _ in entries if not steps]) > 1 and "array" not in parameter.types


def read_entries(parameter: Parameter, entries: Sequence[Entry], *, lenient: bool = False) -> Json:
    """Return the value of a parameter that was sent with these texts.

    Args:
        parameter: The parameter.
        entries: Its texts.
        lenient: True if one text may also be an array or an object as JSON, as forms have them.
    """
    if len(entries) == 1 and not entries[0][0]:
        text = entries[0][1]
        return (lenient and _json_of(parameter, text)) or read_text(parameter, text)
    return _nested(parameter, parameter.path, entries)


def read_text(parameter: Parameter, text: str) -> Json:
    """Return the value of a parameter that was sent as one text, without its prefix."""
    style, types, path = parameter.style, parameter.types, parameter.path
    if parameter.is_text:
        return text
    if style.is_json:
        return _parsed(text)
    if "string" in types or not types & _COMPOUND:
        return _scalar(parameter, path, text)
    if "array" in types:
        texts = text.split(style.separator) if style.separator else [text]
        return [_scalar(parameter, (*path, str(i)), each) for i, each in enumerate(texts)]
    separator = style.separator
    if separator is None:
        return text
    parts = text.split(separator)
    if style.explode:
        named = (part.partition("=") for part in parts)
        pairs = [(key, value) for key, _, value in named]
    elif len(parts) % 2:
        return text
    else:
        pairs = [*zip(parts[::2], parts[1::2], strict=True)]
    return {key: _scalar(parameter, (*path, key), each) for key, each in pairs}


def _nested(parameter: Parameter, path: Path, entries: Sequence[Entry]) -> Json:
    """Return the value of texts with steps in brackets: an object, or an array."""
    if len(entries) == 1 and not entries[0][0]:
        return _scalar(parameter, path, entries[0][1])
    firsts = [steps[0] if steps else "" for steps, _ in entries]
    if all(not step or step.isdecimal() for step in firsts) and not _is_object(parameter, path):
        return [
            _nested(parameter, (*path, str(index)), below)
            for index, below in enumerate(_by_index(entries))
        ]
    return {
        step: _nested(
            parameter, (*path, step), [(s[1:], t) for s, t in entries if s[:1] == (step,)]
        )
        for step in dict.fromkeys(step for step in firsts if step)
    }


def _by_index(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield the texts of each entry of an array; one without an index is an entry of its own."""
    numbered = [
        (steps[0] if steps and steps[0] else f"+{n}", steps[1:], text)
        for n, (steps, text) in enumerate(entries)
    ]
    for _, same in groupby(numbered, key=lambda each: each[0]):
        yield [(steps, text) for _, steps, text in same]


def _is_object(parameter: Parameter, path: Path) -> bool:
    schemas = parameter.schemas_at(path)
    return any("properties" in each or "object" in types_of(each) for each in schemas)


def _scalar(parameter: Parameter, path: Path, text: str) -> Json:
    """Return a text as a value of the first type that fits; a text where one is allowed."""
    schemas = parameter.schemas_at(path)
    if not schemas and path:  # the entry of an object may have any name
        above = parameter.schemas_at(path[:-1])
        schemas = [as_object(each.get("additionalProperties")) for each in above]
    if any("string" in types_of(each) for each in schemas):
        return text
    values = (value_from_text(text, each) for each in schemas)
    return next((value for value in values if value != text), text)


def _json_of(parameter: Parameter, text: str) -> Json:
    """Return the array or the object in a text, if the parameter may be one, but not a text."""
    if "string" in parameter.types or not text.strip().startswith(("[", "{")):
        return None
    data = _parsed(text)
    kind = "array" if isinstance(data, list) else "object"
    return data if isinstance(data, list | dict) and kind in parameter.types else None


def _parsed(text: str) -> Json:
    try:
        return parse_json(text.encode())
    except orjson.JSONDecodeError:
        return text


def _owners(parameters: Mapping[str, Parameter]) -> Mapping[str, str]:
    """Return the parameter that each property of an exploded object belongs to.

    All other names belong to an object that may have properties of any name.
    """
    owners: dict[str, str] = {}
    for parameter in parameters.values():
        style = parameter.style
        if style.name != "form" or not style.explode or "object" not in parameter.types:
            continue
        for schema in parameter.schemas:
            owners |= dict.fromkeys(schema.get("properties", ()), parameter.name)
            if schema.get("additionalProperties", "properties" not in schema):
                owners.setdefault(_ANY, parameter.name)
    return owners


_ANY = ""
_COMPOUND = {"array", "object"}
