"""Errors of the API and their envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .jobs import Json

NOT_RETRIED = {"x-should-retry": "false"}
CHALLENGE = {"WWW-Authenticate": "Bearer"}


# Not frozen, because Python sets the traceback of exceptions.
@dataclass(eq=False)
class ApiError(Exception):
    """A rejected request. `param` is the name of the invalid field."""

    status: int
    code: str
    message: str
    param: str | None = None
    type: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=dict)

    def envelope(self, request_id: str) -> Json:
        """Return the body of the response."""
        return {
            "error": {
                "type": self.type,
                "code": self.code,
                "message": self.message,
                "param": self.param,
                "request_id": request_id,
            }
        }


def missing_parameter(param: str) -> ApiError:
    """A required field is missing."""
    return ApiError(400, "missing_parameter", f"{param}: is required", param)


def wrong_type(param: str) -> ApiError:
    """A field has another type than its schema."""
    return ApiError(400, "invalid_parameter_type", f"{param}: has the wrong type", param)


def invalid_value(param: str) -> ApiError:
    """A field has a value that its schema does not allow."""
    return ApiError(400, "invalid_request", f"{param}: is not an allowed value", param)


def invalid_body(what: str) -> ApiError:
    """A body of an unsupported media type, or a malformed one."""
    return ApiError(400, "invalid_request", f"the body is not {what}")


def unknown_job() -> ApiError:
    """The job does not exist or was deleted."""
    return ApiError(404, "resource_not_found", "there is no such job", "video_id")


def conflict(message: str) -> ApiError:
    """The state of the job does not allow the request."""
    return ApiError(409, "invalid_request", message, headers=NOT_RETRIED)


def unauthorized(code: str, message: str) -> ApiError:
    """The API key is missing, malformed or invalid."""
    return ApiError(401, code, message, None, "authentication_error", CHALLENGE)


def server_error(status: int = 500) -> ApiError:
    """An error of the server."""
    if status == 503:
        headers = {"Retry-After": "0"}
        return ApiError(503, "upstream_unavailable", "try again", None, "upstream_error", headers)
    return ApiError(status, "internal_error", "something broke", None, "api_error")


def rate_limited(headers: Mapping[str, str]) -> ApiError:
    """Too many requests."""
    message = "too many requests"
    return ApiError(429, "rate_limit_exceeded", message, None, "rate_limit_error", headers)
