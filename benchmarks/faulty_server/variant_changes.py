"""The changes of variants. The document allows all of them."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

from starlette.responses import Response

from .behaviour import RequestInfo, ViewContext
from .errors import ApiError, rate_limited, server_error
from .jobs import JobFields, Json, Phase
from .responses import (
    JSON,
    ChunkedResponse,
    DelayedResponse,
    value_of,
    with_body,
    with_header,
    with_json,
)

MINIMAL_HEADERS = (
    "content-type",
    "content-length",
    "www-authenticate",
    "allow",
    "retry-after",
    "content-range",
)


def _is_json(response: Response) -> bool:
    return response.headers.get("content-type") == JSON


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


def reversed_keys(response: Response, _: RequestInfo) -> Response:
    """Reverse the keys of every object."""
    return with_json(response, _reversed) if _is_json(response) else response


def indented_json(response: Response, _: RequestInfo) -> Response:
    """Write JSON with line breaks and escapes."""
    if not _is_json(response):
        return response
    return with_body(response, json.dumps(value_of(response), indent=2).encode())


def json_charset(response: Response, _: RequestInfo) -> Response:
    """Add the charset to JSON."""
    if _is_json(response):
        response.headers["content-type"] = f"{JSON}; charset=utf-8"
    return response


def minimal_headers(response: Response, _: RequestInfo) -> Response:
    """Remove all headers that HTTP does not need."""
    for name in [name for name in response.headers if name.lower() not in MINIMAL_HEADERS]:
        del response.headers[name]
    return response


def extra_headers(response: Response, _: RequestInfo) -> Response:
    """Add headers that the document does not declare."""
    for name, value in (("Vary", "Accept"), ("Cache-Control", "no-store"), ("Server", "edge/1")):
        response.headers[name] = value
    return response


def gzip_json(response: Response, request: RequestInfo) -> Response:
    """Compress JSON for clients that accept gzip."""
    if "gzip" not in request.headers.get("accept-encoding", "") or not _is_json(response):
        return response
    zipped = with_body(response, gzip.compress(bytes(response.body)))
    return with_header(zipped, "content-encoding", "gzip")


def chunked_body(response: Response, _: RequestInfo) -> Response:
    """Send a body in chunks."""
    sized = "content-length" in response.headers and response.status_code != 304
    return ChunkedResponse(response, 700) if sized else response


def closed_connection(response: Response, _: RequestInfo) -> Response:
    """Close the connection after each response."""
    return with_header(response, "connection", "close")


def delayed_response(response: Response, _: RequestInfo) -> Response:
    """Delay each response by 20 ms."""
    return DelayedResponse(response, 0.02)


def extra_in_jobs(view: Json, _: ViewContext) -> Json:
    """Add fields to jobs that the document does not declare."""
    return {"user": "u-1", **view, "usage": {"credits": 3}, "tags": ["demo"]}


def extra_in_errors(body: Json, _: ApiError) -> Json:
    """Add fields to errors that the document does not declare."""
    return {"error": {**body["error"], "doc_url": "https://example.com", "retryable": False}}


def no_param(body: Json, _: ApiError) -> Json:
    """Remove the optional field of errors."""
    return {"error": {name: body["error"][name] for name in body["error"] if name != "param"}}


def param_null(body: Json, _: ApiError) -> Json:
    """Set the optional field of errors to null."""
    return {"error": {**body["error"], "param": None}}


def skip_in_progress(phase: Phase, _: ViewContext) -> Phase:
    """Skip the state in_progress."""
    return phase if phase.final else Phase("queued", 0)


def coarse_progress(phase: Phase, _: ViewContext) -> Phase:
    """Show a progress of 1 per cent while the job is in progress."""
    return phase if phase.state != "in_progress" else Phase("in_progress", 1)


def whole_floats(view: Json, _: ViewContext) -> Json:
    """Write progress as 42.0."""
    return {**view, "progress": float(view["progress"])}


def rate_limited_once(fields: JobFields, number: int) -> JobFields:
    """Reject the first valid create with 429."""
    if number == 1:
        raise rate_limited({"Retry-After": "1"})
    return fields


def unavailable_once(phase: Phase, context: ViewContext) -> Phase:
    """Return 503 for the second retrieve of each job."""
    if context.operation == "retrieve" and context.job.retrieved == 2:
        raise server_error(503)
    return phase


def uuid_id(number: int) -> str:
    """Return a plain UUID."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number)))
