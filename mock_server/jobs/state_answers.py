"""Compiled responses about a job in one state: the fields that they have, and their functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from ...openapi import ErrorEnvelope, Schema
from ...openapi.generator import ValueMaker
from ...openapi.jobs import (
    JobField,
    JobKind,
    JobOperation,
    JobRole,
    ListOperation,
    Part,
    Place,
    ResultOperation,
)
from ...openapi.jobs.answer import Answer, answer_of
from ...openapi.jobs.request_places import request_schemas
from ...openapi.jobs.sources import Constant, FromRequest, FromSource, NewId, Progress, RetryHint
from ...openapi.json import Json
from ...openapi.pointer import Path
from .field_values import FieldValues
from .fitting import always_fits, fitted
from .job import Job
from .returned_places import returned_places
from .view import ABSENT, FieldValue, View

Copier: TypeAlias = Callable[[], Json]


class KeptBody(NamedTuple):
    """The body of a job in one state, as clients of one URL see it, without moving fields."""

    job: Job
    base_url: str
    copy: Copier


@dataclass(slots=True)
class StateAnswer:
    """A response while its job is in one state.

    Args:
        schema: The schema of its body; None if it has no JSON body.
        settled: The paths and functions of the fields that do not change while the job is in the
            state.
        moving: The paths and functions of the fields that change with time.
        constants: The values that are the same for all jobs, by path.
        headers: The functions for the values of headers, by name.
        included: The paths of fields that are made from their schema.
        empty: The paths of declared fields that hold nothing in this state.
        sparse: The path of the job, below which optional fields are left out.
        state: The path and the value of the state.
        names: The names of the settled fields; () if one of them is not at the top of the body.
        is_repeated: True if clients ask for it again and again.
        forms: What copies the body without values, by the indexes of the fields that are absent;
            None if each job needs a body of its own.
        bodies: What copies the body of a job without moving fields, by the id of the job.
    """

    schema: Schema | None
    settled: tuple[tuple[Path, FieldValue], ...]
    moving: tuple[tuple[Path, FieldValue], ...]
    constants: Mapping[Path, Json]
    headers: tuple[tuple[str, FieldValue], ...]
    included: frozenset[Path]
    empty: frozenset[Path]
    sparse: Path | None
    state: tuple[Path, Json]
    names: tuple[str, ...]
    is_repeated: bool
    forms: dict[tuple[int, ...], Copier | None] = field(default_factory=dict)
    bodies: dict[str, KeptBody] = field(default_factory=dict)


class StateAnswerCompiler:
    """Compiles the responses about jobs of one kind in each state.

    Args:
        kind: The kind of job.
        values: Makes the functions for its fields.
        maker: Makes what objects of requests lack where they come back.
        envelope: The values of good responses.
    """

    def __init__(
        self, kind: JobKind, *, values: FieldValues, maker: ValueMaker, envelope: ErrorEnvelope
    ) -> None:
        self._kind, self._values, self._maker = kind, values, maker
        self._envelope = envelope
        self._creates = {create.operation.id: create for create in kind.creates}
        self._returned = {
            create.operation.id: returned_places(kind, create) for create in kind.creates
        }
        self._declared = tuple(
            answer_of(each) for each in kind.operations() if each.role in _SHOWING_A_JOB
        )

    def compile(self, operation: JobOperation, create: str, state: str) -> StateAnswer:
        """Compile the response of an operation about a job in a state."""
        answer, part = _item_answer(operation)
        value = self._kind.lifecycle.states[state].value
        whole = (_without(self._kind.state_at, part), value)
        settled: dict[Path, FieldValue] = {}
        moving: dict[Path, FieldValue] = {}
        constants: dict[Path, Json] = {}
        headers: dict[str, FieldValue] = {}
        included, empty = set[Path](), set[Path]()
        fields = self._creates[create].fields if create in self._creates else ()
        if is_other_resource(operation):
            fields = ()
        else:
            empty |= self._fields_of_others(answer, create, part)
        for each in self._fields_in(answer, fields, part, whole, operation):
            path = (*answer.job_at, *each.place.path)
            function = self._function(each, answer, whole, path, operation, create)
            if each.place.part is Part.HEADER:
                if function and state in each.possible:
                    headers[each.place.name] = function
                continue
            empty.add(path)
            if state not in each.possible:
                continue
            if function is None:
                included.add(path)
            elif isinstance(each.source, Constant) and not each.when.values:
                constants[path] = each.source.value
            elif isinstance(each.source, Progress | RetryHint):
                moving[path] = function
            else:
                settled[path] = function
        if not is_other_resource(operation):
            constants |= self._state_value(answer, whole)
            settled = {
                **self._returned_values(answer, create, part, whole),
                **self._id_write(answer, part, whole),
                **settled,
            }
        if operation.role is JobRole.RESULT:
            settled = {path: self._fitted(value, answer, path) for path, value in settled.items()}
            constants = {p: v for p, v in constants.items() if _accepts(answer, p, v)}
        for each in operation.answer:
            function = self._values.value_of(each, [])
            if each.place.part is Part.HEADER and function:
                headers[each.place.name] = function
            elif function:
                settled[each.place.path] = self._fitted(function, answer, each.place.path)
        if not isinstance(operation, ListOperation):
            good = self._envelope.good_values(answer.schema)
            constants = {p: v for p, v in good.items() if p not in settled} | constants
        return StateAnswer(
            schema=answer.schema,
            settled=tuple(settled.items()),
            moving=tuple(moving.items()),
            constants=constants,
            headers=tuple(headers.items()),
            included=frozenset(included),
            empty=frozenset(empty),
            sparse=answer.job_at if operation.role in _SHOWING_A_JOB else None,
            state=((*answer.job_at, *whole[0]), value),
            names=_names_at_the_top([*settled]),
            is_repeated=operation.role in (JobRole.POLL, JobRole.LIST),
        )

    def _function(
        self,
        field: JobField,
        answer: Answer,
        state: tuple[Path, Json],
        path: Path,
        operation: JobOperation,
        create: str,
    ) -> FieldValue | None:
        """Return the function for a field; None if it is made from its schema."""
        function = self._values.value_of(field, answer.schemas_at(field.place, state=state))
        source = field.source
        if function is None or not isinstance(source, FromRequest | FromSource | NewId):
            return function
        schemas = answer.schema.all_below(path) if answer.schema else []
        if not schemas or field.place.part is Part.HEADER:
            return function
        if isinstance(source, FromRequest) and not source.translation:
            sent = request_schemas(self._creates[create].operation, source.place)
            if all(always_fits(schema, sent) for schema in schemas):
                return function
        return fitted(function, schemas, maker=self._maker)

    def _fitted(self, function: FieldValue, answer: Answer, path: Path) -> FieldValue:
        """Return the function for a value that matches the schema of its place, if it has one."""
        schemas = answer.schema.all_below(path) if answer.schema else []
        return fitted(function, schemas, maker=self._maker) if schemas else function

    def _fields_of_others(self, answer: Answer, create: str, part: Path) -> set[Path]:
        """Return the paths of the fields that only jobs of other creates have."""
        own = {f.place for f in self._creates[create].fields} if create in self._creates else set()
        return {
            (*answer.job_at, *_without(field.place.path, part))
            for other in self._kind.creates
            for field in other.fields
            if field.place.part is Part.BODY
            and field.place not in own
            and field.place.path[: len(part)] == part
        }

    def _fields_in(
        self,
        answer: Answer,
        fields: Iterable[JobField],
        part: Path,
        state: tuple[Path, Json],
        operation: JobOperation,
    ) -> Iterator[JobField]:
        """Yield the fields that a response has, below its part of the job."""
        for each in fields:
            place = each.place
            if place.part is Part.BODY:
                if place.path[: len(part)] != part:
                    continue
                place = Place(Part.BODY, place.path[len(part) :])
            declared = bool(answer.schemas_at(place, state=state))
            if declared or self._is_open(each.place, place, answer, operation):
                yield each if place is each.place else _moved(each, place)

    def _is_open(self, whole: Place, place: Place, answer: Answer, operation: JobOperation) -> bool:
        """Return True for a place that no response declares and that this one leaves open."""
        if any(each.schemas_at(whole) for each in self._declared):
            return False
        if whole.part is Part.HEADER:
            return True
        return operation.role in (JobRole.POLL, JobRole.LIST) and answer.is_open_at(place)

    def _returned_values(
        self, answer: Answer, create: str, part: Path, state: tuple[Path, Json]
    ) -> dict[Path, FieldValue]:
        """Return the functions for the fields of the request that come back undeclared."""
        functions: dict[Path, FieldValue] = {}
        for each in self._returned.get(create, ()):
            if answer.schema is None or each.path[: len(part)] != part:
                continue
            place = Place(Part.BODY, _without(each.path, part))
            whole = (*answer.job_at, *place.path)
            schema = answer.schema.below(whole)
            if schema is not None and answer.schemas_at(place, state=state):
                sent = request_schemas(self._creates[create].operation, each)
                fits = always_fits(schema, sent)
                functions[whole] = _sent_value(each) if fits else _returned_value(each, schema)
        return functions

    def _id_write(
        self, answer: Answer, part: Path, state: tuple[Path, Json]
    ) -> dict[Path, FieldValue]:
        """Return the function for the id, if the response has it."""
        id_at = self._kind.id_at
        if id_at is None or id_at[: len(part)] != part:
            return {}
        place = Place(Part.BODY, _without(id_at, part))
        schemas = answer.schemas_at(place, state=state)
        if not schemas and not answer.is_open_at(place):
            return {}
        return {(*answer.job_at, *place.path): self._values.job_id(schemas)}

    def _state_value(self, answer: Answer, state: tuple[Path, Json]) -> dict[Path, Json]:
        """Return the value of the state, if the response has it."""
        if not answer.schemas_at(Place(Part.BODY, state[0]), state=state):
            return {}
        return {(*answer.job_at, *state[0]): state[1]}


def _sent_value(place: Place) -> FieldValue:
    """Return the function for a value that comes back whatever it is."""
    key = str(place)
    return lambda view: view.job.request.get(key, ABSENT)


def _returned_value(place: Place, schema: Schema) -> FieldValue:
    """Return the function for a value that comes back, unless the schema of the job forbids it."""
    key = str(place)

    def value(view: View) -> Json:
        sent = view.job.request.get(key, ABSENT)
        return sent if sent is not ABSENT and schema.accepts(sent) else ABSENT

    return value


def is_other_resource(operation: JobOperation) -> bool:
    """Return True for a result that is not found by the id of the job, such as a file.

    Its fields are not those of the job, though some may have the same names.
    """
    return isinstance(operation, ResultOperation) and operation.key is not None


def _accepts(answer: Answer, path: Path, value: Json) -> bool:
    schemas = answer.schema.all_below(path) if answer.schema else []
    return not schemas or any(schema.accepts(value) for schema in schemas)


def _names_at_the_top(paths: list[Path]) -> tuple[str, ...]:
    return tuple(path[0] for path in paths if path) if all(len(p) == 1 for p in paths) else ()


def _item_answer(operation: JobOperation) -> tuple[Answer, Path]:
    """Return the response that shows one job, and the part of the job that it shows."""
    if not isinstance(operation, ListOperation):
        return answer_of(operation), ()
    whole = answer_of(operation)
    item = whole.schema.below(whole.job_at) if whole.schema else None
    return Answer(item, whole.headers, ()), operation.part


def _moved(each: JobField, place: Place) -> JobField:
    return replace(each, place=place)


def _without(path: Path, part: Path) -> Path:
    return path[len(part) :]


_SHOWING_A_JOB = (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
