"""Jobs as responses show them, and access to JSON bodies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import orjson

from ...openapi import (
    Document,
    JobKind,
    JobOperation,
    JobRole,
    ListOperation,
    Meaning,
    Operation,
    OperationMatch,
    Reply,
    State,
)
from ...openapi.jobs import JobField, Part, Place
from ...openapi.jobs.sources import OperationAddress
from ...openapi.json import Json, parse_json
from ...openapi.media_types import is_json
from ...openapi.messages import media_type_of
from ...openapi.path_template import has_dot_segment
from ...openapi.pointer import Path, get_or_none, set_at
from ...openapi.text import truncate_depth
from .exchange import Exchange

_NO_KINDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as one response shows it.

    job_id: the id of the job
    kind: its kind
    state: its state, as the document declares it
    job: the JSON of the job
    role: the operation whose response shows it
    """

    job_id: str
    kind: JobKind
    state: State
    job: dict[str, Json]
    role: JobOperation

    def value_at(self, path: Path) -> Json:
        """Return the value at a place of the job, None if there is none."""
        return get_or_none(self.job, path)


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job in a response, whatever the response says of its state.

    job_id: the id of the job
    kind: its kind
    value: its state as the response writes it, None if it shows none
    state: the same as the document declares it, None if the document has no such state
    job: the JSON of the job
    role: the operation whose response shows it
    """

    job_id: str
    kind: JobKind
    value: Json
    state: State | None
    job: Json
    role: JobOperation


def jobs_in(
    document: Document, exchange: Exchange, *, kinds: Mapping[str, str] = _NO_KINDS
) -> tuple[JobView, ...]:
    """Return the jobs in a response, in its order; jobs without a documented state are left out.

    The arguments are those of `shown_jobs`.
    """
    return tuple(
        JobView(shown.job_id, shown.kind, shown.state, shown.job, shown.role)
        for shown in shown_jobs(document, exchange, kinds=kinds)
        if shown.state is not None and shown.state.meaning is not Meaning.UNKNOWN
    )


def shown_jobs(
    document: Document, exchange: Exchange, *, kinds: Mapping[str, str] = _NO_KINDS
) -> tuple[ShownJob, ...]:
    """Return the jobs in a response, in its order, also those with an undocumented state.

    Args:
        document: The document of the API.
        exchange: The request and its response.
        kinds: The names of the kinds of known jobs by id. They count where several kinds share an
            operation; without them, the first kind that has the state counts.
    """
    reply = exchange.reply
    if reply is None or not exchange.accepted or exchange.role not in ROLES_RETURNING_JOBS:
        return ()
    body = json_body(reply)
    shown = (s for role in exchange.roles for s in _shown(document, exchange, role, body))
    return tuple(shown) if len(exchange.roles) == 1 else _of_one_kind(shown, kinds)


def kinds_of_jobs(document: Document, history: Iterable[Exchange]) -> dict[str, str]:
    """Return the names of the kinds of the jobs that the creates of a history made, by id."""
    kinds: dict[str, str] = {}
    for exchange in history:
        job_id = created_job_id(document, exchange) if exchange.accepted else None
        if job_id is not None:
            kinds.setdefault(job_id, exchange.roles[0].kind)
    return kinds


def _of_one_kind(shown: Iterable[ShownJob], kinds: Mapping[str, str]) -> tuple[ShownJob, ...]:
    """Return each job once, although several kinds can read it."""
    chosen: dict[str, ShownJob] = {}
    for each in shown:
        best = chosen.setdefault(each.job_id, each)
        known = kinds.get(each.job_id)
        if each.kind.name == known or (
            best.kind.name != known and best.state is None and each.state is not None
        ):
            chosen[each.job_id] = each
    return tuple(chosen.values())


def created_job_id(document: Document, exchange: Exchange) -> str | None:
    """Return the id of the job in the response to a create, which may show nothing else of it.

    None if the response has no id, or one that would lead to another path of the server.
    """
    if exchange.reply is None or exchange.create is None:
        return None
    body = json_body(exchange.reply)
    job = get_or_none(body, exchange.create.job_at)
    job_id = job_id_in(document, exchange, exchange.create, job)
    location = exchange.reply.headers.get("location", "")
    poll = exchange.create.poll
    job_id = job_id or id_in_url(document, poll.operation, poll.id, location)
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


def _shown(
    document: Document, exchange: Exchange, role: JobOperation, body: Json
) -> Iterator[ShownJob]:
    kind = document.kinds[role.kind]
    for job in listed_jobs(role, body):
        job_id = job_id_in(document, exchange, role, job)
        if job_id is None and role is exchange.create:
            job_id = created_job_id(document, exchange)
        if job_id is not None:
            value = get_or_none(job, kind.state_at)
            yield ShownJob(job_id, kind, value, _state_of(kind, value, job), job, role)


def _state_of(kind: JobKind, value: Json, job: Json) -> State | None:
    """Return the state of a job; of states that are written alike, that which fits its fields."""
    states = kind.lifecycle.find_all(value)
    if len(states) < 2:
        return states[0] if states else None
    fields = {f.place: f for create in kind.creates for f in create.fields}.values()
    return min(states, key=lambda state: sum(_contradicts(f, state, job) for f in fields))


def _contradicts(field: JobField, state: State, job: Json) -> bool:
    """Return True if a field is there, or is missing, against what the document says of a state."""
    if field.place.part is not Part.BODY or field.when.values:
        return False
    if get_or_none(job, field.place.path) is not None:
        return state.name not in field.possible
    return state.name in field.due and not field.optional


def listed_jobs(role: JobOperation, body: Json) -> list[Json]:
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


def job_id_in(document: Document, exchange: Exchange, role: JobOperation, job: Json) -> str | None:
    """Return the id of a job: its own, that in an address of its poll, or that of the request."""
    kind = document.kinds[role.kind]
    if kind.id_at is not None:
        job_id = get_or_none(job, kind.id_at)
        if isinstance(job_id, str | int) and job_id != "":
            return str(job_id)
    if role.id is not None:
        return exchange.job_id
    creates = [create for create in kind.creates if create is role] or [*kind.creates]
    polls = [(create.poll, field) for create in creates for field in create.fields]
    for poll, field in polls:
        url = value_in(exchange, field, job) if _is_address(field, poll) else None
        if isinstance(url, str):
            job_id = id_in_url(document, poll.operation, poll.id, url)
            if job_id:
                return job_id
    return None


def _is_address(field: JobField, poll: JobOperation) -> bool:
    source = field.source
    return isinstance(source, OperationAddress) and source.operation_id == poll.operation.id


def value_in(exchange: Exchange, field: JobField, job: Json) -> Json:
    """Return the value of a field of a job in a response, None if it has none."""
    if field.place.part is Part.HEADER:
        return exchange.reply.headers.get(field.place.name) if exchange.reply else None
    return get_or_none(job, field.place.path)


def id_in_url(
    document: Document, operation: Operation, place: Place | None, url: str
) -> str | None:
    """Return the job id in a URL of an operation, which may be below another base path.

    Args:
        document: The document of the API.
        operation: The operation that the URL should lead to.
        place: The place of the id in its requests.
        url: The URL. Any other operation's URL has no id here.
    """
    if place is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = f"/{parts.path.lstrip('/')}"
    for start in (n for n, character in enumerate(path) if character == "/"):
        match = document.match(operation.method, path[start:])
        if isinstance(match, OperationMatch) and match.operation is operation:
            if place.part is Part.QUERY:
                return dict(parse_qsl(parts.query)).get(place.name)
            return match.path_parameters.get(place.name)
    return None


ROLES_RETURNING_JOBS = (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
