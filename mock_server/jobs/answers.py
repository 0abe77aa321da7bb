"""Responses about jobs: JSON bodies and headers, as the schemas of the document describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeAlias

import orjson

from ...openapi import Document, Schema
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.jobs import (
    CreateOperation,
    JobField,
    JobKind,
    JobOperation,
    JobRole,
    ListOperation,
    Part,
    Place,
)
from ...openapi.jobs.answer import Answer, answer_of
from ...openapi.jobs.sources import Constant, FromSource, Progress, RetryHint
from ...openapi.json import Json
from ...openapi.pointer import Path, set_at
from ..clock import Clock
from .field_values import ABSENT, FieldValue, FieldValues, View
from .job import Job

Copier: TypeAlias = Callable[[], Json]


class _Body(NamedTuple):
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
    bodies: dict[str, _Body] = field(default_factory=dict)


class Answers:
    """The responses about jobs of one kind.

    Args:
        document: The document.
        kind: The kind of job.
        clock: The clock that decides how long a client should wait.
        maker: Makes what nothing declares.
    """

    def __init__(
        self, document: Document, kind: JobKind, *, clock: Clock, maker: ValueMaker
    ) -> None:
        self._kind, self._maker = kind, maker
        self._values = FieldValues(kind, document.operations, clock=clock)
        self._creates = {create.operation.id: create for create in kind.creates}
        self._declared = tuple(
            answer_of(each)
            for each in kind.operations()
            if each.role in (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
        )
        self._state_answers: dict[tuple[int, str, str], StateAnswer] = {}
        self._pages: dict[str, Callable[[], Json]] = {}

    def body(self, operation: JobOperation, view: View) -> Json:
        """Return the JSON body of a response; None if the response has none."""
        return self._fill(self._state_answer(operation, view), view)

    def respond(self, operation: JobOperation, view: View) -> tuple[dict[str, str], Json]:
        """Return the headers of a response that tell of the job, and its JSON body or None."""
        answer = self._state_answer(operation, view)
        headers: dict[str, str] = {}
        for name, value_of in answer.headers:
            value = value_of(view)
            if value is not ABSENT:
                headers[name] = str(value)
        return headers, self._fill(answer, view)

    def page(self, listing: ListOperation, items: list[Json], values: dict[Path, Json]) -> Json:
        """Return the body of a page.

        Args:
            listing: The list.
            items: The items of the page.
            values: The values beside them, by path.
        """
        if not listing.items:
            return items
        copier = self._pages.get(listing.operation.id)
        if copier is None:
            copier = copier_of(self._empty_page(listing, values))
            self._pages[listing.operation.id] = copier
        body = copier()
        for path, value in ((listing.items, items), *values.items()):
            set_at(body, path, value)
        for each in listing.answer:
            if each.place.part is Part.BODY and isinstance(each.source, Constant):
                set_at(body, each.place.path, each.source.value)
        return body

    def moment(self, path: Path, view: View) -> float | None:
        """Return the time of a field of a job in Unix seconds; None if it has none."""
        return self._values.moment(path, view)

    def source_paths(self, create: CreateOperation) -> list[Path]:
        """Return the paths of the fields that a job takes from the job that it is made from."""
        return [f.source.path for f in create.fields if isinstance(f.source, FromSource)]

    def field(self, path: Path, view: View) -> Json:
        """Return the value of a field of a job, or ABSENT."""
        return self._values.job_field(path)(view)

    def _fill(self, answer: StateAnswer, view: View) -> Json:
        if answer.schema is None:
            return None
        body = self._kept_body(answer, view) if answer.is_repeated else self._settle(answer, view)
        for path, value_of in answer.moving:
            set_at(body, path, value_of(view))
        return body

    def _kept_body(self, answer: StateAnswer, view: View) -> Json:
        """Return a copy of the body without moving fields, which is kept for the next poll."""
        kept = answer.bodies.get(view.job.id)
        if kept is None or kept.job is not view.job or kept.base_url != view.base_url:
            kept = _Body(view.job, view.base_url, copier_of(self._settle(answer, view)))
            if len(answer.bodies) >= _MAX_KEPT_BODIES:
                answer.bodies.clear()
            answer.bodies[view.job.id] = kept
        return kept.copy()

    def _settle(self, answer: StateAnswer, view: View) -> Json:
        """Return the body of a job without the fields that change with time."""
        values: list[Json] = []
        absent: tuple[int, ...] = ()
        for _, value_of in answer.settled:
            value = value_of(view)
            if value is ABSENT:
                absent = (*absent, len(values))
            values.append(value)
        try:
            form = answer.forms[absent]
        except KeyError:
            form = answer.forms[absent] = self._form(answer, values, view)
        body = form() if form else self._make(answer, values, view, key=view.job.id)
        if answer.names and not absent:
            body.update(zip(answer.names, values, strict=True))
            return body
        for (path, _), value in zip(answer.settled, values, strict=True):
            if value is not ABSENT:
                body = with_value(body, path, value)
        return body

    def _form(self, answer: StateAnswer, values: list[Json], view: View) -> Copier | None:
        """Return what copies the body without values; None if jobs have different ones."""
        body, other = (self._make(answer, values, view, key=key) for key in (view.job.id, ""))
        return copier_of(body) if body == other else None

    def _make(self, answer: StateAnswer, values: list[Json], view: View, *, key: str) -> Json:
        if answer.schema is None:
            return None
        pairs = zip(answer.settled, values, strict=True)
        held = {path: value for (path, _), value in pairs if value is not ABSENT}
        moving = {path: value_of(view) for path, value_of in answer.moving}
        known = {**held, **answer.constants, **moving}
        layout = Layout(
            values=known,
            included=answer.included,
            empty=_with_parents(answer.empty, [*known, *answer.included]),
            sparse=answer.sparse,
            state=answer.state,
        )
        try:
            return self._maker.make(answer.schema, key=key, layout=layout)
        except NoValueError as error:  # such as a value of the request that the schema forbids
            return error.nearest

    def _empty_page(self, listing: ListOperation, values: dict[Path, Json]) -> Json:
        schema = answer_of(listing).schema
        known: dict[Path, Json] = {listing.items: [], **values}
        if schema is not None:
            try:
                return self._maker.make(schema, layout=Layout(values=known))
            except NoValueError as error:
                return error.nearest
        body: dict[str, Json] = {}
        for path, value in known.items():
            set_at(body, path, value)
        return body

    def _state_answer(self, operation: JobOperation, view: View) -> StateAnswer:
        key = (id(operation), view.job.create, view.snapshot.state)
        answer = self._state_answers.get(key)
        if answer is None:
            answer = self._compile(operation, view.job.create, view.snapshot.state)
            self._state_answers[key] = answer
        return answer

    def _compile(self, operation: JobOperation, create: str, state: str) -> StateAnswer:
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
        for each in self._fields_in(answer, fields, part, whole, operation):
            path = (*answer.job_at, *each.place.path)
            function = self._values.value_of(each, answer.schemas_at(each.place, state=whole))
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
        constants |= self._state_value(answer, whole)
        settled = {**self._id_write(answer, part, whole), **settled}
        for each in operation.answer:
            function = self._values.value_of(each, [])
            if each.place.part is Part.HEADER and function:
                headers[each.place.name] = function
            elif function:
                settled[each.place.path] = function
        job_roles = (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
        return StateAnswer(
            schema=answer.schema,
            settled=tuple(settled.items()),
            moving=tuple(moving.items()),
            constants=constants,
            headers=tuple(headers.items()),
            included=frozenset(included),
            empty=frozenset(empty),
            sparse=answer.job_at if operation.role in job_roles else None,
            state=((*answer.job_at, *whole[0]), value),
            names=_names_at_the_top([*settled]),
            is_repeated=operation.role in (JobRole.POLL, JobRole.LIST),
        )

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


def _names_at_the_top(paths: list[Path]) -> tuple[str, ...]:
    return tuple(path[0] for path in paths if path) if all(len(p) == 1 for p in paths) else ()


def with_value(body: Json, path: Path, value: Json) -> Json:
    """Return a body with a value at a path; () is the whole body."""
    if not path:
        return value
    set_at(body, path, value)
    return body


def copier_of(body: Json) -> Callable[[], Json]:
    """Return the fastest function that copies a body; a nested one is parsed from JSON."""
    if not isinstance(body, dict) or any(isinstance(v, dict | list) for v in body.values()):
        return partial(orjson.loads, orjson.dumps(body))
    return body.copy


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


def _with_parents(empty: Iterable[Path], held: Iterable[Path]) -> frozenset[Path]:
    """Return paths that hold nothing, with the objects around them that hold nothing either."""
    full = {path[:length] for path in held for length in range(len(path) + 1)}
    parents = {path[:length] for path in empty for length in range(1, len(path) + 1)}
    return frozenset(parents - full)


_MAX_KEPT_BODIES = 1000
