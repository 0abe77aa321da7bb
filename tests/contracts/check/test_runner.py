"""A walk over a server leads one job through its whole life, and keeps to its budget."""

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
from aisa_testkit.contracts.check.session import Step
from aisa_testkit.contracts.errors import CredentialsRejected, NotThisApi, ServerUnreachable
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, Ending, JobRole, Provenance, Reply

World = Any  # what the fixture `local` makes
New = Callable[..., World]
JSON = {"content-type": "application/json"}


def codes(verdict: CheckResult) -> set[str]:
    return {violation.code for violation in verdict.violations}


def reply_of(
    operation: str, make: Callable[[World, Call, Reply], Reply | None]
) -> Callable[[World, Call, Reply], Reply | None]:
    return lambda world, call, reply: (
        make(world, call, reply) if call.operation_id == operation else reply
    )


@pytest.mark.parametrize("creates", [1, 2, 3])
@pytest.mark.parametrize("grade", Provenance)
def test_a_right_server_has_no_violation_and_nothing_is_left_on_it(
    either: Document, local: New, creates: int, grade: Provenance
) -> None:
    world, ledger = local(either), Budget(max_creates=creates)
    verdict = world.walk(creates=creates, ledger=ledger, grade=grade)
    assert verdict.violations == ()
    assert world.accepted == ledger.creates
    assert len(verdict.jobs) == world.left()
    assert len(verdict.history) == len(world.calls)
    if either.by_role[JobRole.RETRIEVE].provenance is grade:
        assert (verdict.jobs, verdict.notes, world.accepted) == ((), (), creates)


def test_a_walk_without_a_job_tries_what_is_refused(either: Document, local: New) -> None:
    world, ledger = local(either), Budget(max_creates=0)
    verdict = world.walk(creates=0, ledger=ledger)
    assert (verdict.violations, verdict.jobs, world.accepted) == ((), (), 0)


@pytest.mark.parametrize("seed", range(1, 21))
def test_another_seed_finds_no_more_on_a_right_server(
    either: Document, local: New, seed: int
) -> None:
    world = local(either)
    verdict = world.walk(creates=2, seed=seed)
    assert (verdict.violations, verdict.jobs, verdict.notes) == ((), (), ())


def test_the_requests_of_a_walk_come_in_this_order(document: Document, local: New) -> None:
    world, steps = local(document), list[Step]()
    world.walk(creates=2, on_step=steps.append)
    doing = list(dict.fromkeys(s.action for s in steps if not s.action.startswith("tries")))
    assert doing == [
        "creates a job",
        "requests the file at once",
        "polls the job",
        "waits for the job",
        "requests the file too early",
        "reads the list",
        "downloads the file",
        "downloads part of the file",
        "downloads the thumbnail",
        "downloads the spritesheet",
        "requests an unknown variant",
        "sends no API key",
        "deletes the job while it runs",
        "retrieves the finished job again",
        "deletes the job without an API key",
        "deletes the job",
        "retrieves the deleted job",
        "requests the file of the deleted job",
        "deletes the job again",
    ]
    assert steps[0].action == "tries getVideo: an unknown job id"
    tried = [s for s in steps if s.action.startswith("tries createVideo: ")]
    assert (steps[0].spent, {step.spent for step in tried}) == (Decimal(0), {Decimal("0.40")})
    assert steps[-1].spent == Decimal("0.80")
    assert (steps[0].job_id, steps[0].state) == (None, None)
    assert (steps[-1].state, steps[-1].progress) == ("completed", 100)
    first = [s.progress for s in steps if s.action == "polls the job" and len(s.job_ids) == 1]
    assert first == [None, *sorted(p for p in first if p is not None)]


def test_a_second_job_is_made_a_second_after_the_first_at_least(
    document: Document, local: New
) -> None:
    world = local(document)
    verdict = world.walk(creates=2, keep=True)
    stamps = [
        orjson.loads(e.reply.body)["created_at"]
        for e in verdict.history
        if e.reply and e.accepted and e.operation.role is JobRole.CREATE
    ]
    assert len(stamps) == 2
    assert stamps[1] >= stamps[0] + 1


@pytest.mark.parametrize("made", [1, 2])
def test_jobs_that_are_done_at_once_have_stamps_of_their_own_all_the_same(
    document: Document, local: New, made: int
) -> None:
    world = local(document)
    for _ in range(made):
        MockControls(world.service).next_job(seconds=0)
    assert world.walk(creates=made).violations == ()
    assert sum(world.waits) == made - 1


def test_a_job_may_be_deleted_while_it_runs(document: Document, local: New) -> None:
    """A server that allows it has no more to tell of the job."""

    def lenient(world: World, call: Call, reply: Reply) -> Reply:
        if reply.status != 409:
            return reply
        job_id = world.memory["gone"] = call.path_parameters["video_id"]
        world.service.store.remove(job_id)
        return Reply(
            200, JSON, orjson.dumps({"id": job_id, "object": "video.deleted", "deleted": True})
        )

    world = local(document, reply_of("deleteVideo", lenient))
    verdict = world.walk(creates=2)
    assert (verdict.violations, verdict.jobs) == ((), ())
    second = world.memory["gone"]
    asked = [c.operation_id for c in world.calls if c.path_parameters.get("video_id") == second]
    assert asked == ["deleteVideo", "getVideo"]


