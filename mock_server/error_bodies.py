"""The bodies of error replies, as the document describes the response or its errors."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ..openapi import ErrorEnvelope, Schema
from ..openapi.generator import NoValueError, ValueMaker
from ..openapi.generator.layout import Layout
from ..openapi.json import Json
from ..openapi.media_types import is_json, media_type_matches
from ..openapi.operation import JSON, Response
from ..openapi.pointer import Path
from .error_messages import message_places
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
                shown = response.examples.get(documented, {}) if response else {}
                body = self._described(
                    media_type, schema, values, refusal.message, [*shown.values()]
                )
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
        examples: list[Json],
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
        tries = [fitting, {}]
        if envelope.message_at not in fitting:
            places = message_places(schema, message, examples=examples)
            tries = [*({**fitting, place: message} for place in places[:_MAX_TRIES]), *tries]
        nearest: Json = None
        for known in tries:
            try:
                return self._maker.make(schema, layout=Layout(values=known))
            except NoValueError as error:
                nearest = error.nearest
        return nearest


def _fits(schema: Schema, path: Path, value: Json) -> bool:
    return any(below.accepts(value) for below in schema.all_below(path))


_PROBLEM_JSON = "application/problem+json"
_MAX_TRIES = 4  # of places for the message; an alternative of the schema may exclude one
