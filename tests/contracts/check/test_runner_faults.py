"""What a walk finds wrong with a server, whatever it is, at the price of two jobs at most."""

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

World = Any  # what the fixture `local` makes
Change = Callable[[World, Call, Reply], Reply | None]


NOBODY = {"video_id": "video_" + "0" * 32}


def codes(verdict: CheckResult) -> set[str]:
    return {violation.code for violation in verdict.violations}


def json_of(*operations: str, **changed: Any) -> Change:
    """Changes fields of the good answers of these operations; functions get the job and world."""

    def change(world: World, call: Call, reply: Reply) -> Reply:
        if call.operation_id not in operations or reply.status >= 300:
            return reply
        job = orjson.loads(reply.body)
        for name, value in changed.items():
            job[name] = value(job, world) if callable(value) else value
        return replace(reply, body=orjson.dumps(job))

    return change


def reply_of(operation: str, make: Change) -> Change:
    return lambda world, call, reply: (
        make(world, call, reply) if call.operation_id == operation else reply
    )


FALLS = json_of(
    "getVideo",
    progress=lambda job, w: (
        90 - w.count("getVideo") if job["status"] == "in_progress" else job["progress"]
    ),
)


def _unchecked(world: World, call: Call, reply: Reply) -> Reply:
    if reply.status != 400:
        return reply
    made: Reply = world.service.answer(plan_check(world.document, key=world.key).creates[0])
    return made


def _undead(world: World, call: Call, reply: Reply) -> Reply:
    if reply.status < 300:
        world.memory[call.path_parameters["video_id"]] = reply
    kept: Reply = world.memory.get(call.path_parameters["video_id"], reply)
    return kept


def _unlocked(world: World, call: Call, reply: Reply) -> Reply:
    made: Reply = world.right(call)
    return made


def _film(world: World, call: Call, reply: Reply) -> Reply:
    early = reply.status == 409
    return Reply(200, {"content-type": "video/mp4"}, b"\0\0\0\x08ftyp") if early else reply


def _again(world: World, call: Call, reply: Reply) -> Reply:
    query = tuple((n, v) for n, v in call.query if n != "after")
    first: Reply = world.service.answer(replace(call, query=query))
    return first


def _good(change: Callable[[Reply], Reply]) -> Callable[[World, Call, Reply], Reply]:
    return lambda world, call, reply: change(reply) if reply.status < 300 else reply


def _keyed(status: int | None) -> Change:
    """Answers this, or nothing, where the key is sent and all would be well."""
    wrong = None if status is None else Reply(status, {"content-type": "application/json"})
    return lambda world, call, reply: (
        reply if "authorization" not in call.headers or reply.status >= 300 else wrong
    )


def _quotes(world: World, call: Call, reply: Reply) -> Reply:
    body = reply.body.replace(b'"param":', b'"key":"%s","param":' % world.key.encode())
    return replace(reply, body=body) if reply.status == 400 else reply


def _anybodys(world: World, call: Call, reply: Reply) -> Reply:
    job_id = call.path_parameters["video_id"]
    if reply.status != 404:
        return reply
    made = world.memory.setdefault("made", [world.make()])[0]
    job: Reply = world.right(call, path_parameters={"video_id": made})
    return replace(job, body=job.body.replace(made.encode(), job_id.encode()))


def _other_part(reply: Reply) -> Reply:
    return replace(reply, body=bytes(len(reply.body))) if reply.status == 206 else reply


def _twin(page: dict[str, Any], world: World) -> list[dict[str, Any]]:
    return [*page["data"], *({**j, "id": j["id"][:-1] + "!"} for j in page["data"][:1])]


