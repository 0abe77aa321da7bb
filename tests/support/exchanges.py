"""Requests, responses and histories of exchanges, made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from aisa_testkit.contracts import Exchange, UnmatchedRequest, read_exchange
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.operations import find_operation

History = list[Exchange | UnmatchedRequest]

JSON = {"content-type": "application/json"}


def key_headers(document: Document, key: str = "sk-of-a-client") -> dict[str, str]:
    """The header that carries an API key."""
    credentials = document.credentials
    return {credentials.header: f"{credentials.scheme} {key}".strip()} if credentials else {}


def json_reply(body: Json, status: int = 200, **headers: str) -> Reply:
    """A response with a JSON body."""
    return Reply(status, {**JSON, **headers}, orjson.dumps(body))


def json_of(reply: Reply | None) -> Json:
    """The JSON body of a response."""
    assert reply is not None
    return orjson.loads(reply.body)


def make_call(
    document: Document,
    operation: JobRole | str,
    *,
    job_id: str = "job-1",
    fields: Json = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    key: str | None = "sk-of-a-client",
) -> Call:
    """A request of an operation, given by its role or its id.

    Args:
        document: The document of the API.
        operation: The role or the id of the operation.
        job_id: The id in the path, if the path has one.
        fields: The JSON body; None for a request without a body.
        query: The query parameters.
        headers: More headers, which win over those made here.
        key: The API key; None for a request without a key.
    """
    found = find_operation(document, operation)
    names = found.template.parameters
    own = key_headers(document, key) if key else {}
    body = b"" if fields is None else orjson.dumps(fields)
    return Call(
        found.id,
        dict.fromkeys(names, job_id),
        tuple((query or {}).items()),
        {**own, **JSON, **(headers or {})},
        body,
    )


def make_exchange(
    document: Document,
    operation: JobRole | str,
    reply: Reply | None,
    *,
    at: float = 1_780_000_000,
    job_id: str = "job-1",
    fields: Json = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    key: str | None = "sk-of-a-client",
) -> Exchange:
    """An exchange: a request as `make_call` makes it, and its response at a Unix time."""
    call = make_call(
        document, operation, job_id=job_id, fields=fields, query=query, headers=headers, key=key
    )
    return read_exchange(document, call, reply, at=at)


def exchange_of(
    document: Document, call: Call, reply: Reply | None = None, *, at: float = 1_780_000_000
) -> Exchange:
    """An exchange with this request."""
    return read_exchange(document, call, reply, at=at)


def exchange_number(history: History, number: int) -> Exchange:
    """The exchange with this number, counted from 1."""
    item = history[number - 1]
    assert isinstance(item, Exchange)
    return item


def reply_number(history: History, number: int) -> Reply:
    """The response with this number, counted from 1."""
    reply = exchange_number(history, number).reply
    assert reply is not None
    return reply


def with_reply(history: History, number: int, reply: Reply | None) -> History:
    """The history with another response, or none, at this number."""
    changed = replace(exchange_number(history, number), reply=reply)
    return [*history[: number - 1], changed, *history[number:]]
