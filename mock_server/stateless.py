"""Replies of operations that are not about jobs: from examples, or made from the schema."""

from __future__ import annotations

import re

import orjson

from ..openapi import Cause, Document, Operation, Reply, Schema
from ..openapi.generator import NoValueError, ValueMaker
from ..openapi.generator.layout import FREE, Layout
from ..openapi.json import Json
from ..openapi.media_types import is_json
from ..openapi.operation import Response
from .accepted_call import AcceptedCall
from .errors import Refusal
from .small_files import make_small_file


class StatelessReplies:
    """The replies of operations without a role for jobs. They keep nothing.

    `Prefer: code=404` asks for another documented response, `Prefer: example=NAME` for an example
    by its name, and `Prefer: dynamic=true` for a value that is made from the schema.

    Args:
        document: The document.
        maker: Makes values from schemas.
    """

    def __init__(self, document: Document, *, maker: ValueMaker) -> None:
        self._document, self._maker = document, maker

    def reply(self, accepted: AcceptedCall) -> Reply:
        """Return the reply to a valid request; raises Refusal if it prefers what is not there."""
        operation, prefer = accepted.operation, accepted.call.headers.get("prefer", "")
        status, response = self._preferred(operation, prefer)
        for media_type, schema in response.content.items():
            if is_json(media_type):
                body = self._body(response, media_type, schema, prefer)
                return Reply(status, {"content-type": media_type}, orjson.dumps(body))
        for media_type in response.content:
            return Reply(status, {"content-type": media_type}, make_small_file(media_type))
        return Reply(status, {})

    @staticmethod
    def _preferred(operation: Operation, prefer: str) -> tuple[int, Response]:
        """Return the status that a request prefers, by default the good one, and its response."""
        match = _CODE.search(prefer)
        if match is None:
            return operation.success.status, operation.success
        status = int(match[1])
        if status not in operation.responses:
            known = ", ".join(map(str, operation.responses))
            message = f"Prefer: {operation.id} has no documented response {status}, only {known}"
            raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
        return status, operation.responses[status]

    def _body(
        self, response: Response, media_type: str, schema: Schema | None, prefer: str
    ) -> Json:
        examples = response.examples.get(media_type, {})
        wanted = _EXAMPLE.search(prefer)
        if wanted:
            if wanted[1] not in examples:
                known = ", ".join(examples) or "none"
                message = f"Prefer: there is no example {wanted[1]}; the examples are {known}"
                raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
            return examples[wanted[1]]
        if not _DYNAMIC.search(prefer):
            valid = (e for e in examples.values() if schema is None or schema.accepts(e))
            for example in valid:
                return example
        if schema is None:
            return {}
        try:
            good = self._document.envelope.good_values(schema)
            is_good = response.status < 300
            return self._maker.make(schema, layout=Layout(values=good) if is_good else FREE)
        except NoValueError as error:
            message = f"no example and no value for the response {response.status}: {error}"
            raise Refusal(Cause.INTERNAL, message) from None


_CODE = re.compile(r"\bcode=([1-5][0-9]{2})\b")
_EXAMPLE = re.compile(r"\bexample=([^\s,;]+)")
_DYNAMIC = re.compile(r"\bdynamic=true\b")
