"""One known fault each, put into the history of a job."""

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


def _replied(history: list[Exchange], index: int, reply: Reply) -> list[Exchange]:
    changed = list(history)
    changed[index] = replace(history[index], reply=reply)
    return changed


def _changed(history: list[Exchange], index: int, path: Path, value: Json) -> list[Exchange]:
    reply = history[index].reply
    if reply is None:
        return []
    job = orjson.loads(reply.body)
    set_at(job, path, value)
    return _replied(history, index, replace(reply, body=orjson.dumps(job)))


def _job(exchange: Exchange) -> Json:
    return orjson.loads(exchange.reply.body) if exchange.reply else None


def _state(document: Document, exchange: Exchange) -> State:
    return document.lifecycle.states[get_or_none(_job(exchange), document.lifecycle.state_at)]


def _another_status(document: Document, history: list[Exchange]) -> list[Exchange]:
    reply = history[-1].reply
    return _replied(history, -1, replace(reply, status=299)) if reply else []


def _another_type(document: Document, history: list[Exchange]) -> list[Exchange]:
    reply = history[-1].reply
    return _replied(history, -1, replace(reply, headers={"content-type": "a/b"})) if reply else []


def _cut_off(document: Document, history: list[Exchange]) -> list[Exchange]:
    reply = history[-1].reply
    return _replied(history, -1, replace(reply, body=reply.body[:-1])) if reply else []


def _falling(document: Document, history: list[Exchange]) -> list[Exchange]:
    place = document.lifecycle.progress_at
    reached = get_or_none(_job(history[-2]), place) if place and len(history) > 1 else None
    if not place or not isinstance(reached, int) or reached < 1:
        return []
    return _changed(history, -1, place, reached - 1)


def _back_from_the_end(document: Document, history: list[Exchange]) -> list[Exchange]:
    lifecycle = document.lifecycle
    if len(history) < 2 or not _state(document, history[-2]).ends:
        return []
    return _changed(history, -1, lifecycle.state_at, lifecycle.initial)


def _back_to_the_start(document: Document, history: list[Exchange]) -> list[Exchange]:
    lifecycle = document.lifecycle
    before = _state(document, history[-2]) if len(history) > 1 else None
    if before is None or before.ends or before.name == lifecycle.initial:
        return []
    return _changed(history, -1, lifecycle.state_at, lifecycle.initial)


def _drifting(document: Document, history: list[Exchange]) -> list[Exchange]:
    echoes = [e.at for e in document.lifecycle.echoes if e.at in document.lifecycle.immutable]
    return _changed(history, -1, echoes[0], "another") if echoes else []


def _moving(document: Document, history: list[Exchange]) -> list[Exchange]:
    fixed = document.lifecycle.immutable
    for stamp in document.lifecycle.timestamps if len(history) > 2 else ():
        was = get_or_none(_job(history[-2]), stamp.at)
        if was is not None and stamp.at not in fixed:
            return _changed(history, -1, stamp.at, was + 1)
    return []


def _blaming(document: Document, history: list[Exchange]) -> list[Exchange]:
    failure = document.lifecycle.failure
    if failure is None or get_or_none(_job(history[0]), failure.at) is not None:
        return []
    return _changed(history, 0, failure.code, "no_reason")


MUTATIONS: tuple[tuple[str, Mutation], ...] = (
    ("AV101", _another_status),
    ("AV102", _another_type),
    ("AV105", _cut_off),
    ("AV201", _back_to_the_start),
    ("AV202", _back_from_the_end),
    ("AV203", _falling),
    ("AV205", _drifting),
    ("AV208", _moving),
    ("AV212", _blaming),
)
