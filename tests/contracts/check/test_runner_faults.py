"""The check finds faults of a server with at most two jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckResult
from aisa_testkit.openapi import Call, Document, Reply
from tests.support.local_server import LocalServer

Change = Callable[[LocalServer, Call, Reply], Reply | None]


NOBODY = {"video_id": "video_" + "0" * 32}


def codes(result: CheckResult) -> set[str]:
    return {violation.code for violation in result.violations}


def json_of(*operations: str, **changed: Any) -> Change:
    """Change fields of successful replies. Functions get the job and the server."""

    def change(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if call.operation_id not in operations or reply.status >= 300:
            return reply
        job = orjson.loads(reply.body)
        for name, value in changed.items():
            job[name] = value(job, server) if callable(value) else value
        return replace(reply, body=orjson.dumps(job))

    return change


def reply_of(operation: str, make: Change) -> Change:
    return lambda server, call, reply: (
        make(server, call, reply) if call.operation_id == operation else reply
    )


FALLS = json_of(
    "getVideo",
    progress=lambda job, w: (
        90 - w.count("getVideo") if job["status"] == "in_progress" else job["progress"]
    ),
)


def _unchecked(server: LocalServer, call: Call, reply: Reply) -> Reply:
    if reply.status != 400:
        return reply
    made: Reply = server.service.answer(plan_check(server.document, key=server.key).creates[0])
    return made


def _undead(server: LocalServer, call: Call, reply: Reply) -> Reply:
    if reply.status < 300:
        server.memory[call.path_parameters["video_id"]] = reply
    kept: Reply = server.memory.get(call.path_parameters["video_id"], reply)
    return kept


def _unlocked(server: LocalServer, call: Call, reply: Reply) -> Reply:
    made: Reply = server.reply_with_key(call)
    return made


def _film(server: LocalServer, call: Call, reply: Reply) -> Reply:
    early = reply.status == 409
    return Reply(200, {"content-type": "video/mp4"}, b"\0\0\0\x08ftyp") if early else reply


def _again(server: LocalServer, call: Call, reply: Reply) -> Reply:
    query = tuple((n, v) for n, v in call.query if n != "after")
    first: Reply = server.service.answer(replace(call, query=query))
    return first


def _good(change: Callable[[Reply], Reply]) -> Callable[[LocalServer, Call, Reply], Reply]:
    return lambda server, call, reply: change(reply) if reply.status < 300 else reply


def _keyed(status: int | None) -> Change:
    """Return this status, or no reply, for requests with the key that would succeed."""
    wrong = None if status is None else Reply(status, {"content-type": "application/json"})
    return lambda server, call, reply: (
        reply if "authorization" not in call.headers or reply.status >= 300 else wrong
    )


def _quotes(server: LocalServer, call: Call, reply: Reply) -> Reply:
    body = reply.body.replace(b'"param":', b'"key":"%s","param":' % server.key.encode())
    return replace(reply, body=body) if reply.status == 400 else reply


def _anybodys(server: LocalServer, call: Call, reply: Reply) -> Reply:
    job_id = call.path_parameters["video_id"]
    if reply.status != 404:
        return reply
    made = server.memory.setdefault("made", [server.create_job()])[0]
    job: Reply = server.reply_with_key(call, path_parameters={"video_id": made})
    return replace(job, body=job.body.replace(made.encode(), job_id.encode()))


def _other_part(reply: Reply) -> Reply:
    return replace(reply, body=bytes(len(reply.body))) if reply.status == 206 else reply


def _twin(page: dict[str, Any], server: LocalServer) -> list[dict[str, Any]]:
    return [*page["data"], *({**j, "id": j["id"][:-1] + "!"} for j in page["data"][:1])]


FAULTS: dict[str, tuple[str, Change]] = {
    "undocumented status": ("AV101", reply_of("getVideo", _good(lambda r: replace(r, status=418)))),
    "HTML instead of JSON": (
        "AV102",
        reply_of("getVideo", _good(lambda r: replace(r, headers={"content-type": "text/html"}))),
    ),
    "invalid constant": ("AV104", json_of("createVideo", object="film")),
    "truncated JSON": (
        "AV105",
        reply_of("getVideo", _good(lambda r: replace(r, body=r.body[:-1]))),
    ),
    "error without envelope": (
        "AV106",
        lambda w, c, r: r if r.status < 400 else replace(r, body=b'{"message":"no"}'),
    ),
    "changed echo": ("AV107", json_of("createVideo", prompt="another")),
    "changed default": ("AV108", json_of("createVideo", seconds="12")),
    "valid create rejected": (
        "AV109",
        reply_of("createVideo", lambda w, c, r: w.service.answer(replace(c, body=b""))),
    ),
    "values unchecked": ("AV110", reply_of("createVideo", _unchecked)),
    "key ignored": ("AV111", reply_of("createVideo", _unlocked)),
    "500 on every valid create": ("AV114", reply_of("createVideo", _keyed(500))),
    "repeated 503 on polls": ("AV114", reply_of("getVideo", _keyed(503))),
    "broken connection on every list": ("AV115", reply_of("listVideos", _keyed(None))),
    "API key in an error": ("AV116", _quotes),
    "valid poll rejected": ("AV109", reply_of("getVideo", _keyed(400))),
    "final state left": (
        "AV202",
        json_of("listVideos", data=lambda p, w: [{**j, "status": "queued"} for j in p["data"]]),
    ),
    "decreased progress": ("AV203", FALLS),
    "changed created_at": (
        "AV205",
        json_of("getVideo", created_at=lambda j, w: j["created_at"] + w.count("getVideo")),
    ),
    "missing timestamp": ("AV207", json_of("getVideo", completed_at=None)),
    "timestamp in milliseconds": (
        "AV210",
        json_of("createVideo", "getVideo", created_at=lambda j, w: j["created_at"] * 1000),
    ),
    "error of a completed job": (
        "AV212",
        json_of("getVideo", error={"code": "x", "message": "y"}),
    ),
    "another job": ("AV214", json_of("getVideo", id="video_" + "1" * 32)),
    "use after delete": ("AV216", reply_of("getVideo", _undead)),
    "lost job": (
        "AV217",
        reply_of(
            "getVideo",
            lambda w, c, r: w.reply_with_key(c, path_parameters=NOBODY),
        ),
    ),
    "404 on delete": (
        "AV217",
        reply_of("deleteVideo", lambda w, c, r: w.reply_with_key(c, path_parameters=NOBODY)),
    ),
    "deleted twice": ("AV216", reply_of("deleteVideo", _undead)),
    "unknown id accepted": ("AV219", reply_of("getVideo", _anybodys)),
    "content too early": ("AV221", reply_of("getVideoContent", _film)),
    "missing content": (
        "AV222",
        reply_of(
            "getVideoContent",
            lambda w, c, r: w.reply_with_key(c, path_parameters=NOBODY),
        ),
    ),
    "content is not a video": (
        "AV224",
        reply_of(
            "getVideoContent",
            _good(lambda r: replace(r, headers={**r.headers, "content-length": "4"}, body=b"film")),
        ),
    ),
    "wrong byte range": ("AV227", reply_of("getVideoContent", lambda w, c, r: _other_part(r))),
    "cursor ignored": ("AV231", reply_of("listVideos", _again)),
    "job of a rejected create": (
        "AV236",
        json_of(
            "listVideos", data=_twin, last_id=lambda p, w: (p["data"] or [{"id": None}])[-1]["id"]
        ),
    ),
    "list omits jobs": (
        "AV232",
        json_of("listVideos", data=[], first_id=None, last_id=None, has_more=False),
    ),
}


@pytest.mark.parametrize(("code", "fault"), FAULTS.values(), ids=FAULTS)
def test_fault_is_found_with_at_most_two_jobs(document: Document, code: str, fault: Change) -> None:
    server, budget = LocalServer(document, fault), Budget(max_spend=Decimal(1), max_creates=2)
    result = server.run_check(creates=2, budget=budget, seed=1)
    assert code in codes(result)
    assert server.accepted <= budget.creates <= 2
    assert budget.spent == budget.creates * Decimal("0.40")


def test_duplicate_ids_are_found_with_two_creates(document: Document) -> None:
    same = json_of("createVideo", id=lambda j, w: w.memory.setdefault("id", j["id"]))
    assert "AV213" in codes(LocalServer(document, same).run_check(creates=2))


@pytest.mark.parametrize(
    ("kept", "expected"), [(True, {"AV223"}), (False, set())], ids=["kept", "deleted in time"]
)
def test_file_is_requested_again_after_its_expiry(
    document: Document, kept: bool, expected: set[str]
) -> None:
    def change(server: LocalServer, call: Call, reply: Reply) -> Reply:
        body, memory = orjson.loads(reply.body) if reply.body[:1] == b"{" else {}, server.memory
        for job in body.get("data", [body]):
            if job.get("expires_at"):
                job["expires_at"] = memory["expiry"] = job["completed_at"] + 5
        gone = not kept and server.clock.now() >= memory.get("expiry", 2e9)
        if call.operation_id == "getVideoContent" and gone and reply.status < 300:
            refused: Reply = server.reply_with_key(call, path_parameters=NOBODY)
            return refused
        return replace(reply, body=orjson.dumps(body)) if body else reply

    server = LocalServer(document, change)
    assert codes(server.run_check()) == expected
    assert any(5 < wait < 13.5 for wait in server.waits)
