"""Examples of the rules for content and for lists: AV221 to AV236."""

from __future__ import annotations

from aisa_testkit.contracts.rules.server.prompt_tags import tag_prompt

from .changes import (
    content_of_job,
    error,
    replaced_by,
    truncated,
    with_fields,
    with_listed_jobs,
)
from .session import PROMPT, ExampleSession, body_of


def served_too_early(session: ExampleSession) -> None:
    job_id = session.create()
    session.content(job_id, replaced_by(content_of_job()))
    session.clock.advance(5)
    session.poll(job_id)


def served_after_expiry(session: ExampleSession) -> None:
    job_id = session.create_completed()
    content = session.content(job_id)
    session.clock.advance(2 * 86400)
    session.content(job_id, replaced_by(content))


def job_on_two_pages(session: ExampleSession) -> None:
    session.create_many(3)
    last = body_of(session.list_jobs("limit=2"))["data"][-1]
    session.list_jobs(f"limit=2&after={last['id']}", with_listed_jobs(lambda jobs: [last, *jobs]))


def job_omitted(session: ExampleSession) -> None:
    session.create_many(3)
    session.list_jobs("", with_listed_jobs(lambda jobs: [jobs[0], jobs[2]]))


def reversed_order(session: ExampleSession) -> None:
    session.create_many(3)
    session.list_jobs("", with_listed_jobs(lambda jobs: jobs[::-1]))


def wrong_cursor(session: ExampleSession) -> None:
    session.create_many(2)
    session.list_jobs("", lambda reply: with_fields(last_id=body_of(reply)["first_id"])(reply))


def limit_ignored(session: ExampleSession) -> None:
    session.create_many(3)
    session.list_jobs("limit=2", replaced_by(session.list_jobs()))


def unrequested_job(session: ExampleSession) -> None:
    session.create(prompt=tag_prompt(PROMPT, 7))
    session.create(prompt=tag_prompt(PROMPT, 7))
    del session.history[-1]  # the client has never sent it
    session.list_jobs()


EXAMPLES = {
    "AV221": served_too_early,
    "AV222": lambda s: s.content(
        s.create_completed(), error(404, "resource_not_found", "there is no such file")
    ),
    "AV223": served_after_expiry,
    "AV224": lambda s: s.content(s.create_completed(), truncated(5000)),
    "AV225": lambda s: s.content(
        s.create_completed(size="1280x720"), replaced_by(content_of_job(size="720x1280"))
    ),
    "AV226": lambda s: s.content(
        s.create_completed(seconds="8"), replaced_by(content_of_job(seconds="4"))
    ),
    "AV227": lambda s: s.content(s.create_completed(), truncated(-1), range="bytes=0-99"),
    "AV231": job_on_two_pages,
    "AV232": job_omitted,
    "AV233": reversed_order,
    "AV234": wrong_cursor,
    "AV235": limit_ignored,
    "AV236": unrequested_job,
}
