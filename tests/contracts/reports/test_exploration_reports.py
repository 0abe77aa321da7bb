"""Reports of an exploration: text, JSON, JUnit, Markdown, HTML."""

from __future__ import annotations

import json
from xml.etree import ElementTree as Xml

import pytest

from aisa_testkit.contracts.explorer.behaviour import Behaviour, FaultKind, Injection, Kill, Life
from aisa_testkit.contracts.explorer.oracle import Finding
from aisa_testkit.contracts.explorer.run import End, Job, Run, Step
from aisa_testkit.contracts.explorer.search import Exploration
from aisa_testkit.contracts.explorer.time_line import Row, time_line
from aisa_testkit.contracts.reports.exploration_files import FORMATS
from aisa_testkit.contracts.reports.exploration_report import (
    by_behaviour,
    describe_findings,
    exploration_summary,
)

COMPLETES = Life("jobs complete", "completes")
LOST = FaultKind("its response is lost", {"lost": True}, passes=False)
USUAL = Run(Behaviour(COMPLETES), (Step("create", 1, "create: 200", 0.0),), End.RETURNED)
STEPS = (
    Step("create", 1, "create: no response", 0.0),
    Step("create", 2, "create: 200, queued", 5.0),
    Step("poll", 1, "poll: 200, queued", 10.0),
    Step("poll", 2, "poll: 200, queued", 15.0),
    Step("poll", 3, "poll: 200, <done>", 20.0),
)
PAID_AGAIN = Run(
    Behaviour(COMPLETES, (Injection("create", 1, LOST),), Kill(4, performed=True)),
    STEPS,
    End.RAISED,
    exception="GaveUp: \x1b[2J",
    place="clips.py:14 in make_clip",
    jobs=(Job("job_1", completed=True), Job("job_2", completed=True)),
)
REASON = "2 jobs are paid (job_1, job_2), without faults 1 job"


@pytest.fixture
def found() -> Exploration:
    """An exploration with two findings in one behaviour, and one in another."""
    exploration = Exploration(USUAL, faults=2, restarts=True, runs=1234)
    exploration.findings = [
        Finding("rule AV722", "AV722 create: 0 s after status 429", USUAL),
        Finding("rule AV715", "AV715 create: 2 jobs", PAID_AGAIN),
        Finding("paid again", REASON, PAID_AGAIN),
    ]
    for run in (USUAL, PAID_AGAIN):
        exploration.coverage.add(run)
    return exploration


def test_equal_requests_are_one_row() -> None:
    assert time_line(PAID_AGAIN) == [
        Row(0.0, "create: no response", 0.0, 1, "its response is lost"),
        Row(5.0, "create: 200, queued", 5.0, 1, ""),
        Row(10.0, "poll: 200, queued", 15.0, 2, ""),
        Row(15.0, "the program is killed, and restarted", 15.0, 0, ""),
        Row(20.0, "poll: 200, <done>", 20.0, 1, ""),
    ]


@pytest.mark.parametrize(
    ("kill", "index"), [(Kill(1, False), 0), (Kill(1, True), 1), (Kill(5, False), 3)]
)
def test_kill_stands_where_it_was(kill: Kill, index: int) -> None:
    run = USUAL._replace(behaviour=Behaviour(COMPLETES, (), kill), steps=STEPS)
    assert [row.times for row in time_line(run)].index(0) == index


def test_what_costs_money_comes_first(found: Exploration) -> None:
    groups = [[finding.kind for finding in group] for group in by_behaviour(found)]
    assert groups == [["paid again", "rule AV715"], ["rule AV722"]]


