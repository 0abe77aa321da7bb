"""The jobs that an answer tells of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

import orjson

from ...openapi import Document, JobRole, Reply, State
from ...openapi.json import Json
from ...openapi.messages import media_type_of
from ...openapi.operation import JSON
from ...openapi.pointer import Path, get
from ...openapi.text import truncate_depth
from .exchange import Exchange


@dataclass(frozen=True, slots=True)
class JobView:
    """A job in the state in which an answer showed it, and all that the answer said of it."""

    job_id: str
    state: State
    job: dict[str, Json]


def jobs_in(document: Document, exchange: Exchange) -> tuple[JobView, ...]:
    """The jobs in the answer, in its order; none if it shows none, or not as documented."""
    reply, role = exchange.reply, exchange.operation.role
    if reply is None or not exchange.accepted or role not in _SHOWING:
        return ()
    body = json_body(reply)
    page = exchange.operation.page
    jobs = [body] if page is None else get_or_none(body, page.places.get("items", ()))
    return tuple(_seen(document, jobs if isinstance(jobs, list) else []))


def _seen(document: Document, jobs: list[Json]) -> Iterator[JobView]:
    lifecycle = document.lifecycle
    for job in jobs:
        job_id, name = get_or_none(job, lifecycle.id_at), get_or_none(job, lifecycle.state_at)
        state = lifecycle.states.get(name) if isinstance(name, str) else None
        if isinstance(job_id, str) and state is not None:
            yield JobView(job_id, state, job)


def json_body(reply: Reply) -> Json:
    """The JSON of an answer, None if it is none. What lies deeper than any answer is left out."""
    if media_type_of(reply.headers) != JSON:
        return None
    try:
        return truncate_depth(orjson.loads(reply.body))
    except orjson.JSONDecodeError:
        return None


def get_or_none(data: Json, path: Path) -> Json:
    """What stands at a place of an answer, None if nothing does."""
    try:
        return get(data, path)
    except LookupError:
        return None


def is_number(value: Json) -> TypeGuard[float]:
    """Whether a value of an answer is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


_SHOWING = (JobRole.CREATE, JobRole.RETRIEVE, JobRole.REMIX, JobRole.LIST)