FAULTS: dict[str, tuple[str, Change]] = {
    "undocumented status": ("AV101", reply_of("getVideo", _good(lambda r: replace(r, status=418)))),
    "HTML for JSON": (
        "AV102",
        reply_of("getVideo", _good(lambda r: replace(r, headers={"content-type": "text/html"}))),
    ),
    "no object": ("AV104", json_of("createVideo", object="film")),
    "cut JSON": ("AV105", reply_of("getVideo", _good(lambda r: replace(r, body=r.body[:-1])))),
    "bare error": (
        "AV106",
        lambda w, c, r: r if r.status < 400 else replace(r, body=b'{"message":"no"}'),
    ),
    "changed echo": ("AV107", json_of("createVideo", prompt="another")),
    "other default": ("AV108", json_of("createVideo", seconds="12")),
    "valid create refused": (
        "AV109",
        reply_of("createVideo", lambda w, c, r: w.service.answer(replace(c, body=b""))),
    ),
    "values unchecked": ("AV110", reply_of("createVideo", _unchecked)),
    "key ignored": ("AV111", reply_of("createVideo", _unlocked)),
    "an internal error at every right create": ("AV114", reply_of("createVideo", _keyed(500))),
    "a poll that always fails": ("AV114", reply_of("getVideo", _keyed(503))),
    "a list that always breaks off": ("AV115", reply_of("listVideos", _keyed(None))),
    "the key in an error": ("AV116", _quotes),
    "a job that was refused once it is known": ("AV109", reply_of("getVideo", _keyed(400))),
    "terminal state comes back": (
        "AV202",
        json_of("listVideos", data=lambda p, w: [{**j, "status": "queued"} for j in p["data"]]),
    ),
    "progress falls": ("AV203", FALLS),
    "creation moves": (
        "AV205",
        json_of("getVideo", created_at=lambda j, w: j["created_at"] + w.count("getVideo")),
    ),
    "stamp early": ("AV206", json_of("createVideo", completed_at=1_780_000_000)),
    "stamp missing": ("AV207", json_of("getVideo", completed_at=None)),
    "milliseconds": (
        "AV210",
        json_of("createVideo", "getVideo", created_at=lambda j, w: j["created_at"] * 1000),
    ),
    "error of a success": (
        "AV212",
        json_of("getVideo", error={"code": "x", "message": "y"}),
    ),
    "another job": ("AV214", json_of("getVideo", id="video_" + "1" * 32)),
    "use after delete": ("AV216", reply_of("getVideo", _undead)),
    "lost job": (
        "AV217",
        reply_of(
            "getVideo",
            lambda w, c, r: w.right(c, path_parameters=NOBODY),
        ),
    ),
    "a deletion that finds no job": (
        "AV217",
        reply_of("deleteVideo", lambda w, c, r: w.right(c, path_parameters=NOBODY)),
    ),
    "deleted twice": ("AV216", reply_of("deleteVideo", _undead)),
    "any id is a job": ("AV219", reply_of("getVideo", _anybodys)),
    "content early": ("AV221", reply_of("getVideoContent", _film)),
    "content not there": (
        "AV222",
        reply_of(
            "getVideoContent",
            lambda w, c, r: w.right(c, path_parameters=NOBODY),
        ),
    ),
    "no video": (
        "AV224",
        reply_of(
            "getVideoContent",
            _good(lambda r: replace(r, headers={**r.headers, "content-length": "4"}, body=b"film")),
        ),
    ),
    "another part": ("AV227", reply_of("getVideoContent", lambda w, c, r: _other_part(r))),
    "cursor ignored": ("AV231", reply_of("listVideos", _again)),
    "a job for a refused request": (
        "AV236",
        json_of(
            "listVideos", data=_twin, last_id=lambda p, w: (p["data"] or [{"id": None}])[-1]["id"]
        ),
    ),
    "list omits": (
        "AV232",
        json_of("listVideos", data=[], first_id=None, last_id=None, has_more=False),
    ),
}


@pytest.mark.parametrize(("code", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_with_two_jobs_at_most(
    document: Document, local: Callable[..., World], code: str, fault: Change
) -> None:
    world, ledger = local(document, fault), Budget(max_spend=Decimal(1), max_creates=2)
    verdict = world.walk(creates=2, ledger=ledger, seed=1)
    assert code in codes(verdict)
    assert world.accepted <= ledger.creates <= 2
    assert ledger.spent == ledger.creates * Decimal("0.40")


def test_ids_that_repeat_are_found_with_two_creates(
    document: Document, local: Callable[..., World]
) -> None:
    same = json_of("createVideo", id=lambda j, w: w.memory.setdefault("id", j["id"]))
    assert "AV213" in codes(local(document, same).walk(creates=2))


@pytest.mark.parametrize(
    ("kept", "expected"), [(True, {"AV223"}), (False, set())], ids=["kept", "let go in time"]
)
def test_a_file_that_expires_soon_is_asked_for_again_then(
    document: Document, local: Callable[..., World], kept: bool, expected: set[str]
) -> None:
    def change(world: World, call: Call, reply: Reply) -> Reply:
        body, memory = orjson.loads(reply.body) if reply.body[:1] == b"{" else {}, world.memory
        for job in body.get("data", [body]):
            if job.get("expires_at"):
                job["expires_at"] = memory["expiry"] = job["completed_at"] + 5
        gone = not kept and world.clock.now() >= memory.get("expiry", 2e9)
        if call.operation_id == "getVideoContent" and gone and reply.status < 300:
            refused: Reply = world.right(call, path_parameters=NOBODY)
            return refused
        return replace(reply, body=orjson.dumps(body)) if body else reply

    world = local(document, change)
    assert codes(world.walk()) == expected
    assert any(5 < wait < 13.5 for wait in world.waits)
