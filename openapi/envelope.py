"""The error responses of a document, `x-errors`: their fields, and the causes of errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from math import ceil
from typing import NamedTuple

from .jobs.place import Part, Place, parse_place
from .json import Json
from .operation import Operation
from .pointer import Path, set_at
from .responses import documented_status
from .schema import Schema


class Cause(StrEnum):
    """The causes of error responses that the toolkit knows; a document may declare more."""

    JSON_MALFORMED = "json-malformed"
    FORM_MALFORMED = "form-malformed"
    MEDIA_TYPE_UNSUPPORTED = "media-type-unsupported"
    FIELD_MISSING = "field-missing"
    FIELD_TYPE = "field-type"
    FIELD_VALUE = "field-value"
    PREFERENCE_INVALID = "preference-invalid"
    CREDENTIALS_MISSING = "credentials-missing"
    CREDENTIALS_MALFORMED = "credentials-malformed"
    CREDENTIALS_INVALID = "credentials-invalid"
    CREDENTIALS_REVOKED = "credentials-revoked"
    MODEL_FORBIDDEN = "model-forbidden"
    ENDPOINT_UNKNOWN = "endpoint-unknown"
    METHOD_UNSUPPORTED = "method-unsupported"
    JOB_UNKNOWN = "job-unknown"
    JOB_UNFINISHED = "job-unfinished"
    CONTENT_PENDING = "content-pending"
    CONTENT_EXPIRED = "content-expired"
    BODY_TOO_LARGE = "body-too-large"
    IDEMPOTENCY_CONFLICT = "idempotency-conflict"
    RANGE_UNSATISFIABLE = "range-unsatisfiable"
    RATE_EXCEEDED = "rate-exceeded"
    QUOTA_EXCEEDED = "quota-exceeded"
    INTERNAL = "internal"


class ErrorResponse(NamedTuple):
    """The response to one cause of error.

    status: the HTTP status
    type: the type of the error, a group of codes; None if the errors have no such field
    code: the code of the error
    headers: additional headers by name in lower case
    words: the values of all fields of the body that differ from cause to cause, by path
    retry: the seconds before a retry; None if the document says none
    is_usual: True if the document says no status for the cause, so that another one may stand in
    """

    status: int
    type: str | None
    code: Json
    headers: Mapping[str, str]
    words: tuple[tuple[Path, Json], ...] = ()
    retry: float | None = None
    is_usual: bool = False


@dataclass(frozen=True, slots=True)
class ErrorEnvelope:
    """The fields of every error response, and the response to each cause.

    type_at, code_at, message_at, parameter_at, request_id_at, status_at, phrase_at: the paths of
        the fields in the body; None if the body has no such field
    request_id_header: the header with the request id in lower case; None if there is none
    request_id_prefix: the start of every request id
    retry_seconds: the header with the seconds before a retry, in lower case; None if there is none
    retry_milliseconds: the same in milliseconds
    retry_places: the paths of fields with the time before a retry, and their units per second
    constants: the values that all errors have, by path
    responses: the responses by cause
    success: the values that good responses have in these fields, by path
    declared: False if the document does not say how its errors look
    good_statuses: the statuses of 2xx that errors may have, too
    """

    type_at: Path | None
    code_at: Path | None
    message_at: Path | None
    parameter_at: Path | None
    request_id_at: Path | None
    status_at: Path | None
    phrase_at: Path | None
    request_id_header: str | None
    request_id_prefix: str
    retry_seconds: str | None
    retry_milliseconds: str | None
    retry_places: tuple[tuple[Path, int], ...]
    constants: tuple[tuple[Path, Json], ...]
    responses: Mapping[str, ErrorResponse]
    success: tuple[tuple[Path, Json], ...]
    declared: bool
    good_statuses: frozenset[int] = frozenset()

    def body(
        self, response: ErrorResponse, *, message: str, parameter: str | None, request_id: str
    ) -> dict[str, Json]:
        """Return the body of an error response."""
        return self.body_of(
            self.values(response, message=message, parameter=parameter, request_id=request_id)
        )

    def good_values(self, schema: Schema | None) -> dict[Path, Json]:
        """Return the values that a good response with this schema has in these fields, by path."""
        if schema is None:
            return {}
        return {path: value for path, value in self.success if schema.schemas_at(path)}

    @staticmethod
    def body_of(values: Mapping[Path, Json]) -> dict[str, Json]:
        """Return the body with values at paths."""
        body: dict[str, Json] = {}
        for path, value in values.items():
            set_at(body, path, value)
        return body

    def values(
        self,
        response: ErrorResponse,
        *,
        message: str,
        parameter: str | None,
        request_id: str,
        status: int | None = None,
        wait: float | None = None,
    ) -> dict[Path, Json]:
        """Return the values of an error response by path.

        Args:
            response: The response to the cause.
            message: The message.
            parameter: The name of the invalid field; None if there is none.
            request_id: The id of the request.
            status: The HTTP status, if it differs from that of the cause.
            wait: The seconds before a retry, if they differ from those of the cause.
        """
        wait = response.retry if wait is None else wait
        status = status or response.status
        waits = [
            (path, ceil(wait * units)) for path, units in self.retry_places if wait is not None
        ]
        found = (
            *self.constants,
            *response.words,
            (self.message_at, message),
            (self.parameter_at, parameter),
            (self.request_id_at, request_id),
            (self.status_at, status),
            (self.phrase_at, status_phrase(status)),
            *waits,
        )
        return {path: value for path, value in found if path is not None}

    def status_of(self, cause: str, operation: Operation | None = None) -> int:
        """Return the status of the errors of a cause, at an operation if one is given."""
        response = self.responses[cause]
        if operation is None or not response.is_usual:
            return response.status
        return documented_status(operation.responses, response.status)

    def cause_of_status(self, status: int, code: str | None = None) -> str | None:
        """Return the first cause with this status, and with this code unless it is None.

        Returns None if there is no such cause.
        """
        for cause, response in self.responses.items():
            if response.status == status and code in (None, str(response.code)):
                return cause
        return None


def compile_envelope(data: Json) -> ErrorEnvelope:
    """Compile valid data of `x-errors`."""
    compiler = _EnvelopeCompiler(data)
    responses = compiler.responses()
    return ErrorEnvelope(
        type_at=compiler.path_of("type"),
        code_at=compiler.path_of("code"),
        message_at=compiler.path_of("message"),
        parameter_at=compiler.path_of("parameter"),
        request_id_at=compiler.path_of("request_id"),
        status_at=compiler.path_of("status"),
        phrase_at=compiler.path_of("status_phrase"),
        request_id_header=compiler.header_of("request_id"),
        request_id_prefix=literal_start(data.get("request_id", "")),
        retry_seconds=compiler.retry_header("seconds"),
        retry_milliseconds=compiler.retry_header("milliseconds"),
        retry_places=compiler.retry_places(),
        constants=compiler.constants(),
        responses=responses,
        success=compiler.words_of(data.get("causes", {}).get(_NONE, {})),
        declared=True,
        good_statuses=frozenset(r.status for r in responses.values() if r.status < 300),
    )


class _EnvelopeCompiler:
    """Compiles the data of `x-errors`."""

    def __init__(self, data: Json) -> None:
        self._causes: Mapping[str, Json] = data.get("causes", {})
        self._values: dict[Place, Json] = {
            parse_place(text): value for text, value in data.get("answer", {}).items()
        }

    def path_of(self, word: str) -> Path | None:
        """Return the path of the field with a word; None if the body has no such field."""
        return next((place.path for place, w in self._worded(Part.BODY) if w == word), None)

    def header_of(self, word: str) -> str | None:
        """Return the header with a word, in lower case; None if there is none."""
        return next((place.name for place, w in self._worded(Part.HEADER) if w == word), None)

    def retry_header(self, unit: str) -> str | None:
        """Return the header with the time before a retry in this unit."""
        headers = ((p.name, v) for p, v in self._values.items() if p.part is Part.HEADER)
        return next((name for name, value in headers if value == {"retry": unit}), None)

    def retry_places(self) -> tuple[tuple[Path, int], ...]:
        """Return the paths of fields with the time before a retry, and their units per second."""
        fields = ((p.path, v) for p, v in self._values.items() if p.part is Part.BODY)
        hints = ((path, v["retry"]) for path, v in fields if isinstance(v, dict) and "retry" in v)
        return tuple((path, _UNITS[unit]) for path, unit in hints)

    def constants(self) -> tuple[tuple[Path, Json], ...]:
        """Return the values that all errors have."""
        values = ((p.path, v) for p, v in self._values.items() if p.part is Part.BODY)
        return tuple((path, value) for path, value in values if not isinstance(value, dict))

    def responses(self) -> dict[str, ErrorResponse]:
        """Return the responses to all causes that the toolkit or the document knows."""
        named = (c for c in self._causes if c not in (_DEFAULT, _NONE) and not c.isdecimal())
        # A 403 is usually a missing permission, of which only the document may know.
        known = [cause for cause in Cause if cause is not Cause.MODEL_FORBIDDEN]
        causes = dict.fromkeys([*known, *named, Cause.MODEL_FORBIDDEN])
        return {cause: self._response(cause) for cause in causes}

    def words_of(self, entry: Mapping[str, Json]) -> tuple[tuple[Path, Json], ...]:
        """Return the values of the fields whose words an entry has."""
        worded = self._worded(Part.BODY)
        return tuple((place.path, entry[word]) for place, word in worded if word in entry)

    def _response(self, cause: str) -> ErrorResponse:
        own = self._causes.get(cause, {})
        usual = own.get("status", USUAL_STATUSES.get(cause, 400))
        layers = (self._causes.get(_DEFAULT, {}), self._causes.get(str(usual), {}), own)
        entry = {word: value for layer in layers for word, value in layer.items()}
        entry = {word: value for word, value in entry.items() if value is not None}
        headers = {
            place.name: str(entry[word])
            for place, word in self._worded(Part.HEADER)
            if word in entry
        }
        retry = self.retry_header("seconds")
        if "retry" in entry and retry:
            headers[retry] = f"{entry['retry']:g}"
        return ErrorResponse(
            status=entry.get("status", usual),
            type=entry.get("type"),
            code=entry.get("code", cause),
            headers=headers,
            words=self.words_of({"code": cause, **entry}),
            retry=entry.get("retry"),
            is_usual="status" not in entry,
        )

    def _worded(self, part: Part) -> list[tuple[Place, str]]:
        """Return the places of a part of the response, each with its word."""
        return [
            (place, value["error"])
            for place, value in self._values.items()
            if place.part is part and isinstance(value, dict) and "error" in value
        ]


def usual_cause(status: int) -> Cause:
    """Return a cause of errors with a status that the document has no cause for."""
    other = Cause.FIELD_VALUE if status < 500 else Cause.INTERNAL
    return next((Cause(c) for c, usual in USUAL_STATUSES.items() if usual == status), other)


def status_phrase(status: int) -> str:
    """Return the short text of a status; of an unknown one, that of the first of its class."""
    known = status if status in {*HTTPStatus} else status // 100 * 100
    return HTTPStatus(known).phrase


def literal_start(pattern: str) -> str:
    """Return the literal start of a regular expression: `req_` of `^req_[0-9A-Z]{26}$`."""
    end = next((i for i, c in enumerate(pattern[1:], 1) if not (c.isalnum() or c in "_-")), 0)
    return pattern[1:end] if pattern.startswith("^") else ""


_UNITS = {"seconds": 1, "milliseconds": 1000}
_DEFAULT, _NONE = "default", "none"
USUAL_STATUSES: Mapping[str, int] = {
    Cause.CREDENTIALS_MISSING: 401,
    Cause.CREDENTIALS_MALFORMED: 401,
    Cause.CREDENTIALS_INVALID: 401,
    Cause.CREDENTIALS_REVOKED: 401,
    Cause.MODEL_FORBIDDEN: 403,
    Cause.ENDPOINT_UNKNOWN: 404,
    Cause.JOB_UNKNOWN: 404,
    Cause.CONTENT_EXPIRED: 404,
    Cause.METHOD_UNSUPPORTED: 405,
    Cause.JOB_UNFINISHED: 409,
    Cause.CONTENT_PENDING: 409,
    Cause.IDEMPOTENCY_CONFLICT: 409,
    Cause.BODY_TOO_LARGE: 413,
    Cause.RANGE_UNSATISFIABLE: 416,
    Cause.RATE_EXCEEDED: 429,
    Cause.QUOTA_EXCEEDED: 429,
    Cause.INTERNAL: 500,
}
"""The statuses of causes for which a document says none; 400 for all others."""

_PROBLEM_DETAILS = {
    "answer": {
        "/type": "about:blank",
        "/title": {"error": "status_phrase"},
        "/status": {"error": "status"},
        "/detail": {"error": "message"},
        "header.Retry-After": {"retry": "seconds"},
    }
}
DEFAULT_ENVELOPE = replace(compile_envelope(_PROBLEM_DETAILS), declared=False)
"""The errors of a document that declares none: the usual statuses, and the fields of RFC 9457."""
