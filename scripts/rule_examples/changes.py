"""Changes to the responses of the mock, which turn it into a server that breaks a rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from aisa_testkit.openapi import Reply
from aisa_testkit.openapi.json import Json

from .session import Change, ExampleSession, body_of


def with_fields(status: int = 200, /, **fields: object) -> Change:
    """Change the HTTP status and some fields of the body."""

    def change(reply: Reply) -> Reply:
        return replace(reply, status=status, body=json.dumps(body_of(reply) | fields).encode())

    return change


def with_headers(**headers: str) -> Change:
    """Add headers, whose names have underscores in the place of dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: replace(reply, headers={**reply.headers, **named})


def with_body(body: bytes) -> Change:
    return lambda reply: replace(reply, body=body)


def truncated(end: int) -> Change:
    """Cut the body off at this index."""
    return lambda reply: replace(reply, body=reply.body[:end])


def with_listed_jobs(change_jobs: Callable[[list[Json]], list[Json]]) -> Change:
    """Change the jobs of a page, and its cursors accordingly."""

    def change(reply: Reply) -> Reply:
        jobs = change_jobs(body_of(reply)["data"])
        return with_fields(data=jobs, first_id=jobs[0]["id"], last_id=jobs[-1]["id"])(reply)

    return change


def postponed(field: str, seconds: int) -> Change:
    """Move a timestamp of a job."""
    return lambda reply: with_fields(**{field: body_of(reply)[field] + seconds})(reply)


def error(status: int, code: str, message: str) -> Change:
    """Respond with an error in the documented envelope."""
    fields = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
    body = json.dumps({"error": fields | {"request_id": "req_01JABCDEFGHJKMNPQRSTVWXYZ0"}}).encode()
    headers = {"content-type": "application/json"}
    return lambda reply: replace(reply, status=status, headers=headers, body=body)


def busy(status: int, **headers: str) -> Change:
    """Respond with a transient error."""
    transient_error = error(status, "busy", "try again later")
    return lambda reply: with_headers(**headers)(transient_error(reply))


def poll_hint(milliseconds: int) -> Change:
    """Suggest this wait before the next poll."""
    return with_headers(openai_poll_after_ms=str(milliseconds))


def replaced_by(other: Reply) -> Change:
    """Respond with another response."""
    return lambda _: other


def content_of_job(**fields: object) -> Reply:
    """Return the response with the content of a job with these fields."""
    session = ExampleSession()
    return session.content(session.create_completed(**fields))
