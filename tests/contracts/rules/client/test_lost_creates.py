"""Successful creates whose response does not show the job to the client, and their retries."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Delivery, Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.client_codes import client_codes

JSON = {"content-type": "application/json"}
HEADERS = {"authorization": "Bearer k", **JSON}


def job_reply(job_id: Json, status: str = "queued") -> Reply:
    return Reply(200, JSON, orjson.dumps({"id": job_id, "status": status}))


CREATED = job_reply("a")
UNREADABLE = {
    "truncated": Reply(200, JSON, CREATED.body[:5], None, CREATED),
    "not JSON": Reply(200, JSON, b"<html>", None, CREATED),
    "other media type": Reply(200, {"content-type": "text/html"}, CREATED.body, None, CREATED),
    "id missing": Reply(200, JSON, b'{"status":"queued"}', None, CREATED),
    "id null": Reply(200, JSON, job_reply(None).body, None, CREATED),
    "id of another job": Reply(200, JSON, job_reply("z").body, None, CREATED),
    "not JSON and not delivered": Reply(200, JSON, b"<", Delivery(bytes_delivered=-1), CREATED),
    "status 504": Reply(504, JSON, b"{}", None, CREATED),
}
every_unreadable_reply = pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE)


def create(document: Document, reply: Reply, *, at: float = 0) -> Exchange:
    call = Call("createVideo", {}, (), HEADERS, b'{"prompt":"x"}')
    return read_exchange(document, call, reply, at=at, client_time=at)


def poll(document: Document, job_id: str, *, at: float = 0) -> Exchange:
    reply = job_reply(job_id, "completed")
    return read_exchange(
        document, Call("getVideo", {"video_id": job_id}, (), HEADERS), reply, at=at, client_time=at
    )


def list_jobs(document: Document, *job_ids: str, at: float = 0) -> Exchange:
    jobs = [{"id": job_id, "status": "queued"} for job_id in job_ids]
    reply = Reply(200, JSON, orjson.dumps({"data": jobs}))
    return read_exchange(
        document, Call("listVideos", {}, (), HEADERS), reply, at=at, client_time=at
    )


@every_unreadable_reply
def test_retry_of_a_create_without_a_readable_job_is_reported(
    document: Document, reply: Reply
) -> None:
    again = [create(document, job_reply("b"), at=2), poll(document, "b", at=4)]
    assert client_codes(document, [create(document, reply), *again]) == ["AV715 1 2", "AV721 1 2"]


@every_unreadable_reply
def test_retry_after_a_look_into_the_list_is_not_reported(document: Document, reply: Reply) -> None:
    first = create(document, reply)
    found = [list_jobs(document, "a", at=2), poll(document, "a", at=4)]
    assert client_codes(document, [first, *found]) == []
    nothing, again = list_jobs(document, at=2), create(document, job_reply("b"), at=4)
    assert client_codes(document, [first, nothing, again, poll(document, "b", at=6)]) == []


@every_unreadable_reply
def test_job_unknown_to_the_client_is_not_orphaned(document: Document, reply: Reply) -> None:
    assert client_codes(document, [create(document, reply)]) == []


@pytest.mark.parametrize(
    ("waits", "expected"),
    [((0.1, 2), ["AV721 1 2 3", "AV723 2"]), ((1, 2), ["AV721 1 2 3"])],
    ids=["without backoff", "with backoff"],
)
def test_retries_of_a_create_without_a_readable_job_need_backoff(
    document: Document, waits: tuple[float, float], expected: list[str]
) -> None:
    nothing = Reply(200, JSON, b"<html>")
    first, second = waits[0], waits[0] + waits[1]
    history = [create(document, nothing), create(document, nothing, at=first)]
    history += [create(document, job_reply("b"), at=second), poll(document, "b", at=second + 2)]
    assert client_codes(document, history) == expected


@pytest.mark.parametrize("status", ["polishing", "queued"])
def test_job_with_a_modified_status_is_known_to_the_client(document: Document, status: str) -> None:
    changed = Reply(200, JSON, job_reply("a", status).body, None, job_reply("a"))
    history = [
        create(document, changed),
        poll(document, "a"),
        create(document, job_reply("b"), at=9),
    ]
    assert client_codes(document, [*history, poll(document, "b", at=10)]) == []
    found = check_client(document, [history[0], history[2], poll(document, "b", at=10)])
    (duplicate,) = [v for v in found if v.code != "AV734"]
    assert duplicate.code == "AV715"
    assert "a was accepted and never requested" in (duplicate.received or "")


def test_unreadable_poll_does_not_create_a_job(document: Document) -> None:
    call = Call("getVideo", {"video_id": "a"}, (), HEADERS)
    broken_poll = read_exchange(
        document, call, Reply(200, JSON, b"<", None, job_reply("a")), at=1, client_time=1
    )
    assert (
        client_codes(
            document, [create(document, job_reply("a")), broken_poll, poll(document, "a", at=3)]
        )
        == []
    )


def test_unreadable_list_does_not_make_a_retry_safe(document: Document) -> None:
    call = Call("listVideos", {}, (), HEADERS)
    for body in (b"<html>", b'{"data":null}'):
        unreadable = read_exchange(
            document, call, Reply(200, JSON, body, None, CREATED), at=2, client_time=2
        )
        again = [create(document, job_reply("b"), at=4), poll(document, "b", at=6)]
        first = create(document, UNREADABLE["not JSON"])
        assert client_codes(document, [first, unreadable, *again]) == ["AV715 1 3", "AV721 1 3"]


def test_unreadable_response_counts_as_an_attempt_before_giving_up(
    document: Document,
) -> None:
    poll_call, list_call = (
        Call("getVideo", {"video_id": "a"}, (), HEADERS),
        Call("listVideos", {}, (), HEADERS),
    )
    for call in (poll_call, list_call):
        unreadable, broken = Reply(200, JSON, b"<html>"), None
        history = [create(document, job_reply("a")), list_jobs(document, "a", at=1)]
        history += [
            read_exchange(document, call, reply, at=at, client_time=at)
            for at, reply in ((2, unreadable), (4, broken))
        ]
        assert client_codes(document, history) == []
        number = len(history) - 1
        assert client_codes(document, [*history[:2], history[3]]) == [f"AV725 {number}"]


def test_messages_about_a_retry_of_a_create_without_a_readable_job(document: Document) -> None:
    history = [create(document, UNREADABLE["not JSON"]), create(document, job_reply("b"), at=2)]
    duplicate, unsafe, _ = check_client(document, history)
    assert (duplicate.received or "").startswith(
        "2 jobs by the same request: a was created, but its response was lost"
    )
    assert unsafe.received == (
        "the same create after status 200 without a readable job, which may have created a job"
    )
