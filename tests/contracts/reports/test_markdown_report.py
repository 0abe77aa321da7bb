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
    (first, *_) = report.verdict.errors
    changes: dict[str, str] = {"place": "/a", "received": "b", "expected": "c", **changed}
    violation = replace(
        first,
        place=changes["place"],
        received=changes["received"],
        expected=changes["expected"],
    )
    return replace(report, verdict=replace(report.verdict, violations=(violation,)))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", SPOILERS.values(), ids=SPOILERS)
def test_no_text_of_a_violation_changes_its_table(hostile: Report, field: str, text: str) -> None:
    if field == "place":
        text = f"/{text}"  # there is no place without a name
    assert shape(only(hostile, **{field: text})) == shape(only(hostile))


@pytest.mark.parametrize("field", FIELDS)
def test_a_cell_says_what_came_with_its_pipes_and_backticks(hostile: Report, field: str) -> None:
    report = only(hostile, **{field: "a|b`c``d <i> \\"})
    assert "a|b`c``d <i> \\" in [t.content.strip() for t in tokens(report)]


@pytest.mark.parametrize("text", SPOILERS.values(), ids=SPOILERS)
def test_no_note_changes_the_page(
    report_on: Callable[..., Report], right: Report, text: str
) -> None:
    harmless = report_on(verdict=replace(right.verdict, notes=("a",)), error="b")
    spoilt = report_on(verdict=replace(right.verdict, notes=(f"a{text}",)), error=f"b{text}")
    assert shape(spoilt) == shape(harmless)


@pytest.mark.parametrize("text", SPOILERS.values(), ids=SPOILERS)
def test_no_id_of_a_job_changes_the_page(
    report_on: Callable[..., Report], right: Report, text: str
) -> None:
    harmless = report_on(verdict=replace(right.verdict, jobs=("a",)))
    spoilt = report_on(verdict=replace(right.verdict, jobs=(f"a{text}",)))
    assert shape(spoilt) == shape(harmless)


def test_a_violation_has_a_line_of_code_to_see_it_again(hostile: Report) -> None:
    fences = [token.content.rstrip("\n") for token in tokens(hostile) if token.type == "fence"]
    assert fences == [hostile.again(kind.first) for kind in hostile.kinds]


def test_a_line_of_code_with_backticks_is_whole(
    report_on: Callable[..., Report], hostile: Report
) -> None:
    (first, *_) = (v for v in hostile.verdict.errors if v.request.startswith("GET"))
    numbers = (first.numbers[-1],)
    exchange = hostile.exchange(first)
    call = replace(exchange.call, headers={"x-a": "```\n````\n# b"})
    history = list(hostile.verdict.history)
    history[numbers[0] - 1] = replace(exchange, call=call)
    verdict = replace(hostile.verdict, violations=(first,), history=tuple(history))
    report = report_on(verdict=verdict)
    assert [t.content for t in tokens(report) if t.type == "fence"] == [report.again(first) + "\n"]


def test_a_hostile_server_adds_no_markup(hostile: Report, left_behind: Report) -> None:
    for report in (hostile, left_behind):
        markup = [t.content for t in tokens(report) if t.type in ("html_inline", "html_block")]
        assert [m for m in markup if m not in ("<sub>", "</sub>")] == []
        assert not any(token.type in ("link_open", "image") for token in tokens(report))


def test_headings_say_the_verdict_and_each_violation(hostile: Report, right: Report) -> None:
    text = write_markdown(hostile).decode()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings[0] == f"## ❌ AIsa Videos: {hostile.headline}"
    assert len([h for h in headings if h.startswith("### AV")]) == len(hostile.kinds)
    assert write_markdown(right).decode().startswith("## ✅ AIsa Videos: no violation\n")


def test_a_check_that_did_not_come_to_its_end_is_no_success(stopped: Report) -> None:
    text = write_markdown(stopped).decode()
    assert text.startswith("## ⚠️ AIsa Videos: no violation so far; broken off\n")
    (job,) = stopped.verdict.jobs
    assert f"--resume {job}" in text


def test_it_says_what_was_spent_and_how_each_job_went(right: Report) -> None:
    text = write_markdown(right).decode()
    assert "| Spent | `2 jobs, at most 0.80 of 2.00 USD` |" in text.splitlines()
    assert f"| Requests | {len(right.verdict.history)} in 3.2 s |" in text.splitlines()
    jobs = [line for line in text.splitlines() if line.startswith("- `video")]
    assert len(jobs) == 2
    assert all("queued at 0.0 s" in job and "completed at " in job for job in jobs)
