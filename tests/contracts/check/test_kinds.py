"""A check of an API with requests of every form, ids in any place, and two kinds of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckResult
from aisa_testkit.contracts.check.step import Step
from aisa_testkit.openapi import Call, Document, Reply, load_document, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.documents import DUBBINGS, WORKSHOP
from tests.support.local_server import LocalServer

TEXT = DUBBINGS.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dubbings() -> Document:
    return load_document(DUBBINGS, strict=True)


def body_of(call: Call) -> Json:
    return orjson.loads(call.body)


def actions(result: CheckResult) -> list[tuple[str, int | None]]:
    return [(a, e.status) for a, e in zip(result.actions, result.history, strict=True)]


def test_conforming_server_has_no_violation(dubbings: Document) -> None:
    for kind in dubbings.kinds:
        result = LocalServer(dubbings).run_check(kind=kind, creates=2, budget=Budget(max_creates=3))
        assert (result.violations, len(result.jobs), result.unknown_jobs) == ((), 2, ())


def test_first_kind_is_the_default_and_unknown_kinds_are_errors(dubbings: Document) -> None:
    assert plan_check(dubbings, key="k").kind.name == "dubbing"
    assert plan_check(dubbings, key="k", kind="caption").kind.name == "caption"
    with pytest.raises(ValueError, match="no kind 'captoin'; did you mean caption"):
        plan_check(dubbings, key="k", kind="captoin")


def test_creates_have_all_that_the_document_requires(dubbings: Document) -> None:
    plan = plan_check(dubbings, key="k", creates=2)
    for call in (*plan.creates, *plan.fallbacks):
        assert read_exchange(dubbings, call, None, at=0).arguments.problems == ()
        assert call.path_parameters["room"].startswith("room-")
        assert dict(call.query) == {"region": "north", "tier": "slow"}
        assert call.headers["x-agreement"] == "accepted"
    first, second = map(body_of, plan.creates)
    assert first.keys() == {"script", "film", "takes"}
    assert first["script"] == {"text": "Good morning to all of you"}
    assert second["script"].keys() == {"text", "voice", "pace"}
    assert second["mood"] == "calm"
    assert plan.unused_fields == ("tell",)


def test_other_requests_have_the_same_parameters_as_the_create(dubbings: Document) -> None:
    server = LocalServer(dubbings)
    server.run_check(creates=2)
    rooms = {
        call.path_parameters["room"] for call in server.calls if "room" in call.path_parameters
    }
    assert len(rooms) == 1
    lists = [call for call in server.calls if call.operation_id == "findDubbings"]
    assert lists
    assert all(call.headers["x-agreement"] == "accepted" for call in lists)


def test_body_that_is_an_array_is_sent(dubbings: Document) -> None:
    plan = plan_check(dubbings, key="k", kind="caption")
    assert [[*entry] for entry in body_of(plan.creates[0])] == [["second"]]
    reasons = [probe.reason for probe in plan.create_probes]
    assert reasons == ["no API key", "the body is text/plain", "the JSON is truncated"]


def test_probes_reach_into_the_body_and_leave_out_parameters(dubbings: Document) -> None:
    probes = {probe.reason: probe.call for probe in plan_check(dubbings, key="k").create_probes}
    assert {
        "region is missing",
        "x-agreement is missing",
        "script is missing",
        "script.text is missing",
        "script.text is too long",
        "script.voice is 'not-a-value'",
        "film.address is a number",
    } <= probes.keys()
    assert "tier is missing" not in probes  # it has a default
    assert body_of(probes["script.text is missing"])["script"] == {}
    for reason, call in probes.items():
        exchange = read_exchange(dubbings, call, None, at=0)
        assert exchange.arguments.problems or reason == "no API key"


def test_change_that_the_document_allows_is_not_a_probe() -> None:
    """A body without the field is valid by another alternative."""
    either = "anyOf: [{required: [script]}, {required: [film]}]\n      required: [takes]"
    document = parse_document(TEXT.replace("required: [script, film, takes]", either))
    plan = plan_check(document, key="k", fields={"shelf": "3"})
    assert "script is missing" not in {probe.reason for probe in plan.create_probes}
    assert "takes is missing" in {probe.reason for probe in plan.create_probes}


def test_price_depends_on_the_whole_request(dubbings: Document) -> None:
    plan = plan_check(dubbings, key="k", creates=2)
    assert (plan.price, plan.currency) == (Decimal("0.5"), "EUR")
    assert {p.price for p in plan.create_probes} == {Decimal("0.5")}
    fast = plan_check(dubbings, key="k", fields={"tier": "fast"})
    assert fast.price == Decimal(2)
    assert dict(fast.creates[0].query) == {"tier": "fast", "region": "north"}
    assert plan_check(dubbings, key="k", fields={"/script/voice": "deep"}).price == Decimal(3)


@pytest.mark.parametrize("kind", ["dubbing", "caption"])
def test_nothing_is_sent_that_the_budget_does_not_allow(dubbings: Document, kind: str) -> None:
    """The price of a caption is unknown."""
    server, budget = LocalServer(dubbings), Budget(max_spend=Decimal("0.49"))
    result = server.run_check(kind=kind, creates=2, budget=budget)
    creating = plan_check(dubbings, key="k", kind=kind).create.operation.id
    assert (server.count(creating), result.jobs, budget.spent) == (0, (), Decimal(0))


def test_second_job_is_canceled_while_it_runs(dubbings: Document) -> None:
    result = LocalServer(dubbings).run_check(creates=2)
    first, second = result.jobs
    cancels = [e for e in result.history if e.operation_id == "stopDubbing" and e.job_id == second]
    assert [e.status for e in cancels] == [200]
    polls = [e for e in result.history if e.job_id == second and e.operation_id == "showDubbing"]
    assert orjson.loads(polls[-1].reply.body if polls[-1].reply else b"")["stage"] == "stopped"
    assert ("cancels the finished job", 409) in actions(result)
    assert first in {e.job_id for e in result.history if e.operation_id == "transcript"}


def test_job_that_cannot_be_canceled_is_followed(dubbings: Document) -> None:
    def refuse(server: LocalServer, call: Call, reply: Reply) -> Reply:
        refused = call.operation_id == "stopDubbing"
        return Reply(409, {"content-type": "application/json"}, b"{}") if refused else reply

    result = LocalServer(dubbings, refuse).run_check(creates=2)
    (*_, last) = [e for e in result.history if e.job_id == result.jobs[1]]
    assert (last.operation_id, result.notes[1:]) == ("showDubbing", ())


def test_json_result_is_requested_when_it_is_there_and_before(dubbings: Document) -> None:
    result = LocalServer(dubbings).run_check()
    results = [e.status for e in result.history if e.operation_id == "transcript"]
    assert results == [404, 409, 409, 200, 401]


def test_pages_are_read_by_their_number(dubbings: Document) -> None:
    result = LocalServer(dubbings).run_check(creates=2)
    lists = [e for e in result.history if e.operation_id == "findDubbings" and e.accepted]
    assert [dict(e.query) for e in lists[-2:]] == [
        {"per_page": "1"},
        {"per_page": "1", "page": "2"},
    ]


@pytest.mark.parametrize(
    ("words", "parameters", "second"),
    [
        ("offset: query.page", "", {"per_page": "1", "page": "1"}),
        ("after: query.after", "after", {"per_page": "1", "after": ""}),
    ],
    ids=["by offset", "by id"],
)
def test_pages_are_read_as_the_document_says(
    words: str, parameters: str, second: dict[str, str]
) -> None:
    text = TEXT.replace("page: query.page", words)
    if parameters:
        page = "{name: page, in: query, schema: {type: integer, minimum: 1, default: 1}}"
        text = text.replace(page, f"{{name: {parameters}, in: query, schema: {{type: string}}}}")
    text = text.replace("type: integer, minimum: 1, default: 1", "type: integer, minimum: 0")
    result = LocalServer(parse_document(text)).run_check(creates=2)
    lists = [e for e in result.history if e.operation_id == "findDubbings" and e.accepted]
    pages = [{**e.query, **({"after": ""} if "after" in e.query else {})} for e in lists]
    assert second in pages


def test_address_of_the_next_page_is_followed(dubbings: Document) -> None:
    text = TEXT.replace(
        "page: query.page, limit: query.per_page, more: /another", "next_page: /next"
    )
    text = text.replace("another: {type: boolean}", "next: {type: string, format: uri}")
    text = text.replace("required: [found, another]", "required: [found]")

    def paged(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if call.operation_id != "findDubbings" or reply.status != 200 or dict(call.query):
            return reply
        address = "https://dub.example.org/v3/rooms/1/dubbings?page=2&mark=a%20b"
        body = {**orjson.loads(reply.body), "next": address}
        return replace(reply, body=orjson.dumps(body))

    result = LocalServer(parse_document(text), paged).run_check()
    assert {"page": "2", "mark": "a b"} in [dict(e.query) for e in result.history]


def test_no_key_is_sent_and_none_is_asked_for(dubbings: Document) -> None:
    open_text = TEXT.replace("security: [{token: []}]\n", "security: [{token: []}, {}]\n")
    document = parse_document(open_text)
    plan = plan_check(document, key=None)
    assert all("authorization" not in probe.call.headers for probe in plan.probes)
    assert not {"no API key", "an unknown API key"} & {probe.reason for probe in plan.probes}
    server = LocalServer(document, lambda w, c, r: w.reply_with_key(c))
    result = server.run_check(key=None)
    assert (result.violations, server.accepted) == ((), 1)
    assert all("authorization" not in call.headers for call in server.calls)


def make_error(status: int, body: bytes) -> Callable[[LocalServer, Call, Reply], Reply]:
    error = Reply(status, {"content-type": "application/json"}, body)
    return lambda w, c, r: error if c.operation_id == "startDubbing" and r.status == 400 else r


def test_undocumented_error_is_neither_a_violation_nor_a_job(dubbings: Document) -> None:
    result = LocalServer(dubbings, make_error(422, b'{"oops": 1}')).run_check()
    assert (result.violations, result.unknown_jobs) == ((), ())


def test_undocumented_error_that_is_not_json_may_hide_a_job(dubbings: Document) -> None:
    result = LocalServer(dubbings, make_error(400, b"oops")).run_check()
    assert result.unknown_jobs == ()  # the list shows no new job
    text = TEXT.replace("    list: {operation: findDubbings, items: /found, page: query.page,", "#")
    unlisted = LocalServer(parse_document(text), make_error(400, b"oops")).run_check()
    assert unlisted.unknown_jobs


@pytest.mark.parametrize(
    ("kind", "seen"), [("print", {0.0, 100.0, None}), ("scan", {0.0, 39.0, 79.0, 100.0, None})]
)
def test_progress_is_reported_in_per_cent_whatever_its_form(
    kind: str, seen: set[float | None]
) -> None:
    """One has a fraction, the other a text such as 39%."""
    steps: list[Step] = []
    LocalServer(load_document(WORKSHOP)).run_check(kind=kind, on_step=steps.append)
    assert {step.progress for step in steps} == seen


@pytest.mark.parametrize("kind", ["print", "poster", "scan", "cast"])
def test_unusual_shapes_of_jobs_are_followed_to_their_end(kind: str) -> None:
    """One poll of two kinds, a job without an id, states that are true and false."""
    server = LocalServer(load_document(WORKSHOP))
    result = server.run_check(kind=kind, creates=2, budget=Budget(max_creates=3))
    assert (result.violations, result.notes, len(result.jobs)) == ((), (), 2)


def test_unknown_job_is_not_polled_again() -> None:
    """The server answers an unknown id with a state, not with an error."""
    result = LocalServer(load_document(WORKSHOP)).run_check(kind="print", resume="gone")
    assert result.notes == ("stopped polling gone: status 200",)
    assert result.violations == ()


def test_requests_for_a_part_of_a_file_need_a_document_that_knows_parts() -> None:
    result = LocalServer(load_document(WORKSHOP)).run_check(kind="scan")
    assert [e.status for e in result.history if e.operation_id == "scanFile"] == [404, 409, 200]
    assert all("range" not in e.headers for e in result.history)


def test_id_in_a_header_is_sent_there(dubbings: Document) -> None:
    poll = "operationId: showDubbing\n      parameters:\n        - {name: ticket, in: query,"
    text = TEXT.replace(
        "operation: showDubbing, id: query.ticket", "operation: showDubbing, id: header.X-Ticket"
    )
    text = text.replace(poll, poll.replace("name: ticket, in: query", "name: X-Ticket, in: header"))
    result = LocalServer(parse_document(text)).run_check()
    polls = [e for e in result.history if e.operation_id == "showDubbing"]
    assert {e.headers["x-ticket"] for e in polls[1:]} == {*result.jobs}
    assert result.violations == ()


def test_create_is_one_that_makes_a_job() -> None:
    """Other requests of the operation make none."""
    when = (
        "create: {operation: startDubbing, when: {/script/voice: [deep], query.tier: [slow, null]}}"
    )
    document = parse_document(TEXT.replace("create: startDubbing", when))
    plan = plan_check(document, key="k", creates=2)
    for call in (*plan.creates, *plan.fallbacks):
        assert body_of(call)["script"]["voice"] == "deep"
    assert (plan.price, len(plan.creates)) == (Decimal(3), 2)
    assert len(LocalServer(document).run_check().jobs) == 1


def test_kind_whose_creates_all_need_a_job_cannot_be_checked() -> None:
    text = TEXT.replace(
        "create: startCaption", "create: {operation: startCaption, source: query.of}"
    )
    text = text.replace(
        "operationId: startCaption\n",
        "operationId: startCaption\n"
        "      parameters: [{name: of, in: query, schema: {type: string}}]\n",
    )
    with pytest.raises(ValueError, match="every create of the kind 'caption' needs a job"):
        plan_check(parse_document(text), key="k", kind="caption")


def test_result_is_requested_again_after_the_time_that_the_document_says() -> None:
    document = parse_document(
        TEXT.replace(
            "    result: {operation: transcript",
            "    expires: 5\n    result: {operation: transcript",
        )
    )
    result = LocalServer(document).run_check()
    assert "requests the expired file" in result.actions
    late = parse_document(
        TEXT.replace(
            "    result: {operation: transcript",
            "    expires: 50\n    result: {operation: transcript",
        )
    )
    assert "requests the expired file" not in LocalServer(late).run_check().actions
