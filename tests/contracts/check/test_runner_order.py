"""A check follows the life of a job before it sends invalid creates, within one budget."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import pytest

from aisa_testkit.contracts import read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckResult
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, JobRole, Reply, parse_document
from aisa_testkit.openapi.messages import media_type_of
from tests.support.documents import renderings_text
from tests.support.local_server import LocalServer

JSON, FORM = "application/json", "multipart/form-data"
HEADERS = {"content-type": JSON}
ERROR = b'{"error":{"type":"invalid_request_error","code":"invalid_request","message":"no"}}'
Answer = Callable[[LocalServer, Call, Reply], Reply | None]


def codes(result: CheckResult) -> set[str]:
    return {violation.code for violation in result.violations}


def creates(change: Answer) -> Answer:
    """Return a change of the replies to creates."""
    return lambda server, call, reply: (
        change(server, call, reply) if call.operation_id == "createVideo" else reply
    )


def is_valid(document: Document, call: Call) -> bool:
    """Return True for a create that the document allows, with the key."""
    exchange = read_exchange(document, call, None, at=0)
    return not exchange.arguments.problems and LocalServer.key in str(call.headers)


def kinds(server: LocalServer) -> list[str]:
    """Return the kinds of the creates and downloads that a server received, in their order."""
    found = []
    for call in server.calls:
        role = server.document.roles[call.operation_id][0].role
        if role is JobRole.CREATE:
            found.append("valid" if is_valid(server.document, call) else "invalid")
        elif role is JobRole.RESULT and "range" in call.headers:
            found.append("download")
    return [kind for last, kind in pairwise(["", *found]) if kind != last or kind == "valid"]


def accept_all(server: LocalServer, call: Call, reply: Reply) -> Reply:
    """Accept every create, also invalid ones."""
    if reply.status < 300:
        return reply
    return server.service.answer(plan_check(server.document, key=server.key).creates[-1])


@pytest.mark.parametrize(
    ("budget", "order"),
    [
        (Budget(max_creates=1), ["valid", "download"]),
        (Budget(max_creates=2), ["valid", "download", "invalid", "valid"]),
        (Budget(max_creates=3), ["valid", "download", "valid", "invalid"]),
        (Budget(), ["valid", "download", "valid", "invalid"]),
        (Budget(max_spend=Decimal("0.40")), ["valid", "download"]),
        (Budget(max_spend=Decimal("0.80")), ["valid", "download", "invalid", "valid"]),
        (Budget(max_spend=Decimal("1.20")), ["valid", "download", "valid", "invalid"]),
        (
            Budget(max_creates=9, max_spend=Decimal("0.80")),
            ["valid", "download", "invalid", "valid"],
        ),
        (Budget(max_creates=0), []),
    ],
    ids=["1", "2", "3", "unlimited", "1 by price", "2 by price", "3 by price", "both", "none"],
)
def test_life_of_a_job_comes_before_invalid_creates(
    document: Document, budget: Budget, order: list[str]
) -> None:
    server = LocalServer(document)
    assert server.run_check(creates=2, budget=budget).violations == ()
    assert kinds(server) == order
    assert server.accepted == budget.creates == order.count("valid")


@pytest.mark.parametrize(
    ("limit", "order", "found"),
    [
        (1, ["valid", "download"], set()),
        (2, ["valid", "download", "invalid"], {"AV111"}),
        (3, ["valid", "download", "valid", "invalid"], {"AV111"}),
        (5, ["valid", "download", "valid", "invalid"], {"AV110", "AV111"}),
    ],
)
def test_accepted_invalid_creates_do_not_exceed_the_budget(
    document: Document, limit: int, order: list[str], found: set[str]
) -> None:
    server, budget = LocalServer(document, creates(accept_all)), Budget(max_creates=limit)
    result = server.run_check(creates=2, budget=budget)
    assert (kinds(server), codes(result)) == (order, found)
    assert server.accepted == budget.creates == limit
    assert (server.count_jobs(), result.jobs) == (0, ())


@pytest.mark.parametrize("status", [500, None], ids=["500", "no response"])
def test_first_create_that_fails_does_not_hide_the_life_of_a_job(
    document: Document, status: int | None
) -> None:
    def fail_once(server: LocalServer, call: Call, reply: Reply) -> Reply | None:
        if server.count("createVideo") > 1:
            return reply
        return Reply(status, HEADERS, ERROR) if status else None

    server, budget = LocalServer(document, creates(fail_once)), Budget(max_creates=2)
    result = server.run_check(creates=2, budget=budget)
    assert kinds(server) == ["valid", "valid", "download"]
    assert budget.creates == 2
    assert ("AV114" in codes(result)) is (status == 500)


def test_no_more_than_the_planned_price_is_spent_on_valid_creates(document: Document) -> None:
    server = LocalServer(document, creates(lambda s, c, r: Reply(500, HEADERS, ERROR)))
    budget = Budget(max_creates=3)
    server.run_check(creates=2, budget=budget)
    assert kinds(server) == ["valid", "valid", "invalid"]
    assert budget.creates == 3


@pytest.mark.parametrize("planned", [1, 2])
@pytest.mark.parametrize("accepted", [FORM, JSON])
def test_server_that_accepts_one_media_type_creates_a_job(
    document: Document, accepted: str, planned: int
) -> None:
    def accept_one(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if media_type_of(call.headers) == accepted or reply.status >= 300:
            return reply
        return Reply(400, HEADERS, ERROR)

    server, budget = LocalServer(document, creates(accept_one)), Budget(max_creates=planned)
    result = server.run_check(creates=planned, budget=budget)
    assert "download" in kinds(server)
    assert ("AV109" in codes(result)) is (planned == 2 or accepted == JSON)
    assert result.jobs == ()


def test_second_job_is_followed_to_its_end_if_the_first_failed(document: Document) -> None:
    server = LocalServer(document)
    MockControls(server.service).next_job(outcome="failed")
    result = server.run_check(creates=2, budget=Budget(max_creates=2))
    assert kinds(server) == ["valid", "download", "valid", "download"]
    assert (result.violations, server.count_jobs()) == ((), 0)


def test_job_of_an_accepted_invalid_create_is_followed_if_there_is_no_other(
    document: Document,
) -> None:
    def accept_invalid(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if is_valid(document, call):
            return Reply(400, HEADERS, ERROR)
        return accept_all(server, call, reply)

    server, budget = LocalServer(document, creates(accept_invalid)), Budget(max_creates=2)
    result = server.run_check(creates=2, budget=budget)
    assert codes(result) >= {"AV109", "AV111"}
    assert kinds(server)[-2:] == ["invalid", "download"]


def test_missing_create_of_a_server_with_jobs_is_not_another_api(document: Document) -> None:
    server = LocalServer(document, creates(lambda s, c, r: Reply(404, HEADERS, ERROR)))
    server.create_job()
    result = server.run_check()
    assert "a job could not be created: status 404" in result.notes


def test_server_that_rejects_valid_files_is_found_and_its_jobs_are_checked(
    document: Document,
) -> None:
    def refuse_files(server: LocalServer, call: Call, reply: Reply) -> Reply:
        files = read_exchange(document, call, None, at=0).files
        return Reply(400, HEADERS, ERROR) if files and reply.status < 300 else reply

    server, budget = LocalServer(document, creates(refuse_files)), Budget(max_creates=2)
    result = server.run_check(creates=2, budget=budget)
    (violation,) = (v for v in result.violations if v.code == "AV109")
    assert result.history[violation.numbers[0] - 1].files
    assert kinds(server) == ["valid", "valid", "download", "invalid", "valid"]
    assert (result.jobs, budget.creates) == ((), 2)


def test_server_that_accepts_required_fields_alone_creates_two_jobs(document: Document) -> None:
    """It rejects every optional field, but creates without them are valid, too."""

    def required_alone(server: LocalServer, call: Call, reply: Reply) -> Reply:
        exchange = read_exchange(document, call, None, at=0)
        if reply.status >= 300 or {*exchange.fields, *exchange.files} == {"prompt"}:
            return reply
        return Reply(400, HEADERS, ERROR)

    server, budget = LocalServer(document, creates(required_alone)), Budget(max_creates=2)
    server.run_check(creates=2, budget=budget)
    assert kinds(server) == ["valid", "valid", "valid", "download", "invalid", "valid"]
    assert budget.creates == 2


def test_field_without_a_known_value_is_noted() -> None:
    field = "mood: {type: string, format: uri}\n        "
    text = renderings_text().replace("format: {type", f"{field}format: {{type", 1)
    result = LocalServer(parse_document(text)).run_check(creates=2)
    assert result.notes == ("mood is not sent, because the document has no example of it",)
