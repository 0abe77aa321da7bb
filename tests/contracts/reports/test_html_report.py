"""A report as one web page: whole, still, and safe whatever a server says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from aisa_testkit.contracts.reports import Report, write_html

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The elements of a page, its text, and whether it is well-formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.opened: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def of(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


@pytest.fixture(
    params=["passed_report", "hostile_report", "interrupted_report", "report_with_remaining_job"]
)
def report(request: pytest.FixtureRequest) -> Report:
    chosen: Report = request.getfixturevalue(request.param)
    return chosen


def page_of(report: Report) -> Page:
    return Page(write_html(report).decode())


def test_every_element_that_is_opened_is_closed(report: Report) -> None:
    assert page_of(report).opened == []


def test_a_page_needs_nothing_else_and_runs_nothing(report: Report) -> None:
    page = page_of(report)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "base", "form", "b", "i"}
    assert not any(n.startswith("on") for _, attributes in page.tags for n in attributes)
    assert page.of("src") == []
    assert all(link.startswith("#") for link in page.of("href"))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.of("content")
    style = write_html(report).decode().partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_link_has_its_target_and_no_id_comes_twice(report: Report) -> None:
    page = page_of(report)
    ids = page.of("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.of("href")} <= set(ids)


def test_the_text_of_a_server_is_shown_as_text(report_with_remaining_job: Report) -> None:
    (job,) = report_with_remaining_job.result.jobs
    text = "".join(page_of(report_with_remaining_job).text)
    assert "<script>alert(1)</script>" in job
    assert text.count("</title><script>alert(1)</script>|`a` ```") == 3


def test_a_violation_stands_there_with_its_facts_and_its_line(hostile_report: Report) -> None:
    page = page_of(hostile_report)
    text = "".join(page.text)
    for violation in (kind.first for kind in hostile_report.violation_groups):
        for fact in (violation.title, violation.received, violation.expected):
            assert fact in text
        assert hostile_report.curl_command(violation) in text
        for number in violation.numbers[:8]:
            assert f"#request-{number}" in page.of("href")


def test_every_request_has_its_row(report: Report) -> None:
    rows = [i for i in page_of(report).of("id") if i.startswith("request-")]
    assert rows == [f"request-{n + 1}" for n in range(len(report.result.history))]


def test_a_request_without_an_answer_is_told(
    make_report: Callable[..., Report], passed_report: Report
) -> None:
    page = page_of(make_report([replace(passed_report.result.history[0], reply=None)]))
    assert "broke off" in page.text


def test_the_tone_is_that_of_the_verdict(
    passed_report: Report, hostile_report: Report, interrupted_report: Report
) -> None:
    tones = [page_of(r).of("class")[0] for r in (passed_report, hostile_report, interrupted_report)]
    assert tones == ["verdict good", "verdict bad", "verdict warn"]


def test_it_is_the_same_each_time(hostile_report: Report) -> None:
    assert write_html(hostile_report) == write_html(hostile_report)
