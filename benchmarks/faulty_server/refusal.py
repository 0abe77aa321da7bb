"""Requests that are not granted, and the envelope that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .jobs import Json

NOT_RETRIED = {"x-should-retry": "false"}
CHALLENGE = {"WWW-Authenticate": "Bearer"}


# Not frozen: what passes an exception on sets its traceback.
@dataclass(eq=False)
class Refusal(Exception):
    """Why a request is not granted; `param` names the field at fault."""

    status: int
    code: str
    message: str
    param: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)

    def envelope(self, request_id: str) -> Json:
        """The body of the answer."""
        return {
            "error": {
                "type": self.type,
                "code": self.code,
                "message": self.message,
                "param": self.param,
                "request_id": request_id,
            }
        }


def missing(param: str) -> Refusal:
    """A required field was not sent."""
    return Refusal(400, "missing_parameter", f"{param}: is required", param)


def wrong_type(param: str) -> Refusal:
    """A field has another type than its schema."""
    return Refusal(400, "invalid_parameter_type", f"{param}: has the wrong type", param)


def wrong_value(param: str) -> Refusal:
    """A field has a value that its schema does not allow."""
    return Refusal(400, "invalid_request", f"{param}: is not an allowed value", param)


def unreadable(what: str) -> Refusal:
    """A body that is not of the kind that is taken, or not well formed."""
    return Refusal(400, "invalid_request", f"the body is not {what}")


def unknown_job() -> Refusal:
    """There is no such job, or not any more."""
    return Refusal(404, "resource_not_found", "there is no such job", "video_id")


def wrong_state(message: str) -> Refusal:
    """The job is not in a state that allows this."""
    return Refusal(409, "invalid_request", message, headers=NOT_RETRIED)


def unauthorized(code: str, message: str) -> Refusal:
    """The key is missing, malformed or not valid."""
    return Refusal(401, code, message, None, "authentication_error", CHALLENGE)


def broken(status: int = 500) -> Refusal:
    """The server's own failure."""
    if status == 503:
        headers = {"Retry-After": "0"}
        return Refusal(503, "upstream_unavailable", "try again", None, "upstream_error", headers)
    return Refusal(status, "internal_error", "something broke", None, "api_error")


def busy(headers: Mapping[str, str]) -> Refusal:
    """Too many requests."""
    message = "too many requests"
    return Refusal(429, "rate_limit_exceeded", message, None, "rate_limit_error", headers)
