"""Rules over time that connect several operations, and that the mock obeys all of them."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import (
    Exchange,
    UnmatchedRequest,
    check_exchange,
    check_history,
    read_exchange,
)
from aisa_testkit.contracts.rules.server.server_clock import created_at_path
from aisa_testkit.contracts.traffic.request_builder import unknown_job_id
from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds, TickingClock
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.jobs import Meaning
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import format_pointer, get, set_at
from tests.support.codes import codes, codes_and_numbers
from tests.support.exchanges import History, reply_number, with_reply
from tests.support.operations import REMIX, find_operation, has_role, only_kind
from tests.support.scripted_client import run_script


def found(
    document: Document, history: History, *, timeout: float | None = None
) -> list[tuple[str, tuple[int, ...]]]:
    """The code and the numbers of each violation."""
    return codes_and_numbers(check_history(document, history, timeout=timeout))


@pytest.mark.parametrize("view", ["poll", "list"])
def test_job_that_exceeds_the_timeout_is_reported(any_document: Document, view: str) -> None:
    history = run_script(any_document, f"create, {view}, tick, tick, {view}")
    assert found(any_document, history) == []
    assert found(any_document, history, timeout=6) == []
    (late,) = check_history(any_document, history, timeout=5.5)
    assert (late.code, late.numbers) == ("AV215", (1, 3))
    assert late.received.endswith("after 6 seconds")
    assert late.expected == "a final state within 5.5 seconds"


@pytest.mark.parametrize(
    "script",
    ["create, wait, poll", "create, wait, list", "fails, create, wait, poll", "create, wait"],
    ids=["completed late", "completed in a list", "failed late", "never polled"],
)
def test_ended_or_unpolled_job_does_not_exceed_the_timeout(document: Document, script: str) -> None:
    assert found(document, run_script(document, script), timeout=1) == []


def test_timeout_counts_for_each_job(document: Document) -> None:
    history = run_script(document, "create, tick, create b, poll 1, tick, poll 2, poll 1")
    assert found(document, history, timeout=5) == [("AV215", (1, 5))]


@pytest.mark.parametrize("between", ["", "tick, poll, ", "wait, delete, "])
def test_duplicate_id_of_a_new_job_is_reported(any_document: Document, between: str) -> None:
    history = run_script(any_document, f"create, {between}create b")
    last = len(history)
    again = with_reply(history, last, reply_number(history, 1))
    (twice,) = check_history(any_document, again)
    assert (twice.code, twice.numbers) == ("AV213", (1, last))


def test_remix_with_the_id_of_its_source_is_reported(document: Document) -> None:
    history = run_script(document, "done, create, remix")
    same = with_reply(history, 2, reply_number(history, 1))
    assert found(document, same) == [("AV213", (1, 2))]


def test_new_job_with_the_id_of_a_polled_job_is_reported(document: Document) -> None:
    history = run_script(document, "create, poll, create b")[1:]
    assert found(document, with_reply(history, 2, reply_number(history, 1))) == [("AV213", (1, 2))]


@pytest.mark.parametrize("use", ["poll", "content", "list"])
def test_deleted_job_that_is_still_present_is_reported(any_document: Document, use: str) -> None:
    history = run_script(any_document, f"create, wait, {use}, delete, {use}")
    assert found(any_document, history) == []
    still = with_reply(history, 4, reply_number(history, 2))
    (gone,) = check_history(any_document, still)
    assert (gone.code, gone.numbers) == ("AV216", (3, 4))
    assert "no. 3" in gone.received


def test_job_may_be_present_after_a_rejected_delete(document: Document) -> None:
    assert found(document, run_script(document, "create, delete, poll, list")) == []


@pytest.mark.parametrize("request_step", ["create", "poll", "list"])
def test_job_that_disappears_is_reported(any_document: Document, request_step: str) -> None:
    history = run_script(any_document, f"create, {request_step}, poll, poll other")
    lost = [history[1], with_reply(history, 3, reply_number(history, 4))[2]]
    (missing,) = check_history(any_document, lost)
    assert (missing.code, missing.numbers) == ("AV217", (1, 2))
    assert missing.received.startswith("404 for ")


def test_404_for_an_unknown_id_is_not_reported(any_document: Document) -> None:
    history = run_script(any_document, "poll x, create, content x, delete x, poll x, list")
    assert found(any_document, history) == []


@pytest.mark.parametrize(
    ("then", "reply"), [("poll", None), ("list", Reply(503)), ("content", None)]
)
def test_job_may_be_present_or_not_after_a_failed_delete(
    any_document: Document, then: str, reply: Reply | None
) -> None:
    done = run_script(any_document, f"create, wait, poll, delete, {then}")
    assert found(any_document, with_reply(done, 3, reply)) == []
    undone = run_script(any_document, f"create, wait, poll, poll, {then}")
    undone[2] = replace(done[2], reply=reply) if isinstance(done[2], Exchange) else done[2]
    assert found(any_document, undone) == []


def test_missing_responses_and_unmatched_requests_are_ignored(document: Document) -> None:
    script = "create, tick, poll, list, wait, poll, content, create b, delete, list"
    history = run_script(document, script)
    for number in range(1, len(history) + 1):
        assert found(document, with_reply(history, number, None), timeout=1000) == []
    assert (
        found(document, [UnmatchedRequest("GET", "/"), *history, UnmatchedRequest("GET", "/")])
        == []
    )


def test_response_with_another_job_is_reported(any_document: Document) -> None:
    history = run_script(any_document, "create, create b, poll 1, poll 2")
    polled = history[2]
    assert isinstance(polled, Exchange)
    (other,) = check_exchange(any_document, polled.call, reply_number(history, 4))
    place = format_pointer(only_kind(any_document).id_at or ())
    assert (other.code, other.place) == ("AV214", place)
    assert (polled.job_id or "nothing") in other.expected


@pytest.mark.parametrize("source", [None, "video_other"], ids=["no source", "another source"])
def test_remix_without_the_id_of_its_source_is_reported(
    document: Document, source: str | None
) -> None:
    history = run_script(document, "done, create, remix")
    remixed, reply = history[1], reply_number(history, 2)
    assert isinstance(remixed, Exchange)
    job: dict[str, Json] = orjson.loads(reply.body)
    set_at(job, ("remixed_from_video_id",), source)
    changed = replace(reply, body=orjson.dumps(job))
    assert codes(check_exchange(document, remixed.call, changed)) == ["AV218"]
    assert check_exchange(document, remixed.call, reply) == ()


def test_exceeded_timeout_is_reported_once_at_the_first_late_response(
    any_document: Document,
) -> None:
    history = run_script(any_document, "create, tick, poll, poll, poll")
    assert found(any_document, history, timeout=2) == [("AV215", (1, 2))]
    assert found(any_document, history[:2], timeout=2) == [("AV215", (1, 2))]


def test_second_accepted_delete_is_reported(any_document: Document) -> None:
    history = run_script(any_document, "create, wait, delete, delete")
    assert found(any_document, history) == []
    assert found(any_document, with_reply(history, 3, reply_number(history, 2))) == [
        ("AV216", (2, 3))
    ]


@pytest.mark.parametrize("use", ["poll", "delete"])
def test_404_for_a_created_job_is_reported(any_document: Document, use: str) -> None:
    history = run_script(any_document, f"create, wait, {use}, {use} other")
    lost = with_reply(history, 2, reply_number(history, 3))[:2]
    assert found(any_document, lost) == [("AV217", (1, 2))]


def test_404_after_a_failed_delete_is_not_reported(any_document: Document) -> None:
    history = run_script(any_document, "create, wait, delete, delete")
    for reply in (None, Reply(503)):
        assert found(any_document, with_reply(history, 2, reply)) == []


@pytest.mark.parametrize("status", [400, 403, 405, 409, 410, 422])
def test_rejected_poll_of_an_existing_job_is_reported(document: Document, status: int) -> None:
    history = with_reply(run_script(document, "create, poll, poll"), 3, Reply(status))
    assert found(document, history) == [("AV109", (2, 3))]
    unknown = with_reply(run_script(document, "poll other"), 1, Reply(status))
    assert found(document, unknown) == []


@pytest.mark.parametrize("status", [401, 402, 429, 500, 503])
def test_poll_may_fail_for_reasons_other_than_the_job(document: Document, status: int) -> None:
    assert found(document, with_reply(run_script(document, "create, poll"), 2, Reply(status))) == []


@pytest.mark.parametrize("use", ["poll", "content", "delete"])
def test_accepted_request_for_an_unknown_id_is_reported(any_document: Document, use: str) -> None:
    unknown_id = unknown_job_id(only_kind(any_document))
    history = run_script(any_document, f"{use} {unknown_id}")
    assert found(any_document, history) == []
    (violation,) = check_history(any_document, with_reply(history, 1, Reply(200)))
    assert (violation.code, violation.numbers) == ("AV219", (1,))
    assert (violation.received, violation.expected) == (f"200 for {unknown_id}", "404")


def test_response_to_a_request_without_api_key_says_nothing_about_the_job(
    document: Document,
) -> None:
    history = run_script(document, "create, poll, poll other")
    polled = history[1]
    assert isinstance(polled, Exchange)
    for reply in (reply_number(history, 3), Reply(403), Reply(200)):
        without_key = replace(polled, call=replace(polled.call, headers={}), reply=reply)
        assert found(document, [history[0], without_key]) == []


@pytest.mark.parametrize(
    ("factor", "reported"),
    [(1000, True), (0.001, True), (0, True), (1, False), (1.001, False)],
    ids=["milliseconds", "kiloseconds", "zero", "seconds", "two weeks ahead"],
)
def test_timestamp_in_another_unit_is_reported(
    any_document: Document, factor: float, reported: bool
) -> None:
    history = run_script(any_document, "create")
    created = created_at_path(only_kind(any_document)) or ()
    job: dict[str, Json] = orjson.loads(reply_number(history, 1).body)
    moment = get(job, created)
    assert isinstance(moment, int)
    set_at(job, created, int(moment * factor))
    changed = replace(reply_number(history, 1), body=orjson.dumps(job))
    codes = [code for code, _ in found(any_document, with_reply(history, 1, changed))]
    assert codes == (["AV210"] if reported else [])


class RandomClient:
    """A client that takes steps chosen by Hypothesis, with the ids and cursors it received."""

    def __init__(self, document: Document, clock: ManualClock | TickingClock) -> None:
        self.document, self.clock, self.history = (
            document,
            clock,
            list[Exchange | UnmatchedRequest](),
        )
        self._service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)
        self._ids, self._after = ["unknown-id"], list[str]()

    def take_step(self, word: str, index: int, variant: int) -> None:
        """Take one step; `index` and `variant` choose the job, the outcome and the parameters."""
        if word == "wait":
            self.clock.advance((0.4, 3.0, 1000.0, 86_400.0)[variant])
        elif word == "next":
            lifecycle = only_kind(self.document).lifecycle
            outcomes = [*lifecycle.named(Meaning.FAILURE), *lifecycle.named(Meaning.SUCCESS)]
            seconds = (None, 0.0, 0.5, 100.0)[variant]
            MockControls(self._service).next_job(
                outcome=outcomes[index % len(outcomes)], seconds=seconds
            )
        elif word == REMIX and REMIX in self.document.operations:
            self._send(REMIX, self._ids[-1 - index % len(self._ids)], index, variant)
        elif word != REMIX and has_role(self.document, JobRole(word)):
            self._send(JobRole(word), self._ids[-1 - index % len(self._ids)], index, variant)

    def _send(self, role: JobRole | str, job_id: str, index: int, variant: int) -> None:
        operation, listing = find_operation(self.document, role), only_kind(self.document).list
        names = operation.template.parameters
        query: tuple[tuple[str, str], ...] = ()
        headers = {"authorization": "Bearer k", "x-render-key": "k"} if index < 9 else {}
        body: Json = None
        if listing and role is JobRole.LIST:
            forward = listing.after or listing.cursor
            assert listing.limit
            assert forward
            query = ((listing.limit.name, str((2, 1, 0, 50)[variant])),)
            query += ((forward.name, self._after[-1]),) if self._after else ()
            if listing.order and index % 2:
                query += ((listing.order[0].name, "asc"),)
        elif role is JobRole.RESULT and variant:
            headers["range"] = ("", "bytes=0-9", "bytes=-5", "bytes=99999999-")[variant]
        elif role in (JobRole.CREATE, REMIX):
            headers["content-type"] = "application/json"
            bodies = operation.bodies["application/json"]
            body = dict.fromkeys(bodies.schema.raw["required"], ("x", "y", "z", 7)[variant])
            if role is JobRole.CREATE:
                values = {n: p["enum"] for n, p in bodies.properties.items() if "enum" in p}
                body |= {n: v[index % len(v)] for n, v in values.items() if variant != index}
        call = Call(
            operation.id,
            dict.fromkeys(names, job_id),
            query,
            headers,
            orjson.dumps(body) if body else b"",
        )
        reply = self._service.answer(call)
        self._remember(role, reply)
        # The response is lost, but the server has done what the request asked for.
        lost = variant == index == 3
        self.history.append(
            read_exchange(self.document, call, None if lost else reply, at=self.clock.now())
        )

    def _remember(self, role: JobRole | str, reply: Reply) -> None:
        if reply.status >= 300:
            self._after = []
        elif role in (JobRole.CREATE, REMIX):
            self._ids.append(get(orjson.loads(reply.body), only_kind(self.document).id_at or ()))
        elif role is JobRole.LIST and (listing := only_kind(self.document).list):
            places = listing.places
            place = places["last" if "more" in places else "next_page"]
            body = orjson.loads(reply.body)
            more = "more" not in places or get(body, places["more"])
            cursor = get(body, place) if more else None
            self._after = [cursor] if cursor else []


WORDS = st.sampled_from(["wait", "next", "create", "create", "list", "list", REMIX, *JobRole])
STEPS = st.lists(st.tuples(WORDS, st.integers(0, 9), st.integers(0, 3)), max_size=30)


@given(steps=STEPS, ticking=st.booleans())
def test_mock_never_violates_a_rule_whatever_a_client_does(
    any_document: Document, steps: list[tuple[str, int, int]], ticking: bool
) -> None:
    client = RandomClient(
        any_document, TickingClock(1_780_000_000) if ticking else ManualClock(1_780_000_000)
    )
    for word, index, variant in steps:
        client.take_step(word, index, variant)
    for item in client.history:
        if isinstance(item, Exchange) and item.reply is not None:
            assert check_exchange(any_document, item.call, item.reply) == ()
    # A response that the client dropped is reported as missing, and nothing else is.
    assert {v.code for v in check_history(any_document, client.history)} <= {"AV115"}
