"""The texts in a body that may hold a few more words, such as prompts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from copy import deepcopy
from math import inf

from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.operation import RequestBody
from ...openapi.pointer import Path, get_or_none, set_at
from .field_values import shown_values


def with_texts(
    body: RequestBody, value: Json, fixed: Collection[Path], change: Callable[[str], str]
) -> Json:
    """Return a body whose free texts are changed.

    Args:
        body: The declared body.
        value: The body before the change.
        fixed: The paths of fields that stay as they are.
        change: Returns another text, which may be a few words longer.
    """
    changed = deepcopy(value)
    for path in paths_in(value):
        text = get_or_none(value, path)
        if isinstance(text, str) and path not in fixed and _is_free(body, path, text):
            set_field(changed, path, change(text))
    return changed


def paths_in(value: Json, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every field in a value, also within arrays."""
    if isinstance(value, dict):
        entries: Iterable[tuple[str, Json]] = value.items()
    else:
        entries = ((str(i), v) for i, v in enumerate(value)) if isinstance(value, list) else ()
    for step, below in entries:
        yield (*path, step)
        yield from paths_in(below, (*path, step))


def set_field(value: Json, path: Path, field: Json) -> None:
    """Set a field of a body; a body that is not an object stays as it is."""
    if isinstance(value, dict) and path:
        set_at(value, path, field)


def _is_free(body: RequestBody, path: Path, text: str) -> bool:
    """Return True if a field may hold a few more words.

    A text without blanks that the document shows may be a name, such as that of a model.
    """
    if path[0] in body.files or (" " not in text and text in shown_values(body, path)):
        return False
    return any(_has_room(schema, text) for schema in body.schema.schemas_at(path)[:1])


def _has_room(schema: dict[str, Json], text: str) -> bool:
    unrestricted = not schema.keys() & {"enum", "const", "pattern", "format"}
    fits = schema.get("maxLength", inf) >= len(text) + _MIN_SPARE_LENGTH
    return unrestricted and fits and types_of(schema) == ("string",)


_MIN_SPARE_LENGTH = 40