def test_a_probe_that_is_accepted_is_spent_walked_and_deleted(
    document: Document, local: New
) -> None:
    world = local(document, reply_of("createVideo", lambda w, c, r: w.right(c)))
    ledger = Budget()
    verdict = world.walk(ledger=ledger)
    assert codes(verdict) == {"AV111"}
    assert (ledger.creates, ledger.spent) == (1, Decimal("0.40"))
    assert (world.accepted, world.left(), verdict.jobs) == (1, 0, ())


@pytest.mark.parametrize(
    ("spend", "creates", "made"),
    [("0.80", None, 2), ("0.79", None, 1), (None, 1, 1), ("0.39", None, 0)],
    ids=["money for two", "a cent short", "one job", "money for none"],
)
def test_the_budget_holds_if_every_probe_is_accepted(
    document: Document, local: New, spend: str | None, creates: int | None, made: int
) -> None:
    right = plan_check(document, key="sk-of-the-check").creates[0]

    def careless(world: World, call: Call, reply: Reply) -> Reply:
        return world.service.answer(right)  # type: ignore[no-any-return]  # of Any

    world = local(document, reply_of("createVideo", careless))
    ledger = Budget(max_spend=Decimal(spend) if spend else None, max_creates=creates)
    verdict = world.walk(creates=2, ledger=ledger)
    assert (world.accepted, world.count("createVideo"), world.left()) == (made, made, 0)
    assert ledger.spent == made * Decimal("0.40")
    (note,) = verdict.notes
    assert " requests were not sent (for example: tries createVideo: " in note


def test_one_request_that_is_not_sent_is_named(document: Document, local: New) -> None:
    verdict = local(document).walk(creates=2, ledger=Budget(max_creates=1))
    assert verdict.notes == ("not sent (creates a job): the limit of 1 job is reached",)


@pytest.mark.parametrize("status", [None, 500, 503])
def test_a_create_of_unknown_end_is_paid_for_and_not_sent_again(
    document: Document, local: New, status: int | None
) -> None:
    def broken(world: World, call: Call, reply: Reply) -> Reply | None:
        if reply.status >= 300:
            return reply
        return replace(reply, status=status, body=b"") if status else None

    world, ledger = local(document, reply_of("createVideo", broken)), Budget()
    wrong = [p for p in plan_check(document, key=world.key).probes if p.price]
    verdict = world.walk(creates=2, ledger=ledger)
    assert world.count("createVideo") == len(wrong) + 1
    assert (ledger.creates, ledger.spent) == (1, Decimal("0.40"))
    answered = f"status {status}" if status else "no response"
    assert verdict.notes == (f"a job may have been created, but its id is unknown: {answered}",)


@pytest.mark.parametrize("state", ["new", "finished", "failed"])
def test_resume_makes_no_job_and_deletes_none(either: Document, local: New, state: str) -> None:
    world, ledger = local(either), Budget()
    if state == "failed":
        MockControls(world.service).next_job(
            outcome=either.lifecycle.final_states(Ending.FAILURE)[0]
        )
    job_id = world.make()
    world.clock.advance(0 if state == "new" else 1000)
    verdict = world.walk(ledger=ledger, resume=job_id)
    assert (verdict.violations, verdict.jobs, verdict.notes) == ((), (), ())
    asked = {e.operation.role for e in verdict.history}
    assert asked == {JobRole.RETRIEVE, JobRole.CONTENT, JobRole.LIST}
    assert (world.accepted, world.left()) == (0, 1)
    assert (ledger.creates, ledger.spent) == (0, Decimal(0))
    polls = [e for e in verdict.history if e.operation.role is JobRole.RETRIEVE]
    assert len(polls) >= (4 if state == "new" else 3)


def test_resume_of_a_job_that_is_gone_breaks_no_law(either: Document, local: New) -> None:
    world = local(either)
    verdict = world.walk(resume="gone")
    assert (verdict.violations, verdict.notes) == ((), ("stopped polling gone: status 404",))
    assert world.accepted == 0


def test_resume_of_nothing_makes_no_job_either(document: Document, local: New) -> None:
    world = local(document)
    world.walk(resume="")
    assert world.accepted == 0


def test_keep_leaves_the_jobs_and_names_them(either: Document, local: New) -> None:
    world = local(either)
    verdict = world.walk(creates=2, keep=True)
    assert (len(verdict.jobs), world.left(), verdict.violations) == (2, 2, ())
    deleted = [e.job_id for e in verdict.history if e.operation.role is JobRole.DELETE]
    assert not {*deleted} & {*verdict.jobs}


