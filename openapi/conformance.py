"""The conformance of a response to the responses that a document declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import orjson

from .json import parse_json
from .keywords import value_from_text
from .media_types import is_json, media_type_matches
from .messages import Reply, media_type_of
from .operation import Operation, Response
from .pointer import format_pointer
from .responses import is_left_out
from .schema import Schema
from .text import expected_but_got, quote

Aspect = Literal["status", "content-type", "header", "json", "body"]


class ReplyProblem(NamedTuple):
    """One way in which a response differs from its declaration.

    aspect: the part of the response that differs
    place: a JSON pointer into the body or the name of a header; "" for the aspect as a whole
    expected: the expectation in words
    received: the value in words; None if it is missing
    """

    aspect: Aspect
    place: str
    expected: str
    received: str | None = None

    @property
    def message(self) -> str:
        """Expected and received in one sentence, without the place."""
        return expected_but_got(self.expected, self.received)

    def __str__(self) -> str:
        return f"{f'{self.aspect} {self.place}'.strip()}: {self.message}"


def reply_problems(operation: Operation, reply: Reply) -> Iterator[ReplyProblem]:
    """Yield every way in which a response differs from the declared responses of an operation."""
    response = operation.responses.get(reply.status)
    if response is None:
        if not operation.responses:  # nothing is said about any response
            return
        # Many documents leave out some errors or all, and no server does without any.
        if reply.status >= 400 and not operation.documents_errors:
            return
        if is_left_out(operation.responses, reply.status):
            return
        declared = ", ".join(map(str, operation.responses))
        yield ReplyProblem("status", "", f"must be one of {declared}", str(reply.status))
        return
    yield from _header_problems(response, reply)
    if not response.content:
        # Of an error, documents often say no more than its status.
        if reply.body and reply.status < 400:
            yield ReplyProblem("body", "", "must be empty", f"{len(reply.body)} bytes")
        return
    media_type = media_type_of(reply.headers)
    fitting = (name for name in response.content if media_type_matches(media_type, name))
    declared_type = media_type if media_type in response.content else next(fitting, None)
    if declared_type is None:
        declared = " or ".join(response.content)
        received = quote(media_type) if media_type else "a response without one"
        yield ReplyProblem("content-type", "", f"must be {declared}", received)
        return
    schema = response.content[declared_type]
    if schema is not None and is_json(media_type):
        yield from body_problems(schema, reply.body)


def body_problems(schema: Schema, body: bytes) -> Iterator[ReplyProblem]:
    """Yield every way in which a JSON body does not match a schema."""
    try:
        data = parse_json(body)
    except orjson.JSONDecodeError as failure:
        received = f"{quote(body[:_MAX_SHOWN_BYTES].decode(errors='replace'))} ({failure})"
        yield ReplyProblem("json", "", "must be JSON", received)
        return
    if not schema.accepts(data):
        for error in schema.errors(data):
            yield ReplyProblem("body", format_pointer(error.path), error.expected, error.received)


def _header_problems(response: Response, reply: Reply) -> Iterator[ReplyProblem]:
    for header in response.headers:
        text = reply.headers.get(header.name)
        if text is None:
            if header.required:
                yield ReplyProblem("header", header.name, "is required")
            continue
        for error in header.schema.errors(value_from_text(text, header.schema.raw)):
            yield ReplyProblem("header", header.name, error.expected, error.received)


_MAX_SHOWN_BYTES = 100
