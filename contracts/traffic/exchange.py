"""Requests with their answers, as a judge sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...openapi import Arguments, Call, Document, Operation, Reply
from ...openapi.form import Part
from ...openapi.json import Json
from ...openapi.request import read_call


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call of an operation and its reply, None if the connection broke.

    `path` is the template of the path from the root, `at` the moment on the clock of the server, in
    Unix seconds, when the reply was there or the connection broke, and `took` the seconds from the
    request until then. `client_time` is the same moment in the seconds that the client lives in,
    None if nobody knows how it waits.
    `unseen` is what a mock has done and not told, where the connection broke or another answer took
    its place; None where that is not known.
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

    @property
    def operation_id(self) -> str:
        """The id of the operation in the document."""
        return self.operation.id

    @property
    def status(self) -> int | None:
        """The HTTP status of the reply, None if the connection broke."""
        return self.reply.status if self.reply else None

    @property
    def accepted(self) -> bool:
        """Whether the reply says that all went well."""
        return self.reply is not None and 200 <= self.reply.status < 300

    @property
    def fields(self) -> Mapping[str, Json]:
        """The fields of the body in the types of the document, without defaults."""
        return self.arguments.fields

    @property
    def files(self) -> Mapping[str, Part]:
        """The files of a form, by field: `.filename` and `.content`."""
        return self.arguments.files

    @property
    def query(self) -> Mapping[str, str]:
        """The query as it was sent."""
        return dict(self.call.query)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request, their names in lower case."""
        return self.call.headers

    @property
    def job_id(self) -> str | None:
        """The job that the path names, None for operations on no single job."""
        if self.operation.role is None:
            return None
        return next(iter(self.call.path_parameters.values()), None)


class UnmatchedKind(StrEnum):
    """Why a request is no exchange."""

    NO_OPERATION = "no operation takes it"
    BLOCKED = "it was not let out"
    NOT_RECORDED = "a recording has no answer to it"
    ENDLESS = "it ended a loop that would have gone on for ever"


@dataclass(frozen=True, slots=True)
class UnmatchedRequest:
    """A request that is no call of an operation: method in upper case, path from the root as it was
    sent, or the whole URL. `why` tells more than the kind does, if there is more.
    """

    method: str
    path: str
    detail: str = ""
    kind: UnmatchedKind = UnmatchedKind.NO_OPERATION


def read_exchange(
    document: Document,
    call: Call,
    reply: Reply | None,
    *,
    at: float,
    took: float = 0.0,
    client_time: float | None = None,
) -> Exchange:
    """The exchange, with its call read by the document. A reply that did not arrive as a whole is
    one that the client has not seen.

    `at`, `took` and `client_time` are of the moment when the reply was made; what its delivery
    takes, or as much as there was of it, comes on top.
    """
    operation = document.operations[call.operation_id]
    path, arguments = document.base_path + operation.path, read_call(operation, call)
    broken = reply is not None and reply.delivery is not None and reply.delivery.is_incomplete
    seen, committed = None if broken else reply, reply.replaced if reply else None
    unseen = committed or (reply if broken else None)
    late = _under_way(reply) if reply else 0.0
    at, took, client_time = (
        at + late,
        took + late,
        None if client_time is None else client_time + late,
    )
    return Exchange(operation, path, call, arguments, seen, at, took, client_time, unseen)


def _under_way(reply: Reply) -> float:
    """The seconds from the making of a reply until the client has what it gets of it."""
    delivery = reply.delivery
    if delivery is None:
        return 0.0
    share = 1.0
    if delivery.bytes_delivered is not None:
        share = min(1.0, max(0, delivery.bytes_delivered) / max(1, len(reply.body)))
    return delivery.delay + delivery.body_seconds * share
