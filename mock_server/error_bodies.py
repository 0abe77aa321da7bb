"""The bodies of error replies, as the document describes the response or its errors."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ..openapi import ErrorEnvelope, Schema
from ..openapi.generator import NoValueError, ValueMaker
from ..openapi.generator.layout import Layout
from ..openapi.json import Json
from ..openapi.keywords import types_of
from ..openapi.media_types import is_json, media_type_matches
from ..openapi.operation import JSON, Response
from ..openapi.pointer import Path
from .errors import Refusal
from .small_files import make_small_file


class ErrorBodies:
    """Makes the bodies of errors.

    Args:
        envelope: The description of errors in the document.
        maker: Makes the bodies of errors that the document describes by their schema alone.
    """

    def __init__(self, envelope: ErrorEnvelope, *, maker: ValueMaker) -> None:
        self._envelope, self._maker = envelope, maker

    def render(
        self, refusal: Refusal, request_id: str, *, status: int, response: Response | None
    ) -> tuple[str, bytes]:
        """Return the media type and the body of an error.

        Args:
            refusal: The error.
            request_id: The id of the request.
            status: The HTTP status.
            response: The documented response with this status; None if there is none.
        """
        envelope = self._envelope
        error = envelope.responses[refusal.cause]
        values = envelope.values(
            error,
            message=refusal.message,
            parameter=refusal.parameter,
            request_id=request_id,
            status=status,
            wait=refusal.wait,
        )
        content = response.content if response else {}
        for documented, schema in content.items():
            if is_json(documented) or media_type_matches(JSON, documented):
                media_type = documented if is_json(documented) else JSON
                body = self._described(media_type, schema, values, refusal.message)
                return media_type, orjson.dumps(body)
        for documented in content:
            if documented.startswith("text/"):
                return documented.replace("/*", "/plain"), refusal.message.encode()
            return documented, make_small_file(documented)
        return JSON if envelope.declared else _PROBLEM_JSON, orjson.dumps(envelope.body_of(values))

    def _described(
        self,
        media_type: str,
        schema: Schema | None,
        values: Mapping[Path, Json],
        message: str,
    ) -> Json:
        """Return the error as the document's own description of errors has it, if the schema of
        the response allows that; else a value of the schema with all that fits.
        """
        envelope = self._envelope
        body = envelope.body_of(values)
        if schema is None:
            return body
        says = envelope.declared or media_type.partition(";")[0] == _PROBLEM_JSON
        if says and schema.accepts(body):
            return body
        fitting = {path: v for path, v in values.items() if says and _fits(schema, path, v)}
        if envelope.message_at not in fitting:
            fitting |= _message(schema, message)
        for known in (fitting, {}):
            try:
                return self._maker.make(schema, layout=Layout(values=known))
            except NoValueError as error:
                nearest = error.nearest
        return nearest


def _fits(schema: Schema, path: Path, value: Json) -> bool:
    return any(below.accepts(value) for below in schema.all_below(path))


def _message(schema: Schema, message: str) -> dict[Path, Json]:
    """Return the message at the first field of a schema that is any text."""
    if "string" in types_of(schema.raw) and schema.accepts(message):
        return {(): message}
    for path, field in schema.fields():
        if "string" in types_of(field) and not field.keys() & _FIXED_TEXT:
            return {path: message}
    return {}


_PROBLEM_JSON = "application/problem+json"
_FIXED_TEXT = {"const", "enum", "format", "pattern", "maxLength"}