def test_the_documented_grade_judges_only_what_is_documented_and_notes_the_rest(
    document: Document,
    local: New,
) -> None:
    def bare(world: World, call: Call, reply: Reply) -> Reply:
        return reply if reply.status < 300 else replace(reply, body=b'{"message":"no"}')

    world = local(document, bare)
    verdict = world.walk(grade=Provenance.DOCUMENTED)
    assert verdict.violations == ()
    others = [call.operation_id for call in world.calls if call.operation_id != "createVideo"]
    assert others == ["getVideo", "getVideoContent"]
    assert verdict.notes == (
        "getVideo is inferred and was not checked; status 200",
        "getVideoContent is inferred and was not checked; status 409",
    )
    assert len(verdict.jobs) == world.left() == 1
    assert "AV106" in codes(local(document, bare).walk(grade=Provenance.VENDOR_WIDE))


@pytest.mark.parametrize("resumed", [False, True], ids=["a new job", "a job of before"])
def test_a_key_that_is_refused_costs_nothing(document: Document, local: New, resumed: bool) -> None:
    world, ledger = local(document), Budget()
    job = "video_" + "1" * 32 if resumed else None
    with pytest.raises(CredentialsRejected, match="401"):
        world.walk(key="sk-wrong", ledger=ledger, resume=job)
    assert (world.accepted, ledger.creates, ledger.spent) == (0, 0, Decimal(0))


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(200, {"content-type": "text/html"}, b"<p>"), "status 200 with text/html"),
        (Reply(404, JSON, b'{"detail":"Not Found"}'), "status 404 with application/json"),
        (Reply(405), "status 405 with no content type"),
        (Reply(302, {"location": "/login"}), "status 302 to /login with no content type"),
        (Reply(502, {"content-type": "text/html"}), "status 502 with text/html"),
        (Reply(200, JSON, b"null"), "status 200 with application/json"),
    ],
    ids=["a page", "no such path", "no such method", "a redirect", "a gateway", "null"],
)
def test_a_server_that_is_not_this_api_is_sent_no_right_create(
    either: Document, local: New, reply: Reply, told: str
) -> None:
    world = local(either, lambda w, c, r: reply)
    with pytest.raises(NotThisApi, match="is the base URL right") as caught:
        world.walk()
    assert told in str(caught.value)
    assert plan_check(either, key=world.key).creates[0] not in world.calls


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'"x"', b"7", b'{"id": 7}', b'{"id": [[]]}', b'{"id": ""}'], ids=str
)
def test_a_server_that_accepts_everything_with_odd_words_ends_the_walk_in_its_budget(
    either: Document, local: New, body: bytes
) -> None:
    world, ledger = local(either, lambda w, c, r: Reply(200, JSON, body)), Budget(max_creates=2)
    verdict = world.walk(creates=2, ledger=ledger)
    assert {"AV104", "AV111"} <= codes(verdict)
    assert ledger.creates == world.accepted == 2
    assert verdict.jobs == ()


def test_a_create_that_is_refused_is_noted_and_costs_nothing(
    document: Document, local: New
) -> None:
    def poor(world: World, call: Call, reply: Reply) -> Reply:
        return reply if reply.status >= 300 else Reply(402, JSON, b"{}")

    world, ledger = local(document, reply_of("createVideo", poor)), Budget()
    verdict = world.walk(creates=2, ledger=ledger)
    assert verdict.notes == ("a job could not be created: status 402",)
    assert (ledger.creates, ledger.spent) == (0, Decimal(0))


@pytest.mark.parametrize("answer", [Reply(404, JSON, b"{}"), None], ids=["404", "no response"])
def test_companions_that_are_not_there_are_noted_at_the_documented_grade(
    document: Document, local: New, answer: Reply | None
) -> None:
    world = local(document, lambda w, c, r: r if c.operation_id == "createVideo" else answer)
    verdict = world.walk(grade=Provenance.DOCUMENTED)
    assert verdict.violations == ()
    words = "status 404" if answer else "no response"
    assert [note.partition("; ")[2] for note in verdict.notes] == [words, words]
    assert len(verdict.jobs) == 1


def test_a_companion_that_does_not_take_the_key_is_noted_at_the_documented_grade(
    document: Document, local: New
) -> None:
    """Gateways answer 401 where there is no route."""
    refusal = Reply(401, JSON, b"{}")
    world = local(document, lambda w, c, r: r if c.operation_id == "createVideo" else refusal)
    verdict = world.walk(grade=Provenance.DOCUMENTED)
    assert verdict.violations == ()
    assert len(verdict.jobs) == 1


def test_a_refusal_of_the_key_after_it_was_let_in_does_not_end_the_walk(
    document: Document, local: New
) -> None:
    def picky(world: World, call: Call, reply: Reply) -> Reply:
        return reply if reply.status >= 300 else Reply(401, JSON, reply.body)

    world = local(document, reply_of("getVideoContent", picky))
    verdict = world.walk()
    assert (verdict.jobs, world.left()) == ((), 0)


def test_a_server_that_cannot_be_reached_costs_nothing(either: Document, local: New) -> None:
    def nobody(world: World, call: Call, reply: Reply) -> Reply:
        raise ServerUnreachable("nobody there")

    world, ledger = local(either, nobody), Budget(max_creates=1)
    with pytest.raises(ServerUnreachable):
        world.walk(ledger=ledger)
    assert (len(world.calls), ledger.creates, ledger.spent) == (1, 0, Decimal(0))
