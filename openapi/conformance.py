"""Whether a reply is one that the document declares for its operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import orjson

from .exchange import Reply
from .operation import JSON, Operation, Response
from .pointer import format_pointer
from .request import from_text
from .schema import Schema, show

Aspect = Literal["status", "content-type", "header", "body"]


@dataclass(frozen=True, slots=True)
class ReplyProblem:
    """One way in which a reply is not as declared: the aspect, the place (a JSON pointer or a
    header), both in words.
    """

    aspect: Aspect
    place: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.aspect} {self.place}: {self.message}"
            if self.place
            else f"{self.aspect}: {self.message}"
        )


def reply_problems(operation: Operation, reply: Reply) -> Iterator[ReplyProblem]:
    """Every way in which the reply is not one of the operation's declared answers."""
    response = operation.responses.get(reply.status)
    if response is None:
        declared = ", ".join(map(str, operation.responses))
        yield ReplyProblem("status", "", f"{reply.status} is not declared, only {declared}")
        return
    yield from _header_problems(response, reply)
    if not response.content:
        if reply.body:
            yield ReplyProblem("body", "", f"must be empty, has {len(reply.body)} bytes")
        return
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in response.content:
        declared = ", ".join(response.content)
        message = f"must be one of {declared}, not {show(media_type)}"
        yield ReplyProblem("content-type", "", message)
        return
    schema = response.content[media_type]
    if schema is not None and media_type == JSON:
        yield from body_problems(schema, reply.body)


def body_problems(schema: Schema, body: bytes) -> Iterator[ReplyProblem]:
    """Every way in which a JSON body does not fit a schema."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        yield ReplyProblem("body", "", f"is not JSON: {error}")
        return
    if not schema.accepts(data):
        for finding in schema.findings(data):
            yield ReplyProblem("body", format_pointer(finding.path), finding.message)


def _header_problems(response: Response, reply: Reply) -> Iterator[ReplyProblem]:
    for header in response.headers:
        text = reply.headers.get(header.name)
        if text is None:
            if header.required:
                yield ReplyProblem("header", header.name, "is required")
            continue
        for finding in header.schema.findings(from_text(text, header.schema.raw)):
            yield ReplyProblem("header", header.name, finding.message)
