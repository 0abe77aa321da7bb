"""A report as Markdown, read as GitHub reads it: no text of a server changes how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aisa_testkit.contracts.reports import Report, write_markdown

SPOILERS = {
    "pipes": "a | b || c",
    "backticks": "` `` ``` ````",
    "a fence": "\n```\n# heading\n",
    "tildes": "\n~~~\n",
    "line breaks": "a\nb\r\nc\n\n| d |",
    "markup": "<script>alert(1)</script> <img src=x onerror=y> &amp; <!-- ",
    "a link": "[a](http://b) ![c](d) <http://e> http://f",
    "backslashes": "a\\",
    "nothing": "",
    "blanks": "  ",
}
FIELDS = ("received", "expected", "place")


def tokens(report: Report) -> Iterator[Token]:
    """What the Markdown is made of; what stands in lines of text as well."""
    for token in MarkdownIt("commonmark").enable("table").parse(write_markdown(report).decode()):
        yield token
        yield from token.children or ()


def shape(report: Report) -> list[tuple[str, str]]:
    """The structure of the Markdown, without what it says."""
    inline = ("text", "inline", "code_inline", "text_special", "softbreak")
    return [(t.type, t.tag) for t in tokens(report) if t.type not in inline]


def only(report: Report, **changed: str) -> Report:
    """The report with its first violation alone, changed so."""
    (first, *_) = report.result.errors
    changes: dict[str, str] = {"place": "/a", "received": "b", "expected": "c", **changed}
    violation = replace(
        first,
        place=changes["place"],
        received=changes["received"],
        expected=changes["expected"],
    )
    return replace(report, result=replace(report.result, violations=(violation,)))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", SPOILERS.values(), ids=SPOILERS)
def test_no_text_of_a_violation_changes_its_table(
    hostile_report: Report, field: str, text: str
) -> None:
    if field == "place":
        text = f"/{text}"  # there is no place without a name
    assert shape(only(hostile_report, **{field: text})) == shape(only(hostile_report))


@pytest.mark.parametrize("field", FIELDS)
def test_a_cell_says_what_came_with_its_pipes_and_backticks(
    hostile_report: Report, field: str
) -> None:
    report = only(hostile_report, **{field: "a|b`c``d <i> \\"})
    assert "a|b`c``d <i> \\" in [t.content.strip() for t in tokens(report)]


@pytest.mark.parametrize("text", SPOILERS.values(), ids=SPOILERS)
def test_no_note_changes_the_page(
    make_report: Callable[..., Report], passed_report: Report, text: str
) -> None:
    harmless = make_report(result=replace(passed_report.result, notes=("a",)), error="b")
    spoilt = make_report(
        result=replace(passed_report.result, notes=(f"a{text}",)), error=f"b{text}"
    )
    assert shape(spoilt) == shape(harmless)


@pytest.mark.parametrize("text", SPOILERS.values(), ids=SPOILERS)
def test_no_id_of_a_job_changes_the_page(
    make_report: Callable[..., Report], passed_report: Report, text: str
) -> None:
    harmless = make_report(result=replace(passed_report.result, jobs=("a",)))
    spoilt = make_report(result=replace(passed_report.result, jobs=(f"a{text}",)))
    assert shape(spoilt) == shape(harmless)


def test_a_violation_has_a_line_of_code_to_see_it_again(hostile_report: Report) -> None:
    fences = [
        token.content.rstrip("\n") for token in tokens(hostile_report) if token.type == "fence"
    ]
    assert fences == [
        hostile_report.curl_command(kind.first) for kind in hostile_report.violation_groups
    ]


def test_a_line_of_code_with_backticks_is_whole(
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


def test_a_hostile_server_adds_no_markup(
    hostile_report: Report, report_with_remaining_job: Report
) -> None:
    for report in (hostile_report, report_with_remaining_job):
        markup = [t.content for t in tokens(report) if t.type in ("html_inline", "html_block")]
        assert [m for m in markup if m not in ("<sub>", "</sub>")] == []
        assert not any(token.type in ("link_open", "image") for token in tokens(report))


def test_headings_say_the_verdict_and_each_violation(
    hostile_report: Report, passed_report: Report
) -> None:
    text = write_markdown(hostile_report).decode()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[0] == f"## ❌ AIsa Videos: {hostile_report.headline}"
    assert len([h for h in headings if h.startswith("### AV")]) == len(
        hostile_report.violation_groups
    )
    assert write_markdown(passed_report).decode().startswith("## ✅ AIsa Videos: no violation\n")


def test_a_check_that_did_not_come_to_its_end_is_no_success(interrupted_report: Report) -> None:
    text = write_markdown(interrupted_report).decode()
    assert text.startswith("## ⚠️ AIsa Videos: no violation so far; interrupted\n")
    (job,) = interrupted_report.result.jobs
    assert f"--resume {job}" in text


def test_it_says_what_was_spent_and_how_each_job_went(passed_report: Report) -> None:
    text = write_markdown(passed_report).decode()
    assert "| Spent | `2 jobs, at most 0.80 of 2.00 USD` |" in text.splitlines()
    assert f"| Requests | {len(passed_report.result.history)} in 3.2 s |" in text.splitlines()
    jobs = [line for line in text.splitlines() if line.startswith("- `video")]
    assert len(jobs) == 2
    assert all("queued at 0.0 s" in job and "completed at " in job for job in jobs)
