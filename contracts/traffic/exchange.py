"""Requests with their responses, as the rules check them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ...openapi import (
    Arguments,
    Call,
    CreateOperation,
    Document,
    JobOperation,
    JobRole,
    Operation,
    Reply,
)
from ...openapi.form import Part as FormPart
from ...openapi.jobs import Condition, Place
from ...openapi.jobs.file_addresses import FILES_ID
from ...openapi.jobs.request_places import request_schemas
from ...openapi.json import Json, parse_json
from ...openapi.media_types import is_json
from ...openapi.messages import media_type_of
from ...openapi.pointer import get
from ...openapi.request import read_call
from ...openapi.request_place import read_place


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of an operation and its response.

    operation: the operation of the document
    path: the path template from the root, such as "/v1/videos/{video_id}"
    call: the request as it was sent
    arguments: the fields, files and parameters of the request, as the document types them
    reply: the response, None if the client received none or only a part
    at: the time on the server's clock, in Unix seconds, at which the exchange ended
    took: the seconds from the request until then
    client_time: the same time in seconds of the client's own clock, None if that is unknown
    undelivered_reply: the response that a mock made but the client did not receive, because the
        connection broke or a fault replaced it; None if there is none
    sent: False if there was no connection, so that the server received nothing
    was_recorded: False if it is not known whether, or what, the server responded
    problem: the reason why there is no reply, empty if that is unknown
    roles: what the operation does to jobs, once for each kind of job; empty if nothing
    reports_error: True if the response is an error in spite of a status of 2xx
    """

    operation: Operation
    path: str
    call: Call
    arguments: Arguments
    reply: Reply | None
    at: float
    took: float = 0.0
    client_time: float | None = None
    undelivered_reply: Reply | None = None
    sent: bool = True
    was_recorded: bool = True
    problem: str = ""
    roles: tuple[JobOperation, ...] = ()
    reports_error: bool = False

    @property
    def role(self) -> JobRole | None:
        """What the operation does to jobs; None if it is not about jobs."""
        return self.roles[0].role if self.roles else None

    @property
    def create(self) -> CreateOperation | None:
        """The operation as one that creates jobs; None for any other one."""
        first = self.roles[0] if self.roles else None
        return first if isinstance(first, CreateOperation) else None

    @property
    def is_file(self) -> bool:
        """True for a request at the address of a file, which the document does not have."""
        return self.operation.id == FILES_ID

    @property
    def operation_id(self) -> str:
        """The id of the operation."""
        return self.operation.id

    @property
    def status(self) -> int | None:
        """The HTTP status of the response, None if there is none."""
        return self.reply.status if self.reply else None

    @property
    def accepted(self) -> bool:
        """True if the response has a status of 2xx, and is not an error all the same."""
        return self.reply is not None and 200 <= self.reply.status < 300 and not self.reports_error

    @property
    def fields(self) -> Mapping[str, Json]:
        """The fields of the body in the types of the document, without defaults."""
        return self.arguments.fields

    @property
    def files(self) -> Mapping[str, FormPart]:
        """The files of a form, by field: `.filename` and `.content`."""
        return self.arguments.files

    @property
    def query(self) -> Mapping[str, str]:
        """The query parameters as they were sent; of duplicate names, the last one."""
        return dict(self.call.query)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request, their names in lower case."""
        return self.call.headers

    @property
    def job_id(self) -> str | None:
        """The job id in the request, None if the operation is not about one job."""
        place = self.roles[0].id if self.roles else None
        value = self.value_at(place) if place else None
        return None if value is None else str(value)

    @property
    def source_id(self) -> str | None:
        """The id of the job that a create makes a new one from; None if there is none."""
        place = self.create.source if self.create else None
        value = self.value_at(place) if place else None
        return value if isinstance(value, str) else None

    def value_at(self, place: Place) -> Json:
        """Return the value at a place of the request; None if it has none."""
        return read_place(place, self.call, self.arguments)

    def requested_value(self, place: Place) -> Json:
        """Return the value at a place of the request, or its default; None if it has none.

        A job that is made from another one takes the value from there, not from the document.
        """
        value = self.value_at(place)
        if value is not None or (self.create and self.create.source):
            return value
        schemas = request_schemas(self.operation, place)
        return next((schema["default"] for schema in schemas if "default" in schema), None)

    def meets(self, condition: Condition) -> bool:
        """Return True if the request meets a condition."""
        return all(
            self.requested_value(place) in allowed for place, allowed in condition.values.items()
        )


class UnmatchedKind(StrEnum):
    """The reason why a request is not an exchange."""

    NO_OPERATION = "no operation matches it"
    BLOCKED = "it was blocked"
    NOT_RECORDED = "the recording has no response to it"
    INFINITE_LOOP = "it was in an infinite loop"
    INVALID = "it is not a complete HTTP request"


@dataclass(frozen=True, slots=True)
class UnmatchedRequest:
    """A request that is not of an operation of the document.

    method: the method in upper case
    path: the path from the root as it was sent, or the whole URL
    detail: more about the reason, may be empty
    kind: the reason
    status: the status of the response to an invalid request, None if none arrived
    """

    method: str
    path: str
    detail: str = ""
    kind: UnmatchedKind = UnmatchedKind.NO_OPERATION
    status: int | None = None


def read_exchange(
    document: Document,
    call: Call,
    reply: Reply | None,
    *,
    at: float,
    took: float = 0.0,
    client_time: float | None = None,
    sent: bool = True,
) -> Exchange:
    """Return an exchange, with the arguments of its request.

    A response that is not delivered completely becomes the undelivered reply. The seconds of its
    delivery are added to the three times.

    Args:
        document: The document of the API.
        call: The request.
        reply: The response, None if there is none.
        at: The Unix time at which the response was made.
        took: The seconds from the request until then.
        client_time: The same time on the client's own clock, None if that is unknown.
        sent: False if there was no connection.
    """
    operation = document.operation(call.operation_id)
    path, arguments = document.base_path + operation.path, read_call(operation, call)
    broken = reply is not None and reply.delivery is not None and reply.delivery.is_incomplete
    received, replaced = None if broken else reply, reply.replaced if reply else None
    undelivered = replaced or (reply if broken else None)
    delay = _delivery_seconds(reply) if reply else 0.0
    at, took = at + delay, took + delay
    client_time = None if client_time is None else client_time + delay
    exchange = Exchange(
        operation,
        path,
        call,
        arguments,
        received,
        at,
        took,
        client_time,
        undelivered,
        sent,
        roles=document.roles_of(operation.id),
        reports_error=received is not None and _reports_error(document, received),
    )
    create = exchange.create
    if create is None or exchange.meets(create.when):
        return exchange
    return replace(exchange, roles=())


def _reports_error(document: Document, reply: Reply) -> bool:
    """Return True if a response with a status of 2xx has the code of an error in its body."""
    envelope = document.envelope
    if reply.status not in envelope.good_statuses or envelope.code_at is None:
        return False
    if not is_json(media_type_of(reply.headers)):
        return False
    try:
        code = get(parse_json(reply.body), envelope.code_at)
    except (LookupError, ValueError):
        return False
    success = dict(envelope.success)
    if envelope.code_at in success:
        return bool(code != success[envelope.code_at])
    return any(code == r.code for r in envelope.responses.values() if r.status == reply.status)


def _delivery_seconds(reply: Reply) -> float:
    """Return the seconds from the making of a response until its delivery ends."""
    delivery = reply.delivery
    if delivery is None:
        return 0.0
    share = 1.0
    if delivery.bytes_delivered is not None:
        share = min(1.0, max(0, delivery.bytes_delivered) / max(1, len(reply.body)))
    return delivery.delay + delivery.body_seconds * share
