"""The policy of a check and the selection of rules."""

from __future__ import annotations

import re

import pytest

from aisa_testkit.contracts import SERVER_RULES, read_exchange
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult, select_codes
from aisa_testkit.openapi import Call, Document, Provenance, Reply

JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer sk-of-a-client", **JSON}


def test_all_rules_are_selected_by_default() -> None:
    assert select_codes() == set(SERVER_RULES) == set(CheckPolicy().codes)


@pytest.mark.parametrize(
    ("only", "exclude", "chosen"),
    [
        (["AV101"], [], {"AV101"}),
        (["av101", " AV105 "], [], {"AV101", "AV105"}),
        (["AV22*"], [], {c for c in SERVER_RULES if c.startswith("AV22")}),
        (["AV22?"], ["AV22[2-9]"], {"AV221"}),
        ([], ["AV2*"], {c for c in SERVER_RULES if c.startswith("AV1")}),
        (["AV10*"], ["AV2*"], {c for c in SERVER_RULES if c.startswith("AV10")}),
    ],
    ids=[
        "one",
        "two, in lower case and with spaces",
        "a family",
        "some of a family",
        "all but",
        "both",
    ],
)
def test_rules_are_selected_by_codes_and_patterns(
    only: list[str], exclude: list[str], chosen: set[str]
) -> None:
    assert select_codes(only=only, exclude=exclude) == chosen


@pytest.mark.parametrize(
    ("only", "exclude", "message"),
    [
        (["AV9*"], [], "there is no server rule 'AV9*'"),
        ([], ["AV101X"], "there is no server rule 'AV101X'; did you mean AV101?"),
        ([""], [], "there is no server rule ''"),
        (["AC101"], [], "there is no server rule 'AC101'"),
        (["AV101"], ["AV1*"], "no rule is left to check"),
        ([], ["*"], "no rule is left to check"),
    ],
    ids=[
        "no such family",
        "typing error",
        "nothing",
        "client rule",
        "no rule left",
        "all excluded",
    ],
)
def test_selection_without_rules_is_an_error(
    only: list[str], exclude: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        select_codes(only=only, exclude=exclude)


def test_policy_applies_only_selected_rules(document: Document) -> None:
    call = Call("getVideo", {"video_id": "v"}, (), KEY)
    history = [read_exchange(document, call, Reply(418, {}, b""), at=0)]
    history.append(read_exchange(document, call, Reply(200, JSON, b"{"), at=0))

    def codes(*codes: str) -> list[str]:
        return [v.code for v in CheckPolicy(codes=codes).violations(document, history)]

    assert codes("AV101", "AV105") == ["AV101", "AV105"]
    assert (codes("AV105"), codes("AV202")) == (["AV105"], [])


@pytest.mark.parametrize("grade", Provenance)
def test_policy_skips_operations_below_the_grade(document: Document, grade: Provenance) -> None:
    operation = document.operations["getVideo"]
    call = Call("getVideo", {"video_id": "v"}, (), KEY)
    history = [read_exchange(document, call, Reply(418, {}, b""), at=0)]
    violations = CheckPolicy(grade).violations(document, history)
    assert [v.code for v in violations] == (["AV101"] if grade.covers(operation.provenance) else [])


def test_policy_skips_responses_below_the_grade(document: Document) -> None:
    operation = document.operations["createVideo"]
    grades = {status: r.provenance for status, r in operation.responses.items()}
    inferred = next(s for s, g in grades.items() if not operation.provenance.covers(g))
    call = Call("createVideo", {}, (), KEY, b"{}")
    history = [read_exchange(document, call, Reply(inferred, JSON, b"[]"), at=0)]
    assert {v.code for v in CheckPolicy().violations(document, history)} >= {"AV106"}
    assert CheckPolicy(operation.provenance).violations(document, history) == ()


def test_policy_has_a_timeout_for_jobs(document: Document) -> None:
    body = b'{"id":"v","status":"queued"}'
    call = Call("getVideo", {"video_id": "v"}, (), KEY)
    history = [read_exchange(document, call, Reply(200, JSON, body), at=at) for at in (0, 100)]

    def codes(timeout: float) -> set[str]:
        policy = CheckPolicy(timeout=timeout, codes=["AV215"])
        return {v.code for v in policy.violations(document, history)}

    assert (codes(100), codes(99)) == (set(), {"AV215"})


def test_result_separates_errors_and_warnings(document: Document) -> None:
    error = b'{"error":{"type":"api_error","code":"odd","message":"no","request_id":"r"}}'
    call = Call("getVideo", {"video_id": "v"}, (), KEY)
    replies = (Reply(404, JSON, error), Reply(418, {}, b""))
    history = tuple(read_exchange(document, call, reply, at=0) for reply in replies)
    result = CheckResult(CheckPolicy().violations(document, history), history)
    assert [v.code for v in result.warnings] == ["AV113"]
    assert [v.code for v in result.errors] == ["AV101"]
    assert (result.jobs, result.notes) == ((), ())
