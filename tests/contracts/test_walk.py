"""A walk over a server leads one job through its whole life, finds what is wrong, and keeps to its
budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.ledger import Ledger
from aisa_testkit.contracts.plan import plan_check
from aisa_testkit.contracts.session import CredentialsRefused, Step, Unreachable
from aisa_testkit.contracts.verdict import Standard, Verdict
from aisa_testkit.contracts.walk import Walk
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole, Provenance, Reply

KEYED = {"authorization": "Bearer k", "x-render-key": "k"}
HINTS = ("openai-poll-after-ms", "retry-after")  # so that there are more polls than two
Change = Callable[["Local", Call, Reply], Reply | None]


class Unhurried(ManualClock):
    """A clock by which a second is a second, so that hints say how long to wait."""

    def wait_for(self, seconds: float) -> float:
        return seconds


class Local:
    """The mock in process, whose answers are changed on their way; None is an answer that never
    came.
    """

    def __init__(
        self, document: Document, change: Change = lambda world, call, reply: reply
    ) -> None:
        self.document, self.change, self.clock = document, change, Unhurried()
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), api_keys=["k"])
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.accepted = 0
        self.memory: dict[str, Any] = {}

    def ask(self, call: Call) -> Exchange:
        self.calls.append(call)
        assert len(self.calls) < 2000, "the walk does not end"
        right = self.service.answer(call)
        headers = {n: v for n, v in right.headers.items() if n not in HINTS}
        reply = self.change(self, call, replace(right, headers=headers))
        exchange = read_exchange(self.document, call, reply, at=self.clock.now())
        self.accepted += exchange.operation.role is JobRole.CREATE and exchange.accepted
        return exchange

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def count(self, operation_id: str) -> int:
        return Counter(call.operation_id for call in self.calls)[operation_id]

    def left(self) -> int:
        listing = next(o.id for o in self.document.operations.values() if o.role is JobRole.LIST)
        body = orjson.loads(self.service.answer(Call(listing, {}, (), KEYED)).body)
        return len(body.get("data", body.get("tickets", ())))


def walk(
    world: Local,
    *,
    creates: int = 1,
    ledger: Ledger | None = None,
    grade: Provenance = Provenance.INFERRED,
    timeout: float = 300,
    **more: Any,
) -> Verdict:
    plan = plan_check(world.document, key="k", creates=creates, grade=grade)
    ledger = ledger or Ledger(max_creates=2)
    standard = Standard(grade, timeout)
    return Walk(
        world.document, plan, world, key="k", ledger=ledger, standard=standard, **more
    ).run()


def codes(verdict: Verdict) -> set[str]:
    return {violation.code for violation in verdict.violations}


def json_of(*operations: str, **changed: Any) -> Change:
    """Changes fields of the good answers of these operations; functions get the job and world."""

    def change(world: Local, call: Call, reply: Reply) -> Reply:
        if call.operation_id not in operations or reply.status >= 300:
            return reply
        job = orjson.loads(reply.body)
        for name, value in changed.items():
            job[name] = value(job, world) if callable(value) else value
        return replace(reply, body=orjson.dumps(job))

    return change


def reply_of(operation: str, make: Callable[[Local, Call, Reply], Reply | None]) -> Change:
    return lambda world, call, reply: (
        make(world, call, reply) if call.operation_id == operation else reply
    )


@pytest.fixture(params=["document", "other_document"], ids=["bundled", "other API"])
def either(request: pytest.FixtureRequest) -> Document:
    chosen: Document = request.getfixturevalue(request.param)
    return chosen


@pytest.mark.parametrize("creates", [1, 2])
def test_a_right_server_has_no_violation_and_nothing_is_left_on_it(
    either: Document, creates: int
) -> None:
    world = Local(either)
    verdict = walk(world, creates=creates)
    assert (verdict.violations, verdict.jobs, verdict.notes) == ((), (), ())
    assert (world.accepted, world.left()) == (creates, 0)
    assert len(verdict.history) == len(world.calls)


def test_the_requests_of_a_walk_come_in_this_order(document: Document) -> None:
    world, steps = Local(document), list[Step]()
    walk(world, tell=steps.append)
    doing = list(dict.fromkeys(s.doing for s in steps if not s.doing.startswith("tries")))
    assert doing == [
        "makes a job",
        "asks for its file at once",
        "follows the job",
        "downloads its file",
        "downloads a part of it",
        "reads the list",
        "deletes it",
        "looks whether it is gone",
    ]
    assert [steps[0].spent, steps[-1].spent] == [Decimal("0.40")] * 2
    assert (steps[0].job_id, steps[0].state) == (None, None)
    assert (steps[-1].state, steps[-1].progress) == ("completed", 100)
    polls = [s.progress for s in steps if s.doing == "follows the job" and s.job_id]
    assert polls == sorted(polls, key=lambda p: p or 0)


FALLS = json_of(
    "getVideo",
    progress=lambda job, w: (
        90 - w.count("getVideo") if job["status"] == "in_progress" else job["progress"]
    ),
)


def _unchecked(world: Local, call: Call, reply: Reply) -> Reply:
    if reply.status != 400:
        return reply
    return world.service.answer(plan_check(world.document, key="k").create)


def _undead(world: Local, call: Call, reply: Reply) -> Reply:
    if reply.status < 300:
        world.memory[call.path_parameters["video_id"]] = reply
    kept: Reply = world.memory.get(call.path_parameters["video_id"], reply)
    return kept


def _unlocked(world: Local, call: Call, reply: Reply) -> Reply:
    return world.service.answer(replace(call, headers={**call.headers, **KEYED}))


def _film(world: Local, call: Call, reply: Reply) -> Reply:
    early = reply.status == 409
    return Reply(200, {"content-type": "video/mp4"}, b"\0\0\0\x08ftyp") if early else reply


def _again(world: Local, call: Call, reply: Reply) -> Reply:
    query = tuple((n, v) for n, v in call.query if n != "after")
    return world.service.answer(replace(call, query=query))


def _good(change: Callable[[Reply], Reply]) -> Callable[[Local, Call, Reply], Reply]:
    return lambda world, call, reply: change(reply) if reply.status < 300 else reply


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
            lambda w, c, r: w.service.answer(
                replace(c, path_parameters={"video_id": "video_" + "0" * 32})
            ),
        ),
    ),
    "content early": ("AV221", reply_of("getVideoContent", _film)),
    "content not there": (
        "AV222",
        reply_of(
            "getVideoContent",
            lambda w, c, r: w.service.answer(
                replace(c, path_parameters={"video_id": "video_" + "0" * 32})
            ),
        ),
    ),
    "no video": (
        "AV224",
        reply_of(
            "getVideoContent",
            _good(lambda r: replace(r, headers={**r.headers, "content-length": "4"}, body=b"film")),
        ),
    ),
    "cursor ignored": ("AV231", reply_of("listVideos", _again)),
    "list omits": (
        "AV232",
        json_of("listVideos", data=[], first_id=None, last_id=None, has_more=False),
    ),
}


@pytest.mark.parametrize(("code", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_with_two_jobs_at_most(
    document: Document, code: str, fault: Change
) -> None:
    world, ledger = Local(document, fault), Ledger(max_spend=Decimal(1), max_creates=2)
    verdict = walk(world, creates=2, ledger=ledger)
    assert code in codes(verdict)
    assert world.accepted <= ledger.creates <= 2
    assert ledger.spent == ledger.creates * Decimal("0.40")


def test_ids_that_repeat_are_found_with_two_creates(document: Document) -> None:
    same = json_of("createVideo", id=lambda j, w: w.memory.setdefault("id", j["id"]))
    assert "AV213" in codes(walk(Local(document, same), creates=2))


def test_a_probe_that_is_accepted_is_spent_walked_and_deleted(document: Document) -> None:
    world, ledger = Local(document, reply_of("createVideo", _unlocked)), Ledger()
    verdict = walk(world, ledger=ledger)
    assert codes(verdict) == {"AV111"}
    assert (ledger.creates, ledger.spent) == (1, Decimal("0.40"))
    assert (world.accepted, world.left(), verdict.jobs) == (1, 0, ())


@pytest.mark.parametrize(
    ("spend", "creates", "made"),
    [("0.80", None, 2), ("0.79", None, 1), (None, 1, 1), ("0.39", None, 0)],
    ids=["money for two", "a cent short", "one job", "money for none"],
)
def test_the_budget_holds_if_every_probe_is_accepted(
    document: Document, spend: str | None, creates: int | None, made: int
) -> None:
    def careless(world: Local, call: Call, reply: Reply) -> Reply:
        return world.service.answer(plan_check(world.document, key="k").create)

    world = Local(document, reply_of("createVideo", careless))
    ledger = Ledger(max_spend=Decimal(spend) if spend else None, max_creates=creates)
    verdict = walk(world, creates=2, ledger=ledger)
    assert (world.accepted, world.count("createVideo"), world.left()) == (made, made, 0)
    assert ledger.spent == made * Decimal("0.40")
    assert any(note.startswith("not sent (tries createVideo with ") for note in verdict.notes)


@pytest.mark.parametrize("status", [None, 500, 503])
def test_a_create_of_unknown_end_is_paid_for_and_not_sent_again(
    document: Document, status: int | None
) -> None:
    def broken(world: Local, call: Call, reply: Reply) -> Reply | None:
        if reply.status >= 300:
            return reply
        return replace(reply, status=status, body=b"") if status else None

    world, ledger = Local(document, reply_of("createVideo", broken)), Ledger()
    before = len([p for p in plan_check(document, key="k").probes if p.price])
    verdict = walk(world, creates=2, ledger=ledger)
    assert world.count("createVideo") == before + 1
    assert (ledger.creates, ledger.spent) == (1, Decimal("0.40"))
    answered = f"answered {status}" if status else "no answer"
    assert verdict.notes == (f"a job may have been made, its id is not known: {answered}",)


@pytest.mark.parametrize("state", ["preparing", None], ids=["an unknown state", "no state"])
def test_a_job_in_a_state_that_nobody_knows_is_paid_for_and_not_forgotten(
    document: Document, state: str | None
) -> None:
    world = Local(document, json_of("createVideo", status=state))
    verdict = walk(world)
    assert "AV104" in codes(verdict)
    assert world.left() == len(verdict.jobs)


def test_a_poll_that_comes_too_often_waits_as_long_as_it_is_told(document: Document) -> None:
    def busy(world: Local, call: Call, reply: Reply) -> Reply:
        if world.count("getVideo") != 3:
            return reply
        world.service.fail("getVideo", status=429, retry_after=17)
        return world.service.answer(call)

    world = Local(document, reply_of("getVideo", busy))
    assert walk(world).violations == ()
    assert 17.0 in world.waits


def test_a_server_that_asks_for_a_day_is_not_obeyed_for_longer_than_the_timeout(
    document: Document,
) -> None:
    def busy(world: Local, call: Call, reply: Reply) -> Reply:
        if reply.status >= 300:
            return reply
        world.service.fail("getVideo", status=429, retry_after=86400)
        return world.service.answer(call)

    world = Local(document, reply_of("getVideo", busy))
    verdict = walk(world, timeout=60)
    assert sum(world.waits) <= 120
    assert len(verdict.jobs) == world.left()


def test_a_hint_is_heeded_and_one_of_no_time_is_no_leave_to_poll_without_end(
    document: Document,
) -> None:
    def hinting(milliseconds: str) -> Change:
        hint = {"openai-poll-after-ms": milliseconds}
        return reply_of("getVideo", _good(lambda r: replace(r, headers={**r.headers, **hint})))

    patient, hasty = Local(document, hinting("7000")), Local(document, hinting("0"))
    assert walk(patient).violations == ()
    assert set(patient.waits) == {7.0}
    assert codes(walk(hasty, timeout=60)) == {"AV103"}
    assert hasty.count("getVideo") < 100


def test_a_job_that_does_not_end_is_given_up_and_left(document: Document) -> None:
    queued = json_of("getVideo", "listVideos", status="queued", progress=0, completed_at=None)
    world = Local(document, queued)
    world.service.next_job(seconds=10**6)
    verdict = walk(world, timeout=60, poll_interval=5)
    assert "AV215" in codes(verdict)
    assert 60 <= sum(world.waits) <= 90
    (left,) = verdict.jobs
    assert verdict.notes[0].startswith(f"{left} was given up")


def test_a_second_job_is_followed_to_its_own_end(document: Document) -> None:
    """An answer that cannot be read says nothing of it, whatever became of the job before."""

    def first_poll_of_second(world: Local, call: Call, reply: Reply) -> Reply:
        ids = world.memory.setdefault("ids", [])
        if reply.status < 300 and call.path_parameters["video_id"] not in ids:
            ids.append(call.path_parameters["video_id"])
            if len(ids) == 2:
                return replace(reply, body=b"{")
        return reply

    world = Local(document, reply_of("getVideo", first_poll_of_second))
    verdict = walk(world, creates=2)
    assert codes(verdict) == {"AV105"}
    second = world.memory["ids"][1]
    asked = [c for c in world.calls if c.path_parameters.get("video_id") == second]
    polls = ["getVideo", "getVideo", "deleteVideo", "getVideo"]
    assert [call.operation_id for call in asked] == polls


def test_resume_makes_no_job_and_deletes_none(document: Document) -> None:
    world, ledger = Local(document), Ledger()
    made = world.service.answer(plan_check(document, key="k").create)
    verdict = walk(world, ledger=ledger, resume=orjson.loads(made.body)["id"])
    assert verdict.violations == ()
    assert (world.count("createVideo"), world.count("deleteVideo"), world.left()) == (0, 0, 1)
    assert (ledger.creates, ledger.spent) == (0, Decimal(0))
    assert world.count("getVideo") > 2


def test_resume_of_nothing_makes_no_job_either(document: Document) -> None:
    world = Local(document)
    walk(world, resume="")
    assert world.accepted == 0


def test_keep_leaves_the_jobs_and_names_them(either: Document) -> None:
    world = Local(either)
    verdict = walk(world, creates=2, keep=True)
    assert (len(verdict.jobs), world.left(), verdict.violations) == (2, 2, ())


def test_the_documented_grade_judges_only_what_is_documented_and_notes_the_rest(
    document: Document,
) -> None:
    def bare(world: Local, call: Call, reply: Reply) -> Reply:
        return reply if reply.status < 300 else replace(reply, body=b'{"message":"no"}')

    world = Local(document, bare)
    verdict = walk(world, grade=Provenance.DOCUMENTED)
    assert verdict.violations == ()
    others = [call.operation_id for call in world.calls if call.operation_id != "createVideo"]
    assert others == ["getVideo", "getVideoContent"]
    assert verdict.notes == (
        "getVideo is inferred and not judged; answered 200",
        "getVideoContent is inferred and not judged; answered 409",
    )
    assert len(verdict.jobs) == world.left() == 1
    assert "AV106" in codes(walk(Local(document, bare), grade=Provenance.VENDOR_WIDE))


def test_an_opaque_cursor_is_sent_as_the_page_named_it(other_document: Document) -> None:
    def opaque(world: Local, call: Call, reply: Reply) -> Reply:
        after = dict(call.query).get("cursor")
        if after is not None:
            assert after.startswith("opaque-"), f"the walk made up the cursor {after}"
            query = (("size", "1"), ("cursor", after.removeprefix("opaque-")))
            reply = world.service.answer(replace(call, query=query))
        body = orjson.loads(reply.body)
        if body.get("cursor"):
            body["cursor"] = f"opaque-{body['cursor']}"
        return replace(reply, body=orjson.dumps(body))

    verdict = walk(Local(other_document, reply_of("pageOfRenderings", opaque)), creates=2)
    assert verdict.violations == ()


@pytest.mark.parametrize("resumed", [False, True], ids=["a new job", "a job of before"])
def test_a_key_that_is_refused_costs_nothing(document: Document, resumed: bool) -> None:
    world, ledger = Local(document), Ledger()
    plan = plan_check(document, key="wrong")
    job = "video_" + "1" * 32 if resumed else None
    with pytest.raises(CredentialsRefused, match="401"):
        Walk(
            document,
            plan,
            world,
            key="wrong",
            ledger=ledger,
            standard=Standard(),
            resume=job,
        ).run()
    assert (world.accepted, ledger.creates, ledger.spent) == (0, 0, Decimal(0))


def test_a_server_that_cannot_be_reached_costs_nothing(either: Document) -> None:
    def nobody(world: Local, call: Call, reply: Reply) -> Reply:
        raise Unreachable("nobody there")

    world, ledger = Local(either, nobody), Ledger(max_creates=1)
    with pytest.raises(Unreachable):
        walk(world, ledger=ledger)
    assert (len(world.calls), ledger.creates, ledger.spent) == (1, 0, Decimal(0))
