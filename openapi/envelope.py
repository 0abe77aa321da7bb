"""The declared error answers, `x-error-envelope`: where an error says what, and what is said for
which cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .json import Json
from .pointer import Path, parse_pointer, set_at


class Cause(StrEnum):
    """The causes of a refusal that the toolkit knows; a document may declare more."""

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
    """What is answered to one cause: HTTP status, family and code of the error, extra headers."""

    status: int
    type: str | None
    code: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ErrorEnvelope:
    """The envelope of every error. A path is None where the envelope has no such field.

    `retry_seconds` and `retry_milliseconds` are the headers, in lower case, that say how long to
    wait before another try.
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
        """The body of an error answer."""
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
        """The first declared cause that is answered with this status, and this code if one is
        given.
        """
        for cause, answer in self.responses.items():
            if answer.status == status and code in (None, answer.code):
                return cause
        return None


def compile_envelope(data: Json) -> ErrorEnvelope:
    """The envelope from its data, which the schema of the extension has checked."""
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
                status=answer["status"],
                type=answer.get("type"),
                code=answer["code"],
                headers={name.lower(): value for name, value in answer.get("headers", {}).items()},
            )
            for cause, answer in data["causes"].items()
        },
    )


def _lower(header: str | None) -> str | None:
    return header.lower() if header else None


_POINTER_KEYS = ("type", "code", "parameter", "request_id")
