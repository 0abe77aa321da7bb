"""The verdict on clients: what it counts, how it reads, and that it survives its way as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import (
    CLIENT_RULES,
    ClientVerdict,
    Exchange,
    Severity,
    UnmatchedRequest,
    Violation,
)
from aisa_testkit.contracts.journal.client_verdict import judge_clients
from aisa_testkit.openapi import Delivery, Document, JobRole
from aisa_testkit.openapi.json import Json

Play = Callable[[Document, str], list[Exchange | UnmatchedRequest]]
GOOD = "create, tick, look, wait, look, fetch, list, drop"


def test_who_does_everything_right_gets_a_clean_verdict(either: Document, play: Play) -> None:
    verdict = judge_clients(either, play(either, f"{GOOD}, create b, wait, look"))
    assert verdict.clean
    assert (verdict.seen, verdict.judged, verdict.jobs, verdict.forgotten) == (8, 8, 2, False)
    assert str(verdict) == "clean: 8 requests, 2 jobs, no findings"


def test_a_verdict_reads_from_its_headline_to_the_least_of_its_findings(mock: Any) -> None:
    job = mock.create()
    mock.ask(JobRole.LIST, query=(("colour", "red"),))
    for seconds in ("5", "6", "7"):
        mock.ask(JobRole.CREATE, fields={"prompt": "a cat", "seconds": seconds})
    mock.create("another")
    assert mock.requests()[0]["jobs"] == [job]
    first, *findings = str(mock.journal.client_verdict()).split("\n\n")
    assert first == "3 findings in 6 requests"
    assert findings[0] == (
        "AV705 value not allowed\n"
        "  request   POST /v1/videos (createVideo), no. 3\n"
        "  field     seconds\n"
        "  sent      '5'\n"
        "  expected  one of '4', '8', '12'\n"
        "  advice    Send a value that the document allows.\n"
        "  seen      3 times, in nos. 3, 4 and 5"
    )
    assert [finding.partition(" ")[0] for finding in findings] == ["AV705", "AV707", "AV736"]


def test_findings_are_those_of_one_kind_together_errors_first_and_advice_last(mock: Any) -> None:
    mock.create()
    mock.ask(JobRole.LIST, query=(("colour", "red"),))
    mock.journal.unmatched("GET", "/nowhere")
    mock.create("another")
    found = [(k.first.code, k.first.severity) for k in mock.journal.client_verdict().findings]
    assert found == [
        ("AV701", Severity.ERROR),
        ("AV707", Severity.WARNING),
        ("AV736", Severity.ADVICE),
    ]


def test_jobs_that_were_made_again_are_counted_with_their_cost(mock: Any) -> None:
    for _ in range(2):
        mock.create()
    job = mock.create()
    mock.clock.advance(100)
    mock.ask(JobRole.RETRIEVE, job=job)
    verdict = mock.journal.client_verdict()
    assert (verdict.jobs, verdict.duplicates) == (3, 2)
    assert (verdict.cost, verdict.currency) == (Decimal("0.80"), "USD")
    assert verdict.headline.endswith("in 4 requests; 2 duplicate jobs for 0.80 USD")


def test_jobs_that_somebody_followed_are_not_among_those_made_again(mock: Any) -> None:
    for followed in (False, True, False, True):
        job = mock.create()
        if followed:
            mock.ask(JobRole.RETRIEVE, job=job)
    verdict = mock.journal.client_verdict()
    assert [v.numbers for v in verdict.violations if v.code == "AV715"] == [(1, 2, 4, 5)]
    assert (verdict.jobs, verdict.duplicates, verdict.cost) == (4, 2, Decimal("0.80"))


def test_a_verdict_changes_when_an_answer_turns_out_not_to_be_taken(mock: Any) -> None:
    replies = [mock.ask(JobRole.CREATE, fields=mock.wish()) for _ in range(2)]
    before = mock.journal.client_verdict()
    assert mock.journal.client_verdict() is before
    for reply in replies:
        mock.journal.undelivered(reply)
    assert "broken connection" in str(mock.journal.client_verdict())
    assert "broken connection" not in str(before)


def test_a_job_whose_answer_was_lost_counts(mock: Any) -> None:
    call = mock.call(JobRole.CREATE, fields=mock.wish())
    lost = replace(mock.service.answer(call), delivery=Delivery(bytes_delivered=-1))
    mock.journal.answered(call, lost)
    mock.journal.answered(call, mock.service.answer(call))
    verdict = mock.journal.client_verdict()
    assert (verdict.jobs, verdict.duplicates, verdict.cost) == (2, 1, Decimal("0.40"))


def test_where_nobody_knows_the_price_only_the_jobs_are_counted(
    other_document: Document, journaled: Callable[..., Any]
) -> None:
    mock = journaled(other_document)
    for _ in range(2):
        mock.create()
    verdict = mock.journal.client_verdict()
    assert verdict.duplicates == 1
    priced = other_document.by_role[JobRole.CREATE].price is not None
    assert (verdict.cost is not None) is priced


def test_the_same_wish_of_two_senders_is_no_job_made_again(mock: Any) -> None:
    mock.create(key="sk-aisa-of-a-tenant-1-same")
    mock.create(key="sk-aisa-of-a-tenant-2-same")
    assert mock.journal.client_verdict().duplicates == 0
    mock.create(key="sk-aisa-of-a-tenant-2-same")
    assert mock.journal.client_verdict().duplicates == 1


def test_findings_go_by_the_numbers_of_the_journal(mock: Any) -> None:
    for _ in range(3):
        mock.ask(JobRole.LIST)
    mock.journal.clear()
    assert mock.journal.client_verdict().headline == "no requests to check"
    mock.journal.unmatched("GET", "/nowhere")
    verdict = mock.journal.client_verdict()
    assert (verdict.seen, verdict.forgotten) == (1, False)
    assert [violation.numbers for violation in verdict.violations] == [(4,)]


def test_where_the_beginning_is_forgotten_nothing_is_said_that_it_may_belie(
    document: Document, journaled: Callable[..., Any]
) -> None:
    mock = journaled(document, requests=2)
    for _ in range(4):
        mock.ask(JobRole.RETRIEVE, job="video_that_may_have_been")
    verdict = mock.journal.client_verdict()
    assert (verdict.seen, verdict.judged, verdict.forgotten) == (4, 2, True)
    assert "AV711" not in {violation.code for violation in verdict.violations}
    assert "the last 2 of 4 requests" in verdict.headline
    assert mock.journal.requests({})["forgotten"] == 2


def test_a_verdict_is_given_anew_when_something_has_come(mock: Any) -> None:
    mock.ask(JobRole.LIST)
    verdict = mock.journal.client_verdict()
    assert mock.journal.client_verdict() is verdict
    mock.journal.unmatched("GET", "/nowhere")
    assert not mock.journal.client_verdict().clean


def test_waits_are_judged_once_the_client_is_known_to_wait_by_the_clock(mock: Any) -> None:
    job, hint = mock.create(), mock.document.lifecycle.poll_hint.header

    def poll() -> set[str]:
        call = mock.call(JobRole.RETRIEVE, job=job)
        reply = mock.service.answer(call)
        headers = {name: value for name, value in reply.headers.items() if name != hint}
        mock.journal.answered(call, replace(reply, headers=headers))
        return {violation.code for violation in mock.journal.client_verdict().violations}

    assert [poll() & {"AV731"} for _ in range(3)] == [set()] * 3
    mock.clock.sleep(0.1)
    assert "AV731" in poll()


def violation(code: str, *numbers: int, received: str = "it") -> Violation:
    return Violation(CLIENT_RULES[code], "getVideo", "GET /v1", numbers, None, received, "another")


VERDICT = ClientVerdict(
    violations=(
        violation("AV715", 1, 2),
        violation("AV712", 3),
        violation("AV712", 4, received="it again"),
    ),
    seen=12,
    judged=10,
    jobs=3,
    duplicates=1,
    cost=Decimal("0.40"),
    currency="USD",
)


@pytest.mark.parametrize(
    "verdict",
    [VERDICT, ClientVerdict(), ClientVerdict(seen=1, judged=1)],
    ids=["bad", "no", "good"],
)
def test_a_verdict_comes_back_from_its_json(verdict: ClientVerdict) -> None:
    told = ClientVerdict.from_json(orjson.loads(orjson.dumps(verdict.to_json())))
    assert told == verdict
    assert str(told) == str(verdict)


def test_its_json_has_all_that_its_text_has() -> None:
    told = VERDICT.to_json()
    assert (told["clean"], told["headline"]) == (False, str(VERDICT).partition("\n")[0])
    assert told["requests"] == {"seen": 12, "judged": 10, "forgotten": True}
    assert told["jobs"] == {"made": 3, "duplicates": 1, "cost": "0.40", "currency": "USD"}
    assert [(f["code"], f["numbers"], len(f["more"])) for f in told["findings"]] == [
        ("AV715", [1, 2], 0),
        ("AV712", [3], 1),
    ]


def test_a_finding_of_a_rule_that_is_not_known_here_is_read_all_the_same() -> None:
    data = VERDICT.to_json()
    data["findings"][0] |= {"code": "AV799", "title": "what is new", "severity": "advice"}
    told = ClientVerdict.from_json(data)
    assert str(told.findings[-1].first).startswith("AV799 what is new\n")


def test_what_is_allowed_is_left_out() -> None:
    told = VERDICT.without({"AV715"})
    assert (len(told.findings), told.duplicates, told.cost) == (1, 0, None)
    assert told.headline == "1 finding in the last 10 of 12 requests"
    assert VERDICT.without({"AV712"}).duplicates == 1
    assert VERDICT.without({"AV715", "AV712"}).clean


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "clean",
        {},
        {**VERDICT.to_json(), "findings": None},
        {**VERDICT.to_json(), "findings": [{}]},
        {**VERDICT.to_json(), "findings": [{**VERDICT.to_json()["findings"][0], "numbers": []}]},
        {**VERDICT.to_json(), "findings": [{**VERDICT.to_json()["findings"][0], "title": 1}]},
        {**VERDICT.to_json(), "requests": {"seen": -1, "judged": True}},
        {**VERDICT.to_json(), "jobs": {"made": 1, "duplicates": 0, "cost": "a lot"}},
        {**VERDICT.to_json(), "jobs": {**VERDICT.to_json()["jobs"], "cost": "a lot"}},
    ],
    ids=[
        *("null", "a list", "a text", "nothing", "no findings", "an empty finding"),
        *("no numbers", "no title", "no counts", "no currency", "no amount"),
    ],
)
def test_what_is_no_verdict_is_refused(data: Json) -> None:
    with pytest.raises(ValueError, match="not a verdict on clients"):
        ClientVerdict.from_json(data)


def test_what_would_steer_a_terminal_is_spelt_out() -> None:
    data = VERDICT.to_json()
    data["findings"][0]["received"] = "\x1b[2J"
    assert "\x1b" not in str(ClientVerdict.from_json(data))
