"""The fields of a response about a job in one state, and the functions for their values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...openapi import Schema
from ...openapi.generator import ValueMaker
from ...openapi.jobs import (
    CreateOperation,
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
from .view import ABSENT, FieldValue, View


class ShownFields:
    """The fields of one response about a job in one state.

    Args:
        kind: The kind of job.
        operation: The operation that responds.
        create: The operation that made the job; None if the kind does not have it.
        state: The name of the state.
        values: Makes the functions for fields.
        maker: Makes what objects of requests lack where they come back.

    answer: the response, and the place of the job in it
    state: the path below the job, and the value of the state
    settled: the functions of the fields that do not change while the job is in the state, by path
    moving: the functions of the fields that change with time, by path
    constants: the values that are the same for all jobs, by path
    headers: the functions for the values of headers, by name
    included: the paths of fields that are made from their schema
    empty: the paths of declared fields that hold nothing in this state
    """

    def __init__(
        self,
        kind: JobKind,
        operation: JobOperation,
        create: CreateOperation | None,
        state: str,
        *,
        values: FieldValues,
        maker: ValueMaker,
    ) -> None:
        self._kind, self._operation, self._create = kind, operation, create
        self._state_name, self._values, self._maker = state, values, maker
        self.answer, self._part = _item_answer(operation)
        self.state = (self._below_part(kind.state_at), kind.lifecycle.states[state].value)
        self.settled: dict[Path, FieldValue] = {}
        self.moving: dict[Path, FieldValue] = {}
        self.constants: dict[Path, Json] = {}
        self.headers: dict[str, FieldValue] = {}
        self.included, self.empty = set[Path](), set[Path]()

    def add_job(self, *, returned: Sequence[Place], declared: Sequence[Answer]) -> None:
        """Add what the response shows of the job.

        Args:
            returned: The places of the request whose values come back undeclared.
            declared: All responses that show a job of this kind.
        """
        self.empty |= self._fields_of_others()
        self._add_returned(returned)
        self._add_id()
        for field in self._declared_fields(declared):
            self._add(field)
        if self.answer.schemas_at(Place(Part.BODY, self.state[0]), state=self.state):
            self.constants[*self.answer.job_at, *self.state[0]] = self.state[1]

    def keep_fitting(self) -> None:
        """Leave out the values that the schemas of their places do not allow."""
        self.settled = {path: self._fitted(value, path) for path, value in self.settled.items()}
        self.constants = {p: v for p, v in self.constants.items() if self._accepts(p, v)}

    def add_own(self) -> None:
        """Add the fields that the response has beside the job."""
        for field in self._operation.answer:
            value_of, place = self._values.value_of(field, []), field.place
            if value_of and place.part is Part.HEADER:
                self.headers[place.name] = value_of
            elif value_of:
                self.settled[place.path] = self._fitted(value_of, place.path)

    def _lacks_source(self, field: JobField) -> bool:
        """Return True for a field of the job that another is made from, of a job without one."""
        made_from_another = self._create is not None and self._create.source is not None
        return isinstance(field.source, FromSource) and not made_from_another

    def _add(self, field: JobField) -> None:
        """Add a field of the job, if it has a value in this state."""
        is_there = self._state_name in field.possible and not self._lacks_source(field)
        path = (*self.answer.job_at, *field.place.path)
        value_of = self._value_of(field, path)
        if field.place.part is Part.HEADER:
            if value_of and is_there:
                self.headers[field.place.name] = value_of
            return
        self.empty.add(path)
        if not is_there:
            return
        if value_of is None:
            self.included.add(path)
        elif isinstance(field.source, Constant) and not field.when.values:
            self.constants[path] = field.source.value
        elif isinstance(field.source, Progress | RetryHint):
            self.moving[path] = value_of
        else:
            self.settled[path] = value_of

    def _value_of(self, field: JobField, path: Path) -> FieldValue | None:
        """Return the function for a field; None if it is made from its schema."""
        value_of = self._values.value_of(field, self._schemas_at(field.place))
        source = field.source
        if value_of is None or not isinstance(source, FromRequest | FromSource | NewId):
            return value_of
        schemas = self.answer.schema.all_below(path) if self.answer.schema else []
        if not schemas or field.place.part is Part.HEADER:
            return value_of
        if isinstance(source, FromRequest) and not source.translation and self._create:
            sent = request_schemas(self._create.operation, source.place)
            if all(always_fits(schema, sent) for schema in schemas):
                return value_of
        return fitted(value_of, schemas, maker=self._maker)

    def _fitted(self, value_of: FieldValue, path: Path) -> FieldValue:
        """Return the function for a value that matches the schema of its place, if it has one."""
        schemas = self.answer.schema.all_below(path) if self.answer.schema else []
        return fitted(value_of, schemas, maker=self._maker) if schemas else value_of

    def _accepts(self, path: Path, value: Json) -> bool:
        schemas = self.answer.schema.all_below(path) if self.answer.schema else []
        return not schemas or any(schema.accepts(value) for schema in schemas)

    def _fields_of_others(self) -> set[Path]:
        """Return the paths of the fields that only jobs of other creates have."""
        own = {field.place for field in self._create.fields} if self._create else set[Place]()
        return {
            (*self.answer.job_at, *self._below_part(field.place.path))
            for other in self._kind.creates
            for field in other.fields
            if field.place not in own and self._is_in_part(field.place)
        }

    def _declared_fields(self, declared: Sequence[Answer]) -> Iterator[JobField]:
        """Yield the fields of the job that the response has, below its part of the job."""
        for field in self._create.fields if self._create else ():
            place = field.place
            if place.part is Part.BODY:
                if not self._is_in_part(place):
                    continue
                place = Place(Part.BODY, self._below_part(place.path))
            if self._schemas_at(place) or self._is_open(field.place, place, declared):
                yield replace(field, place=place)

    def _is_open(self, whole: Place, place: Place, declared: Sequence[Answer]) -> bool:
        """Return True for a place that no response declares and that this one leaves open."""
        if any(each.schemas_at(whole) for each in declared):
            return False
        if whole.part is Part.HEADER:
            return True
        role = self._operation.role
        return role in (JobRole.POLL, JobRole.LIST) and self.answer.is_open_at(place)

    def _add_returned(self, places: Sequence[Place]) -> None:
        """Add the fields of the request that come back undeclared."""
        create, whole = self._create, self.answer.schema
        if create is None or whole is None:
            return
        for each in filter(self._is_in_part, places):
            place = Place(Part.BODY, self._below_part(each.path))
            path = (*self.answer.job_at, *place.path)
            schema = whole.below(path)
            if schema is not None and self._schemas_at(place):
                fits = always_fits(schema, request_schemas(create.operation, each))
                self.settled[path] = _sent_value(each) if fits else _returned_value(each, schema)

    def _add_id(self) -> None:
        """Add the id, if the response has it."""
        id_at = self._kind.id_at
        if id_at is None or not self._is_in_part(Place(Part.BODY, id_at)):
            return
        place = Place(Part.BODY, self._below_part(id_at))
        schemas = self._schemas_at(place)
        if schemas or self.answer.is_open_at(place):
            self.settled[*self.answer.job_at, *place.path] = self._values.job_id(schemas)

    def _schemas_at(self, place: Place) -> list[dict[str, Json]]:
        return self.answer.schemas_at(place, state=self.state)

    def _is_in_part(self, place: Place) -> bool:
        """Return True for a place in the part of the job that the response shows."""
        return place.part is Part.BODY and place.path[: len(self._part)] == self._part

    def _below_part(self, path: Path) -> Path:
        return path[len(self._part) :]


def is_other_resource(operation: JobOperation) -> bool:
    """Return True for a result that is not found by the id of the job, such as a file.

    Its fields are not those of the job, though some may have the same names.
    """
    return isinstance(operation, ResultOperation) and operation.key is not None


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


def _item_answer(operation: JobOperation) -> tuple[Answer, Path]:
    """Return the response that shows one job, and the part of the job that it shows."""
    if not isinstance(operation, ListOperation):
        return answer_of(operation), ()
    whole = answer_of(operation)
    item = whole.schema.below(whole.job_at) if whole.schema else None
    return Answer(item, whole.headers, ()), operation.part