def test_text_has_reasons_behaviour_time_line_and_place(found: Exploration) -> None:
    assert describe_findings(by_behaviour(found)[0]).splitlines() == [
        REASON,
        "AV715 create: 2 jobs",
        "",
        "when jobs complete; 1st create: its response is lost; the program is killed after its 4th"
        " request, and restarted:",
        "       0.0 s  create: no response  <- its response is lost",
        "       5.0 s  create: 200, queued",
        "      10.0 s  poll: 200, queued, 2 times until 15.0 s",
        "      15.0 s  the program is killed, and restarted",
        "      20.0 s  poll: 200, <done>",
        "              it failed: GaveUp: \\x1b[2J",
        "at clips.py:14 in make_clip",
    ]


def test_long_time_line_is_cut_in_the_middle() -> None:
    steps = tuple(Step("poll", n, f"poll: {n}", float(n)) for n in range(1, 41))
    text = describe_findings([Finding("no end", "it does not end", USUAL._replace(steps=steps))])
    assert "… 10 more lines" in text
    assert "poll: 15\n" in text
    assert "poll: 16\n" not in text
    assert "poll: 26\n" in text


@pytest.mark.parametrize(
    ("changes", "summary"),
    [
        ({}, "3 findings in 1,234 behaviours with up to 2 faults and a kill"),
        (
            {"findings": []},
            "none of 1,234 behaviours with up to 2 faults and a kill makes it pay twice, hang, or"
            " report wrongly",
        ),
        (
            {"findings": [], "waiting": 4000, "restarts": False, "faults": 1},
            "none of 1,234 of about 5,234 behaviours (not exhausted) with up to 1 fault makes it"
            " pay twice, hang, or report wrongly",
        ),
    ],
)
def test_summary_says_what_was_tried(
    found: Exploration, changes: dict[str, object], summary: str
) -> None:
    for name, value in changes.items():
        setattr(found, name, value)
    assert exploration_summary(found) == summary


def test_json_has_everything(found: Exploration) -> None:
    data = json.loads(FORMATS["json"](found, "clips"))
    assert (data["name"], data["runs"], data["exhausted"]) == ("clips", 1234, True)
    finding = data["findings"][2]
    assert finding["behaviour"] == {
        "life": "completes",
        "faults": [{"operation": "create", "nth": 1, "lost": True}],
        "kill": {"request": 4, "performed": True},
    }
    assert finding["time_line"][0]["fault"] == "its response is lost"
    assert data["coverage"] == {
        "lives": {"jobs complete": 2},
        "faults": [
            {
                "operation_id": "create",
                "fault": "its response is lost",
                "counts": {"jobs complete": 1},
            },
            {
                "operation_id": "",
                "fault": "the program is killed, and restarted",
                "counts": {"jobs complete": 1},
            },
        ],
    }


def test_junit_has_a_case_for_each_behaviour_that_goes_wrong(found: Exploration) -> None:
    suite = Xml.fromstring(FORMATS["junit"](found, "clips"))[0]
    assert [case.get("name") for case in suite.findall("testcase")] == [
        str(PAID_AGAIN.behaviour),
        "jobs complete",
        "all behaviours",
    ]
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == REASON
    counts = [suite.get(name) for name in ("tests", "failures", "skipped", "errors")]
    assert counts == ["3", "2", "0", "0"]
    found.waiting = 1
    suite = Xml.fromstring(FORMATS["junit"](found, "clips"))[0]
    assert suite.get("skipped") == "1"


def test_markdown_shows_time_lines_without_control_characters(found: Exploration) -> None:
    text = FORMATS["markdown"](found, "cl|ips").decode()
    assert text.startswith("## ❌ cl\\|ips: 3 findings in 1,234 behaviours")
    assert f"### {REASON}" in text
    assert "\x1b" not in text


def test_html_escapes_texts_and_needs_nothing_from_elsewhere(found: Exploration) -> None:
    text = FORMATS["html"](found, "<clips>").decode()
    assert "<clips>" not in text
    assert "<done>" not in text
    assert "\x1b" not in text
    assert "https://" not in text
    assert "← its response is lost" in text
    assert "3 findings" in text
    found.findings.clear()
    assert "What goes wrong" not in FORMATS["html"](found, "clips").decode()
