"""The text of a violation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aisa_testkit.contracts import (
    Rule,
    Severity,
    UnmatchedRequest,
    Violation,
    check_client,
    check_history,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, Reply

VIOLATION = Violation(
    rule=Rule("AV799", "broken rule", "Do better.", Severity.WARNING),
    operation_id="getVideo",
    request="GET /v1/videos/{video_id}",
    numbers=(2,),
    place="size",
    received="'1x1'",
    expected="another one",
)


def test_text_has_a_heading_and_one_line_per_fact() -> None:
    assert str(VIOLATION) == (
        "AV799 broken rule\n"
        "  request   GET /v1/videos/{video_id} (getVideo), no. 2\n"
        "  field     size\n"
        "  sent      '1x1'\n"
        "  expected  another one\n"
        "  advice    Do better.\n"
        "  explain   aisa-testkit explain AV799"
    )


def test_missing_facts_are_left_out() -> None:
    assert str(replace(VIOLATION, operation_id=None, place=None)) == (
        "AV799 broken rule\n"
        "  request   GET /v1/videos/{video_id}, no. 2\n"
        "  sent      '1x1'\n"
        "  expected  another one\n"
        "  advice    Do better.\n"
        "  explain   aisa-testkit explain AV799"
    )


def test_place_in_the_program_is_shown_if_it_is_known() -> None:
    located = replace(VIOLATION, sent_from="clips/video.py:14 in make_clip")
    assert str(located).splitlines()[2] == "  sent from clips/video.py:14 in make_clip"
    assert located.to_json() == {
        **VIOLATION.to_json(),
        "sent_from": "clips/video.py:14 in make_clip",
    }
    assert Violation.from_json(located.to_json()) == located
    assert "sent_from" not in VIOLATION.to_json()
    assert Violation.from_json(VIOLATION.to_json()) == VIOLATION


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ({}, "AV799 getVideo size: '1x1', expected another one"),
        ({"place": None}, "AV799 getVideo: '1x1', expected another one"),
        (
            {"operation_id": None, "place": None},
            "AV799 GET /v1/videos/{video_id}: '1x1', expected another one",
        ),
        ({"received": "a\nb"}, "AV799 getVideo size: a\\nb, expected another one"),
    ],
    ids=["field", "no field", "no operation", "line break"],
)
def test_summary_is_one_line(changes: dict[str, Any], summary: str) -> None:
    assert replace(VIOLATION, **changes).summary == summary


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1,), "no. 1"),
        ((1, 12), "nos. 1 and 12"),
        ((1, 2, 7), "nos. 1, 2 and 7"),
        ((1, 2, 3, 4, 5), "nos. 1, 2, 3, 4 and 5"),
        ((1, 2, 3, 4, 5, 6), "nos. 1, 2, 3, 4, 5 and 1 more"),
        (tuple(range(1, 1001)), "nos. 1, 2, 3, 4, 5 and 995 more"),
    ],
    ids=["one", "two", "three", "five", "six", "thousand"],
)
def test_numbers_of_requests_are_listed(numbers: tuple[int, ...], text: str) -> None:
    request = str(replace(VIOLATION, numbers=numbers)).splitlines()[1]
    assert request == f"  request   GET /v1/videos/{{video_id}} (getVideo), {text}"


def test_code_title_and_severity_come_from_the_rule() -> None:
    rule = VIOLATION.rule
    assert (VIOLATION.code, VIOLATION.title) == (rule.code, rule.title)
    assert VIOLATION.severity is Severity.WARNING
    assert Rule("AV798", "another", "Do well.").severity is Severity.ERROR


def test_text_of_a_value_that_is_not_allowed(document: Document) -> None:
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    body = b'{"prompt":"x","model":"sora-3"}'
    rejected = read_exchange(document, Call("createVideo", {}, (), headers, body), Reply(404), at=0)
    assert "\n".join(map(str, check_client(document, [rejected]))) == (
        "AV705 value not allowed\n"
        "  request   POST /v1/videos (createVideo), no. 1\n"
        "  field     model\n"
        "  sent      'sora-3'\n"
        "  expected  one of 'sora-2', 'sora-2-pro'\n"
        "  advice    Send a value that the document allows.\n"
        "  explain   aisa-testkit explain AV705"
    )


def test_text_of_an_unknown_endpoint(other_document: Document) -> None:
    (violation,) = check_client(other_document, [UnmatchedRequest("POST", "/api/v7/rendering")])
    assert str(violation) == (
        "AV701 unknown endpoint\n"
        "  request   POST /api/v7/rendering, no. 1\n"
        "  sent      the path has /rendering where /renderings is expected\n"
        "  expected  POST /api/v7/renderings (submitRendering), the nearest operation\n"
        "  advice    Use a method and a path that the document lists.\n"
        "  explain   aisa-testkit explain AV701"
    )


def test_text_of_a_failed_job_treated_as_success(other_document: Document) -> None:
    ticket = b'{"kind":"ticket","job":{"ref":"r-1","phase":{"word":"spoilt"}},"links":{}}'
    failed = Reply(200, {"content-type": "application/json"}, ticket)
    headers = {"x-render-key": "k"}
    history = [
        read_exchange(other_document, Call(name, {"ref": "r-1"}, (), headers), reply, at=0)
        for name, reply in (("rendering", failed), ("film", Reply(409)))
    ]
    (violation,) = check_client(other_document, history)
    assert str(violation) == (
        "AV714 failed job treated as success\n"
        "  request   GET /api/v7/renderings/{ref}/film (film), no. 2\n"
        "  sent      a request for r-1, which was spoilt in response no. 1\n"
        "  expected  a job that is ready\n"
        "  advice    Check the final state: a failed job has an error but no result.\n"
        "  explain   aisa-testkit explain AV714"
    )


@pytest.mark.parametrize("name", ["x\ny", "x\r\n  advice    None.", "x" * 5000])
def test_names_from_a_client_do_not_break_the_layout(document: Document, name: str) -> None:
    call = Call("getVideo", {"video_id": name}, ((name, "1"),), {"authorization": "Bearer k"})
    found = check_client(document, [read_exchange(document, call, Reply(404), at=0)])
    assert {violation.code for violation in found} == {"AV707", "AV711"}
    for violation in found:
        lines = str(violation).splitlines()
        facts = {line[:12].strip() for line in lines[1:]}
        assert facts == {"request", "sent", "expected", "advice", "explain"} | ({"field"} & facts)
        assert len(lines) == 1 + len(facts)
        assert max(map(len, lines)) < 250


@pytest.mark.parametrize("text", ["/a\x1b[2J", "/a\n::error::b", "/a\u202eb", "/##[error]a"])
def test_paths_and_places_are_shown_without_control_characters(text: str) -> None:
    violation = replace(VIOLATION, operation_id=None, request=f"GET {text}", place=text)
    assert text not in str(violation)
    assert len(str(violation).splitlines()) == len(str(VIOLATION).splitlines())


def test_control_characters_of_a_server_are_escaped(document: Document) -> None:
    job_id = "\x1b]0;owned\x07\x1b[2Jvideo\n::error::x"
    call = Call("deleteVideo", {"video_id": job_id}, (), {"authorization": "Bearer k"})
    gone = read_exchange(document, call, Reply(200), at=0)
    again = read_exchange(document, call, Reply(200), at=1)
    (violation,) = check_history(document, [gone, again])
    text = str(violation)
    assert (violation.code, "\\x1b[2Jvideo" in text) == ("AV216", True)
    assert all(line.isprintable() for line in text.splitlines())
    assert not any(line.startswith("::") for line in text.splitlines())
