"""Examples of the rules for single responses: AV101 to AV117, AV214 and AV218."""

from __future__ import annotations

from dataclasses import replace

from aisa_testkit.contracts import Exchange
from aisa_testkit.contracts.traffic.redaction import KEY_MASK

from .changes import error, replaced_by, truncated, with_body, with_fields, with_headers
from .session import PROMPT, ExampleSession


def invalid_request_accepted(session: ExampleSession) -> None:
    accepted = ExampleSession().request(
        "POST", "/videos", data={"prompt": PROMPT}, change=with_fields(prompt="")
    )
    session.request("POST", "/videos", data={"prompt": ""}, change=replaced_by(accepted))


def missing_key_accepted(session: ExampleSession) -> None:
    jobs = session.list_jobs()
    session.request("GET", "/videos", with_key=False, change=replaced_by(jobs))


def truncated_twice(session: ExampleSession) -> None:
    job_id = session.create()
    for _ in range(2):
        session.poll(job_id)
        exchange = session.history[-1]
        assert isinstance(exchange, Exchange)
        session.history[-1] = replace(exchange, reply=None)


def remix_without_source(session: ExampleSession) -> None:
    session.request(
        "POST",
        f"/videos/{session.create_completed()}/remix",
        data={"prompt": "The same by night"},
        change=with_fields(remixed_from_video_id=None),
    )


EXAMPLES = {
    "AV101": lambda s: s.create(with_fields(202)),
    "AV102": lambda s: s.create(with_headers(content_type="text/plain")),
    "AV103": lambda s: s.create(with_headers(x_ratelimit_limit_requests="plenty")),
    "AV104": lambda s: s.create(with_fields(progress="0%")),
    "AV105": lambda s: s.poll(s.create(), truncated(40)),
    "AV106": lambda s: s.poll("video_none", with_body(b'{"detail": "Not Found"}')),
    "AV107": lambda s: s.create(with_fields(seconds="4"), seconds="8"),
    "AV108": lambda s: s.create(with_fields(seconds="12")),
    "AV109": lambda s: s.create(
        error(400, "invalid_request", "size: 1792x1024 is not supported"), size="1792x1024"
    ),
    "AV110": invalid_request_accepted,
    "AV111": missing_key_accepted,
    "AV112": lambda s: s.create(with_headers(content_length="4096")),
    "AV113": lambda s: s.poll("video_none", error(404, "not_found", "there is no such video")),
    "AV114": lambda s: s.create(error(500, "internal_error", "something went wrong")),
    "AV115": truncated_twice,
    "AV116": lambda s: s.poll(
        "video_none", error(401, "invalid_api_key", f"unknown key {KEY_MASK}")
    ),
    "AV117": lambda s: s.request(
        "GET", "/videos", with_key=False, change=error(403, "region_blocked", "no")
    ),
    "AV214": lambda s: s.poll(s.create(), with_fields(id=s.create())),
    "AV218": remix_without_source,
}
