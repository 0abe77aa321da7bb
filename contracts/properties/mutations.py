"""Faults that can be put into a valid history of a job, each with the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from ...openapi import CreateOperation, Document, JobKind, Reply, State
from ...openapi.jobs import JobField, Part
from ...openapi.jobs.answer import answer_of
from ...openapi.jobs.sources import FailureDetail, FromRequest, Moment, Progress
from ...openapi.json import Json, is_number
from ...openapi.pointer import Path, set_at
from ..traffic.exchange import Exchange
from ..traffic.job_views import JobView, jobs_in

Mutation = Callable[[Document, list[Exchange]], list[Exchange]]
"""A function that returns a changed history, or an empty one if the fault is impossible."""


def _with_reply(history: list[Exchange], index: int, reply: Reply) -> list[Exchange]:
    changed = list(history)
    changed[index] = replace(history[index], reply=reply)
    return changed


def _with_value(history: list[Exchange], index: int, path: Path, value: Json) -> list[Exchange]:
    """Return the history with another value at a path of the job in one response."""
    reply = history[index].reply
    if reply is None or not reply.body:
        return []
    body = orjson.loads(reply.body)
    set_at(body, (*history[index].roles[0].job_at, *path), value)
    return _with_reply(history, index, replace(reply, body=orjson.dumps(body)))


def _view(document: Document, exchange: Exchange) -> JobView | None:
    return next(iter(jobs_in(document, exchange)), None)


def _value(document: Document, exchange: Exchange, path: Path) -> Json:
    view = _view(document, exchange)
    return view.value_at(path) if view else None


def _state(document: Document, exchange: Exchange) -> State | None:
    view = _view(document, exchange)
    return view.state if view else None


def _kind(document: Document, history: list[Exchange]) -> JobKind:
    return document.kinds[history[0].roles[0].kind]


def _fields(history: list[Exchange], source: type) -> Iterator[JobField]:
    """Yield the fields of the body that have a source of this type."""
    create = history[0].create
    assert isinstance(create, CreateOperation)
    for field in create.fields:
        if isinstance(field.source, source) and field.place.part is Part.BODY:
            yield field


def _undocumented_status(document: Document, history: list[Exchange]) -> list[Exchange]:
    reply = history[-1].reply
    return _with_reply(history, -1, replace(reply, status=299)) if reply else []


def _other_media_type(document: Document, history: list[Exchange]) -> list[Exchange]:
    reply, headers = history[-1].reply, {"content-type": "a/b"}
    return _with_reply(history, -1, replace(reply, headers=headers)) if reply else []


def _truncated_body(document: Document, history: list[Exchange]) -> list[Exchange]:
    reply = history[-1].reply
    return _with_reply(history, -1, replace(reply, body=reply.body[:-1])) if reply else []


def _decreased_progress(document: Document, history: list[Exchange]) -> list[Exchange]:
    for field in _fields(history, Progress) if len(history) > 1 else ():
        progress = _value(document, history[-2], field.place.path)
        if is_number(progress) and progress > 0:
            return _with_value(history, -1, field.place.path, 0)
    return []


def _left_final_state(document: Document, history: list[Exchange]) -> list[Exchange]:
    kind, before = _kind(document, history), _state(document, history[-2])
    if before is None or not before.meaning.is_terminal:
        return []
    return _with_value(history, -1, kind.state_at, kind.lifecycle.initial.value)


def _returned_to_initial_state(document: Document, history: list[Exchange]) -> list[Exchange]:
    kind, before = _kind(document, history), _state(document, history[-2])
    initial = kind.lifecycle.initial
    if before is None or before.meaning.is_terminal or before.value == initial.value:
        return []
    return _with_value(history, -1, kind.state_at, initial.value)


def _changed_echo(document: Document, history: list[Exchange]) -> list[Exchange]:
    for field in _fields(history, FromRequest):
        path = field.place.path
        if all(isinstance(_value(document, each, path), str) for each in history[-2:]):
            return _with_value(history, -1, path, "another")
    return []


def _changed_timestamp(document: Document, history: list[Exchange]) -> list[Exchange]:
    for field in _fields(history, Moment) if len(history) > 2 else ():
        path, source = field.place.path, field.source
        if not isinstance(source, Moment) or source.event != "entered":
            continue
        at = source.form.read(_value(document, history[-2], path))
        if at is not None:
            return _with_value(history, -1, path, source.form.write(at + _SECONDS_PER_DAY))
    return []


def _error_before_failure(document: Document, history: list[Exchange]) -> list[Exchange]:
    first = history[0]
    for field in _fields(history, FailureDetail):
        documented = answer_of(first.roles[0]).schemas_at(field.place)
        state = _state(document, first)
        if state is None or state.name in field.possible or not documented:
            continue
        return _with_value(history, 0, field.place.path, "no_reason")
    return []


_SECONDS_PER_DAY = 86400

MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    ("AV101", _undocumented_status),
    ("AV102", _other_media_type),
    ("AV105", _truncated_body),
    ("AV201", _returned_to_initial_state),
    ("AV202", _left_final_state),
    ("AV203", _decreased_progress),
    ("AV205", _changed_echo),
    ("AV208", _changed_timestamp),
    ("AV212", _error_before_failure),
)
"""The code of a rule, and a mutation that breaks it."""
