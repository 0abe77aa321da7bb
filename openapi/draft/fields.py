"""Guesses about the fields of a job: times, progress, failures and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..json import Json
from ..keywords import types_of
from ..pointer import Path, format_pointer
from ..references import resolve
from ..schema_places import fields_of, schemas_at, values_of
from ..words import normalized, purpose_of, well_known
from .guess import Guess


def guess_fields(
    root: Json, job: Json, *, sent: Iterable[str], subject: str
) -> Iterator[Guess | str]:
    """Yield guesses about the fields of a job, and what is open about others.

    Args:
        root: The document.
        job: The schema of the job.
        sent: The names of the fields of the request; those of the same name are no results.
        subject: The path of the poll, whose words may say what files are made.
    """
    echoes = {normalized(name) for name in sent}
    for path, field in fields_of(root, job, depth=4):
        schemas = schemas_at(root, field, ())
        types = {name for schema in schemas for name in types_of(schema)} - {"null"}
        if types & _SCALARS:
            found = _time(path) or _progress(path, schemas, types) or _failure(path)
            if found:
                yield Guess("fields", format_pointer(path), *found)
                yield from _codes(root, schemas, found[0])
                continue
        if "array" in types:
            path, schemas = (*path, "0"), schemas_at(root, field, ("0",))
            yield from _entry_failures(schemas, path)
        is_sent = normalized(path[-1]) in echoes or normalized(path[0]) in well_known()["request"]
        is_address = any(resolve(root, each).get("format") in _ADDRESSES for each in schemas)
        if is_address and not is_sent:
            yield _file(path, schemas, subject)


def guess_addresses(root: Json, answer: Json) -> Iterator[Guess]:
    """Yield guesses about texts with the address of an operation for the job."""
    for path, field in fields_of(root, answer, depth=2):
        word = purpose_of(path[-1], well_known()["addresses"])
        types = {name for each in schemas_at(root, field, ()) for name in types_of(each)}
        if word and "string" in types:
            yield Guess("fields", format_pointer(path), {"url": word}, _named(path[-1]))


def guess_media(root: Json, request: Json) -> Iterator[Guess]:
    """Yield guesses about the fields of a request that shape the files of a job."""
    found = set[str]()
    for path, _ in fields_of(root, request, depth=2):
        word = purpose_of(path[-1], well_known()["media"])
        if word and word not in found:
            found.add(word)
            yield Guess("media", word, format_pointer(path), f"{_named(path[-1])} in the request")


def guess_expiry(root: Json, job: Json) -> Iterator[Guess]:
    """Yield guesses about the time at which the files of a job expire."""
    for path, field in fields_of(root, job, depth=2):
        types = {name for each in schemas_at(root, field, ()) for name in types_of(each)}
        if normalized(path[-1]) in well_known()["expires"] and types & _SCALARS:
            place, reason = format_pointer(path), _named(path[-1])
            moment = {"time": "success", "plus": _USUAL_EXPIRY, "in": "success"}
            unknown = f"{reason}; how many seconds after success is not known"
            yield Guess("fields", place, moment, unknown)
            yield Guess("expires", None, place, f"{reason}; of the files, or of the job itself?")
            return


def _codes(root: Json, schemas: list[dict[str, Json]], source: Json) -> Iterator[Guess]:
    """Yield a failure for each code that the schema of the code lists."""
    if source.get("failure") == "code":
        listed = dict.fromkeys(code for each in schemas for code in _texts(root, each))
        for code in [*listed][:_MAX_CODES]:
            message = f"The job failed: {code}."
            yield Guess("failures", code, message, "the schema of the code lists it")


def _texts(root: Json, schema: Json) -> list[str]:
    return [value for value in values_of(root, schema) if isinstance(value, str) and value]


def _entry_failures(schemas: list[dict[str, Json]], entry: Path) -> Iterator[Guess]:
    """Yield the code and the message in the entries of an array of errors."""
    words = well_known()["failure"]
    if normalized(entry[-2]) in words["objects"]:
        for name in dict.fromkeys(n for each in schemas for n in each.get("properties", {})):
            purpose = next((p for p in ("code", "message") if normalized(name) in words[p]), None)
            if purpose:
                reason = f'{_named(name)}, in "{entry[-2]}"'
                yield Guess("fields", format_pointer((*entry, name)), {"failure": purpose}, reason)


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


def _file(path: Path, schemas: list[dict[str, Json]], subject: str) -> Guess | str:
    """Return the guess that a field is a file; a line that names the choice if it is not plain."""
    place = format_pointer(path)
    for step in reversed(path):
        if found := media_types_in(step):
            reason = f'its format is an address, and it is named "{step}"'
            return Guess("fields", place, {"file": found[-1]}, reason)
    described = " ".join(str(each.get("description", "")) for each in schemas)
    for text, where in ((described, "its description"), (subject, "the path of the poll")):
        if len(found := media_types_in(text)) == 1:
            reason = f"its format is an address, and {where} speaks of such files"
            return Guess("fields", place, {"file": found[0]}, reason)
    known = ", ".join(f"{{file: {media_type}}}" for media_type in well_known()["files"])
    return f"fields {place}: is an address; of a file ({known}), of an operation ({{url: poll}})?"


def media_types_in(text: str) -> list[str]:
    """Return the types of files that a text speaks of, each once."""
    known = (purpose_of(word, well_known()["files"]) for word in normalized(text).split("_"))
    return list(dict.fromkeys(each for each in known if each))


def _named(step: str) -> str:
    return f'it is named "{step}"'


_ADDRESSES = ("uri", "url", "uri-reference")
_SCALARS = {"string", "integer", "number"}
_MAX_CODES = 12
_USUAL_EXPIRY = 3600
