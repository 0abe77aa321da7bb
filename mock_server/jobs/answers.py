"""Responses about jobs: JSON bodies and headers, as the schemas of the document describe them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

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
from ...openapi.jobs.answer import Answer
from ...openapi.jobs.role_compiler import answer_of
from ...openapi.jobs.sources import Constant, FromSource
from ...openapi.json import Json
from ...openapi.pointer import Path, set_at
from ..clock import Clock
from .field_values import ABSENT, FieldValue, FieldValues, View


@dataclass(slots=True)
class StateAnswer:
    """A response while its job is in one state.

    Args:
        schema: The schema of its body; None if it has no JSON body.
        writes: The functions for the values of fields, by path.
        headers: The functions for the values of headers, by name.
        included: The paths of fields that are made from their schema.
        empty: The paths of declared fields that hold nothing in this state.
        sparse: The path of the job, below which optional fields are left out.
        state: The path and the value of the state.
        copiers: What copies the body without its values, by the fields that are there.
    """

    schema: Schema | None
    writes: tuple[tuple[Path, FieldValue], ...]
    headers: tuple[tuple[str, FieldValue], ...]
    included: frozenset[Path]
    empty: frozenset[Path]
    sparse: Path | None
    state: tuple[Path, Json]
    copiers: dict[int, Callable[[], Json] | None] = field(default_factory=dict)


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
        self._state_answers: dict[tuple[str, str, str], StateAnswer] = {}
        self._pages: dict[str, Callable[[], Json]] = {}
        self._made: OrderedDict[tuple[int, str, int], bytes] = OrderedDict()

    def body(self, operation: JobOperation, view: View) -> Json:
        """Return the JSON body of a response; None if the response has none."""
        return self._fill(self._state_answer(operation, view), view)

    def headers(self, operation: JobOperation, view: View) -> dict[str, str]:
        """Return the headers of a response that tell of the job."""
        found = self._state_answer(operation, view).headers
        values = ((name, value(view)) for name, value in found)
        return {name: str(value) for name, value in values if value is not ABSENT}

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
        present, values = 0, []
        for index, (path, value_of) in enumerate(answer.writes):
            value = value_of(view)
            if value is not ABSENT:
                present |= 1 << index
                values.append((path, value))
        if present not in answer.copiers:
            answer.copiers[present] = self._copier(answer, values, view)
        copier = answer.copiers[present]
        body = copier() if copier else self._made_body(answer, present, values, view)
        for path, value in values:
            if path:
                set_at(body, path, value)
            else:
                body = value
        return body

    def _copier(
        self, answer: StateAnswer, values: list[tuple[Path, Json]], view: View
    ) -> Callable[[], Json] | None:
        """Return what copies a body without values; None if each job needs a body of its own."""
        body, other = (self._make(answer, values, key) for key in (view.job.id, ""))
        return copier_of(body) if body == other else None

    def _made_body(
        self, answer: StateAnswer, present: int, values: list[tuple[Path, Json]], view: View
    ) -> Json:
        """Return the body of a job that is made from its schema, which is kept for next polls."""
        key = (id(answer), view.job.id, present)
        kept = self._made.get(key)
        if kept is None:
            kept = orjson.dumps(self._make(answer, values, view.job.id))
            self._made[key] = kept
            while len(self._made) > _MAX_MADE_BODIES:
                self._made.popitem(last=False)
        return orjson.loads(kept)

    def _make(self, answer: StateAnswer, values: list[tuple[Path, Json]], key: str) -> Json:
        if answer.schema is None:
            return None
        layout = Layout(
            values=dict(values),
            included=answer.included,
            empty=_with_parents(answer.empty, [*dict(values), *answer.included]),
            sparse=answer.sparse,
            state=answer.state,
        )
        try:
            return self._maker.make(answer.schema, key=key, layout=layout)
        except NoValueError:
            body: dict[str, Json] = {}
            for path, value in values:
                set_at(body, path, value)
            return body

    def _empty_page(self, listing: ListOperation, values: dict[Path, Json]) -> Json:
        schema = answer_of(listing).schema
        known: dict[Path, Json] = {listing.items: [], **values}
        if schema is not None:
            try:
                return self._maker.make(schema, layout=Layout(values=known))
            except NoValueError:
                pass
        body: dict[str, Json] = {}
        for path, value in known.items():
            set_at(body, path, value)
        return body

    def _state_answer(self, operation: JobOperation, view: View) -> StateAnswer:
        key = (operation.pointer + operation.operation.id, view.job.create, view.snapshot.state)
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
        writes: dict[Path, FieldValue] = {}
        headers: dict[str, FieldValue] = {}
        included, empty = set[Path](), set[Path]()
        fields = self._creates[create].fields if create in self._creates else ()
        for each in self._fields_in(answer, fields, part, whole, operation):
            path = (*answer.job_at, *each.place.path)
            function = self._values.value_of(each, answer.schemas_at(each.place, state=whole))
            if each.place.part is Part.HEADER:
                if function and state in each.possible:
                    headers[each.place.name] = function
            elif state not in each.possible:
                empty.add(path)
            elif function is None:
                included.add(path)
            else:
                writes[path] = function
                empty.add(path)
        writes = {**self._own_writes(answer, part, whole), **writes}
        for each in operation.answer:
            function = self._values.value_of(each, [])
            if each.place.part is Part.HEADER and function:
                headers[each.place.name] = function
            elif function:
                writes[each.place.path] = function
        job_roles = (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
        return StateAnswer(
            schema=answer.schema,
            writes=tuple(writes.items()),
            headers=tuple(headers.items()),
            included=frozenset(included),
            empty=frozenset(empty),
            sparse=answer.job_at if operation.role in job_roles else None,
            state=((*answer.job_at, *whole[0]), value),
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

    def _own_writes(
        self, answer: Answer, part: Path, state: tuple[Path, Json]
    ) -> dict[Path, FieldValue]:
        """Return the functions for the id and the state, where the response has them."""
        writes: dict[Path, FieldValue] = {}
        id_at = self._kind.id_at
        if id_at is not None and id_at[: len(part)] == part:
            place = Place(Part.BODY, _without(id_at, part))
            schemas = answer.schemas_at(place, state=state)
            if schemas or answer.is_open_at(place):
                writes[(*answer.job_at, *place.path)] = self._values.job_id(schemas)
        if answer.schemas_at(Place(Part.BODY, state[0]), state=state):
            writes[(*answer.job_at, *state[0])] = self._values.state()
        return writes


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


_MAX_MADE_BODIES = 1000
