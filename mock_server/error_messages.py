"""The place of the message in an error of which only the schema is documented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import inf

from ..openapi import Schema
from ..openapi.json import Json
from ..openapi.keywords import types_of
from ..openapi.pointer import Path, get
from ..openapi.words import purpose_of, well_known


def message_places(schema: Schema, message: str, *, examples: Sequence[Json] = ()) -> list[Path]:
    """Return the places of a schema that may hold a message, the most probable first.

    A place is more probable by its name, then if its examples have blanks, then if it is required.

    Args:
        schema: The schema of the error.
        message: The message, which must not be longer than a text at the place may be.
        examples: The documented examples of the error.
    """
    if "string" in types_of(schema.raw):
        return [()] if schema.accepts(message) else []
    places = [path for path in _text_places(schema) if _holds(schema, path, message)]
    return sorted(
        places,
        key=lambda path: (
            _rank_of_name(path),
            _rank_of_examples(schema, path, examples),
            not schema.requires(schema.raw, path),
        ),
    )


def _text_places(schema: Schema) -> Iterator[Path]:
    """Yield the places of the fields, the shallowest first; then those in the first entry of lists.

    Entries of entries are left out.
    """
    paths = [*dict.fromkeys(path for path, _ in schema.fields())]
    yield from paths
    for path in [(), *paths]:
        entry = (*path, "0")
        if schema.schemas_at(entry):
            yield entry
            yield from ((*entry, *below) for below in schema.field_paths(entry))


def _holds(schema: Schema, path: Path, message: str) -> bool:
    """Return True if a place is for any text of this length."""
    declared = schema.schemas_at(path)
    return (
        any("string" in types_of(each) for each in declared)
        and not any(each.keys() & _FIXED_TEXT for each in declared)
        and all(len(message) <= each.get("maxLength", inf) for each in declared)
    )


def _rank_of_name(path: Path) -> int:
    name = next((step for step in reversed(path) if not step.isdecimal()), "")
    return _RANKS[purpose_of(name, well_known()["errors"])]


def _rank_of_examples(schema: Schema, path: Path, examples: Sequence[Json]) -> int:
    """Return 0 for a place whose examples have blanks, 1 without examples, 2 for single words."""
    texts = list[Json]()
    for declared in schema.schemas_at(path):
        shown = declared.get("examples", ())
        texts += [declared.get("example"), declared.get("default")]
        texts += shown if isinstance(shown, list) else []
    for example in (*examples, schema.raw.get("example")):
        with suppress(LookupError):
            texts.append(get(example, path))
    found = [" " in text.strip() for text in texts if isinstance(text, str)]
    return 1 if not found else 0 if any(found) else 2


_FIXED_TEXT = {"const", "enum", "format", "pattern"}
_RANKS = {"message": 0, None: 1, "code": 2}
