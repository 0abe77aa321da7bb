"""Reports as Markdown, whose structure no text of a server changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aisa_testkit.contracts.reports import Report, write_markdown

HOSTILE_TEXTS = {
    "pipes": "a | b || c",
    "backticks": "` `` ``` ````",
    "code fence": "\n```\n# heading\n",
    "tildes": "\n~~~\n",
    "line breaks": "a\nb\r\nc\n\n| d |",
    "markup": "<script>alert(1)</script> <img src=x onerror=y> &amp; <!-- ",
    "links": "[a](http://b) ![c](d) <http://e> http://f",
    "backslashes": "a\\",
    "empty": "",
    "blanks": "  ",
}
FIELDS = ("received", "expected", "place")


def tokens(report: Report) -> Iterator[Token]:
    """The tokens of the Markdown, with those inside lines."""
    for token in MarkdownIt("commonmark").enable("table").parse(write_markdown(report).decode()):
        yield token
        yield from token.children or ()


def structure(report: Report) -> list[tuple[str, str]]:
    """The structure of the Markdown without its text."""
    inline = ("text", "inline", "code_inline", "text_special", "softbreak")
    return [(t.type, t.tag) for t in tokens(report) if t.type not in inline]


def with_one_violation(report: Report, **changed: str) -> Report:
    """The report with its first violation only, and with other texts in it."""
    (first, *_) = report.result.errors
    changes: dict[str, str] = {"place": "/a", "received": "b", "expected": "c", **changed}
    violation = replace(
        first,
        place=changes["place"],
        received=changes["received"],
        expected=changes["expected"],
    )
    return replace(report, result=replace(report.result, violations=(violation,)))


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_text_of_a_violation_keeps_the_markdown_structure(
    hostile_report: Report, text: str
) -> None:
    changed = {"received": text, "expected": text, "place": f"/{text}"}
    expected = structure(with_one_violation(hostile_report))
    assert structure(with_one_violation(hostile_report, **changed)) == expected


@pytest.mark.parametrize("field", FIELDS)
def test_table_cell_contains_pipes_and_backticks_unchanged(
    hostile_report: Report, field: str
) -> None:
    report = with_one_violation(hostile_report, **{field: "a|b`c``d <i> \\"})
    assert "a|b`c``d <i> \\" in [t.content.strip() for t in tokens(report)]


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_note_error_and_job_id_keep_the_markdown_structure(
    make_report: Callable[..., Report], passed_report: Report, text: str
) -> None:
    def structure_with(text: str) -> list[tuple[str, str]]:
        result = replace(passed_report.result, notes=(f"a{text}",), jobs=(f"a{text}",))
        return structure(make_report(result=result, error=f"b{text}"))

    assert structure_with(text) == structure_with("")


def test_violation_has_a_code_block_with_its_curl_command(hostile_report: Report) -> None:
    code_blocks = [
        token.content.rstrip("\n") for token in tokens(hostile_report) if token.type == "fence"
    ]
    assert code_blocks == [
        hostile_report.curl_command(kind.first) for kind in hostile_report.violation_groups
    ]


def test_curl_command_with_backticks_is_one_code_block(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    (first, *_) = (v for v in hostile_report.result.errors if v.request.startswith("GET"))
    numbers = (first.numbers[-1],)
    exchange = hostile_report.exchange_of(first)
    call = replace(exchange.call, headers={"x-a": "```\n````\n# b"})
    history = list(hostile_report.result.history)
    history[numbers[0] - 1] = replace(exchange, call=call)
    result = replace(hostile_report.result, violations=(first,), history=tuple(history))
    report = make_report(result=result)
    assert [t.content for t in tokens(report) if t.type == "fence"] == [
        report.curl_command(first) + "\n"
    ]


def test_text_of_a_server_adds_no_markup(
    hostile_report: Report, report_with_remaining_job: Report
) -> None:
    for report in (hostile_report, report_with_remaining_job):
        markup = [t.content for t in tokens(report) if t.type in ("html_inline", "html_block")]
        assert [m for m in markup if m not in ("<sub>", "</sub>")] == []
        assert not any(token.type in ("link_open", "image") for token in tokens(report))


def test_text_of_a_server_makes_no_mention_and_no_link(
    make_report: Callable[..., Report],
    hostile_report: Report,
    report_with_remaining_job: Report,
) -> None:
    error = report_with_remaining_job.result.notes[0]
    for report in (hostile_report, report_with_remaining_job, make_report(error=error)):
        prose = "".join(t.content for t in tokens(report) if t.type == "text")
        assert re.findall(r"@octocat|#\d|GH-\d|://|www\.", prose) == []


def test_headings_state_the_result_and_each_violation(
    hostile_report: Report, passed_report: Report
) -> None:
    text = write_markdown(hostile_report).decode()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[0] == f"## ❌ AIsa Videos: {hostile_report.headline}"
    assert len([h for h in headings if h.startswith("### AV")]) == len(
        hostile_report.violation_groups
    )
    assert write_markdown(passed_report).decode().startswith("## ✅ AIsa Videos: no violation\n")


def test_incomplete_check_is_a_warning_with_its_remaining_job(interrupted_report: Report) -> None:
    text = write_markdown(interrupted_report).decode()
    assert text.startswith("## ⚠️ AIsa Videos: no violation so far; interrupted\n")
    (job,) = interrupted_report.result.jobs
    assert f"--resume {job}" in text


def test_markdown_contains_budget_requests_and_states_of_jobs(passed_report: Report) -> None:
    text = write_markdown(passed_report).decode()
    assert "| Spent | `2 jobs, at most 0.80 of 2.00 USD` |" in text.splitlines()
    assert f"| Requests | {len(passed_report.result.history)} in 3.2 s |" in text.splitlines()
    jobs = [line for line in text.splitlines() if line.startswith("- video `video")]
    assert len(jobs) == 2
    assert all("queued at 0.0 s" in job and "completed at " in job for job in jobs)
