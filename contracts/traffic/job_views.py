"""Jobs as responses show them, and access to JSON bodies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

import orjson

from ...openapi import Document, JobRole, Reply, State
from ...openapi.json import Json, parse_json
from ...openapi.messages import media_type_of
from ...openapi.operation import JSON
from ...openapi.pointer import Path, get
from ...openapi.text import truncate_depth
from .exchange import Exchange


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as one response shows it.

    job_id: the id of the job
    state: its state, as the document declares it
    job: the JSON of the job
    """

    job_id: str
    state: State
    job: dict[str, Json]


def jobs_in(document: Document, exchange: Exchange) -> tuple[JobView, ...]:
    """Return the jobs in a response, in its order; jobs without a documented state are left out."""
    reply, role = exchange.reply, exchange.operation.role
    if reply is None or not exchange.accepted or role not in _ROLES_RETURNING_JOBS:
        return ()
    body = json_body(reply)
    page = exchange.operation.page
    jobs = [body] if page is None else get_or_none(body, page.places.get("items", ()))
    return tuple(_views(document, jobs if isinstance(jobs, list) else []))


def _views(document: Document, jobs: list[Json]) -> Iterator[JobView]:
    lifecycle = document.lifecycle
    for job in jobs:
        job_id, name = get_or_none(job, lifecycle.id_at), get_or_none(job, lifecycle.state_at)
        state = lifecycle.states.get(name) if isinstance(name, str) else None
        if isinstance(job_id, str) and state is not None:
            yield JobView(job_id, state, job)


def json_body(reply: Reply) -> Json:
    """Return the JSON body of a response, None if it is not JSON.

    Values nested deeper than any documented response are left out.
    """
    if media_type_of(reply.headers) != JSON:
        return None
    try:
        return truncate_depth(parse_json(reply.body))
    except orjson.JSONDecodeError:
        return None


def get_or_none(data: Json, path: Path) -> Json:
    """Return the value at a place of JSON, None if there is none."""
    try:
        return get(data, path)
    except LookupError:
        return None


def is_number(value: Json) -> TypeGuard[float]:
    """Return True if a JSON value is a number; true and false are not numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


_ROLES_RETURNING_JOBS = (JobRole.CREATE, JobRole.RETRIEVE, JobRole.REMIX, JobRole.LIST)
