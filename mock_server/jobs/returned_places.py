"""Places of a request whose values come back in the job, though nothing declares that."""

from __future__ import annotations

from collections.abc import Iterator

from ...openapi.jobs import CreateOperation, JobKind, Part, Place
from ...openapi.jobs.answer import answer_of
from ...openapi.pointer import Path


def returned_places(kind: JobKind, create: CreateOperation) -> tuple[Place, ...]:
    """Return the places of a request whose values come back at the same place of the job.

    They are places of the body that the schema of the job has as well, unless a declared field, the
    id or the state stands there, above or below.
    """
    fields = [f.place.path for f in create.fields if f.place.part is Part.BODY]
    declared = [*fields, kind.state_at, *([kind.id_at] if kind.id_at is not None else [])]
    answers = (answer_of(create), answer_of(create.poll))
    found: dict[Path, None] = {}
    for path in _request_fields(create):
        overlaps = any(_is_above(path, each) or _is_above(each, path) for each in declared)
        if overlaps or any(_is_above(each, path) for each in found):
            continue
        place = Place(Part.BODY, path)
        if any(answer.schemas_at(place) for answer in answers):
            found[path] = None
    return tuple(Place(Part.BODY, path) for path in found)


def _request_fields(create: CreateOperation) -> Iterator[Path]:
    for body in create.operation.bodies.values():
        for path, schema in body.schema.fields():
            if schema.get("format") != "binary":
                yield path


def _is_above(path: Path, other: Path) -> bool:
    """Return True if a path leads to another one, or is equal to it."""
    return other[: len(path)] == path
