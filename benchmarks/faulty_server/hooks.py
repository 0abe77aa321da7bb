"""Small changes of views and answers, the words in which faults are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from .answers import CutAnswer, json_answer, with_body, with_header, with_json
from .behaviour import Asked, Look
from .films import File
from .jobs import Json, Stage
from .refusal import Refusal

Show = Callable[[Json, Look], Json]
Answer = Callable[[Response, Asked], Response]


def given(value: object) -> Callable[[Any], Any]:
    """A change to one value, whatever stood there."""
    return lambda _: value


# Views of jobs.


def shown(name: str, change: Callable[[Any], Any]) -> Show:
    """Change one field of every view, where it is not null."""

    def show(view: Json, _: Look) -> Json:
        return view if view[name] is None else {**view, name: change(view[name])}

    return show


def placed(name: str, value: object) -> Show:
    """Give one field of every view this value, null or not."""
    return lambda view, _: {**view, name: value}


def removed(name: str) -> Show:
    """Leave one field out of every view."""
    return lambda view, _: {key: value for key, value in view.items() if key != name}


def in_state(state: str, show: Show) -> Show:
    """Only while the view says this state."""
    return lambda view, look: show(view, look) if view["status"] == state else view


def through(operation: str, show: Show) -> Show:
    """Only in the views of this operation."""
    return lambda view, look: show(view, look) if look.operation == operation else view


# Where a job stands.


def afterwards(stage: Stage) -> Callable[[Stage, Look], Stage]:
    """Once a retrieve has shown the end, stand somewhere else."""
    return lambda right, look: stage if look.again else right


def standing(state: str, stage: Stage) -> Callable[[Stage, Look], Stage]:
    """Stand somewhere else for as long as the job should be in a state."""
    return lambda right, _: stage if right.state == state else right


# Answers.


def on(operation: str, change: Callable[[Response], Response]) -> Answer:
    """Change the good answers of one operation."""

    def answer(response: Response, asked: Asked) -> Response:
        good = response.status_code < 300
        return change(response) if good and asked.operation == operation else response

    return answer


def on_status(status: int, change: Callable[[Response], Response]) -> Answer:
    """Change every answer of one status."""
    return lambda response, _: change(response) if response.status_code == status else response


def to_status(status: int) -> Callable[[Response], Response]:
    """Answer the same with another status."""

    def change(response: Response) -> Response:
        response.status_code = status
        return response

    return change


def to_value(change: Callable[[Any], Any]) -> Callable[[Response], Response]:
    """Answer another JSON value."""
    return lambda response: with_json(response, change)


def to_body(
    change: Callable[[bytes], bytes], media_type: str | None = None
) -> Callable[[Response], Response]:
    """Answer other bytes."""
    return lambda response: with_body(response, change(bytes(response.body)), media_type)


def to_header(name: str, value: str | None) -> Callable[[Response], Response]:
    """Answer with one header more, changed or gone."""
    return lambda response: with_header(response, name, value)


def to_nothing(status: int) -> Callable[[Response], Response]:
    """Answer a status without a body or a content type."""

    def change(response: Response) -> Response:
        headers = {
            name: value
            for name, value in response.headers.items()
            if name not in ("content-type", "content-length")
        }
        return Response(status_code=status, headers=headers)

    return change


def to_error(refusal: Refusal) -> Callable[[Response], Response]:
    """Answer an error of the right kind in place of the good answer."""

    def change(response: Response) -> Response:
        error = json_answer(refusal.envelope(response.headers["x-request-id"]), refusal.status)
        return with_body(error, bytes(error.body))

    return change


def to_cut(share: float) -> Callable[[Response], Response]:
    """Say the whole length, send a share of the body, and hang up."""
    return lambda response: CutAnswer(response, share)


def before(operation: str, refusal: Refusal) -> Callable[[Asked], Refusal | None]:
    """Refuse an operation whatever it asks."""
    return lambda asked: refusal if asked.operation == operation else None


def as_file(body: bytes, media_type: str = "video/mp4") -> Callable[[File, Look], File]:
    """Serve these bytes in place of every file of a job."""
    return lambda _, __: File(body, media_type)
