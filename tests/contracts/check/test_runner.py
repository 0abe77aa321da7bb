"""A check follows jobs from creation to deletion within its budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckResult
from aisa_testkit.contracts.check.step import Step
from aisa_testkit.contracts.errors import CredentialsRejected, NotThisApi, ServerUnreachable
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, JobRole, Meaning, Provenance, Reply
from tests.support.local_server import LocalServer
from tests.support.operations import find_operation, only_kind

JSON = {"content-type": "application/json"}


def codes(result: CheckResult) -> set[str]:
    return {violation.code for violation in result.violations}


def reply_of(
    operation: str, make: Callable[[LocalServer, Call, Reply], Reply | None]
) -> Callable[[LocalServer, Call, Reply], Reply | None]:
    return lambda server, call, reply: (
        make(server, call, reply) if call.operation_id == operation else reply
    )


@pytest.mark.parametrize("creates", [1, 2, 3])
@pytest.mark.parametrize("grade", Provenance)
def test_conforming_server_has_no_violation_and_no_remaining_jobs(
    any_document: Document, creates: int, grade: Provenance
) -> None:
    server, budget = LocalServer(any_document), Budget(max_creates=creates)
    result = server.run_check(creates=creates, budget=budget, grade=grade)
    assert result.violations == ()
    assert server.accepted == budget.creates
    assert len(result.jobs) == server.count_jobs()
    assert len(result.history) == len(server.calls)
    if find_operation(any_document, JobRole.POLL).provenance is grade:
        assert (result.jobs, server.accepted) == ((), creates)
        assert len(result.notes) == (creates == 1)  # no room for a server that accepts a probe


def test_check_without_creates_sends_probes(any_document: Document) -> None:
    server, budget = LocalServer(any_document), Budget(max_creates=0)
    result = server.run_check(creates=0, budget=budget)
    assert (result.violations, result.jobs, server.accepted) == ((), (), 0)


@pytest.mark.parametrize("seed", [1, 7, 20])
def test_conforming_server_has_no_violation_for_any_seed(any_document: Document, seed: int) -> None:
    server = LocalServer(any_document)
    result = server.run_check(creates=2, seed=seed)
    assert (result.violations, result.jobs, result.notes) == ((), (), ())


def test_order_of_the_requests_of_a_check(document: Document) -> None:
    server, steps = LocalServer(document), list[Step]()
    server.run_check(creates=2, on_step=steps.append)
    actions = list(dict.fromkeys(s.action for s in steps if not s.action.startswith("tries")))
    assert actions == [
        "reads the list before the first create",
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
    assert (steps[0].spent, {step.spent for step in tried}) == (Decimal(0), {Decimal("0.80")})
    assert steps[-1].spent == Decimal("0.80")
    assert (steps[0].job_id, steps[0].state) == (None, None)
    assert (steps[-1].state, steps[-1].progress) == ("completed", 100)
    first = [s.progress for s in steps if s.action == "polls the job" and len(s.job_ids) == 1]
    assert first == [None, *sorted(p for p in first if p is not None)]


def test_second_create_is_at_least_one_second_after_the_first(document: Document) -> None:
    server = LocalServer(document)
    result = server.run_check(creates=2, keep=True)
    stamps = [
        orjson.loads(e.reply.body)["created_at"]
        for e in result.history
        if e.reply and e.accepted and e.role is JobRole.CREATE
    ]
    assert len(stamps) == 2
    assert stamps[1] >= stamps[0] + 1


@pytest.mark.parametrize("made", [1, 2])
def test_jobs_that_complete_at_once_have_different_timestamps(
    document: Document, made: int
) -> None:
    server = LocalServer(document)
    for _ in range(made):
        MockControls(server.service).next_job(seconds=0)
    assert server.run_check(creates=made).violations == ()
    assert sum(server.waits) == made - 1


def test_delete_of_a_running_job_may_be_accepted(document: Document) -> None:
    """The job is not requested any more if the server allows its deletion."""

    def lenient(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if reply.status != 409:
            return reply
        job_id = server.memory["gone"] = call.path_parameters["video_id"]
        server.service.store.remove(job_id)
        return Reply(
            200, JSON, orjson.dumps({"id": job_id, "object": "video.deleted", "deleted": True})
        )

    server = LocalServer(document, reply_of("deleteVideo", lenient))
    result = server.run_check(creates=2)
    assert (result.violations, result.jobs) == ((), ())
    second = server.memory["gone"]
    requested = [
        c.operation_id for c in server.calls if c.path_parameters.get("video_id") == second
    ]
    assert requested == ["deleteVideo", "getVideo"]


def test_job_of_an_accepted_probe_is_billed_followed_and_deleted(document: Document) -> None:
    def keyless(server: LocalServer, call: Call, reply: Reply) -> Reply:
        return server.reply_with_key(call) if reply.status == 401 else reply

    server = LocalServer(document, reply_of("createVideo", keyless))
    budget = Budget()
    result = server.run_check(budget=budget)
    assert codes(result) == {"AV111"}
    assert (budget.creates, budget.spent) == (2, Decimal("0.80"))
    assert (server.accepted, server.count_jobs(), result.jobs) == (2, 0, ())


@pytest.mark.parametrize(
    ("spend", "creates", "made"),
    [("0.80", None, 2), ("0.79", None, 1), (None, 1, 1), ("0.39", None, 0)],
    ids=["price of two jobs", "one cent less", "one job", "less than one job"],
)
def test_budget_is_kept_if_every_create_is_accepted(
    document: Document, spend: str | None, creates: int | None, made: int
) -> None:
    valid = plan_check(document, key="sk-of-the-check").creates[0]

    def careless(server: LocalServer, call: Call, reply: Reply) -> Reply:
        return reply if reply.status < 300 else server.service.answer(valid)

    server = LocalServer(document, reply_of("createVideo", careless))
    budget = Budget(max_spend=Decimal(spend) if spend else None, max_creates=creates)
    result = server.run_check(creates=2, budget=budget)
    assert (server.accepted, server.count("createVideo"), server.count_jobs()) == (made, made, 0)
    assert budget.spent == made * Decimal("0.40")
    (note,) = result.notes
    assert " requests were not sent (for example: " in note


def test_note_names_the_request_that_was_not_sent(document: Document) -> None:
    result = LocalServer(document).run_check(creates=2, budget=Budget(max_creates=1))
    (note,) = result.notes
    assert note == (
        "13 requests were not sent (for example: tries createVideo: no API key):"
        " the limit of 1 job is reached"
    )


@pytest.mark.parametrize("status", [None, 500, 503])
def test_failed_creates_are_billed_and_not_retried(document: Document, status: int | None) -> None:
    def broken(server: LocalServer, call: Call, reply: Reply) -> Reply | None:
        if reply.status >= 300:
            return reply
        return replace(reply, status=status, body=b"") if status else None

    server, budget = LocalServer(document, reply_of("createVideo", broken)), Budget()
    result = server.run_check(creates=2, budget=budget)
    wrong = plan_check(document, key=server.key).create_probes
    assert server.count("createVideo") == 2 + len(wrong)
    assert (budget.creates, budget.spent) == (2, Decimal("0.80"))
    answered = f"status {status}" if status else "no response"
    assert result.unknown_jobs == (f"creates a job: {answered}",) * 2
    assert (
        result.left
        == (f"a job may have been made, but its id is unknown (creates a job: {answered})",) * 2
    )


@pytest.mark.parametrize("state", ["new", "finished", "failed"])
def test_resume_creates_and_deletes_no_job(any_document: Document, state: str) -> None:
    server, budget = LocalServer(any_document), Budget()
    if state == "failed":
        MockControls(server.service).next_job(
            outcome=only_kind(any_document).lifecycle.named(Meaning.FAILURE)[0]
        )
    job_id = server.create_job()
    server.clock.advance(0 if state == "new" else 1000)
    result = server.run_check(budget=budget, resume=job_id)
    assert (result.violations, result.jobs, result.notes) == ((), (), ())
    requested = {e.role for e in result.history}
    assert requested == {JobRole.POLL, JobRole.RESULT, JobRole.LIST}
    assert (server.accepted, server.count_jobs()) == (0, 1)
    assert (budget.creates, budget.spent) == (0, Decimal(0))
    polls = [e for e in result.history if e.role is JobRole.POLL]
    assert len(polls) >= (4 if state == "new" else 3)


def test_resume_of_a_deleted_job_is_not_a_violation(any_document: Document) -> None:
    server = LocalServer(any_document)
    result = server.run_check(resume="gone")
    assert (result.violations, result.notes) == ((), ("stopped polling gone: status 404",))
    assert server.accepted == 0


def test_resume_of_an_empty_id_creates_no_job(document: Document) -> None:
    server = LocalServer(document)
    server.run_check(resume="")
    assert server.accepted == 0


def test_keep_leaves_jobs_and_returns_their_ids(any_document: Document) -> None:
    server = LocalServer(any_document)
    result = server.run_check(creates=2, keep=True)
    assert (len(result.jobs), server.count_jobs(), result.violations) == (2, 2, ())
    deleted = [e.job_id for e in result.history if e.role is JobRole.DELETE]
    assert not {*deleted} & {*result.jobs}


def test_documented_grade_checks_documented_operations_and_notes_the_others(
    document: Document,
) -> None:
    def bare(server: LocalServer, call: Call, reply: Reply) -> Reply:
        return reply if reply.status < 300 else replace(reply, body=b'{"message":"no"}')

    server = LocalServer(document, bare)
    result = server.run_check(grade=Provenance.DOCUMENTED)
    assert result.violations == ()
    others = [call.operation_id for call in server.calls if call.operation_id != "createVideo"]
    # The list shows that the creates that were rejected without the envelope created no job.
    assert [other for other in others if other != "listVideos"] == ["getVideo", "getVideoContent"]
    assert result.notes == (
        "getVideo is inferred and was not checked; status 200",
        "getVideoContent is inferred and was not checked; status 409",
    )
    assert len(result.jobs) == server.count_jobs() == 1
    assert "AV106" in codes(LocalServer(document, bare).run_check(grade=Provenance.VENDOR_WIDE))


@pytest.mark.parametrize("resumed", [False, True], ids=["a new job", "a resumed job"])
def test_rejected_api_key_costs_nothing(document: Document, resumed: bool) -> None:
    server, budget = LocalServer(document), Budget()
    job = "video_" + "1" * 32 if resumed else None
    with pytest.raises(CredentialsRejected, match="401"):
        server.run_check(key="sk-wrong", budget=budget, resume=job)
    assert (server.accepted, budget.creates, budget.spent) == (0, 0, Decimal(0))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(200, {"content-type": "text/html"}, b"<p>"), "status 200 with text/html"),
        (Reply(302, {"location": "/login"}), "status 302 to /login with no content type"),
        (Reply(502, {"content-type": "text/html"}), "status 502 with text/html"),
        (Reply(200, JSON, b"null"), "status 200 with application/json"),
    ],
    ids=["a page", "a redirect", "a gateway", "null"],
)
def test_server_of_another_api_receives_no_valid_create(
    any_document: Document, reply: Reply, message: str
) -> None:
    server = LocalServer(any_document, lambda w, c, r: reply)
    with pytest.raises(NotThisApi, match="is the base URL right") as caught:
        server.run_check()
    assert message in str(caught.value)
    assert plan_check(any_document, key=server.key).creates[0] not in server.calls


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(404, JSON, b'{"detail":"Not Found"}'), "status 404 with application/json"),
        (Reply(405), "status 405 with no content type"),
    ],
    ids=["no such path", "no such method"],
)
def test_server_without_any_endpoint_receives_one_create(
    any_document: Document, reply: Reply, message: str
) -> None:
    """All operations but the create may be missing."""
    server, budget = LocalServer(any_document, lambda w, c, r: reply), Budget()
    with pytest.raises(NotThisApi, match="is the base URL right") as caught:
        server.run_check(creates=2, budget=budget)
    assert message in str(caught.value)
    assert server.count(find_operation(any_document, JobRole.CREATE).id) == 1
    assert (budget.creates, budget.spent) == (0, Decimal(0))


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'"x"', b"7", b'{"id": [[]]}', b'{"id": ""}'], ids=str
)
def test_check_of_a_server_that_accepts_everything_stays_within_budget(
    any_document: Document, body: bytes
) -> None:
    server, budget = (
        LocalServer(any_document, lambda w, c, r: Reply(200, JSON, body)),
        Budget(max_creates=2),
    )
    result = server.run_check(creates=2, budget=budget)
    assert {"AV104", "AV111"} <= codes(result)
    assert budget.creates == server.accepted == 2
    assert result.jobs == ()


@pytest.mark.parametrize("created", [False, True], ids=["no job", "a job"])
@pytest.mark.parametrize("status", [402, 408, 409, 425, 429])
def test_rejected_create_counts_unless_the_list_shows_no_new_job(
    document: Document, status: int, created: bool
) -> None:
    def reject(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if reply.status >= 300:
            return reply
        if not created:
            job = {"video_id": orjson.loads(reply.body)["id"]}
            server.clock.advance(600)  # a running job cannot be deleted
            server.reply_with_key(Call("deleteVideo", job, (), {}))
        return Reply(status, JSON, b"{}")

    server, budget = LocalServer(document, reply_of("createVideo", reject)), Budget(max_creates=1)
    result = server.run_check(creates=2, budget=budget)
    assert budget.creates == server.count_jobs() == int(created)
    assert len(result.unknown_jobs) == int(created)
    assert (f"a job could not be created: status {status}" in result.notes) is not created


def test_redirect_to_the_job_is_a_created_job(document: Document) -> None:
    def see_other(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if reply.status >= 300:
            return reply
        return Reply(303, {"location": f"/v1/videos/{orjson.loads(reply.body)['id']}"})

    server, budget = LocalServer(document, reply_of("createVideo", see_other)), Budget()
    result = server.run_check(budget=budget)
    assert (budget.creates, result.jobs, server.count_jobs()) == (1, (), 0)
    assert codes(result) == {"AV101"}


@pytest.mark.parametrize("status", [200, 503, None])
def test_job_that_is_not_certainly_gone_after_its_deletion_is_left(
    document: Document, status: int | None
) -> None:
    def keep(server: LocalServer, call: Call, reply: Reply) -> Reply | None:
        job_id = call.path_parameters["video_id"]
        if reply.status == 200:
            server.memory[job_id] = reply
        elif job_id in server.memory:
            return server.memory[job_id] if status == 200 else Reply(status) if status else None
        return reply

    result = LocalServer(document, reply_of("getVideo", keep)).run_check(creates=2)
    assert len(result.jobs) == 2
    assert result.left == tuple(f"{job}; check it with --resume {job}" for job in result.jobs)


@pytest.mark.parametrize("answer", [Reply(404, JSON, b"{}"), None], ids=["404", "no response"])
def test_missing_operations_are_noted_at_the_documented_grade(
    document: Document, answer: Reply | None
) -> None:
    server = LocalServer(document, lambda w, c, r: r if c.operation_id == "createVideo" else answer)
    result = server.run_check(grade=Provenance.DOCUMENTED)
    assert result.violations == ()
    words = "status 404" if answer else "no response"
    assert [note.partition("; ")[2] for note in result.notes] == [words, words]
    assert len(result.jobs) == 1


def test_rejected_key_of_another_operation_is_noted_at_the_documented_grade(
    document: Document,
) -> None:
    """Some gateways return 401 for unknown routes."""
    refusal = Reply(401, JSON, b"{}")
    server = LocalServer(
        document, lambda w, c, r: r if c.operation_id == "createVideo" else refusal
    )
    result = server.run_check(grade=Provenance.DOCUMENTED)
    assert result.violations == ()
    assert len(result.jobs) == 1


def test_check_continues_if_a_key_is_rejected_after_it_was_accepted(document: Document) -> None:
    def picky(server: LocalServer, call: Call, reply: Reply) -> Reply:
        return reply if reply.status >= 300 else Reply(401, JSON, reply.body)

    server = LocalServer(document, reply_of("getVideoContent", picky))
    result = server.run_check()
    assert (result.jobs, server.count_jobs()) == ((), 0)


def test_unreachable_server_costs_nothing(any_document: Document) -> None:
    def unreachable(server: LocalServer, call: Call, reply: Reply) -> Reply:
        raise ServerUnreachable("no route")

    server, budget = LocalServer(any_document, unreachable), Budget(max_creates=1)
    with pytest.raises(ServerUnreachable):
        server.run_check(budget=budget)
    assert (len(server.calls), budget.creates, budget.spent) == (1, 0, Decimal(0))


def test_server_without_any_response_is_unreachable(any_document: Document) -> None:
    server, budget = LocalServer(any_document, lambda s, c, r: None), Budget()
    with pytest.raises(ServerUnreachable, match="has not responded to any of 2 requests"):
        server.run_check(budget=budget)
    assert (len(server.calls), budget.creates) == (2, 0)
