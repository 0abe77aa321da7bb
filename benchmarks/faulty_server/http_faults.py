"""Faults in the status, the content type, the error envelope and the headers of responses."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from .behaviour import Behaviour
from .catalogue import Fault
from .changes import (
    constant,
    for_operation,
    for_status,
    reject_operation,
    to_body,
    to_empty,
    to_error,
    to_header,
    to_status,
    to_value,
)
from .errors import rate_limited, server_error
from .jobs import JobFields, Json

CRASH, UNDOCUMENTED = "WFC 100: server error", "WFC 101: undocumented status"
NO_BODY, MEDIA_TYPE = "HTTP: status without a body", "HTTP: wrong or missing content type"
MALFORMED, ENVELOPE = "HTTP: malformed JSON", "HTTP: wrong error envelope"
HEADERS, INVALID_STATUS = "HTTP: headers", "WFC: wrong status for an invalid request"
OTHER_REQUEST = "req_" + "9" * 26
PAGE = b"<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>"

Change = Callable[[Response], Response]


def _http_fault(name: str, source: str, summary: str, behaviour: Behaviour) -> Fault:
    return Fault(name, "HTTP", source, summary, behaviour)


def _success_fault(name: str, source: str, summary: str, operation: str, change: Change) -> Fault:
    return _http_fault(
        name, source, summary, Behaviour(change_response=for_operation(operation, change))
    )


def _error_fault(name: str, source: str, summary: str, status: int, change: Change) -> Fault:
    return _http_fault(name, source, summary, Behaviour(change_response=for_status(status, change)))


def _crash_fault(operation: str) -> Fault:
    behaviour = Behaviour(reject=reject_operation(operation, server_error()))
    return _http_fault(f"{operation}-500", CRASH, f"Every {operation} breaks.", behaviour)


def _envelope_fault(name: str, summary: str, change: Callable[[Json], Json]) -> Fault:
    behaviour = Behaviour(change_error=lambda original, _: change(original["error"]))
    return _http_fault(name, ENVELOPE, summary, behaviour)


def _without_field(name: str) -> Callable[[Json], Json]:
    return lambda error: {"error": {key: error[key] for key in error if key != name}}


def _with_field(name: str, value: object) -> Callable[[Json], Json]:
    return lambda error: {"error": {**error, name: value}}


def _rate_limited_first_create(headers: dict[str, str]) -> Behaviour:
    def take(fields: JobFields, number: int) -> JobFields:
        if number == 1:
            raise rate_limited(headers)
        return fields

    return Behaviour(accept_create=take)


def _single_quoted(body: bytes) -> bytes:
    return body.replace(b'"', b"'")


def _to_null(response: Response) -> Response:
    return to_status(200)(to_value(constant(None))(response))


def _header_fault(name: str, summary: str, header: str, value: str) -> Fault:
    def change_response(response: Response, _: object) -> Response:
        return to_header(header, value)(response) if header in response.headers else response

    return _http_fault(name, HEADERS, summary, Behaviour(change_response=change_response))


HTTP_FAULTS = (
    *(_crash_fault(name) for name in ("create", "retrieve", "list", "delete", "content")),
    _success_fault("create-201", UNDOCUMENTED, "A create returns 201.", "create", to_status(201)),
    _success_fault("create-202", UNDOCUMENTED, "A create returns 202.", "create", to_status(202)),
    _success_fault(
        "retrieve-418", UNDOCUMENTED, "A retrieve returns 418.", "retrieve", to_status(418)
    ),
    _success_fault(
        "retrieve-203", UNDOCUMENTED, "A retrieve returns 203.", "retrieve", to_status(203)
    ),
    _success_fault(
        "list-599", UNDOCUMENTED, "A list returns the unknown 599.", "list", to_status(599)
    ),
    _success_fault("list-206", UNDOCUMENTED, "A list returns 206.", "list", to_status(206)),
    _success_fault("retrieve-204", NO_BODY, "A retrieve returns 204.", "retrieve", to_empty(204)),
    _success_fault("list-204", NO_BODY, "A list returns 204.", "list", to_empty(204)),
    _success_fault("delete-204", NO_BODY, "A deletion returns 204.", "delete", to_empty(204)),
    _success_fault(
        "create-no-body", NO_BODY, "A create returns 200 and nothing.", "create", to_empty(200)
    ),
    _success_fault(
        "list-as-text",
        MEDIA_TYPE,
        "A list is called text/plain.",
        "list",
        to_body(bytes, "text/plain"),
    ),
    _success_fault(
        "create-as-html",
        MEDIA_TYPE,
        "A new job is called text/html.",
        "create",
        to_body(bytes, "text/html"),
    ),
    _success_fault(
        "retrieve-no-content-type",
        MEDIA_TYPE,
        "A job has no content type.",
        "retrieve",
        to_header("content-type", None),
    ),
    _success_fault(
        "retrieve-html-page",
        MALFORMED,
        "A retrieve returns 200 with a page for people.",
        "retrieve",
        to_body(lambda _: PAGE, "text/html"),
    ),
    _success_fault(
        "retrieve-single-quotes",
        MALFORMED,
        "A job is a Python dict.",
        "retrieve",
        to_body(_single_quoted),
    ),
    _success_fault(
        "list-cut-json",
        MALFORMED,
        "A list ends in the middle, with a length to match.",
        "list",
        to_body(lambda body: body[:-9]),
    ),
    _success_fault(
        "delete-two-values",
        MALFORMED,
        "A deletion returns its JSON twice.",
        "delete",
        to_body(lambda body: body * 2),
    ),
    _success_fault(
        "retrieve-utf-16",
        MALFORMED,
        "A job is JSON in UTF-16.",
        "retrieve",
        to_body(lambda body: body.decode().encode("utf-16")),
    ),
    _envelope_fault("error-flat", "Errors have no envelope.", dict),
    _envelope_fault(
        "error-detail", "Errors are a detail.", lambda error: {"detail": error["message"]}
    ),
    _envelope_fault(
        "error-words", "Errors are a string.", lambda error: {"error": error["message"]}
    ),
    _envelope_fault("error-no-code", "Errors have no code.", _without_field("code")),
    _envelope_fault("error-no-type", "Errors have no type.", _without_field("type")),
    _envelope_fault(
        "error-type-unknown", "Errors have a type of their own.", _with_field("type", "oops")
    ),
    _envelope_fault(
        "error-request-id-other",
        "An error names another request.",
        _with_field("request_id", OTHER_REQUEST),
    ),
    _error_fault(
        "not-found-200-null", "HTTP: 404 as 200", "An unknown job is null.", 404, _to_null
    ),
    _error_fault(
        "not-found-html", ENVELOPE, "404 is a page.", 404, to_body(lambda _: PAGE, "text/html")
    ),
    _error_fault("not-found-empty", ENVELOPE, "404 has no body.", 404, to_empty(404)),
    _error_fault("not-found-410", UNDOCUMENTED, "An unknown job is 410.", 404, to_status(410)),
    _error_fault(
        "not-found-500",
        CRASH,
        "An unknown job crashes the server.",
        404,
        to_error(server_error()),
    ),
    _error_fault(
        "invalid-500", CRASH, "Invalid requests break the server.", 400, to_error(server_error())
    ),
    _error_fault(
        "invalid-422", INVALID_STATUS, "Invalid requests return 422.", 400, to_status(422)
    ),
    _error_fault(
        "invalid-200", INVALID_STATUS, "Errors come with status 200.", 400, to_status(200)
    ),
    _error_fault("conflict-425", UNDOCUMENTED, "Too early is 425.", 409, to_status(425)),
    _error_fault(
        "unauthorized-no-challenge",
        "HTTP: 401 without WWW-Authenticate",
        "401 does not say how to authenticate.",
        401,
        to_header("www-authenticate", None),
    ),
    _error_fault(
        "method-no-allow",
        "HTTP: 405 without Allow",
        "405 does not say which methods there are.",
        405,
        to_header("allow", None),
    ),
    _header_fault(
        "limit-in-words", "The rate limit is a word.", "x-ratelimit-limit-requests", "many"
    ),
    _header_fault("reset-in-words", "The reset is a duration.", "x-ratelimit-reset-requests", "1s"),
    _header_fault("remaining-negative", "-1 are left.", "x-ratelimit-remaining-requests", "-1"),
    _header_fault("poll-hint-words", "The poll hint is a word.", "openai-poll-after-ms", "soon"),
    _header_fault("poll-hint-zero", "The poll hint is 0.", "openai-poll-after-ms", "0"),
    _http_fault(
        "busy-no-retry-after",
        HEADERS,
        "429 does not say when to try again.",
        _rate_limited_first_create({}),
    ),
    _http_fault(
        "busy-retry-after-words",
        HEADERS,
        "429 says to try again soon.",
        _rate_limited_first_create({"Retry-After": "soon"}),
    ),
)
