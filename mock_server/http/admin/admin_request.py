"""Requests to the control API, read and validated by its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ....openapi import Call
from ....openapi.json import Json
from ....openapi.messages import Query
from ....openapi.operation import JSON, Operation
from ....openapi.request import read_call
from ....openapi.request_problem import RequestProblem
from ....openapi.routing import NoMatch, OperationMatch
from ....openapi.text import did_you_mean, expected_but_got, one_line, quote, truncate_depth
from ...errors import AdminRequestError
from .admin_document import AdminDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminRequest:
    """A valid request to the control API.

    Args:
        path: The path parameters, decoded.
        query: The query parameters as text.
        body: The fields of the JSON body; empty if there is no body.
        root: The URL of the mock as the client addressed it.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] = field(default_factory=dict)
    root: str = ""


def find_operation(document: AdminDocument, method: str, path: str) -> OperationMatch:
    """Return the operation of a method and a percent-encoded path below the base path.

    Raises AdminRequestError with status 404 or 405 if there is none.
    """
    match = document.match("GET" if method == "HEAD" else method, path)
    if not isinstance(match, NoMatch):
        return match
    if not match.allowed_methods:
        paths = f"those that GET {document.base_path}/ lists"
        suggestion = did_you_mean(path, (each.path for each in document.operations.values()))
        reason = f"must be one of {paths}, not {quote(path)}{suggestion}"
        raise AdminRequestError(f"path: {reason}", status=404)
    allowed = ", ".join(match.allowed_methods).replace("GET", "GET, HEAD")
    message = f"method: must be one of {allowed}, not {one_line(method)}"
    raise AdminRequestError(message, status=405, headers={"allow": allowed})


def read_fields(operation: Operation, query: Query, body: bytes) -> Mapping[str, Json]:
    """Validate the query and the body, and return the fields of the body.

    The body is read as JSON, whatever its Content-Type is. Raises AdminRequestError for the first
    problem.
    """
    has_body = bool(operation.bodies) and (bool(body) or operation.body_required)
    headers = {"content-type": JSON} if has_body else {}
    arguments = read_call(operation, Call(operation.id, query=query, headers=headers, body=body))
    for name, _ in query:
        if name not in operation.query:
            known = ", ".join(operation.query)
            suggestion = did_you_mean(name, operation.query)
            expected = (
                f"must be one of {known}{suggestion}" if known else "no parameter is known here"
            )
            raise AdminRequestError(f"{one_line(name)}: {expected}")
    for problem in arguments.problems:
        raise AdminRequestError(_message(problem))
    # orjson writes less deeply nested JSON than it reads, and responses repeat these fields.
    if arguments.fields != truncate_depth(arguments.fields, _MAX_DEPTH):
        raise AdminRequestError(f"the body must be nested at most {_MAX_DEPTH} levels deep")
    return arguments.fields


def _message(problem: RequestProblem) -> str:
    place = problem.pointer or problem.parameter
    if not place:
        return problem.message
    text = expected_but_got(problem.expected, problem.received)
    return f"{one_line(place)}: {text}{problem.suggestion}"


_MAX_DEPTH = 64
