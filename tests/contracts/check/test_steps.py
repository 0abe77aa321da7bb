"""The requests about one job and the list, at the pace of the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson

from aisa_testkit.contracts.check.result import CheckResult
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from tests.support.local_server import LocalServer

Change = Callable[[LocalServer, Call, Reply], Reply | None]
JSON = {"content-type": "application/json"}


def codes(result: CheckResult) -> set[str]:
    return {violation.code for violation in result.violations}


def reply_of(operation: str, make: Change) -> Change:
    return lambda server, call, reply: (
        make(server, call, reply) if call.operation_id == operation else reply
    )


def statuses(result: CheckResult, role: JobRole, *, keyed: bool = True) -> list[int | None]:
    """Return the statuses of the requests with the key, or of those without."""
    return [
        e.status
        for e in result.history
        if e.role is role and ("authorization" in e.headers) is keyed
    ]


def test_rate_limited_poll_is_retried_after_retry_after(document: Document) -> None:
    def busy(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if server.count("getVideo") != 3:
            return reply
        MockControls(server.service).fail("getVideo", status=429, retry_after=17)
        return server.reply_with_key(call)

    server = LocalServer(document, reply_of("getVideo", busy))
    assert server.run_check().violations == ()
    assert 17.0 in server.waits


def test_retry_after_is_limited_by_the_timeout(
    document: Document,
) -> None:
    def busy(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if reply.status >= 300:
            return reply
        MockControls(server.service).fail("getVideo", status=429, retry_after=86400)
        return server.reply_with_key(call)

    server = LocalServer(document, reply_of("getVideo", busy))
    result = server.run_check(timeout=60)
    assert sum(server.waits) <= 120
    assert len(result.jobs) == server.count_jobs()


def test_poll_hint_sets_the_delay_unless_it_is_zero(
    document: Document,
) -> None:
    def hinting(milliseconds: str) -> Change:
        hint = {"openai-poll-after-ms": milliseconds}
        return reply_of(
            "getVideo",
            lambda w, c, r: r if r.status >= 300 else replace(r, headers={**r.headers, **hint}),
        )

    patient, hasty = LocalServer(document, hinting("7000")), LocalServer(document, hinting("0"))
    assert patient.run_check().violations == ()
    assert set(patient.waits) == {7.0}
    assert codes(hasty.run_check(timeout=60)) == {"AV103"}
    assert hasty.count("getVideo") < 100


def test_job_that_never_finishes_is_no_longer_polled(document: Document) -> None:
    server = LocalServer(document)
    MockControls(server.service).next_job(seconds=10**6)
    result = server.run_check(timeout=60, poll_interval=5)
    assert "AV215" in codes(result)
    assert 60 <= sum(server.waits) <= 90
    (left,) = result.jobs
    assert result.notes[0].startswith(f"stopped polling {left} after ")


def test_polling_stops_at_the_timeout(document: Document) -> None:
    server = LocalServer(document)
    MockControls(server.service).next_job(seconds=10**6)
    assert "AV215" in codes(server.run_check(timeout=60, poll_interval=1000))
    assert sum(server.waits) <= 62


def test_polling_continues_after_an_unreadable_response(document: Document) -> None:
    """The unreadable response does not show the state of the job."""

    def first_poll(server: LocalServer, call: Call, reply: Reply) -> Reply:
        unread = reply.status < 300 and server.memory.setdefault(
            call.path_parameters["video_id"], len(server.calls)
        ) == len(server.calls)
        return replace(reply, body=b"{") if unread else reply

    server = LocalServer(document, reply_of("getVideo", first_poll))
    result = server.run_check(creates=2)
    assert codes(result) == {"AV105"}
    assert len(server.memory) == 2
    assert server.count_jobs() == 0


def test_opaque_cursor_is_sent_unchanged(other_document: Document) -> None:
    def opaque(server: LocalServer, call: Call, reply: Reply) -> Reply:
        after = dict(call.query).get("cursor")
        if after is not None:
            assert after.startswith("opaque-"), f"the check invented the cursor {after}"
            query = (("size", "1"), ("cursor", after.removeprefix("opaque-")))
            reply = server.service.answer(replace(call, query=query))
        body = orjson.loads(reply.body)
        if body.get("cursor"):
            body["cursor"] = f"opaque-{body['cursor']}"
        return replace(reply, body=orjson.dumps(body))

    result = LocalServer(other_document, reply_of("pageOfRenderings", opaque)).run_check(creates=2)
    assert result.violations == ()


def test_running_job_is_followed_if_its_deletion_is_rejected(document: Document) -> None:
    result = LocalServer(document).run_check(creates=2)
    early = next(e for e in result.history if e.role is JobRole.DELETE and e.status == 409)
    steps = [e.operation_id for e in result.history if e.job_id == early.job_id]
    assert steps[:2] == ["deleteVideo", "getVideo"]
    assert statuses(result, JobRole.DELETE) == [404, 409, 200, 404, 200, 404]


def test_every_file_and_a_byte_range_are_downloaded(document: Document) -> None:
    result = LocalServer(document).run_check()
    files = [e for e in result.history if e.role is JobRole.RESULT and e.accepted]
    assert [(e.status, e.query.get("variant"), e.headers.get("range")) for e in files] == [
        (200, None, None),
        (206, None, "bytes=5-104"),
        (200, "thumbnail", None),
        (200, "spritesheet", None),
    ]
    assert statuses(result, JobRole.RESULT)[:4] == [404, 409, 409, 200]
    assert [e.status for e in result.history if "range" in e.headers] == [206, 416]
    refused = [e.status for e in result.history if e.query.get("variant") == "not-a-value"]
    assert refused == [400]


def test_requests_without_an_api_key_are_rejected(any_document: Document) -> None:
    result = LocalServer(any_document).run_check()
    header = any_document.credentials.header if any_document.credentials else ""
    bare = [e for e in result.history if header not in e.headers]
    assert {e.role for e in bare} == {*JobRole} - {JobRole.CANCEL}
    assert {e.status for e in bare} == {401}


def test_list_is_read_in_both_orders_and_after_deletion(document: Document) -> None:
    result = LocalServer(document).run_check(creates=2)
    lists = [e for e in result.history if e.role is JobRole.LIST and e.accepted]
    pages = [
        dict(e.query) for e in lists[3:]
    ]  # after the list before the first create, and one request while each job was in progress
    assert [{**page, **({"after": ""} if "after" in page else {})} for page in pages] == [
        {"limit": "1"},
        {"limit": "1", "after": ""},
        {"limit": "1", "after": ""},
        {"order": "asc"},
        {"order": "desc"},
        {},
    ]
    assert orjson.loads(lists[-1].reply.body if lists[-1].reply else b"")["data"] == []


def test_looping_pagination_ends(other_document: Document) -> None:
    def round_(server: LocalServer, call: Call, reply: Reply) -> Reply:
        page = orjson.loads(reply.body)
        again = {**page, "cursor": page["tickets"][-1]["job"]["ref"]} if page.get("tickets") else {}
        first = server.reply_with_key(call, query=(("size", "1"),)) if call.query else reply
        again["tickets"] = orjson.loads(first.body).get("tickets")
        return replace(reply, status=200, body=orjson.dumps({"cursor": "x", **again}))

    server = LocalServer(other_document, reply_of("pageOfRenderings", round_))
    assert "AV231" in codes(server.run_check())
    assert server.count("pageOfRenderings") < 20


def test_lost_job_is_no_longer_polled(document: Document) -> None:
    def lost(server: LocalServer, call: Call, reply: Reply) -> Reply:
        return server.reply_with_key(call, path_parameters={"video_id": "x"})

    server = LocalServer(document, reply_of("getVideo", lost))
    result = server.run_check()
    assert codes(result) == {"AV217"}
    assert result.notes[0].endswith(": status 404")
    assert server.count("getVideo") < 10


def test_failed_poll_is_retried(document: Document) -> None:
    def weak(server: LocalServer, call: Call, reply: Reply) -> Reply | None:
        return None if server.count("getVideo") in (3, 5) else reply

    server = LocalServer(document, reply_of("getVideo", weak))
    result = server.run_check()
    assert (result.violations, result.notes, server.count_jobs()) == ((), (), 0)


def test_rate_limited_poll_is_retried_without_retry_after(document: Document) -> None:
    def busy(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if server.count("getVideo") != 3:
            return reply
        MockControls(server.service).fail("getVideo", status=429)
        reply = server.reply_with_key(call)
        return replace(reply, headers=JSON)

    result = LocalServer(document, reply_of("getVideo", busy)).run_check()
    assert (codes(result), result.notes, result.jobs) == (set(), (), ())


def test_check_of_a_server_that_always_rate_limits_ends(document: Document) -> None:
    body = b'{"error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"x"}}'
    busy = Reply(429, {**JSON, "retry-after": "300"}, body)
    server = LocalServer(document, lambda w, c, r: busy)
    server.run_check(timeout=300)
    assert sum(server.waits) <= 3600


def test_job_deleted_without_a_key_is_not_reported_as_remaining(document: Document) -> None:
    server = LocalServer(document, reply_of("deleteVideo", lambda w, c, r: w.reply_with_key(c)))
    result = server.run_check()
    assert codes(result) == {"AV111"}
    assert (result.jobs, server.count_jobs()) == ((), 0)


def test_job_whose_deletion_is_rejected_remains(document: Document) -> None:
    def reject(server: LocalServer, call: Call, reply: Reply) -> Reply:
        return replace(reply, status=409) if reply.status < 300 else reply

    server = LocalServer(document, reply_of("deleteVideo", reject))
    result = server.run_check()
    assert len(result.jobs) == server.accepted == 1
