"""The responses that report jobs of a kind: their schemas, and where the job stands in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from ..json import Json
from ..media_types import is_json
from ..operation import Header, Operation
from ..pointer import Path, format_pointer, get
from ..schema import Schema
from ..text import did_you_mean
from .operations import JobOperation, ListOperation
from .place import Part, Place


@dataclass(frozen=True, slots=True)
class Answer:
    """The good response of one operation.

    schema: the schema of its JSON body; None if it has none
    headers: its documented headers
    job_at: the path of the job in the body, through an entry "0" of an array in a list
    examples: the bodies that the document shows
    """

    schema: Schema | None
    headers: tuple[Header, ...]
    job_at: Path = ()
    examples: tuple[Json, ...] = field(default=(), compare=False)

    def examples_at(self, place: Place) -> Iterator[Json]:
        """Yield the values of a place below the job in the bodies that the document shows."""
        for body in self.examples:
            with suppress(LookupError):
                yield get(body, (*self.job_at, *place.path))

    def schemas_at(
        self, place: Place, *, state: tuple[Path, Json] | None = None
    ) -> list[dict[str, Json]]:
        """Return the schemas that are declared for a place below the job; [] if it has no place.

        Args:
            place: The place, below the job.
            state: The path and the value of the state of the job, if alternatives depend on it.
        """
        if place.part is Part.HEADER:
            return [h.schema.raw for h in self.headers if h.name == place.name]
        if self.schema is None:
            return []
        return self.schema.schemas_at((*self.job_at, *place.path), state=self._whole(state))

    def compiled_at(self, place: Place) -> list[Schema]:
        """Return the schemas that are declared for a place below the job, one per alternative."""
        if place.part is Part.HEADER:
            return [header.schema for header in self.headers if header.name == place.name]
        return self.schema.all_below((*self.job_at, *place.path)) if self.schema else []

    def requires(self, path: Path, *, state: tuple[Path, Json] | None = None) -> bool:
        """Return True if each job with this state must have a value that is not null at a path."""
        if self.schema is None:
            return False
        jobs = self.schema.schemas_at(self.job_at, state=self._whole(state))[:1]
        return any(self.schema.requires(job, path, state=state) for job in jobs)

    def is_open_at(self, place: Place) -> bool:
        """Return True if the response may have a place that no schema declares."""
        if place.part is Part.HEADER or self.schema is None:
            return place.part is Part.HEADER
        return self.schema.is_open_at((*self.job_at, *place.path))

    def fields(self) -> Iterator[Path]:
        """Yield the paths of the declared fields of the job, the shallowest first."""
        if self.schema is not None:
            yield from self.schema.field_paths(self.job_at)

    def _whole(self, state: tuple[Path, Json] | None) -> tuple[Path, Json] | None:
        return ((*self.job_at, *state[0]), state[1]) if state else None


def answer_of(job_operation: JobOperation) -> Answer:
    """Return where the job stands in the response of an operation about jobs."""
    job_at = job_operation.job_at
    if isinstance(job_operation, ListOperation):
        job_at = (*job_operation.items, "0")
    return whole_answer(job_operation.operation, job_at)


def answers_of(operations: Iterable[JobOperation]) -> tuple[Answer, ...]:
    """Return where the job stands in the responses of operations, each place and schema once."""
    found: dict[Answer, Answer] = {}
    for answer in map(answer_of, operations):
        known = found.get(answer)
        shown = answer.examples if known is None else (*known.examples, *answer.examples)
        found[answer] = replace(answer, examples=shown)
    return tuple(found.values())


def whole_answer(operation: Operation, job_at: Path = ()) -> Answer:
    """Return the good response of an operation; by default, its places begin at the root."""
    success = operation.success
    shown = (e for t, named in success.examples.items() if is_json(t) for e in named.values())
    return Answer(json_schema(operation), success.headers, job_at, tuple(shown))


def json_schema(operation: Operation) -> Schema | None:
    """Return the schema of the good response of an operation as JSON; None if it has none."""
    content = operation.success.content.items()
    return next((schema for media_type, schema in content if is_json(media_type)), None)


def has_place(answers: Iterable[Answer], place: Place) -> bool:
    """Return True if one of the responses declares a place, or leaves it open."""
    return any(answer.schemas_at(place) or answer.is_open_at(place) for answer in answers)


def is_documented(answers: Iterable[Answer], place: Place) -> bool:
    """Return True if one of the responses declares a place."""
    return any(answer.schemas_at(place) for answer in answers)


def allow(answers: Iterable[Answer], path: Path, values: Collection[Json]) -> bool:
    """Return True if each response that declares a path of the job allows one of some values."""
    declared = [answer.compiled_at(Place(Part.BODY, path)) for answer in answers]
    return all(
        any(schema.accepts(value) for schema in schemas for value in values)
        for schemas in declared
        if schemas
    )


def missing_place(answers: Iterable[Answer], place: Place) -> str:
    """Return the problem of a place in the body that none of the responses has."""
    return f"no response has a place {place}{_similar_place(answers, place)}"


def undescribed_place(answers: Iterable[Answer], place: Place) -> str:
    """Return the problem of a place in the body that the responses leave open."""
    reason = "no schema describes this place, though none forbids it"
    return reason + _similar_place(answers, place)


def _similar_place(answers: Iterable[Answer], place: Place) -> str:
    known = [format_pointer(path) for answer in answers for path in answer.fields()]
    return did_you_mean(str(place), known)
