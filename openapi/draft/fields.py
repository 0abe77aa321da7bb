"""Guesses about the fields of a job: times, progress, failures and files."""

from __future__ import annotations

from collections.abc import Iterator

from ..json import Json
from ..keywords import types_of
from ..pointer import Path, format_pointer
from ..references import resolve
from ..schema_places import fields_of, schemas_at
from ..words import normalized, purpose_of, well_known
from .guess import Guess


def guess_fields(root: Json, job: Json) -> Iterator[Guess | str]:
    """Yield guesses about the fields of a job, and what is open about others."""
    for path, field in fields_of(root, job, depth=4):
        schemas = schemas_at(root, field, ())
        types = {name for schema in schemas for name in types_of(schema)} - {"null"}
        if types & {"string", "integer", "number"}:
            found = _time(path) or _progress(path, schemas, types) or _failure(path)
            if found:
                yield Guess("fields", format_pointer(path), *found)
                continue
        if "array" in types:
            path, schemas = (*path, "0"), schemas_at(root, field, ("0",))
        if any(resolve(root, schema).get("format") in _ADDRESSES for schema in schemas):
            yield _file(path)


def _time(path: Path) -> tuple[Json, str] | None:
    moment = purpose_of(path[-1], well_known()["times"])
    return ({"time": moment}, _named(path[-1])) if moment else None


def _progress(
    path: Path, schemas: list[dict[str, Json]], types: set[str]
) -> tuple[Json, str] | None:
    if normalized(path[-1]) not in well_known()["progress"] or "string" in types:
        return None
    if any(schema.get("maximum") == 1 for schema in schemas):
        return {"progress": "fraction"}, f"{_named(path[-1])}, and its maximum is 1"
    return {"progress": "percent"}, f"{_named(path[-1])}; fraction, if 1 is the end"


def _failure(path: Path) -> tuple[Json, str] | None:
    name, words = path[-1], well_known()["failure"]
    inside = len(path) > 1 and normalized(path[-2]) in words["objects"]
    for purpose in ("code", "message"):
        is_plain = normalized(name) == purpose
        if normalized(name) in words[purpose] and (inside or not is_plain):
            return {"failure": purpose}, _named(name)
    if normalized(name) in words["objects"]:
        return {"failure": "message"}, f"{_named(name)}, and it is a text"
    return None


def _file(path: Path) -> Guess | str:
    """Return the guess that a field is a file; a line that names the choice if it is not plain."""
    place = format_pointer(path)
    for step in reversed(path):
        for word in reversed(normalized(step).split("_")):
            media_type = purpose_of(word, well_known()["files"])
            if media_type:
                reason = f'its format is an address, and it is named "{step}"'
                return Guess("fields", place, {"file": media_type}, reason)
    known = ", ".join(f"{{file: {media_type}}}" for media_type in well_known()["files"])
    return f"fields {place}: is an address; of a file ({known}), of an operation ({{url: poll}})?"


def _named(step: str) -> str:
    return f'it is named "{step}"'


_ADDRESSES = ("uri", "url", "uri-reference")
