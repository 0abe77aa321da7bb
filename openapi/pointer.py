"""JSON pointers (RFC 6901): the places in documents, bodies and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from urllib.parse import unquote

from .json import Json

Path = tuple[str, ...]


def parse_pointer(pointer: str) -> Path:
    """Return the steps of a pointer: `/a~1b/0` is `("a/b", "0")`."""
    if not pointer:
        return ()
    if "~" not in pointer:  # as most are
        return tuple(pointer[1:].split("/"))
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def format_pointer(path: Iterable[str | int]) -> str:
    """Return the pointer of these steps; no steps are the empty pointer, the whole document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def pointer_of(reference: str) -> str:
    """Return the pointer of a reference within a document: `#/a%7Bb` is `/a{b`."""
    return unquote(reference.removeprefix("#"))


def get(data: Json, path: Iterable[str | int]) -> Json:
    """Return the value at the path; raises LookupError if there is none."""
    for step in path:
        if isinstance(data, Mapping):
            data = data[str(step)]
        elif isinstance(data, list) and _is_index(step):
            data = data[int(step)]
        else:
            raise LookupError(step)
    return data


def get_or_none(data: Json, path: Path) -> Json:
    """Return the value at a place of JSON, None if there is none."""
    try:
        return get(data, path)
    except LookupError:
        return None


def _is_index(step: str | int) -> bool:
    return str(step).isascii() and str(step).isdigit()


def set_at(data: dict[str, Json], path: Path, value: Json) -> None:
    """Set the value at the path and create missing objects on the way.

    A number in the path is an entry of an array; missing arrays and entries are created.
    """
    if len(path) == 1:
        data[path[0]] = value
        return
    below: Json = data
    for step, following in pairwise(path):
        below = _step_down(below, step, following)
    if not isinstance(below, list):
        below[path[-1]] = value
    elif _is_index(path[-1]) and int(path[-1]) < len(below):
        below[int(path[-1])] = value
    else:
        below.append(value)


def _step_down(data: Json, step: str, following: str) -> Json:
    """Return the object or array at a step, which becomes an object if it is neither."""
    if isinstance(data, list):
        while len(data) <= int(step):
            data.append({})
        return data[int(step)]
    below = data.get(step)
    if not isinstance(below, dict | list):
        below = data[step] = [] if _is_index(following) else {}
    return below
