"""The verdict on clients: counts, text, and JSON."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import (
    CLIENT_RULES,
    ClientVerdict,
    Severity,
    UnmatchedKind,
    UnmatchedRequest,
    Violation,
)
from aisa_testkit.contracts.journal.client_verdict import judge_clients
from aisa_testkit.openapi import Delivery, Document, JobRole, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.documents import renderings_text
from tests.support.journaled_mock import JournaledMock
from tests.support.operations import only_kind, poll_hints
from tests.support.scripted_client import run_script

CLEAN = "create, tick, look, wait, look, fetch, list, drop"


def test_verdict_without_findings_is_clean(any_document: Document) -> None:
    verdict = judge_clients(
        any_document, run_script(any_document, f"{CLEAN}, create b, wait, look")
    )
    assert verdict.clean
    assert (verdict.seen, verdict.judged, verdict.jobs, verdict.forgotten) == (8, 8, 2, False)
    assert str(verdict) == "clean: 8 requests, 2 jobs, no findings"


def test_text_has_the_headline_and_all_findings(mock: JournaledMock) -> None:
    job = mock.create()
    mock.send(JobRole.LIST, query=(("colour", "red"),))
    for seconds in ("5", "6", "7"):
        mock.send(JobRole.CREATE, fields={"prompt": "a cat", "seconds": seconds})
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
        "  explain   aisa-testkit explain AV705\n"
        "  seen      3 times, in nos. 3, 4 and 5"
    )
    assert [finding.partition(" ")[0] for finding in findings] == ["AV705", "AV707", "AV736"]


def test_findings_are_grouped_and_sorted_by_severity(mock: JournaledMock) -> None:
    mock.create()
    mock.send(JobRole.LIST, query=(("colour", "red"),))
    mock.journal.unmatched("GET", "/nowhere")
    mock.create("another")
    found = [(k.first.code, k.first.severity) for k in mock.journal.client_verdict().findings]
    assert found == [
        ("AV701", Severity.ERROR),
        ("AV707", Severity.WARNING),
        ("AV736", Severity.ADVICE),
    ]


def test_each_unknown_method_and_path_is_a_finding(mock: JournaledMock) -> None:
    for method, path in [("GET", "/v1/vdeos"), ("POST", "/v1/vdeos"), ("GET", "/v1/vdeos")]:
        mock.journal.unmatched(method, path)
    mock.journal.unmatched("POST", "/v1/video")
    found = [(k.first.request, k.first.numbers) for k in mock.journal.client_verdict().findings]
    assert found == [("GET /v1/vdeos", (1, 3)), ("POST /v1/vdeos", (2,)), ("POST /v1/video", (4,))]


def test_each_blocked_url_is_a_finding(document: Document) -> None:
    blocked = [
        UnmatchedRequest("GET", f"https://{host}.example/", "not allowed", UnmatchedKind.BLOCKED)
        for host in ("one", "two", "one")
    ]
    verdict = judge_clients(document, blocked)
    assert [group.first.numbers for group in verdict.findings] == [(1, 3), (2,)]


def test_automatic_requests_are_counted_but_break_no_rule(mock: JournaledMock) -> None:
    mock.journal.unmatched("GET", "/favicon.ico")
    only_automatic = mock.journal.client_verdict()
    assert (only_automatic.clean, only_automatic.only_automatic) == (True, True)
    assert only_automatic.headline == "no requests to check but 1 automatic request"
    mock.send(JobRole.LIST)
    verdict = mock.journal.client_verdict()
    assert (verdict.clean, verdict.only_automatic, verdict.automatic) == (True, False, 1)
    assert verdict.headline == "clean: 2 requests (1 automatic), 0 jobs, no findings"


def test_duplicate_jobs_are_counted_with_their_cost(mock: JournaledMock) -> None:
    for _ in range(2):
        mock.create()
    job = mock.create()
    mock.clock.advance(100)
    mock.send(JobRole.POLL, job_id=job)
    verdict = mock.journal.client_verdict()
    assert (verdict.jobs, verdict.duplicates) == (3, 2)
    assert (verdict.cost, verdict.currency) == (Decimal("0.80"), "USD")
    assert verdict.headline.endswith("in 4 requests; 2 duplicate jobs for 0.80 USD")


def test_followed_jobs_are_not_duplicates(mock: JournaledMock) -> None:
    for followed in (False, True, False, True):
        job = mock.create()
        if followed:
            mock.send(JobRole.POLL, job_id=job)
    verdict = mock.journal.client_verdict()
    assert [v.numbers for v in verdict.violations if v.code == "AV715"] == [(1, 2, 4, 5)]
    assert (verdict.jobs, verdict.duplicates, verdict.cost) == (4, 2, Decimal("0.80"))


def test_cost_with_one_unknown_price_is_unknown() -> None:
    rates = "[{when: {/quality: [final]}, amount: 1.25}, {amount: 0.05}]"
    text = renderings_text()
    assert rates in text
    text = text.replace(rates, "[{when: {/quality: [draft]}, amount: 2}]")
    mock = JournaledMock(parse_document(text))
    for quality in ("draft", "draft", "final", "final"):
        mock.send(JobRole.CREATE, fields={**mock.create_fields(), "quality": quality})
    verdict = mock.journal.client_verdict()
    assert (verdict.duplicates, verdict.cost, verdict.currency) == (2, None, "")


def test_undelivered_response_changes_the_verdict(mock: JournaledMock) -> None:
    replies = [mock.send(JobRole.CREATE, fields=mock.create_fields()) for _ in range(2)]
    before = mock.journal.client_verdict()
    assert mock.journal.client_verdict() is before
    for reply in replies:
        mock.journal.undelivered(reply)
    assert "broken connection" in str(mock.journal.client_verdict())
    assert "broken connection" not in str(before)


def test_job_of_a_lost_response_is_counted(mock: JournaledMock) -> None:
    call = mock.call(JobRole.CREATE, fields=mock.create_fields())
    lost = replace(mock.service.answer(call), delivery=Delivery(bytes_delivered=-1))
    mock.journal.answered(call, lost)
    mock.journal.answered(call, mock.service.answer(call))
    verdict = mock.journal.client_verdict()
    assert (verdict.jobs, verdict.duplicates, verdict.cost) == (2, 1, Decimal("0.40"))


def test_cost_is_left_out_without_a_price(other_document: Document) -> None:
    mock = JournaledMock(other_document)
    for _ in range(2):
        mock.create()
    verdict = mock.journal.client_verdict()
    assert verdict.duplicates == 1
    priced = only_kind(other_document).creates[0].price is not None
    assert (verdict.cost is not None) is priced


def test_equal_creates_with_different_keys_are_not_duplicates(mock: JournaledMock) -> None:
    mock.create(key="sk-aisa-of-a-tenant-1-same")
    mock.create(key="sk-aisa-of-a-tenant-2-same")
    assert mock.journal.client_verdict().duplicates == 0
    mock.create(key="sk-aisa-of-a-tenant-2-same")
    assert mock.journal.client_verdict().duplicates == 1


def test_key_with_blanks_is_accepted_and_reported(mock: JournaledMock) -> None:
    """The mock accepts it, because some SDKs test with such a key; a real server does not."""
    for key in ("My API Key", "Bearer sk-aisa-1", "sk-aisa-2"):
        assert mock.send(JobRole.LIST, key=key).status == 200
    (finding,) = mock.journal.client_verdict().findings
    assert (finding.first.code, finding.first.numbers) == ("AV706", (1, 2))
    assert finding.first.received == "a key with blanks"


def test_findings_have_the_numbers_of_the_journal(mock: JournaledMock) -> None:
    for _ in range(3):
        mock.send(JobRole.LIST)
    mock.journal.clear()
    assert mock.journal.client_verdict().headline == "no requests to check"
    mock.journal.unmatched("GET", "/nowhere")
    verdict = mock.journal.client_verdict()
    assert (verdict.seen, verdict.forgotten) == (1, False)
    assert [violation.numbers for violation in verdict.violations] == [(4,)]


def test_dropped_requests_excuse_later_ones(document: Document) -> None:
    mock = JournaledMock(document, requests=2)
    for _ in range(4):
        mock.send(JobRole.POLL, job_id="video_dropped")
    verdict = mock.journal.client_verdict()
    assert (verdict.seen, verdict.judged, verdict.forgotten) == (4, 2, True)
    assert "AV711" not in {violation.code for violation in verdict.violations}
    assert "the last 2 of 4 requests" in verdict.headline
    assert mock.journal.requests({})["forgotten"] == 2


def test_verdict_is_computed_again_only_after_a_new_request(mock: JournaledMock) -> None:
    mock.send(JobRole.LIST)
    verdict = mock.journal.client_verdict()
    assert mock.journal.client_verdict() is verdict
    mock.journal.unmatched("GET", "/nowhere")
    assert not mock.journal.client_verdict().clean


def test_polling_is_checked_once_client_times_are_known(mock: JournaledMock) -> None:
    job, hints = mock.create(), poll_hints(mock.document)
    assert hints

    def poll() -> set[str]:
        call = mock.call(JobRole.POLL, job_id=job)
        reply = mock.service.answer(call)
        headers = {name: value for name, value in reply.headers.items() if name not in hints}
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
    [VERDICT, ClientVerdict(), ClientVerdict(seen=3, judged=3, automatic=2)],
    ids=["findings", "no requests", "clean"],
)
def test_verdict_is_read_from_its_json(verdict: ClientVerdict) -> None:
    read = ClientVerdict.from_json(orjson.loads(orjson.dumps(verdict.to_json())))
    assert read == verdict
    assert str(read) == str(verdict)


def test_json_has_headline_counts_and_findings() -> None:
    data = VERDICT.to_json()
    assert (data["clean"], data["headline"]) == (False, str(VERDICT).partition("\n")[0])
    assert data["requests"] == {
        "seen": 12,
        "judged": 10,
        "automatic": 0,
        "forgotten": True,
    }
    assert data["jobs"] == {"made": 3, "duplicates": 1, "cost": "0.40", "currency": "USD"}
    assert [(f["code"], f["numbers"], len(f["more"])) for f in data["findings"]] == [
        ("AV715", [1, 2], 0),
        ("AV712", [3], 1),
    ]


def test_finding_of_an_unknown_rule_is_read() -> None:
    data = VERDICT.to_json()
    data["findings"][0] |= {"code": "AV799", "title": "new rule", "severity": "advice"}
    read = ClientVerdict.from_json(data)
    assert str(read.findings[-1].first).startswith("AV799 new rule\n")


def test_allowed_paths_are_left_out(mock: JournaledMock) -> None:
    for path in ("/internal/a", "/internal/b", "/v1/vdeos"):
        mock.journal.unmatched("GET", path)
    mock.send(JobRole.LIST, query=(("colour", "red"),))
    verdict = mock.journal.client_verdict().without({"/internal/*", "/v1/videos"})
    found = [group.first.request for group in verdict.findings]
    assert found == ["GET /v1/vdeos", "GET /v1/videos"]


def test_allowed_rules_are_left_out() -> None:
    kept = VERDICT.without({"AV715"})
    assert (len(kept.findings), kept.duplicates, kept.cost) == (1, 0, None)
    assert kept.headline == "1 finding in the last 10 of 12 requests"
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
        *("null", "list", "text", "empty", "findings missing", "empty finding"),
        *("numbers missing", "invalid title", "invalid counts", "currency missing", "invalid cost"),
    ],
)
def test_other_json_is_rejected(data: Json) -> None:
    with pytest.raises(ValueError, match="not a verdict on clients"):
        ClientVerdict.from_json(data)


def test_control_characters_are_escaped() -> None:
    data = VERDICT.to_json()
    data["findings"][0]["received"] = "\x1b[2J"
    assert "\x1b" not in str(ClientVerdict.from_json(data))


def test_repr_shows_the_headline() -> None:
    assert repr(ClientVerdict()) == "<ClientVerdict: no requests to check>"


def test_restarted_program_may_poll_once_more(mock: JournaledMock) -> None:
    job_id = mock.create()
    mock.clock.advance(1000)
    mock.send("getVideo", job_id=job_id)
    mock.journal.note_restart()
    mock.send("getVideo", job_id=job_id)
    assert mock.journal.client_verdict().clean
    mock.send("getVideo", job_id=job_id)
    (violation,) = mock.journal.client_verdict().violations
    assert (violation.code, violation.numbers) == ("AV712", (4,))


def test_headline_counts_duplicates_without_a_cost() -> None:
    verdict = replace(VERDICT, cost=None, seen=10)
    assert verdict.headline == "2 findings in 10 requests; 1 duplicate job"
