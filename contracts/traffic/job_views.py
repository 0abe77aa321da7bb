"""Jobs as responses show them, and access to JSON bodies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard
from urllib.parse import urlsplit

import orjson

from ...openapi import (
    Document,
    JobKind,
    JobOperation,
    JobRole,
    ListOperation,
    Meaning,
    OperationMatch,
    Reply,
    State,
)
from ...openapi.jobs import JobField, Part
from ...openapi.jobs.sources import OperationAddress
from ...openapi.json import Json, parse_json
from ...openapi.media_types import is_json
from ...openapi.messages import media_type_of
from ...openapi.path_template import has_dot_segment
from ...openapi.pointer import Path, get, set_at
from ...openapi.text import truncate_depth
from .exchange import Exchange


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as one response shows it.

    job_id: the id of the job
    kind: its kind
    state: its state, as the document declares it
    job: the JSON of the job
    """

    job_id: str
    kind: JobKind
    state: State
    job: dict[str, Json]

    def value_at(self, path: Path) -> Json:
        """Return the value at a place of the job, None if there is none."""
        return get_or_none(self.job, path)


def jobs_in(document: Document, exchange: Exchange) -> tuple[JobView, ...]:
    """Return the jobs in a response, in its order; jobs without a documented state are left out."""
    reply, role = exchange.reply, exchange.role
    if reply is None or not exchange.accepted or role not in _ROLES_RETURNING_JOBS:
        return ()
    body = json_body(reply)
    return tuple(view for each in exchange.roles for view in _views(document, exchange, each, body))


def created_job_id(document: Document, exchange: Exchange) -> str | None:
    """Return the id of the job in the response to a create, which may show nothing else of it.

    None if the response has no id, or one that would lead to another path of the server.
    """
    if exchange.reply is None or exchange.create is None:
        return None
    body = json_body(exchange.reply)
    job = get_or_none(body, exchange.create.job_at)
    job_id = _id_in(document, exchange, exchange.create, job)
    location = exchange.reply.headers.get("location", "")
    job_id = job_id or _id_in_url(document, exchange.create.poll, location)
    return job_id if job_id and not has_dot_segment(job_id) else None


def json_body(reply: Reply) -> Json:
    """Return the JSON body of a response, None if it is not JSON.

    Values nested deeper than any documented response are left out.
    """
    if not is_json(media_type_of(reply.headers)):
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


def _views(
    document: Document, exchange: Exchange, role: JobOperation, body: Json
) -> Iterator[JobView]:
    kind = document.kinds[role.kind]
    for job in _jobs(role, body):
        state = kind.lifecycle.find(get_or_none(job, kind.state_at))
        job_id = _id_in(document, exchange, role, job)
        if job_id is not None and state is not None and state.meaning is not Meaning.UNKNOWN:
            yield JobView(job_id, kind, state, job)


def _jobs(role: JobOperation, body: Json) -> list[Json]:
    """Return the jobs in a body; an item of a list that is a part of a job as a whole job."""
    if not isinstance(role, ListOperation):
        return [get_or_none(body, role.job_at)]
    items = get_or_none(body, role.items)
    if not isinstance(items, list):
        return []
    return [_around(item, role.part) for item in items]


def _around(item: Json, part: Path) -> Json:
    if not part:
        return item
    job: dict[str, Json] = {}
    set_at(job, part, item)
    return job


def _id_in(document: Document, exchange: Exchange, role: JobOperation, job: Json) -> str | None:
    """Return the id of a job: its own, that in an address of its poll, or that of the request."""
    kind = document.kinds[role.kind]
    if kind.id_at is not None:
        job_id = get_or_none(job, kind.id_at)
        return str(job_id) if isinstance(job_id, str | int) and job_id != "" else None
    if role.id is not None:
        return exchange.job_id
    creates = [create for create in kind.creates if create is role] or [*kind.creates]
    addresses = (f for create in creates for f in create.fields if _is_address(f, create.poll))
    for field in addresses:
        url = _value_of(exchange, field, job)
        job_id = _id_in_url(document, creates[0].poll, url) if isinstance(url, str) else None
        if job_id:
            return job_id
    return None


def _is_address(field: JobField, poll: JobOperation) -> bool:
    source = field.source
    return isinstance(source, OperationAddress) and source.operation_id == poll.operation.id


def _value_of(exchange: Exchange, field: JobField, job: Json) -> Json:
    if field.place.part is Part.HEADER:
        return exchange.reply.headers.get(field.place.name) if exchange.reply else None
    return get_or_none(job, field.place.path)


def _id_in_url(document: Document, poll: JobOperation, url: str) -> str | None:
    """Return the job id in a URL of a poll, which may be below another base path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = f"/{parts.path.lstrip('/')}"
    for start in (n for n, character in enumerate(path) if character == "/"):
        match = document.match(poll.operation.method, path[start:])
        if isinstance(match, OperationMatch) and match.operation is poll.operation and poll.id:
            return match.path_parameters.get(poll.id.name)
    return None


_ROLES_RETURNING_JOBS = (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
