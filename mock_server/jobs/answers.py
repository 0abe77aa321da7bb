"""Responses about jobs: JSON bodies and headers, as the schemas of the document describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import orjson

from ...openapi import Document
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.jobs import (
    CreateOperation,
    JobKind,
    JobOperation,
    ListOperation,
    Part,
)
from ...openapi.jobs.answer import answer_of
from ...openapi.jobs.sources import Constant, FromSource
from ...openapi.json import Json
from ...openapi.pointer import Path, set_at
from ..clock import Clock
from .field_values import FieldValues
from .state_answers import BodyForm, KeptBody, StateAnswer, StateAnswerCompiler
from .view import ABSENT, View


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
        self._maker, self._envelope = maker, document.envelope
        self._values = FieldValues(kind, document.operations, clock=clock)
        self._compiler = StateAnswerCompiler(
            kind, values=self._values, maker=maker, envelope=document.envelope
        )
        self._state_answers: dict[tuple[int, str, str], StateAnswer] = {}
        self._pages: dict[tuple[str, tuple[Path, ...]], Callable[[], Json]] = {}

    def body(self, operation: JobOperation, view: View) -> Json:
        """Return the JSON body of a response; None if the response has none."""
        return self._fill(self._state_answer(operation, view), view)

    def respond(self, operation: JobOperation, view: View) -> tuple[dict[str, str], Json]:
        """Return the headers of a response that report the job, and its JSON body or None."""
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
            values: The values beside them, or ABSENT, by path.
        """
        if not listing.items:
            return items
        held = {path: value for path, value in values.items() if value is not ABSENT}
        key = listing.operation.id, tuple(held)
        copier = self._pages.get(key)
        if copier is None:
            copier = copier_of(self._empty_page(listing, held, frozenset(values.keys() - held)))
            self._pages[key] = copier
        body = copier()
        for path, value in ((listing.items, items), *held.items()):
            set_at(body, path, value)
        for each in listing.answer:
            if each.place.part is Part.BODY and isinstance(each.source, Constant):
                set_at(body, each.place.path, each.source.value)
        return body

    def moment(self, path: Path, view: View) -> float | None:
        """Return the time of a field of a job in Unix seconds; None if it has none."""
        return self._values.moments.at(path, view)

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
            kept = KeptBody(view.job, view.base_url, copier_of(self._settle(answer, view)))
            if len(answer.bodies) >= _MAX_KEPT_BODIES:
                answer.bodies.clear()
            answer.bodies[view.job.id] = kept
        return kept.copy()

    def _settle(self, answer: StateAnswer, view: View) -> Json:
        """Return the body of a job without the fields that change with time."""
        values = [value_of(view) for _, value_of in answer.settled]
        absent: tuple[int, ...] = ()
        if ABSENT in values:
            absent = tuple([i for i, value in enumerate(values) if value is ABSENT])
            values = [value for value in values if value is not ABSENT]
        form = answer.forms.get(absent)
        if form is None:
            form = answer.forms[absent] = self._form(answer, absent, values, view)
        copy, paths, names = form
        body = copy() if copy else self._make(answer, paths, values, view, key=view.job.id)
        if names:  # fields at the top of the body, which are quickly written
            body.update(zip(names, values, strict=True))
            return body
        for path, value in zip(paths, values, strict=True):
            body = with_value(body, path, value)
        return body

    def _form(
        self, answer: StateAnswer, absent: tuple[int, ...], values: list[Json], view: View
    ) -> BodyForm:
        """Return what the bodies have in common whose other fields have values."""
        paths = tuple(path for i, (path, _) in enumerate(answer.settled) if i not in absent)
        keys = (view.job.id, "")
        body, other = (self._make(answer, paths, values, view, key=key) for key in keys)
        at_the_top = isinstance(body, dict) and all(len(path) == 1 for path in paths)
        names = tuple(path[0] for path in paths) if at_the_top else ()
        return BodyForm(copier_of(body) if body == other else None, paths, names)

    def _make(
        self,
        answer: StateAnswer,
        paths: tuple[Path, ...],
        values: list[Json],
        view: View,
        *,
        key: str,
    ) -> Json:
        if answer.schema is None:
            return None
        held = dict(zip(paths, values, strict=True))
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

    def _empty_page(
        self, listing: ListOperation, values: dict[Path, Json], empty: frozenset[Path]
    ) -> Json:
        schema = answer_of(listing).schema
        known = {**self._envelope.good_values(schema), listing.items: [], **values}
        if schema is not None:
            try:
                return self._maker.make(schema, layout=Layout(values=known, empty=empty))
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
            answer = self._compiler.compile(operation, view.job.create, view.snapshot.state)
            self._state_answers[key] = answer
        return answer


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


def _with_parents(empty: Iterable[Path], held: Iterable[Path]) -> frozenset[Path]:
    """Return paths that hold nothing, with the objects around them that hold nothing either."""
    full = {path[:length] for path in held for length in range(len(path) + 1)}
    parents = {path[:length] for path in empty for length in range(1, len(path) + 1)}
    return frozenset(parents - full)


_MAX_KEPT_BODIES = 1000
