"""Examples of the rules for clients: AV701 to AV736."""

from __future__ import annotations

from aisa_testkit.contracts import UnmatchedKind, UnmatchedRequest

from .changes import busy, poll_hint, with_fields
from .session import Change, ExampleSession


def unmatched(
    session: ExampleSession, method: str, path: str, reason: str, kind: UnmatchedKind
) -> None:
    session.history.append(UnmatchedRequest(method, path, reason, kind))


def request_blocked(session: ExampleSession) -> None:
    url = "https://cdn.example/poster.png"
    unmatched(session, "GET", url, "the host is not allowed", UnmatchedKind.BLOCKED)


def request_not_recorded(session: ExampleSession) -> None:
    reason = "createVideo is not in the recording: prompt is 'A pier', and in the recording 'A bay'"
    unmatched(session, "POST", "/v1/videos", reason, UnmatchedKind.NOT_RECORDED)


def infinite_loop(session: ExampleSession) -> None:
    reason = "1000 equal requests in a row, each with status 200"
    unmatched(session, "GET", "/v1/videos/{video_id}", reason, UnmatchedKind.INFINITE_LOOP)


def failed_job_downloaded(session: ExampleSession) -> None:
    session.controls.next_job(outcome="failed")
    session.content(session.create_completed())


def duplicate_created(session: ExampleSession) -> None:
    session.create()
    session.poll(session.create())


def rejected_create_repeated(session: ExampleSession) -> None:
    session.controls.fail("createVideo", status=403, times=2)
    session.create()
    session.create()


def create_repeated_after_503(session: ExampleSession) -> None:
    session.create(busy(503))
    session.poll(session.create())


def list_twice(session: ExampleSession, first: Change, *, pause: float) -> None:
    session.clock.sleep(0)
    session.list_jobs("", first)
    session.clock.sleep(pause)
    session.list_jobs()


def six_retries(session: ExampleSession) -> None:
    for _ in range(6):
        session.clock.sleep(1)
        session.list_jobs("", busy(503))


def poll_twice(session: ExampleSession, first: Change, *, pause: float) -> None:
    session.clock.sleep(0)
    job_id = session.create()
    session.poll(job_id, first)
    session.clock.sleep(pause)
    session.poll(job_id)


def polled_without_limit(session: ExampleSession) -> None:
    session.controls.next_job(seconds=3600)
    session.clock.sleep(0)
    job_id = session.create()
    for _ in range(4):
        session.clock.sleep(120)
        session.poll(job_id)


def unknown_status_accepted(session: ExampleSession) -> None:
    job_id = session.create()
    session.poll(job_id, with_fields(status="preprocessing"))
    session.content(job_id)


def downloaded_after_expiry(session: ExampleSession) -> None:
    job_id = session.create_completed()
    session.clock.advance(2 * 86400)
    session.content(job_id)


EXAMPLES = {
    "AV701": lambda s: s.request("GET", "/video/video_1"),
    "AV702": lambda s: s.request("POST", "/videos", body=b'{"prompt": "A lighthouse'),
    "AV703": lambda s: s.request("POST", "/videos", data={"model": "sora-2"}),
    "AV704": lambda s: s.create(seconds=8),
    "AV705": lambda s: s.create(seconds="5"),
    "AV706": lambda s: s.request("GET", "/videos", with_key=False),
    "AV707": lambda s: s.poll(s.create(duration="8")),
    "AV708": request_blocked,
    "AV709": request_not_recorded,
    "AV711": lambda s: s.poll("video_123"),
    "AV712": lambda s: s.poll(s.create_completed()),
    "AV713": lambda s: s.content(s.create()),
    "AV714": failed_job_downloaded,
    "AV715": duplicate_created,
    "AV716": rejected_create_repeated,
    "AV717": infinite_loop,
    "AV721": create_repeated_after_503,
    "AV722": lambda s: list_twice(s, busy(429, retry_after="2"), pause=0.5),
    "AV723": lambda s: list_twice(s, busy(503), pause=0.1),
    "AV724": six_retries,
    "AV725": lambda s: s.poll(s.create(), busy(503)),
    "AV731": lambda s: poll_twice(s, poll_hint(1000), pause=0.1),
    "AV732": lambda s: poll_twice(s, poll_hint(5000), pause=2),
    "AV733": polled_without_limit,
    "AV734": unknown_status_accepted,
    "AV735": downloaded_after_expiry,
    "AV736": lambda s: s.create(),
}
