"""A visit to a job asks for it as long as that is of use, at the pace that the server says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from aisa_testkit.contracts.check.result import CheckResult
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, JobRole, Reply

World = Any  # what the fixture `local` makes
New = Callable[..., World]
Change = Callable[[World, Call, Reply], Reply | None]
JSON = {"content-type": "application/json"}


def codes(verdict: CheckResult) -> set[str]:
    return {violation.code for violation in verdict.violations}


def reply_of(operation: str, make: Change) -> Change:
    return lambda world, call, reply: (
        make(world, call, reply) if call.operation_id == operation else reply
    )


def asked(verdict: CheckResult, role: JobRole, *, keyed: bool = True) -> list[int | None]:
    """How the requests with the key, or those without, were answered."""
    return [
        e.status
        for e in verdict.history
        if e.operation.role is role and ("authorization" in e.headers) is keyed
    ]


def test_a_poll_that_comes_too_often_waits_as_long_as_it_is_told(
    document: Document, local: New
) -> None:
    def busy(world: World, call: Call, reply: Reply) -> Reply:
        if world.count("getVideo") != 3:
            return reply
        MockControls(world.service).fail("getVideo", status=429, retry_after=17)
        return world.right(call)  # type: ignore[no-any-return]  # of Any

    world = local(document, reply_of("getVideo", busy))
    assert world.walk().violations == ()
    assert 17.0 in world.waits


def test_a_server_that_asks_for_a_day_is_not_obeyed_for_longer_than_the_timeout(
    document: Document,
    local: New,
) -> None:
    def busy(world: World, call: Call, reply: Reply) -> Reply:
        if reply.status >= 300:
            return reply
        MockControls(world.service).fail("getVideo", status=429, retry_after=86400)
        return world.right(call)  # type: ignore[no-any-return]  # of Any

    world = local(document, reply_of("getVideo", busy))
    verdict = world.walk(timeout=60)
    assert sum(world.waits) <= 120
    assert len(verdict.jobs) == world.left()


def test_a_hint_is_heeded_and_one_of_no_time_is_no_leave_to_poll_without_end(
    document: Document,
    local: New,
) -> None:
    def hinting(milliseconds: str) -> Change:
        hint = {"openai-poll-after-ms": milliseconds}
        return reply_of(
            "getVideo",
            lambda w, c, r: r if r.status >= 300 else replace(r, headers={**r.headers, **hint}),
        )

    patient, hasty = local(document, hinting("7000")), local(document, hinting("0"))
    assert patient.walk().violations == ()
    assert set(patient.waits) == {7.0}
    assert codes(hasty.walk(timeout=60)) == {"AV103"}
    assert hasty.count("getVideo") < 100


def test_a_job_that_does_not_end_is_given_up_and_left(document: Document, local: New) -> None:
    world = local(document)
    MockControls(world.service).next_job(seconds=10**6)
    verdict = world.walk(timeout=60, poll_interval=5)
    assert "AV215" in codes(verdict)
    assert 60 <= sum(world.waits) <= 90
    (left,) = verdict.jobs
    assert verdict.notes[0].startswith(f"stopped polling {left} after ")


def test_a_job_is_not_waited_for_much_longer_than_it_may_take(
    document: Document, local: New
) -> None:
    world = local(document)
    MockControls(world.service).next_job(seconds=10**6)
    assert "AV215" in codes(world.walk(timeout=60, poll_interval=1000))
    assert sum(world.waits) <= 62


def test_a_job_is_followed_though_a_poll_cannot_be_read(document: Document, local: New) -> None:
    """An answer that cannot be read says nothing of it, whatever became of the job before."""

    def first_poll(world: World, call: Call, reply: Reply) -> Reply:
        unread = reply.status < 300 and world.memory.setdefault(
            call.path_parameters["video_id"], len(world.calls)
        ) == len(world.calls)
        return replace(reply, body=b"{") if unread else reply

    world = local(document, reply_of("getVideo", first_poll))
    verdict = world.walk(creates=2)
    assert codes(verdict) == {"AV105"}
    assert len(world.memory) == 2
    assert world.left() == 0


def test_an_opaque_cursor_is_sent_as_the_page_named_it(
    other_document: Document, local: New
) -> None:
    def opaque(world: World, call: Call, reply: Reply) -> Reply:
        after = dict(call.query).get("cursor")
        if after is not None:
            assert after.startswith("opaque-"), f"the walk made up the cursor {after}"
            query = (("size", "1"), ("cursor", after.removeprefix("opaque-")))
            reply = world.service.answer(replace(call, query=query))
        body = orjson.loads(reply.body)
        if body.get("cursor"):
            body["cursor"] = f"opaque-{body['cursor']}"
        return replace(reply, body=orjson.dumps(body))

    verdict = local(other_document, reply_of("pageOfRenderings", opaque)).walk(creates=2)
    assert verdict.violations == ()


def test_a_job_that_still_runs_is_followed_if_it_cannot_be_deleted_yet(
    document: Document, local: New
) -> None:
    verdict = local(document).walk(creates=2)
    early = next(
        e for e in verdict.history if e.operation.role is JobRole.DELETE and e.status == 409
    )
    steps = [e.operation_id for e in verdict.history if e.job_id == early.job_id]
    assert steps[:2] == ["deleteVideo", "getVideo"]
    assert asked(verdict, JobRole.DELETE) == [404, 409, 200, 404, 200, 404]


def test_every_file_is_downloaded_and_a_part_of_one(document: Document, local: New) -> None:
    verdict = local(document).walk()
    files = [e for e in verdict.history if e.operation.role is JobRole.CONTENT and e.accepted]
    assert [(e.status, e.query.get("variant"), e.headers.get("range")) for e in files] == [
        (200, None, None),
        (206, None, "bytes=5-104"),
        (200, "thumbnail", None),
        (200, "spritesheet", None),
    ]
    assert asked(verdict, JobRole.CONTENT)[:4] == [404, 409, 409, 200]
    assert [e.status for e in verdict.history if "range" in e.headers] == [206, 416]
    refused = [e.status for e in verdict.history if e.query.get("variant") == "not-a-value"]
    assert refused == [400]


def test_what_is_asked_without_a_key_is_refused(either: Document, local: New) -> None:
    verdict = local(either).walk()
    header = either.credentials.header if either.credentials else ""
    bare = [e for e in verdict.history if header not in e.headers]
    assert {e.operation.role for e in bare} == {*JobRole} - {JobRole.REMIX}
    assert {e.status for e in bare} == {401}


def test_a_list_is_read_in_both_orders_and_again_after_the_deletion(
    document: Document, local: New
) -> None:
    verdict = local(document).walk(creates=2)
    lists = [e for e in verdict.history if e.operation.role is JobRole.LIST and e.accepted]
    pages = [dict(e.query) for e in lists[2:]]  # after a look while each job was under way
    assert [{**page, **({"after": ""} if "after" in page else {})} for page in pages] == [
        {"limit": "1"},
        {"limit": "1", "after": ""},
        {"limit": "1", "after": ""},
        {"order": "asc"},
        {"order": "desc"},
        {},
    ]
    assert orjson.loads(lists[-1].reply.body if lists[-1].reply else b"")["data"] == []


def test_a_cursor_that_leads_round_is_not_followed_for_ever(
    other_document: Document, local: New
) -> None:
    def round_(world: World, call: Call, reply: Reply) -> Reply:
        page = orjson.loads(reply.body)
        again = {**page, "cursor": page["tickets"][-1]["job"]["ref"]} if page.get("tickets") else {}
        first = world.right(call, query=(("size", "1"),)) if call.query else reply
        again["tickets"] = orjson.loads(first.body).get("tickets")
        return replace(reply, status=200, body=orjson.dumps({"cursor": "x", **again}))

    world = local(other_document, reply_of("pageOfRenderings", round_))
    assert "AV231" in codes(world.walk())
    assert world.count("pageOfRenderings") < 20


def test_a_job_that_was_lost_is_given_up(document: Document, local: New) -> None:
    def lost(world: World, call: Call, reply: Reply) -> Reply:
        return world.right(call, path_parameters={"video_id": "x"})  # type: ignore[no-any-return]  # of Any

    world = local(document, reply_of("getVideo", lost))
    verdict = world.walk()
    assert codes(verdict) == {"AV217"}
    assert verdict.notes[0].endswith(": status 404")
    assert world.count("getVideo") < 10


def test_a_poll_that_fails_once_is_sent_again(document: Document, local: New) -> None:
    def weak(world: World, call: Call, reply: Reply) -> Reply | None:
        return None if world.count("getVideo") in (3, 5) else reply

    world = local(document, reply_of("getVideo", weak))
    verdict = world.walk()
    assert (verdict.violations, verdict.notes, world.left()) == ((), (), 0)


def test_a_poll_that_comes_too_often_is_sent_again_also_if_nobody_says_when(
    document: Document, local: New
) -> None:
    def busy(world: World, call: Call, reply: Reply) -> Reply:
        if world.count("getVideo") != 3:
            return reply
        MockControls(world.service).fail("getVideo", status=429)
        told: Reply = world.right(call)
        return replace(told, headers=JSON)

    verdict = local(document, reply_of("getVideo", busy)).walk()
    assert (codes(verdict), verdict.notes, verdict.jobs) == (set(), (), ())


def test_a_server_that_is_always_busy_does_not_hold_a_walk_for_hours(
    document: Document, local: New
) -> None:
    body = b'{"error":{"type":"rate_limit_error","code":"rate_limit_exceeded","message":"x"}}'
    busy = Reply(429, {**JSON, "retry-after": "300"}, body)
    world = local(document, lambda w, c, r: busy)
    world.walk(timeout=300)
    assert sum(world.waits) <= 3600


def test_a_deletion_that_was_done_without_a_key_leaves_no_job(
    document: Document, local: New
) -> None:
    world = local(document, reply_of("deleteVideo", lambda w, c, r: w.right(c)))
    verdict = world.walk()
    assert codes(verdict) == {"AV111"}
    assert (verdict.jobs, world.left()) == ((), 0)
