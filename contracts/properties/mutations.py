"""Faults that can be put into a valid history of a job, each with the rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson

from ...openapi import Document, Reply, State
from ...openapi.json import Json
from ...openapi.pointer import Path, set_at
from ..traffic.exchange import Exchange
from ..traffic.job_views import get_or_none

Mutation = Callable[[Document, list[Exchange]], list[Exchange]]
"""A function that returns a changed history, or an empty one if the fault is impossible."""


def _with_reply(history: list[Exchange], index: int, reply: Reply) -> list[Exchange]:
    changed = list(history)
    changed[index] = replace(history[index], reply=reply)
    return changed


def _with_value(history: list[Exchange], index: int, path: Path, value: Json) -> list[Exchange]:
    reply = history[index].reply
    if reply is None:
        return []
    job = orjson.loads(reply.body)
    set_at(job, path, value)
    return _with_reply(history, index, replace(reply, body=orjson.dumps(job)))


def _job(exchange: Exchange) -> Json:
    return orjson.loads(exchange.reply.body) if exchange.reply else None


def _state(document: Document, exchange: Exchange) -> State:
    return document.lifecycle.states[get_or_none(_job(exchange), document.lifecycle.state_at)]


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
    path = document.lifecycle.progress_at
    progress = get_or_none(_job(history[-2]), path) if path and len(history) > 1 else None
    if not path or not isinstance(progress, int) or progress < 1:
        return []
    return _with_value(history, -1, path, progress - 1)


def _left_final_state(document: Document, history: list[Exchange]) -> list[Exchange]:
    lifecycle = document.lifecycle
    if len(history) < 2 or not _state(document, history[-2]).ends:
        return []
    return _with_value(history, -1, lifecycle.state_at, lifecycle.initial)


def _returned_to_initial_state(document: Document, history: list[Exchange]) -> list[Exchange]:
    lifecycle = document.lifecycle
    before = _state(document, history[-2]) if len(history) > 1 else None
    if before is None or before.ends or before.name == lifecycle.initial:
        return []
    return _with_value(history, -1, lifecycle.state_at, lifecycle.initial)


def _changed_echo(document: Document, history: list[Exchange]) -> list[Exchange]:
    echoes = [e.at for e in document.lifecycle.echoes if e.at in document.lifecycle.immutable]
    return _with_value(history, -1, echoes[0], "another") if echoes else []


def _changed_timestamp(document: Document, history: list[Exchange]) -> list[Exchange]:
    immutable = document.lifecycle.immutable
    for stamp in document.lifecycle.timestamps if len(history) > 2 else ():
        value = get_or_none(_job(history[-2]), stamp.at)
        if value is not None and stamp.at not in immutable:
            return _with_value(history, -1, stamp.at, value + 1)
    return []


def _error_before_failure(document: Document, history: list[Exchange]) -> list[Exchange]:
    failure = document.lifecycle.failure
    if failure is None or get_or_none(_job(history[0]), failure.at) is not None:
        return []
    return _with_value(history, 0, failure.code, "no_reason")


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
