"""Whether a reply is one that the document declares for its operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from .messages import Reply, media_type_of
from .operation import JSON, Operation, Response
from .pointer import format_pointer
from .request import value_from_text
from .schema import Schema
from .text import expected_but_got, quote

Aspect = Literal["status", "content-type", "header", "json", "body"]


@dataclass(frozen=True, slots=True)
class ReplyProblem:
    """One way in which a reply is not as declared: the aspect, the place (a JSON pointer or a
    header), and in words what was expected and what came, None if nothing did.
    """

    aspect: Aspect
    place: str
    expected: str
    received: str | None = None

    @property
    def message(self) -> str:
        """What was expected and what came, in one sentence."""
        return expected_but_got(self.expected, self.received)

    def __str__(self) -> str:
        return f"{f'{self.aspect} {self.place}'.strip()}: {self.message}"


def reply_problems(operation: Operation, reply: Reply) -> Iterator[ReplyProblem]:
    """Every way in which the reply is not one of the operation's declared answers."""
    response = operation.responses.get(reply.status)
    if response is None:
        declared = ", ".join(map(str, operation.responses))
        yield ReplyProblem("status", "", f"must be one of {declared}", str(reply.status))
        return
    yield from _header_problems(response, reply)
    if not response.content:
        if reply.body:
            yield ReplyProblem("body", "", "must be empty", f"{len(reply.body)} bytes")
        return
    media_type = media_type_of(reply.headers)
    if media_type not in response.content:
        declared = " or ".join(response.content)
        came = quote(media_type) if media_type else "an answer without one"
        yield ReplyProblem("content-type", "", f"must be {declared}", came)
        return
    schema = response.content[media_type]
    if schema is not None and media_type == JSON:
        yield from body_problems(schema, reply.body)


def body_problems(schema: Schema, body: bytes) -> Iterator[ReplyProblem]:
    """Every way in which a JSON body does not fit a schema."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        came = f"{quote(body[:_MAX_SHOWN_BYTES].decode(errors='replace'))} ({error})"
        yield ReplyProblem("json", "", "must be JSON", came)
        return
    if not schema.accepts(data):
        for finding in schema.errors(data):
            yield ReplyProblem(
                "body", format_pointer(finding.path), finding.expected, finding.received
            )


def _header_problems(response: Response, reply: Reply) -> Iterator[ReplyProblem]:
    for header in response.headers:
        text = reply.headers.get(header.name)
        if text is None:
            if header.required:
                yield ReplyProblem("header", header.name, "is required")
            continue
        for finding in header.schema.errors(value_from_text(text, header.schema.raw)):
            yield ReplyProblem("header", header.name, finding.expected, finding.received)


_MAX_SHOWN_BYTES = 100
