"""Small changes to job views and responses, from which faults are built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from .behaviour import RequestInfo, ViewContext
from .errors import ApiError
from .jobs import Json, Phase
from .media_files import MediaFile
from .responses import TruncatedResponse, json_response, with_body, with_header, with_json

ViewChange = Callable[[Json, ViewContext], Json]
ResponseChange = Callable[[Response, RequestInfo], Response]


def constant(value: object) -> Callable[[Any], Any]:
    """Replace any value with this one."""
    return lambda _: value


# Views of jobs.


def changed_field(name: str, change: Callable[[Any], Any]) -> ViewChange:
    """Change one field of every view, unless it is null."""

    def show(view: Json, _: ViewContext) -> Json:
        return view if view[name] is None else {**view, name: change(view[name])}

    return show


def replaced_field(name: str, value: object) -> ViewChange:
    """Replace one field of every view."""
    return lambda view, _: {**view, name: value}


def removed_field(name: str) -> ViewChange:
    """Remove one field from every view."""
    return lambda view, _: {key: value for key, value in view.items() if key != name}


def in_state(state: str, show: ViewChange) -> ViewChange:
    """Change only views with this state."""
    return lambda view, context: show(view, context) if view["status"] == state else view


def in_operation(operation: str, show: ViewChange) -> ViewChange:
    """Change only views of this operation."""
    return lambda view, context: show(view, context) if context.operation == operation else view


# Phases of jobs.


def after_final_state(stage: Phase) -> Callable[[Phase, ViewContext], Phase]:
    """Change the phase once a retrieve has shown a final state."""
    return lambda original, context: stage if context.seen_finished else original


def instead_of_state(state: str, stage: Phase) -> Callable[[Phase, ViewContext], Phase]:
    """Replace the phase while the job is in a state."""
    return lambda original, _: stage if original.state == state else original


# Responses.


def for_operation(operation: str, change: Callable[[Response], Response]) -> ResponseChange:
    """Change the successful responses of one operation."""

    def change_response(response: Response, info: RequestInfo) -> Response:
        good = response.status_code < 300
        return change(response) if good and info.operation == operation else response

    return change_response


def for_status(status: int, change: Callable[[Response], Response]) -> ResponseChange:
    """Change every response with one status."""
    return lambda response, _: change(response) if response.status_code == status else response


def to_status(status: int) -> Callable[[Response], Response]:
    """Replace the status."""

    def change(response: Response) -> Response:
        response.status_code = status
        return response

    return change


def to_value(change: Callable[[Any], Any]) -> Callable[[Response], Response]:
    """Change the JSON value."""
    return lambda response: with_json(response, change)


def to_body(
    change: Callable[[bytes], bytes], media_type: str | None = None
) -> Callable[[Response], Response]:
    """Change the body."""
    return lambda response: with_body(response, change(bytes(response.body)), media_type)


def to_header(name: str, value: str | None) -> Callable[[Response], Response]:
    """Set a header, or remove it."""
    return lambda response: with_header(response, name, value)


def to_empty(status: int) -> Callable[[Response], Response]:
    """Return a status without a body and a content type."""

    def change(response: Response) -> Response:
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-type", "content-length")
        }
        return Response(status_code=status, headers=headers)

    return change


def to_error(error: ApiError) -> Callable[[Response], Response]:
    """Replace the response with an error."""

    def change(response: Response) -> Response:
        envelope = error.envelope(response.headers["x-request-id"])
        rejected = json_response(envelope, error.status)
        return with_body(rejected, bytes(rejected.body))

    return change


def to_truncated(share: float) -> Callable[[Response], Response]:
    """Send a share of the body and close the connection."""
    return lambda response: TruncatedResponse(response, share)


def reject_operation(operation: str, error: ApiError) -> Callable[[RequestInfo], ApiError | None]:
    """Reject every request of an operation."""
    return lambda info: error if info.operation == operation else None


def replaced_file(
    body: bytes, media_type: str = "video/mp4"
) -> Callable[[MediaFile, ViewContext], MediaFile]:
    """Replace every file of a job."""
    return lambda _, __: MediaFile(body, media_type)
