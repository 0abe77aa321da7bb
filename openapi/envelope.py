"""The error responses of a document, `x-error-envelope`: their fields, and the causes of errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .json import Json
from .pointer import Path, parse_pointer, set_at


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


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """The response to one cause of error.

    status: the HTTP status
    type: the type of the error, a group of codes; None if the envelope has no such field
    code: the code of the error
    headers: additional headers by name in lower case
    """

    status: int
    type: str | None
    code: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ErrorEnvelope:
    """The fields of every error response, and the response to each cause.

    type_at, code_at, message_at, parameter_at, request_id_at: the paths of the fields in the body;
        None if the body has no such field
    request_id_header: the header with the request id in lower case; None if there is none
    request_id_prefix: the start of every request id
    retry_seconds: the header with the seconds before a retry, in lower case; None if there is none
    retry_milliseconds: the same in milliseconds
    responses: the responses by cause
    """

    type_at: Path | None
    code_at: Path | None
    message_at: Path
    parameter_at: Path | None
    request_id_at: Path | None
    request_id_header: str | None
    request_id_prefix: str
    retry_seconds: str | None
    retry_milliseconds: str | None
    responses: Mapping[str, ErrorResponse]

    def body(
        self, response: ErrorResponse, *, message: str, parameter: str | None, request_id: str
    ) -> dict[str, Json]:
        """Return the body of an error response."""
        body: dict[str, Json] = {}
        for path, value in (
            (self.type_at, response.type),
            (self.code_at, response.code),
            (self.message_at, message),
            (self.parameter_at, parameter),
            (self.request_id_at, request_id),
        ):
            if path is not None:
                set_at(body, path, value)
        return body

    def cause_of_status(self, status: int, code: str | None = None) -> str | None:
        """Return the first cause with this status, and with this code unless it is None.

        Returns None if there is no such cause.
        """
        for cause, response in self.responses.items():
            if response.status == status and code in (None, response.code):
                return cause
        return None


def compile_envelope(data: Json) -> ErrorEnvelope:
    """Compile validated data of `x-error-envelope`."""
    paths = {key: parse_pointer(data[key]) if key in data else None for key in _POINTER_KEYS}
    retry = data.get("retry_after", {})
    return ErrorEnvelope(
        type_at=paths["type"],
        code_at=paths["code"],
        message_at=parse_pointer(data["message"]),
        parameter_at=paths["parameter"],
        request_id_at=paths["request_id"],
        request_id_header=_lower(data.get("request_id_header")),
        request_id_prefix=data.get("request_id_prefix", ""),
        retry_seconds=_lower(retry.get("seconds")),
        retry_milliseconds=_lower(retry.get("milliseconds")),
        responses={
            cause: ErrorResponse(
                status=response["status"],
                type=response.get("type"),
                code=response["code"],
                headers={name.lower(): text for name, text in response.get("headers", {}).items()},
            )
            for cause, response in data["causes"].items()
        },
    )


def _lower(header: str | None) -> str | None:
    return header.lower() if header else None


_POINTER_KEYS = ("type", "code", "parameter", "request_id")

_STATUSES = {
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
    Cause.MEDIA_TYPE_UNSUPPORTED: 415,
    Cause.RANGE_UNSATISFIABLE: 416,
    Cause.RATE_EXCEEDED: 429,
    Cause.QUOTA_EXCEEDED: 429,
    Cause.INTERNAL: 500,
}
DEFAULT_ENVELOPE = ErrorEnvelope(
    type_at=None,
    code_at=None,
    message_at=("detail",),
    parameter_at=None,
    request_id_at=None,
    request_id_header=None,
    request_id_prefix="",
    retry_seconds="retry-after",
    retry_milliseconds=None,
    responses={
        cause: ErrorResponse(_STATUSES.get(cause, 400), None, cause.value, {}) for cause in Cause
    },
)
"""The errors of a document that declares none: the usual statuses, and RFC 9457 as the form."""
